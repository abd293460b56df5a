"""Which snapshots and resolved folders may go, and their removal: never the loaded snapshot, never half a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from lineage import checked, locks, resolved, snapshots
from lineage.stores import loaded_snapshot

if TYPE_CHECKING:
    from lineage.settings import Settings

_FOLDER = re.compile(r"(?P<snapshot>.+)-[0-9a-f]{12}-r(?P<version>\d+)")


@dataclass(frozen=True)
class Doomed:
    """A folder that may go: what it is, its name, the bytes of its files, those that its going frees."""

    kind: str
    name: str
    path: Path
    bytes: int
    frees: int


def doomed(settings: Settings, keep: int) -> tuple[Doomed, ...]:
    """Snapshots beyond the `keep` newest of each scope, resolved folders that no kept snapshot can use, and what runs
    that were killed left unfinished.

    "Newest" goes by the moment a snapshot describes. Raises where the store cannot say what it holds.
    """
    loaded = loaded_snapshot(settings)
    scopes: dict[str, list[str]] = {}
    for manifest in sorted(snapshots.listed(settings), key=snapshots.moment):
        scopes.setdefault(manifest.scope, []).append(manifest.id)
    old = [id for ids in scopes.values() for id in ids[:-keep] if id != loaded]
    folders = [("snapshot", settings.snapshots / id) for id in sorted(old)]
    unused = _unused(settings, set(old))
    folders += [("resolved", place) for place in unused]
    folders += [("unfinished", path) for path in _unowned(settings) if path.parent not in unused]
    found = sizes([path for _, path in folders])
    return tuple(Doomed(kind, path.name, path, *found[path]) for kind, path in folders)


def remove(settings: Settings, condemned: tuple[Doomed, ...]) -> None:
    """Remove the folders, each renamed out of sight first, with the locks that sealing and resolving take."""
    roots = [settings.snapshots, *({settings.resolved} & {root for one in condemned for root in one.path.parents})]
    with ExitStack() as held:
        for root in roots:
            held.enter_context(locks.exclusive(root / ".lock", locks.myself(), wait=True))
        for one in condemned:
            if one.kind == "unfinished":
                _gone(one.path)
                continue
            hidden = one.path.with_name(f".{one.path.name}")
            one.path.rename(hidden)
            rmtree(hidden)
            if one.kind == "snapshot":
                checked.forget(settings, one.name)


def _gone(path: Path) -> None:
    """Remove a folder or a file that somebody may have removed since."""
    if path.is_dir():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _unused(settings: Settings, old: set[str]) -> list[Path]:
    """Resolved folders of snapshots that are gone or going, and those of an earlier resolver."""
    if not settings.resolved.is_dir():
        return []
    made = []
    for place in sorted(settings.resolved.iterdir()):
        named = _FOLDER.fullmatch(place.name)
        if named is None or place.name.startswith("."):
            continue
        kept = named["snapshot"] not in old and (settings.snapshots / named["snapshot"]).is_dir()
        if not kept or int(named["version"]) < resolved.RESOLVER_VERSION:
            made.append(place)
    return made


def _unowned(settings: Settings) -> list[Path]:
    """What no living process is writing any more: a dead one has let go of its lock."""
    found: list[Path] = []
    for root, unfinished in ((settings.resolved, resolved.unfinished), (settings.snapshots, _half)):
        if unfinished(root):
            with suppress(locks.Taken), locks.exclusive(root / ".lock", locks.myself()):
                found += unfinished(root)
    return found


def _half(root: Path) -> tuple[Path, ...]:
    """Snapshots that were not sealed, or not removed, to their end."""
    return tuple(sorted(root.glob(".*/")))


def sizes(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """The bytes of each folder's files, and those that the disk gets back where all of these folders go, in order.

    A file that snapshots share is held by each of them and goes with the last of its names.
    """
    names: dict[tuple[int, int], int] = {}
    found = {}
    for folder in folders:
        held = freed = 0
        for file in (folder, *folder.rglob("*")):
            told = file.stat()
            if not file.is_file():
                continue
            seen = names[told.st_dev, told.st_ino] = names.get((told.st_dev, told.st_ino), 0) + 1
            held += told.st_size
            freed += told.st_size if seen == told.st_nlink else 0
        found[folder] = held, freed
    return found
