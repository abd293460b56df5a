"""Every command over a real crawl of a simulated Hub: real sockets, real files, and real processes where it matters."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.commands.fetch import CRAWL_REQUESTS
from ingest.crawl import MAX_REQUESTS
from ingest.hub import HubSource
from ingest.simulated.faults import Fault, Kind
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage import cli, counters
from lineage.questions import KINDS, counting, listing

ROOT = "Qwen/Qwen2.5-7B"
DISTILLED = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("count", "qwen", ROOT),
    ("top",),
    ("derivatives", "qwen"),
    ("ancestors", DISTILLED),
    ("model", ROOT),
    ("search", "qwen2.5", "7b"),
    ("tree", ROOT),
    ("path", DISTILLED, ROOT),
    ("audit",),
    ("families", "--check"),
)
RECEIPT = {
    "question",
    "counters",
    "snapshot",
    "snapshot_sha256",
    "source",
    "as_of",
    "evidence",
    "attribution",
    "threshold",
    "registry_version",
    "registry_digest",
    "card",
    "complete",
    "tool_version",
}


@pytest.fixture(scope="module")
def hub() -> Iterator[SimulatedHub]:
    with SimulatedHub(World(4000)) as running:
        yield running


@pytest.fixture(scope="module")
def home(hub: SimulatedHub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    result = CliRunner().invoke(main, ["--home", str(place), "crawl"], env={"HF_ENDPOINT": hub.url})
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SIMULATED DATA")
    assert "4,000 models" in result.stdout
    return place


def ask(home: Path, *arguments: str, **env: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home)], env=env)


def answered(home: Path, *arguments: str) -> str:
    result = ask(home, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def documented(home: Path, *arguments: str) -> dict[str, object]:
    found = json.loads(answered(home, *arguments, "--json"))
    assert isinstance(found, dict)
    return found


def process(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest.cli", *arguments, "--home", str(home)],
        capture_output=True,
        text=True,
        env=os.environ | env,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_text_answers_say_simulated_and_end_in_two_lines_of_receipt(home: Path, question: tuple[str, ...]) -> None:
    text = answered(home, *question)
    lines = text.splitlines()
    assert lines[0].startswith("SIMULATED DATA")
    assert lines[-3] == ""
    assert "declared · as of 2026-" in lines[-2]
    assert "(sha " in lines[-1]
    assert "registry " in lines[-1]
    assert "\x1b" not in text


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_json_answers_carry_the_whole_receipt(home: Path, question: tuple[str, ...]) -> None:
    receipt = documented(home, *question)["receipt"]
    assert isinstance(receipt, dict)
    assert receipt.keys() >= RECEIPT
    assert receipt["simulated"] is True
    assert receipt["as_of"].endswith("Z")


def test_json_has_the_shapes_of_the_contract(home: Path) -> None:
    count = documented(home, "count", "qwen", ROOT)["results"]
    assert [(result["name"], result["kind"]) for result in count] == [("qwen", "family"), (ROOT, "model")]
    assert count[0]["counts"].keys() == {counter.id for counter in counters.COUNTERS}
    top = documented(home, "top", "--by", "organic", "--limit", "3")
    assert top["by"] == "organic"
    assert [set(line) >= {"name", "value"} for line in top["results"]] == [True] * 3
    model = documented(home, "model", ROOT)
    assert (model["id"], type(model["parents"]), type(model["counts"])) == (ROOT, list, dict)
    tree = documented(home, "tree", ROOT, "--limit", "9")
    assert tree.keys() >= {"root", "nodes", "edges", "hidden"}
    assert len(tree["nodes"]) + len(tree["hidden"]) <= 9
    path = documented(home, "path", DISTILLED, ROOT)
    assert [node["id"] for node in path["nodes"]] == [DISTILLED, "Qwen/Qwen2.5-Math-7B", ROOT]
    assert len(path["edges"]) == 2
    hits = documented(home, "search", "qwen2.5", "7b")["results"]
    assert all("qwen2.5" in hit["id"].lower() and "7b" in hit["id"].lower() for hit in hits)
    audit = documented(home, "audit")
    assert audit.keys() >= {"models", "stubs", "quarantined", "edges", "edges_by_relation", "findings"}
    assert audit["edges_by_evidence"].keys() == {"hub", "author", "card", "curated", "inferred"}
    assert sum(audit["edges_by_evidence"].values()) == audit["edges"]
    assert all({"count", "examples"} <= finding.keys() for finding in audit["findings"].values())


def test_counts_that_are_not_whole_are_exact_with_decimals_beside(home: Path) -> None:
    (result,) = documented(home, "count", "llama", "--attribution", "fractional")["results"]
    value = result["counts"]["derivatives"]
    whole, parts = value.split("/")
    assert result["decimals"]["derivatives"] == int(whole) / int(parts)
    assert result["counts"]["direct"] is None


def test_the_list_is_as_long_as_its_count(home: Path) -> None:
    (result,) = documented(home, "count", "qwen")["results"]
    ids = answered(home, "derivatives", "qwen", "-q").splitlines()
    assert len(ids) == len(set(ids)) == result["counts"]["derivatives"]
    listed = documented(home, "derivatives", "qwen", "--limit", "5")
    assert (listed["total"], len(listed["results"])) == (len(ids), 5)
    assert [row["id"] for row in listed["results"]] == ids[:5]


def test_text_lists_stop_at_a_screenful_and_say_so(home: Path) -> None:
    text = answered(home, "derivatives", "qwen")
    assert "more; --limit 0 lists all" in text
    assert len(text.splitlines()) < 55


def test_since_narrows_a_list(home: Path) -> None:
    everything = documented(home, "derivatives", "qwen")["total"]
    recent = documented(home, "derivatives", "qwen", "--since", "30d")
    assert 0 < recent["total"] < everything
    assert all(row["created_at"] >= "2026-10-20" for row in recent["results"])


@pytest.mark.parametrize(
    "question", [*QUESTIONS[:4], QUESTIONS[5], *QUESTIONS[7:], ("count", "qwen", "--per", "month"), ("snapshots",)]
)
def test_every_table_is_csv_with_the_receipt_on_stderr(home: Path, question: tuple[str, ...]) -> None:
    result = ask(home, *question, "--csv")
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert result.exit_code == 0
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1
    assert question == ("snapshots",) or "SIMULATED DATA" in result.stderr


@pytest.mark.parametrize(
    ("british", "american"),
    [
        (("top", "--kind", "organisation"), ("top", "--kind", "organization")),
        (("count", "qwen", "--per", "organisation"), ("count", "qwen", "--per", "organization")),
    ],
)
def test_either_spelling_gives_the_same_answer(home: Path, british: tuple[str, ...], american: tuple[str, ...]) -> None:
    assert answered(home, *british, "--json") == answered(home, *american, "--json")


@pytest.mark.parametrize(
    "question",
    [
        ("count", "qwen", "nobody/nothing"),
        ("count", "family:nothing"),
        ("derivatives", "nobody/nothing"),
        ("ancestors", "nobody/nothing"),
        ("model", "nobody/nothing"),
        ("tree", "nobody/nothing"),
        ("path", ROOT, "nobody/nothing"),
        ("load", "--snapshot", "nothing"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["text", "--json"])
def test_one_unknown_name_is_exit_4_and_nothing_on_stdout(home: Path, question: tuple[str, ...], form: str) -> None:
    result = ask(home, *question, *([form] if form != "text" else []))
    assert (result.exit_code, result.stdout) == (4, "")
    assert "nothing" in result.stderr


def test_near_misses_are_named(home: Path) -> None:
    assert ROOT in ask(home, "model", "qwen/qwen2.5_7b").stderr


@pytest.mark.parametrize(
    "question",
    [
        ("count",),
        ("count", "qwen", "--evidence", "inferred"),
        ("count", "qwen", "--attribution", "half"),
        ("top", "--json", "--csv"),
        ("derivatives", "qwen", "--since", "soon"),
        ("tree", ROOT, "--format", "svg"),
        ("crawl", "--depth", "0"),
    ],
    ids=" ".join,
)
def test_usage_errors_are_exit_2(home: Path, question: tuple[str, ...]) -> None:
    result = ask(home, *question)
    assert (result.exit_code, result.stdout) == (2, "")


def test_an_empty_home_says_how_to_get_data(tmp_path: Path) -> None:
    for question in QUESTIONS:
        result = ask(tmp_path / "empty", *question)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "lineage bootstrap" in result.stderr
    assert "lineage bootstrap" in answered(tmp_path / "empty", "snapshots")
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize(
    ("form", "begins"),
    [("mermaid", "flowchart LR"), ("dot", "digraph lineage {"), ("html", "<!doctype html>"), ("json", "{")],
)
def test_trees_come_in_every_format(home: Path, form: str, begins: str) -> None:
    text = answered(home, "tree", ROOT, "--format", form)
    assert text.startswith(begins)
    assert "SIMULATED DATA" in text or '"simulated": true' in text


def test_trees_go_up_and_keep_to_a_relation(home: Path) -> None:
    up = documented(home, "tree", DISTILLED, "--up")
    assert {node["id"] for node in up["nodes"]} == {DISTILLED, "Qwen/Qwen2.5-Math-7B", ROOT}
    adapters = documented(home, "tree", ROOT, "--relation", "adapter", "--depth", "1")
    assert {edge["relation"] for edge in adapters["edges"]} == {"adapter"}


@pytest.mark.parametrize("question", [(ROOT,), (DISTILLED, "--up")])
def test_a_tree_gives_its_ids_alone(home: Path, question: tuple[str, ...]) -> None:
    drawn = [node["id"] for node in documented(home, "tree", *question)["nodes"]]
    assert len(drawn) > 1
    for flag in ("-q", "--ids"):
        assert answered(home, "tree", *question, flag).splitlines() == drawn


def test_a_page_of_a_tree_is_capped_and_says_so(tmp_path: Path) -> None:
    rows = [{"id": "a/base"}, *({"id": f"b/m{n:03}", "tags": ["base_model:finetune:a/base"]} for n in range(320))]
    listing = tmp_path / "rows.jsonl"
    listing.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    answered(tmp_path, "import", str(listing))
    page = ask(tmp_path, "tree", "a/base", "--format", "html", "--limit", "500")
    assert (page.exit_code, page.stderr) == (0, "A page holds at most 300 rows: drawing 300 instead of 500.\n")
    assert len(set(re.findall(r"b/m[0-9]{3}", page.stdout))) == 298
    text = ask(tmp_path, "tree", "a/base", "--limit", "500")
    assert (text.stderr, "b/m319" in text.stdout, "not all" in text.stdout) == ("", True, False)
    cut = answered(tmp_path, "tree", "a/base", "--limit", "320")
    assert "+2 more" in cut
    assert "not all derivatives are here: a larger --limit shows more" in cut


def test_cypher_answers_rows_and_refuses_to_write(home: Path) -> None:
    query = "MATCH (m:Model) WHERE m.id = $id RETURN m.id AS id, m.stub AS stub"
    rows = json.loads(answered(home, "cypher", query, "--param", f"id={ROOT}", "--json"))
    assert rows == [{"id": ROOT, "stub": False}]
    assert ROOT in answered(home, "cypher", query, "-p", f"id={ROOT}")
    refused = ask(home, "cypher", "MATCH (m:Model) DELETE m")
    assert (refused.exit_code, refused.stdout) == (1, "")


def test_snapshots_and_load(home: Path) -> None:
    (line,) = json.loads(answered(home, "snapshots", "--json"))
    assert (line["models"], line["loaded"], line["simulated"]) == (4000, True, True)
    assert answered(home, "snapshots", "-q").splitlines() == [line["id"]]
    assert answered(home, "load", "-q") == f"{line['id']}\n"
    told = documented(home, "load")
    assert (told["id"], told["new"], told["loaded"]) == (line["id"], False, True)


def test_an_import_of_listing_rows_answers(tmp_path: Path) -> None:
    rows = [
        {"_id": "6" * 24, "id": "a/base", "tags": [], "createdAt": "2026-01-01T00:00:00.000Z"},
        {"_id": "7" * 24, "id": "b/tune", "tags": ["base_model:a/base", "base_model:finetune:a/base"],
         "createdAt": "2026-01-02T00:00:00.000Z"},
    ]  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    home = tmp_path / "home"
    assert "2 models, 0 unreadable rows" in answered(home, "import", str(file))
    (result,) = documented(home, "count", "a/base")["results"]
    assert (result["counts"]["derivatives"], result["counts"]["direct"]) == (1, 1)
    assert "SIMULATED" not in answered(home, "tree", "a/base")
    refused = ask(home, "demo", "--models", "1000")
    assert refused.exit_code == 1
    assert "real data" in refused.stderr


def test_one_derivative_is_singular_and_one_model_is_one_example(tmp_path: Path) -> None:
    rows = (
        {"id": "a/base"},
        {"id": "b/both", "tags": ["base_model:finetune:a/base", "base_model:adapter:a/base"]},
        {"id": "b/loop", "tags": ["base_model:b/loop", "base_model:finetune:b/loop", "base_model:adapter:b/loop"]},
        {"id": "c/loop", "tags": ["base_model:finetune:c/loop"]},
    )
    listing = tmp_path / "rows.jsonl"
    listing.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    answered(tmp_path, "import", str(listing))
    assert "1 derivative has several relations and stands in each." in answered(tmp_path, "count", "a/base")
    loops = documented(tmp_path, "audit")["findings"]["self-loop"]
    assert loops["count"] == 4
    assert [example["child"] for example in loops["examples"]] == ["b/loop", "c/loop"]


def test_the_demo_crawls_asks_and_points_on(tmp_path: Path) -> None:
    result = ask(tmp_path / "demo", "demo", "--models", "3000")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("SIMULATED DATA")
    assert result.stdout.count("\n$ lineage ") == 5
    assert result.stdout.count("SIMULATED DATA") >= 6
    assert f"--home {tmp_path / 'demo'} search" in result.stdout


def test_doctor_says_what_is_there_and_never_the_token(home: Path, tmp_path: Path) -> None:
    result = ask(home, "doctor", "--json", HF_TOKEN="hf_secret")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["ok"] is True
    assert "hf_secret" not in result.output
    (tmp_path / "file").write_text("")
    broken = ask(tmp_path / "file" / "home", "doctor")
    assert broken.exit_code == 1
    assert "✗ home" in broken.stdout


def test_doctor_asks_the_hub_where_told(home: Path, hub: SimulatedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "answers" in ask(home, "doctor", "--network", HF_ENDPOINT=hub.url).stdout
    monkeypatch.setattr("ingest.hub.HubSource", partial(HubSource, sleep=lambda seconds: None))
    gone = ask(home, "doctor", "--network", HF_ENDPOINT="http://127.0.0.1:9")
    assert gone.exit_code == 1
    assert "✗ hub" in gone.stdout


def test_a_reader_that_leaves_early_ends_it_quietly(home: Path) -> None:
    command = f"{sys.executable} -m ingest.cli derivatives qwen -q --home {home}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -n 1"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_a_terminal_without_the_letters_spells_them_out(home: Path) -> None:
    done = process(home, "tree", ROOT, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr
    assert "\\u251c" in done.stdout


def seen_on_a_terminal(home: Path, **env: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ingest.cli", "tree", ROOT, "--limit", "9", "--home", str(home)],
        stdout=theirs,
        stderr=theirs,
        env={k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | env,
    ) as running:
        os.close(theirs)
        seen = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk
        assert running.wait() == 0
    os.close(ours)
    return seen.decode()


def test_colours_on_a_terminal_only_and_never_with_no_color(home: Path) -> None:
    assert "\x1b[" in seen_on_a_terminal(home)
    assert "\x1b[" not in seen_on_a_terminal(home, NO_COLOR="1")
    assert "\x1b[" not in process(home, "tree", ROOT).stdout


def test_ctrl_c_ends_a_crawl_with_3_and_the_command_that_resumes(tmp_path: Path) -> None:
    with SimulatedHub(World(8_000), faults=[Fault(Kind.STALL, 5, 2, seconds=60)]) as hub:
        env = os.environ | {"HF_ENDPOINT": hub.url}
        command = [sys.executable, "-m", "ingest.cli", "crawl", "--no-load", "--home", str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True) as running:
            while len(hub.requests) < 4:
                assert running.poll() is None
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            out, said = running.communicate(timeout=120)
        assert (running.returncode, out) == (3, "")
        assert f"Resume with: lineage --home {tmp_path} crawl" in said
        hub.mend()
        again = subprocess.run([*command, "--quiet"], capture_output=True, text=True, env=env, check=False)
        assert again.returncode == 0, again.stderr
        assert len(again.stdout.splitlines()) == 1
        assert again.stderr == ""


def test_the_words_on_the_command_line_are_those_the_questions_know() -> None:
    assert CRAWL_REQUESTS == MAX_REQUESTS
    assert (cli.PER, cli.KINDS, cli.SORTS) == (counting.PER, KINDS, listing.SORTS)
    assert counters.THRESHOLD == 500


def test_every_command_has_a_section_or_a_group_above_it() -> None:
    assert all(getattr(command, "section", "") for command in main.commands.values())
    assert isinstance(main, click.Group)
