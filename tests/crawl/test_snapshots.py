from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.io.plugins import register_io_source

from lineage import sealing, snapshots
from lineage.errors import Damaged, NoData, NotFound, TooNew
from lineage.schema import LISTING, QUARANTINE, SNAPSHOT_VERSION
from lineage.settings import Settings
from lineage.snapshots import Manifest, Snapshot

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NONE = pl.DataFrame(schema=QUARANTINE)


def seal(settings: Settings, rows: pl.LazyFrame | list[pl.DataFrame], **facts: object) -> Snapshot:
    given_ = {
        "scope": "hub",
        "kind": "crawl",
        "source": "a test",
        "started_at": NOON,
        "finished_at": NOON + timedelta(minutes=3),
        "as_of": NOON,
        "quarantined": NONE,
    }
    return snapshots.sealed(settings, rows=rows, **(given_ | facts))


def test_rows_come_back_sorted_with_rows_without_hub_id_last(settings, listing):
    rows = listing(
        [{"id": "z/late"}, {"id": "b/two", "hub_id": "02"}, {"id": "c/one", "hub_id": "01"}, {"id": "A/late"}]
    )
    kept = seal(settings, [rows])
    assert kept.rows(["id"]).collect()["id"].to_list() == ["c/one", "b/two", "A/late", "z/late"]
    assert kept.rows().collect().schema == pl.Schema(LISTING)
    assert (kept.manifest.rows, kept.manifest.models, kept.manifest.repeated) == (4, 4, 0)


def test_every_value_comes_back(settings, listing):
    row = {
        "hub_id": "01",
        "id": "a/ü\u202e",
        "created_at": NOON,
        "last_modified": NOON,
        "downloads": 7,
        "trending_score": 1.5,
        "private": False,
        "base_tags": ["x/y", "finetune:x/y"],
        "card_base_model": [],
        "dump_parents": None,
    }
    rows = listing([row])
    assert seal(settings, [rows]).rows().collect().equals(rows)


def test_the_newest_row_of_an_id_stays(settings, listing):
    rows = [
        {"id": "a/b", "hub_id": "01", "last_modified": NOON, "likes": 1},
        {"id": "a/b", "hub_id": "01", "last_modified": NOON + timedelta(days=1), "likes": 2},
        {"id": "a/b", "hub_id": "01", "last_modified": None, "likes": 3},
    ]
    kept = seal(settings, [listing(rows)])
    assert kept.rows(["likes"]).collect()["likes"].to_list() == [2]
    assert (kept.manifest.models, kept.manifest.repeated) == (1, 2)


def test_a_rename_keeps_the_newest_name_and_frees_the_old_one(settings, listing):
    rows = [
        {"id": "a/old", "hub_id": "01", "last_modified": NOON},
        {"id": "a/new", "hub_id": "01", "last_modified": NOON + timedelta(days=1)},
        {"id": "a/old", "hub_id": "02", "last_modified": NOON - timedelta(days=1)},
    ]
    kept = seal(settings, [listing(rows)]).rows(["hub_id", "id"]).collect()
    assert kept.rows() == [("01", "a/new"), ("02", "a/old")]


row_values = st.fixed_dictionaries(
    {
        "hub_id": st.none() | st.sampled_from(["01", "02", "03"]),
        "id": st.sampled_from(["a", "b", "c", "d"]),
        "last_modified": st.none() | st.sampled_from([NOON, NOON + timedelta(days=1)]),
        "likes": st.integers(0, 3),
        "base_tags": st.none() | st.lists(st.sampled_from(["x", "y"]), max_size=2),
    }
)


