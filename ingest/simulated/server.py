"""A simulated Hub on a loopback socket: a real HTTP/1.1 server with quotas, a request log and switchable faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

from ingest.simulated.answers import Answer, Asked, Hub, error, listed
from ingest.simulated.connection import Listener, Served
from ingest.simulated.faults import MALFORMED_ROWS, Fault, Kind
from ingest.simulated.files import datasets
from ingest.simulated.paging import Page
from ingest.simulated.quota import Quota, Standing
from ingest.simulated.sources import Source, WorldSource
from ingest.simulated.world import World

ACCEPTED: Final = ("hf_simulated",)
"""What a simulated Hub takes for a token unless told others; it opens nothing anywhere."""

_HTML: Final = b"<!doctype html><title>simulated</title><p>We will be right back."


@dataclass(frozen=True)
class Logged:
    """One request as served: `status` 0 where the connection was cut."""

    method: str
    path: str
    query: str
    status: int
    had_token: bool


class SimulatedHub:
    """Serves a world or given rows while it is entered; `url` is the endpoint, `requests` the log.

    `quota` requests a `window` of seconds of `clock` (None: endless). `faults` strike by their own numbering.
    `latency` seconds before each answer. `files` maps dataset → path → local file. `show` swaps the world served.
    """

    def __init__(
        self,
        source: Source | World,
        *,
        quota: int | None = None,
        window: int = 300,
        faults: Sequence[Fault] = (),
        latency: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        tokens: Sequence[str] = ACCEPTED,
        files: Mapping[str, Mapping[str, Path]] | None = None,
        port: int = 0,
    ) -> None:
        self.requests: list[Logged] = []
        self._faults = tuple(faults)
        self._seen = [0] * len(self._faults)
        self._latency = latency
        self._tokens = frozenset(tokens)
        self._quota = Quota(quota, window, clock)
        self._files = datasets(files or {})
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._listener = Listener(port, self._serve)
        self.url = self._listener.url
        self.show(source)

    def show(self, source: Source | World) -> None:
        """Serve another source from the next request on: the same Hub on a later day. Returns when it is ready."""
        shown = WorldSource(source) if isinstance(source, World) else source
        hub = Hub(shown, self.url, self._files)
        hub.pages.tagged("base_model:")
        self._hub = hub

    def mend(self) -> None:
        """No fault strikes from the next request on."""
        with self._lock:
            self._faults = ()

    def __enter__(self) -> SimulatedHub:
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._listener.stop()

    def _serve(self, asked: Asked) -> Served:
        """One request: token, quota, faults, then what the Hub would say."""
        hub = self._hub
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        self._pause(self._latency)
        standing = self._quota.take(token, "resolvers" if "/resolve/" in asked.path else "api")
        fault = self._strike(asked)
        if token and token not in self._tokens:
            answer = error(401, "Invalid credentials in Authorization header")
        elif standing.spent:
            answer = error(429, "We had to rate limit you; please retry after the time in the RateLimit header.")
        else:
            answer, standing = self._answer(hub, asked, fault, standing)
        headers = {"X-Simulated-Hub": hub.source.label, **standing.headers, **answer.headers}
        kind = fault.kind if fault is not None else None
        status = 0 if kind is Kind.RESET else answer.status
        with self._lock:
            self.requests.append(Logged(asked.method, asked.path, asked.query, status, bool(token)))
        return Served(replace(answer, headers=headers), reset=kind is Kind.RESET, cut=kind is Kind.TRUNCATED)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._stop.wait(seconds)

    def _strike(self, asked: Asked) -> Fault | None:
        struck: Fault | None = None
        with self._lock:
            for place, fault in enumerate(self._faults):
                if asked.path.startswith(fault.path) and fault.query in asked.query:
                    self._seen[place] += 1
                    if struck is None and fault.strikes(self._seen[place]):
                        struck = fault
        return struck

    def _answer(self, hub: Hub, asked: Asked, fault: Fault | None, standing: Standing) -> tuple[Answer, Standing]:
        kind = fault.kind if fault is not None else None
        if fault is None or kind in (Kind.TRUNCATED, Kind.RESET):
            return hub.answer(asked), standing
        if kind is Kind.STALL:
            self._pause(fault.seconds)
            return hub.answer(asked), standing
        if kind is Kind.HTML:
            return Answer(200, _HTML, {"Content-Type": "text/html; charset=utf-8"}), standing
        if kind is Kind.REJECTED and "cursor" in asked.params:
            return error(400, "Invalid cursor"), standing
        if kind is Kind.STATUS:
            spent = replace(standing, remaining=0, reset=int(fault.seconds)) if fault.status == 429 else standing
            return _failed(fault), spent
        return tampered(hub, asked, fault.kind), standing


def tampered(hub: Hub, asked: Asked, kind: Kind) -> Answer:
    """A page with odd rows in it, the page after it instead, the page before it once more, or without its `Link`."""
    answer = hub.answer(asked)
    page = answer.page
    if page is None:
        return answer
    match kind:
        case Kind.MALFORMED:
            return listed(Page((*MALFORMED_ROWS, *page.objects), page.cursor), hub.base, asked)
        case Kind.EARLY_END:
            return listed(Page(page.objects, None), hub.base, asked)
        case Kind.MISSING if page.cursor is not None:
            return listed(hub.pages.page(hub.query(asked), page.cursor), hub.base, asked)
        case Kind.DUPLICATE:
            return listed(Page(page.objects, asked.params.get("cursor", [page.cursor])[-1]), hub.base, asked)
        case _:
            return answer


def _failed(fault: Fault) -> Answer:
    answer = error(fault.status, "Simulated failure.")
    if fault.retry_after is None:
        return answer
    return replace(answer, headers={**answer.headers, "Retry-After": str(fault.retry_after)})
