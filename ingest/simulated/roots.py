"""The official models that a simulated world is built around: real ids, from `roots.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Root:
    """One official model; `weight` is a guess of its popularity in the family, `formerly` its id before `renamed`."""

    id: str
    family: str
    created: datetime
    source: str
    license: str
    pipeline: str
    library: str
    weight: float
    base: str | None
    formerly: str | None
    renamed: datetime | None
    taught: bool

    @property
    def name(self) -> str:
        """The part after the slash."""
        return self.id.rsplit("/", 1)[-1]


@cache
def roots() -> tuple[Root, ...]:
    """All of `roots.toml`, oldest first, then by id."""
    table = tomllib.loads(files(__package__).joinpath("roots.toml").read_text(encoding="utf-8"))
    found = [
        Root(
            id=row["id"],
            family=family["slug"],
            created=row["created"],
            source=row["from"],
            license=row["license"],
            pipeline=family["pipeline"],
            library=family["library"],
            weight=row["weight"],
            base=row.get("base"),
            formerly=row.get("formerly"),
            renamed=_midnight(row.get("renamed")),
            taught=row.get("taught", False),
        )
        for family in table["family"]
        for row in family["roots"]
    ]
    return tuple(sorted(found, key=lambda root: (root.created, root.id)))


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
