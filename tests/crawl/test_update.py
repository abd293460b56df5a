from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingest.crawl import crawl
from ingest.crawl.update import OVERLAP, Unchanged, due, update
from ingest.simulated.faults import Kind, once, status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from ingest.simulated.world import World
from lineage import checked, deltas, locks, snapshots
from lineage.checked import Checked
from lineage.errors import AlreadyRunning, HubBusy, Incomplete, NoData
from lineage.schema import LISTING
from lineage.settings import Settings
from tests.crawl.worlds import BEGAN, crowd, raw

SEED = 5
ALL_AT_ONCE = ["id", "hub_id", "author", "created_at", "last_modified", "license"]


def days(count: int) -> list[World]:
    return [World(4_000, SEED, day=day) for day in range(count)]


def clock_of(moment: datetime):
    return lambda: moment


def essence(snapshot: snapshots.Snapshot) -> pl.DataFrame:
    return snapshot.rows().collect()


def promised(snapshot: snapshots.Snapshot) -> pl.DataFrame:
    """Its rows, after a look at whether they are sorted and one a model."""
    rows = snapshot.rows().collect()
    assert rows.schema == pl.Schema(LISTING)
    assert rows["id"].n_unique() == rows.height == snapshot.manifest.models
    known = rows["hub_id"].drop_nulls()
    assert known.n_unique() == len(known)
    assert_frame_equal(rows.select("hub_id", "id"), rows.select("hub_id", "id").sort("hub_id", "id", nulls_last=True))
    assert_frame_equal(rows, snapshot.rows().collect(engine="streaming"))
    assert snapshot.rows(["likes"]).collect()["likes"].to_list() == rows["likes"].to_list()
    snapshot.verify()
    return rows


def test_each_day_equals_a_crawl_but_for_what_the_listing_cannot_show(tmp_path, source_of):
    worlds = days(8)
    following, crawled = Settings(tmp_path / "following"), Settings(tmp_path / "crawled")
    with SimulatedHub(worlds[0]) as hub:
        crawl(following, source_of(hub.url), now=clock_of(worlds[0].now))
        gone: set[str] = set()
        for world in worlds[1:]:
            hub.show(world)
            del hub.requests[:]
            updated = update(following, source_of(hub.url), now=clock_of(world.now))
            assert updated.manifest.requests == len(hub.requests)
            assert len(hub.requests) <= 2
            whole = crawl(crawled, source_of(hub.url), now=clock_of(world.now))
            mine, theirs = promised(updated), essence(whole)
            both = mine.join(theirs.select("hub_id"), on="hub_id", how="semi")
            gone = set(mine["hub_id"]) - set(theirs["hub_id"])
            assert set(theirs["hub_id"]) <= set(mine["hub_id"])
            assert_frame_equal(both.select(ALL_AT_ONCE), theirs.select(ALL_AT_ONCE))
            assert only_names_of_the_renamed(both, theirs) <= 10
            assert updated.manifest.models == whole.manifest.models + len(gone)
            assert updated.manifest.watermark <= world.now
    assert 0 < len(gone) < 30


def only_names_of_the_renamed(mine: pl.DataFrame, theirs: pl.DataFrame) -> int:
    """How many rows differ in what they name: an unchanged child of a renamed model is listed with its new name."""
    named = mine.select("base_tags").with_columns(now=theirs["base_tags"]).filter(pl.col("base_tags") != pl.col("now"))
    before = named.select(pl.col("base_tags").list.set_difference("now").explode()).to_series()
    gone = {name.rpartition(":")[2] for name in before}
    assert not gone & set(theirs["id"])
    return named.height


def world_of(*changed: dict[str, object], without: tuple[str, ...] = (), models: int = 2_500):
    """A crowd, changed by hand: rows with the `_id` of their own where they are known, new ones after."""
    base = {str(row["id"]): dict(row) | {"_id": f"{n:024x}"} for n, row in enumerate(crowd(models))}
    for row in changed:
        old = next((id for id, there in base.items() if there["_id"] == row.get("_id")), str(row["id"]))
        base[str(row["id"])] = base.pop(old, {}) | row
    return rows_world([row for id, row in base.items() if id not in without], label=f"seed=1; models={models}")


