"""A run's log in a file: when it began, what was tried again, what it sealed, why it failed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lineage.export.plain import printable

_ROOMS = ("ingest", "lineage")
_log = logging.getLogger(__name__)


class _Lines(logging.Formatter):
    """One line a record: the time in UTC, the process, the text with nothing in it that could steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        return printable(f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.process} {record.levelname} {record.getMessage()}")


@contextmanager
def logged(path: Path | None, what: str) -> Iterator[None]:
    """Append to the file what happens inside, warnings included, which then do not go to stderr; None: no log."""
    if path is None:
        yield
        return
    handler = logging.FileHandler(path, encoding="utf-8")
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
