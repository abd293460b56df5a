"""The series of one scope: one run at a time, the snapshot that a run goes by, the pages that it may leave behind."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from ingest.hub import HubSource
from lineage import locks
from lineage.errors import AlreadyRunning
from lineage.settings import Settings
from lineage.snapshots import Manifest, listed, moment, scope_slug

WHOLE = "hub"
"""The scope of everything."""

_log = logging.getLogger(__name__)


@contextmanager
def alone(settings: Settings, scope: str, doing: str) -> Iterator[None]:
    """One crawl or update of a scope at a time; `doing` is which, for whoever finds it taken."""
    try:
        with locks.exclusive(settings.crawls / f"{scope_slug(scope)}.lock", f"{locks.myself()}, {doing}") as held:
            if held.left:
                _log.info("a run on %s ended without finishing (%s); its pages are kept", scope, held.left)
            yield
    except locks.Taken as taken:
        raise AlreadyRunning(taken.told(f"at work on {scope} in {settings.home}")) from None


def last(settings: Settings, scope: str, source: HubSource, *, files: bool = False) -> Manifest | None:
    """The snapshot of a scope that tells the latest moment of the same Hub, whenever it was made: a dump may be older.

    One made of a file names no Hub: it counts for the real one where it is not simulated, and with `files` for any.
    """
    same = (
        m
        for m in listed(settings)
        if m.scope == scope
        and (m.endpoint == source.endpoint or (m.endpoint is None and (files or (source.real and not m.simulated))))
    )
    return max(same, key=moment, default=None)


def forget(pages: Path) -> None:
    """Remove a folder of pages: all or none, whenever the process ends."""
    gone = pages.with_name(f".{pages.name}")
    if gone.exists():
        rmtree(gone)
    if pages.exists():
        pages.rename(gone)
        rmtree(gone)


def called(source: HubSource, told: str | None) -> str:
    """The Hub for people: its host, or that it is simulated, with the seed it told."""
    if told is None:
        return source.host
    match = re.search(r"\bseed=(\d{1,20})", told)
    return f"simulated Hub, seed {match.group(1)}" if match else "simulated Hub"
