"""The Hub's quota: so many requests a fixed window, told in the headers of every answer."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

_PLENTY = 1_000_000


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after a request: `spent` when it was one too many."""

    bucket: str
    limit: int
    remaining: int
    reset: int
    window: int
    spent: bool

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy as the Hub writes them."""
        return {
            "RateLimit": f'"{self.bucket}";r={self.remaining};t={self.reset}',
            "RateLimit-Policy": f'"fixed window";"{self.bucket}";q={self.limit};w={self.window}',
        }


class Quota:
    """A fixed window of `window` seconds for each caller and bucket; `limit` None is as good as endless."""

    def __init__(self, limit: int | None, window: int, clock: Callable[[], float]) -> None:
        self._limit = _PLENTY if limit is None else limit
        self._window = window
        self._clock = clock
        self._used: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str, bucket: str) -> Standing:
        """Count one request; a new window begins with the first request after the last one ended."""
        limit = self._limit if bucket == "api" else self._limit * 6
        with self._lock:
            now = self._clock()
            started, used = self._used.get((caller, bucket), (now, 0))
            if now >= started + self._window:
                started, used = now, 0
            self._used[(caller, bucket)] = (started, used + 1)
        reset = max(0, math.ceil(started + self._window - now))
        return Standing(bucket, limit, max(0, limit - used - 1), reset, self._window, used >= limit)
