"""Progress on stderr: one live line on a terminal, a plain line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from ingest.progress import Progress
from lineage.export.plain import cells, clip, pad, printable, size


class Live:
    """Shows how far a crawl or a load is; use as a context manager, so that the last line ends.

    `report` takes a crawl's progress, `stage` a load's. `clock` gives seconds.
    """

    def __init__(
        self, *, quiet: bool = False, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = sys.stderr if out is None else out
        self._quiet = quiet
        self._live = not quiet and self._out.isatty()
        self._pause = 0.1 if self._live else 10.0
        self._clock = clock
        self._next = clock() + (0.0 if self._live else 2.0)
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown:
            self._out.write("\r" + " " * self._shown + "\r")
            self._out.flush()

    def report(self, progress: Progress) -> None:
        """A crawl after a page."""
        rows = f"{progress.rows:,} rows"
        if progress.total:
            rows += f" of about {progress.total:,}"
        parts = [rows, f"{progress.pages:,} pages", f"{progress.rate:,.0f} rows/s"]
        if progress.left is not None:
            parts.append(f"{span(progress.left)} left")
        self._say("crawl · " + " · ".join([*parts, progress.doing]))

    def stage(self, name: str, done: int, total: int) -> None:
        """A load's stage with its rows."""
        far = f"{100 * done // total} % of {total:,}" if total else f"{done:,}"
        self._say(f"{name} · {far}")

    def bytes(self, done: int, total: int | None) -> None:
        """A file or download, in bytes."""
        far = f"{size(done)} of {size(total)}" if total else size(done)
        self._say(f"read · {far}")

    def sent(self, done: int, total: int) -> None:
        """An upload, in bytes."""
        self._say(f"sent · {size(done)} of {size(total)}")

    def say(self, text: str) -> None:
        """A line that stays, whatever the pace; not when quiet."""
        if not self._quiet:
            self.__exit__(None, None, None)
            self._shown = 0
            self._out.write(printable(text) + "\n")
            self._out.flush()

    def _say(self, text: str) -> None:
        now = self._clock()
        if self._quiet or now < self._next:
            return
        self._next = now + self._pause
        if not self._live:
            self._out.write(printable(text) + "\n")
            self._out.flush()
            return
        line = clip(printable(text), shutil.get_terminal_size().columns - 1)
        self._out.write("\r" + pad(line, self._shown))
        self._out.flush()
        self._shown = cells(line)


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
