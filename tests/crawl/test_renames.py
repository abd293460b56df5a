"""A model that is called otherwise now keeps what derives from it, whoever still writes its old name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.crawl import crawl
from ingest.crawl.renames import COLUMNS, OldNames, followed
from ingest.crawl.update import update
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource, rows_world
from lineage.schema import LISTING
from lineage.snapshots import MANIFEST, Snapshot, opened
from tests.crawl.worlds import Raw, raw
from tests.reports.homes import run

FIRST = datetime(2024, 2, 1, tzinfo=UTC)
ROOT = "Qwen/Qwen3-8B"
KIDS = 10


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def clock(number: int):
    return lambda: day(number)


def one(number: int, id: str, *parents: str, changed: int | None = None) -> Raw:
    """A row with an `_id` of its own, last changed on that day."""
    when = {} if changed is None else {"lastModified": f"{day(changed) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z"}
    return {**raw(id, number, parents), "_id": f"{number:024x}", **when}


def world(mid: str, named: str, *more: Raw, changed: int | None = None) -> RowsSource:
    """The root, what derives from it under the name `mid`, and ten below, which write `named`."""
    kids = [one(100 + n, f"sim-k{n}/kid", named) for n in range(KIDS)]
    return rows_world([one(1, ROOT), one(2, mid, ROOT, changed=changed), *kids, *more], label="seed=1")


def said(settings, *command: str) -> dict[str, object]:
    done = run(settings.home, *command, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def hub() -> Iterator[SimulatedHub]:
    with SimulatedHub(world("sim-a/mid", "sim-a/mid")) as served:
        yield served


def derivatives(settings, snapshot: Snapshot) -> int:
    """Counted on a snapshot by the command, with the store loaded anew."""
    assert run(settings.home, "load", "--snapshot", snapshot.manifest.id, "-q").exit_code == 0
    counted = said(settings, "count", "qwen")
    return counted["results"][0]["counts"]["derivatives"]


@pytest.mark.parametrize("fetch", [update, crawl])
def test_what_derives_from_a_renamed_model_goes_on_deriving(hub, settings, source_of, fetch):
    crawl(settings, source_of(hub.url), now=clock(0))
    hub.show(world("sim-a/mid-v2", "sim-a/mid", changed=2))
    second = fetch(settings, source_of(hub.url), now=clock(3))
    assert second.manifest.aliases == (("sim-a/mid", "sim-a/mid-v2"),)
    assert derivatives(settings, second) == KIDS + 1
    told = said(settings, "diff")
    assert {kind: told["totals"][kind] for kind in ("new", "gone", "renamed", "moved")} == {
        "new": 0, "gone": 0, "renamed": 1, "moved": 0,
    }  # fmt: skip
    assert told["renamed"] == [{"before": "sim-a/mid", "after": "sim-a/mid-v2"}]
    lines = said(settings, "history", "qwen")["history"]
    assert [(line["counts"]["derivatives"], line["new"], line["gone"]) for line in lines] == [
        (KIDS + 1, None, None), (KIDS + 1, 0, 0),
    ]  # fmt: skip
    audited = said(settings, "audit")
    assert audited["stubs"] == 0
    assert said(settings, "model", "sim-k0/kid")["parents"][0]["id"] == "sim-a/mid-v2"


def test_pairs_are_carried_on_by_updates_and_crawls_and_chains_end_at_the_name_of_today(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    update(settings, source, now=clock(3))
    hub.show(world("sim-a/b", "sim-a/mid", one(50, "sim-z/fresh", changed=4), changed=2))
    assert update(settings, source, now=clock(5)).manifest.aliases == (("sim-a/mid", "sim-a/b"),)
    hub.show(world("sim-a/c", "sim-a/mid", one(50, "sim-z/fresh", changed=4), changed=6))
    chained = (("sim-a/b", "sim-a/c"), ("sim-a/mid", "sim-a/c"))
    third = crawl(settings, source, now=clock(7))
    assert third.manifest.aliases == chained
    assert derivatives(settings, third) == KIDS + 1
    fourth = crawl(settings, source, now=clock(8))
    assert fourth.manifest.aliases == chained


def test_a_name_taken_again_is_the_model_that_took_it(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    update(settings, source, now=clock(3))
    hub.show(world("sim-a/b", "sim-a/mid", one(60, "sim-a/mid", changed=4), changed=2))
    third = update(settings, source, now=clock(5))
    assert third.manifest.aliases == ()
    assert derivatives(settings, third) == 1
    assert said(settings, "diff")["totals"]["moved"] == KIDS


def test_names_that_change_places_are_two_models(hub, settings, source_of):
    source = source_of(hub.url)
    hub.show(world("sim-a/x", "sim-a/x", one(70, "sim-a/y")))
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/y", "sim-a/x", one(70, "sim-a/x", changed=2), changed=2))
    assert update(settings, source, now=clock(3)).manifest.aliases == ()


def test_a_successor_that_is_gone_is_no_name_for_anybody(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    update(settings, source, now=clock(3))
    hub.show(rows_world([one(1, ROOT), *(one(100 + n, f"sim-k{n}/kid", "sim-a/mid") for n in range(KIDS))]))
    last = crawl(settings, source, now=clock(4), accept_partial=True)
    assert last.manifest.aliases == ()


def away(*more: Raw) -> RowsSource:
    """The world while the model in the middle is private."""
    kids = [one(100 + n, f"sim-k{n}/kid", "sim-a/mid") for n in range(KIDS)]
    return rows_world([one(1, ROOT), *kids, *more], label="seed=1")


@pytest.mark.parametrize("fetch", [update, crawl])
@pytest.mark.parametrize("name", ["sim-a/b", "sim-a/c", "sim-a/mid"])
def test_a_model_that_was_away_comes_back_with_its_old_names(hub, settings, source_of, fetch, name):
    """Whatever it is called then; while it is away its old name is nobody's."""
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    crawl(settings, source, now=clock(3))
    hub.show(away())
    absent = crawl(settings, source, now=clock(4), accept_partial=True)
    assert absent.manifest.aliases == ()
    assert absent.manifest.former == (("sim-a/b", f"{2:024x}"), ("sim-a/mid", f"{2:024x}"))
    assert derivatives(settings, absent) == 0
    assert said(settings, "model", "sim-a/mid")["stub"] is True
    hub.show(away(one(60, "sim-z/fresh", changed=5)))
    fetch(settings, source, now=clock(6))
    hub.show(world(name, "sim-a/mid", one(60, "sim-z/fresh", changed=5), changed=7))
    back = fetch(settings, source, now=clock(8))
    others = sorted({"sim-a/b", "sim-a/mid"} - {name})
    assert back.manifest.aliases == tuple((old, name) for old in others)
    assert back.manifest.former == ()
    assert derivatives(settings, back) == KIDS + 1


