"""Rows in any order become sorted parts of fixed size, one row a model: bounded memory, the same bytes each time."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lineage.schema import LISTING

Ints: TypeAlias = NDArray[np.int64]

PART_ROWS = 500_000
"""Rows in every part but the last."""

_BATCH_ROWS = 100_000
_HELD_ROWS = 2_000_000
"""Rows of neighbouring parts that are held at once, about a quarter of a kilobyte each."""

_ROW_GROUP = 125_000
_AT_ONCE = 2
_FEW = 4
_APART = 50_000


@dataclass(frozen=True)
class Part:
    """One file of a snapshot: its name, rows, size in bytes and SHA-256."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Sorted:
    """The parts as written, in order; `models` rows in all, `repeated` left out for a newer row of the same model."""

    parts: tuple[Part, ...]
    models: int
    repeated: int


def write_sorted(
    folder: Path,
    rows: pl.LazyFrame | Iterable[pl.DataFrame],
    part_rows: int = PART_ROWS,
    stem: str = "models",
    first: int = 0,
) -> Sorted:
    """Write `models-00000.parquet` … into `folder`: sorted by hub_id (nulls last), then id; one row a model.

    The names begin with `stem` and count from `first`. Of rows with the same `hub_id` (a rename) or the same `id` the
    one last modified stays. A lazy frame is read twice, and once more for every two million rows out of order; it must
    give the same rows in the same order each time, as a scan of files does. Frames are spooled first, which takes room
    for the rows beside the result, lightly compressed, while it works.
    """
    spool = folder / "spool"
    spool.mkdir()
    source = rows if isinstance(rows, pl.LazyFrame) else _spooled(spool, rows)
    source = _declared(source)
    keys = source.select("hub_id", "id", "last_modified").collect(engine="streaming")
    places = _places(source, keys)
    models = int((places >= 0).sum())
    repeated = keys.height - models
    in_order = bool((places == np.arange(len(places))).all())
    ids = keys["id"]
    del keys
    frames = _slices(source, ids, part_rows) if in_order else _ordered(source, ids, places, part_rows)
    parts = _write_parts(folder, f"{stem}-{{:05d}}.parquet", first, frames)
    rmtree(spool)
    return Sorted(parts, models, repeated)


def write_file(path: Path, data: bytes, rows: int) -> Part:
    """Write and sync one new file; the part that describes it."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Part(path.name, rows, len(data), hashlib.sha256(data).hexdigest())


def parquet(frame: pl.DataFrame) -> bytes:
    """A frame as Parquet, the same bytes for the same rows."""
    buffer = BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", row_group_size=_ROW_GROUP)
    return buffer.getvalue()


def sync_folder(path: Path) -> None:
    """Make the names inside a folder outlast a power cut, where the system lets a folder be synced."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _declared(rows: pl.LazyFrame) -> pl.LazyFrame:
    found, wanted = rows.collect_schema(), pl.Schema(LISTING)
    wrong = [name for name, kind in wanted.items() if found.get(name) != kind]
    if wrong or len(found) != len(wanted):
        raise ValueError(
            f"rows must have the columns of schema.LISTING; not so: {wrong or sorted(set(found) - set(wanted))}"
        )
    return rows.select(list(LISTING))


def _spooled(spool: Path, frames: Iterable[pl.DataFrame]) -> pl.LazyFrame:
    files: list[Path] = []
    for number, frame in enumerate(_gathered(frames)):
        path = spool / f"rows-{number:06d}.arrow"
        _write_arrow(path, frame)
        files.append(path)
    return pl.scan_ipc(files) if files else pl.LazyFrame(schema=LISTING)


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Small frames joined to larger ones, so that a crawl's pages are not a file each."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(f.height for f in held) >= _BATCH_ROWS:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


def _write_arrow(path: Path, frame: pl.DataFrame) -> None:
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    path.write_bytes(buffer.getbuffer())


