"""Sheets as CSV: raw numbers, exact fractions, ISO times, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from fractions import Fraction

from lineage.export.plain import printable
from lineage.export.sheet import Cell, Sheet

_RUN = ("=", "+", "-", "@")


def written(sheet: Sheet) -> str:
    """The sheet as RFC 4180 CSV with `\\n` line ends; text that opens like a formula gets a leading apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([printable(column.name) for column in sheet.columns])
    writer.writerows([_cell(cell) for cell in row] for row in sheet.rows)
    return out.getvalue()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, (date, int, float, Fraction)):
        return str(cell)
    text = printable(cell)
    return "'" + text if text.startswith(_RUN) else text
