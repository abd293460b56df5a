from __future__ import annotations

import json
import random
import shlex
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ingest.crawl import crawl
from ingest.hub import HubSource
from ingest.simulated.faults import Fault, Kind, once, status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage import locks, snapshots
from lineage.errors import AlreadyRunning, Damaged, Fatal, HubBusy, Incomplete, Interrupted, Refused
from lineage.schema import LISTING
from lineage.settings import Settings
from tests.crawl.worlds import crowd, ids, raw

LABEL = "seed=7; models=6000"
WORLD = crowd(6_500)
PAGES = 7
SEAM = 2
"""Pages at most that both chains ask for, so that each holds the place where they met."""
ODD_WORLD = rows_world([*WORLD, {"id": 7, "createdAt": "2024-01-01T00:00:30.000Z"}])
FAILING = 6
"""Answers after which two chains with a patience of 5 s give up: each waits 1 and 2 s, and would wait 4."""

CHILD = """
import os, resource, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from ingest.crawl import crawl
from ingest.hub import HubSource
from lineage.errors import LineageError
from lineage.settings import Settings

home, url, kill_at, largest = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if largest:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
seen = 0
def hook(event, args):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir") and str(home) in str(args[0]):
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
try:
    snapshot = crawl(Settings(home), HubSource(url, False), now=lambda: datetime(2026, 11, 24, tzinfo=UTC))
except LineageError as error:
    print(error)
    sys.exit(error.exit_code)
print(seen)
"""


def child(home: Path, url: str, kill_at: int = 0, largest_file: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(home), url, str(kill_at), str(largest_file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd())


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


def essence(manifest: snapshots.Manifest) -> tuple[object, ...]:
    """All of a manifest that must not depend on what went wrong on the way."""
    return (manifest.id, manifest.parts, manifest.quarantine, manifest.sha256, manifest.models, manifest.complete)


def test_the_whole_hub_is_sealed(settings, source_of, now):
    shown = []
    with SimulatedHub(rows_world(WORLD, label=LABEL)) as hub:
        snapshot = crawl(settings, source_of(hub.url), now=now, progress=shown.append)
        assert PAGES <= len(hub.requests) <= PAGES + SEAM
        assert {"direction=1" in request.query for request in hub.requests} == {True, False}
        assert not any("base_model" in request.query for request in hub.requests)
    manifest = snapshot.manifest
    assert set(snapshot.rows().collect()["id"]) == ids(WORLD)
    assert snapshot.rows().collect_schema() == pl.Schema(LISTING)
    assert (manifest.id, manifest.scope, manifest.kind) == ("hub-20261124T055412Z", "hub", "crawl")
    assert PAGES <= manifest.pages <= manifest.requests == len(hub.requests)
    assert (manifest.rows, manifest.models) == (6_500, 6_500)
    assert manifest.repeated <= SEAM * 1_000
    assert (manifest.source, manifest.simulated) == ("simulated Hub, seed 7", True)
    assert manifest.as_of == manifest.started_at < manifest.finished_at
    assert manifest.watermark == datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=6_499 + 5)
    assert manifest.complete
    assert manifest.card
    assert "cardData" in manifest.fields
    assert not list(settings.crawls.glob("*/"))
    snapshot.verify()
    assert [p.rows for p in shown] == sorted({p.rows for p in shown})
    assert shown[-1].rows == 6_500 + manifest.repeated
    assert (shown[-1].pages, shown[-1].requests) == (manifest.pages, manifest.requests)


def test_without_card(settings, source_of, now):
    with SimulatedHub(rows_world([raw("a/b", 1, cardData={"base_model": "x/y"})])) as hub:
        manifest = crawl(settings, source_of(hub.url), card=False, now=now).manifest
        assert "cardData" not in hub.requests[0].query
    assert not manifest.card
    assert "cardData" not in manifest.fields


def test_progress_knows_the_end_from_the_last_snapshot(settings, source_of, now):
    shown = []
    with SimulatedHub(rows_world(WORLD)) as hub:
        crawl(settings, source_of(hub.url), now=now)
        crawl(settings, source_of(hub.url), now=now, progress=shown.append)
    assert {p.total for p in shown} == {6_500}
    assert shown[-1].left == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[snapshots.Manifest, int]:
    """The snapshot of a crawl that nothing happened to, and how often it touched the disk."""
    home = tmp_path_factory.mktemp("undisturbed")
    with SimulatedHub(ODD_WORLD) as hub:
        code, out = ended(child(home, hub.url))
    assert code == 0, out
    manifest = snapshots.opened(Settings(home)).manifest
    assert (manifest.models, manifest.quarantined) == (6_500, 1)
    return manifest, int(out)