def at(seconds: int) -> str:
    return f"{BEGAN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"


LATER = BEGAN + timedelta(days=2)
AFTER = 100_000


def test_what_the_update_saw_and_what_it_could_not_counted_by_hand(settings, source_of):
    edited = {"id": "org3/m3", "_id": f"{3:024x}", "likes": 77, "lastModified": at(AFTER)}
    renamed = {"id": "org4/moved", "_id": f"{4:024x}", "lastModified": at(AFTER + 1)}
    unseen_rename = {"id": "org5/silently", "_id": f"{5:024x}"}
    unseen_likes = {"id": "org6/m6", "_id": f"{6:024x}", "likes": 99}
    anew = {**raw("org8/m8", AFTER), "_id": f"{8_000:024x}"}
    fresh = {**raw("new/one", AFTER), "_id": f"{9_000:024x}", "cardData": {"license": "mit"}}
    with SimulatedHub(world_of()) as hub:
        first = crawl(settings, source_of(hub.url), now=clock_of(LATER - timedelta(days=1)))
        hub.show(world_of(edited, renamed, unseen_rename, unseen_likes, fresh, without=("org7/m7",)))
        second = update(settings, source_of(hub.url), now=clock_of(LATER))
        rows = promised(second)
        hub.show(world_of(edited, renamed, anew, fresh, without=("org7/m7",)))
    assert second.manifest.models == 2_501
    likes = dict(rows.select("id", "likes").iter_rows())
    assert likes["org3/m3"] == 77
    assert "org4/moved" in likes
    assert "org4/m4" not in likes
    assert "org5/silently" not in likes
    assert likes["org6/m6"] == 6
    assert "org7/m7" in likes
    assert rows.filter(pl.col("id") == "new/one")["card_license"].to_list() == ["mit"]
    assert "3 models: 1 new, 1 changed, 1 renamed; it took 1 request." in second.manifest.notes[0]
    assert "does not see models that were deleted" in second.manifest.notes[1]
    assert (
        "last listed on 2024-01-02, so the next full crawl (lineage crawl) is due on 2024-01-09."
        in (second.manifest.notes[1])
    )
    assert due(second.manifest) == datetime(2024, 1, 9, tzinfo=UTC)
    assert (second.manifest.kind, second.manifest.based_on) == ("update", first.manifest.id)
    assert second.manifest.watermark == BEGAN + timedelta(seconds=AFTER + 5)


def test_a_model_made_anew_under_an_old_name_takes_its_place(settings, source_of):
    anew = {**raw("org8/m8", AFTER), "_id": f"{8_000:024x}"}
    with SimulatedHub(world_of()) as hub:
        crawl(settings, source_of(hub.url), now=clock_of(LATER))
        rows = [dict(row) for row in world_of().rows if row["id"] != "org8/m8"]
        hub.show(rows_world([*rows, anew]))
        second = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
    there = promised(second).filter(pl.col("id") == "org8/m8")
    assert there["hub_id"].to_list() == [f"{8_000:024x}"]
    assert second.manifest.models == 2_500


def test_unchanged_parts_are_shared_and_deltas_pile_up_until_ten_percent(settings, source_of):
    seen = []
    changed: list[dict[str, object]] = []
    with SimulatedHub(world_of()) as hub:
        seen.append(crawl(settings, source_of(hub.url), now=clock_of(LATER)))
        for day in range(1, 6):
            for n in range(day * 70, day * 70 + 70):
                changed.append(
                    {"id": f"org{n % 50}/m{n}", "_id": f"{n:024x}", "likes": day, "lastModified": at(AFTER * day * 9)}
                )
            hub.show(world_of(*changed))
            seen.append(update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=12 * day))))
    names = [[part.name for part in snapshot.manifest.parts] for snapshot in seen]
    base = "models-00000.parquet"
    assert names == [
        [base],
        [base, "delta-00000.parquet"],
        [base, "delta-00000.parquet", "delta-00001.parquet"],
        [base, "delta-00000.parquet", "delta-00001.parquet", "delta-00002.parquet"],
        [base],
        [base, "delta-00000.parquet"],
    ]
    inodes = [(snapshot.path / base).stat().st_ino for snapshot in seen]
    assert len(set(inodes[:4])) == 1
    assert len(set(inodes[3:5])) == 2
    for snapshot, day in zip(seen, range(6), strict=True):
        rows = promised(snapshot)
        assert Counter(rows["likes"]) == Counter(essence(seen[-1])["likes"]) or day < 5
        moved = rows.filter(pl.col("last_modified") > BEGAN + timedelta(seconds=3_000)).height
        assert moved == 70 * day
    settings.snapshots.joinpath(seen[0].manifest.id, base).unlink()
    promised(seen[3])


