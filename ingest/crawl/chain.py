"""One chain of pages: fetched ahead on a thread of its own, committed by the thread that takes them."""

from __future__ import annotations

import queue
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl
from polars.exceptions import PolarsError

from ingest import parse
from ingest.crawl.frontier import OLDEST, Task
from ingest.crawl.pages import Head, Pages
from ingest.hub import Fetched, HubSource
from ingest.hub.bodies import unpacked
from ingest.parse import NotAPage
from lineage.errors import LineageError

AHEAD = 256
"""Pages of a chain that wait to be parsed as text (half a megabyte each); what comes then waits packed."""

MOST = 512 << 20
"""Bytes of a chain's pages that may wait before fetching waits too: packed, more than the whole Hub."""

RECENT = 8
"""Pages of a chain that are looked through for rows of the other."""

_OBJECT_ID = r"^[0-9a-f]{24}$"
_WRITTEN = re.compile(rb'"_id":"([0-9a-f]{24})"')
_ROW_BYTES = 65_536


@dataclass(frozen=True)
class Got:
    """A page as it came; `requests` had been sent by then. Its `answer` has no content where it is kept packed."""

    chain: Chain
    url: str
    answer: Fetched[bytes]
    requests: int

    @property
    def body(self) -> bytes:
        """The page's text."""
        return self.answer.content or unpacked(self.answer.packed or b"")

    @property
    def size(self) -> int:
        """The bytes that it takes while it waits."""
        return len(self.answer.content) + len(self.answer.packed or b"")


