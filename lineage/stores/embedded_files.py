"""The files of the embedded store: one graph file, the pointer that names it, the lock of the loader.

    store/CURRENT                       JSON: the graph file, what it holds, when it was loaded
    store/graph-<snapshot>-<run>.lbug   the graph; a new one is built beside and the pointer swapped
    store/LOCK                          held by the process that loads

A file that the pointer does not name is a leftover of an interrupted load, or one that could not be removed; the next
load removes it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lineage.errors import AlreadyRunning, Damaged, Fatal

_log = logging.getLogger(__name__)

POINTER = "CURRENT"


@dataclass(frozen=True)
class Pointer:
    """What the current graph file is: its name and bytes, the versions it was written by, what it was loaded from."""

    file: str
    bytes: int
    engine: int
    schema_version: int
    snapshot: str
    digest: str
    loaded_at: str


def current(folder: Path) -> Pointer | None:
    """The pointer, or None where nothing was loaded; `Damaged` where it cannot be read."""
    try:
        text = (folder / POINTER).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fatal(f"The store's pointer {folder / POINTER} cannot be read: {error.strerror}.") from error
    try:
        pointer = Pointer(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise Damaged(f"{folder / POINTER} is not what lineage wrote. Make it again with: lineage load") from error
    if not re.fullmatch(r"graph-[\w.-]+\.lbug", pointer.file):
        raise Damaged(f"{folder / POINTER} names no graph file of ours. Make it again with: lineage load")
    return pointer


def point(folder: Path, pointer: Pointer) -> None:
    """Make `pointer` the current one, atomically and on the disk."""
    beside = folder / f"{POINTER}.new"
    with beside.open("w", encoding="utf-8") as file:
        json.dump(asdict(pointer), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / POINTER)
    _sync_folder(folder)


def free_name(folder: Path, snapshot: str, run: str) -> Path:
    """A path for a new graph file that no file has yet."""
    stem = "graph-" + "-".join(re.sub(r"[^A-Za-z0-9._-]", "_", part)[:60] for part in (snapshot, run))
    path, number = folder / f"{stem}.lbug", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.lbug"
    return path


def sweep(folder: Path, keep: Pointer | None) -> None:
    """Remove every graph file but the one kept; what is in use stays for the next load."""
    for path in folder.glob("graph-*"):
        if keep is None or path.name != keep.file:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.info("%s stays for now: %s", path, error.strerror)


def sync(path: Path) -> None:
    """Have the system put a finished file on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    _sync_folder(path.parent)


@contextmanager
def loading(folder: Path) -> Iterator[Pointer | None]:
    """Hold the loader's lock with leftovers swept away; gives the current pointer, None where there is none to keep.

    The system drops the lock when the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "LOCK").open("a+b")
    except OSError as error:
        raise Fatal(
            f"The store's folder {folder} cannot be written: {error.strerror}. Make it a folder that you may write to, "
            "or name another home with --home DIR or LINEAGE_HOME; lineage doctor looks it over."
        ) from error
    with file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise AlreadyRunning(f"Another load into {folder} is under way. Try again when it is done.") from error
        try:
            pointer = current(folder)
        except Damaged:
            pointer = None
        sweep(folder, pointer)
        yield pointer


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _sync_folder(folder: Path) -> None:
        """Windows has no such call; the rename is journalled."""

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _sync_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
