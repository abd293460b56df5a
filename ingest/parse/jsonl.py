"""Import of listing rows as JSON Lines: plain, gzip or zstd, in chunks; a large file on more than one core."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import polars as pl

from ingest import parse
from ingest.parse import Parsed, oddrows, rows
from ingest.parse.ahead import ahead
from ingest.parse.inflate import Pieces
from lineage.errors import Fatal

Bytes: TypeAlias = Callable[[int, int], None]
"""Told bytes done and bytes in all."""

_CHUNK = 8 << 20
_LONGEST_LINE = 64 << 20
_BOM = b"\xef\xbb\xbf"
_OTHERS = dict(oddrows.SPELLINGS)
_KEYS = {key: (key, *filter(None, [_OTHERS.get(key)])) for key in rows.ROW if key != "id"}
_log = logging.getLogger(__name__)


class LineReader:
    """Rows of one file; iterate once. `cut`, `simulated` and `missing` are known at the end, `size` is its bytes.

    `missing` names the wanted keys that no row has, in the Hub's spelling.
    """

    def __init__(self, path: Path, progress: Bytes) -> None:
        self.path = path
        self.cut = False
        self.simulated = False
        self.missing = tuple(_KEYS)
        self.size = _size(path)
        self._rest = b""
        self._progress = progress

    def __iter__(self) -> Iterator[Parsed]:
        rows, first = 0, ""
        with self.path.open("rb") as file:
            for parsed in self._parsed(file):
                rows += parsed.rows.height
                first = first or next(iter(parsed.quarantined["reason"]), "")
                yield parsed
        if not rows:
            why = f"the first was refused because {parse.REASONS[first]}" if first else "there is no text in it"
            raise Fatal(
                f"{self.path.name} holds no listing row that can be read: {why}. One JSON object a line is needed."
            )

    def _parsed(self, file: BinaryIO) -> Iterator[Parsed]:
        yield from ahead(parse.lines, self._looked(file))
        if self._rest.strip():
            self._look(self._rest)
            yield self._last(self._rest)
        if self.cut:
            _log.warning("%s ends in the middle; the whole rows before that are kept.", self.path.name)

    def _looked(self, file: BinaryIO) -> Iterator[bytes]:
        for chunk in self._chunks(file):
            self._look(chunk)
            self._progress(file.tell(), self.size)
            yield chunk

    def _chunks(self, file: BinaryIO) -> Iterator[bytes]:
        """Whole lines, about `_CHUNK` bytes of them at a time; `_rest` is what follows the last line end."""
        pieces, held, begun = Pieces(file), bytearray(), False
        for piece in pieces:
            held += piece
            if not begun and len(held) >= 4096:
                self._begin(held)
                begun = True
            end = held.rfind(b"\n") + 1
            if end >= _CHUNK:
                yield bytes(memoryview(held)[:end])
                del held[:end]
            elif len(held) - end > _LONGEST_LINE:
                raise Fatal(
                    f"{self.path.name} has a line of over {_LONGEST_LINE >> 20} MB, so it is no JSON Lines file."
                )
        if not begun:
            self._begin(held)
        end = held.rfind(b"\n") + 1
        self.cut, self._rest = pieces.broken, bytes(held[end:])
        if end:
            yield bytes(held[:end])

    def _look(self, text: bytes) -> None:
        """Strike the keys that are in this text off the missing ones."""
        self.missing = tuple(name for name in self.missing if not any(_keyed(text, key) for key in _KEYS[name]))

    def _begin(self, head: bytearray) -> None:
        """Look at the first bytes; raises Fatal where they are no text."""
        if head.startswith(_BOM):
            del head[: len(_BOM)]
        if b"\0" in head[:4096]:
            raise Fatal(f"{self.path.name} is a binary file, neither JSON Lines (plain, .gz, .zst) nor Parquet.")
        line = bytes(head.lstrip().partition(b"\n")[0])
        self.simulated = b'"_simulated"' in line and _says_simulated(line)

    def _last(self, line: bytes) -> Parsed:
        """A last line without its end: a row where it is whole, else quarantined as truncated."""
        parsed = parse.lines(line)
        if parsed.rows.is_empty() and parsed.quarantined["reason"].is_in(["not-json", "not-utf8"]).all():
            self.cut = True
            return Parsed(parsed.rows, parsed.quarantined.with_columns(reason=pl.lit("truncated")))
        return parsed


def read(path: Path, progress: Bytes = lambda done, total: None) -> LineReader:
    """The rows of a JSON Lines file, in batches. Raises Fatal where it is unreadable, or no row of it is good."""
    return LineReader(path, progress)


def head(path: Path) -> bytes:
    """The first four bytes of a file. Raises Fatal where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise Fatal(f"{path} cannot be read: {error.strerror}.") from error


def _size(path: Path) -> int:
    if not head(path):
        raise Fatal(f"{path.name} is empty.")
    return path.stat().st_size


def _keyed(text: bytes, key: str) -> bool:
    quoted = f'"{key}"'.encode()
    return quoted in text and re.search(quoted + rb"\s*:", text) is not None


def _says_simulated(line: bytes) -> bool:
    try:
        row = oddrows.loads(line.decode())
    except ValueError:
        return False
    return isinstance(row, dict) and row.get("_simulated") is True
