"""A disk without room, however it is told: by the system, or in the words of a library that wrote for us."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How the system says that a disk, a quota or a file has no room left."""

_WORDS = (*map(os.strerror, CODES), "(os error 112)")
_LEAST = 1 << 20


def is_full(error: Exception, folder: Path) -> bool:
    """Whether an error while writing into a folder is that of a disk, a quota or a limit of files without room."""
    if isinstance(error, OSError) and error.errno in CODES:
        return True
    told = str(error)
    return any(word in told for word in _WORDS) or (0 <= free(folder) < _LEAST)


def free(folder: Path) -> int:
    """The bytes that are free where a folder is, or -1 where nothing tells."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1


def megabytes(size: int) -> str:
    """Bytes as a person reads them beside a disk."""
    return f"{size / 1e6:,.1f} MB"


def lacking(what: str, folder: Path, need: str, stays: str) -> str:
    """The sentence for it: what found no room, where, how much that takes, what stays, what finishes the job."""
    left = free(folder)
    told = f"{need}, and {megabytes(left)} are free" if left >= 0 else need
    return (
        f"No room left on the disk for {what} in {folder}: {told}. {stays}. Make room (lineage prune removes old "
        "snapshots and what killed runs left); then lineage load finishes the job."
    )
