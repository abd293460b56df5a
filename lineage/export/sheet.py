"""A table before it is text or CSV: named columns, raw cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal, TypeAlias

from lineage.export.plain import Look, cells, clip, day, number, pad, printable

Cell: TypeAlias = str | int | float | Fraction | bool | date | datetime | None

Kind: TypeAlias = Literal["text", "number", "share", "day"]

NARROWEST = 10
"""A text column is never cut below this many terminal columns."""


@dataclass(frozen=True)
class Column:
    """A column: `name` heads it in CSV, `title` (else the name) on a terminal; `whole` is never cut there."""

    name: str
    kind: Kind = "text"
    title: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Sheet:
    """Rows of cells under named columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def shown(cell: Cell, kind: Kind) -> str:
    """One cell as a terminal shows it."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date):
        return day(cell)
    if kind == "share" and isinstance(cell, (int, float)):
        return f"{100 * cell:.1f} %"
    if isinstance(cell, (int, Fraction)):
        return number(cell)
    return f"{cell:,.2f}" if isinstance(cell, float) else printable(cell)


def drawn(sheet: Sheet, look: Look) -> list[str]:
    """The table's lines: aligned, numbers to the right, the widest text columns cut where the terminal ends."""
    heads = [printable(column.title or column.name) for column in sheet.columns]
    body = [[shown(cell, column.kind) for cell, column in zip(row, sheet.columns, strict=True)] for row in sheet.rows]
    widths = [max(cells(line[place]) for line in (heads, *body)) for place in range(len(heads))]
    _fit(
        widths,
        [column.kind == "text" and not column.whole for column in sheet.columns],
        look.width - 2 * (len(heads) - 1),
    )
    right = [column.kind in ("number", "share") for column in sheet.columns]
    lines = [
        "  ".join(pad(clip(text, w), w, right=r) for text, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in (heads, *body)
    ]
    return [look.bold(lines[0]), *lines[1:]]


def _fit(widths: list[int], elastic: list[bool], room: int) -> None:
    """Take columns from the widest text until the table fits, but none below `NARROWEST`."""
    while sum(widths) > room:
        wide = [(width, place) for place, width in enumerate(widths) if elastic[place] and width > NARROWEST]
        if not wide:
            return
        width, place = max(wide)
        widths[place] = max(NARROWEST, width - max(1, (sum(widths) - room) // len(wide)))