@given(data=st.data(), rows=st.lists(row_values, max_size=12))
def test_order_and_division_of_the_input_decide_nothing(tmp_path_factory, data, rows):
    folder = tmp_path_factory.mktemp("sealing")
    frame = pl.DataFrame([{c: row.get(c) for c in LISTING} for row in rows], schema=LISTING)
    mixed = frame[data.draw(st.permutations(range(frame.height)))] if rows else frame
    cut = data.draw(st.integers(0, frame.height))
    parts = []
    for name, given_ in (("lazy", frame.lazy()), ("frames", [mixed[:cut], mixed[cut:]]), ("scant", mixed.lazy())):
        (folder / name).mkdir()
        with pytest.MonkeyPatch.context() as memory:
            if name == "scant":
                memory.setattr(sealing, "_HELD_ROWS", data.draw(st.sampled_from([1, 4])))
                memory.setattr(sealing, "_APART", data.draw(st.sampled_from([1, 2])))
            parts.append(sealing.write_sorted(folder / name, given_, part_rows=2))
    assert parts[0] == parts[1] == parts[2]
    kept = [pl.read_parquet(folder / "lazy" / part.name) for part in parts[0].parts]
    ids = [i for part in kept for i in part["id"]]
    hub_ids = [h for part in kept for h in part["hub_id"] if h is not None]
    assert len(set(ids)) == len(ids)
    assert hub_ids == sorted(set(hub_ids))
    assert parts[0].models + parts[0].repeated == len(rows)
    assert sorted(p.name for p in (folder / "lazy").iterdir()) == [p.name for p in parts[0].parts]


def test_parts_have_a_fixed_size(tmp_path, listing):
    rows = listing([{"id": f"a/{n:03}", "hub_id": f"{n:03}"} for n in range(25)])
    done = sealing.write_sorted(tmp_path, rows.lazy(), part_rows=10)
    assert [p.rows for p in done.parts] == [10, 10, 5]
    assert [p.name for p in done.parts] == ["models-00000.parquet", "models-00001.parquet", "models-00002.parquet"]


@pytest.mark.parametrize("again", [["a/1", "a/0", "a/2"], ["a/0", "a/1"], []])
def test_rows_that_come_otherwise_the_second_time_are_not_sealed(tmp_path, listing, again):
    """As where a file changes between two readings."""
    readings = iter([["a/0", "a/1", "a/2"], again])

    def source(columns, *_):
        rows = listing([{"id": id} for id in next(readings)])
        yield rows.select(columns or rows.columns)

    with pytest.raises(ValueError, match="otherwise the second time"):
        sealing.write_sorted(tmp_path, register_io_source(source, schema=LISTING))


def test_rows_with_other_columns_are_refused(settings, listing):
    rows = listing([{"id": "a/b"}])
    with pytest.raises(ValueError, match="LISTING"):
        seal(settings, [rows.drop("likes")])
    with pytest.raises(ValueError, match="likes"):
        seal(settings, rows.with_columns(pl.col("likes").cast(pl.Int32)).lazy())
    assert list(settings.snapshots.glob(".*/")) == []


def test_the_manifest_survives_its_text_and_keys_of_the_future(settings, listing):
    kept = seal(
        settings,
        [listing([{"id": "a/b"}])],
        quarantined=pl.DataFrame({"reason": ["no id"], "raw": ["{}"]}, schema=QUARANTINE),
        watermark=NOON,
        fields=("likes",),
        missing_columns=("gated",),
        notes=("a sentence",),
        expanded=3,
        unexpanded=4,
        direct_exact=True,
        aliases=(("old", "new"),),
        former=(("older", "01"),),
    ).manifest
    raw = json.loads(kept.to_json()) | {"of_the_future": 1}
    assert Manifest.from_json(json.dumps(raw)) == kept
    assert snapshots.opened(settings).manifest == kept
    assert (kept.rows, kept.models, kept.quarantined) == (2, 1, 1)
    assert snapshots.opened(settings).quarantined().rows() == [("no id", "{}")]


def test_the_digest_covers_aliases_where_there_are_any(settings, listing):
    """Without any it is what it always was; one that was sealed before it covered them is still whole here."""
    rows = [listing([{"id": "new", "hub_id": "01"}])]
    plain = seal(settings, rows).manifest
    parts = "\n".join([str(SNAPSHOT_VERSION), *(part.sha256 for part in plain.parts)])
    assert plain.sha256 == hashlib.sha256(parts.encode()).hexdigest()
    kept = seal(settings, rows, aliases=(("old", "new"),))
    told = kept.manifest.sha256
    assert kept.path.name == f"{plain.id}-2", "other names are another snapshot"
    assert told not in (plain.sha256, seal(settings, rows, aliases=(("older", "new"),)).manifest.sha256)
    kept.verify()
    Snapshot(replace(kept.manifest, sha256=plain.sha256), kept.path).verify()
    for aliases in ((), (("old", "other"),), (("old", "new"), ("x", "new"))):
        with pytest.raises(Damaged, match="digest"):
            Snapshot(replace(kept.manifest, aliases=aliases), kept.path).verify()


