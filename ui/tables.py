"""Sheets as tables to look at, sort and take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, TypeAlias

import streamlit as st

from lineage.domain import Receipt
from lineage.export import csv, png, receipts, svg
from lineage.export.picture import Picture
from lineage.export.plain import printable
from lineage.export.sheet import Cell, Sheet

Picked: TypeAlias = Callable[[int], None]
"""Told the number of the row that was chosen."""

ROW = 35
"""Pixels of a row."""


def shown(
    sheet: Sheet,
    *,
    key: str,
    alt: str,
    picked: Picked | None = None,
    sparks: Mapping[str, Sequence[Sequence[float]]] | None = None,
    most: int = 15,
) -> None:
    """The sheet as a table; `picked` gets the number of the row that is chosen. At most `most` rows high.

    `sparks` are further columns of little lines, a list of values a row.
    """
    import polars as pl

    heads = [column.title or column.name for column in sheet.columns]
    cells: dict[str, Any] = {head: [_cell(row[place]) for row in sheet.rows] for place, head in enumerate(heads)}
    frame = pl.DataFrame({**cells, **(sparks or {})}, strict=False)
    settings = {head: _column(column.kind, head) for head, column in zip(heads, sheet.columns, strict=True)}
    for head, values in (sparks or {}).items():
        top = max((value for row in values for value in row), default=1)
        settings[head] = st.column_config.LineChartColumn(head, y_min=0, y_max=top or 1, width="small")

    def chosen() -> None:
        """Pass on which row was chosen."""
        rows = st.session_state[key].selection.rows
        if rows and picked is not None:
            picked(rows[0])

    st.dataframe(
        frame,
        hide_index=True,
        column_config=settings,
        height=ROW * (min(max(len(sheet.rows), 1), most) + 1) + 3,
        key=key,
        placeholder="–",
        on_select=chosen if picked else "ignore",
        selection_mode="single-row",
        alt=alt,
    )


def _cell(cell: Cell) -> str | int | float | bool | date | None:
    if isinstance(cell, str):
        return printable(cell)
    if isinstance(cell, datetime):
        return cell.date()
    return float(cell) if isinstance(cell, Fraction) else cell


def _column(kind: str, head: str) -> Any:
    if kind == "number":
        return st.column_config.NumberColumn(head, format="localized")
    if kind == "share":
        return st.column_config.NumberColumn(head, format="percent")
    if kind == "day":
        return st.column_config.DateColumn(head, format="YYYY-MM-DD")
    return st.column_config.TextColumn(head)


def with_receipt(sheet: Sheet, receipt: Receipt) -> str:
    """The sheet as CSV, its receipt as comment lines below."""
    banner = [receipts.BANNER] * receipt.simulated
    return csv.written(sheet) + "".join(f"# {line}\n" for line in (*banner, *receipts.lines(receipt)))


def save(label: str, make: Callable[[], str], *, file: str, mime: str, key: str) -> None:
    """A button that makes the file when it is pressed."""
    st.download_button(
        label, lambda: make().encode(), file_name=file, mime=mime, key=key, on_click="ignore",
        icon=":material/download:", type="tertiary",
    )  # fmt: skip


def save_csv(sheet: Sheet, receipt: Receipt, *, file: str, key: str) -> None:
    """A button for the sheet as CSV."""
    save("CSV", lambda: with_receipt(sheet, receipt), file=f"{file}.csv", mime="text/csv", key=key)


def save_picture(picture: Picture, *, file: str, key: str) -> None:
    """Buttons for a chart with its receipt in the footer, as SVG and as PNG."""
    save("SVG", lambda: svg.written(picture), file=f"{file}.svg", mime="image/svg+xml", key=f"{key} svg")
    st.download_button(
        "PNG", lambda: png.written(picture), file_name=f"{file}.png", mime="image/png", key=f"{key} png",
        on_click="ignore", icon=":material/download:", type="tertiary",
    )  # fmt: skip


def file_name(*words: str) -> str:
    """A file's name of letters, digits and dashes alone, whatever the words are."""
    kept = "-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in word) for word in words)
    return "-".join(part for part in kept.split("-") if part)[:80] or "lineage"


def columns_of(sheet: Sheet, names: Sequence[str]) -> Sheet:
    """The sheet with these columns in this order."""
    places = [place for name in names for place, column in enumerate(sheet.columns) if column.name == name]
    return Sheet(
        tuple(sheet.columns[place] for place in places),
        tuple(tuple(row[place] for place in places) for row in sheet.rows),
    )


def without(sheet: Sheet, *names: str) -> Sheet:
    """The sheet without these columns."""
    return columns_of(sheet, [column.name for column in sheet.columns if column.name not in names])
