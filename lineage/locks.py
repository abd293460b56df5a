"""One process at a time: a lock that the operating system drops with its process, so that none is ever stale."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes], wait: bool) -> None:
        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[bytes], wait: bool) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@dataclass(frozen=True)
class Held:
    """A lock in our hands; `left` is what a process that ended without letting go had written there, else empty."""

    left: str


class Taken(Exception):
    """Another living process holds the lock; `owner` is what it wrote there."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner

    def told(self, doing: str) -> str:
        """For people: that another lineage does that, and that its lock needs no removing."""
        return (
            f"Another lineage ({self.owner}) is {doing} at this moment. Wait for it or stop it; the lock goes with "
            "that process, so it never needs removing."
        )


@contextmanager
def exclusive(path: Path, owner: str, *, wait: bool = False) -> Iterator[Held]:
    """The lock `path` for the body of the `with`; raises `Taken` where another process has it and `wait` is false.

    `owner` is written into the file, for whoever finds it taken; the file goes with the lock. A process that dies, by
    whatever means, lets go of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path, wait) as file:
        left = _read(file)
        file.truncate(0)
        file.write(owner.encode())
        file.flush()
        try:
            yield Held(left)
        finally:
            file.truncate(0)
            if sys.platform != "win32":
                path.unlink(missing_ok=True)


def _locked(path: Path, wait: bool) -> IO[bytes]:
    """The lock's file, open and locked; one that its last owner removed meanwhile does not count."""
    while True:
        file = path.open("a+b")
        try:
            _take(file, wait)
            if _is(path, file):
                return file
        except (BlockingIOError, PermissionError):
            owner = _read(file)
            file.close()
            raise Taken(owner) from None
        except BaseException:
            file.close()
            raise
        file.close()


def _is(path: Path, file: IO[bytes]) -> bool:
    """Whether the path still names that open file; looked at once, for the file may go between two looks."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1000).decode(errors="replace").strip()


def myself() -> str:
    """How this process names itself in a lock."""
    return f"process {os.getpid()}"
