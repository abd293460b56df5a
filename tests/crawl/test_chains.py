"""Two chains through one listing: wherever they meet, whatever becomes of one of them, every model is there."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.commands import costs
from ingest.crawl import chain, crawl
from ingest.hub import HubSource
from ingest.hub.pacing import Rate
from ingest.hub.spending import Spending, Spent
from ingest.simulated.faults import Fault, Kind
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage.errors import HubBusy, Refused
from tests.crawl.worlds import crowd, ids, raw

DOWNWARDS, UPWARDS = "direction=-1", "direction=1"


@pytest.mark.parametrize("count", [1, 999, 1_000, 1_001, 2_000, 2_001, 3_000, 5_999, 6_000, 6_001])
def test_wherever_they_meet_all_is_there(settings, source_of, now, count):
    world = crowd(count)
    with SimulatedHub(rows_world(world)) as hub:
        snapshot = crawl(settings, source_of(hub.url), now=now)
        assert len(hub.requests) <= -(-count // 1_000) + 2
    assert set(snapshot.rows(["id"]).collect()["id"]) == ids(world)
    assert snapshot.manifest.complete


@pytest.mark.parametrize(("ahead", "most", "waits"), [(0, 1 << 30, False), (1, 1 << 30, False), (0, 1, True)])
def test_pages_that_wait_for_the_parse_wait_packed(settings, source_of, now, monkeypatch, ahead, most, waits):
    monkeypatch.setattr(chain, "AHEAD", ahead)
    monkeypatch.setattr(chain, "MOST", most)
    world = crowd(12_000)
    with SimulatedHub(rows_world(world)) as hub:
        source = source_of(hub.url)
        snapshot = crawl(settings, source, now=now)
    assert set(snapshot.rows(["id"]).collect()["id"]) == ids(world)
    assert (source.spending.so_far.held > 0) == waits


def test_a_hub_that_grows_meanwhile(settings, source_of, now):
    world = crowd(9_000)
    later = [raw(f"new/n{n}", 20_000 + n) for n in range(1_500)]
    with SimulatedHub(rows_world(world), latency=0.02) as hub:
        snapshot = crawl(
            settings, source_of(hub.url), now=now, progress=lambda _: hub.show(rows_world([*world, *later]))
        )
    assert set(snapshot.rows(["id"]).collect()["id"]) >= ids(world)
    assert snapshot.manifest.complete


@pytest.mark.parametrize("direction", [UPWARDS, DOWNWARDS])
@pytest.mark.parametrize("first", [1, 3])
@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.REJECTED])
def test_where_one_fails_for_good_the_other_goes_on(settings, source_of, now, caplog, direction, first, kind):
    fault = Fault(kind, first, 1 << 20, status=504, query=f"{direction}&")
    world = crowd(9_500)
    with SimulatedHub(rows_world(world), faults=[fault], latency=0.05) as hub:
        snapshot = crawl(settings, source_of(hub.url, patience=5.0), now=now)
    assert set(snapshot.rows(["id"]).collect()["id"]) == ids(world)
    assert snapshot.manifest.complete
    assert "the other has listed all the same" in caplog.text


@pytest.mark.parametrize(("kind", "error"), [(Kind.STATUS, HubBusy), (Kind.REJECTED, Refused)])
def test_where_both_fail_it_says_why(settings, source_of, now, kind, error):
    failing = SimulatedHub(rows_world(crowd(6_500)), faults=[Fault(kind, 3, 1 << 20, status=504)])
    with failing as hub, pytest.raises(error):
        crawl(settings, source_of(hub.url, patience=5.0), now=now)
    with SimulatedHub(rows_world(crowd(6_500)), port=int(hub.url.rpartition(":")[2])) as hub:
        assert crawl(settings, source_of(hub.url), now=now).manifest.models == 6_500


def test_a_page_left_out_is_missed_whole_or_not_at_all(settings, source_of, now):
    """Half a page lost where they meet would be too little for anyone to notice."""
    world = crowd(4_300)
    for number in (2, 3, 4, 5):
        with SimulatedHub(rows_world(world), faults=[Fault(Kind.MISSING, number)], latency=0.01) as hub:
            snapshot = crawl(settings, source_of(hub.url), now=now, fresh=True)
        lost = ids(world) - set(snapshot.rows(["id"]).collect()["id"])
        assert len(lost) in (0, 1_000)
        shutil.rmtree(settings.home)


def crawled(home: Path, hub: SimulatedHub, *words: str) -> Result:
    """The command, of that Hub into that home."""
    env = {"LINEAGE_HOME": str(home), "HF_ENDPOINT": hub.url}
    return CliRunner().invoke(main, ["crawl", "--no-load", *words], env=env)


def test_the_cost_is_told(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("ingest.hub.HubSource", partial(HubSource, clock=clock, sleep=clock.sleep))
    with SimulatedHub(rows_world(crowd(5_500)), quota=4, window=300, clock=clock) as hub:
        told, said = crawled(tmp_path, hub, "--json"), crawled(tmp_path, hub)
    assert (told.exit_code, said.exit_code) == (0, 0)
    facts = json.loads(told.stdout)
    cost = facts["cost"]
    assert 6 <= cost["pages"] <= cost["requests"] <= 8
    assert (cost["quota"], cost["window"], cost["retries"]) == (4, 300, 0)
    assert (cost["floor"], cost["no_floor"]) == (300, None)
    assert cost["ratio"] == pytest.approx(cost["seconds"] / 300, abs=0.001)
    assert cost["bytes"] > 1_000
    assert 200 < cost["waited"] <= cost["seconds"]
    assert (cost["resumed"], cost["pages_in_all"], cost["requests_in_all"]) == (
        False,
        facts["pages"],
        facts["requests"],
    )
    assert "where 4 requests in 300 s make 300 s the floor" in said.stdout
    assert "this run" not in said.stdout


def test_two_that_wait_at_once_hold_a_run_back_no_longer_than_one():
    spending = Spending()
    moments = iter([0.0, 1.0, 5.0, 9.0, 20.0, 22.0])
    spending.sent(0.0)
    with spending.waiting(lambda: next(moments)), spending.waiting(lambda: next(moments)):
        assert spending.so_far.waited == 0
        spending.read(4.0)
        assert spending.so_far.waited == 4
    with spending.resting(lambda: next(moments)):
        pass
    spending.read(30.0)
    spent = spending.so_far
    assert (spent.waited, spent.rested, spent.retries, spent.seconds) == (9, 2, 1, 30)


def test_a_run_that_goes_on_says_what_is_its_own(tmp_path):
    refused = Fault(Kind.REJECTED, 3, 1 << 20)
    with SimulatedHub(rows_world(crowd(9_500)), faults=[refused]) as hub:
        assert crawled(tmp_path, hub, "-q").exit_code == 1
    homes = [tmp_path, tmp_path.with_name("other")]
    shutil.copytree(*homes)
    with SimulatedHub(rows_world(crowd(9_500)), port=int(hub.url.rpartition(":")[2])) as hub:
        told, done = crawled(homes[0], hub, "--json"), crawled(homes[1], hub)
    assert (told.exit_code, done.exit_code) == (0, 0)
    facts, said = json.loads(told.stdout), done.stdout
    cost = facts["cost"]
    assert cost["resumed"]
    assert 0 < cost["pages"] < facts["pages"] == cost["pages_in_all"]
    assert 0 < cost["requests"] < facts["requests"] == cost["requests_in_all"]
    own = r"^this run: \d+ requests for \d+ pages, in all \d+ requests for the \d+ pages kept; "
    assert re.search(own, said, re.MULTILINE), said


def spent_on(pages: int, rate: Rate | None) -> Spent:
    spending = Spending()
    for page in range(pages):
        spending.sent(page * 21.0)
        spending.received(1, rate)
        spending.read(page * 21.0)
    return spending.so_far


@pytest.mark.parametrize(("pages", "floor"), [(1, None), (20, None), (21, 400), (40, 400), (41, 800)], ids=str)
def test_the_floor_is_the_windows_that_must_end_before_the_last_page(pages, floor):
    spent = spent_on(pages, Rate(1, 1, 20, 400))
    assert (spent.floor, spent.seconds) == (floor, 21.0 * (pages - 1))
    assert spent.ratio == (floor and pytest.approx(spent.seconds / floor))


@pytest.mark.parametrize(
    ("pages", "rate", "why"),
    [
        (21, Rate(1, 1, 20, 400), None),
        (20, Rate(1, 1, 20, 400), "within the first window of 20 requests in 400 s"),
        (20, Rate(1, 1), "the server told no quota"),
        (20, None, "the server told no quota"),
    ],
)
def test_where_there_is_no_floor_it_says_why(pages, rate, why):
    spent = spent_on(pages, rate)
    told = costs.facts(spent, pages=pages, requests=pages)
    assert (told["no_floor"], told["floor"] is None) == (why, why is not None)
    assert ("no floor: " in costs.sentence(spent, pages=pages, requests=pages)) == (why is not None)
    assert (why or "the floor") in costs.sentence(spent, pages=pages, requests=pages)