@pytest.mark.parametrize("fetch", [update, crawl])
def test_a_model_that_was_renamed_while_it_was_away_keeps_what_derives_from_it(hub, settings, source_of, fetch):
    """Though it never had another name before it went."""
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(away())
    absent = crawl(settings, source, now=clock(3), accept_partial=True)
    assert absent.manifest.former == (("sim-a/mid", f"{2:024x}"),)
    assert derivatives(settings, absent) == 0
    hub.show(world("sim-a/b", "sim-a/mid", changed=4))
    back = fetch(settings, source, now=clock(5))
    assert (back.manifest.aliases, back.manifest.former) == ((("sim-a/mid", "sim-a/b"),), ())
    assert derivatives(settings, back) == KIDS + 1


def test_a_model_that_went_with_all_who_wrote_it_is_known_when_it_is_back(hub, settings, source_of):
    """A namespace that was private for a day; and nothing is kept of who had no children."""
    source = source_of(hub.url)
    hub.show(world("sim-a/mid", "sim-a/mid", one(60, "sim-z/alone")))
    crawl(settings, source, now=clock(0))
    hub.show(rows_world([one(1, ROOT)], label="seed=1"))
    gone = crawl(settings, source, now=clock(3), accept_partial=True)
    assert gone.manifest.former == (("sim-a/mid", f"{2:024x}"),)
    hub.show(world("sim-a/b", "sim-a/mid", changed=4))
    assert derivatives(settings, crawl(settings, source, now=clock(5))) == KIDS + 1


