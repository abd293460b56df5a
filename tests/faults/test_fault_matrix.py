"""The real crawler against a Hub that fails in every way, on seeds: whatever happens, the same snapshot in the end."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingest.crawl import crawl
from ingest.crawl.update import update
from ingest.hub import HubSource
from ingest.simulated.faults import Kind
from ingest.simulated.server import SimulatedHub
from lineage import snapshots
from lineage.errors import Incomplete, LineageError
from lineage.settings import Settings
from tests.crawl.worlds import FakeClock
from tests.faults.scenario import TODAY, Job, Scenario, after, before, clock, scenario

SEEDS = int(os.environ.get("LINEAGE_FAULT_SEEDS", "20"))
TRIES = 16
TIMEOUT = 1.0
"""Seconds without an answer: a stall takes longer, a page of a busy machine does not."""

CHILD = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from ingest.hub import HubSource
from ingest.crawl import crawl
from ingest.crawl.update import update
from lineage.errors import LineageError
from lineage.settings import Settings

home, url, job, moment, kill_at = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
seen, seconds = 0, 0.0
def hook(event, args):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link") and str(home) in str(args[0]):
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
def slept(pause):
    global seconds
    seconds += pause
sys.addaudithook(hook)
source = HubSource(url, False, clock=lambda: seconds, sleep=slept, timeout=float(sys.argv[6]))
try:
    {"crawl": crawl, "update": update}[job](Settings(home), source, now=lambda: datetime.fromisoformat(moment))
except LineageError as error:
    print(error)
    sys.exit(error.exit_code)
"""


class Homes:
    """Homes that hold the last snapshot, and what a run without any misfortune makes of them."""

    def __init__(self, folder: Path) -> None:
        self.before, self.after = before(), after()
        self._first = Settings(folder / "first")
        with SimulatedHub(self.before) as hub:
            self._base = crawl(self._first, HubSource(hub.url, False), now=lambda: TODAY)
        with SimulatedHub(self.after) as hub:
            homes = {job: self.copied(folder / job, hub.url) for job in ("crawl", "update")}
            source = HubSource(hub.url, False)
            self.whole = {
                "crawl": crawl(homes["crawl"], source, now=lambda: TODAY).rows().collect(),
                "update": update(homes["update"], source, now=lambda: TODAY).rows().collect(),
            }

    def copied(self, home: Path, url: str) -> Settings:
        """A home with the last snapshot, of the Hub at that address."""
        shutil.copytree(self._first.home, home)
        manifest = home / "snapshots" / self._base.manifest.id / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "endpoint": url}))
        return Settings(home)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(tmp_path_factory.mktemp("faults"))


def test_both_ways_see_the_same(homes: Homes):
    assert_frame_equal(homes.whole["crawl"], homes.whole["update"])
    assert homes.whole["crawl"].height == 4_440


def test_twenty_seeds_try_every_kind():
    drawn = [scenario(seed) for seed in range(20)]
    assert {fault.kind for each in drawn for fault in each.faults} == set(Kind)
    assert {fault.status for each in drawn for fault in each.faults} >= {429, 500, 502, 504}
    assert {each.job for each in drawn if each.kills} == {"crawl", "update"}
    assert {each.job for each in drawn if each.full} == {"crawl", "update"}
    assert any(min(each.jumps) < 0 for each in drawn)


@contextmanager
def full_disk(largest: int | None) -> Iterator[None]:
    """Files may not grow beyond that, as on a disk that has no room for more."""
    if largest is None:
        yield
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def killed(settings: Settings, url: str, job: Job, moment: datetime, kill_at: int) -> None:
    words = (settings.home, url, job, moment.isoformat(), kill_at, TIMEOUT)
    command = [sys.executable, "-c", CHILD, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (-signal.SIGKILL, 0, 1), done.stderr
    assert "Traceback" not in done.stderr


def attempt(settings: Settings, source: HubSource, job: Job, moment: datetime, fresh: bool) -> snapshots.Snapshot:
    run = {"crawl": crawl, "update": update}[job]
    return run(settings, source, fresh=fresh, now=lambda: moment)


def rows_of_the_hub(snapshot: snapshots.Snapshot) -> pl.DataFrame:
    """Its rows without those that only a fault brought."""
    return snapshot.rows().filter(pl.col("id").str.starts_with("sim-odd/").not_()).collect()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_it_is_the_same_snapshot(homes: Homes, tmp_path: Path, seed: int):
    plan = scenario(seed)
    moments = clock(plan.jumps)
    with SimulatedHub(homes.after, faults=plan.faults) as hub:
        settings = homes.copied(tmp_path / "home", hub.url)
        for kill_at in plan.kills:
            killed(settings, hub.url, plan.job, next(moments), kill_at)
        sealed = _until_sealed(settings, hub.url, plan, moments)
    assert_frame_equal(rows_of_the_hub(sealed), homes.whole[plan.job])
    assert sealed.manifest.complete
    sealed.verify()
    assert not list(settings.crawls.glob("*/"))
    assert not list(settings.snapshots.glob(".*/"))


def _until_sealed(settings: Settings, url: str, plan: Scenario, moments: Iterator[datetime]) -> snapshots.Snapshot:
    """Repeat the command as its errors say, until it is sealed."""
    before_it = {manifest.id for manifest in snapshots.listed(settings)}
    fresh, incomplete = False, 0
    for number in range(TRIES):
        waiting = FakeClock()
        source = HubSource(
            url, False, clock=waiting, sleep=waiting.sleep, chance=lambda: 0.5, timeout=TIMEOUT, patience=plan.patience
        )
        try:
            with full_disk(plan.full if number == 0 else None):
                return attempt(settings, source, plan.job, next(moments), fresh)
        except LineageError as error:
            said = str(error)
            assert any(word in said for word in ("kept", "same command", "--fresh", "again")), said
            assert {manifest.id for manifest in snapshots.listed(settings)} == before_it
            incomplete += isinstance(error, Incomplete)
            fresh = "--fresh starts over" in said or incomplete > 1
    raise AssertionError(f"not sealed after {TRIES} tries: {plan}")
