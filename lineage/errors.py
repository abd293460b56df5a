"""Every error that lineage raises on purpose.

    LineageError                 exit 1
    ├── Retriable                the same call may work later
    │   ├── HubBusy              the Hub's quota is spent, or it answers 5xx
    │   ├── AlreadyRunning       another process does the same here at this moment
    │   └── Unreachable          no network, no server, time-out
    ├── Fatal                    trying again changes nothing
    │   ├── Refused              the Hub or a store said no: token, rights, guard
    │   ├── Damaged              a file of ours is not what its manifest says
    │   ├── TooNew               written by a newer lineage than this one
    │   ├── NoData               nothing has been crawled or imported here yet
    │   └── Incomplete           a crawl ended early; not sealed
    ├── Misuse                   exit 2; what was asked cannot be asked
    ├── BadRecord                one row of input is unusable; quarantined and counted
    ├── NotFound                 exit 4; carries the nearest names
    └── Interrupted              exit 3; carries the command that resumes

The text of each says what happened, to what, and what to try.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import ClassVar


class LineageError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with, `kind` what a program knows it by."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "lineage-error"

    def __init_subclass__(cls) -> None:
        """Its kind is its name: HubBusy is hub-busy."""
        super().__init_subclass__()
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class Retriable(LineageError):
    """The same call may work later."""


class HubBusy(Retriable):
    """The Hub answered 429 or 5xx; `wait` is how many seconds it asked for, where it said so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class AlreadyRunning(Retriable):
    """Another living process holds the lock of what was to be done."""


class Unreachable(Retriable):
    """No network, no server behind the address, or no answer in time."""


class Fatal(LineageError):
    """Trying again changes nothing."""


class Refused(Fatal):
    """The Hub, a store or the read-only guard said no."""


class Damaged(Fatal):
    """A file is not what its manifest or its format says."""


class TooNew(Fatal):
    """Written by a newer version of lineage than this one."""


class NoData(Fatal):
    """Nothing has been crawled, imported or loaded here yet."""


class Incomplete(Fatal):
    """A crawl ended early and was not sealed."""


class Misuse(LineageError):
    """What was asked cannot be asked; the text says what can."""

    exit_code = 2


class BadRecord(LineageError):
    """One row of input is unusable; `reason` is one of a few fixed words, for the tally."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class NotFound(LineageError):
    """An id, slug or snapshot that is not here; `nearest` holds what the user may have meant."""

    exit_code = 4

    def __init__(self, message: str, nearest: Sequence[str] = ()) -> None:
        hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
        super().__init__(message + hint)
        self.nearest = tuple(nearest)


class Interrupted(LineageError):
    """Stopped by the user or the system; what was fetched is kept and `resume` continues."""

    exit_code = 3

    def __init__(self, message: str, resume: str) -> None:
        super().__init__(f"{message} Resume with: {resume}")
        self.resume = resume


def stopped(words: Sequence[str]) -> str:
    """What to say where Ctrl-C ended a command of these words before there was anything to keep."""
    if "crawl" in words:
        return f"Stopped. Nothing is half done. Resume with: {shlex.join(['lineage', *words])}"
    return "Stopped. Nothing is half done: run the command again to go on."
