"""What a crawl asks for next: a pure function of the pages it has seen, so that replaying them rebuilds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import polars as pl

from ingest.hub import addresses

Kind: TypeAlias = Literal["everything", "changes", "author", "model", "children"]


@dataclass(frozen=True)
class Task:
    """One listing to read to its end, or one model: of `name`, a namespace, an id or a time."""

    kind: Kind
    name: str = ""

    def url(self, endpoint: str, fields: Sequence[str]) -> str:
        """Its first page."""
        if self.kind == "everything":
            return addresses.everything(endpoint, fields, newest_first=self == NEWEST)
        if self.kind == "changes":
            return addresses.changes(endpoint, fields)
        first = {"author": addresses.by_author, "model": addresses.model, "children": addresses.children}[self.kind]
        return first(endpoint, self.name, fields)


OLDEST, NEWEST = Task("everything", "oldest first"), Task("everything", "newest first")
"""The two ways through the listing of everything."""


class Frontier(Protocol):
    """Says what to fetch; told every page in the order committed. The same pages make the same frontier."""

    def task(self) -> Task | None:
        """What to read next; a task begun stays until its last page. None when all is done."""

    def learn(self, task: Task, page: pl.LazyFrame, *, last: bool, missing: bool) -> None:
        """A page of `task`; `last` has no page after it, `missing` is a model that the Hub does not show."""

    def waiting(self) -> int:
        """How many tasks are known to lie ahead."""


class Changes:
    """One listing of what changed, newest first, down to the first page that ends before `since`.

    `reached` once that page was seen: what changed since then is all there.
    """

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._over = self.reached = False

    def task(self) -> Task | None:
        """The listing of changes, until it is old enough or ends."""
        return None if self._over else Task("changes", f"since {self._since:%Y-%m-%d %H:%M:%S}")

    def learn(self, task: Task, page: pl.LazyFrame, *, last: bool, missing: bool) -> None:
        """Note how far back this page goes: by its last dated row."""
        dated = page.select(pl.col("last_modified").drop_nulls().last()).collect().to_series()
        self.reached = len(dated) > 0 and dated[0] < self._since
        self._over = self.reached or last

    def waiting(self) -> int:
        """One while there are pages to come."""
        return 0 if self._over else 1
