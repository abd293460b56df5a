"""Import of a published Hub dump, one `models.parquet`: the columns that are there, row group by row group."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.parse import Parsed, columns, oddrows, quarantine
from ingest.parse.ahead import ahead
from lineage.errors import Damaged

Bytes: TypeAlias = Callable[[int, int], None]
"""Told bytes done and bytes in all, of the columns that are read."""

WANTED = (
    "_id", "id", "author", "createdAt", "lastModified", "downloads", "downloadsAllTime", "likes", "trendingScore",
    "pipeline_tag", "library_name", "gated", "private", "disabled", "safetensors", "tags", "cardData", "baseModels",
)  # fmt: skip
"""The Hub's names of what is read from a dump."""

_INSIDE = {
    "safetensors": ("safetensors.total",),
    "baseModels": (
        "baseModels.relation",
        "baseModels.models.list.element.id",
        "baseModels.models.list.item.id",
        "baseModels.models.list.element",
        "baseModels.models.list.item",
    ),
}
_BATCH = 32_768
_GAP = 8_192
_TEXTS = pl.List(pl.String)
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What reading a dump's columns takes: `bytes` of `size`, in at least `reads` separate ranges."""

    bytes: int
    size: int
    reads: int


class _Chunk(NamedTuple):
    """One column of one row group, as it lies in the file."""

    start: int
    bytes: int
    needed: bool


class DumpReader:
    """Rows of one dump; iterate once.

    `rows` in all, by the file's own count. `missing` names wanted columns that it lacks, in the Hub's spelling. `card`
    is whether it has front matter. `simulated` is what a dump of the simulated Hub says of itself.
    """

    def __init__(self, source: Path | BinaryIO, name: str, progress: Bytes) -> None:
        self._name, self._progress = name, progress
        self._file = self._tried(lambda: pq.ParquetFile(source, pre_buffer=True))
        there = self._file.schema_arrow.names
        others = {usual: other for usual, other in oddrows.SPELLINGS if other in there and usual not in there}
        self._spelt = {wanted: others.get(wanted, wanted) for wanted in WANTED}
        self._leaves = self._tried(self._needed)
        self._chunks = self._tried(self._footer)
        found = {leaf.partition(".")[0] for leaf in self._leaves}
        self.missing = tuple(wanted for wanted in WANTED if self._spelt[wanted] not in found)
        self.rows = self._file.metadata.num_rows
        self.card = "cardData" not in self.missing
        self.simulated = (self._file.metadata.metadata or {}).get(b"lineage.simulated") == b"true"
        if "id" in self.missing:
            self._file.close()
            raise Damaged(f"{name} has no column id: it is no dump of the Hub's models.")

    def close(self) -> None:
        """Let go of the file, where it is not to be read to its end."""
        self._file.close()

    def cost(self) -> Cost:
        """What reading takes, from the file's footer alone."""
        wanted = [[chunk for chunk in group if chunk.needed] for group in self._chunks]
        reads = sum(_ranges(sorted(group)) for group in wanted)
        size = sum(chunk.bytes for group in self._chunks for chunk in group)
        return Cost(sum(chunk.bytes for group in wanted for chunk in group), size, reads)

    def __iter__(self) -> Iterator[Parsed]:
        try:
            yield from ahead(self._parsed, self._batches())
        finally:
            self._file.close()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        done, total = 0, max(1, self.cost().bytes)
        for group in range(self._file.num_row_groups):
            batches = self._file.iter_batches(_BATCH, row_groups=[group], columns=sorted(self._leaves))
            while (batch := self._tried(partial(next, batches, None))) is not None:
                yield batch
            done += sum(chunk.bytes for chunk in self._chunks[group] if chunk.needed)
            self._progress(done, total)

    def _needed(self) -> frozenset[str]:
        schema = self._file.schema
        leaves = [schema.column(place).path for place in range(len(schema.names))]
        needed = set()
        for usual, spelt in self._spelt.items():
            inside = {path.replace(usual, spelt, 1) for path in _INSIDE.get(usual, ())}
            needed |= {leaf for leaf in leaves if leaf in inside or (not inside and _belongs(leaf, spelt))}
        return frozenset(needed)

    def _footer(self) -> list[list[_Chunk]]:
        meta = self._file.metadata
        groups = [meta.row_group(group) for group in range(meta.num_row_groups)]
        return [[self._chunk(group.column(place)) for place in range(group.num_columns)] for group in groups]

    def _chunk(self, column: pq.ColumnChunkMetaData) -> _Chunk:
        start = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
        return _Chunk(start, column.total_compressed_size, column.path_in_schema in self._leaves)

    def _parsed(self, batch: pa.RecordBatch) -> Parsed:
        self._tried(lambda: batch.validate(full=True))
        frame = pl.DataFrame(batch)
        usual = {spelt: wanted for wanted, spelt in self._spelt.items() if spelt in frame.columns}
        table = _clean(columns.listing(frame.rename(usual)))
        if "baseModels" not in self.missing:
            table = table.with_columns(pl.col("dump_parents").fill_null([]))
        unfit = table.select(columns.unfit_id()).to_series()
        if not unfit.any():
            return Parsed(table, quarantine([]))
        return Parsed(table.filter(~unfit), quarantine(_refused(name) for name in table.filter(unfit)["id"]))

    def _tried(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (pa.ArrowException, OSError, UnicodeError) as error:
            if isinstance(error, OSError) and type(error) is not OSError:
                raise
            first = str(error).partition("\n")[0][:200]
            raise Damaged(f"{self._name} is no Parquet file, or a damaged one: {first}. Fetch it again.") from error


def read(source: Path | BinaryIO, progress: Bytes = lambda done, total: None, *, name: str | None = None) -> DumpReader:
    """The rows of a dump, a local path or an open seekable file. Raises Damaged where it is none.

    Errors of the open file itself (a network's) pass through unchanged.
    """
    return DumpReader(source, name or (source.name if isinstance(source, Path) else "the dump"), progress)


def _clean(table: pl.DataFrame) -> pl.DataFrame:
    """The same with U+FFFD for NUL, which no store takes."""
    texts, lists = pl.col(pl.String), pl.col(_TEXTS)
    if not any(table.select(_nul(texts), _nul(lists.list.explode())).row(0)):
        return table
    return table.with_columns(_whole(texts), lists.list.eval(_whole(pl.element())))


def _nul(texts: pl.Expr) -> pl.Expr:
    return texts.str.contains("\x00", literal=True).any()


def _whole(texts: pl.Expr) -> pl.Expr:
    return texts.str.replace_all("\x00", "\ufffd", literal=True)


def _refused(name: str | None) -> tuple[str, str]:
    reason = "bad-id" if name is not None and name.strip() else "no-id"
    return reason, json.dumps({"id": name}, ensure_ascii=False)


def _belongs(leaf: str, column: str) -> bool:
    return leaf == column or leaf.startswith(f"{column}.")


def _ranges(chunks: list[_Chunk]) -> int:
    """How many ranges it takes to read these chunks, in order of start, where small gaps are read over."""
    return sum(
        place == 0 or chunk.start > chunks[place - 1].start + chunks[place - 1].bytes + _GAP
        for place, chunk in enumerate(chunks)
    )
