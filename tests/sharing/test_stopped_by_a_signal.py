"""SIGTERM in any command that fetches or loads: exit 3, a sentence, a line in the log; what is sealed is said to be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.simulated.faults import Fault, Kind
from ingest.simulated.repositories import Repositories, WritableHub
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource
from lineage.settings import Settings
from lineage.snapshots import listed
from tests.reports.homes import model, run
from tests.sharing.shared import REPO, TOKEN, away, put, real

ROWS = [model("Qwen/Qwen3-8B", downloads=9), model("a/child", "Qwen/Qwen3-8B"), model("z/alone", downloads=5)]


def stopped(hub: SimulatedHub, path: str, home: Path, log: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, ended by SIGTERM once the Hub was asked for that path."""
    env = {**os.environ, "LINEAGE_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
    command = [sys.executable, "-m", "ingest.cli", *words, "--json", "--log", str(log)]
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while running.poll() is None and not any(request.path.startswith(path) for request in hub.requests):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=120)
    return subprocess.CompletedProcess(command, running.returncode, out, err)


def told(done: subprocess.CompletedProcess[str], log: Path) -> None:
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("lineage: Stopped.")
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["kind"] == "interrupted"
    last = log.read_text(encoding="utf-8").splitlines()[-1]
    assert "ended by a signal" in last
    assert "run the command again" in last


def test_a_pull(home: Settings, tmp_path: Path) -> None:
    shelf = Repositories()
    real(away(home, "made"), ROWS)
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        put(away(home, "made"), hub)
    stall = Fault(Kind.STALL, 1, 9, path="/datasets/", seconds=2)
    with WritableHub(RowsSource(()), repositories=shelf, faults=[stall]) as hub:
        told(stopped(hub, "/datasets/", home.home, tmp_path / "log", "pull", REPO), tmp_path / "log")


def test_a_publishing(home: Settings, tmp_path: Path) -> None:
    made, path = away(home, "made"), "/api/datasets/"
    real(made, ROWS)
    with WritableHub(RowsSource(()), faults=[Fault(Kind.STALL, 2, 9, path=path, seconds=2)]) as hub:
        told(stopped(hub, path, made.home, tmp_path / "log", "publish", REPO), tmp_path / "log")


def test_a_bootstrap(tmp_path: Path) -> None:
    from tests.imports.test_bootstrap import _daily

    stall = Fault(Kind.STALL, 2, 9, path="/datasets/", seconds=2)
    files = _daily(tmp_path, datetime.now(UTC), padding=400)
    with SimulatedHub(RowsSource(()), files=files, faults=[stall]) as hub:
        told(stopped(hub, "/datasets/", tmp_path / "home", tmp_path / "log", "bootstrap"), tmp_path / "log")


LOADING = """
import os, signal, sys
from ingest.commands.live import Live
Live.stage = lambda *told: os.kill(os.getpid(), signal.SIGTERM)
from ingest.cli import main
main()
"""


@pytest.mark.parametrize("command", ["update", "crawl", "load"])
def test_the_loading_half_says_what_is_sealed_and_what_loads_it(command: str, tmp_path: Path) -> None:
    from ingest.simulated.world import World

    home, log = Settings(home=tmp_path / "home"), tmp_path / "log"
    with SimulatedHub(World(2_000)) as hub:
        env = {**os.environ, "LINEAGE_HOME": str(home.home), "HF_ENDPOINT": hub.url}
        if command != "crawl":
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("HF_ENDPOINT", hub.url)
                assert run(home.home, "crawl", "--no-load", "-q").exit_code == 0
        hub.show(World(2_000, day=2))
        words = [command, "-q", "--json", *([] if command == "load" else ["--log", str(log)])]
        done = subprocess.run(
            [sys.executable, "-c", LOADING, *words], env=env, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 3
    newest = listed(home)[-1].id
    assert f"{newest} is sealed and not loaded" in done.stderr
    assert f"Resume with: lineage load --snapshot {newest}" in done.stderr
    assert (
        f"{newest} is sealed and not loaded" in log.read_text(encoding="utf-8") if log.exists() else command == "load"
    )
    assert json.loads(done.stdout)["error"]["kind"] == "interrupted"
    assert run(home.home, "load", "--snapshot", newest, "-q").exit_code == 0
