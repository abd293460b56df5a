"""Every command that prints a number prints what it rests on: counter, attribution, evidence, as-of, snapshot."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage.counters import VERSIONS
from tests.project.test_commands import commands

ROOT = "Qwen/Qwen2.5-7B"
DISTILLED = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"

ASKED: dict[str, tuple[str, ...]] = {
    "count": ("qwen", "--per", "month"),
    "top": ("--kind", "origin"),
    "derivatives": ("qwen",),
    "ancestors": (DISTILLED,),
    "model": (DISTILLED,),
    "search": ("qwen2.5", "7b"),
    "tree": (ROOT,),
    "path": (DISTILLED, ROOT),
    "cypher": ("MATCH (m:Model) RETURN count(m) AS models",),
    "license": (DISTILLED,),
    "audit": (),
    "families": (),
    "trends": (),
    "claims": (),
    "diff": (),
    "history": ("qwen",),
}
"""Each question with arguments that make it answer with numbers."""

DRAWN = ("chart trends", "chart claims", "chart family qwen", "chart organic qwen")

SILENT = {
    *("crawl", "bootstrap", "pull", "update", "import", "load", "prune", "demo", "ui", "doctor"),
    *("snapshots", "publish", "export", "reproduce", "verify", "chart"),
    *("neo4j", "neo4j up", "neo4j down", "neo4j status", *(" ".join(line.split()[:2]) for line in DRAWN)),
}
"""Commands that fetch, serve or list files, and those tested below: charts, exports, `verify` and `reproduce`."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two crawls, a month apart, of one simulated Hub."""
    place = tmp_path_factory.mktemp("home")
    for day in (0, 30):
        with SimulatedHub(World(3000, day=day)) as hub:
            result = CliRunner().invoke(main, ["--home", str(place), "crawl", "--fresh"], env={"HF_ENDPOINT": hub.url})
        assert result.exit_code == 0, result.output
    return place


def ask(home: Path, *words: str) -> Result:
    result = CliRunner().invoke(main, ["--home", str(home), *words])
    assert result.exit_code == 0, result.output
    return result


def receipt_of(text: str) -> str:
    """The two lines that text ends in; fails where one of the five facts is missing."""
    rule, data = text.rstrip("\n").splitlines()[-2:]
    assert re.search(r"\b(any|fractional|primary|exclusive) · (declared|hub) · as of \d{4}-\d{2}-\d{2}", rule), rule
    assert re.search(r"\S+ \(sha [0-9a-f]{6}\) · registry \S+ \([0-9a-f]{6}\) · ", data), data
    return rule


def test_no_command_is_forgotten() -> None:
    assert {name for name, _ in commands(main)} - SILENT == set(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_text_carries_its_receipt(home: Path, name: str) -> None:
    text = ask(home, name, *ASKED[name]).stdout
    assert text.startswith("SIMULATED DATA")
    rule = receipt_of(text)
    if name in ("count", "top", "trends", "claims", "model", "tree"):
        assert re.match(r"\d+ counters v\d|(?:\w+ v\d(?:, )?)+", rule), rule


@pytest.mark.parametrize("name", [name for name in ASKED if name != "cypher"])
def test_json_carries_its_receipt(home: Path, name: str) -> None:
    receipt = json.loads(ask(home, name, *ASKED[name], "--json").stdout)["receipt"]
    assert {"counters", "attribution", "evidence", "as_of", "snapshot", "snapshot_sha256"} <= receipt.keys()
    assert receipt["counters"].items() <= VERSIONS.items()
    assert (receipt["evidence"], receipt["attribution"]) == ("declared", "any")


def _options(name: str) -> set[str]:
    command: click.Command = main.commands[name]
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", [name for name in ASKED if "--csv" in _options(name)])
def test_csv_has_its_receipt_beside_it(home: Path, name: str) -> None:
    result = ask(home, name, *ASKED[name], "--csv")
    receipt_of(result.stderr)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1


def _read(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return "\n".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))
    words = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    return "\n".join(words[:-1])


@pytest.mark.parametrize("line", DRAWN)
@pytest.mark.parametrize("suffix", ["svg", "csv", "png"])
def test_charts_have_it_in_the_footer(home: Path, tmp_path: Path, line: str, suffix: str) -> None:
    out = tmp_path / f"chart.{suffix}"
    ask(home, *line.split(), "--out", str(out))
    if suffix == "png":
        assert out.read_bytes().startswith(b"\x89PNG")
    else:
        receipt_of(_read(out))
        assert "SIMULATED DATA" in out.read_text(encoding="utf-8")


