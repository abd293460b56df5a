"""The published dump over a real socket, and files and dumps into sealed snapshots."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest import importing
from ingest.cli import main
from ingest.crawl import crawl
from ingest.crawl.update import update
from ingest.hub import HubSource
from ingest.importing import bootstrap
from ingest.simulated.dump import write_dump
from ingest.simulated.faults import Fault, Kind
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource, rows_world
from ingest.simulated.world import World, frames
from lineage.errors import Damaged, Fatal, NotFound, Refused, Unreachable
from lineage.schema import LISTING, QUARANTINE
from lineage.settings import Settings
from lineage.snapshots import sealed

NOW = datetime(2026, 8, 23, 12, tzinfo=UTC)
ROWS = 4_000


def _clock() -> datetime:
    return NOW


def _dump(path: Path, newest: datetime, *, padding: int = 40, group: int = 1_000) -> Path:
    """A dump whose unread columns make up `padding` bytes a row and column."""
    table = pa.table(
        {
            "id": [f"sim-a/model-{n}" for n in range(ROWS)],
            "siblings": [os.urandom(padding).hex() for _ in range(ROWS)],
            "lastModified": [newest - timedelta(minutes=n) for n in range(ROWS)],
            "cardData": [json.dumps({"base_model": "sim-a/model-0"})] * ROWS,
            "config": [os.urandom(padding).hex() for _ in range(ROWS)],
            "tags": [["base_model:sim-a/model-0"]] * ROWS,
        }
    )
    table = table if padding else table.drop_columns(["siblings", "config"])
    pq.write_table(table.replace_schema_metadata({"lineage.simulated": "true"}), path, row_group_size=group)
    return path


@contextmanager
def _hub(files: Mapping[str, Mapping[str, Path]], faults: Sequence[Fault] = ()) -> Iterator[SimulatedHub]:
    with SimulatedHub(RowsSource(()), files=files, faults=faults) as hub:
        yield hub


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)


def _settings(tmp_path: Path, endpoint: str = "http://127.0.0.1:9") -> Settings:
    return Settings(home=tmp_path / "home", endpoint=endpoint)


def _dated(path: Path, when: datetime) -> Path:
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def _daily(tmp_path: Path, newest: datetime = NOW - timedelta(hours=3), **shape: int) -> dict[str, dict[str, Path]]:
    file = _dated(_dump(tmp_path / "daily.parquet", newest, **shape), newest)
    return {bootstrap.DAILY: {bootstrap.FILE: file}}


def _weekly(tmp_path: Path, *days: str) -> dict[str, dict[str, Path]]:
    file = _dump(tmp_path / "weekly.parquet", NOW - timedelta(days=2))
    return {bootstrap.WEEKLY: {f"models/{day}/models.parquet": file for day in days} | {"models/README.md": file}}


def test_the_daily_dump_is_read_by_range_and_sealed(tmp_path: Path) -> None:
    files = _daily(tmp_path, padding=400)
    said: list[str] = []
    with _hub(files) as hub:
        snapshot = importing.bootstrap_hub(_settings(tmp_path, hub.url), now=_clock, say=said.append, token=False)
    size = files[bootstrap.DAILY][bootstrap.FILE].stat().st_size
    manifest = snapshot.manifest
    assert (manifest.kind, manifest.models, manifest.simulated, manifest.card) == ("dump", ROWS, True, True)
    assert manifest.scope == "hub"
    assert manifest.source == f"{bootstrap.DAILY}@2026-08-23"
    assert manifest.watermark == manifest.as_of == NOW - timedelta(hours=3)
    assert "gated" in manifest.missing_columns
    assert "of " in said[0]
    assert len(said) == 1
    ranges = [log for log in hub.requests if "/resolve/" in log.path]
    assert ranges
    assert all(log.status == 206 for log in ranges)
    assert not any("token" in text for text in said)
    assert len(ranges) < 20
    assert size > 3_000_000


def test_where_ranges_spare_little_the_whole_file_is_fetched_and_not_kept(tmp_path: Path) -> None:
    said: list[str] = []
    settings = _settings(tmp_path)
    with _hub(_daily(tmp_path, padding=0, group=ROWS)) as hub:
        snapshot = importing.bootstrap_hub(
            replace(settings, endpoint=hub.url), now=_clock, say=said.append, token=False
        )
    assert snapshot.manifest.models == ROWS
    assert "the whole file" in said[0]
    assert [log.status for log in hub.requests if "/resolve/" in log.path and log.method == "GET"][-1] == 200
    assert not (settings.home / "dumps").exists()


@pytest.mark.parametrize("daily_age", [None, 10])
def test_where_the_daily_dump_is_gone_or_stale_the_newest_week_is_taken(tmp_path: Path, daily_age: int | None) -> None:
    files = _weekly(tmp_path, "2026-08-09", "2026-08-21", "2026-08-16")
    if daily_age is not None:
        files |= _daily(tmp_path, NOW - timedelta(days=daily_age))
    with _hub(files) as hub:
        found = bootstrap.find(hub.url, False, NOW)
    assert found.source == f"{bootstrap.WEEKLY}@2026-08-21"
    assert found.path == "models/2026-08-21/models.parquet"


def test_a_stale_daily_dump_is_better_than_an_older_week_and_is_said_to_be_stale(tmp_path: Path) -> None:
    newest = NOW - timedelta(days=5)
    said: list[str] = []
    with _hub(_weekly(tmp_path, "2026-08-01") | _daily(tmp_path, newest, padding=400)) as hub:
        snapshot = importing.bootstrap_hub(_settings(tmp_path, hub.url), now=_clock, say=said.append, token=False)
    assert snapshot.manifest.watermark == newest
    assert "5 days old" in said[-1]
    assert f"({ROWS:,}) are 4 requests to catch up with: lineage update" in said[-1]


@pytest.mark.parametrize(("changed", "requests"), [(999, "2 requests"), (2_500, "4 requests"), (9_000, "9 requests")])
def test_a_stale_dump_says_what_catching_up_takes_by_its_own_recent_changes(
    tmp_path: Path, changed: int, requests: str
) -> None:
    newest, old = NOW - timedelta(days=10), NOW - timedelta(days=400)
    table = pa.table(
        {
            "id": [f"sim-a/model-{n}" for n in range(9_000)],
            "lastModified": [newest - timedelta(minutes=n) if n < changed else old for n in range(9_000)],
            "tags": [[]] * 9_000,
        }
    )
    pq.write_table(table, tmp_path / "daily.parquet")
    file = _dated(tmp_path / "daily.parquet", newest)
    said: list[str] = []
    with _hub({bootstrap.DAILY: {bootstrap.FILE: file}}) as hub:
        importing.bootstrap_hub(_settings(tmp_path, hub.url), now=_clock, say=said.append, token=False)
    assert "10 days old" in said[-1]
    assert f"({changed:,}) are {requests} to catch up with: lineage update" in said[-1]
    assert "A full crawl would be 9." in said[-1]


def test_no_dump_anywhere_is_one_sentence(tmp_path: Path) -> None:
    with _hub({}) as hub, pytest.raises(NotFound, match="Neither"):
        bootstrap.find(hub.url, False, NOW)


def test_a_bad_token_is_named_but_never_shown(tmp_path: Path) -> None:
    with _hub(_daily(tmp_path)) as hub, pytest.raises(Refused, match="does not accept the token") as caught:
        bootstrap.find(hub.url, "hf_notatoken", NOW)
    assert "hf_notatoken" not in str(caught.value)


def test_a_closed_port_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match="No whole answer from"):
        bootstrap.find("http://127.0.0.1:9", False, NOW)


def _write(path: Path, rows: list[dict[str, object]], pack: Callable[[bytes], bytes] = bytes) -> Path:
    path.write_bytes(pack(b"".join(json.dumps(row).encode() + b"\n" for row in rows)))
    return path


def test_a_file_is_sealed_with_its_age_and_origin(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a/B", "lastModified": "2026-08-20T00:00:00.000Z", "cardData": {"license": "mit"}},
        {"id": "a/C", "lastModified": "2999-01-01T00:00:00.000Z"},
        {"likes": 3},
    ]
    path = _write(tmp_path / "my rows.gz", rows, gzip.compress)
    snapshot = importing.import_file(_settings(tmp_path), path, now=_clock)
    manifest = snapshot.manifest
    assert (manifest.kind, manifest.scope, manifest.source) == ("import", "import", "my rows.gz")
    assert (manifest.models, manifest.quarantined, manifest.card, manifest.simulated) == (2, 1, True, False)
    assert manifest.as_of == manifest.watermark == datetime(2026, 8, 20, tzinfo=UTC)
    assert snapshot.rows().collect()["id"].to_list() == ["a/B", "a/C"]
    assert snapshot.quarantined()["reason"].to_list() == ["no-id"]


def test_without_any_date_the_file_dates_the_snapshot(tmp_path: Path) -> None:
    path = _dated(_write(tmp_path / "rows", [{"_simulated": True, "id": "a/B", "tags": []}]), NOW - timedelta(days=9))
    manifest = importing.import_file(_settings(tmp_path), path, now=_clock).manifest
    assert (manifest.as_of, manifest.watermark) == (NOW - timedelta(days=9), None)
    assert (manifest.simulated, manifest.card) == (True, False)


def test_a_dump_on_disk_is_told_by_its_content(tmp_path: Path) -> None:
    path = _dump(tmp_path / "anything", NOW)
    manifest = importing.import_file(_settings(tmp_path), path, now=_clock).manifest
    assert (manifest.kind, manifest.models, manifest.source) == ("dump", ROWS, "anything")
    assert manifest.scope == "import"


def test_a_file_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    broken = _dump(tmp_path / "models.parquet", NOW)
    broken.write_bytes(broken.read_bytes()[:-50])
    for path, kind in (
        (_write(tmp_path / "bad", [{"likes": 1}]), Fatal),
        (broken, Damaged),
        (tmp_path / "none", Fatal),
    ):
        with pytest.raises(kind):
            importing.import_file(settings, path, now=_clock)
    left = [path for path in settings.home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []


def test_a_cut_file_is_sealed_with_a_note(tmp_path: Path) -> None:
    path = _write(tmp_path / "rows", [{"id": f"a/{n}", "tags": []} for n in range(100)])
    path.write_bytes(path.read_bytes()[:-5])
    manifest = importing.import_file(_settings(tmp_path), path, now=_clock).manifest
    assert (manifest.models, manifest.quarantined) == (99, 1)
    assert "ends in the middle" in manifest.notes[0]
    assert "The input lacks: " in manifest.notes[1]


@pytest.mark.parametrize("form", ["lines", "dump"])
def test_what_says_nothing_of_parents_is_refused(tmp_path: Path, form: str) -> None:
    settings, path = _settings(tmp_path), tmp_path / "models"
    if form == "lines":
        _write(path, [{"id": "a/B", "downloads": 5, "author": "tags", "x": ["cardData", "baseModels"]}])
    else:
        pq.write_table(pa.table({"id": ["a/B"], "downloads": [5]}), path)
    said: list[str] = []
    with pytest.raises(Fatal, match="none of tags, baseModels, cardData") as caught:
        importing.import_file(settings, path, now=_clock, say=said.append)
    assert "lineage bootstrap" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert said == []
    assert not settings.snapshots.exists()


@pytest.mark.parametrize("speaking", ["tags", "baseModels", "cardData", "card_data"])
@pytest.mark.parametrize("form", ["lines", "dump"])
def test_columns_that_some_input_lacks_are_told_and_noted(tmp_path: Path, form: str, speaking: str) -> None:
    path, said = tmp_path / "models", list[str]()
    cells = {"tags": ["en"], "baseModels": {"models": [{"id": "a/A"}], "relation": "merge"}}
    cell = cells.get(speaking, '{"base_model": "a/A"}')
    if form == "lines":
        _write(path, [{"id": "a/B", "likes": 1}, {"id": "a/C", speaking: cell}])
    else:
        pq.write_table(pa.table({"id": ["a/B", "a/C"], "likes": [1, 2], speaking: [cell, cell]}), path)
    manifest = importing.import_file(_settings(tmp_path), path, now=_clock, say=said.append).manifest
    usual = {"card_data": "cardData"}.get(speaking, speaking)
    others = {"tags", "baseModels", "cardData"} - {usual}
    assert others | {"downloads", "createdAt"} <= set(manifest.missing_columns)
    assert {usual, "id", "likes"}.isdisjoint(manifest.missing_columns)
    (note,) = manifest.notes
    assert note == f"The input lacks: {', '.join(manifest.missing_columns)}."
    assert said == [f"models: {note}"]


def test_a_refusal_in_the_middle_of_the_file_is_one_sentence(tmp_path: Path) -> None:
    fault = Fault(Kind.STATUS, first=3, count=1, path="/datasets/", status=403)
    settings = _settings(tmp_path)
    with _hub(_daily(tmp_path, padding=400), faults=[fault]) as hub, pytest.raises(Refused, match="refuses the dump"):
        importing.bootstrap_hub(replace(settings, endpoint=hub.url), now=_clock, token=False)
    assert not settings.snapshots.exists() or not list(settings.snapshots.glob("*/manifest.json"))


def test_a_dump_that_is_damaged_on_the_way_is_named_so(tmp_path: Path) -> None:
    files = _daily(tmp_path, padding=400)
    path = files[bootstrap.DAILY][bootstrap.FILE]
    content = bytearray(path.read_bytes())
    content[1_000:2_000] = bytes(1_000)
    path.write_bytes(content)
    with _hub(files) as hub, pytest.raises(Damaged, match="damaged"):
        importing.bootstrap_hub(_settings(tmp_path, hub.url), now=lambda: datetime.now(UTC), token=False)


FULL = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from ingest import importing
from ingest.crawl import crawl
from ingest.crawl.update import update
from ingest.hub import HubSource
from lineage.errors import Fatal
from lineage.schema import LISTING, QUARANTINE
from lineage.settings import Settings
from lineage.snapshots import sealed
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    importing.import_file(Settings(home=Path(sys.argv[1])), Path(sys.argv[2]), now=lambda: datetime.now(UTC))
except Fatal as error:
    print(error)
"""


