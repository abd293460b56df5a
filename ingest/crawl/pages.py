"""The committed pages of a crawl: one file a page, rows and cursor in one rename, so they cannot fall out of step."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from ingest.crawl.frontier import Task
from ingest.parse import Parsed
from lineage.errors import Damaged, Fatal, Refused
from lineage.schema import LISTING, QUARANTINE
from lineage.sealing import sync_folder

_KEY = "lineage"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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


@dataclass(frozen=True)
class Head:
    """What a page's file says beside its rows.

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
        self.rows_seen = self.bad = self.cost = 0
        files = sorted(folder.glob("page-*.parquet"))
        for number, file in enumerate(files):
            if file != self._file(number):
                raise Damaged(f"{self._file(number)} is missing before {file.name}. Start over with --fresh.")
            self._note(self._head(file))

    def commit(self, head: Head, parsed: Parsed) -> Head:
        """Keep a page and its cursor, for good once this returns; the head with its tallies."""
        head = replace(head, rows=parsed.rows.height, quarantined=parsed.quarantined.height)
        buffer = BytesIO()
        parsed.rows.write_parquet(buffer, statistics=False, metadata=self._metadata(head, parsed.quarantined))
        try:
            self._put(self._file(len(self.heads)), buffer.getvalue())
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise Fatal(
                f"No room left on the disk under {self.folder} ({error.strerror}). The {len(self.heads):,} pages "
                "fetched so far are kept: make room and run the same command again."
            ) from error
        self._note(head)
        return head

    def drop_last(self) -> None:
        """Forget the last page, so that it is asked for again."""
        self._file(len(self.heads) - 1).unlink()
        sync_folder(self.folder)
        gone = self.heads.pop()
        self.rows_seen -= gone.rows + gone.quarantined
        self.bad -= gone.quarantined
        self.cost -= gone.cost

    def page(self, number: int) -> pl.LazyFrame:
        """The rows of one committed page (schema.LISTING), read when they are collected."""
        return pl.scan_parquet(self._file(number), glob=False)

    def rows(self) -> pl.LazyFrame:
        """The rows of all pages (schema.LISTING), in the order fetched."""
        files = [self._file(number) for number in range(len(self.heads))]
        return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=LISTING)

    def quarantined(self) -> pl.DataFrame:
        """What could not be read on all pages (schema.QUARANTINE), each text once."""
        bad = [self._quarantine(self._file(n)) for n, head in enumerate(self.heads) if head.quarantined]
        return pl.concat(bad).unique() if bad else pl.DataFrame(schema=QUARANTINE)

    def check(self) -> None:
        """Read every page to its end; raises `Damaged` naming the first that cannot be read."""
        for number in range(len(self.heads)):
            try:
                self.page(number).collect()
            except (OSError, PolarsError) as error:
                raise _damage(self._file(number)) from error

    def _note(self, head: Head) -> None:
        self.heads.append(head)
        self.rows_seen += head.rows + head.quarantined
        self.bad += head.quarantined
        self.cost += head.cost

    def _file(self, number: int) -> Path:
        return self.folder / f"page-{number:06d}.parquet"

    def _put(self, file: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / "unfinished"
        with beside.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        sync_folder(self.folder)

    def _metadata(self, head: Head, bad: pl.DataFrame) -> dict[str, str]:
        told = {"plan": asdict(self.plan), "head": asdict(head), "quarantine": bad.rows()}
        return {_KEY: json.dumps(told, default=datetime.isoformat)}

    def _head(self, file: Path) -> Head:
        try:
            told = json.loads(self._told(file))
            plan = Plan(**(told["plan"] | {"fields": tuple(told["plan"]["fields"])}))
            raw = told["head"]
            times = {name: raw[name] and datetime.fromisoformat(raw[name]) for name in ("started_at", "sent")}
            head = Head(**(raw | times | {"task": Task(**raw["task"])}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damage(file) from error
        if different := self.plan.unlike(plan):
            raise Refused(_another_plan(self.plan, plan, different, head))
        return head

    def _quarantine(self, file: Path) -> pl.DataFrame:
        return pl.DataFrame(json.loads(self._told(file))["quarantine"], schema=QUARANTINE, orient="row")

    def _told(self, file: Path) -> str:
        try:
            return pl.read_parquet_metadata(file)[_KEY]
        except (OSError, PolarsError, KeyError) as error:
            raise _damage(file) from error


def _damage(file: Path) -> Damaged:
    return Damaged(
        f"{file} cannot be read. Remove it and the pages after it to have them fetched again, or start over with "
        "--fresh."
    )


def _another_plan(now: Plan, then: Plan, different: tuple[str, ...], head: Head) -> str:
    pairs = []
    for name in different:
        old, new = getattr(then, name), getattr(now, name)
        if isinstance(old, tuple):
            old, new = sorted(set(old) - set(new)), sorted(set(new) - set(old))
            pairs.append(f"fields: then also {', '.join(old) or 'none'}, now also {', '.join(new) or 'none'}")
        else:
            pairs.append(f"{name}: then {old}, now {new}")
    return (
        f"The unfinished crawl of {then.scope}, begun {head.started_at:%Y-%m-%d %H:%M} UTC, asked for something else "
        f"({'; '.join(pairs)}). Repeat it as it was begun to go on, or start over with --fresh."
    )
