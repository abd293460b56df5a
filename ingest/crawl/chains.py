"""The whole Hub by two chains of pages, oldest first and newest first, until each has come upon the other's rows."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from ingest.crawl import quality
from ingest.crawl.chain import Chain, Got
from ingest.crawl.frontier import NEWEST, OLDEST
from ingest.crawl.pages import Head, Pages, Plan, scanned
from ingest.crawl.stopping import Stopping
from ingest.hub import HubSource
from ingest.parse import NotAPage
from ingest.progress import Progress, Report

LAST_PATIENCE = 60.0
"""Seconds that a page which keeps failing is still tried for, once the other chain has met this one."""

_TOGETHER = 64
"""Pages that are parsed and kept together, where as many wait: a tenth less work a page than sixteen."""
_log = logging.getLogger(__name__)


class Kept:
    """The pages of both chains, as the pages of one crawl."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.both = (Pages(folder / "oldest-first", plan), Pages(folder / "newest-first", plan))

    @property
    def heads(self) -> list[Head]:
        """Those of the first chain, then those of the second."""
        return [head for pages in self.both for head in pages.heads]

    @property
    def rows_seen(self) -> int:
        """Rows on all pages; where the chains met, some are counted twice."""
        return sum(pages.rows_seen for pages in self.both)

    @property
    def bad(self) -> int:
        """Unreadable rows among them."""
        return sum(pages.bad for pages in self.both)

    def rows(self) -> pl.LazyFrame:
        """The rows of all pages (schema.LISTING)."""
        # in one scan: of two laid end to end a slice reads all that stands before it
        return scanned([file for pages in self.both for file in pages.files()])

    def models(self) -> int:
        """How many rows there are when those that both chains have count once."""
        return int(self.rows().select(pl.col("id").n_unique()).collect().item()) + self.bad

    def quarantined(self) -> pl.DataFrame:
        """What could not be read on all pages (schema.QUARANTINE), each text once."""
        return pl.concat([pages.quarantined() for pages in self.both]).unique()

    def check(self) -> None:
        """Read every page to its end; raises `Damaged` naming the first that cannot be read."""
        for pages in self.both:
            pages.check()


class Chains:
    """Both chains under way: fetched on two threads, parsed and committed on the one that calls `run`.

    A chain stops at the end of its listing, or once all of its last page is known to the other: then both hold the
    place where they met, so a page that the Hub left out there does not matter. Where one fails for good the other goes
    on, to where the failed one had got or to the end of the listing.
    """

    def __init__(
        self, source: HubSource, kept: Kept, *, started_at: datetime, total: int | None, progress: Report
    ) -> None:
        self._kept = kept
        self._source = source
        self._total = total
        self._progress = progress
        heads = kept.heads
        self.started_at = min((head.started_at for head in heads), default=started_at)
        self._requests_before = max((head.requests for head in heads), default=0) - source.requests
        self._rows_before = kept.rows_seen
        self._began = source.clock()
        self._arrived: queue.SimpleQueue[Got | Chain] = queue.SimpleQueue()
        gate = threading.Condition()
        self._oldest, self._newest = (
            Chain(source.beside(), pages, task, gate, self._arrived)
            for pages, task in zip(kept.both, (OLDEST, NEWEST), strict=True)
        )
        self._chains = (self._oldest, self._newest)

    @property
    def rows(self) -> int:
        """Rows on the committed pages, unreadable ones included; where the chains met, some twice."""
        return self._kept.rows_seen

    @property
    def requests(self) -> int:
        """Requests sent for this crawl, by earlier processes too as far as they could note it."""
        return self._requests_before + self._source.requests

    @property
    def covered(self) -> bool:
        """Whether all was listed: the chains met, or one went to its end where the other never got a page."""
        if self._oldest.shares(self._newest):
            return True
        return any(chain.ended and not other.begun for chain, other in self._pairs())

    @property
    def idle(self) -> bool:
        """Whether nothing is left to ask."""
        return all(chain.ended or chain.known_to(other) for chain, other in self._pairs())

    def forget_ends(self) -> None:
        """Have the last page asked for again of a chain that came to an end."""
        for chain in self._chains:
            if chain.ended:
                chain.drop_last()

    def check_quality(self) -> None:
        """Raises `Fatal` where too many rows could not be read."""
        if self._kept.bad:
            quality.check(self._kept, self._kept.models())

    def run(self, stopping: Stopping) -> None:
        """Fetch and commit until the chains have met or ended. Raises what made one fail, where that is not healed."""
        self._judge()
        for chain, other in self._pairs():
            chain.start(other)
        try:
            self._go_on(stopping)
        finally:
            for chain in self._chains:
                chain.finish()
        failures = [chain.failure for chain in self._chains if chain.failure]
        for failure in failures:
            if not self.covered:
                raise failure
            _log.warning("One of two chains failed, the other has listed all the same: %s", failure)

    def _go_on(self, stopping: Stopping) -> None:
        while any(chain.running and not chain.over for chain in self._chains):
            with stopping.droppable():
                arrived = self._arrivals()
            self._take(arrived)
            self._judge()
            for chain in self._chains:
                chain.taken([one for one in arrived if isinstance(one, Got) and one.chain is chain])

    def _pairs(self) -> Sequence[tuple[Chain, Chain]]:
        return (self._oldest, self._newest), (self._newest, self._oldest)

    def _arrivals(self) -> list[Got | Chain]:
        arrived = [self._arrived.get()]
        while len(arrived) < _TOGETHER and not self._arrived.empty():
            arrived.append(self._arrived.get())
        return arrived

    def _take(self, arrived: Sequence[Got | Chain]) -> None:
        """Parse and commit what arrived, each chain's pages together."""
        for chain in self._chains:
            got = [one for one in arrived if isinstance(one, Got) and one.chain is chain]
            if got and not chain.over:
                self._commit(chain, got)
                quality.check(self._kept, self.rows, quality.HOPELESS)
                self._progress(self._now())
        for one in arrived:
            if isinstance(one, Chain):
                one.stopped()

    def _commit(self, chain: Chain, got: Sequence[Got]) -> None:
        try:
            chain.commit([(self._head(one), one) for one in got])
        except NotAPage as error:
            chain.fail(error)

    def _head(self, got: Got) -> Head:
        answer = got.answer
        return Head(
            got.chain.task,
            got.url,
            answer.next_url,
            self.started_at,
            self._requests_before + got.requests,
            cost=1 + answer.hops,
            sent=answer.sent,
            simulated=answer.simulated,
        )

    def _judge(self) -> None:
        for chain, other in self._pairs():
            if chain.ended or chain.known_to(other):
                chain.finish()
                if chain.known_to(other):
                    other.hurry(LAST_PATIENCE)

    def _now(self) -> Progress:
        seconds = self._source.clock() - self._began
        rows = self.rows
        rate = (rows - self._rows_before) / seconds if seconds > 0 else 0.0
        left = None
        if self._total is not None and rate > 0:
            left = max(0, self._total - rows) / rate
        pages = len(self._kept.heads)
        return Progress(rows, pages, self.requests, rate, self._total, left, "everything")