def committed(settings: Settings) -> set[str]:
    """The queries of the pages that are kept."""
    files = settings.crawls.glob("hub/*/page-*")
    heads = [head for file in files for head in json.loads(pl.read_parquet_metadata(file)["lineage"])["heads"]]
    return {head["request"].partition("?")[2] for head in heads}


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere_and_resumed_it_is_the_same_snapshot(settings, undisturbed, seed):
    chance = random.Random(seed)
    whole, events = undisturbed
    with SimulatedHub(ODD_WORLD) as hub:
        for kill_at in (chance.randrange(1, events), chance.randrange(1, events), events - chance.randrange(12), 0):
            kept = committed(settings)
            del hub.requests[:]
            code, out = ended(child(settings.home, hub.url, kill_at))
            assert not kept & {request.query for request in hub.requests}
            if code == 0:
                break
            assert code == -signal.SIGKILL, out
            if snapshots.listed(settings) and not (settings.crawls / "hub").exists():
                break
    resumed = snapshots.opened(settings).manifest
    assert essence(resumed) == essence(whole)
    assert resumed.started_at == whole.started_at
    assert not (settings.crawls / "hub").exists()
    snapshots.opened(settings).verify()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_the_command_that_resumes(settings, number):
    with SimulatedHub(rows_world(WORLD), faults=[Fault(Kind.STALL, 4, 2, seconds=60)]) as hub:
        process = child(settings.home, hub.url)
        wait_for(lambda: len(committed(settings)) == 3)
        threading.Event().wait(0.2)
        process.send_signal(number)
        code, out = ended(process)
        assert code == 3
        assert "3 pages are kept" in out
        assert f"lineage --home {settings.home} crawl" in out
        hub.mend()
        code, out = ended(child(settings.home, hub.url))
        assert code == 0, out
    assert snapshots.opened(settings).manifest.models == 6_500


def wait_for(truth) -> None:
    for _ in range(2_400):
        if truth():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came")


def test_a_hub_that_stays_busy_loses_nothing(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD), faults=[status(504, first=4, count=FAILING)]) as hub:
        with pytest.raises(HubBusy, match="kept"):
            crawl(settings, source_of(hub.url, patience=5.0), now=now)
        kept = committed(settings)
        del hub.requests[:]
        assert crawl(settings, source_of(hub.url), now=now).manifest.models == 6_500
        assert len(kept) == 3
        assert not kept & {request.query for request in hub.requests}


def test_the_resume_command_repeats_the_options(settings, source_of, now, monkeypatch):
    source = source_of("http://127.0.0.1:1")
    monkeypatch.setattr(source, "fetch", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setenv("LINEAGE_HOME", str(settings.home))
    scope = ("qwen", "a/b")
    with pytest.raises(Interrupted) as caught:
        crawl(settings, source, scope=scope, depth=2, max_requests=9, card=False, accept_partial=True, now=now)
    words = "lineage crawl qwen a/b --depth 2 --max-requests 9 --no-card --accept-partial"
    assert caught.value.resume == words
    assert shlex.split(caught.value.resume) == words.split()


FAULTS = {
    "429": [status(429, first=2, count=3, seconds=20)],
    "storm": [status(429, first=3, count=10, seconds=200)],
    "500": [status(500, first=1, count=2)],
    "502": [status(502, first=3, count=4)],
    "504": [status(504, first=7, count=4)],
    "truncated": [once(Kind.TRUNCATED, 3), once(Kind.TRUNCATED, 6)],
    "html": [once(Kind.HTML, 2), once(Kind.HTML, 3)],
    "reset": [once(Kind.RESET, 1), once(Kind.RESET, 5)],
    "stall": [once(Kind.STALL, 4, seconds=60)],
    "duplicate": [once(Kind.DUPLICATE, 4)],
    "all": [
        status(429, first=2, seconds=20),
        once(Kind.RESET, 4),
        once(Kind.HTML, 6),
        status(500, first=8),
        once(Kind.TRUNCATED, 10),
        once(Kind.DUPLICATE, 12),
    ],
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_goes_wrong_on_the_wire_it_is_the_same_snapshot(settings, source_of, now, name):
    with SimulatedHub(rows_world(WORLD, label=LABEL), faults=FAULTS[name]) as hub:
        snapshot = crawl(settings, source_of(hub.url, timeout=1.0 if name == "stall" else 60.0), now=now)
        asked = Counter(request.query for request in hub.requests if request.status == 200)
    assert set(snapshot.rows(["id"]).collect()["id"]) == ids(WORLD)
    assert snapshot.manifest.complete
    assert PAGES <= len(asked) <= PAGES + SEAM


def test_no_429_is_earned_on_a_small_quota(settings, source_of, now, clock):
    with SimulatedHub(rows_world(WORLD), quota=3, window=300, clock=clock) as hub:
        crawl(settings, source_of(hub.url), now=now)
        assert {request.status for request in hub.requests} == {200}


def test_an_early_end_of_one_chain_is_made_good_by_the_other(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD), faults=[once(Kind.EARLY_END, 3)]) as hub:
        manifest = crawl(settings, source_of(hub.url), now=now).manifest
    assert (manifest.models, manifest.complete) == (6_500, True)


BOTH_END = [Fault(Kind.EARLY_END, 3, 2)]


def test_an_early_end_of_both_is_not_sealed(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD)) as hub:
        full = crawl(settings, source_of(hub.url), fresh=True, now=now)
    with SimulatedHub(rows_world(WORLD), faults=BOTH_END, port=port(hub)) as hub:
        with pytest.raises(Incomplete, match=r"ended after 4,000 rows.*before the two had met.*--accept-partial"):
            crawl(settings, source_of(hub.url), now=now)
        assert [m.id for m in snapshots.listed(settings)] == [full.manifest.id]
        assert len(committed(settings)) == 4
        again = crawl(settings, source_of(hub.url), now=now)
    assert again.manifest.sha256 == full.manifest.sha256


