"""What every store must answer, word for word the same; `store_factory` brings the stores."""

from datetime import UTC, datetime

import polars as pl
import pytest

from lineage.domain import Evidence, Loaded, Relation
from lineage.errors import NoData
from lineage.schema import NODES


def asked(store, text, **parameters):
    return store.cypher(text, parameters, limit=1000, timeout=30).rows


def dump(store):
    """All that a store holds, in an order of its own."""
    nodes = asked(store, "MATCH (n) RETURN n")
    edges = asked(store, "MATCH (a)-[e]->(b) RETURN a, e, b")
    return sorted(map(repr, nodes)), sorted(map(repr, edges))


# Empty ---------------------------------------------------------------------------------------------------------------


def test_an_empty_store_has_nothing_loaded(store):
    assert store.loaded() is None


@pytest.mark.parametrize(
    "question",
    [
        lambda store: store.model("a/b"),
        lambda store: store.models(["a/b"]),
        lambda store: store.parents(["a/b"]),
        lambda store: store.children("a/b", limit=5),
        lambda store: store.nodes(),
        lambda store: store.edges(),
        lambda store: store.cypher("MATCH (m:Model) RETURN m.id", {}, limit=5, timeout=60),
    ],
    ids=["model", "models", "parents", "children", "nodes", "edges", "cypher"],
)
def test_a_question_to_an_empty_store_says_that_there_is_no_data(store, question):
    with pytest.raises(NoData):
        question(store)


# What is loaded ------------------------------------------------------------------------------------------------------


def test_loaded_tells_the_whole_meta_row(store, graph, silent):
    store.load(graph([("a/child", "a/base", "finetune")], stubs=["a/base"]), silent)
    assert store.loaded() == Loaded(
        snapshot="2026-08-22",
        snapshot_sha256="ab" * 32,
        schema_version=1,
        registry_version="2026.08",
        registry_digest="cd",
        as_of=datetime(2026, 8, 22, 9, 30, tzinfo=UTC),
        source="test",
        simulated=True,
        card=False,
        complete=True,
        models=1,
        edges=1,
        run="run-1",
        scope="all",
    )


def test_progress_ends_with_all_rows_done(store, graph):
    calls = []
    store.load(graph([("a/child", "a/base", "finetune")]), lambda stage, done, whole: calls.append((done, whole)))
    assert calls[-1][0] == calls[-1][1] > 0
    assert all(0 <= done <= whole for done, whole in calls)


def test_loading_twice_changes_nothing(store_factory, graph, silent):
    tables = graph([("a/child", "a/base", "finetune"), ("a/leaf", "a/child", "adapter")], families={"fam": ["a/base"]})
    first = store_factory()
    first.load(tables, silent)
    once = dump(first)
    second = store_factory()
    second.load(tables, silent)
    assert dump(second) == once
    assert dump(store_factory()) == once


def test_a_reload_removes_vanished_models_and_moved_edges(store, graph, silent):
    store.load(
        graph([("a/x", "a/old", "finetune"), ("a/gone", "a/old", "adapter")], families={"f": ["a/old"]}, run="one"),
        silent,
    )
    store.load(graph([("a/x", "a/new", "merge")], models=["a/old"], run="two", snapshot="2026-08-23"), silent)
    assert store.model("a/gone") is None
    assert [(edge.parent, edge.relations) for edge in store.parents(["a/x"])] == [("a/new", ("merge",))]
    assert store.children("a/old", limit=5).shown == ()
    assert asked(store, "MATCH (f:Family) RETURN f.slug") == ()
    assert store.model("a/old").derivatives == 0
    assert store.loaded().snapshot == "2026-08-23"


def test_a_property_that_became_null_is_null_after_a_reload(store, graph, silent):
    store.load(graph(models={"a/x": {"license": "mit", "downloads": 5}}, run="one"), silent)
    store.load(graph(models={"a/x": {"downloads": 6}}, run="two"), silent)
    assert (store.model("a/x").license, store.model("a/x").downloads) == (None, 6)


def test_an_edge_that_only_changed_what_it_says_is_told_anew(store, graph, silent):
    store.load(graph([("a/x", "a/y", "finetune", "hub", 0)], run="one"), silent)
    store.load(graph([("a/x", "a/y", "merge+adapter", "hub+card", 3)], run="two"), silent)
    (edge,) = store.parents(["a/x"])
    assert (edge.relations, edge.evidence, edge.position) == (("merge", "adapter"), ("hub", "card"), 3)


# One model -----------------------------------------------------------------------------------------------------------


