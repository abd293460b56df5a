"""What a killed run left behind goes, what a living one is writing stays; `prune` says what it freed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.load import resolve_snapshot
from lineage import pruning
from lineage.registry import Registry
from lineage.settings import Settings
from lineage.snapshots import Snapshot
from tests.reports.homes import model, run, snapshot

ROWS = [model("Qwen/Qwen3-8B"), model("a/child", "Qwen/Qwen3-8B")]

WRITING = """
import os, sys, time
from pathlib import Path
from lineage import resolved
root = Path(sys.argv[1])
with resolved.writing(root):
    (root / ".hub-1-0123456789ab-r3").mkdir()
    (root / ".hub-1-0123456789ab-r3" / "nodes.parquet").write_bytes(bytes(50_000))
    print("in", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def sealed(home: Settings) -> Snapshot:
    return snapshot(home, ROWS)


def writer(home: Settings) -> subprocess.Popen[str]:
    """A process that is in the middle of writing resolved tables."""
    started = subprocess.Popen([sys.executable, "-c", WRITING, str(home.resolved)], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "in\n"
    return started


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)


def hidden(home: Settings) -> list[str]:
    return sorted(path.name for path in home.resolved.rglob(".*") if path.name != ".lock")


def test_the_next_resolve_removes_what_a_killed_one_left(home: Settings, sealed: Snapshot, registry: Registry) -> None:
    kill(writer(home))
    (home.resolved / ".hub-1-0123456789ab-r3-4711").mkdir()
    assert len(hidden(home)) == 2
    resolve_snapshot(home, sealed, registry)
    assert hidden(home) == []


def test_prune_removes_it_and_says_what_it_freed(home: Settings, sealed: Snapshot) -> None:
    kill(writer(home))
    told = json.loads(run(home.home, "prune", "--keep", "1", "--json").stdout)
    assert told["removed"] == [
        {"kind": "unfinished", "name": ".hub-1-0123456789ab-r3", "bytes": 50_000, "frees": 50_000}
    ]
    assert told["frees"] == 50_000
    assert hidden(home) == []
    assert (home.snapshots / sealed.manifest.id).is_dir()


def test_prune_leaves_what_a_living_process_writes(home: Settings, sealed: Snapshot) -> None:
    living = writer(home)
    try:
        assert pruning.doomed(home, 1) == ()
        assert json.loads(run(home.home, "prune", "--keep", "1", "--json").stdout)["removed"] == []
        assert hidden(home) == [".hub-1-0123456789ab-r3"]
    finally:
        kill(living)
    assert [(one.kind, one.name) for one in pruning.doomed(home, 1)] == [("unfinished", ".hub-1-0123456789ab-r3")]


def test_what_is_finished_between_the_look_and_the_removal_stays(
    home: Settings, sealed: Snapshot, registry: Registry
) -> None:
    kill(writer(home))
    found = pruning.doomed(home, 1)
    resolve_snapshot(home, sealed, registry)
    pruning.remove(home, found)
    assert hidden(home) == []


def test_tables_within_a_finished_folder_and_half_a_snapshot_go_too(
    home: Settings, sealed: Snapshot, registry: Registry
) -> None:
    resolve_snapshot(home, sealed, registry)
    (place,) = (path for path in home.resolved.iterdir() if path.is_dir())
    (place / f".counts-{os.getpid()}.parquet").write_bytes(bytes(700))
    half = home.snapshots / ".hub-20260101T000000Z"
    half.mkdir()
    (half / "models-00000.parquet").write_bytes(bytes(900))
    found = pruning.doomed(home, 1)
    assert [(one.kind, one.frees) for one in found] == [("unfinished", 700), ("unfinished", 900)]
    shown = run(home.home, "prune", "--keep", "1").stdout.splitlines()
    assert shown[-1] == "1.6 kB freed"
    assert "unfinished .hub-20260101T000000Z: frees 900 B" in shown[1]
    assert hidden(home) == []
    assert not half.exists()
    assert place.is_dir()
