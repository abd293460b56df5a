"""Old names to new ones: aliases of single ids and renamed namespaces, followed to their end."""

from __future__ import annotations

from collections.abc import Mapping


def canonical(id: str, aliases: Mapping[str, str], renamed: Mapping[str, str]) -> str:
    """The newest name of an id: its alias, then its namespace's new name, until nothing changes.

    Ends because `loops` found no way back.
    """
    while (new := _step(id, aliases, renamed)) is not None:
        id = new
    return id


def loops(start: str, aliases: Mapping[str, str], renamed: Mapping[str, str]) -> bool:
    """Whether following a name comes back to one already seen."""
    seen = {start}
    id = start
    while (new := _step(id, aliases, renamed)) is not None:
        if new in seen:
            return True
        seen.add(new)
        id = new
    return False


def _step(id: str, aliases: Mapping[str, str], renamed: Mapping[str, str]) -> str | None:
    if id in aliases:
        return aliases[id]
    space, slash, name = id.partition("/")
    return f"{renamed[space]}/{name}" if slash and space in renamed else None
