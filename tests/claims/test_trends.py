"""`trends`: months that sum to the whole, shares that sum to one, bands that hide nothing."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from lineage import questions
from lineage.answers import Trend, TrendsAnswer
from lineage.domain import Attribution, Level
from lineage.errors import Fatal, NotFound
from lineage.registry import Registry
from tests.claims.worlds import ROOTS, atlas, roots, row

QWEN, LLAMA, MISTRAL, NOBODY = ROOTS
ROWS = [
    *roots(),
    row("a/one", [(QWEN, "finetune")], date(2026, 5, 3)),
    row("b/merge", [(QWEN, "merge"), (LLAMA, "merge")], date(2026, 5, 31)),
    row("c/three", [("b/merge", "merge"), (MISTRAL, "merge")], date(2026, 7, 1)),
    row("deepseek-ai/four", [(NOBODY, "finetune")], date(2026, 7, 2)),
    row("d/five", [(QWEN, "quantized")], date(2026, 8, 1)),
    row("e/undated", [(QWEN, "quantized")]),
    row("e/future", [(QWEN, "quantized")], date(2031, 1, 1)),
]


def line(answer: TrendsAnswer, name: str) -> Trend:
    (found,) = (one for one in answer.lines if one.name == name)
    return found


@pytest.fixture(scope="module")
def asked(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> questions.Atlas:
    return atlas(tmp_path_factory.mktemp("trends"), registry, ROWS)


def test_months_as_counted_by_hand(asked: questions.Atlas) -> None:
    answer = questions.trends(asked)
    assert [(m.key, m.whole, m.finished) for m in answer.months] == [
        ("2026-05", 2, True),
        ("2026-06", 0, True),
        ("2026-07", 2, True),
        ("2026-08", 1, False),
    ]
    assert (answer.whole, answer.undated) == (5, 2)
    assert line(answer, "qwen").new == (2, 0, 1, 1)
    assert line(answer, "qwen").share == (Fraction(3, 4), None, Fraction(1, 6), Fraction(1))
    assert line(answer, "none").new == (0, 0, 1, 0)
    assert line(answer, "none").label == "no registry family"
    assert [one.name for one in answer.lines] == ["qwen", "llama", "mistral", "none"]
    assert any("2026-08 was not over" in note for note in answer.notes)


def test_origin_and_uploader_are_never_mixed(asked: questions.Atlas) -> None:
    origin = questions.trends(asked, by="origin")
    assert line(origin, "CN").new == (2, 0, 1, 1)
    assert line(origin, "FR").new == (0, 0, 1, 0)
    country = questions.trends(asked, by="country")
    assert line(country, "CN").new == (0, 0, 1, 0)
    assert line(country, "unknown").new == (2, 0, 1, 1)


def test_attribution_divides_families(asked: questions.Atlas) -> None:
    def qwen(way: Attribution) -> tuple[object, ...]:
        return line(questions.trends(asked, attribution=way), "qwen").new

    assert qwen(Attribution.FRACTIONAL) == (Fraction(3, 2), 0, Fraction(1, 3), 1)
    assert qwen(Attribution.PRIMARY) == (2, 0, 1, 1)
    assert qwen(Attribution.EXCLUSIVE) == (1, 0, 0, 1)


def test_names_pick_lines_and_the_rest_is_a_band(asked: questions.Atlas) -> None:
    answer = questions.trends(asked, names=["family:mistral", "QWEN"])
    assert [one.name for one in answer.lines] == ["mistral", "qwen", "others", "none"]
    assert line(answer, "others").new == (1, 0, 1, 0)
    assert line(questions.trends(asked, by="origin", names=["us", "FR", "JP"]), "JP").total == 0


def test_months_are_whole_within_since_and_until(asked: questions.Atlas) -> None:
    answer = questions.trends(asked, since=date(2026, 5, 20), until=date(2026, 7, 1))
    assert [month.key for month in answer.months] == ["2026-05", "2026-06", "2026-07"]
    assert answer.whole == 4
    assert questions.trends(asked, since=date(2027, 1, 1)).lines == ()


def test_the_us_plan_is_marked_where_its_month_is_shown(registry: Registry, tmp_path: Path) -> None:
    rows = [*roots(), row("a/x", [(QWEN, "merge")], date(2025, 6, 1)), row("a/y", [(QWEN, "merge")], date(2025, 8, 1))]
    (mark,) = questions.trends(atlas(tmp_path, registry, rows)).marks
    assert (mark.slug, mark.on) == ("us-plan", date(2025, 7, 23))


@pytest.mark.parametrize(("by", "name"), [("family", "qwenn"), ("origin", "ZZ"), ("country", "china")])
def test_unknown_names_are_not_found(asked: questions.Atlas, by: str, name: str) -> None:
    with pytest.raises(NotFound):
        questions.trends(asked, by=by, names=[name])


def test_what_makes_no_sense_is_refused(asked: questions.Atlas) -> None:
    with pytest.raises(Fatal, match="family, origin, country"):
        questions.trends(asked, by="colour")
    with pytest.raises(Fatal, match="Swap"):
        questions.trends(asked, since=date(2026, 2, 1), until=date(2026, 1, 1))


models = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(ROOTS), st.sampled_from(["finetune", "merge"])), unique_by=lambda p: p[0]),
        st.none() | st.dates(date(2025, 11, 1), date(2026, 8, 22)),
        st.sampled_from(["sim", "google", "THUDM"]),
    ),
    max_size=12,
)


@effort(max_examples=25)
@given(models, st.sampled_from(questions.SPLITS), st.sampled_from(Level), st.booleans())
def test_months_sum_to_the_whole_and_shares_to_one(
    registry: Registry,
    made: list[tuple[list[tuple[str, str]], date | None, str]],
    by: str,
    level: Level,
    narrowed: bool,
) -> None:
    rows = [row(f"{who}/m{at}", parents, on) for at, (parents, on, who) in enumerate(made)]
    names = () if not narrowed else ("qwen",) if by == "family" else ("US",)
    with TemporaryDirectory() as home, atlas(Path(home), registry, [*roots(), *rows]) as opened:
        answer = questions.trends(opened, by=by, names=names, evidence=level)
        split = questions.trends(opened, by=by, names=names, evidence=level, attribution=Attribution.FRACTIONAL)
        whole = questions.top(opened, kind="country", evidence=level).whole
    assert sum(month.whole for month in answer.months) == answer.whole
    assert answer.whole + answer.undated == whole == sum(1 for parents, _, _ in made if parents)
    for place, month in enumerate(answer.months):
        shares = [one.share[place] for one in answer.lines]
        assert shares == [None] * len(shares) if not month.whole else sum(share or 0 for share in shares) == 1
        assert sum(one.new[place] for one in split.lines) == month.whole
