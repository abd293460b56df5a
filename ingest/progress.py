"""How far a crawl is: what a progress line shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """A crawl after a page.

    `rows`, `pages` and `requests` count from its beginning, earlier processes included. `rate` is rows a second in
    this process, waits included. `total` is the rows to expect, by the last snapshot of the same scope; `left` the
    seconds to go at this pace. Both are None where there is nothing to go by. `doing` is what was asked for last.
    """

    rows: int
    pages: int
    requests: int
    rate: float
    total: int | None
    left: float | None
    doing: str


Report: TypeAlias = Callable[[Progress], None]


def quiet(progress: Progress) -> None:
    """Show nothing."""
