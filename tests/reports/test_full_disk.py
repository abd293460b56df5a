"""A disk without room after the snapshot is sealed: where, how much, and what finishes the job."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lineage.settings import Settings
from tests.reports.homes import model, run, snapshot

LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from ingest.cli import main
main()
"""


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with a snapshot of some size, sealed and not loaded."""
    settings = Settings(home=tmp_path / "home")
    snapshot(settings, [model(f"a/{n:05d}-{os.urandom(12).hex()}", "Qwen/Qwen3-8B") for n in range(8_000)])
    return settings


def limited(home: Settings, limit: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process whose files may grow to so many bytes."""
    env = {**os.environ, "LINEAGE_HOME": str(home.home)}
    command = [sys.executable, "-c", LIMITED, str(limit), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_no_room_for_the_resolved_tables(home: Settings) -> None:
    done = limited(home, 60_000, "load", "--quiet")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    (id,) = (path.name for path in home.snapshots.iterdir() if path.is_dir())
    assert f"No room left on the disk for the resolved tables of {id} in {home.resolved}" in done.stderr
    assert "at most" in done.stderr
    assert "stays sealed" in done.stderr
    assert "lineage load finishes the job" in done.stderr
    assert [path for path in home.resolved.rglob("*") if path.is_file() and path.name != ".lock"] == []
    assert run(home.home, "load", "--quiet").exit_code == 0


def test_no_room_for_the_graph(home: Settings) -> None:
    done = limited(home, 1_500_000, "load", "--quiet")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"No room left on the disk for the graph in {home.stores}" in done.stderr
    assert re.search(r"the new graph had grown to [1-9]\.\d MB, and [\d,.]+ MB are free", done.stderr)
    assert "lineage load finishes the job" in done.stderr
    assert [path for path in home.stores.glob("graph-*") if path.stat().st_size] == []
    assert run(home.home, "load", "--quiet").exit_code == 0


def test_what_cannot_be_kept_beside_an_answer_is_a_warning_and_the_answer_comes(home: Settings) -> None:
    assert run(home.home, "load", "--quiet").exit_code == 0
    kept = [path for path in home.resolved.glob("*/*.parquet") if path.name.startswith(("members", "tallies"))]
    assert len(kept) == 2
    for path in kept:
        path.unlink()
    done = limited(home, 200, "count", "qwen", "--json")
    assert (done.returncode, json.loads(done.stdout)["results"][0]["counts"]["derivatives"]) == (0, 8_000)
    assert "could not be kept" in done.stderr
    assert "no room" in done.stderr
    assert not any(path.exists() for path in kept)


SMALL = """
mount -t tmpfs -o size=$1k tmpfs "$2" && cp -r "$3" "$2/home" || exit 77
shift 3
exec "$@"
"""


@pytest.mark.parametrize("size", [2_300, 4_000, 5_500])
def test_on_a_file_system_that_is_full(size: int, home: Settings, tmp_path: Path) -> None:
    """One of its own, which goes with the process that mounts it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    env = {**os.environ, "LINEAGE_HOME": str(disk / "home")}
    inside = [sys.executable, "-m", "ingest.cli", "load", "--quiet", "--json"]
    command = ["unshare", "-rm", "sh", "-c", SMALL, "sh", str(size), str(disk), str(home.home), *inside]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    if "unshare" in done.stderr or done.returncode == 77:
        pytest.skip("this process may not mount a file system of its own")
    error = json.loads(done.stdout)["error"]
    assert (error["kind"], error["exit_code"]) == ("fatal", 1)
    assert error["message"].startswith("No room left on the disk for the ")
    assert "lineage load finishes the job" in error["message"]
    assert "Transaction" not in error["message"]
