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

STORES = ("embedded",)
"""Every store of the contract; the fixture `NAME_stores` gives a function that opens a handle on one empty store."""

AS_OF = datetime(2026, 8, 22, 9, 30, tzinfo=UTC)

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


def build(
    edges: Sequence[EdgeSpec] = (),
    models: Mapping[str, Mapping[str, object]] | Sequence[str] = (),
    *,
    stubs: Sequence[str] = (),
    organizations: Mapping[str, tuple[str, str]] | None = None,
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
    rows = []
    for id in ids:
        head, slash, tail = id.partition("/")
        below, above = _levels(edges, id, up=False), _levels(edges, id, up=True)
        tops = {edge[0] for edge in edges}
        rows.append(
            {
                "id": id,
                "name": tail if slash else id,
                "stub": id in stubs,
                "publisher": head if slash else None,
                "family": named.get(id),
                "direct": sum(1 for edge in edges if edge[1] == id),
                "derivatives": len(below),
                "depth": min((far for top, far in above.items() if top not in tops), default=0),
            }
            | given.get(id, {})
        )
    publishers = sorted({str(row["publisher"]) for row in rows if row["publisher"] is not None})
    owners = {name: owner for name, owner in (organizations or {}).items() if name in publishers}
    nodes: dict[str, list[dict[str, object]]] = {
        "Model": rows,
        "Publisher": [{"name": name, "models": 1} for name in publishers],
        "Organization": [
            {"slug": slug, "name": slug.title(), "country": country, "region": "other"}
            for slug, country in sorted(set(owners.values()))
        ],
        "Family": [{"slug": slug, "name": slug.title(), "members": len(m)} for slug, m in (families or {}).items()],
        "LineageMeta": [
            {
                "key": "loaded",
                "snapshot": snapshot,
                "snapshot_sha256": "ab" * 32,
                "schema_version": schema_version,
                "registry_version": "2026.08",
                "registry_digest": "cd",
                "as_of": AS_OF,
                "source": "test",
                "simulated": True,
                "card": False,
                "complete": True,
                "models": len(ids) - len(stubs),
                "edges": len(edges),
                "run": run,
                "scope": "all",
            }
        ],
    }
    derived = []
    for edge in edges:
        child, parent, relations, evidence, position = (*edge, *("hub", 0)[len(edge) - 3 :])
        listed = sorted(str(relations).split("+"), key=lambda name: Relation(name).bit)
        derived.append(
            {"source": child, "target": parent, "relation": listed[0], "relations": listed}
            | {"evidence": str(evidence).split("+"), "position": position}
        )
    links: dict[str, list[dict[str, object]]] = {
        "DERIVED_FROM": derived,
        "PUBLISHED_BY": [{"source": r["id"], "target": r["publisher"]} for r in rows if r["publisher"] is not None],
        "PART_OF": [{"source": name, "target": slug} for name, (slug, _) in owners.items()],
        "MEMBER_OF": [{"source": member, "target": slug} for member, slug in named.items()],
    }
    return GraphTables(
        nodes={label.name: _frame(label, nodes[label.name]) for label in LABELS},
        edges={kind.name: _frame(kind, links.get(kind.name, [])) for kind in EDGE_TYPES},
    )


@pytest.fixture
def graph() -> Callable[..., GraphTables]:
    return build


@pytest.fixture
def embedded_stores(tmp_path: Path) -> Callable[[], GraphStore]:
    clock = datetime(2026, 11, 24, tzinfo=UTC)
    return lambda: EmbeddedStore(tmp_path / "store", lambda: clock)


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


@pytest.fixture
def silent() -> Callable[[str, int, int], None]:
    """Progress that nobody looks at."""
    return lambda stage, done, whole: None