def test_a_model_has_all_its_properties(store, graph, silent):
    facts = {
        "hub_id": "6500",
        "created_at": datetime(2024, 1, 2, 3, 4, 5, 678000, UTC),
        "last_modified": datetime(2025, 1, 2, tzinfo=UTC),
        "downloads": 2**40,
        "downloads_all_time": 2**41,
        "likes": 7,
        "pipeline_tag": "text-generation",
        "library": "transformers",
        "license": "apache-2.0",
        "gated": "auto",
        "parameters": 70_000_000_000,
    }
    store.load(
        graph(
            [("acme/child", "acme/base", "finetune")],
            {"acme/base": facts},
            organizations={"acme": ("acme-corp", "FR")},
            families={"acme-lm": ["acme/base"]},
        ),
        silent,
    )
    model = store.model("acme/base")
    assert (model.organization, model.country, model.family, model.publisher) == ("acme-corp", "FR", "acme-lm", "acme")
    assert (model.created_at, model.last_modified) == (
        datetime(2024, 1, 2, 3, 4, 5, 678000, UTC),
        datetime(2025, 1, 2, tzinfo=UTC),
    )
    assert (model.downloads, model.downloads_all_time, model.likes) == (2**40, 2**41, 7)
    assert (model.pipeline_tag, model.library, model.license, model.gated, model.parameters) == (
        "text-generation",
        "transformers",
        "apache-2.0",
        "auto",
        70_000_000_000,
    )
    assert (model.stub, model.direct, model.derivatives, model.depth) == (False, 1, 1, 0)


def test_a_stub_answers_with_its_counts(store, graph, silent):
    store.load(graph([("a/child", "ghost/base", "finetune")], stubs=["ghost/base"]), silent)
    stub = store.model("ghost/base")
    assert (stub.stub, stub.derivatives, stub.created_at, stub.downloads) == (True, 1, None, None)


def test_a_maker_of_no_known_country_has_none(store, graph, silent):
    store.load(graph(models=["a/x", "b/x"], organizations={"a": ("acme", None)}), silent)
    assert [(model.organization, model.country) for model in store.models(["a/x", "b/x"])] == [
        ("acme", None),
        (None, None),
    ]


def test_a_bare_id_has_no_publisher(store, graph, silent):
    store.load(graph([("a/child", "gpt2", "finetune")]), silent)
    assert store.model("gpt2").publisher is None


def test_models_come_in_the_order_asked_without_the_unknown(store, graph, silent):
    store.load(graph(models=["a/1", "a/2", "a/3"]), silent)
    assert [model.id for model in store.models(["a/3", "nobody/x", "a/1", "a/3"])] == ["a/3", "a/1", "a/3"]
    assert store.models([]) == ()


def test_hundreds_of_models_come_in_the_order_asked(store, graph, silent):
    ids = [f"a/{number}" for number in range(300)]
    store.load(graph(models=ids), silent)
    assert [model.id for model in store.models(ids[::-1])] == ids[::-1]


# Up and down ---------------------------------------------------------------------------------------------------------


def test_parents_are_sorted_by_child_then_position(store, graph, silent):
    store.load(
        graph(
            [
                ("a/m", "a/p2", "merge", "hub", 1),
                ("a/m", "a/p1", "merge", "hub+card", 0),
                ("Z/k", "a/p1", "finetune+adapter", "author", 0),
                ("a/m", "a/p3", "merge", "hub", 2),
            ]
        ),
        silent,
    )
    edges = store.parents(["a/m", "Z/k", "nobody/x", "a/m"])
    assert [(edge.child, edge.parent, edge.position) for edge in edges] == [
        ("Z/k", "a/p1", 0),
        ("a/m", "a/p1", 0),
        ("a/m", "a/p2", 1),
        ("a/m", "a/p3", 2),
    ]
    assert (edges[0].relations, edges[0].evidence) == (("finetune", "adapter"), ("author",))
    assert edges[1].evidence == ("hub", "card")


def test_a_model_without_parents_has_none(store, graph, silent):
    store.load(graph([("a/x", "a/y", "merge")]), silent)
    assert store.parents(["a/y"]) == ()
    assert store.parents([]) == ()