def test_an_early_end_of_both_can_be_accepted(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD), faults=BOTH_END) as hub:
        with pytest.raises(Incomplete):
            crawl(settings, source_of(hub.url), now=now)
        del hub.requests[:]
        partial = crawl(settings, source_of(hub.url), accept_partial=True, now=now).manifest
        assert hub.requests == []
    assert (partial.models, partial.complete) == (4_000, False)
    assert partial.notes[0] == (
        "The listing of hub ended after 4,000 rows, from the oldest and from the newest model alike, before the two "
        "had met: some in the middle are missing. Sealed as it is, by --accept-partial."
    )


def test_a_hub_that_lost_much_is_not_sealed(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD)) as hub:
        crawl(settings, source_of(hub.url), now=now)
        hub.show(rows_world(WORLD[:6_300]))
        with pytest.raises(Incomplete, match=r"ended after 6,300 rows.*has 6,500.*--fresh"):
            crawl(settings, source_of(hub.url), now=now)


def port(hub: SimulatedHub) -> int:
    return int(hub.url.rpartition(":")[2])


def test_a_hub_that_shrank_a_little_is_sealed(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD)) as hub:
        crawl(settings, source_of(hub.url), now=now)
        hub.show(rows_world(WORLD[:6_400]))
        assert crawl(settings, source_of(hub.url), now=now).manifest.complete


def test_a_hub_without_models_is_not_sealed(settings, source_of, now):
    with SimulatedHub(rows_world([])) as hub, pytest.raises(Incomplete, match="no model at all"):
        crawl(settings, source_of(hub.url), now=now)


@pytest.mark.parametrize("change", ["card", "endpoint"])
def test_another_plan_refuses_the_pages_until_told_fresh(settings, source_of, now, change):
    failing = SimulatedHub(rows_world(WORLD), faults=[status(500, first=3, count=FAILING)])
    with failing as hub, pytest.raises(HubBusy):
        crawl(settings, source_of(hub.url, patience=5.0), now=now)
    with SimulatedHub(rows_world(WORLD)) as other:
        kept = sorted(settings.crawls.glob("hub/*/page-*"))
        assert kept
        url = hub.url if change == "card" else other.url
        with pytest.raises(Refused, match=f"{'cardData' if change == 'card' else 'endpoint'}.*--fresh"):
            crawl(settings, source_of(url), card=change != "card", now=now)
        assert sorted(settings.crawls.glob("hub/*/page-*")) == kept
        assert other.requests == []
        sealed = crawl(settings, source_of(other.url), card=change != "card", fresh=True, now=now)
        assert sealed.manifest.models == 6_500


def bad_rows(count: int) -> list[dict[str, object]]:
    return [{"id": n, "createdAt": f"2024-01-01T00:00:{n % 60:02}.000Z"} for n in range(count)]


