"""The loop of a crawl: ask the frontier, fetch the page, commit it, tell the frontier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl
from polars.exceptions import PolarsError

from ingest import parse
from ingest.crawl import quality
from ingest.crawl.frontier import Frontier, Task
from ingest.crawl.pages import Head, Pages
from ingest.crawl.stopping import Stopping
from ingest.hub import HubSource
from ingest.parse import Parsed
from ingest.progress import Progress, Report
from lineage.errors import NotFound, Refused
from lineage.schema import LISTING, QUARANTINE


class Walk:
    """One crawl under way. `budget` is how many requests it may cost, retries aside; None is no limit."""

    def __init__(
        self,
        source: HubSource,
        pages: Pages,
        frontier: Frontier,
        *,
        started_at: datetime,
        budget: int | None,
        progress: Report,
    ) -> None:
        self._source = source
        self._pages = pages
        self._frontier = frontier
        self._budget = budget
        self._progress = progress
        self.started_at = pages.heads[0].started_at if pages.heads else started_at
        self._asked = {head.request for head in pages.heads}
        self._rows_before = pages.rows_seen
        self._pages_before = len(pages.heads)
        self._requests_before = (pages.heads[-1].requests if pages.heads else 0) - source.requests
        self._began = source.clock()

    @property
    def rows(self) -> int:
        """Rows on the committed pages, unreadable ones included."""
        return self._pages.rows_seen

    @property
    def requests(self) -> int:
        """Requests sent for this crawl, by earlier processes too as far as they could note it."""
        return self._requests_before + self._source.requests

    def replay(self) -> None:
        """Tell the frontier all pages committed before. Raises `Refused` where it would have asked for others."""
        for number, head in enumerate(self._pages.heads):
            if self._frontier.task() != head.task:
                raise Refused(
                    f"Page {number} of the unfinished crawl of {self._pages.plan.scope} was asked for by other rules "
                    "than today's. Start over with --fresh."
                )
            self._learn(head, self._pages.page(number))

    def run(self, stopping: Stopping) -> None:
        """Fetch and commit until the frontier is done or the budget spent."""
        while (task := self._frontier.task()) is not None and not self._spent():
            head, parsed = self._fetched(task, stopping)
            self._pages.commit([(head, parsed)])
            self._asked.add(head.request)
            self._learn(head, parsed.rows.lazy())
            quality.check(self._pages, self.rows, quality.HOPELESS)
            self._progress(self._now(task))

    def check_quality(self) -> None:
        """Raises `Fatal` where too many rows could not be read."""
        quality.check(self._pages, self.rows)

    def _spent(self) -> bool:
        return self._budget is not None and self._pages.cost >= self._budget

    def _learn(self, head: Head, rows: pl.LazyFrame) -> None:
        try:
            self._frontier.learn(head.task, rows, last=head.next is None, missing=head.missing)
        except PolarsError:
            self._pages.check()
            raise

    def _fetched(self, task: Task, stopping: Stopping) -> tuple[Head, Parsed]:
        heads = self._pages.heads
        goes_on = heads[-1].next if heads and heads[-1].task == task else None
        url = goes_on or task.url(self._source.endpoint, self._pages.plan.fields)
        read: Callable[[bytes], Parsed] = _one if task.kind == "model" else parse.page
        try:
            with stopping.droppable():
                got = self._source.fetch(url, read, self._asked)
        except NotFound:
            if task.kind != "model":
                raise
            return Head(task, url, None, self.started_at, self.requests, missing=True), _nothing()
        head = Head(
            task,
            url,
            None if task.kind == "model" else got.next_url,
            self.started_at,
            self.requests,
            cost=1 + got.hops,
            sent=got.sent,
            simulated=got.simulated,
        )
        return head, got.content

    def _now(self, task: Task) -> Progress:
        seconds = self._source.clock() - self._began
        pages = len(self._pages.heads)
        rows = self.rows
        rate = (rows - self._rows_before) / seconds if seconds > 0 else 0.0
        left = None
        if self._budget is not None:
            ahead = min(self._frontier.waiting(), self._budget - self._pages.cost)
            left = max(0, ahead) * seconds / (pages - self._pages_before)
        return Progress(rows, pages, self.requests, rate, None, left, f"{task.kind} {task.name}".strip())


def _one(body: bytes) -> Parsed:
    """A single model, which comes as a row without a list around it."""
    return parse.page(b"[" + body + b"]")


def _nothing() -> Parsed:
    return Parsed(pl.DataFrame(schema=LISTING), pl.DataFrame(schema=QUARANTINE))
