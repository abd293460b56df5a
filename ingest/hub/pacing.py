"""When the next request may go out, from the Hub's own RateLimit headers: a quota is never spent to its end."""

from __future__ import annotations

from dataclasses import dataclass

RESERVE = 0.05
"""The share of a window's quota that is left to others; at or below it the window is sat out."""

LONGEST = 3600.0
"""Seconds that a header can make us wait at most."""


@dataclass(frozen=True)
class Rate:
    """What a response said of the quota: requests left, seconds to the reset, and requests a window, where told."""

    remaining: int
    reset: int
    limit: int | None = None

    @property
    def low(self) -> bool:
        """Whether the next request should wait for the next window."""
        return self.remaining <= int((self.limit or 0) * RESERVE)


class Pace:
    """Seconds to wait before the next request; `now` is any clock that only goes forward, in seconds."""

    def __init__(self, interval: float = 0.0) -> None:
        self._interval = interval
        self._free_at = float("-inf")

    def sent(self, now: float) -> None:
        """A request goes out at `now`; the next one at least the interval later."""
        self._free_at = max(self._free_at, now + self._interval)

    def told(self, rate: Rate | None, now: float) -> None:
        """A response came at `now`; on a low quota nothing goes out until a second after the reset."""
        if rate is not None and rate.low:
            self._free_at = max(self._free_at, now + min(rate.reset + 1.0, LONGEST))

    def wait(self, now: float) -> float:
        """Seconds from `now` until the next request may go out."""
        return max(0.0, self._free_at - now)
