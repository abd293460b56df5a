"""What went wrong, as a person and as a program are told it: a sentence on stderr, and one JSON object on stdout.

The object comes where JSON was asked for, whatever the command; exit code 4 leaves stdout empty all the same, as the
contract has it.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from lineage.errors import Interrupted, LineageError, NotFound, Retriable, stopped

_UNFIT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT})


@dataclass(frozen=True)
class Failure:
    """One failure: its kind (`errors`, or usage, system, unexpected), a sentence, the command's exit code.

    `retriable`: nothing but time has to pass for the same command to work.
    """

    kind: str
    message: str
    exit_code: int = 1
    retriable: bool = False

    def document(self) -> str:
        """The object that a program reads, on one line of ASCII."""
        return json.dumps({"error": asdict(self)})


def usage(message: str, code: int) -> Failure:
    """What was typed cannot be meant."""
    return Failure("usage", message, code)


def of(error: Exception, home: Path) -> Failure:
    """What an error is told as; `home` is where lineage keeps its data in that run."""
    if isinstance(error, LineageError):
        return Failure(error.kind, str(error), error.exit_code, isinstance(error, Retriable | Interrupted))
    if isinstance(error, OSError):
        return Failure("system", _system(error, home))
    odd = f"Unexpected {type(error).__name__}: {error}. LINEAGE_DEBUG=1 shows where; please report it."
    return Failure("unexpected", odd)


def stop(words: Sequence[str]) -> Failure:
    """A signal ended the command of these words before there was anything to keep."""
    return Failure(Interrupted.kind, stopped(words), Interrupted.exit_code, retriable=True)


def as_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON and not for CSV as well, be it one that can be parsed or not."""
    options = list(words[: words.index("--")] if "--" in words else words)
    asked = not {"--json", "--format=json"}.isdisjoint(options) or ("--format", "json") in pairwise(options)
    return asked and "--csv" not in options


def told(failure: Failure, words: Sequence[str]) -> str:
    """What stdout gets of a failure: its document where JSON is wanted, else nothing."""
    return failure.document() + "\n" if as_json(words) and failure.exit_code != NotFound.exit_code else ""


def _system(error: OSError, home: Path) -> str:
    """What the system said, of which file; where that is the home, or in its way, what to try."""
    said = error.strerror or str(error)
    if not isinstance(error.filename, str):
        return said
    said = f"{said}: {error.filename}"
    at = Path(error.filename)
    if error.errno not in _UNFIT or not (at.is_relative_to(home) or home.is_relative_to(at)):
        return said
    return (
        f"{said}. lineage keeps its data in {home}: make that a folder which you may write to, or name another with "
        "--home DIR or LINEAGE_HOME; lineage doctor looks it over."
    )
