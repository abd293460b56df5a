"""When the next request may go out, from the Hub's own RateLimit headers: a quota is never spent to its end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

RESERVE = 0.02
"""The share of a window's quota that is left to others; at or below it the window is sat out."""

LONGEST = 3600.0
"""Seconds that a header can make us wait at most."""


@dataclass(frozen=True)
class Rate:
    """What an answer said of the quota: requests left, seconds to the reset; `limit` requests a `window` of seconds"""

    remaining: int
    reset: int
    limit: int | None = None
    window: int | None = None

    @property
    def low(self) -> bool:
        """Whether the next request should wait for the next window."""
        return self.remaining <= int((self.limit or 0) * RESERVE)


class Pace:
    """Whose turn it is, for all who share a quota; `now` is any clock that only goes forward, in seconds.

    Each request is taken and, once it is over, told. One that is under way counts as spent whether the answers so far
    knew of it or not, and where that may be the last one the others wait until it is told. Threads may share it.
    """

    def __init__(self, interval: float = 0.0) -> None:
        self._interval = interval
        self._free_at = float("-inf")
        self._told = threading.Condition()
        self._under_way = 0
        self._left: Rate | None = None
        self._until = float("-inf")

    @property
    def exclusive(self) -> bool:
        """Whether the next one must wait until those under way are told."""
        return self._under_way > 0 and self._left is not None and self._left.low

    def take(self, now: float) -> float:
        """0 where a request may go out at once, which then must be told; else seconds after which to ask again."""
        with self._told:
            while self.exclusive:
                self._told.wait()
            pause = max(0.0, self._free_at - now)
            if not pause:
                self._under_way += 1
                self._free_at = now + self._interval
                self._left = self._left and replace(self._left, remaining=self._left.remaining - 1)
            return pause

    def told(self, rate: Rate | None, now: float) -> None:
        """A request was over at `now`; on a low quota nothing goes out until a second after the reset."""
        with self._told:
            self._under_way -= 1
            self._told.notify_all()
            if rate is None:
                return
            left = replace(rate, remaining=rate.remaining - self._under_way)
            if left.low:
                self._free_at = max(self._free_at, now + min(rate.reset + 1.0, LONGEST))
            if self._left is None or now >= self._until:
                self._until = now + rate.reset
            else:
                left = replace(left, remaining=min(left.remaining, self._left.remaining))
            self._left = left