def test_a_full_disk_is_one_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": f"a/{os.urandom(20).hex()}", "tags": []} for _ in range(5_000)]
    path = _write(tmp_path / "rows", rows)
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(home), str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.startswith("No room left on the disk")
    assert done.stdout.count("\n") == 1
    assert [left for left in home.rglob("*") if left.is_file() and left.suffix != ".lock"] == []


def test_an_update_catches_up_from_the_dumps_watermark_with_cards_of_what_changed(tmp_path: Path) -> None:
    then, later = World(4_000), World(4_000, day=5)
    write_dump(then, tmp_path / "whole.parquet")
    table = pq.read_table(tmp_path / "whole.parquet")
    marks = {b"lineage.simulated": b"true"}
    pq.write_table(table.drop_columns(["cardData"]).replace_schema_metadata(marks), tmp_path / "models.parquet")
    day = then.today
    files = {bootstrap.DAILY: {bootstrap.FILE: _dated(tmp_path / "models.parquet", day)}}
    said: list[str] = []
    with SimulatedHub(later, files=files) as hub:
        settings = _settings(tmp_path, hub.url)
        dumped = importing.bootstrap_hub(settings, now=lambda: later.now, say=said.append, token=False)
        before = len(hub.requests)
        made = update(settings, HubSource(hub.url, token=False), now=lambda: later.now)
        spent = len(hub.requests) - before
    assert not dumped.manifest.card
    assert made.manifest.based_on == dumped.manifest.id
    assert "lineage update" in said[-1]
    assert spent <= int(re.findall(r"are (\d+) requests?", said[-1])[0])
    watermark = dumped.manifest.watermark
    assert watermark is not None
    old, new = (snapshot.rows().collect() for snapshot in (dumped, made))
    changed = new.filter(pl.col("last_modified") > watermark)
    assert changed.height > 10
    assert changed["card_license"].null_count() < changed.height
    told = pl.concat(frames(later)).select("id", "lastModified")
    assert set(changed["id"]) == {id for id, when in told.iter_rows() if datetime.fromisoformat(when) > watermark}
    same = new.join(changed.select("id"), on="id", how="anti").join(old, on="id", suffix=" then")
    assert (same["last_modified"] == same["last_modified then"]).all()
    assert "Card front matter is known only of models that changed since then" in " ".join(made.manifest.notes)


