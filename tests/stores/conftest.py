"""Small graphs from a compact description, and every store that the contract suite runs on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from lineage.domain import Relation
from lineage.schema import EDGE_TYPES, GRAPH_VERSION, LABELS, EdgeType, GraphTables, Label, columns
from lineage.stores.embedded import EmbeddedStore
from lineage.stores.protocol import GraphStore

STORES = ("embedded", "neo4j")
"""Every store of the contract; the fixture `NAME_stores` gives a function that opens a handle on one empty store."""

AS_OF = datetime(2026, 8, 22, 9, 30, tzinfo=UTC)

META: Mapping[str, object] = {
    "key": "loaded",
    "snapshot_sha256": "ab" * 32,
    "registry_version": "2026.08",
    "registry_digest": "cd",
    "as_of": AS_OF,
    "source": "test",
    "simulated": True,
    "card": False,
    "complete": True,
    "scope": "all",
}

EdgeSpec = tuple[str, str, str] | tuple[str, str, str, str] | tuple[str, str, str, str, int]


def _levels(edges: Sequence[EdgeSpec], start: str, up: bool) -> dict[str, int]:
    """Distance of everything above or below `start`."""
    steps: dict[str, list[str]] = {}
    for edge in edges:
        near, far = (edge[0], edge[1]) if up else (edge[1], edge[0])
        steps.setdefault(near, []).append(far)
    level, frontier = {start: 0}, [start]
    while frontier:
        found = [far for near in frontier for far in steps.get(near, [])]
        depth = level[frontier[0]] + 1
        frontier = list(dict.fromkeys(far for far in found if far not in level))
        level |= dict.fromkeys(frontier, depth)
    del level[start]
    return level


def _frame(thing: Label | EdgeType, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """The rows in the declared columns; times, aware as tests write them, go in naive."""
    kinds = columns(thing)
    naive = [{name: _naive(row.get(name)) for name in kinds} for row in rows]
    return pl.DataFrame(naive, schema=kinds)


def _naive(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _model(id: str, edges: Sequence[EdgeSpec]) -> dict[str, object]:
    """A model's name, publisher and counts."""
    head, slash, tail = id.partition("/")
    above, tops = _levels(edges, id, up=True), {edge[0] for edge in edges}
    return {
        "id": id,
        "name": tail if slash else id,
        "publisher": head if slash else None,
        "direct": sum(1 for edge in edges if edge[1] == id),
        "derivatives": len(_levels(edges, id, up=False)),
        "depth": min((far for top, far in above.items() if top not in tops), default=0),
    }


def _edge(edge: EdgeSpec) -> dict[str, object]:
    child, parent, relations, evidence, position = (*edge, *("hub", 0)[len(edge) - 3 :])
    listed = sorted(str(relations).split("+"), key=lambda name: Relation(name).bit)
    return {
        "source": child,
        "target": parent,
        "relation": listed[0],
        "relations": listed,
        "evidence": str(evidence).split("+"),
        "position": position,
    }


def build(
    edges: Sequence[EdgeSpec] = (),
    models: Mapping[str, Mapping[str, object]] | Sequence[str] = (),
    *,
    stubs: Sequence[str] = (),
    organizations: Mapping[str, tuple[str, str | None]] | None = None,
    families: Mapping[str, Sequence[str]] | None = None,
    snapshot: str = "2026-08-22",
    run: str = "run-1",
    schema_version: int = GRAPH_VERSION,
) -> GraphTables:
    """Whole tables from edges `(child, parent, relations, evidence, position)` and extra models by id.

    Relations and evidence are joined by `+`; evidence is `hub` and position 0 unless told. Ids of edges that are not
    stubs become models. `organizations` maps a publisher to its organization and country; `families` a slug to members.
    """
    given = dict(models) if isinstance(models, Mapping) else {id: {} for id in models}
    ids = sorted({end for edge in edges for end in edge[:2]} | set(given) | set(stubs), key=str.encode)
    named = {member: slug for slug, members in (families or {}).items() for member in members}
    rows = [{**_model(id, edges), "stub": id in stubs, "family": named.get(id), **given.get(id, {})} for id in ids]
    publishers = sorted({str(row["publisher"]) for row in rows if row["publisher"] is not None})
    owners = {name: owner for name, owner in (organizations or {}).items() if name in publishers}
    told = {"snapshot": snapshot, "run": run, "schema_version": schema_version}
    nodes: dict[str, list[dict[str, object]]] = {
        "Model": rows,
        "Publisher": [{"name": name, "models": 1} for name in publishers],
        "Organization": [
            {"slug": slug, "name": slug.title(), "country": country, "region": "other"}
            for slug, country in sorted(set(owners.values()))
        ],
        "Family": [{"slug": slug, "name": slug.title(), "members": len(m)} for slug, m in (families or {}).items()],
        "LineageMeta": [{**META, **told, "models": len(ids) - len(stubs), "edges": len(edges)}],
    }
    links: dict[str, list[dict[str, object]]] = {
        "DERIVED_FROM": [_edge(edge) for edge in edges],
        "PUBLISHED_BY": [{"source": r["id"], "target": r["publisher"]} for r in rows if r["publisher"] is not None],
        "PART_OF": [{"source": name, "target": slug} for name, (slug, _) in owners.items()],
        "MEMBER_OF": [{"source": member, "target": slug} for member, slug in named.items()],
    }
    return GraphTables(
        nodes={label.name: _frame(label, nodes[label.name]) for label in LABELS},
        edges={kind.name: _frame(kind, links.get(kind.name, [])) for kind in EDGE_TYPES},
    )


@pytest.fixture(scope="session")
def graph() -> Callable[..., GraphTables]:
    return build


@pytest.fixture
def embedded_stores(tmp_path: Path) -> Callable[[], GraphStore]:
    clock = datetime(2026, 11, 24, tzinfo=UTC)
    return lambda: EmbeddedStore(tmp_path / "store", lambda: clock)


@pytest.fixture
def neo4j_stores(neo4j_home: Path) -> Callable[[], GraphStore]:
    """On the session's real server, emptied first."""
    from lineage.settings import Settings
    from lineage.stores.neo4j import open_neo4j
    from lineage.stores.neo4j_link import Link
    from lineage.stores.neo4j_local import read_local

    local = read_local(neo4j_home)
    assert local is not None
    link = Link(local.url, "neo4j", (local.username, local.password), write=True)
    link.run("MATCH (n) DETACH DELETE n")
    link.close()
    return lambda: open_neo4j(Settings(home=neo4j_home, store=local.url), write=True, env={})


@pytest.fixture(params=STORES)
def store_factory(request: pytest.FixtureRequest) -> Iterator[Callable[[], GraphStore]]:
    """A function that opens one more handle on the same store, empty at first; all are closed at the end."""
    opened: list[GraphStore] = []
    make: Callable[[], GraphStore] = request.getfixturevalue(f"{request.param}_stores")

    def another() -> GraphStore:
        opened.append(make())
        return opened[-1]

    yield another
    for handle in opened:
        handle.close()


@pytest.fixture
def store(store_factory: Callable[[], GraphStore]) -> GraphStore:
    """One handle on an empty store."""
    return store_factory()


@pytest.fixture(scope="session")
def silent() -> Callable[[str, int, int], None]:
    """Progress that nobody looks at."""
    return lambda stage, done, whole: None