def test_the_digest_covers_former_names_where_there_are_any(settings, listing):
    """A pair is never taken for one of the other kind."""
    rows = [listing([{"id": "new", "hub_id": "01"}])]
    pair = (("old", "new"),)
    kept = seal(settings, rows, former=pair).manifest
    sealed = [kept, *(seal(settings, rows, **names).manifest for names in ({}, {"aliases": pair}))]
    assert len({manifest.sha256 for manifest in sealed}) == 3
    for other in ({"former": ()}, {"former": (("old", "other"),)}, {"former": (), "aliases": pair}, {"aliases": pair}):
        with pytest.raises(Damaged, match="digest"):
            Snapshot(replace(kept, **other), settings.snapshots / kept.id).verify()


def test_ids_carry_scope_and_time(settings, listing):
    assert seal(settings, [listing([{"id": "a/b"}])]).manifest.id == "hub-20261124T120000Z"


@pytest.mark.parametrize(
    "scope", ["../../etc", "A/B", "a" * 300, "", ".", "con:x", "deepseek/qwen", "ünï", "a+b/c", "-"]
)
def test_hostile_scopes_make_harmless_and_distinct_names(scope):
    slug = snapshots.scope_slug(scope)
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(slug) <= 48
    assert slug != snapshots.scope_slug(scope + "x")
    assert not slug.startswith("-")


def test_plain_scopes_keep_their_names():
    assert snapshots.scope_slug("hub") == "hub"
    assert snapshots.scope_slug("deepseek+qwen") == "deepseek-qwen"


def test_sealing_the_same_rows_again_is_the_same_snapshot_and_other_rows_another(settings, listing):
    one, two = listing([{"id": "a/b"}]), listing([{"id": "a/c"}])
    first = seal(settings, [one])
    assert seal(settings, [one]).path == first.path
    ids = [seal(settings, [two]).manifest.id, seal(settings, [two]).manifest.id]
    assert ids == ["hub-20261124T120000Z-2"] * 2
    seal(settings, [listing([{"id": "a/d"}])])
    assert [m.id[-2:] for m in snapshots.listed(settings)] == ["0Z", "-2", "-3"]


def test_an_update_in_the_second_of_its_crawl_that_found_nothing_is_a_snapshot_of_its_own(settings, listing):
    crawled = seal(settings, [listing([{"id": "a/b"}])])
    updated = seal(settings, [listing([{"id": "a/b"}])], kind="update")
    assert (crawled.manifest.kind, updated.manifest.kind) == ("crawl", "update")
    assert updated.path != crawled.path


def test_a_dump_made_later_that_tells_an_earlier_moment_is_not_the_newest(settings, listing):
    later = NOON + timedelta(days=9)
    crawled = seal(settings, [listing([{"id": "a/b"}])], as_of=NOON + timedelta(days=8), started_at=NOON)
    seal(settings, [listing([{"id": "a/c"}])], kind="dump", as_of=NOON, started_at=later)
    assert snapshots.opened(settings).manifest == crawled.manifest
    other = seal(settings, [listing([{"id": "a/b"}])], scope="deepseek", started_at=later + timedelta(hours=1))
    assert snapshots.opened(settings).manifest == other.manifest


def test_newest_and_by_name(settings, listing):
    with pytest.raises(NoData, match="crawl"):
        snapshots.opened(settings)
    seal(settings, [listing([{"id": "a/b"}])], started_at=NOON + timedelta(days=1))
    seal(settings, [listing([{"id": "a/b"}])], scope="deepseek")
    assert snapshots.opened(settings).manifest.id == "hub-20261125T120000Z"
    assert snapshots.opened(settings, "deepseek-20261124T120000Z").manifest.scope == "deepseek"
    for name in ("deepseek-20261124T120001Z", "../snapshots/deepseek-20261124T120000Z", "", "."):
        with pytest.raises(NotFound):
            snapshots.opened(settings, name)
    with pytest.raises(NotFound, match="Nearest: deepseek-20261124T120000Z"):
        snapshots.opened(settings, "deepseek-20261124T120001Z")


