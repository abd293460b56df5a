"""Ctrl-C and SIGTERM while a command is put together and runs: an exception of our own, at a moment that bears one."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

_IMPORTS = "<frozen importlib._bootstrap>"
_AGAIN = 0.02
_TRIES = 100


class Stopped(KeyboardInterrupt):
    """A signal, of a type of its own: where plain KeyboardInterrupt leaves an `exec`, Python ends by the signal."""


class Stop:
    """A handler that raises `Stopped`.

    While Python takes or drops a lock of its imports it only calls again a moment later, for two seconds at most: an
    exception there can be lost, or leave the lock taken for ever, and every other thread that imports stands still.
    """

    def __init__(self) -> None:
        self._tries = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._tries += 1
        if frame is None or frame.f_code.co_filename != _IMPORTS or self._tries > _TRIES:
            self._tries = 0
            raise Stopped
        again = threading.Timer(_AGAIN, _signalled, (number,))
        again.daemon = True
        again.start()


def _signalled(number: int) -> None:
    """Signal the main thread, and wake it where it waits meanwhile: `interrupt_main` would be seen after the wait."""
    if sys.platform == "win32":
        _thread.interrupt_main(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def heard(handler: Callable[[int, FrameType | None], object]) -> None:
    """Hear both so, unless whoever started the program has them ignored; off the main thread they are nobody's."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
