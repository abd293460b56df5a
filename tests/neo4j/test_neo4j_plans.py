"""The plans of the stored queries: no upgrade may turn a look-up into a scan, or a walk into an explosion."""

import re
from pathlib import Path

import pytest

from lineage.stores import cypher
from lineage.stores.neo4j_guard import operators

SEEK, BREADTH = "NodeUniqueIndexSeek", "VarLengthExpand(Pruning,BFS,All)"
SCANS = {"AllNodesScan", "NodeByLabelScan", "DirectedRelationshipTypeScan", "UndirectedRelationshipTypeScan"}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "neo4j.md"

ASKED = {
    "id": "sim-a/m0", "ids": ["sim-a/m0"], "relations": ["merge"], "limit": 5, "other": "sim-a/m3", "base": "sim-a/m1",
}  # fmt: skip

PLANS = {
    "NEO4J_MODELS": {SEEK},
    "PARENTS": {SEEK, "Expand(All)"},
    "NEO4J_BROOD": {SEEK, "Expand(All)"},
    "NEO4J_BROOD_OF": {SEEK, "Expand(All)"},
}


@pytest.fixture
def planned(opened, tools, link):
    opened().load(tools["chain"](400), tools["quiet"])
    return lambda text: set(operators(link.plan(text, ASKED)[1]))


@pytest.mark.parametrize("name", PLANS)
def test_a_stored_query_keeps_its_plan(planned, name):
    names = planned(getattr(cypher, name))
    assert names >= PLANS[name]
    assert not names & SCANS


@pytest.mark.parametrize("number", [2, 3, 4, 6])
def test_a_documented_walk_is_pruned(planned, number):
    text = re.search(rf"(?s)\*\*{number}\. .*?```cypher\n(.*?)```", PAGE.read_text(encoding="utf-8"))[1]
    names = planned(text)
    assert BREADTH in names
    assert SEEK in names
    assert not any(name.startswith("VarLengthExpand") and "Pruning" not in name for name in names)


def test_reads_that_take_all_are_counted_from_the_store(planned):
    assert "NodeCountFromCountStore" in planned(cypher.neo4j_count(cypher.LABELS[0]))
    assert "RelationshipCountFromCountStore" in planned(cypher.neo4j_count(cypher.EDGE_TYPES[0]))
