"""A run's log in a file: when it began, what was tried again, what it sealed, why it failed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lineage.console import complain
from lineage.errors import Fatal
from lineage.export.plain import printable

_ROOMS = ("ingest", "lineage")
_log = logging.getLogger(__name__)


class _Lines(logging.Formatter):
    """One line a record: the time in UTC, the process, the text with nothing in it that could steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        return printable(f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.process} {record.levelname} {record.getMessage()}")


class _File(logging.FileHandler):
    """The log's file; where it cannot be written that is said once, and the run goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8")
        self._named = path
        self._said = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by `logging` where a line could not be written."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._say(error)
        else:
            super().handleError(record)

    def close(self) -> None:
        """Let go of the file, with what it took."""
        try:
            super().close()
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        if not self._said:
            complain(f"The log {self._named} could not be written ({error.strerror}); the run goes on.")
        self._said = True


@contextmanager
def logged(path: Path | None, what: str) -> Iterator[None]:
    """Append to the file what happens inside, warnings included, which then do not go to stderr; None: no log.

    Raises `Fatal` where the file cannot be opened.
    """
    if path is None:
        yield
        return
    try:
        handler = _File(path)
    except OSError as error:
        raise Fatal(
            f"The log {path} cannot be opened ({error.strerror}). Make its folder, or name another file with --log."
        ) from error
    handler.setFormatter(_Lines())
    rooms = [(logging.getLogger(name), logging.getLogger(name).level) for name in _ROOMS]
    for room, _ in rooms:
        room.addHandler(handler)
        room.setLevel(logging.INFO)
    try:
        _log.info("begins: %s", what)
        yield
        _log.info("done: %s", what)
    except KeyboardInterrupt:
        _log.error("%s was ended by a signal. Nothing is half done: run the command again to go on.", what)
        raise
    except BaseException as error:
        _log.error("%s ended with %s: %s", what, type(error).__name__, error)
        raise
    finally:
        for room, level in rooms:
            room.removeHandler(handler)
            room.setLevel(level)
        handler.close()
