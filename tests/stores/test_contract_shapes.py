"""Deep chains, cycles, stacks of merges and ids of any letters: every store answers the same."""

import pytest

NAIVE = "MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: $id}) WHERE d.id <> $id RETURN count(DISTINCT d)"


def asked(store, text, **parameters):
    return store.cypher(text, parameters, limit=1000, timeout=30).rows


def test_a_chain_of_a_hundred_and_forty_is_walked_to_its_end(store, graph, silent):
    store.load(graph([(f"c/{n + 1:03}", f"c/{n:03}", "finetune") for n in range(140)]), silent)
    assert asked(store, NAIVE, id="c/000") == ((140,),)
    up = "MATCH (:Model {id: $id})-[:DERIVED_FROM*]->(a:Model) RETURN count(DISTINCT a)"
    assert asked(store, up, id="c/140") == ((140,),)
    assert store.model("c/000").derivatives == 140


def test_a_cycle_ends_and_counts_nobody_twice(store, graph, silent):
    store.load(graph([("a/1", "a/2", "merge"), ("a/2", "a/1", "merge"), ("a/x", "a/1", "finetune")]), silent)
    assert asked(store, NAIVE, id="a/1") == ((2,),)
    trails = "MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: $id}) RETURN d.id, count(*) ORDER BY d.id"
    assert asked(store, trails, id="a/1") == (("a/1", 1), ("a/2", 1), ("a/x", 2))
    assert [edge.parent for edge in store.parents(["a/1"])] == ["a/2"]


def test_a_stack_of_merges_does_not_explode(store, graph, silent):
    edges = []
    for n in range(25):
        for side in "lr":
            edges += [(f"d/{n + 1}", f"{side}/{n}", "merge"), (f"{side}/{n}", f"d/{n}", "finetune")]
    store.load(graph(edges), silent)
    assert asked(store, NAIVE, id="d/0") == ((75,),)


@pytest.mark.parametrize(
    "id",
    [
        "a/名前-モデル",
        "a/é̂-naïve",
        "a/🦙-7b",
        "a/quo'te",
        'a/dou"ble',
        "a/back\\slash",
        "a/\\'",
        "a/tick`",
        "a/x'}) DETACH DELETE m //",
        "a/') RETURN 1; MATCH (n) DELETE n; //",
        "a/$id",
        "a/{id}",
        "a/line\nbreak\ttab",
        "a/%s %d {0}",
        "a/\u202eevil",
        "a/" + "long" * 200,
        " a/ spaced ",
        "COPY",
        "null",
        "1",
    ],
    ids=lambda id: ascii(id)[:24],
)
def test_an_id_of_any_letters_stays_itself(store, graph, silent, id):
    store.load(graph([(id, "r/r", "finetune"), ("z/z", id, "merge")], {id: {"license_name": id}}), silent)
    assert store.model(id).id == id
    assert [model.id for model in store.models([id])] == [id]
    assert [edge.child for edge in store.parents([id])] == [id]
    assert [edge.parent for edge in store.parents(["z/z"])] == [id]
    assert [child.model.id for child in store.children("r/r", limit=5).shown] == [id]
    assert [child.model.id for child in store.children(id, limit=5).shown] == ["z/z"]
    assert id in store.edges()["child"].to_list()
    assert asked(store, "MATCH (m:Model {id: $id}) RETURN m.license_name", id=id) == ((id,),)
    assert asked(store, NAIVE, id=id) == ((1,),)
    assert asked(store, NAIVE, id="r/r") == ((2,),)


def test_ids_that_differ_only_in_case_are_two(store, graph, silent):
    store.load(graph([("A/x", "r/r", "merge"), ("a/X", "r/r", "merge"), ("a/x", "r/r", "merge")]), silent)
    assert store.model("A/X") is None
    assert [model.id for model in store.models(["a/x", "A/x", "a/X"])] == ["a/x", "A/x", "a/X"]


def test_ids_are_ordered_by_their_bytes(store, graph, silent):
    ids = sorted(["a/Z", "a/a", "a/é", "a/～", "a/🦙", "a/_", "a/-", "a/zz"], key=str.encode)
    store.load(graph([(id, "r/r", "merge") for id in ids]), silent)
    assert [child.model.id for child in store.children("r/r", limit=20).shown] == ids
    assert [edge.child for edge in store.parents(ids[::-1])] == ids
