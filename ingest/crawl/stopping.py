"""Ctrl-C and SIGTERM at a moment that suits: between two commits, or at once while only waiting for the network."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """While entered, a signal raises KeyboardInterrupt inside `droppable`, and elsewhere waits until the next one.

    A second signal does not wait. Outside the main thread signals are nobody's, and this does nothing.
    """

    def __init__(self) -> None:
        self._asked = False
        self._droppable = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def droppable(self) -> Iterator[None]:
        """Work that may be dropped half done."""
        self._droppable = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._droppable = False

    def _heard(self, number: int, frame: FrameType | None) -> None:
        again, self._asked = self._asked, True
        if self._droppable or again:
            raise KeyboardInterrupt
