"""Loading a real server: first, again, differently, cut off, and beside the graph of others."""

import pytest

from lineage.errors import NoData, Refused, TooNew
from lineage.schema import GraphTables
from lineage.stores.scope import bounded, narrow


class Cut(RuntimeError):
    """The loader's process ends here, as far as the server can tell."""


def _cut_after(calls: int):
    seen = []

    def progress(stage: str, done: int, whole: int) -> None:
        seen.append(stage)
        if len(seen) > calls:
            raise Cut

    return progress, seen


def _without_run(dumped):
    return [row for row in dumped[0] if "LineageMeta" not in row], dumped[1]


@pytest.fixture
def mixed(tools):
    """Two versions of a graph: models vanish, appear and change; edges move; one id differs from another in case."""
    old = tools["chain"](40)
    ids = {f"sim-a/m{n}": {"derivatives": 39 - n} for n in range(35)} | {"sim-b/New": {}, "sim-b/new": {"likes": 3}}
    ids["sim-a/m3"] = {"likes": 99, "license": "mit"}
    edges = [(f"sim-a/m{n + 1}", f"sim-a/m{n}", "finetune") for n in range(34) if n != 20]
    edges += [
        ("sim-a/m21", "sim-b/New", "adapter"),
        ("sim-b/new", "sim-a/m0", "merge"),
        ("sim-a/m0", "sim-a/m5", "merge"),
    ]
    return old, tools["graph"](ids, edges, run="run-2")


def test_first_load_is_what_the_tables_say(opened, tools, link):
    tables = tools["chain"](150)
    store = opened(batch=7)
    assert store.loaded() is None
    with pytest.raises(NoData):
        store.model("sim-a/m0")
    store.load(tables, tools["quiet"])
    loaded = store.loaded()
    assert loaded is not None
    assert (loaded.snapshot, loaded.models, loaded.edges, loaded.as_of.tzinfo is not None) == ("run-1", 150, 149, True)
    kinds = {name: link.read(f"MATCH (n:{name}) RETURN count(n)")[0][0] for name in tables.nodes}
    assert kinds == {name: len(frame) for name, frame in tables.nodes.items()}
    lines = {name: link.read(f"MATCH ()-[r:{name}]->() RETURN count(r)")[0][0] for name in tables.edges}
    assert lines == {name: len(frame) for name, frame in tables.edges.items()}
    deepest = link.read("MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: 'sim-a/m0'}) RETURN count(DISTINCT d)")
    assert deepest == [(149,)]


def test_a_second_load_writes_nothing(opened, tools, link):
    opened(batch=9).load(tools["chain"](30), tools["quiet"])
    before = tools["dump"](link), _counters(link)
    stages = []
    opened().load(tools["chain"](30), lambda stage, done, whole: stages.append(stage))
    assert stages == ["estimate", "done"]
    assert (tools["dump"](link), _counters(link)) == before


def _counters(link):
    return link.read(
        "MATCH (n) RETURN count(n), max(elementId(n)) UNION ALL MATCH ()-[n]->() RETURN count(n), max(elementId(n))"
    )


def test_an_update_ends_where_a_first_load_does(opened, tools, link, mixed):
    old, new = mixed
    store = opened(batch=6)
    store.load(new, tools["quiet"])
    wanted = tools["dump"](link)
    link.run("MATCH (n) DETACH DELETE n")
    store.load(old, tools["quiet"])
    store.load(new, tools["quiet"])
    assert tools["dump"](link) == wanted
    assert store.model("sim-a/m39") is None


@pytest.mark.parametrize("calls", [1, 5, 9, 14, 20])
def test_a_load_cut_off_anywhere_is_finished_by_the_next(opened, tools, link, mixed, calls):
    old, new = mixed
    store = opened(batch=6)
    store.load(new, tools["quiet"])
    wanted = tools["dump"](link)
    for before in (None, old):
        link.run("MATCH (n) DETACH DELETE n")
        if before is not None:
            store.load(before, tools["quiet"])
        progress, seen = _cut_after(calls)
        with pytest.raises(Cut):
            store.load(new, progress)
        assert len(seen) == calls + 1
        store.load(new, tools["quiet"])
        assert tools["dump"](link) == wanted


def test_an_edge_written_twice_is_mended(opened, tools, link):
    store = opened()
    store.load(tools["chain"](5), tools["quiet"])
    wanted = tools["dump"](link)
    link.run(
        "MATCH (a)-[r:DERIVED_FROM]->(b) WITH a, r, b LIMIT 1 CREATE (a)-[s:DERIVED_FROM]->(b) SET s = properties(r)"
    )
    assert tools["dump"](link) != wanted
    store.load(tools["chain"](5), tools["quiet"])
    assert tools["dump"](link) == wanted