def test_an_ending_that_no_chart_has_is_refused(home: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(home), "chart", "claims", "--out", str(tmp_path / "x.pdf")])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


VERIFIED: dict[str, tuple[str, str]] = {
    "count": ('"results"', "derivatives"),
    "top": ("},", "whole"),
    "trends": ('"asked"', "whole"),
    "claims": ('"results"', "now"),
    "audit": ("},", "edges"),
    "derivatives": ('"kind"', "total"),
    "ancestors": ('"results"', "downloads"),
    "model": ('"counts"', "derivatives"),
    "license": ('"class"', "unclear"),
    "families": ('"families"', "members"),
    "diff": ('"totals"', "new"),
    "history": ('"members"', "derivatives"),
}
"""Where in each answer, after which text, a number of which name is changed."""

UNVERIFIED = ("search", "tree", "path")


def test_every_answer_verifies_or_says_why_not(home: Path, tmp_path: Path) -> None:
    assert ASKED.keys() == {*VERIFIED, *UNVERIFIED, "cypher"}
    for name in UNVERIFIED:
        file = tmp_path / f"{name}.json"
        file.write_text(ask(home, name, *ASKED[name], "--json").stdout, encoding="utf-8")
        result = CliRunner().invoke(main, ["--home", str(home), "verify", str(file)])
        assert result.exit_code == 1
        assert f"An answer to '{name}' cannot be verified: it " in result.stderr


def test_an_export_carries_its_receipt_and_verifies(home: Path, tmp_path: Path) -> None:
    ask(home, "export", "qwen", "--format", "csv", "--out", str(tmp_path / "x"))
    file = tmp_path / "x" / "receipt.json"
    assert "equal: all" in ask(home, "verify", str(file)).stdout
    said = json.loads(file.read_text(encoding="utf-8"))
    said["totals"]["DERIVED_FROM"] += 1
    file.write_text(json.dumps(said), encoding="utf-8")
    result = CliRunner().invoke(main, ["--home", str(home), "verify", str(file), "--json"])
    assert [d["where"] for d in json.loads(result.stdout)["differences"]] == ["DERIVED_FROM"]


@pytest.mark.parametrize("name", VERIFIED)
def test_what_was_printed_verifies_and_what_was_changed_does_not(home: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "answer.json"
    text = ask(home, name, *ASKED[name], "--json").stdout
    file.write_text(text, encoding="utf-8")
    result = ask(home, "verify", str(file))
    assert "equal: all" in result.stdout
    receipt_of(result.stdout)
    body, changed = text, 0
    after, field = VERIFIED[name]
    start = body.index(after)
    head, tail = body[:start], body[start:]
    tail, changed = re.subn(rf'("{field}": )\d+', r"\g<1>123456789", tail, count=1)
    assert changed == 1
    file.write_text(head + tail, encoding="utf-8")
    result = CliRunner().invoke(main, ["--home", str(home), "verify", str(file), "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["equal"] is False
    assert [d["said"] for d in answer["differences"]] == ["123456789"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_claim_is_reproduced_byte_for_byte(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        '[claims.mine]\ntext = "a claim of mine"\nwho = "me"\ncounted = "nothing"\nfigures = [{ subject = "qwen", '
        'kind = "family", measure = "derivatives", value = 10, bound = ">", on = 2026-06-30 }]\n',
        encoding="utf-8",
    )
    for place in ("one", "two"):
        ask(home, "--registry", str(own), "reproduce", "mine", "--out", str(tmp_path / place))
    one = files(tmp_path / "one")
    assert one == files(tmp_path / "two")
    assert {"manifest.json", "receipt.json", "claim.csv", "claim.svg", "again.txt", "registry/own.toml"} <= one.keys()
    words = one["again.txt"].decode().split()[1:]
    assert words[:3] == ["--registry", "registry/own.toml", "reproduce"]
    again = [str(tmp_path / "one" / "registry" / "own.toml") if w == "registry/own.toml" else w for w in words]
    again[-1] = str(tmp_path / "three")
    ask(home, *again)
    assert files(tmp_path / "three") == one
    ask(home, "--registry", str(own), "verify", str(tmp_path / "one" / "receipt.json"))
    text = b"".join(one.values()).decode()
    assert str(tmp_path) not in text
    assert str(home) not in text