@dataclass(frozen=True)
class _Seen:
    """The `_id`s of a page; which of them the Hub orders by is looked at only where another page may share one."""

    written: pl.Series

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids that the Hub orders by."""
        return frozenset(self.written.filter(self.written.str.contains(_OBJECT_ID)))

    @cached_property
    def _span(self) -> tuple[str, str] | None:
        first, last = self.written.min(), self.written.max()
        return (first, last) if isinstance(first, str) and isinstance(last, str) else None

    def near(self, other: _Seen) -> bool:
        """Whether the two may share one: no text lies in both, where all of one's come before all of the other's."""
        mine, its = self._span, other._span
        return mine is not None and its is not None and mine[0] <= its[1] and its[0] <= mine[1]


class Chain:
    """The listing of `task` in `pages`, from where they end.

    Every page arrives in `arrived`, and in the end the chain itself. `gate` is shared by the chains of a crawl. A chain
    is `over` when it needs no more pages, `running` until its thread has said that it ends.
    """

    def __init__(
        self,
        source: HubSource,
        pages: Pages,
        task: Task,
        gate: threading.Condition,
        arrived: queue.SimpleQueue[Got | Chain],
    ) -> None:
        self._source, self._pages, self.task = source, pages, task
        self._gate, self._arrived = gate, arrived
        self._asked = {head.request for head in pages.heads}
        self._waiting = self._bytes = 0
        self._reach: bytes | None = None
        self._recent: deque[_Seen] = deque(maxlen=RECENT)
        self._remember()
        self.over = self.running = False
        self.failure: LineageError | None = None
        self._error: LineageError | None = None

    @property
    def begun(self) -> bool:
        """Whether it has a page at all."""
        return bool(self._pages.heads)

    @property
    def ended(self) -> bool:
        """Whether no page comes after its last."""
        return self.begun and self._pages.heads[-1].next is None

    def known_to(self, other: Chain) -> bool:
        """Whether its last page holds rows, and the other has all of them."""
        if not self._recent:
            return False
        last = self._recent[-1]
        near = [page.ids for page in other._recent if last.near(page)]
        return bool(near and last.ids) and last.ids <= frozenset().union(*near)

    def shares(self, other: Chain) -> bool:
        """Whether the two have come upon a common row."""
        pairs = ((mine, its) for mine in self._recent for its in other._recent if mine.near(its))
        return any(not mine.ids.isdisjoint(its.ids) for mine, its in pairs)

    def start(self, other: Chain) -> None:
        """Begin to fetch, unless it is over."""
        if not self.over:
            self.running = True
            name = f"crawl, {self.task.name}"
            threading.Thread(target=self._fetch, args=(other,), name=name, daemon=True).start()

    def commit(self, got: Sequence[tuple[Head, Got]]) -> None:
        """Parse and keep pages that follow each other. Raises `NotAPage` after those before the one that is none."""
        try:
            parsed = parse.pages([one.body for _, one in got])
        except NotAPage:
            if len(got) == 1:
                raise
            for one in got:
                self.commit([one])
            return
        self._pages.commit([(head, page) for (head, _), page in zip(got, parsed, strict=True)])
        self._recent.extend(_Seen(page.rows["hub_id"]) for page in parsed[-RECENT:])

    def drop_last(self) -> None:
        """Forget its last page."""
        self._pages.drop_last()
        self._remember()

    def taken(self, arrived: Sequence[Got]) -> None:
        """These pages were dealt with."""
        with self._gate:
            self._waiting -= len(arrived)
            self._bytes -= sum(page.size for page in arrived)
            self._gate.notify_all()

    def finish(self) -> None:
        """It needs no more pages: what is under way is dropped at its next failure."""
        self.hurry(0.0)
        with self._gate:
            self.over = True
            self._gate.notify_all()

    def stopped(self) -> None:
        """Its thread has ended, and all its pages are taken."""
        self.running = False
        if self._error is not None:
            self.fail(self._error)

    def fail(self, error: LineageError) -> None:
        """It cannot go on, unless it need not."""
        if not self.over:
            self.failure = error
            self.finish()

    def hurry(self, patience: float) -> None:
        """Give up sooner on a page that keeps failing."""
        self._source.patience = min(self._source.patience, patience)

    def _remember(self) -> None:
        """Note the ids of the last pages."""
        self._recent.clear()
        count = len(self._pages.heads)
        try:
            for number in range(max(0, count - RECENT), count):
                self._recent.append(_Seen(self._pages.page(number).select("hub_id").collect()["hub_id"]))
        except PolarsError:
            self._pages.check()
            raise

    def _fetch(self, other: Chain) -> None:
        heads = self._pages.heads
        url = heads[-1].next if heads else self.task.url(self._source.endpoint, self._pages.plan.fields)
        try:
            while url is not None and self._may_go_on(other):
                answer = self._source.fetch(url, _listed, self._asked)
                self._asked.add(url)
                self._reach = _last_id(answer.content) or self._reach
                self._arrived.put(self._got(url, answer))
                url = answer.next_url
        except LineageError as error:
            self._error = error
        finally:
            self._arrived.put(self)

    def _got(self, url: str, answer: Fetched[bytes]) -> Got:
        with self._gate:
            packed = answer.packed is not None and self._waiting >= AHEAD
            kept = replace(answer, content=b"") if packed else replace(answer, packed=None)
            got = Got(self, url, kept, self._source.requests)
            self._waiting += 1
            self._bytes += got.size
            return got

    def _may_go_on(self, other: Chain) -> bool:
        """Wait while too much waits to be parsed; near the meeting, while anything does. False once it is over."""
        with self._gate:
            if self._bytes >= MOST:
                self._source.spending.held()
            while not self.over and (self._bytes >= MOST or (self._waiting + other._waiting and self._crossed(other))):
                self._gate.wait()
            return not self.over

    def _crossed(self, other: Chain) -> bool:
        """Whether the two seem to have met: a hint to go slowly, by what the last rows say."""
        mine, its = self._reach, other._reach
        if mine is None or its is None:
            return False
        return mine >= its if self.task == OLDEST else its >= mine


def _listed(body: bytes) -> bytes:
    """A page as it came, if it looks like a list. Raises `NotAPage`."""
    if body[:64].lstrip()[:1] != b"[" or body[-64:].rstrip()[-1:] != b"]":
        parse.page(body)
    return body


def _last_id(body: bytes) -> bytes | None:
    found = _WRITTEN.findall(body, max(0, len(body) - _ROW_BYTES))
    return found[-1] if found else None