def test_a_newer_schema_is_refused_and_left_out(settings, listing, caplog):
    kept = seal(settings, [listing([{"id": "a/b"}])])
    newer = replace(kept.manifest, schema_version=SNAPSHOT_VERSION + 1)
    (kept.path / "manifest.json").write_text(newer.to_json())
    with pytest.raises(TooNew, match="Update lineage"):
        snapshots.opened(settings)
    assert snapshots.listed(settings) == ()
    assert "newer lineage" in caplog.text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 1}', '{"schema_version": null}', "\x00"])
def test_a_broken_manifest_is_named(settings, listing, text):
    kept = seal(settings, [listing([{"id": "a/b"}])])
    (kept.path / "manifest.json").write_text(text)
    with pytest.raises(Damaged, match=r"manifest\.json"):
        snapshots.opened(settings)


def test_a_part_outside_the_snapshot_is_refused(settings, listing):
    kept = seal(settings, [listing([{"id": "a/b"}])])
    raw = json.loads((kept.path / "manifest.json").read_text())
    raw["parts"][0]["name"] = "../../secret"
    (kept.path / "manifest.json").write_text(json.dumps(raw))
    with pytest.raises(Damaged, match="outside"):
        snapshots.opened(settings)


def test_damage_is_found_and_named(settings, listing):
    bad = pl.DataFrame({"reason": ["no id"], "raw": ["{}"]}, schema=QUARANTINE)
    kept = seal(settings, [listing([{"id": "a/b"}])], quarantined=bad)
    kept.verify()
    for name in ("models-00000.parquet", "quarantine.parquet"):
        path = kept.path / name
        good = path.read_bytes()
        path.write_bytes(good[:50] + bytes([good[50] ^ 1]) + good[51:])
        with pytest.raises(Damaged, match=name):
            kept.verify()
        path.write_bytes(good)
    kept.verify()
    (kept.path / "models-00000.parquet").write_bytes(b"short")
    with pytest.raises(Damaged, match="5 bytes"):
        kept.rows()
    (kept.path / "models-00000.parquet").unlink()
    with pytest.raises(Damaged, match="models-00000"):
        kept.rows()


def test_remains_of_a_killed_process_are_swept_and_never_listed(settings, listing):
    (settings.snapshots / ".hub-20200101T000000Z" / "spool").mkdir(parents=True)
    assert snapshots.listed(settings) == ()
    seal(settings, [listing([{"id": "a/b"}])])
    assert [f.name for f in settings.snapshots.iterdir() if f.is_dir()] == ["hub-20261124T120000Z"]


FULL_DISK = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
import polars as pl
from lineage import snapshots
from lineage.errors import Fatal
from lineage.schema import LISTING, QUARANTINE
from lineage.settings import Settings
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
frame = pl.DataFrame({"id": [f"{n * 7919 % 1000003:x}/{n * n:x}" for n in range(20_000)]})
frame = frame.select("id" if name == "id" else pl.lit(None, kind).alias(name) for name, kind in LISTING.items())
now = datetime.now(UTC)
try:
    snapshots.sealed(Settings(Path(sys.argv[1])), rows=frame.lazy(), scope="hub",
                     quarantined=pl.DataFrame(schema=QUARANTINE), kind="crawl",
                     source="x", started_at=now, finished_at=now, as_of=now)
except Fatal as error:
    print(error)
"""


def test_a_full_disk_says_what_was_kept_and_leaves_nothing_half_done(settings, listing):
    kept = seal(settings, [listing([{"id": "a/b"}])])
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(settings.home)], capture_output=True, text=True, check=True
    )
    assert "No room left" in done.stdout
    assert "earlier snapshots are untouched" in done.stdout
    assert [f for f in settings.snapshots.iterdir() if f.is_dir()] == [kept.path]
    kept.verify()
