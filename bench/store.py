"""Cost of the embedded store: one load and every read, on invented tables of the Hub's shape.

Usage: `python -m bench.store [MODELS]` (default 1,000,000); prints seconds, megabytes and milliseconds.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from bench.neo4j_tables import tables
from lineage.stores.embedded import EmbeddedStore
from lineage.stores.protocol import GraphStore

NAIVE = "MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: $id}) WHERE d.id <> $id RETURN count(DISTINCT d)"


def peak() -> int:
    """The most memory that this process had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main(models: int) -> None:
    """Load once, then ask everything five times and print the middle one."""
    graph = tables(models)
    edges, before = graph.edges["DERIVED_FROM"], peak()
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder))
        start = time.perf_counter()
        store.load(graph, lambda stage, done, whole: None)
        took = time.perf_counter() - start
        rows = sum(frame.height for frame in (*graph.nodes.values(), *graph.edges.values()))
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) >> 20
        print(f"load {models:,} models, {edges.height:,} edges, {rows:,} rows in all: {took:.1f} s, {size} MB on disk,")
        print(f"  {peak() - before} MB of memory above the {before} MB of making the tables")
        ask(store, edges)
        store.close()


def ask(store: GraphStore, edges: pl.DataFrame) -> None:
    """Print what each question costs."""
    root, broods = edges["target"].value_counts(sort=True).row(0)
    some = edges["source"].head(500).to_list()
    questions: dict[str, Callable[[], object]] = {
        "model": lambda: store.model(root),
        "models, 500": lambda: store.models(some),
        "parents of 50": lambda: store.parents(some[:50]),
        f"children, 20 of {broods:,}": lambda: store.children(root, limit=20),
        "edges": store.edges,
        "cypher, all descendants": lambda: store.cypher(NAIVE, {"id": root}, limit=1, timeout=30),
        "cypher, 1,000 rows": lambda: store.cypher("MATCH (m:Model) RETURN m.id", {}, limit=1000, timeout=30),
    }
    for name, question in questions.items():
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            question()
            taken.append((time.perf_counter() - start) * 1000)
        print(f"{name:28} first {taken[0]:7.1f} ms, then {sorted(taken[1:])[1]:7.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
