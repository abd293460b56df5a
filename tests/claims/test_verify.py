"""`verify`: accepts what was printed, rejects what was changed, and names why a number does not come out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from ingest.load import resolve_snapshot
from lineage import questions
from lineage.domain import Attribution, Level
from lineage.errors import Fatal
from lineage.export import json as documents
from lineage.export import published
from lineage.registry import load
from lineage.settings import Settings
from tests.claims.worlds import ROOTS, atlas, roots, row, sealed

QWEN, LLAMA, MISTRAL, NOBODY = ROOTS
ROWS = [
    *roots(),
    row("a/one", [(QWEN, "finetune")], date(2026, 5, 3), downloads=7),
    row("b/merge", [(QWEN, "merge"), (LLAMA, "merge")], date(2026, 5, 31)),
    row("c/three", [("b/merge", "merge"), (MISTRAL, "merge")], date(2026, 7, 1)),
    row("google/four", [(NOBODY, "finetune")], date(2026, 7, 2)),
]
ANSWERS: dict[str, Callable[[questions.Atlas], object]] = {
    "count": lambda a: documents.count(questions.count(a, ["qwen", "model:b/merge"])),
    "count per": lambda a: documents.count(
        questions.count(
            a, ["qwen"], attribution=Attribution.FRACTIONAL, as_of=date(2026, 6, 1), per="month", evidence=Level.HUB
        )
    ),
    "top": lambda a: documents.top(questions.top(a, limit=3)),
    "top origin": lambda a: documents.top(questions.top(a, kind="origin", by="publishers", threshold=1)),
    "trends": lambda a: published.trends_json(
        questions.trends(a, by="origin", names=["CN"], since=date(2026, 5, 1), attribution=Attribution.PRIMARY)
    ),
    "claims": lambda a: published.claims_json(questions.claims(a, ["hf-113k", "china-downloads-41"])),
    "audit": lambda a: documents.audit(questions.audit(a)),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    place = tmp_path_factory.mktemp("verify")
    with atlas(place, load(), ROWS) as opened:
        return opened.settings


@pytest.fixture(scope="module")
def told(home: Settings) -> dict[str, str]:
    with questions.opened(home) as opened:
        return {name: json.dumps(ask(opened)) for name, ask in ANSWERS.items()}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_was_printed_comes_out_again(home: Settings, told: dict[str, str], name: str) -> None:
    answer = questions.verify(home, json.loads(told[name]))
    assert (answer.equal, answer.reasons, answer.differences) == (True, (), ())
    assert answer.checked > 3
    assert answer.receipt is not None


NUMBERS = {
    "count": ("results", 0, "counts", "derivatives"),
    "count per": ("slices", 0, "counts", "derivatives"),
    "top": ("results", 1, "value"),
    "top origin": ("whole",),
    "trends": ("lines", 0, "share", 0),
    "claims": ("results", 0, "figures", 2, "lines", 0, "now"),
    "audit": ("edges",),
}


@effort(max_examples=30)
@given(name=st.sampled_from(sorted(NUMBERS)), number=st.integers(1000, 10**9), text=st.booleans())
def test_a_changed_number_is_named(home: Settings, told: dict[str, str], name: str, number: int, text: bool) -> None:
    document = json.loads(told[name])
    *way, last = NUMBERS[name]
    place = document
    for step in way:
        place = place[step]
    place[last] = f"{number}/7919" if text else number
    answer = questions.verify(home, document)
    assert not answer.equal
    assert len(answer.differences) == 1
    assert str(number) in answer.differences[0].said
    assert answer.reasons[0].startswith("1 of ")


def test_a_line_left_out_or_put_in_is_named(home: Settings, told: dict[str, str]) -> None:
    document = json.loads(told["count"])
    del document["results"][0]["counts"]["likes"]
    document["results"][1]["counts"]["invented"] = 4
    found = {(d.where, d.said, d.found) for d in questions.verify(home, document).differences}
    assert found == {("qwen likes", "(absent)", "0"), ("model:b/merge invented", "4", "(absent)")}


def test_another_snapshot_is_said(home: Settings, told: dict[str, str], tmp_path: Path) -> None:
    document = json.loads(told["count"])
    empty = questions.verify(Settings(tmp_path), document)
    assert (empty.equal, empty.receipt, empty.checked) == (False, None, 0)
    assert "other snapshot" in empty.reasons[0]
    document["receipt"]["snapshot_sha256"] = "0" * 64
    assert "other snapshot" in questions.verify(home, document).reasons[0]


def test_the_same_rows_under_another_id_will_do(told: dict[str, str], tmp_path: Path) -> None:
    elsewhere = Settings(tmp_path)
    snapshot = sealed(elsewhere, ROWS)
    resolve_snapshot(elsewhere, snapshot, load())
    document = json.loads(told["count"])
    document["receipt"]["snapshot"] = "hub-20200101T000000Z"
    assert questions.verify(elsewhere, document).equal


def test_another_registry_and_a_moved_counter_are_said(home: Settings, told: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[markers.mine]\ndate = 2026-01-01\ntext = "mine"\n', encoding="utf-8")
    document = json.loads(told["count"])
    (reason,) = questions.verify(Settings(home.home, registry=own), document).reasons
    assert reason.startswith("other registry")
    document["receipt"]["counters"]["derivatives"] = 7
    (reason,) = questions.verify(home, document).reasons
    assert reason == "counter version moved: derivatives was v7, here it is v1"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"receipt": {}},
        {"receipt": {"question": "count"}},
        {"receipt": {"question": "search"}},
        {"receipt": None, "results": []},
    ],
)
def test_what_is_no_answer_is_refused(home: Settings, document: object) -> None:
    with pytest.raises(Fatal):
        questions.verify(home, document)


@pytest.mark.parametrize(
    ("field", "value"),
    [("evidence", "hearsay"), ("attribution", 3), ("as_of", "yesterday"), ("threshold", "many"), ("counters", [])],
)
def test_a_receipt_of_nonsense_is_refused(home: Settings, told: dict[str, str], field: str, value: object) -> None:
    document = json.loads(told["count"])
    document["receipt"][field] = value
    with pytest.raises(Fatal):
        questions.verify(home, document)
