"""When the Hub was last asked whether anything changed since a snapshot, and nothing had: a small file beside it.

A snapshot is never written to again, and one more with the same rows would say nothing new.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lineage.settings import Settings


@dataclass(frozen=True)
class Checked:
    """One look at the Hub that found nothing new: when it began (UTC, aware), the requests it took."""

    at: datetime
    requests: int


def note(settings: Settings, id: str, checked: Checked) -> None:
    """Keep the newest check of a snapshot, in place of the one before: the whole note or none."""
    path = _path(settings, id)
    beside = path.with_name(f".{path.name}")
    with beside.open("w", encoding="utf-8") as file:
        json.dump({"at": checked.at.isoformat(), "requests": checked.requests}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def last(settings: Settings, id: str) -> Checked | None:
    """The newest check of a snapshot; None where there was none, or none that can be read."""
    try:
        told = json.loads(_path(settings, id).read_bytes())
        return Checked(datetime.fromisoformat(told["at"]), int(told["requests"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(settings: Settings, id: str) -> None:
    """Remove the note of a snapshot, which need not be there."""
    _path(settings, id).unlink(missing_ok=True)


def _path(settings: Settings, id: str) -> Path:
    return settings.snapshots / f"{id}.checked.json"