def _batches(rows: pl.LazyFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    offset = 0
    for batch in rows.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
        yield offset, batch
        offset += batch.height


def _places(rows: pl.LazyFrame, keys: pl.DataFrame) -> Ints:
    """The place in the output of each input row, in input order; -1 where another row of the same model stays."""
    numbered = keys.with_row_index("row")
    # by hashes, which takes a fourth of the time: two that are alike by chance only have more rows looked at
    again = [pl.col(name).hash().is_duplicated() & pl.col(name).is_not_null() for name in ("hub_id", "id")]
    suspect = keys.select(pl.any_horizontal(again)).to_series()
    if suspect.any():
        doubtful = numbered.filter(suspect)
        newest = _newest(doubtful, _fingerprints(rows, doubtful)).select(numbered.columns)
        numbered = pl.concat([numbered.filter(~suspect), newest])
    order = numbered.sort("hub_id", "id", nulls_last=True)["row"].to_numpy()
    places = np.full(keys.height, -1, dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _newest(keys: pl.DataFrame, fingerprints: pl.Series) -> pl.DataFrame:
    """One row a model; equally new ones by their content, so that the order of input decides nothing."""
    by_age = keys.with_columns(fingerprints.alias("print")).sort(
        "last_modified", "print", descending=True, nulls_last=True
    )
    known = by_age.filter(pl.col("hub_id").is_not_null()).unique("hub_id", keep="first", maintain_order=True)
    both = pl.concat([known, by_age.filter(pl.col("hub_id").is_null())])
    ordered = both.sort("last_modified", "print", descending=True, nulls_last=True)
    return ordered.unique("id", keep="first", maintain_order=True)


def _fingerprints(rows: pl.LazyFrame, numbered: pl.DataFrame) -> pl.Series:
    """A number for the content of each of these rows, by where they stand in the input."""
    wanted = numbered["row"].cast(pl.Int64)
    found: list[pl.Series] = []
    for start, stop in _stretches(wanted.to_numpy()):
        here = numbered.filter(wanted.is_between(start, stop, closed="left"))
        some = rows.slice(start, stop - start).collect()[here["row"].to_numpy() - start]
        _same(some["id"], here["id"])
        found.append(some.hash_rows(seed=0))
    return pl.concat(found)


def _stretches(places: Ints) -> Iterator[tuple[int, int]]:
    """Where to read for rising places: a few stretches of the input where they stand close together, else batches."""
    ends = np.flatnonzero(np.diff(places) > _APART)
    if len(ends) < _FEW:
        yield from zip(places[[0, *(ends + 1)]], places[[*ends, -1]] + 1, strict=True)
        return
    for start in range(int(places[0]), int(places[-1]) + 1, _HELD_ROWS):
        yield start, start + _HELD_ROWS


def _slices(rows: pl.LazyFrame, ids: pl.Series, part_rows: int) -> Iterator[pl.DataFrame]:
    """The parts of rows that came in order, as a crawl by creation does: nothing to gather."""
    for start in range(0, len(ids), part_rows):
        part = rows.slice(start, part_rows).collect()
        _same(part["id"], ids.slice(start, part_rows))
        yield part


def _ordered(rows: pl.LazyFrame, ids: pl.Series, places: Ints, part_rows: int) -> Iterator[pl.DataFrame]:
    """The parts of rows in any order: as many parts as may be held are picked from the rows at each reading."""
    held_rows = max(1, _HELD_ROWS // part_rows) * part_rows
    for first in range(0, len(places), held_rows):
        wanted = (places >= first) & (places < first + held_rows)
        held = _picked(rows, ids, pl.Series(wanted))
        order = np.argsort(places[wanted])
        for start in range(0, held.height, part_rows):
            yield held[order[start : start + part_rows]]


def _picked(rows: pl.LazyFrame, ids: pl.Series, wanted: pl.Series) -> pl.DataFrame:
    """The wanted rows, in the order of input and in one piece: picking from many takes seven times as long."""
    picked = []
    for offset, batch in _batches(rows):
        _same(batch["id"], ids.slice(offset, batch.height))
        picked.append(batch.filter(wanted.slice(offset, batch.height)))
    return pl.concat(picked, rechunk=True)


def _same(again: pl.Series, ids: pl.Series) -> None:
    if not again.equals(ids):
        raise ValueError("the rows to seal came in another order the second time they were read")


def _write_parts(folder: Path, name: str, first: int, frames: Iterator[pl.DataFrame]) -> tuple[Part, ...]:
    """Every part in its file, two at once."""
    parts: list[Part] = []
    with ThreadPoolExecutor(_AT_ONCE) as writers:
        writing: deque[Future[Part]] = deque()
        for number, frame in enumerate(frames, first):
            writing.append(writers.submit(_write_part, folder / name.format(number), frame))
            if len(writing) == _AT_ONCE:
                parts.append(writing.popleft().result())
        parts += [part.result() for part in writing]
    return tuple(parts)


def _write_part(path: Path, frame: pl.DataFrame) -> Part:
    return write_file(path, parquet(frame), frame.height)