def test_without_hard_links_parts_are_copied(settings, source_of, monkeypatch):
    def refused(*_: object) -> None:
        raise OSError(1, "no links here")

    with SimulatedHub(world_of()) as hub:
        first = crawl(settings, source_of(hub.url), now=clock_of(LATER))
        monkeypatch.setattr(os, "link", refused)
        hub.show(world_of({"id": "org3/m3", "_id": f"{3:024x}", "lastModified": at(AFTER)}))
        second = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
    assert_frame_equal(promised(second).drop("last_modified"), essence(first).drop("last_modified"))
    assert len({(each.path / "models-00000.parquet").stat().st_ino for each in (first, second)}) == 2


def test_where_nothing_changed_nothing_is_sealed_and_the_check_is_noted(settings, source_of):
    fresh = {**raw("new/one", AFTER), "_id": f"{9_000:024x}"}
    nights = [LATER + timedelta(days=n) for n in range(4)]
    with SimulatedHub(world_of()) as hub:
        first = crawl(settings, source_of(hub.url), now=clock_of(nights[0]))
        before = {path: path.stat().st_mtime_ns for path in first.path.iterdir()}
        for night in nights[1:3]:
            again = update(settings, source_of(hub.url), now=clock_of(night))
            assert isinstance(again, Unchanged)
            assert (again.manifest, again.path, again.checked) == (first.manifest, first.path, Checked(night, 1))
            assert checked.last(settings, first.manifest.id) == again.checked
        assert len(snapshots.listed(settings)) == 1
        assert not (settings.crawls / "hub.update").exists()
        assert {path: path.stat().st_mtime_ns for path in first.path.iterdir()} == before
        hub.show(world_of(fresh))
        changed = update(settings, source_of(hub.url), now=clock_of(nights[3]))
    assert not isinstance(changed, Unchanged)
    assert "1 model: 1 new" in changed.manifest.notes[0]
    assert (changed.manifest.based_on, changed.manifest.requests) == (first.manifest.id, 1)
    assert checked.last(settings, changed.manifest.id) is None


def test_a_row_that_cannot_be_read_is_a_change(settings, source_of):
    bad = {"id": 5, "createdAt": at(AFTER), "lastModified": at(AFTER)}
    with SimulatedHub(world_of()) as hub:
        crawl(settings, source_of(hub.url), now=clock_of(LATER))
        hub.show(rows_world([*world_of().rows, bad]))
        second = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
        third = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=2)))
    assert (second.manifest.quarantined, isinstance(second, Unchanged)) == (1, False)
    assert isinstance(third, Unchanged)


def test_a_note_that_cannot_be_read_is_none(settings):
    settings.snapshots.mkdir(parents=True)
    checked.note(settings, "a", Checked(LATER, 3))
    (file,) = settings.snapshots.iterdir()
    for text in ("", "[]", "{}", '{"at": 3, "requests": 1}', '{"at": "soon", "requests": 1}'):
        file.write_text(text)
        assert checked.last(settings, "a") is None


def test_a_change_dated_in_the_future_does_not_move_the_watermark_past_now(settings, source_of):
    ahead = {"id": "org3/m3", "_id": f"{3:024x}", "lastModified": "2031-01-01T00:00:00.000Z"}
    late = {**raw("new/one", AFTER), "_id": f"{9_000:024x}", "lastModified": "2024-01-03T00:30:00.000Z"}
    with SimulatedHub(world_of(ahead)) as hub:
        first = crawl(settings, source_of(hub.url), now=clock_of(LATER))
        assert first.manifest.watermark == LATER
        hub.show(world_of(ahead, late))
        second = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(hours=1)))
        assert second.manifest.watermark == LATER + timedelta(hours=1)
        assert "new/one" in set(promised(second)["id"])
        third = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(hours=2)))
    assert isinstance(third, Unchanged)
    assert third.manifest.id == second.manifest.id


