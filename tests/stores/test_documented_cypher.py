"""The queries of docs/neo4j.md run as written, on both stores, and answer what a reader counts by hand."""

import re
from pathlib import Path

import polars as pl
import pytest

from lineage.schema import GraphTables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "neo4j.md"

ASKED = {"id": "d/blend", "base": "a/base", "other": "b/q4", "many": 1, "strict": ["cc-by-nc-4.0"], "open": ["mit"]}
ROOT = {**ASKED, "id": "a/base"}

ANSWERS = {
    1: (("b/tuned", "merge", ["hub"], False), ("c/root", "merge", ["hub", "card"], False)),
    2: ((5,),),
    3: (("quantized", 3), ("finetune", 1), ("merge", 1)),
    4: (("b/tuned", 1), ("c/root", 1), ("a/base", 2)),
    5: ((["d/blend", "b/tuned", "a/base"],),),
    6: (("b/tuned", 1, 1),),
    7: (("alpha", 5, "CN"), ("gamma", 1, "US")),
    8: (("alpha", 5, 4.5), ("gamma", 1, 0.5)),
    9: (("US", "CN", 4),),
    10: (("b", "b/tuned", 3),),
    11: (("b/tuned", "mit", "a/base", "cc-by-nc-4.0"),),
    12: (("alpha", "gamma", 1),),
}


def _queries():
    """Number, dialect and text of every query on the page."""
    found, number = [], 0
    for line in re.split(r"(?m)^(?=\*\*\d+\. |```cypher)", PAGE.read_text(encoding="utf-8")):
        if heading := re.match(r"\*\*(\d+)\. ", line):
            number = int(heading[1])
        elif block := re.match(r"```cypher ?(\w*)\n(.*?)```", line, re.DOTALL):
            found.append((number, block[1], block[2]))
    return found


def test_there_are_twelve_and_each_store_has_every_one():
    for store in ("embedded", "neo4j"):
        assert [number for number, dialect, _ in _queries() if dialect in ("", store)] == list(range(1, 13))


@pytest.fixture
def world(graph) -> GraphTables:
    """Two families; a tuned model of the first with three bulk quantisations and a merge with the second."""
    edges = [("b/tuned", "a/base", "finetune")]
    edges += [(f"b/q{n}", "b/tuned", "quantized") for n in (4, 5, 8)]
    edges += [("d/blend", "b/tuned", "merge"), ("d/blend", "c/root", "merge", "hub+card", 1)]
    licences = {"a/base": {"license": "cc-by-nc-4.0"}, "b/tuned": {"license": "mit"}, "c/root": {"license": "mit"}}
    made = graph(
        edges,
        licences,
        families={"alpha": ["a/base"], "gamma": ["c/root"]},
        organizations={"a": ("alpha-lab", "CN"), "b": ("bulk-inc", "US"), "c": ("gamma-lab", "US")},
    )
    counted = made.nodes["Family"].with_columns(
        derivatives=pl.col("slug").replace_strict({"alpha": 5, "gamma": 1}, return_dtype=pl.Int64)
    )
    below = [("b/tuned", "alpha", 1, 1), ("b/q4", "alpha", 2, 1), ("b/q5", "alpha", 2, 1), ("b/q8", "alpha", 2, 1)]
    below += [("d/blend", "alpha", 2, 2), ("d/blend", "gamma", 1, 2)]
    attributed = pl.DataFrame([(*row, True) for row in below], schema=made.edges["ATTRIBUTED_TO"].schema, orient="row")
    makers = pl.DataFrame([("alpha", "alpha-lab"), ("gamma", "gamma-lab")], schema=["source", "target"], orient="row")
    return GraphTables(
        {**made.nodes, "Family": counted}, {**made.edges, "ATTRIBUTED_TO": attributed, "MADE_BY": makers}
    )


def test_every_query_answers_as_counted_by_hand(store, world, silent):
    store.load(world, silent)
    name = "embedded" if store.url == "embedded" else "neo4j"
    for number, dialect, text in _queries():
        if dialect in ("", name):
            asked = ROOT if number in (2, 3) else ASKED
            used = {key: value for key, value in asked.items() if f"${key}" in text}
            assert (number, store.cypher(text, used, limit=100, timeout=30).rows) == (number, ANSWERS[number])
    assert store.model("a/base").derivatives == ANSWERS[2][0][0]
