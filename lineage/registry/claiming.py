"""Which family claims a model id: patterns and pins, looked up by namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lineage.registry.entries import Family
from lineage.registry.names import canonical
from lineage.registry.patterns import globs

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class _Rule:
    """One family's patterns in one namespace, compiled when first asked."""

    place: int
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return globs(self.include), globs(self.exclude)

    def fits(self, name: str) -> bool:
        include, exclude = self._compiled
        return include.fullmatch(name) is not None and exclude.fullmatch(name) is None


class Claims:
    """Families by the ids they claim; names are compared in their newest spelling and lower case."""

    def __init__(self, families: Sequence[Family], aliases: Mapping[str, str], renamed: Mapping[str, str]) -> None:
        self._aliases = {old.lower(): canonical(old, aliases, renamed).lower() for old in aliases}
        self._renamed = {old.lower(): _newest(old, renamed) for old in renamed}
        self._rules: dict[str, tuple[_Rule, ...]] = {}
        self._pins_in: dict[str, list[int]] = {}
        self._pins_out: dict[str, set[int]] = {}
        for place, family in enumerate(families):
            for space, rule in self._by_namespace(place, family):
                self._rules[space] = (*self._rules.get(space, ()), rule)
            for id in family.pins_in:
                self._pins_in.setdefault(self._key(id), []).append(place)
            for id in family.pins_out:
                self._pins_out.setdefault(self._key(id), set()).add(place)

    def _by_namespace(self, place: int, family: Family) -> Iterator[tuple[str, _Rule]]:
        include, exclude = self._sorted(family.include), self._sorted(family.exclude)
        for space, names in include.items():
            yield space, _Rule(place, tuple(names), tuple(exclude.get(space, ())))

    def _sorted(self, patterns: Sequence[str]) -> dict[str, list[str]]:
        by_space: dict[str, list[str]] = {}
        for pattern in patterns:
            space, _, name = pattern.lower().partition("/")
            by_space.setdefault(self._renamed.get(space, space), []).append(name)
        return by_space

    def _key(self, id: str) -> str:
        low = id.lower()
        if low in self._aliases:
            return self._aliases[low]
        space, slash, name = low.partition("/")
        moved = f"{self._renamed.get(space, space)}/{name}" if slash else low
        return self._aliases.get(moved, moved)

    def places(self, id: str) -> tuple[int, ...]:
        """The places of all families that match an id: pinned ones first, then registry order."""
        key = self._key(id)
        space, _, name = key.partition("/")
        pinned = self._pins_in.get(key, [])
        out = self._pins_out.get(key, set())
        fitting = (rule.place for rule in self._rules.get(space, ()) if rule.fits(name))
        return tuple(dict.fromkeys((*pinned, *(place for place in fitting if place not in out))))

    def table(self, ids: pl.Series) -> pl.DataFrame:
        """Columns `row` (u32) and `family` (u16) for the ids that some family claims, rows ascending.

        Polars drops all ids of other namespaces first, so that only a few thousand are looked at one by one.
        """
        import polars as pl

        numbered = pl.LazyFrame({"row": pl.int_range(len(ids), dtype=pl.UInt32, eager=True), "id": ids.cast(pl.String)})
        space = pl.col("id").str.splitn("/", 2).struct.field("field_0")
        near = numbered.with_columns(pl.col("id").str.to_lowercase()).filter(
            space.is_in(list(self._spaces)) | pl.col("id").is_in(list(self._singles))
        )
        rows: list[int] = []
        families: list[int] = []
        for row, id in near.sort("row").collect(engine="streaming").iter_rows():
            if found := self.places(id):
                rows.append(row)
                families.append(found[0])
        return pl.DataFrame({"row": rows, "family": families}, schema={"row": pl.UInt32, "family": pl.UInt16})

    @cached_property
    def _spaces(self) -> frozenset[str]:
        return frozenset(self._rules) | {old for old, new in self._renamed.items() if new in self._rules}

    @cached_property
    def _singles(self) -> frozenset[str]:
        return frozenset(self._aliases) | frozenset(self._pins_in)


def _newest(space: str, renamed: Mapping[str, str]) -> str:
    while space in renamed:
        space = renamed[space]
    return space.lower()
