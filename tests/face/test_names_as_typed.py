"""Names as people type and paste them: addresses of the Hub, a slash too many, other capitals, bytes of no text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.crawl import asked_for
from lineage import registry, spelling
from lineage.settings import HUB

ROWS = (
    {"id": "Qwen/Base-7B", "tags": []},
    {"id": "qwen/lower-7b", "tags": ["base_model:Qwen/Base-7B", "base_model:finetune:Qwen/Base-7B"]},
    {"id": "a/Twin", "tags": ["base_model:Qwen/Base-7B", "base_model:finetune:Qwen/Base-7B"]},
    {"id": "A/twin", "tags": ["base_model:Gone/Stub-1", "base_model:finetune:Gone/Stub-1"]},
    {"id": "gpt9", "tags": ["base_model:base/two", "base_model:finetune:base/two"]},
    {"id": "base/two", "tags": []},
    {"id": "BASE/two/", "tags": []},
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    listing = place / "rows.jsonl"
    listing.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    assert CliRunner().invoke(main, ["import", str(listing), "-q", "--home", str(place)]).exit_code == 0
    return place


def ask(home: Path, *words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [*words, "--home", str(home)])
    return result.exit_code, result.stdout, result.stderr


SPELT = [
    ("https://huggingface.co/Qwen/Base-7B", "Qwen/Base-7B"),
    ("https://huggingface.co/Qwen/Base-7B/", "Qwen/Base-7B"),
    ("https://huggingface.co/Qwen/Base-7B/tree/main", "Qwen/Base-7B"),
    ("https://huggingface.co/qwen/base-7b/blob/main/config.json?download=true#L1", "Qwen/Base-7B"),
    ("huggingface.co/Qwen/Base-7B", "Qwen/Base-7B"),
    ("HTTPS://HF.co/Qwen/Base-7B", "Qwen/Base-7B"),
    ("https://huggingface.co/Qwen%2FBase-7B", "Qwen/Base-7B"),
    ("https://huggingface.co/gpt9/tree/main", "gpt9"),
    ("model:https://huggingface.co/gpt9", "gpt9"),
    ("Qwen/Base-7B/", "Qwen/Base-7B"),
    (" Qwen/Base-7B ", "Qwen/Base-7B"),
    ("qwen/base-7b", "Qwen/Base-7B"),
    ("QWEN/LOWER-7B", "qwen/lower-7b"),
    ("gone/stub-1", "Gone/Stub-1"),
    ("a/Twin", "a/Twin"),
    ("A/twin", "A/twin"),
]


@pytest.mark.parametrize(("typed", "id"), SPELT)
def test_a_model_is_known_however_it_is_written_and_the_answer_names_it(home: Path, typed: str, id: str) -> None:
    code, out, err = ask(home, "model", typed, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["id"] == id
    assert (f"{typed} is read as {id}." in told["notes"]) == (typed != id)
    code, out, err = ask(home, "tree", typed, "--json")
    assert (code, json.loads(out)["root"]) == (0, id), err


@pytest.mark.parametrize("words", [("derivatives",), ("ancestors",), ("count",), ("license",), ("path", "gpt9")])
def test_every_question_names_what_it_read(home: Path, words: tuple[str, ...]) -> None:
    code, out, err = ask(home, *words, "qwen/base-7b")
    assert code == 0, err
    assert "qwen/base-7b is read as Qwen/Base-7B." in out


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("A/TWIN", "A/twin, a/Twin"),
        ("https://huggingface.co/datasets/Qwen/Base-7B", ""),
        ("https://example.com/Qwen/Base-7B", ""),
        ("ftp://huggingface.co/Qwen/Base-7B", ""),
        ("https://huggingface.co/", ""),
        ("https://huggingface.co/qwen", ""),
        ("/", ""),
        ("Qwen/Base-7B/tree", ""),
    ],
)
@pytest.mark.parametrize("question", ["model", "tree", "count"])
def test_what_names_no_model_or_two_is_not_found(home: Path, question: str, typed: str, nearest: str) -> None:
    code, out, err = ask(home, question, typed)
    assert (code, out) == (4, "")
    assert nearest in err


@pytest.mark.parametrize(
    "words",
    [
        ("model", "%"),
        ("tree", "Qwen/%"),
        ("count", "qwen", "%"),
        ("derivatives", "%"),
        ("ancestors", "https://huggingface.co/%"),
        ("path", "gpt9", "%"),
        ("license", "%"),
        ("history", "%"),
        ("export", "%", "--format", "json"),
        ("chart", "organic", "%", "--out", "x.svg"),
        ("load", "--snapshot", "%"),
        ("diff", "%"),
        ("crawl", "%"),
    ],
    ids=" ".join,
)
def test_bytes_that_are_no_text_are_not_found(home: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"ingest.cli", b"--home", os.fsencode(home)]
        + [word.encode().replace(b"%", b"n\xff\xfe") for word in words],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert (done.returncode, done.stdout) == (4, b""), done.stderr
    assert done.stderr.startswith(b"lineage: No ") or b"neither a family nor a model" in done.stderr


@pytest.mark.parametrize(
    "words", [("search", "%"), ("cypher", "RETURN '%'"), ("derivatives", "gpt9", "--publisher", "%")]
)
def test_bytes_elsewhere_end_in_no_surprise(home: Path, words: tuple[str, ...]) -> None:
    code, _, err = ask(home, *(word.replace("%", "n\udcff") for word in words))
    assert code in (0, 1, 2)
    assert "Unexpected" not in err


def test_a_crawl_takes_an_address_too() -> None:
    asked = asked_for(("https://huggingface.co/Qwen/Base-7B/tree/main", "a/b/", "qwen"), registry.load())
    assert (asked.families, asked.ids) == (("qwen",), ("Qwen/Base-7B", "a/b"))


def test_another_hub_has_addresses_of_its_own() -> None:
    assert spelling.id_of("http://hub.example:8080/a/b/tree/main", "http://hub.example:8080") == "a/b"
    assert spelling.id_of("http://hub.example:8080/a/b", HUB) == "http://hub.example:8080/a/b"
    assert spelling.id_of("a/b", HUB) == "a/b"
