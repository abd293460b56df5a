"""The public weekly archive of the Hub's models: dated snapshots of the past, those deleted since among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

from ingest import importing
from ingest.importing import bootstrap
from lineage.errors import Misuse, NotFound
from lineage.settings import Settings
from lineage.snapshots import Snapshot, listed

_WEEK = timedelta(days=7)


def asked(archive: str) -> date:
    """The day of `weekly@2024-07-24`; raises `Misuse` for anything else."""
    name, _, day = archive.partition("@")
    try:
        if name == "weekly":
            return date.fromisoformat(day)
    except ValueError:
        pass
    raise Misuse(f"{archive!r} is no archive. Write weekly@DATE, such as weekly@2024-07-24.")


def within(days: Sequence[date], day: date) -> date:
    """The archived week that a day lies in, by the week's first day; `NotFound` names the nearest ones."""
    found = [start for start in days if start <= day < start + _WEEK]
    if found:
        return max(found)
    nearest = sorted(sorted(days), key=lambda start: abs(start - day))[:3]
    raise NotFound(f"No archived week holds {day}.", tuple(f"weekly@{start}" for start in nearest))


def pull(
    settings: Settings,
    archives: Sequence[str],
    *,
    now: Callable[[], datetime],
    progress: importing.Bytes = lambda done, total: None,
    say: importing.Say = lambda text: None,
    token: str | bool | None = None,
) -> Iterator[Snapshot]:
    """Seal a dated snapshot of each archive, in the order asked; all names are checked before the first is fetched.

    As-of is the newest change within the file, whatever day its folder is named after. Equal content is said.
    """
    wanted = [asked(archive) for archive in archives]
    days = bootstrap.weeks(settings.endpoint, token)
    for day in [within(days, one) for one in wanted]:
        found = bootstrap.week(settings.endpoint, token, day)
        snapshot = importing.seal_archive(settings, found, now=now, progress=progress, say=say, token=token)
        manifest = snapshot.manifest
        others = [m.id for m in listed(settings) if m.sha256 == manifest.sha256 and m.id != manifest.id]
        if manifest.source != found.source:
            others.append(manifest.id)
        if others:
            say(f"{found.source} holds the same rows as {', '.join(others)}.")
        yield snapshot