@pytest.mark.parametrize(("offset", "seen"), [(0, True), (-1, False)])
def test_the_overlap_is_ten_minutes_and_its_edge_is_in(settings, source_of, offset, seen):
    with SimulatedHub(world_of()) as hub:
        first = crawl(settings, source_of(hub.url), now=clock_of(LATER))
        moment = first.manifest.watermark - OVERLAP + timedelta(seconds=offset)
        late = {**raw("late/one", 1), "_id": f"{9_000:024x}", "lastModified": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"}
        hub.show(world_of(late))
        second = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
    assert ("late/one" in set(promised(second)["id"])) is seen


def test_without_a_snapshot_there_is_nothing_to_update(settings, source_of):
    with SimulatedHub(world_of()) as hub, pytest.raises(NoData, match=r"lineage bootstrap.*lineage crawl"):
        update(settings, source_of(hub.url), now=clock_of(LATER))


def test_an_update_does_not_follow_another_hub_nor_a_family(settings, source_of):
    with SimulatedHub(world_of()) as one, SimulatedHub(world_of()) as other:
        crawl(settings, source_of(one.url), now=clock_of(LATER))
        crawl(settings, source_of(other.url), scope=("org1/m1",), now=clock_of(LATER))
        with pytest.raises(NoData, match=rf"no whole snapshot of .*those here are of {one.url}.*{other.url}"):
            update(settings, source_of(other.url), now=clock_of(LATER))


def test_a_crawl_and_an_update_do_not_run_at_once(settings, source_of):
    with SimulatedHub(world_of()) as hub:
        crawl(settings, source_of(hub.url), now=clock_of(LATER))
        with (
            locks.exclusive(settings.crawls / "hub.lock", "process 12345"),
            pytest.raises(AlreadyRunning, match="process 12345"),
        ):
            update(settings, source_of(hub.url), now=clock_of(LATER))


def touched(count: int):
    """So many of 4,000 models changed, one a second."""
    return world_of(
        *({"id": f"org{n % 50}/m{n}", "_id": f"{n:024x}", "lastModified": at(AFTER + n)} for n in range(count)),
        models=4_000,
    )


def test_an_early_end_is_not_sealed_and_asked_for_again(settings, source_of):
    with SimulatedHub(world_of(models=4_000)) as hub:
        crawl(settings, source_of(hub.url), now=clock_of(LATER))
    port = int(hub.url.rpartition(":")[2])
    with SimulatedHub(touched(2_500), faults=[once(Kind.EARLY_END, 2)], port=port) as hub:
        with pytest.raises(Incomplete, match=r"after 2,000 rows.*same command"):
            update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
        assert len(snapshots.listed(settings)) == 1
        del hub.requests[:]
        again = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=1)))
        assert ["cursor" in request.query for request in hub.requests] == [True] * 3
    assert promised(again).filter(pl.col("last_modified") > BEGAN + timedelta(seconds=AFTER - 1)).height == 2_500


def test_pages_of_another_snapshot_are_given_up(settings, source_of, caplog):
    with SimulatedHub(world_of(models=4_000)) as hub:
        crawl(settings, source_of(hub.url), now=clock_of(LATER))
    port = int(hub.url.rpartition(":")[2])
    with SimulatedHub(touched(2_500), faults=[status(500, first=2, count=3)], port=port) as hub:
        with pytest.raises(HubBusy):
            update(settings, source_of(hub.url, patience=5.0), now=clock_of(LATER + timedelta(days=1)))
        assert (settings.crawls / "hub.update").exists()
        crawl(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=2)))
        last = update(settings, source_of(hub.url), now=clock_of(LATER + timedelta(days=3)))
    assert "begun anew" in caplog.text
    assert isinstance(last, Unchanged)


CHILD = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from ingest.hub import HubSource
from ingest.crawl.update import update
from lineage.settings import Settings

