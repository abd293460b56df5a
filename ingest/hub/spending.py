"""What a run costs: requests, bytes, waits, and how near it came to the least time that the quota allows."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from ingest.hub.pacing import Rate


@dataclass(frozen=True)
class Spent:
    """The cost of one process's run so far.

    `requests` sent, of them `pages` answered well and `retries` sent again; `bytes` on the wire; seconds `waited` for
    the quota or the pace, `rested` before a retry, and from the first request to the last answer (`seconds`). `held`
    counts how often fetching stood still because parsing had not caught up. `quota` requests per `window` seconds, as
    the Hub told; None where it told nothing.
    """

    requests: int = 0
    pages: int = 0
    retries: int = 0
    bytes: int = 0
    waited: float = 0.0
    rested: float = 0.0
    held: int = 0
    seconds: float = 0.0
    quota: int | None = None
    window: int | None = None

    @property
    def floor(self) -> float | None:
        """The seconds of the windows that must end before the last of these pages may be asked for; None where none."""
        if not self.quota or not self.window or self.pages <= self.quota:
            return None
        return float((-(-self.pages // self.quota) - 1) * self.window)

    @property
    def ratio(self) -> float | None:
        """How many times the floor it took; None where there is none: the first window's quota was enough."""
        return self.seconds / self.floor if self.floor else None


class Spending:
    """The account that all sources of a run write to, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Spent()
        self._began: float | None = None

    @property
    def so_far(self) -> Spent:
        """What was spent until now."""
        return self._spent

    def sent(self, now: float) -> None:
        """A request goes out."""
        with self._lock:
            self._began = now if self._began is None else self._began
            self._spent = replace(self._spent, requests=self._spent.requests + 1)

    def received(self, size: int, rate: Rate | None) -> None:
        """An answer of whatever kind came, of that many bytes on the wire."""
        with self._lock:
            self._spent = replace(self._spent, bytes=self._spent.bytes + size)
            if rate is not None:
                self._spent = replace(self._spent, quota=rate.limit, window=rate.window)

    def read(self, now: float) -> None:
        """A good answer was read."""
        with self._lock:
            seconds = now - (now if self._began is None else self._began)
            self._spent = replace(self._spent, pages=self._spent.pages + 1, seconds=seconds)

    def waited(self, seconds: float) -> None:
        """Waited for the quota or the pace."""
        with self._lock:
            self._spent = replace(self._spent, waited=self._spent.waited + seconds)

    def rested(self, seconds: float) -> None:
        """Waited before trying again."""
        with self._lock:
            spent = self._spent
            self._spent = replace(spent, rested=spent.rested + seconds, retries=spent.retries + 1)

    def held(self) -> None:
        """Fetching stood still for the parse."""
        with self._lock:
            self._spent = replace(self._spent, held=self._spent.held + 1)
