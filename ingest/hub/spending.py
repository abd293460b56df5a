"""What a run costs: requests, bytes, waits, and how near it came to the least time that the quota allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ingest.hub.pacing import Rate


@dataclass(frozen=True)
class Spent:
    """The cost of one process's run so far.

    `requests` sent, of them `pages` answered well and `retries` sent again; `bytes` on the wire. `seconds` from the
    first request to the last good answer, and of them those during which any of the run's chains `waited` for the quota
    or the pace, or `rested` before a retry: time on the wall, where two that wait at once wait no longer than one.
    `held` counts how often fetching stood still because parsing had not caught up. `quota` requests per `window`
    seconds, as the Hub told; None where it told nothing.
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
        if self.no_floor is not None or not self.quota or not self.window:
            return None
        return float((-(-self.pages // self.quota) - 1) * self.window)

    @property
    def no_floor(self) -> str | None:
        """Why there is no floor, in words; None where there is one."""
        if not self.quota or not self.window:
            return "the server told no quota"
        if self.pages <= self.quota:
            return f"within the first window of {self.quota:,} requests in {self.window:,} s"
        return None

    @property
    def ratio(self) -> float | None:
        """How many times the floor it took; None where there is none: the first window's quota was enough."""
        return self.seconds / self.floor if self.floor else None


class _Stretch:
    """The seconds during which anyone was inside, however many at once."""

    def __init__(self) -> None:
        self._inside = 0
        self._since = self._over = 0.0

    def enter(self, now: float) -> None:
        """One more is inside."""
        self._since = self._since if self._inside else now
        self._inside += 1

    def leave(self, now: float) -> None:
        """One less is."""
        self._inside -= 1
        self._over += 0.0 if self._inside else now - self._since

    def until(self, now: float) -> float:
        """The seconds up to now, of those still inside too."""
        return self._over + (now - self._since if self._inside else 0.0)


class Spending:
    """The account that all sources of a run write to, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Spent()
        self._began: float | None = None
        self._waits, self._rests = _Stretch(), _Stretch()

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
            self._spent = replace(
                self._spent,
                pages=self._spent.pages + 1,
                seconds=now - (now if self._began is None else self._began),
                waited=self._waits.until(now),
                rested=self._rests.until(now),
            )

    @contextmanager
    def waiting(self, clock: Callable[[], float]) -> Iterator[None]:
        """The time inside is waited for the quota or the pace."""
        with self._during(self._waits, clock):
            yield

    @contextmanager
    def resting(self, clock: Callable[[], float]) -> Iterator[None]:
        """The time inside passes before something is tried again."""
        with self._lock:
            self._spent = replace(self._spent, retries=self._spent.retries + 1)
        with self._during(self._rests, clock):
            yield

    @contextmanager
    def _during(self, stretch: _Stretch, clock: Callable[[], float]) -> Iterator[None]:
        with self._lock:
            stretch.enter(clock())
        try:
            yield
        finally:
            with self._lock:
                stretch.leave(clock())

    def held(self) -> None:
        """Fetching stood still for the parse."""
        with self._lock:
            self._spent = replace(self._spent, held=self._spent.held + 1)
