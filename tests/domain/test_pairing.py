"""Which statements pair, reached directly: a statement without a target and without a finding is nobody's."""

from __future__ import annotations

import polars as pl
import pytest

from ingest.resolve import pairing

SAID = {
    "child": pl.UInt32,
    "origin": pl.String,
    "place": pl.Int32,
    "target": pl.UInt32,
    "finding": pl.String,
}


def said(*rows: tuple[int, str, int, int | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SAID, orient="row")


@pytest.mark.parametrize("origin", ["tag", "card", "dump"])
def test_a_statement_without_target_and_finding_pairs_with_nothing_and_tears_nothing(origin: str) -> None:
    other = "tag" if origin == "card" else "card"
    found = pairing.paired(said((0, origin, 0, None, None), (0, other, 0, 3, None), (1, "card", 0, 3, None)))
    assert found["spare"].to_list() == [False, True, True]
    assert found["torn"].to_list() == [False, False, False]
    assert found["finding"].to_list() == [None, None, None]


def test_left_over_on_both_sides_is_a_disagreement_told_of_the_card() -> None:
    found = pairing.paired(
        said((0, "tag", 0, 1, None), (0, "card", 0, 2, None), (1, "tag", 0, 1, None), (1, "card", 0, 1, None))
    )
    assert found["spare"].to_list() == [True, True, False, False]
    assert found["torn"].to_list() == [True, True, False, False]
    assert found["finding"].to_list() == [None, "tag and card disagree", None, None]