def test_old_names_are_carried_over_a_dump(tmp_path: Path) -> None:
    """It has no ids of the Hub to tell them by; those of which it lists the old one, or not the new one, go.

    Those that go by an id of the Hub wait for a row that tells it.
    """
    day = NOW - timedelta(days=2)
    pairs = (("sim-a/old", "sim-a/model-7"), ("sim-a/model-8", "sim-a/model-9"), ("sim-a/x", "sim-a/gone"))
    with _hub(_daily(tmp_path)) as hub:
        settings = _settings(tmp_path, hub.url)
        none = pl.DataFrame(schema=QUARANTINE)
        times = {"started_at": day, "finished_at": day, "as_of": day}
        told = {"scope": "hub", "kind": "crawl", "source": "a test", "endpoint": hub.url, "aliases": pairs}
        told |= {"former": (("sim-a/away", "01"), ("sim-a/model-8", "02"))}
        sealed(settings, rows=pl.LazyFrame(schema=LISTING), quarantined=none, **told, **times)
        dumped = importing.bootstrap_hub(settings, now=_clock, token=False).manifest
    assert dumped.aliases == (("sim-a/old", "sim-a/model-7"),)
    assert dumped.former == (("sim-a/away", "01"), ("sim-a/model-8", "02"))


def _dump_of(path: Path, mid: str, newest: datetime) -> dict[str, dict[str, Path]]:
    """A dump with ids of the Hub: a model of that name, and a child that writes `sim-a/mid`."""
    columns = {
        "_id": [f"{n:024x}" for n in (1, 2)],
        "id": [mid, "sim-k/kid"],
        "lastModified": [newest, newest - timedelta(days=9)],
        "tags": [[], ["base_model:sim-a/mid"]],
    }
    pq.write_table(pa.table(columns).replace_schema_metadata({"lineage.simulated": "true"}), path)
    return {bootstrap.DAILY: {bootstrap.FILE: _dated(path, newest)}}


