"""What a user's Cypher answers on every store: columns, caps, plain values, parameters, refusals."""

from datetime import UTC, datetime

import pytest

from lineage.errors import LineageError, Refused


def asked(store, text, **parameters):
    return store.cypher(text, parameters, limit=1000, timeout=30).rows


def dump(store):
    """All that a store holds, in an order of its own."""
    nodes = asked(store, "MATCH (n) RETURN n")
    edges = asked(store, "MATCH (a)-[e]->(b) RETURN a, e, b")
    return sorted(map(repr, nodes)), sorted(map(repr, edges))


def test_cypher_names_its_columns_as_written(store, graph, silent):
    store.load(graph(models=["a/x"]), silent)
    text = "MATCH (m:Model) RETURN m.id, count(DISTINCT m) AS n, m.derivatives + 1"
    table = store.cypher(text, {}, limit=5, timeout=60)
    assert table.columns == ("m.id", "n", "m.derivatives + 1")
    assert table.rows == (("a/x", 1, 1),)
    assert not table.truncated


def test_cypher_cuts_at_its_limit_and_says_so(store, graph, silent):
    store.load(graph(models=[f"a/{n:02}" for n in range(20)]), silent)
    text = "MATCH (m:Model) RETURN m.id ORDER BY m.id"
    cut = store.cypher(text, {}, limit=3, timeout=60)
    assert (cut.rows, cut.truncated) == ((("a/00",), ("a/01",), ("a/02",)), True)
    whole = store.cypher(text, {}, limit=20, timeout=60)
    assert (len(whole.rows), whole.truncated) == (20, False)


def test_cypher_keeps_the_limit_of_the_query(store, graph, silent):
    store.load(graph(models=[f"a/{n:02}" for n in range(20)]), silent)
    table = store.cypher("MATCH (m:Model) RETURN m.id ORDER BY m.id SKIP 1 LIMIT 2", {}, limit=10, timeout=60)
    assert (table.rows, table.truncated) == ((("a/01",), ("a/02",)), False)


def test_cypher_answers_with_plain_values(store, graph, silent):
    born = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    store.load(graph([("a/x", "a/y", "merge", "hub", 2)], {"a/x": {"created_at": born, "likes": 3}}), silent)
    ((start, edge, moment),) = asked(
        store, "MATCH (a:Model {id: 'a/x'})-[e:DERIVED_FROM]->(b:Model) RETURN a, e, a.created_at"
    )
    assert start["label"] == "Model"
    assert start["id"] == "a/x"
    assert start["properties"]["likes"] == 3
    assert "license" not in start["properties"]
    assert start["properties"]["created_at"] == moment == "2024-01-02T03:04:05+00:00"
    assert edge == {
        "label": "DERIVED_FROM",
        "properties": {"relation": "merge", "relations": ["merge"], "evidence": ["hub"], "position": 2},
    }
    ((path,),) = asked(store, "MATCH p = (:Model {id: 'a/x'})-[:DERIVED_FROM]->(:Model) RETURN p")
    assert [node["id"] for node in path["nodes"]] == ["a/x", "a/y"]
    assert path["relationships"] == [edge]


def test_cypher_takes_parameters_as_values(store, graph, silent):
    store.load(graph(models=["a/x", "a/y"]), silent)
    assert asked(store, "MATCH (m:Model) WHERE m.id IN $ids RETURN m.id", ids=["a/x"]) == (("a/x",),)
    hostile = "' OR 1=1 RETURN 1 //"
    assert asked(store, "RETURN $x", x=hostile) == ((hostile,),)
    assert asked(store, "RETURN $a, $b, $c, $d", a=1, b=1.5, c=True, d=None) == ((1, 1.5, True, None),)


def test_cypher_without_a_parameter_that_it_names_is_refused(store, graph, silent):
    store.load(graph(models=["a/x"]), silent)
    with pytest.raises(LineageError, match="missing"):
        asked(store, "RETURN $missing")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (:Model {id: 'a/evil'})",
        "MATCH (m:Model) SET m.likes = 1",
        "MATCH (m:Model) DETACH DELETE m",
        "MERGE (:Model {id: 'a/evil'})",
        "MATCH (m:Model) RETURN m.id; MATCH (m:Model) DETACH DELETE m",
        "",
        "   ",
    ],
)
def test_cypher_that_writes_is_refused_and_changes_nothing(store, graph, silent, text):
    store.load(graph([("a/x", "a/y", "merge")]), silent)
    before = dump(store)
    with pytest.raises(Refused):
        asked(store, text)
    assert dump(store) == before


@pytest.mark.parametrize("text", ["MATCH (m:Model RETURN m", "nonsense", "RETURN x", "MATCH (m:Model) RETURN"])
def test_cypher_that_cannot_be_read_is_one_sentence(store, graph, silent, text):
    store.load(graph(models=["a/x"]), silent)
    with pytest.raises(LineageError) as caught:
        asked(store, text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_cypher_is_stopped_after_its_time(store, graph, silent):
    store.load(graph(models=["a/x"]), silent)
    spans = " ".join(f"UNWIND range(1, 3000) AS {name}" for name in "abcd")
    with pytest.raises(LineageError, match="stopped after"):
        store.cypher(f"{spans} RETURN sum((a * b + c * d) % 7)", {}, limit=5, timeout=0.5)
    assert asked(store, "MATCH (m:Model) RETURN m.id") == (("a/x",),)