def test_a_graph_of_others_is_refused_and_then_left_alone(opened, tools, link):
    link.run("CREATE (:Model {sku: 'T', stub: 'car'})-[:DERIVED_FROM {since: 1908}]->(:Model {sku: 'A'})")
    link.run("CREATE (:Person {name: 'Ada'})-[:PUBLISHED_BY]->(:Publisher {title: 'Mail'})")
    before = tools["dump"](link)
    with pytest.raises(Refused, match="into-existing"):
        opened().load(tools["chain"](4), tools["quiet"])
    assert tools["dump"](link) == before
    store = opened(into_existing=True)
    store.load(tools["chain"](9), tools["quiet"])
    store.load(tools["chain"](4), tools["quiet"])
    after = tools["dump"](link)
    assert [row for row in before[0] if row not in after[0]] == []
    assert [row for row in before[1] if row not in after[1]] == []
    assert len(store.edges()) == 3
    assert store.nodes()["id"].to_list() == ["sim-a/m0", "sim-a/m1", "sim-a/m2", "sim-a/m3"]


def test_a_node_of_others_with_an_id_of_ours_is_refused(opened, tools, link):
    link.run("CREATE (:Model {id: 'sim-a/m1', owner: 'us'})")
    with pytest.raises(Refused, match="sim-a/m1"):
        opened(into_existing=True).load(tools["chain"](3), tools["quiet"])
    assert link.read("MATCH (m:Model) RETURN m.owner") == [("us",)]


def test_an_edge_that_others_tied_to_a_vanished_model_stays(opened, tools, link):
    store = opened()
    store.load(tools["chain"](6), tools["quiet"])
    link.run("MATCH (m:Model {id: 'sim-a/m5'}) SET m.note = 'ours' CREATE (:Review {stars: 4})-[:OF]->(m)")
    store.load(tools["chain"](5), tools["quiet"])
    assert store.model("sim-a/m5") is None
    assert link.read("MATCH (:Review)-[:OF]->(v:Vanished) RETURN v.id, v.note, labels(v)") == [
        ("sim-a/m5", "ours", ["Vanished"])
    ]
    store.load(tools["chain"](6), tools["quiet"])
    assert store.model("sim-a/m5") is not None


def test_properties_that_others_add_to_our_nodes_stay(opened, tools, link):
    store = opened()
    store.load(tools["chain"](3), tools["quiet"])
    link.run("MATCH (m:Model {id: 'sim-a/m1'}) SET m.approved = true")
    store.load(tools["chain"](3, m1={"likes": 5, "downloads": None}), tools["quiet"])
    assert link.read("MATCH (m:Model {id: 'sim-a/m1'}) RETURN m.approved, m.likes, m.downloads") == [(True, 5, None)]


def test_a_newer_graph_is_refused(opened, tools, link):
    store = opened()
    store.load(tools["chain"](3), tools["quiet"])
    link.run("MATCH (l:LineageMeta) SET l.schema_version = 99")
    with pytest.raises(TooNew, match="newer lineage"):
        opened().load(tools["chain"](3), tools["quiet"])
    with pytest.raises(TooNew):
        opened().model("sim-a/m0")


def test_scope_and_most_nodes(opened, tools, link):
    tables = tools["graph"](
        {"sim-a/base": {}, "sim-a/child": {}, "sim-c/alone": {}}, [("sim-a/child", "sim-a/base", "merge")]
    )
    with pytest.raises(Refused, match="max-nodes"):
        bounded(tables, 2)
    store = opened()
    store.load(narrow(tables, "lineage"), tools["quiet"])
    assert link.read("MATCH (m:Model) RETURN m.id ORDER BY m.id") == [("sim-a/base",), ("sim-a/child",)]
    assert link.read("MATCH (p:Publisher) RETURN p.name") == [("sim-a",)]
    assert (store.loaded().scope, store.loaded().models) == ("lineage", 2)
    store.load(narrow(tables, "all"), tools["quiet"])
    assert store.model("sim-c/alone") is not None


def test_empty_tables_empty_the_store(opened, tools, link):
    store = opened()
    full = tools["chain"](3)
    store.load(full, tools["quiet"])
    bare = {name: frame if name == "LineageMeta" else frame.clear() for name, frame in full.nodes.items()}
    store.load(GraphTables(bare, {name: frame.clear() for name, frame in full.edges.items()}), tools["quiet"])
    assert link.read("MATCH (n) RETURN labels(n)") == [(["LineageMeta"],)]