def test_a_rename_is_seen_beside_a_listing_that_ended_early(hub, settings, source_of):
    source = source_of(hub.url)
    others = [one(200 + n, f"sim-o{n}/other") for n in range(20)]
    hub.show(world("sim-a/mid", "sim-a/mid", *others))
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid"))
    early = crawl(settings, source, now=clock(2), accept_partial=True)
    assert not early.manifest.complete
    assert early.manifest.aliases == (("sim-a/mid", "sim-a/b"),)
    hub.show(world("sim-a/c", "sim-a/mid", *others))
    whole = crawl(settings, source, now=clock(4))
    assert whole.manifest.complete
    assert whole.manifest.aliases == (("sim-a/b", "sim-a/c"), ("sim-a/mid", "sim-a/c"))
    assert [derivatives(settings, snapshot) for snapshot in (early, whole)] == [KIDS + 1] * 2
    lines = said(settings, "history", "qwen")["history"]
    assert [(line["counts"]["derivatives"], line["new"], line["gone"], line["left"]) for line in lines] == [
        (KIDS + 1, None, None, None), (KIDS + 1, 0, 0, 0), (KIDS + 1, 0, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("fetch", [update, crawl])
def test_a_familys_root_that_is_called_otherwise_now_stays_its_root(hub, settings, source_of, fetch):
    """Though no pattern of the registry knows the new name, and children write either."""
    source = source_of(hub.url)
    before = crawl(settings, source, now=clock(0))
    assert derivatives(settings, before) == KIDS + 1
    kids = [one(100 + n, f"sim-k{n}/kid", "sim-a/mid") for n in range(KIDS)]
    fresh = one(300, "sim-z/fresh", "sim-q/eight", changed=2)
    hub.show(rows_world([one(1, "sim-q/eight", changed=2), one(2, "sim-a/mid", ROOT), *kids, fresh], label="seed=1"))
    assert derivatives(settings, fetch(settings, source, now=clock(3))) == KIDS + 2
    lines = said(settings, "history", "qwen")["history"]
    assert [(line["members"], line["new"], line["gone"], line["left"]) for line in lines] == [
        (1, None, None, None), (1, 1, 0, 0),
    ]  # fmt: skip


def test_an_old_name_that_another_took_meanwhile_does_not_come_back(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    crawl(settings, source, now=clock(3))
    hub.show(away(one(60, "sim-a/mid", changed=4)))
    taken = crawl(settings, source, now=clock(5), accept_partial=True)
    assert taken.manifest.former == (("sim-a/b", f"{2:024x}"),)
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    assert crawl(settings, source, now=clock(7), accept_partial=True).manifest.aliases == ()


def test_a_manifest_from_before_there_were_former_names_is_read_and_verified(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    made = crawl(settings, source, now=clock(3))
    old = {name: told for name, told in json.loads(made.manifest.to_json()).items() if name != "former"}
    (made.path / MANIFEST).write_text(json.dumps(old), encoding="utf-8")
    read = opened(settings, made.manifest.id)
    read.verify()
    assert (read.manifest.aliases, read.manifest.former) == ((("sim-a/mid", "sim-a/b"),), ())


def test_a_snapshot_before_that_cannot_be_read_costs_no_old_name(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    damaged = crawl(settings, source, now=clock(3))
    (damaged.path / damaged.manifest.parts[0].name).unlink()
    assert crawl(settings, source, now=clock(4)).manifest.aliases == (("sim-a/mid", "sim-a/b"),)


@pytest.mark.parametrize("fetch", [update, crawl])
def test_an_old_name_is_not_handed_to_another_model_that_takes_the_new_one(hub, settings, source_of, fetch):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/mid", changed=2))
    update(settings, source, now=clock(3))
    kids = [one(100 + n, f"sim-k{n}/kid", "sim-a/mid") for n in range(KIDS)]
    other = one(700, "sim-a/b", changed=4)
    hub.show(rows_world([one(1, ROOT), other, *kids], label="seed=1"))
    last = fetch(settings, source, now=clock(5))
    assert last.manifest.aliases == ()
    assert derivatives(settings, last) == 0


def test_an_old_name_that_no_row_writes_any_more_still_finds_its_model(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    hub.show(world("sim-a/b", "sim-a/b", changed=2))
    renamed = update(settings, source, now=clock(3))
    assert run(settings.home, "load", "--snapshot", renamed.manifest.id, "-q").exit_code == 0
    told = said(settings, "model", "sim-a/mid")
    assert told["id"] == "sim-a/b"
    found = said(settings, "search", "sim-a/mid")
    assert [model["id"] for model in found["results"]] == ["sim-a/b"]
    assert "sim-a/mid is now sim-a/b." in found["notes"]


NAMES = st.sampled_from("abcdef")


IDS = st.sampled_from("1234")
LISTINGS = st.dictionaries(NAMES, st.none() | IDS, max_size=5).map(
    lambda named: {
        id: hub for id, hub in named.items() if hub is None or next(k for k, h in named.items() if h == hub) == id
    }
)


def rows_of(listing: dict[str, str | None], written: Iterable[str] = ()) -> pl.LazyFrame:
    """Models by id, one of which writes those parents, each in another column."""
    ids, hubs = [*listing, "writer"], [*listing.values(), "writer"]
    parents = sorted(written)
    shared = {column: [*[[]] * len(listing), parents[at::3]] for at, column in enumerate(COLUMNS[2:])}
    typed = [f"quantized:{name.upper()}" for name in shared["base_tags"].pop()]
    schema = {name: LISTING[name] for name in COLUMNS}
    return pl.LazyFrame({"hub_id": hubs, "id": ids, **shared, "base_tags": [*shared["base_tags"], typed]}, schema)


def walked(listings: list[dict[str, str | None]]) -> Iterator[tuple[dict[str, str | None], OldNames]]:
    """Each listing after the first, with the old names that hold then."""
    known = OldNames()
    for before, after in pairwise(listings):
        known = followed(known, rows_of(after), rows_of(before))
        yield after, known


@given(st.lists(LISTINGS, min_size=2, max_size=6))
def test_every_old_name_leads_in_one_step_to_a_live_one_and_none_is_live(listings):
    for after, known in walked(listings):
        assert not set(dict(known.aliases)) & set(after)
        assert set(dict(known.aliases).values()) <= set(after)


@given(st.lists(st.tuples(st.dictionaries(IDS, NAMES, max_size=4), st.sets(NAMES)), min_size=2, max_size=6))
def test_an_old_name_means_who_had_it_last_and_nobody_while_that_one_is_away(seen):
    """Held against the whole past, where every `_id` is told: the names of each model, and who wrote which."""
    listings = [({id: hub for hub, id in named.items()}, written) for named, written in seen]
    names: dict[str, set[str]] = {}
    known = OldNames()
    for (before, wrote), (after, written) in pairwise(listings):
        known = followed(known, rows_of(after, written), rows_of(before, wrote))
        then, now = ({hub: id for id, hub in listing.items()} for listing in (before, after))
        for hub, id in then.items():
            if hub in now or names.get(hub, {id}) != {id} or id in wrote | written:
                names[hub] = names.get(hub, set()) | {id}
        names = {hub: {id for id in had if id not in after} for hub, had in names.items()}
        names = {hub: had for hub, had in names.items() if had}
        led = {(old, now[hub]) for hub, had in names.items() if hub in now for old in had}
        assert set(known.aliases) == led
        assert set(known.former) == {(old, hub) for hub, had in names.items() if hub not in now for old in had}


@given(st.lists(LISTINGS, min_size=1, max_size=4), LISTINGS)
def test_absence_changes_nothing_in_the_end(absences, last):
    """Whoever is listed again under a name of its own has the old names that it would have had all along."""
    first = {f"old{id}": hub for id, hub in last.items() if hub is not None}
    ((_, wanted),) = walked([first, last])
    there = [{id: hub for id, hub in last.items() if id not in gone} for gone in absences]
    *_, (_, found) = walked([first, last, *there, last])
    assert found == wanted


def test_a_model_made_anew_under_a_gone_ones_name_is_new_for_update_and_diff_alike(hub, settings, source_of):
    source = source_of(hub.url)
    crawl(settings, source, now=clock(0))
    others = [one(100 + n, f"sim-k{n}/kid", "sim-a/mid") for n in range(KIDS)]
    hub.show(rows_world([one(1, ROOT), one(500, "sim-a/mid", ROOT, changed=2), *others], label="seed=1"))
    note = update(settings, source, now=clock(3)).manifest.notes[0]
    assert ": 1 new, 0 changed, 0 renamed (and 1 gone, whose names others took); it took" in note
    totals = said(settings, "diff")["totals"]
    assert (totals["new"], totals["gone"], totals["renamed"]) == (1, 1, 0)
