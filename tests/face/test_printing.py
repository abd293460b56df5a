from __future__ import annotations

import csv
import io
import unicodedata
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.answers import (
    Check,
    CountAnswer,
    ListAnswer,
    Listed,
    ModelAnswer,
    Parent,
    PathAnswer,
    Ranked,
    SearchAnswer,
    TopAnswer,
)
from lineage.domain import Counts, Edge, Table
from lineage.export import csv as csv_export
from lineage.export import json as json_export
from lineage.export import sheets, text
from lineage.export.plain import Look, cells, clip, counted, number, pad, printable
from lineage.export.sheet import Column, Sheet, drawn
from tests.face.world import HOSTILE, model, receipt


@given(st.text())
def test_printable_text_steers_no_terminal(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202e", "\\u202e"),
        ("a\nb", "a\\x0ab"),
        ("Qwen/Qwen3", "Qwen/Qwen3"),
        ("千问", "千问"),
    ],
)
def test_printable_spells_out_what_it_takes_away(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@given(st.text().map(printable), st.integers(1, 40))
def test_clip_and_pad_make_columns_exact(text: str, width: int) -> None:
    assert cells(clip(text, width)) <= width
    assert cells(pad(clip(text, width), width)) == width


def test_numbers() -> None:
    assert [number(value) for value in (1204, Fraction(7, 2), Fraction(4, 2), None)] == ["1,204", "3.50", "2", "n/a"]


def test_bounds_stand_on_transitive_counts_of_unfinished_crawls() -> None:
    partial = receipt(complete=False)
    assert counted(1204, "derivatives", partial) == "≥ 1,204"
    assert counted(1204, "direct", partial) == "1,204"
    assert counted(1204, "derivatives", receipt(complete=False, attribution="primary")) == "~ 1,204"
    assert counted(1204, "derivatives", receipt()) == "1,204"


CELLS = st.one_of(
    st.text(), st.integers(), st.none(), st.booleans(), st.fractions(), st.datetimes(timezones=st.just(UTC))
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.integers(40, 120))
def test_tables_fit_the_terminal_where_text_can_give_way(rows: list[tuple[object, object]], width: int) -> None:
    sheet = Sheet((Column("a"), Column("b")), tuple((str(a), str(b)) for a, b in rows))
    lines = drawn(sheet, Look(width))
    assert len(lines) == len(rows) + 1
    assert all(cells(line) <= width for line in lines)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_csv_reads_back_as_many_rows_and_no_formula(rows: list[tuple[str, str]]) -> None:
    sheet = Sheet((Column("a"), Column("b")), tuple(rows))
    read = list(csv.reader(io.StringIO(csv_export.written(sheet))))
    assert len(read) == len(rows) + 1
    for line, row in zip(read[1:], rows, strict=True):
        for cell, raw in zip(line, row, strict=True):
            assert not isinstance(raw, str) or not cell.startswith(("=", "+", "-", "@"))


def test_csv_keeps_fractions_exact_and_times_in_utc() -> None:
    sheet = Sheet((Column("n"), Column("t")), ((Fraction(1, 3), datetime(2026, 9, 25, tzinfo=UTC)), (None, True)))
    assert csv_export.written(sheet) == "n,t\n1/3,2026-09-25T00:00:00Z\n,true\n"


def test_cypher_values_of_every_kind_become_json_and_a_sheet() -> None:
    row = ({"id": "a/b"}, [1, 2.5], datetime(2026, 9, 25, tzinfo=UTC), float("nan"), b"x", None, HOSTILE[5])
    table = Table(tuple("abcdefg"), (row,))
    assert json_export.table(table) == [
        {
            "a": {"id": "a/b"},
            "b": [1, 2.5],
            "c": "2026-09-25T00:00:00Z",
            "d": "nan",
            "e": "b'x'",
            "f": None,
            "g": row[6],
        }
    ]
    assert json_export.text(json_export.table(table)).isascii()
    assert "\x1b" not in "\n".join(drawn(sheets.table(table), Look()))


def test_a_column_that_is_to_be_copied_stays_whole() -> None:
    sheet = Sheet((Column("id", whole=True), Column("source")), (("x" * 40, "y" * 40),))
    assert drawn(sheet, Look(60))[1] == "x" * 40 + "  " + "y" * 17 + "…"


def test_leaderboards_and_lists_mark_lower_bounds() -> None:
    partial = receipt(complete=False)
    line = Ranked("qwen", "Qwen", 1204, {"direct": 300, "organic": Fraction(7, 2)})
    shown = text.top(TopAnswer(partial, "family", "derivatives", (line,), 1, "models"), Look(), {})
    assert "qwen      ≥ 1,204     300   ≥ 3.50" in shown
    row = Listed(model("b/c", direct=3, derivatives=5), 2, ("merge",))
    assert "≥ 5" in text.listing(ListAnswer(partial, "qwen", "family", 9, (row,)), Look())
    assert "≥ 9 derivatives of a/root" not in text.listing(ListAnswer(receipt(), "a/root", "model", 9, ()), Look())


def test_no_answer_as_text_carries_a_control_character() -> None:
    bad = "x/\x1b[2J\u202e"
    edge = Edge(bad, bad + "2", ("finetune",), ("card",), 0)
    whole = receipt(simulated=True)
    shown = (
        text.search(SearchAnswer(whole, bad, (model(bad),), True), Look()),
        text.model(
            ModelAnswer(whole, model(bad), (Parent(edge, model(bad), (bad,)),), Counts(bad, "model", {"direct": 1}),
                        {"finetune": 1}, (bad,), (bad,), (bad,)), Look(), {}),
        text.path(PathAnswer(whole, bad, bad + "2", (model(bad), model(bad + "2")), (edge,), None, (bad,)), Look()),
        text.checks((Check(bad, False, bad, bad),), Look()),
        text.table(Table((bad,), ((bad,), ([bad],))), Look(), whole),
        text.count(CountAnswer(whole, (Counts(bad, "model", {"direct": 1}),)), Look(), {}),
    )  # fmt: skip
    for page in shown:
        assert "\\x1b" in page
        assert not any(char in page for char in "\x1b\u202e")
