"""The committed pages of a crawl: rows and cursor in one rename, so they cannot fall out of step."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from ingest.crawl.frontier import Task
from ingest.parse import Parsed
from lineage import room
from lineage.errors import Damaged, Fatal, Refused
from lineage.export.plain import plural
from lineage.schema import LISTING, QUARANTINE
from lineage.sealing import sync_folder

_KEY = "lineage"


@dataclass(frozen=True)
class Plan:
    """What a crawl asks for; one that goes on must ask for the same. `depth` and `registry` are a family crawl's."""

    scope: str
    endpoint: str
    fields: tuple[str, ...]
    schema_version: int
    depth: int | None = None
    registry: str | None = None

    def unlike(self, other: Plan) -> tuple[str, ...]:
        """The names of the facts that differ."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name))


def kept(pages: Sequence[object]) -> str:
    """`1 page is kept`, `3 pages are kept`."""
    return f"{plural(len(pages), 'page')} {'is' if len(pages) == 1 else 'are'} kept"


@dataclass(frozen=True)
class Head:
    """What is kept of a page beside its rows.

    `next` is the Link to go on with, None at the end of the task. `requests` counts all requests of the crawl up to
    here, `cost` those that this page takes when nothing fails. `missing`: the Hub shows no such model. `sent` is the
    server's clock.
    """

    task: Task
    request: str
    next: str | None
    started_at: datetime
    requests: int
    cost: int = 1
    missing: bool = False
    sent: datetime | None = None
    simulated: str | None = None
    rows: int = 0
    quarantined: int = 0


class Pages:
    """The pages of one crawl in `folder`. Raises `Refused` where they were fetched by another plan.

    `rows_seen` counts their rows, `bad` the unreadable ones among them, `cost` what they cost in requests.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.heads: list[Head] = []
        self._firsts: list[int] = []
        self.rows_seen = self.bad = self.cost = 0
        for file in sorted(folder.glob("page-*.parquet")):
            if file != self._file(len(self.heads)):
                raise Damaged(f"{self._file(len(self.heads))} is missing before {file.name}. Start over with --fresh.")
            self._note(self._kept(file))

    def commit(self, pages: Sequence[tuple[Head, Parsed]]) -> None:
        """Keep pages that follow each other, and the cursor after them, in one file: for good once this returns."""
        heads = [replace(head, rows=page.rows.height, quarantined=page.quarantined.height) for head, page in pages]
        quarantined = pl.concat([page.quarantined for _, page in pages])
        buffer = BytesIO()
        rows = pl.concat([page.rows for _, page in pages])
        # as it is: written once and read soon, half a gigabyte for the whole Hub
        rows.write_parquet(
            buffer, compression="uncompressed", statistics=False, metadata=self._metadata(heads, quarantined)
        )
        try:
            self._put(self._file(len(self.heads)), buffer.getbuffer())
        except OSError as error:
            if error.errno not in room.CODES:
                raise
            raise Fatal(
                f"No room left on the disk under {self.folder} ({error.strerror}). The {len(self.heads):,} pages "
                "fetched so far are kept: make room and run the same command again."
            ) from error
        self._note(heads)

    def drop_last(self) -> None:
        """Forget the last page, and those kept in one file with it, so that they are asked for again."""
        first = self._firsts.pop()
        self._file(first).unlink()
        sync_folder(self.folder)
        for gone in self.heads[first:]:
            self.rows_seen -= gone.rows + gone.quarantined
            self.bad -= gone.quarantined
            self.cost -= gone.cost
        del self.heads[first:]

    def page(self, number: int) -> pl.LazyFrame:
        """The rows of one committed page (schema.LISTING), read when they are collected."""
        first = self._first(number)
        before = sum(head.rows for head in self.heads[first:number])
        return pl.scan_parquet(self._file(first), glob=False).slice(before, self.heads[number].rows)

    def rows(self) -> pl.LazyFrame:
        """The rows of all pages (schema.LISTING), in the order fetched."""
        return scanned(self.files())

    def files(self) -> list[Path]:
        """The files of all pages, in the order fetched."""
        return [self._file(first) for first in self._firsts]

    def quarantined(self) -> pl.DataFrame:
        """What could not be read on all pages (schema.QUARANTINE), each text once."""
        holding = {self._first(number) for number, head in enumerate(self.heads) if head.quarantined}
        bad = [self._quarantine(self._file(first)) for first in sorted(holding)]
        return pl.concat(bad).unique() if bad else pl.DataFrame(schema=QUARANTINE)

    def check(self) -> None:
        """Read every page to its end; raises `Damaged` naming the first that cannot be read."""
        for file in self.files():
            try:
                pl.read_parquet(file)
            except (OSError, PolarsError) as error:
                raise _damage(file) from error

    def _note(self, heads: Sequence[Head]) -> None:
        self._firsts.append(len(self.heads))
        self.heads.extend(heads)
        for head in heads:
            self.rows_seen += head.rows + head.quarantined
            self.bad += head.quarantined
            self.cost += head.cost

    def _first(self, number: int) -> int:
        """The first page of the file that a page is in."""
        return self._firsts[bisect_right(self._firsts, number) - 1]

    def _file(self, first: int) -> Path:
        """The file whose first page has that number."""
        return self.folder / f"page-{first:06d}.parquet"

    def _put(self, file: Path, data: bytes | memoryview) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / "unfinished"
        with beside.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        sync_folder(self.folder)

    def _metadata(self, heads: Sequence[Head], bad: pl.DataFrame) -> dict[str, str]:
        told = {"plan": asdict(self.plan), "heads": [asdict(head) for head in heads], "quarantine": bad.rows()}
        return {_KEY: json.dumps(told, default=datetime.isoformat)}

    def _kept(self, file: Path) -> list[Head]:
        try:
            told = json.loads(self._told(file))
            plan = Plan(**(told["plan"] | {"fields": tuple(told["plan"]["fields"])}))
            heads = []
            for raw in told["heads"]:
                times = {name: raw[name] and datetime.fromisoformat(raw[name]) for name in ("started_at", "sent")}
                heads.append(Head(**(raw | times | {"task": Task(**raw["task"])})))
            begun = heads[0].started_at
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise _damage(file) from error
        if different := self.plan.unlike(plan):
            raise Refused(_another_plan(self.plan, plan, different, begun))
        return heads

    def _quarantine(self, file: Path) -> pl.DataFrame:
        return pl.DataFrame(json.loads(self._told(file))["quarantine"], schema=QUARANTINE, orient="row")

    def _told(self, file: Path) -> str:
        try:
            return pl.read_parquet_metadata(file)[_KEY]
        except (OSError, PolarsError, KeyError) as error:
            raise _damage(file) from error


def scanned(files: list[Path]) -> pl.LazyFrame:
    """The rows of pages' files (schema.LISTING), one after another; read when they are collected."""
    return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=LISTING)


def _damage(file: Path) -> Damaged:
    return Damaged(
        f"{file} cannot be read. Remove it and the pages after it to have them fetched again, or start over with "
        "--fresh."
    )


def _another_plan(now: Plan, then: Plan, different: tuple[str, ...], begun: datetime) -> str:
    pairs = []
    for name in different:
        old, new = getattr(then, name), getattr(now, name)
        if isinstance(old, tuple):
            old, new = sorted(set(old) - set(new)), sorted(set(new) - set(old))
            pairs.append(f"fields: then also {', '.join(old) or 'none'}, now also {', '.join(new) or 'none'}")
        else:
            pairs.append(f"{name}: then {old}, now {new}")
    return (
        f"The unfinished crawl of {then.scope}, begun {begun:%Y-%m-%d %H:%M} UTC, asked for something else "
        f"({'; '.join(pairs)}). Repeat it as it was begun to go on, or start over with --fresh."
    )
