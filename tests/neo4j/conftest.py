"""An empty real server for every test, a small graph to load, and full dumps to compare."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from lineage import schema
from lineage.schema import EDGE_TYPES, LABELS, GraphTables
from lineage.settings import Settings
from lineage.stores.neo4j import Neo4jOptions, Neo4jStore, open_neo4j
from lineage.stores.neo4j_link import Link
from lineage.stores.neo4j_local import Local, read_local

Row = dict[str, object]


def _frame(name: str, rows: list[Row]) -> pl.DataFrame:
    thing = next(t for t in (*LABELS, *EDGE_TYPES) if t.name == name)
    columns = schema.columns(thing)
    filled = [{column: row.get(column) for column in columns} for row in rows]
    return pl.DataFrame(filled, schema=columns)


def graph(
    ids: dict[str, Row], edges: list[tuple[str, str, str]], *, run: str = "run-1", foreign: str = "sim-org"
) -> GraphTables:
    """Tables of the given models (properties by id) and edges (child, parent, relation); the rest follows from them."""
    publishers = sorted({i.split("/")[0] for i in ids if "/" in i})
    models = [
        {"id": i, "name": i.split("/")[-1], "stub": False, "publisher": i.split("/")[0] if "/" in i else None,
         "created_at": datetime(2025, 3, 1, 12, 30), "downloads": 7, "direct": 0, "derivatives": 0, "depth": 0} | extra
        for i, extra in ids.items()
    ]  # fmt: skip
    derived = [
        {"source": c, "target": p, "relation": r, "relations": [r], "evidence": ["hub"], "position": n}
        for n, (c, p, r) in enumerate(edges)
    ]
    meta: Row = {
        "key": "loaded", "snapshot": run, "snapshot_sha256": "ab" * 32, "schema_version": schema.GRAPH_VERSION,
        "registry_version": "1", "registry_digest": "cd", "as_of": datetime(2026, 8, 1), "source": "a test",
        "simulated": True, "card": True, "complete": True, "models": len(ids), "edges": len(edges), "run": run,
        "scope": "all",
    }  # fmt: skip
    rows: dict[str, list[Row]] = {
        "Model": models,
        "Publisher": [{"name": name, "models": 1} for name in publishers],
        "Organization": [{"slug": foreign, "name": "Sim", "country": "CN", "region": "china"}],
        "Family": [{"slug": "sim", "name": "Sim", "members": 1, "direct": 1, "derivatives": 2}],
        "LineageMeta": [meta],
        "DERIVED_FROM": derived,
        "PUBLISHED_BY": [{"source": i, "target": i.split("/")[0]} for i in ids if "/" in i],
        "PART_OF": [{"source": name, "target": foreign} for name in publishers[:1]],
        "MADE_BY": [{"source": "sim", "target": foreign}],
        "MEMBER_OF": [{"source": next(iter(ids)), "target": "sim"}],
        "ATTRIBUTED_TO": [
            {"source": c, "target": "sim", "distance": 1, "k": 1, "is_primary": True}
            for c in dict.fromkeys(c for c, _, _ in edges)
        ],
    }
    return GraphTables(
        {label.name: _frame(label.name, rows.get(label.name, [])) for label in LABELS},
        {edge.name: _frame(edge.name, rows.get(edge.name, [])) for edge in EDGE_TYPES},
    )


def chain(length: int, *, run: str = "run-1", **changed: Row) -> GraphTables:
    """A chain of `length` models under one base, `changed` properties by the model's number as `m3={...}`."""
    ids: dict[str, Row] = {f"sim-a/m{n}": {"derivatives": length - 1 - n} for n in range(length)}
    for name, extra in changed.items():
        ids[f"sim-a/{name}"] |= extra
    edges = [(f"sim-a/m{n + 1}", f"sim-a/m{n}", "finetune") for n in range(length - 1)]
    return graph(ids, edges, run=run)


Dump = tuple[list[str], list[str]]

_NODES = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties"
_EDGES = "MATCH (a)-[r]->(b) RETURN properties(a) AS a, type(r) AS type, properties(r) AS r, properties(b) AS b"


def dump(link: Link) -> Dump:
    """Every node and every edge with every property, in an order that only content decides."""
    return sorted(map(repr, map(_sorted, link.read(_NODES)))), sorted(map(repr, map(_sorted, link.read(_EDGES))))


def _sorted(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(sorted(value.items(), key=str) if isinstance(value, dict) else value for value in row)


def quiet(stage: str, done: int, whole: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def tools() -> dict[str, Callable[..., object]]:
    """The makers and readers of this folder, for tests that cannot import a conftest."""
    return {"graph": graph, "chain": chain, "dump": dump, "quiet": quiet}


@pytest.fixture
def clean_env() -> dict[str, str]:
    """This environment without any setting of Neo4j's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}


@pytest.fixture
def local(neo4j_home: Path) -> Local:
    """The record of the session's server."""
    found = read_local(neo4j_home)
    assert found is not None
    return found


@pytest.fixture
def link(local: Local) -> Iterator[Link]:
    """A raw connection to the session's server, emptied of data and indexes before the test."""
    made = Link(local.url, "neo4j", (local.username, local.password), write=True)
    made.run("MATCH (n) DETACH DELETE n")
    for kind in ("CONSTRAINT", "INDEX"):
        for (name,) in made.read(f"SHOW {kind}ES YIELD name" if kind == "INDEX" else "SHOW CONSTRAINTS YIELD name"):
            if "token" not in str(name) and not str(name).startswith("index_"):
                made.run(f"DROP {kind} {name} IF EXISTS")
    yield made
    made.close()


@pytest.fixture
def opened(link: Link, neo4j_home: Path) -> Iterator[Callable[..., Neo4jStore]]:
    """Stores on the session's server, closed after the test."""
    stores: list[Neo4jStore] = []

    def open_(**options: object) -> Neo4jStore:
        store = open_neo4j(
            Settings(home=neo4j_home, store="neo4j"), write=True, options=Neo4jOptions(**options), env={}
        )
        stores.append(store)
        return store

    yield open_
    for store in stores:
        store.close()