def _crawled(settings: Settings, mid: str, moment: datetime, aliases: tuple[tuple[str, str], ...] = ()) -> None:
    rows = pl.LazyFrame([{"hub_id": f"{1:024x}", "id": mid}], schema=LISTING)
    times = {"started_at": moment, "finished_at": moment, "as_of": moment}
    told = {"scope": "hub", "kind": "crawl", "source": "a test", "endpoint": settings.endpoint, "aliases": aliases}
    sealed(settings, rows=rows, quarantined=pl.DataFrame(schema=QUARANTINE), **told, **times)


def test_a_dump_over_an_earlier_snapshot_shows_who_was_renamed(tmp_path: Path) -> None:
    with _hub(_dump_of(tmp_path / "dump.parquet", "sim-a/b", NOW - timedelta(hours=3))) as hub:
        settings = _settings(tmp_path, hub.url)
        _crawled(settings, "sim-a/mid", NOW - timedelta(days=2))
        made = importing.bootstrap_hub(settings, now=_clock, token=False)
    assert made.manifest.aliases == (("sim-a/mid", "sim-a/b"),)


@pytest.mark.parametrize(("before", "aliases"), [("sim-a/a", (("sim-a/a", "sim-a/mid"),)), (None, ())])
def test_a_dump_from_before_a_rename_has_no_names_turned_round(
    tmp_path: Path, before: str | None, aliases: tuple[tuple[str, str], ...]
) -> None:
    """It goes by what was here of an earlier moment, if anything."""
    with _hub(_dump_of(tmp_path / "dump.parquet", "sim-a/mid", NOW - timedelta(hours=3))) as hub:
        settings = _settings(tmp_path, hub.url)
        if before:
            _crawled(settings, before, NOW - timedelta(days=2))
        _crawled(settings, "sim-a/b", NOW - timedelta(hours=1), (("sim-a/mid", "sim-a/b"),))
        made = importing.bootstrap_hub(settings, now=_clock, token=False)
    assert made.manifest.aliases == aliases


