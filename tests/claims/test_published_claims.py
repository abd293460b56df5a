"""`claims`: values that `count` gives too, exact days, one sentence of verdict a counter, and what cannot be told."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage import questions
from lineage.answers import FigureAnswer, Held
from lineage.domain import Attribution
from lineage.errors import NotFound
from lineage.questions.timelines import timeline
from lineage.questions.verdicts import verdict
from lineage.registry import Figure, load
from tests.claims.worlds import ROOTS, atlas, roots, row

QWEN, LLAMA, MISTRAL, NOBODY = ROOTS
OWN = """
[claims.three]
text = "3 derivatives of Qwen, ahead of Llama"
who = "a test"
counted = "undefined"
figures = [
    { subject = "qwen", kind = "family", measure = "derivatives", value = 3, bound = "=", on = 2026-06-30 },
    { subject = "llama", kind = "family", measure = "derivatives", value = 1, bound = ">", on = 2026-06-30 },
]
ahead_of = ["llama"]
[claims.half]
text = "half of the new ones"
who = "a test"
counted = "undefined"
figures = [
    { subject = "qwen", kind = "family", measure = "share_of_new", value = 50, bound = ">", on = 2026-05-31 },
    { subject = "US", kind = "country", measure = "share_of_new", value = 25, bound = "=", on = 2026-05-31 },
]
[claims.downloads]
text = "a share of downloads"
who = "a test"
counted = "downloads"
figures = [
    { subject = "CN", kind = "country", measure = "share_of_downloads", value = 40, bound = "=", on = 2025-12-31 },
]
[claims.later]
text = "told of a day that the snapshot does not know"
who = "a test"
counted = "undefined"
figures = [
    { subject = "CN", kind = "country", measure = "derivatives", value = 4, bound = "=", on = 2027-01-31 },
]
"""
ROWS = [
    *roots(),
    row("a/one", [(QWEN, "finetune")], date(2026, 5, 3), downloads=300),
    row("b/merge", [(QWEN, "merge"), (LLAMA, "merge")], date(2026, 5, 31), downloads=100),
    row("c/four", [(QWEN, "quantized")], date(2026, 6, 15)),
    row("d/five", [(QWEN, "quantized")], date(2026, 7, 15)),
    row("deepseek-ai/six", [(NOBODY, "finetune")], date(2026, 7, 2), downloads=200),
    row("e/undated", [(QWEN, "adapter")]),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> questions.Atlas:
    home = tmp_path_factory.mktemp("claims")
    own = home / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    return atlas(home, load(own), ROWS)


def figures(asked: questions.Atlas, slug: str) -> tuple[FigureAnswer, ...]:
    (claim,) = questions.claims(asked, [slug]).claims
    return claim.figures


def held(figure: FigureAnswer, counter: str, attribution: str = "any", by: str = "family") -> Held:
    (found,) = (h for h in figure.lines if (h.counter, h.attribution, h.by) == (counter, attribution, by))
    return found


def test_derivatives_then_and_now_and_the_day_they_passed(asked: questions.Atlas) -> None:
    qwen, llama = figures(asked, "three")
    line = held(qwen, "derivatives")
    assert (line.then, line.now, line.passed, line.verdict) == (3, 5, "2026-06-15", "agrees")
    assert line.sentence == (
        "derivatives (any) of qwen gives 3 for 2026-06-30, which agrees with the 3 claimed; 5 now; "
        "first reached on 2026-06-15; ahead of llama then (1) and ahead of it now (1)."
    )
    line = held(qwen, "derivatives", "fractional")
    assert (line.then, line.now, line.passed) == (Fraction(5, 2), Fraction(9, 2), "2026-07-15")
    assert (held(qwen, "exclusive" and "derivatives", "exclusive").then, held(qwen, "quantizations").then) == (2, 1)
    assert held(qwen, "active").then is None
    assert held(qwen, "active").now == 2
    assert held(llama, "derivatives").verdict == "falls short"
    assert held(llama, "derivatives").passed is None


def test_shares_of_new_are_of_the_month(asked: questions.Atlas) -> None:
    qwen, us = figures(asked, "half")
    assert (held(qwen, "derivatives").then, held(qwen, "derivatives").verdict) == (1, "holds")
    line = held(qwen, "derivatives", "fractional")
    assert (line.then, line.now, line.passed) == (Fraction(3, 4), Fraction(1, 2), "2026-05")
    assert (line.then_of, line.now_of) == (2, 2)
    assert line.sentence.startswith(
        "share of new by derivatives (fractional) of qwen gives 75.0 % of 2 for 2026-05-31, "
    )
    assert held(qwen, "finetunes", "fractional").then == 1
    assert held(us, "derivatives", "fractional", "origin").then == Fraction(1, 4)
    assert held(us, "derivatives", "fractional", "origin").verdict == "agrees"
    assert held(us, "derivatives", "any", "country").then == 0


def test_a_share_of_downloads_is_told_of_the_snapshot_alone(asked: questions.Atlas) -> None:
    (figure,) = figures(asked, "downloads")
    assert figure.remark is not None
    assert "cannot be answered" in figure.remark
    whole = 4 * 100 + 300 + 100 + 200
    assert held(figure, "downloads", "fractional", "origin").now == Fraction(100 + 300 + 50, whole)
    assert held(figure, "downloads", "any", "country").now == Fraction(100 + 200, whole)
    assert {(line.then, line.passed, line.verdict) for line in figure.lines} == {(None, None, "cannot be told")}


def test_a_day_after_the_snapshot_cannot_be_told(asked: questions.Atlas) -> None:
    (figure,) = figures(asked, "later")
    line = held(figure, "derivatives", "any", "origin")
    assert (line.then, line.now, line.verdict) == (None, 5, "cannot be told")
    assert held(figure, "derivatives", "any", "country").now == 1


def test_every_claim_of_the_registry_is_held_and_every_line_has_a_verdict(asked: questions.Atlas) -> None:
    answer = questions.claims(asked)
    assert [claim.slug for claim in answer.claims] == [claim.slug for claim in asked.registry.published]
    for claim in answer.claims:
        assert claim.sources
        for figure in claim.figures:
            assert figure.lines
            assert all(line.sentence.endswith(".") and line.sentence.count("\n") == 0 for line in figure.lines)
    with pytest.raises(NotFound, match="hf-113k"):
        questions.claims(asked, ["hf-113"])


def test_simulated_data_is_called_so_in_every_sentence(tmp_path: Path) -> None:
    with atlas(tmp_path, load(), ROWS, simulated=True) as opened:
        lines = [line for claim in questions.claims(opened).claims for f in claim.figures for line in f.lines]
    assert lines
    assert all(line.sentence.startswith("Simulated data: ") for line in lines)


def test_then_and_now_are_what_count_says(asked: questions.Atlas) -> None:
    qwen, _ = figures(asked, "three")
    for way in Attribution:
        then = questions.count(asked, ["qwen"], attribution=way, as_of=date(2026, 6, 30)).results[0].values
        now = questions.count(asked, ["qwen"], attribution=way).results[0].values
        for line in qwen.lines:
            if line.attribution == way:
                assert (line.then, line.now) == (then[line.counter], now[line.counter]), line.counter


@pytest.mark.parametrize(
    ("value", "claimed", "bound", "word"),
    [
        (112_500, 113_000, "=", "agrees"),
        (113_501, 113_000, "=", "above"),
        (112_499, 113_000, "=", "below"),
        (100_000, 100_000, ">", "falls short"),
        (100_001, 100_000, ">", "holds"),
        (None, 1, "=", "cannot be told"),
    ],
)
def test_a_figure_is_as_exact_as_it_was_written(value: int | None, claimed: float, bound: str, word: str) -> None:
    figure = Figure("qwen", "family", "derivatives", claimed, bound, date(2026, 1, 1))
    assert verdict(figure, value) == word


days = st.lists(st.tuples(st.none() | st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.integers(1, 6)), max_size=30)


@given(days, st.integers(1, 12), st.booleans())
def test_a_timeline_passes_higher_numbers_later(
    made: list[tuple[date | None, int]], number: int, strictly: bool
) -> None:
    frame = pl.DataFrame(made, schema={"made": pl.Date, "k": pl.Int64}, orient="row")
    line = timeline(frame["made"].cast(pl.Datetime("ms", "UTC")), frame["k"])
    assert line.now == sum((Fraction(1, k) for _, k in made), Fraction(0))

    def counted(day: date) -> Fraction:
        return sum((Fraction(1, k) for on, k in made if on and on <= day), Fraction(0))

    assert all(line.at(on) == counted(on) for on, _ in made if on)
    passed = [line.passed(Fraction(step, 3), strictly=strictly) for step in range(1, 3 * number)]
    assert [day for day in passed if day] == sorted(day for day in passed if day)
    assert None not in passed[: len([day for day in passed if day])]
    for step, day in enumerate(passed, 1):
        if day:
            assert counted(day) > Fraction(step, 3) or (not strictly and counted(day) == Fraction(step, 3))
