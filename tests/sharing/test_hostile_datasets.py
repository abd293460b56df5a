"""Datasets that are not what they say: one sentence each, nothing put in place, nothing left behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO

import polars as pl
import pytest

from ingest.simulated.repositories import Repositories, WritableHub
from ingest.simulated.sources import RowsSource
from lineage.errors import Damaged, Fatal, NotFound, TooNew
from lineage.settings import Settings
from lineage.snapshots import listed
from tests.reports.homes import model
from tests.sharing.shared import NOW, copied, edited, get, left, put, real, rewritten

ROWS = [model("Qwen/Qwen3-8B"), *(model(f"a/child-{n}", "Qwen/Qwen3-8B") for n in range(50))]
PULLED = NOW + timedelta(days=9)
PART = "lineage/models-00000.parquet"
MANIFEST = "lineage/manifest.json"

Files = dict[str, bytes]
Raw = dict[str, object]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Repositories:
    """A sound dataset, published once; each test harms a copy."""
    made, shelf = Settings(home=tmp_path_factory.mktemp("made")), Repositories()
    real(made, ROWS)
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        put(made, hub)
    return shelf


@pytest.fixture
def hub(shelf: Repositories) -> Iterator[WritableHub]:
    with WritableHub(RowsSource(()), repositories=copied(shelf)) as served:
        yield served


@pytest.fixture
def published(hub: WritableHub) -> WritableHub:
    return hub


def _first(raw: Raw) -> Raw:
    parts = raw["parts"]
    assert isinstance(parts, list)
    found: Raw = parts[0]
    return found


def _named(name: str) -> Callable[[Files], None]:
    return edited(MANIFEST, lambda raw: _first(raw).update(name=name))


def _says(**facts: object) -> Callable[[Files], None]:
    return edited(MANIFEST, lambda raw: raw.update(facts))


def _flipped(files: Files) -> None:
    data = bytearray(files[PART])
    data[len(data) // 2] ^= 1
    files[PART] = bytes(data)


def _replaced(frame: pl.DataFrame) -> Callable[[Files], None]:
    """A part with other rows, and a manifest that fits it in size and digest."""

    def do(files: Files) -> None:
        buffer = BytesIO()
        frame.write_parquet(buffer)
        files[PART] = buffer.getvalue()
        digest = hashlib.sha256(files[PART]).hexdigest()
        raw = json.loads(files[MANIFEST])
        raw["parts"][0] |= {"bytes": len(files[PART]), "sha256": digest, "rows": frame.height}
        raw["sha256"] = hashlib.sha256(f"{raw['schema_version']}\n{digest}".encode()).hexdigest()
        files[MANIFEST] = json.dumps(raw).encode()

    return do


def _like(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Files], None]:
    def do(files: Files) -> None:
        _replaced(change(pl.read_parquet(files[PART])))(files)

    return do


WRONG: dict[str, tuple[Callable[[Files], object], type[Exception], str]] = {
    "a flipped byte": (_flipped, Damaged, "its SHA-256 differs"),
    "a missing part": (lambda files: files.pop(PART), Damaged, "lacks lineage/models-00000.parquet"),
    "a part too many": (lambda files: files.update({"lineage/x.py": b"1"}), Damaged, "holds 'lineage/x.py'"),
    "a shorter part": (lambda files: files.update({PART: files[PART][:-9]}), Damaged, "bytes where its manifest says"),
    "a path upwards": (_named("../../evil.parquet"), Damaged, "is no manifest"),
    "the folder above": (_named(".."), Damaged, "no part of a snapshot"),
    "a path from the root": (_named("/etc/passwd"), Damaged, "is no manifest"),
    "a hidden name": (_named(".models.parquet"), Damaged, "no part of a snapshot"),
    "a path of another system": (_named("..\\evil.parquet"), Damaged, "no part of a snapshot"),
    "the manifest as a part": (_named("manifest.json"), Damaged, "no part of a snapshot"),
    "a huge size": (edited(MANIFEST, lambda raw: _first(raw).update(bytes=10**15)), Damaged, "1,000,000,000,000,000"),
    "a size below nothing": (edited(MANIFEST, lambda raw: _first(raw).update(bytes=-1)), Damaged, "cannot be"),
    "more rows than a part has": (edited(MANIFEST, lambda raw: _first(raw).update(rows=10**12)), Damaged, "more rows"),
    "an id upwards": (_says(id="../../evil"), Damaged, "its id is none"),
    "an id of nothing": (_says(id=""), Damaged, "its id is none"),
    "a newer version": (_says(schema_version=999), TooNew, "newer lineage"),
    "a version that is text": (_says(schema_version="1"), Damaged, "another type"),
    "counts that are text": (_says(models="many"), Damaged, "another type"),
    "a flag that is text": (_says(simulated="no"), Damaged, "another type"),
    "notes that are none": (_says(notes=[{"x": 1}]), Damaged, "another type"),
    "a time that is none": (_says(as_of="yesterday"), Damaged, "is no manifest"),
    "a time without a zone": (_says(as_of="2026-01-01T00:00:00"), Damaged, "has no zone"),
    "a time to come": (_says(as_of="9999-01-01T00:00:00+00:00"), Damaged, "yet to come"),
    "another layer": (_says(whole=None), Damaged, "not of the lineage layer"),
    "another kind": (_says(kind="crawl"), Damaged, "not of the lineage layer"),
    "a wrong digest": (_says(sha256="0" * 64), Damaged, "its digest does not fit its parts"),
    "a denominator that is text": (
        edited(MANIFEST, lambda raw: raw["whole"].update(models="9")), Damaged, "its whole.models is of another type",
    ),
    "other names": (_says(aliases=[["a/child-1", "a/child-2"]]), Damaged, "its digest does not fit"),
    "other former names": (_says(former=[["a/child-1", "01"]]), Damaged, "its digest does not fit"),
    "a former name of nobody": (_says(former=[["a/child-1", None]]), Damaged, "its former is of another type"),
    "a name for three": (_says(aliases=[["a", "b", "c"]]), Damaged, "is no manifest"),
    "a watermark after its rows": (_says(watermark="2026-08-22T00:00:01+00:00"), Damaged, "its watermark is later"),
    "a watermark before the Hub": (_says(watermark="1999-01-01T00:00:00+00:00"), Damaged, "its watermark is before"),
    "a day before the Hub": (_says(as_of="1999-01-01T00:00:00+00:00"), Damaged, "its as_of is before there was a Hub"),
    "a listing to come": (_says(full_as_of="9999-01-01T00:00:00+00:00"), Damaged, "its full_as_of is later"),
    "a start to come": (_says(started_at="9999-01-01T00:00:00+00:00"), Damaged, "its started_at"),
    "an end to come": (_says(finished_at="9999-01-01T00:00:00+00:00"), Damaged, "its finished_at"),
    "a watermark that is a number": (_says(watermark=0), Damaged, "its watermark is of another type"),
    "a list for a flag": (_says(direct_exact=[1]), Damaged, "its direct_exact is of another type"),
    "pages below nothing": (_says(pages=-1), Damaged, "its pages is below nothing"),
    "refused rows below nothing": (_says(quarantined=-1, rows=50), Damaged, "its quarantined is below nothing"),
    "children below nothing": (_says(expanded=-7), Damaged, "its expanded is below nothing"),
    "rows that nobody has": (_says(rows=10**9), Damaged, "its rows are not its models and its quarantined"),
    "refused rows without a file": (_says(quarantined=5, rows=56), Damaged, "its quarantined is not what its file has"),
    "a whole below nothing": (
        edited(MANIFEST, lambda raw: raw["whole"].update(models=-5, rows=-5)), Damaged,
        "its whole.models is below nothing",
    ),
    "a whole smaller than its part": (
        edited(MANIFEST, lambda raw: raw["whole"].update(models=50, rows=50)), Damaged,
        "its whole.models is less than the models of this part",
    ),
    "a whole that does not add up": (
        edited(MANIFEST, lambda raw: raw["whole"].update(rows=52)), Damaged, "its whole.rows are not",
    ),
    "downloads below nothing": (
        edited(MANIFEST, lambda raw: raw["whole"].update(downloads=-1)), Damaged,
        "its whole.downloads is below nothing",
    ),
    "no JSON": (lambda files: files.update({MANIFEST: b"<html>"}), Damaged, "is no manifest"),
    "a list": (lambda files: files.update({MANIFEST: b"[]"}), Damaged, "is no manifest"),
    "a deep one": (lambda files: files.update({MANIFEST: b"[" * 100_000}), Damaged, "is no manifest"),
    "a long one": (lambda files: files.update({MANIFEST: b" " * 17_000_000}), Damaged, "no manifest is so long"),
    "no layer": (
        lambda files: [files.pop(path) for path in list(files) if "/" in path], NotFound, "no published snapshot",
    ),
    "other columns": (_replaced(pl.DataFrame({"id": ["a/b"]})), Damaged, "other columns"),
    "a model twice": (_like(lambda rows: pl.concat([rows, rows.head(1)])), Damaged, "are not the"),
    "fewer models": (_like(lambda rows: rows.head(3)), Damaged, "are not the"),
    "a model without id": (
        _like(lambda rows: rows.with_columns(id=pl.when(pl.col("id") == "a/child-7").then(None).otherwise("id"))),
        Damaged,
        "are not the",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_is_refused_in_a_sentence_and_leaves_nothing(case: str, published: WritableHub, home: Settings) -> None:
    change, kind, said = WRONG[case]
    rewritten(published, lambda files: change(files) and None)
    with pytest.raises(kind) as caught:
        get(home, published)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert type(caught.value) is kind
    assert listed(home) == ()
    assert left(home) == []
    assert not (home.home.parent / "evil").exists()


def test_a_watermark_ahead_of_this_clock_would_make_updates_miss_what_changes_till_then(
    published: WritableHub, home: Settings
) -> None:
    """The day that `as_of` may be ahead is no excuse: an update looks ten minutes back, no further."""
    ahead = (PULLED + timedelta(hours=3)).isoformat()
    rewritten(published, _says(as_of=ahead, started_at=ahead, finished_at=ahead, watermark=ahead))
    with pytest.raises(Damaged, match="its watermark is yet to come"):
        get(home, published)
    near = (PULLED + timedelta(minutes=3)).isoformat()
    rewritten(published, _says(as_of=near, started_at=near, finished_at=near, watermark=near))
    assert get(home, published).manifest.models == len(ROWS)


def test_no_parquet_at_all_behind_a_digest_that_fits(published: WritableHub, home: Settings) -> None:
    def change(files: Files) -> None:
        _replaced(pl.DataFrame({"id": ["a/b"]}))(files)
        data = b"PAR1" + b"\0" * 400 + b"PAR1"
        digest = hashlib.sha256(data).hexdigest()
        raw = json.loads(files[MANIFEST])
        raw["parts"][0] |= {"bytes": len(data), "sha256": digest}
        raw["sha256"] = hashlib.sha256(f"{raw['schema_version']}\n{digest}".encode()).hexdigest()
        files[MANIFEST], files[PART] = json.dumps(raw).encode(), data

    rewritten(published, change)
    with pytest.raises(Damaged, match="no Parquet that can be read"):
        get(home, published)
    assert left(home) == []


def test_more_than_the_disk_holds_is_not_begun(
    published: WritableHub, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sharing.pulling._SPARE", 1 << 62)
    with pytest.raises(Fatal, match="are free"):
        get(home, published)
    assert not any(request.path.endswith(".parquet") for request in published.requests if "/resolve/" in request.path)


def test_text_from_outside_is_printed_without_what_steers_a_terminal(published: WritableHub, home: Settings) -> None:
    from tests.reports.homes import run

    rewritten(published, _says(notes=["\x1b[2Jgone"], source="\x1b]0;x\x07"))
    get(home, published)
    shown = run(home.home, "snapshots")
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output


def test_files_that_a_cut_pull_left_are_checked_like_others(published: WritableHub, home: Settings) -> None:
    from ingest.sharing import pulling
    from tests.sharing.shared import remote

    state = remote(published).state()
    assert state is not None
    with pulling._workshop(home, remote(published), state.commit, "lineage") as folder:
        there = folder / PART
        there.parent.mkdir()
    folder.joinpath("lineage").mkdir(parents=True)
    there.write_bytes(b"not it")
    assert get(home, published).manifest.models == len(ROWS)
    assert all(path.startswith("snapshots/") for path in left(home))
