"""Globs on `org/name`: the org spelt out, `*` and `?` in the name, case aside."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ORG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NAME_GLOB = re.compile(r"[A-Za-z0-9._*?-]+")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def glob_fault(pattern: str) -> str | None:
    """What is wrong with a pattern on `org/name`, or None."""
    org, slash, name = pattern.partition("/")
    if not slash:
        return f"pattern {pattern!r} has no slash; write org/name"
    if not _ORG.fullmatch(org):
        return f"pattern {pattern!r} must spell the namespace out; wildcards go after the slash"
    return name_fault(name)


def name_fault(glob: str) -> str | None:
    """What is wrong with a glob on the part after the slash, or None."""
    if _NAME_GLOB.fullmatch(glob):
        return None
    return f"glob {glob!r} may hold letters, digits, '.', '_', '-', '*' and '?' only"


def id_fault(id: str) -> str | None:
    """What is wrong with a model id, `org/name` or a bare legacy name, or None."""
    parts = id.split("/")
    if len(parts) <= 2 and all(_NAME.fullmatch(part) for part in parts):
        return None
    return f"{id!r} is no model id"


def regex_fault(pattern: str) -> str | None:
    """What is wrong with a regular expression, or None."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"regular expression {pattern!r}: {error}"
    return None


def globs(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for lower-cased names: a full match of any of the globs. No glob matches nothing."""
    each = (re.escape(p.lower()).replace(r"\*", ".*").replace(r"\?", ".") for p in patterns)
    return re.compile("|".join(each) or r"(?!)", re.DOTALL)