def test_too_many_bad_rows_fail_a_large_crawl_and_keep_its_pages(settings, source_of, now):
    with SimulatedHub(rows_world([*crowd(10_000), *bad_rows(11)])) as hub:
        with pytest.raises(Fatal, match=r"11 of 10,011 rows could not be read.*bad-id-type \(11\)"):
            crawl(settings, source_of(hub.url), now=now)
        del hub.requests[:]
        with pytest.raises(Fatal, match="11 of 10,011"):
            crawl(settings, source_of(hub.url), now=now)
        assert hub.requests == []
        assert len(committed(settings)) >= 11
    assert snapshots.listed(settings) == ()


@pytest.mark.parametrize(("models", "bad"), [(10_000, 10), (7_000, 700)])
def test_few_bad_rows_or_a_small_crawl_are_sealed_with_their_quarantine(settings, source_of, now, models, bad):
    with SimulatedHub(rows_world([*crowd(models), *bad_rows(bad)])) as hub:
        snapshot = crawl(settings, source_of(hub.url), now=now)
    manifest = snapshot.manifest
    assert (manifest.rows, manifest.models, manifest.quarantined) == (models + bad, models, bad)
    assert snapshot.quarantined().height == bad


def test_a_crawl_of_bad_rows_is_stopped_early(settings, source_of, now):
    world = rows_world([*bad_rows(12_000), *crowd(5_000)])
    with SimulatedHub(world) as hub, pytest.raises(Fatal, match="could not be read"):
        crawl(settings, source_of(hub.url), now=now)
    assert snapshots.listed(settings) == ()


def test_two_crawls_of_one_scope_do_not_run_at_once(settings, source_of, now):
    with SimulatedHub(rows_world([raw("a/b", 1)])) as hub:
        lock = locks.exclusive(settings.crawls / "hub.lock", "process 12345")
        with lock, pytest.raises(AlreadyRunning, match=r"process 12345.*never needs removing"):
            crawl(settings, source_of(hub.url), now=now)
        crawl(settings, source_of(hub.url), now=now)


def test_a_lock_left_by_a_dead_process_is_no_obstacle(settings, source_of, now, caplog):
    caplog.set_level("INFO")
    settings.crawls.mkdir(parents=True)
    (settings.crawls / "hub.lock").write_text("process 4194305")
    with SimulatedHub(rows_world([raw("a/b", 1)])) as hub:
        crawl(settings, source_of(hub.url), now=now)
    assert "a run on hub ended without finishing (process 4194305)" in caplog.text


@pytest.mark.parametrize("how", ["cut", "empty", "inside"])
def test_a_damaged_page_is_named(settings, source_of, now, how):
    with SimulatedHub(rows_world(WORLD), faults=[status(500, first=4, count=FAILING)]) as hub:
        with pytest.raises(HubBusy):
            crawl(settings, source_of(hub.url, patience=5.0), now=now)
        page = next(settings.crawls.glob("hub/*/page-000000.parquet"))
        data = bytearray(page.read_bytes())
        if how == "inside":
            data[4:2_000] = bytes(1_996)
        page.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "inside": data}[how])
        with pytest.raises(Damaged, match=r"page-000000\.parquet.*--fresh"):
            crawl(settings, source_of(hub.url), now=now)


def test_a_full_disk_keeps_the_pages(settings, source_of, now):
    with SimulatedHub(rows_world(WORLD)) as hub:
        code, out = ended(child(settings.home, hub.url, largest_file=40_000))
        assert code == 1
        assert "No room left" in out
        assert not list(settings.snapshots.glob("*/"))
        assert crawl(settings, source_of(hub.url), now=now).manifest.models == 6_500


def test_nothing_kept_holds_the_token(settings, source_of, now):
    secret = "hf_averysecrettokenofmine"
    faults = [status(500, first=4, count=FAILING)]
    with SimulatedHub(rows_world(WORLD), tokens=[secret], faults=faults) as hub:
        with pytest.raises(HubBusy):
            crawl(settings, source_of(hub.url, secret, patience=5.0), now=now)
        written = [path.read_bytes() for path in settings.home.rglob("*") if path.is_file()]
        crawl(settings, source_of(hub.url, secret), now=now)
        written += [path.read_bytes() for path in settings.home.rglob("*") if path.is_file()]
        assert all(request.had_token for request in hub.requests)
    assert len(written) >= 3
    assert not any(secret.encode() in data for data in written)


class TheHub(HubSource):
    real = True


def test_the_real_hub_is_never_called_simulated(settings, source_of, now):
    with SimulatedHub(rows_world([raw("a/b", 1)], label="seed=1")) as hub:
        manifest = crawl(settings, TheHub(hub.url, False), now=now).manifest
    assert not manifest.simulated
    assert "simulated" not in json.loads(manifest.to_json())["source"]
