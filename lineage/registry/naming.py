"""Which names a family's name pattern matches, case aside: narrowed in steps, so many patterns cost little more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

TOGETHER = 11
"""Patterns that are looked for as one before each alone: about the root of how many there are."""


class Names:
    """The names after the slash of many ids, in their order; read when first asked."""

    def __init__(self, read: Callable[[], pl.Series], patterns: Iterable[str]) -> None:
        known = list(dict.fromkeys(patterns))
        self._read = read
        self._groups = [known[at : at + TOGETHER] for at in range(0, len(known), TOGETHER)]
        self._steps: dict[tuple[str, ...], pl.DataFrame] = {}

    def matching(self, pattern: str) -> pl.Series:
        """The rows of the names that match a pattern, ascending; any pattern, though known ones are found faster."""
        group = next((group for group in self._groups if pattern in group), None)
        near = self._all() if group is None else self._narrowed(tuple(group), self._known())
        return _filtered(near, (pattern,))["row"]

    def _known(self) -> pl.DataFrame:
        """The names that any known pattern matches."""
        return self._narrowed(tuple(pattern for group in self._groups for pattern in group), self._all())

    def _narrowed(self, patterns: tuple[str, ...], among: pl.DataFrame) -> pl.DataFrame:
        if patterns not in self._steps:
            self._steps[patterns] = _filtered(among, patterns)
        return self._steps[patterns]

    def _all(self) -> pl.DataFrame:
        import polars as pl

        if () not in self._steps:
            name = self._read()
            self._steps[()] = pl.DataFrame({"row": pl.int_range(len(name), dtype=pl.Int64, eager=True), "name": name})
        return self._steps[()]


def _filtered(names: pl.DataFrame, patterns: tuple[str, ...]) -> pl.DataFrame:
    import polars as pl

    return names.filter(pl.col("name").str.contains("(?i)" + "|".join(f"(?:{one})" for one in patterns)))