home, url, kill_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = 0
def hook(event, args):
    global seen
    if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link") and str(home) in str(args[0]):
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
update(Settings(home), HubSource(url, False), now=lambda: datetime(2024, 1, 4, tzinfo=UTC))
print(seen)
"""


def child(home: Path, url: str, kill_at: int = 0) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(home), url, str(kill_at)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_killed_anywhere_and_resumed_it_is_the_same_snapshot(tmp_path, source_of):
    with SimulatedHub(world_of(models=4_000)) as hub:
        homes = [tmp_path / str(n) for n in range(5)]
        for home in homes:
            crawl(Settings(home), source_of(hub.url), now=clock_of(LATER))
        hub.show(touched(2_500))
        code, out = child(homes[0], hub.url)
        assert code == 0, out
        whole, events = snapshots.opened(Settings(homes[0])).manifest, int(out)
        for seed, home in enumerate(homes[1:]):
            chance = random.Random(seed)
            kills = [chance.randrange(1, events), events - chance.randrange(20), 0]
            codes = []
            for kill_at in kills:
                codes.append(child(home, hub.url, kill_at)[0])
                if snapshots.opened(Settings(home)).manifest.kind == "update":
                    break
            assert codes[0] == -signal.SIGKILL
            resumed = snapshots.opened(Settings(home))
            assert (resumed.manifest.id, resumed.manifest.sha256, resumed.manifest.models) == (
                whole.id,
                whole.sha256,
                whole.models,
            )
            promised(resumed)


def test_what_a_delta_replaces():
    def frame(*pairs: tuple[str | None, str]) -> pl.LazyFrame:
        rows = pl.DataFrame(pairs, schema={"hub_id": pl.String, "id": pl.String}, orient="row")
        return rows.sort("hub_id", "id", nulls_last=True).lazy()

    base = frame(("1", "a"), ("2", "b"), ("3", "c"), (None, "x"), (None, "y"))
    first = frame(("1", "a2"), ("9", "c"), ("7", "x"))
    second = frame(("8", "a2"), (None, "z"))
    rows = deltas.overlaid(base, [first, second], ["id", "hub_id"]).collect()
    assert rows.rows() == [("b", "2"), ("x", "7"), ("a2", "8"), ("c", "9"), ("y", None), ("z", None)]


def test_after_a_dump_without_ids_of_the_hub_and_cards_what_changed_has_both(settings, tmp_path, source_of):
    worlds = days(3)
    with SimulatedHub(worlds[0]) as hub:
        seen = crawl(Settings(tmp_path / "other"), source_of(hub.url), now=clock_of(worlds[0].now))
        lacking = [name for name in LISTING if name.startswith("card_") or name == "hub_id"]
        rows = seen.rows().with_columns(pl.lit(None, dtype=LISTING[name]).alias(name) for name in lacking)
        dump = snapshots.sealed(
            settings,
            rows=rows,
            quarantined=seen.quarantined(),
            scope="hub",
            kind="dump",
            source="a dump",
            endpoint=hub.url,
            simulated=True,
            started_at=worlds[0].now,
            finished_at=worlds[0].now,
            as_of=worlds[0].now,
            watermark=seen.manifest.watermark,
            card=False,
            missing_columns=("_id",),
            notes=("Under a licence.",),
        )
        hub.show(worlds[2])
        updated = update(settings, source_of(hub.url), now=clock_of(worlds[2].now))
        again = update(settings, source_of(hub.url), now=clock_of(worlds[2].now + timedelta(hours=1)))
    rows = promised(updated)
    changed = rows.filter(pl.col("last_modified") >= worlds[0].now)
    assert changed.height > 15
    assert changed["hub_id"].null_count() == 0
    assert changed["card_base_model"].null_count() < changed.height
    assert (updated.manifest.card, updated.manifest.missing_columns) == (False, ("_id",))
    assert updated.manifest.based_on == dump.manifest.id
    assert "Card front matter is known only of models that changed since then." in updated.manifest.notes[1]
    assert [each.manifest.notes[2:] for each in (updated, again)] == [("Under a licence.",)] * 2
    assert isinstance(again, Unchanged)
    assert due(again.manifest) == worlds[0].now + timedelta(days=7)
    assert promised(again).equals(rows)
