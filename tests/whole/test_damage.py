"""What a user is told when a file of ours is not what it was: one sentence, exit 1, and nothing else lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = '{"id": "o/base"}\n{"id": "a/x", "tags": ["base_model:o/base", "base_model:finetune:o/base"]}\n'


def lineage(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingest.cli", "--home", str(home), *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which nothing is damaged; each test harms a copy."""
    place = tmp_path_factory.mktemp("sound")
    (place / "rows.jsonl").write_text(ROWS, encoding="utf-8")
    assert lineage(place / "home", "import", str(place / "rows.jsonl")).returncode == 0
    return place / "home"


@pytest.fixture
def home(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "home")


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("lineage: ")
    return sentence


def test_a_part_with_a_flipped_byte_is_named(home: Path) -> None:
    (part,) = (home / "snapshots").glob("*/models-*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    shutil.rmtree(home / "resolved")
    assert part.name in refused(lineage(home, "load"))
    assert lineage(home, "search", "base").returncode == 1


def test_resolved_tables_that_cannot_be_read_say_how_to_make_them_again(home: Path) -> None:
    (edges,) = (home / "resolved").glob("*/edges.parquet")
    edges.write_bytes(b"nothing")
    assert "lineage load" in refused(lineage(home, "count", "o/base"))
    shutil.rmtree(edges.parent)
    assert lineage(home, "load").returncode == 0
    assert lineage(home, "count", "o/base").returncode == 0


def test_a_cut_graph_file_says_how_to_make_it_again(home: Path) -> None:
    (graph,) = (home / "store").glob("*.lbug")
    graph.write_bytes(graph.read_bytes()[:1000])
    assert "lineage load" in refused(lineage(home, "search", "base"))
    assert lineage(home, "load").returncode == 0
    assert lineage(home, "search", "base").returncode == 0