def test_children_are_best_first_with_ties_by_id(store, graph, silent):
    edges = [
        ("a/b", "r/r", "finetune"),
        ("a/a", "r/r", "finetune"),
        ("z/big", "r/r", "adapter"),
        ("q/q", "z/big", "merge"),
    ]
    store.load(graph(edges), silent)
    brood = store.children("r/r", limit=10)
    assert [child.model.id for child in brood.shown] == ["z/big", "a/a", "a/b"]
    assert [(child.edge.child, child.edge.parent) for child in brood.shown] == [
        ("z/big", "r/r"),
        ("a/a", "r/r"),
        ("a/b", "r/r"),
    ]
    assert (brood.parent, dict(brood.hidden), brood.publishers) == ("r/r", {}, 0)


def test_hidden_children_are_tallied_by_strongest_relation_and_publisher(store, graph, silent):
    edges = [(f"bulk/{n}", "r/r", "quantized") for n in range(20)]
    edges += [("one/x", "r/r", "merge+quantized"), ("two/x", "r/r", "adapter"), ("bare", "r/r", "adapter")]
    edges += [("top/x", "r/r", "finetune"), ("below/x", "top/x", "finetune")]
    store.load(graph(edges), silent)
    brood = store.children("r/r", limit=1)
    assert [child.model.id for child in brood.shown] == ["top/x"]
    assert dict(brood.hidden) == {"merge": 1, "adapter": 2, "quantized": 20}
    assert brood.publishers == 3


def test_children_by_relation_keep_edges_that_carry_one_of_them(store, graph, silent):
    edges = [
        ("a/1", "r/r", "finetune+adapter"),
        ("a/2", "r/r", "quantized"),
        ("a/3", "r/r", "merge"),
        ("a/4", "r/r", "adapter"),
    ]
    store.load(graph(edges), silent)
    brood = store.children("r/r", limit=1, relations=["adapter", "merge"])
    assert [child.model.id for child in brood.shown] == ["a/1"]
    assert dict(brood.hidden) == {"merge": 1, "adapter": 1}
    assert brood.publishers == 1


def test_nobody_has_no_children_and_limit_none_shows_none(store, graph, silent):
    store.load(graph([("a/1", "r/r", "finetune")]), silent)
    assert store.children("nobody/x", limit=3).shown == ()
    brood = store.children("r/r", limit=0)
    assert (brood.shown, dict(brood.hidden), brood.publishers) == ((), {"finetune": 1}, 1)


def test_a_merge_of_a_hundred_parents_keeps_their_order(store, graph, silent):
    parents = [f"p{(number * 37) % 100}/m" for number in range(100)]
    store.load(graph([("a/merge", parent, "merge", "hub", place) for place, parent in enumerate(parents)]), silent)
    assert [edge.parent for edge in store.parents(["a/merge"])] == parents
    assert store.children(parents[0], limit=3).shown[0].edge.position == 0


# All edges -----------------------------------------------------------------------------------------------------------


def test_edges_come_in_the_declared_columns(store, graph, silent):
    store.load(
        graph([("a/x", "a/y", "finetune+quantized", "hub+curated", 4), ("b/x", "a/x", "unspecified", "card", 0)]),
        silent,
    )
    frame = store.edges().sort("child")
    assert frame.schema == {
        "child": pl.String,
        "parent": pl.String,
        "relations": pl.UInt8,
        "evidence": pl.UInt8,
        "position": pl.Int32,
    }
    both, rule = Relation.FINETUNE.bit | Relation.QUANTIZED.bit, Evidence.HUB.bit | Evidence.CURATED.bit
    assert frame.rows() == [
        ("a/x", "a/y", both, rule, 4),
        ("b/x", "a/x", Relation.UNSPECIFIED.bit, Evidence.CARD.bit, 0),
    ]


def test_nodes_come_in_the_declared_columns(store, graph, silent):
    born = datetime(2025, 4, 27, 8, tzinfo=UTC)
    store.load(graph([("a/x", "b/y", "finetune")], {"a/x": {"created_at": born, "likes": 3}}, stubs=["b/y"]), silent)
    frame = store.nodes()
    assert frame.schema == dict(NODES)
    assert frame["id"].to_list() == ["a/x", "b/y"]
    assert frame["stub"].to_list() == [False, True]
    assert frame["created_at"].to_list() == [born, None]
    assert frame["likes"].to_list() == [3, None]


def test_a_graph_without_edges_gives_an_empty_frame(store, graph, silent):
    store.load(graph(models=["a/x"]), silent)
    assert store.edges().height == 0
    assert store.edges().columns == ["child", "parent", "relations", "evidence", "position"]


def test_tables_without_models_are_a_loaded_store(store, graph, silent):
    store.load(graph(), silent)
    assert store.loaded().models == 0
    assert (store.model("a/x"), store.edges().height) == (None, 0)
