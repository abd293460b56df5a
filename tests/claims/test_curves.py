"""The curve of `organic`: at every threshold what `count` gives there, and nothing left out at its end."""

from __future__ import annotations

import pytest

from lineage import questions
from lineage.registry import load
from tests.claims.worlds import ROOTS, atlas, roots, row

QWEN, LLAMA, _, _ = ROOTS
FARM = [row(f"farmer/run-{n}", [(QWEN, "adapter")]) for n in range(130)]
SWARM = [row(f"user-{n}/qwen-quest-{n}", [(QWEN, "finetune")]) for n in range(60)]
OTHERS = [
    row("a/own", [(QWEN, "finetune")]),
    row("b/below-the-farm", [("farmer/run-1", "quantized")]),
    row("farmer/run-merged", [(QWEN, "merge"), ("a/own", "merge")]),
    row("c/of-llama", [(LLAMA, "finetune")]),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> questions.Atlas:
    return atlas(tmp_path_factory.mktemp("curve"), load(), [*roots(), *FARM, *SWARM, *OTHERS])


@pytest.mark.parametrize("name", ["qwen", QWEN, "model:farmer/run-1", "llama", "mistral"])
def test_each_point_is_what_count_gives_at_that_threshold(asked: questions.Atlas, name: str) -> None:
    curve = questions.curve(asked, name)
    assert [point.threshold for point in curve.points][:5] == [20, 50, 100, 200, 500]
    for point in curve.points:
        counted = questions.count(asked, [name], threshold=point.threshold).results[0].values
        assert (counted["organic"], counted["derivatives"]) == (point.organic, curve.derivatives)
    assert curve.points[-1].organic == curve.derivatives


def test_the_two_kinds_of_bulk_by_hand(asked: questions.Atlas) -> None:
    """Below 60 the swarm is out too; the farmer's merge stays by its other parent, what is below the farm stays."""
    at = {p.threshold: (p.organic, p.by_publisher, p.by_template) for p in questions.curve(asked, "qwen").points}
    assert at[20] == (3, 130, 190)
    assert at[50] == (3, 130, 190)
    assert at[100] == (63, 130, 130)
    assert at[200] == (193, 0, 0)


def test_it_grows_with_the_threshold(asked: questions.Atlas) -> None:
    organic = [point.organic for point in questions.curve(asked, "qwen").points]
    assert organic == sorted(organic)


def test_its_receipt_names_the_counter(asked: questions.Atlas) -> None:
    receipt = questions.curve(asked, "qwen").receipt
    assert (dict(receipt.counters), receipt.threshold) == ({"organic": 1}, None)