def test_a_dump_that_is_here_already_says_so_in_json_too(tmp_path: Path) -> None:
    with _hub(_daily(tmp_path)) as hub:
        env = {"HF_ENDPOINT": hub.url, "LINEAGE_HOME": str(tmp_path / "home")}
        words = ["bootstrap", "--no-load", "--quiet", "--json"]
        once, again = (json.loads(CliRunner().invoke(main, words, env=env).stdout) for _ in range(2))
    same = f"{once['source']} holds the same rows as {once['id']}, which is here already."
    assert same not in once["notes"]
    assert same in again["notes"]
    assert again["sha256"] == once["sha256"]


def test_a_dump_older_than_the_last_crawl_says_so_and_no_update_builds_on_it(tmp_path: Path) -> None:
    """Else what was deleted between the two would come back as new."""
    stamp = f"{NOW - timedelta(hours=2):%Y-%m-%dT%H:%M:%S}.000Z"
    later = f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z"
    rows = [{"id": f"sim-a/model-{n}", "createdAt": stamp, "lastModified": stamp, "tags": []} for n in range(3)]
    fresh = {"id": "sim-a/fresh", "createdAt": later, "lastModified": later, "tags": []}
    said: list[str] = []
    with SimulatedHub(rows_world(rows, label="seed=1"), files=_daily(tmp_path)) as hub:
        settings, source = _settings(tmp_path, hub.url), HubSource(hub.url, token=False)
        crawled = crawl(settings, source, now=lambda: NOW - timedelta(hours=1)).manifest
        remarks: list[str] = []
        dumped = importing.bootstrap_hub(
            settings, now=_clock, say=said.append, remark=remarks.append, token=False
        ).manifest
        assert remarks == said[-1:]
        assert dumped.as_of < crawled.as_of < dumped.started_at
        assert said[-1] == (
            f"{bootstrap.DAILY}@2026-08-23 ends on 2026-08-23 09:00 UTC, before {crawled.id} (2026-08-23 11:00 UTC), "
            "which is here already: lineage update goes on from that one. lineage load --snapshot "
            f"{crawled.id} answers from it again."
        )
        hub.show(rows_world([*rows, fresh], label="seed=1"))
        updated = update(settings, source, now=lambda: NOW + timedelta(hours=2)).manifest
    assert (updated.based_on, updated.models) == (crawled.id, 4)
