"""Cost of Neo4j beside the embedded store, on invented tables of the Hub's shape: loads, an update, every read.

Usage: `python -m bench.neo4j_store [MODELS]` (default 1,000,000). Starts a server of its own with 2 GB of heap in a
temporary home, prints seconds and milliseconds, and the machine's load, without which a time means nothing.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from bench.neo4j_tables import tables
from ingest import neo4j_server
from ingest.neo4j_server.bulk import bulk_load
from ingest.neo4j_server.engine import Memory
from lineage.schema import EDGE_TYPES, GraphTables
from lineage.settings import Settings
from lineage.stores.embedded import EmbeddedStore
from lineage.stores.neo4j import Neo4jStore, open_neo4j
from lineage.stores.protocol import GraphStore

MEMORY = Memory(heap=2048, pages=1024)
ENV = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
SEARCHES = ("qwen", "llama gguf", "deepseek coder 123", "mistral-7", "sim-pub-4/qwen", "8b-it", "zzzz", "4242", "gguf")


def timed(name: str, work: Callable[[], object]) -> None:
    """Run it once and print its seconds, and the processor's seconds of this process and of processes it began."""
    start, own, child = time.perf_counter(), time.process_time(), _servers()
    work()
    took, mine, theirs = time.perf_counter() - start, time.process_time() - own, max(_servers() - child, 0.0)
    print(
        f"{name:42} {took:7.1f} s   cpu here {mine:5.1f} s, server {theirs:5.1f} s   load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _servers() -> float:
    """Processor seconds of the children of this process, running or ended (Linux; 0 elsewhere)."""
    ended = os.times()
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if told[1] == str(os.getpid()):
            ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK") + ended.children_user + ended.children_system


def moved(graph: GraphTables) -> GraphTables:
    """The next snapshot: 0.5 % of the models changed, 0.1 % of the edges moved."""
    likes = pl.when(pl.int_range(pl.len()) % 200 == 0).then(pl.col("likes").fill_null(0) + 1).otherwise("likes")
    derived = graph.edges["DERIVED_FROM"]
    parent = (
        pl.when(pl.int_range(pl.len()) % 1000 == 5).then(pl.lit(graph.nodes["Model"]["id"][11])).otherwise("target")
    )
    edges = derived.with_columns(target=parent).filter(pl.col("source") != pl.col("target"))
    edges = edges.unique(["source", "target"], maintain_order=True)
    return GraphTables(
        {**graph.nodes, "Model": graph.nodes["Model"].with_columns(likes=likes)},
        {**{e.name: graph.edges[e.name] for e in EDGE_TYPES}, "DERIVED_FROM": edges},
    )


def ask(store: GraphStore, graph: GraphTables) -> None:
    """Print the middle and the 95th of a hundred of each question, asked warm."""
    draw = random.Random(3)
    ids = graph.nodes["Model"]["id"].to_list()
    roots = graph.edges["DERIVED_FROM"]["target"].value_counts(sort=True)["target"].to_list()
    questions: dict[str, Callable[[], object]] = {
        "model": lambda: store.model(draw.choice(ids)),
        "tree: children and parents of a large root": lambda: (
            store.children(root := draw.choice(roots[:200]), limit=25),
            store.parents([root]),
        ),
        "tree of the largest root": lambda: store.children(roots[0], limit=25),
        "search": lambda: store.search(draw.choice(SEARCHES).split(), 25),
        "count: what is loaded": store.loaded,
    }
    for name, question in questions.items():
        taken = []
        for turn in range(120):
            start = time.perf_counter()
            question()
            if turn >= 20:
                taken.append((time.perf_counter() - start) * 1000)
        taken.sort()
        print(f"  {name:42} p50 {taken[50]:7.1f} ms  p95 {taken[95]:7.1f} ms", flush=True)


def quiet(stage: str, done: int, whole: int) -> None:
    """Progress that nobody watches."""


def main(models: int) -> None:
    """Everything, in one run."""
    graph = tables(models)
    later = moved(graph)
    rows = sum(map(len, (*graph.nodes.values(), *graph.edges.values())))
    print(f"{models:,} models, {len(graph.edges['DERIVED_FROM']):,} edges, {rows:,} rows in all")
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedStore(Path(folder) / "embedded")
        timed("embedded: first load", lambda: embedded.load(graph, quiet))
        ask(embedded, graph)
        embedded.close()
        for name in ("driver", "bulk"):
            settings = Settings(home=Path(folder) / name, store="neo4j")
            neo4j_server.up(settings, memory=MEMORY, env=ENV)
            try:
                if name == "bulk":
                    timed(
                        "neo4j: --bulk, stop to indexes",
                        lambda s=settings: bulk_load(s, graph, quiet, memory=MEMORY, env=ENV),
                    )
                else:
                    with_driver(open_neo4j(settings, write=True, env=ENV), graph, later)
            finally:
                neo4j_server.down(settings)


def with_driver(store: Neo4jStore, graph: GraphTables, later: GraphTables) -> None:
    """Loads and reads on an empty server."""
    timed("neo4j: first load by the driver", lambda: store.load(graph, quiet))
    timed("neo4j: the same again, nothing to write", lambda: store.load(graph, quiet))
    timed("neo4j: 0.5 % of models, 0.1 % of edges", lambda: store.load(later, quiet))
    ask(store, later)
    store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
