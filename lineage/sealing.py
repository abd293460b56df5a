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
_SPREAD = 2
_CHANGED = "the rows to seal came otherwise the second time they were read"


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
    one last modified stays. A lazy frame is read twice, and once more for every two million rows that stand far from
    where they belong; it must give the same rows in the same order each time, as a scan of files does, else this raises
    ValueError. Frames are spooled first, which takes room for the rows beside the result, lightly compressed, while it
    works.
    """
    spool = folder / "spool"
    spool.mkdir()
    source = rows if isinstance(rows, pl.LazyFrame) else _spooled(spool, rows)
    source = _declared(source)
    keys = source.select("hub_id", "id", "last_modified").collect(engine="streaming")
    order = _order(source, keys)
    repeated = keys.height - len(order)
    ids = keys["id"]
    del keys
    frames = _frames(source, ids, order, part_rows)
    parts = _write_parts(folder, f"{stem}-{{:05d}}.parquet", first, frames)
    rmtree(spool)
    return Sorted(parts, len(order), repeated)


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
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=1, statistics=False, row_group_size=_ROW_GROUP
    )
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


def _order(rows: pl.LazyFrame, keys: pl.DataFrame) -> Ints:
    """The input rows that stay, by number, in the order of output: one of each model."""
    numbered = keys.with_row_index("row")
    # by hashes, which takes a fourth of the time: two that are alike by chance only have more rows looked at
    again = [pl.col(name).hash().is_duplicated() & pl.col(name).is_not_null() for name in ("hub_id", "id")]
    suspect = keys.select(pl.any_horizontal(again)).to_series()
    if suspect.any():
        doubtful = numbered.filter(suspect)
        newest = _newest(doubtful, _fingerprints(rows, doubtful)).select(numbered.columns)
        numbered = pl.concat([numbered.filter(~suspect), newest])
    return numbered.sort("hub_id", "id", nulls_last=True)["row"].cast(pl.Int64).to_numpy()


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
    wanted = numbered["row"].cast(pl.Int64).to_numpy()
    return pl.concat(some.hash_rows(seed=0) for some in _picked(rows, numbered["id"], wanted))


def _frames(rows: pl.LazyFrame, ids: pl.Series, order: Ints, part_rows: int) -> Iterator[pl.DataFrame]:
    """The parts: each by a reading of its own where its rows stand together, as a crawl brings them, else many."""
    done = 0
    while done < len(order):
        wanted = order[done : done + part_rows]
        if not _together(wanted):
            wanted = order[done : done + max(1, _HELD_ROWS // part_rows) * part_rows]
        by = np.argsort(wanted)
        rising = wanted[by]
        held = pl.concat(_picked(rows, ids[rising], rising))
        if len(wanted) <= part_rows and np.array_equal(rising, wanted):
            yield held
        else:
            held = held.rechunk()  # picking from many pieces takes seven times as long
            places = np.empty_like(by)
            places[by] = np.arange(len(by))
            for start in range(0, len(wanted), part_rows):
                yield held[places[start : start + part_rows]]
        done += len(wanted)


def _together(wanted: Ints) -> bool:
    """Whether few other rows stand between these."""
    return sum(stop - start for start, stop in _stretches(np.sort(wanted))) <= _SPREAD * len(wanted)


def _picked(rows: pl.LazyFrame, ids: pl.Series, wanted: Ints) -> Iterator[pl.DataFrame]:
    """The wanted input rows, by rising number, which must have these ids."""
    seen = 0
    for start, stop in _stretches(wanted):
        first = start
        stretch = rows.slice(start, stop - start)
        for batch in stretch.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
            here = wanted[seen : np.searchsorted(wanted, first + batch.height)]
            asked = np.zeros(batch.height, dtype=np.bool_)
            asked[here - first] = True
            some = batch.filter(pl.Series(asked))
            _same(some["id"], ids.slice(seen, len(here)))
            yield some
            first += batch.height
            seen += len(here)
    if seen < len(wanted):
        raise ValueError(_CHANGED)


def _stretches(wanted: Ints) -> Iterator[tuple[int, int]]:
    """Where to read for rising row numbers: from one that is wanted to the next far from others, at most a few."""
    far = np.flatnonzero(np.diff(wanted) > _APART)
    ends = far if len(far) < _FEW else far[:0]
    return zip(wanted[[0, *(ends + 1)]].tolist(), (wanted[[*ends, -1]] + 1).tolist(), strict=True)


def _same(again: pl.Series, ids: pl.Series) -> None:
    if not again.equals(ids):
        raise ValueError(_CHANGED)


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
