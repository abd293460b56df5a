"""Neo4j beside the embedded store, in one run: loads, an update, every warm question, and a row-by-row baseline.

    python bench/neo4j_store.py [MODELS] [--home DIR] [--rows ROWS]

Default 1,000,000 simulated models; `--home` takes a home whose newest snapshot is there already. Servers of its own
with 2 GB of heap, in a temporary home. The baseline writes `--rows` models and as many edges one by one, as a first
script would, and is extrapolated. The world is simulated; only the costs are real.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import neo4j
import polars as pl

from ingest import neo4j_server
from ingest.importing import import_file
from ingest.load import resolve_snapshot, tables_of
from ingest.neo4j_server.bulk import bulk_load
from ingest.neo4j_server.engine import Memory
from ingest.simulated.dump import write_dump
from ingest.simulated.world import World
from lineage import questions, registry, snapshots
from lineage.atlas import Atlas
from lineage.schema import EDGE_TYPES, GraphTables
from lineage.settings import Settings
from lineage.stores import open_store
from lineage.stores.neo4j import open_neo4j
from lineage.stores.neo4j_local import read_local
from lineage.stores.protocol import GraphStore

MEMORY = Memory(heap=2048, pages=1024)
ENV = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
SEARCHES = ("qwen", "llama gguf", "deepseek coder 12", "mistral-7", "sim-a/qwen", "8b-it", "zzzz", "4242", "gguf")
FAMILIES = ("qwen", "llama", "deepseek", "gemma", "mistral")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def timed(name: str, work: Callable[[], object]) -> float:
    """Run it once and print its seconds, the processor's seconds here, and the machine's load."""
    start, own = time.perf_counter(), time.process_time()
    work()
    took, mine = time.perf_counter() - start, time.process_time() - own
    print(f"| {name} | {took:.1f} | {mine:.1f} | {os.getloadavg()[0]:.1f} |", flush=True)
    return took


def moved(graph: GraphTables) -> GraphTables:
    """The next snapshot: 0.5 % of the models changed, 0.1 % of the edges moved to another parent."""
    likes = pl.when(pl.int_range(pl.len()) % 200 == 0).then(pl.col("likes").fill_null(0) + 1).otherwise("likes")
    derived = graph.edges["DERIVED_FROM"]
    other = graph.nodes["Model"]["id"][11]
    parent = pl.when(pl.int_range(pl.len()) % 1000 == 5).then(pl.lit(other)).otherwise("target")
    edges = derived.with_columns(target=parent).filter(pl.col("source") != pl.col("target"))
    edges = edges.unique(["source", "target"], maintain_order=True)
    return GraphTables(
        {**graph.nodes, "Model": graph.nodes["Model"].with_columns(likes=likes)},
        {**{e.name: graph.edges[e.name] for e in EDGE_TYPES}, "DERIVED_FROM": edges},
    )


def ask(name: str, home: Settings, store: GraphStore, graph: GraphTables) -> None:
    """Print the middle and the 95th of a hundred of each question, asked warm; the store stays open."""
    atlas = Atlas(home, registry.load(), snapshots.opened(home), store)
    draw = random.Random(3)
    ids = graph.nodes["Model"]["id"].to_list()
    bases = graph.edges["DERIVED_FROM"]["target"].value_counts(sort=True)["target"].to_list()[:500]
    asked: dict[str, Callable[[], object]] = {
        "model, any": lambda: questions.model(atlas, draw.choice(ids)),
        "model, of the 500 largest": lambda: questions.model(atlas, draw.choice(bases)),
        "tree, of the 500 largest": lambda: questions.tree(atlas, draw.choice(bases)),
        "tree, of the largest": lambda: questions.tree(atlas, bases[0]),
        "search": lambda: questions.search(atlas, draw.choice(SEARCHES)),
        "count, of a family": lambda: questions.count(atlas, [draw.choice(FAMILIES)]),
    }
    for question, work in asked.items():
        taken = []
        for turn in range(110):
            start = time.perf_counter()
            work()
            if turn >= 10:
                taken.append((time.perf_counter() - start) * 1000)
        cuts = statistics.quantiles(taken, n=20)
        print(f"| {name} | {question} | {cuts[9]:.0f} | {cuts[-1]:.0f} |", flush=True)


def row_by_row(home: Path, graph: GraphTables, rows: int) -> None:
    """Print what a MERGE a row costs beside the full graph, and what all rows would."""
    local = read_local(home)
    if local is None:
        raise SystemExit("the server's record is gone")
    models = graph.nodes["Model"].head(rows).to_dicts()
    edges = graph.edges["DERIVED_FROM"].filter(pl.col("source").is_in([m["id"] for m in models]))
    ends = edges.select("source", "target", "relation").to_dicts() * (rows // max(1, edges.height) + 1)
    auth = (local.username, local.password)
    with neo4j.GraphDatabase.driver(local.url, auth=auth) as driver, driver.session() as session:
        session.run("CREATE CONSTRAINT plain IF NOT EXISTS FOR (p:Plain) REQUIRE p.id IS UNIQUE").consume()
        start = time.perf_counter()
        for model in models:
            session.run("MERGE (p:Plain {id: $id}) SET p += $row", id=model["id"], row=model).consume()
        middle = time.perf_counter()
        for end in ends[:rows]:
            session.run(
                "MERGE (c:Plain {id: $source}) MERGE (p:Plain {id: $target}) "
                "MERGE (c)-[r:DERIVED_FROM]->(p) SET r.relation = $relation",
                end,
            ).consume()
        ended = time.perf_counter()
    node, edge = (middle - start) / rows, (ended - middle) / rows
    whole = node * sum(map(len, graph.nodes.values())) + edge * sum(map(len, graph.edges.values()))
    print(
        f"\nrow by row: {node * 1000:.1f} ms a node, {edge * 1000:.1f} ms an edge over {rows:,} of each; "
        f"extrapolated to all rows {whole / 60:.0f} minutes",
        flush=True,
    )


def quiet(*done: object) -> None:
    """Progress that nobody watches."""


def made(home: Settings, models: int) -> None:
    """A home with that world imported, where there is no snapshot yet."""
    if snapshots.listed(home):
        return
    home.home.mkdir(parents=True, exist_ok=True)
    write_dump(World(models, 7), home.home / "models.parquet")
    import_file(home, home.home / "models.parquet", now=lambda: NOW, progress=quiet)


def main() -> None:
    """Everything, in one run."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("models", type=int, nargs="?", default=1_000_000)
    words.add_argument("--home", type=Path)
    words.add_argument("--rows", type=int, default=3_000)
    options = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Settings(options.home or Path(scratch) / "home")
        made(home, options.models)
        snapshot = snapshots.opened(home)
        resolve_snapshot(home, snapshot, registry.load())
        _, graph = tables_of(home, snapshot, registry.load(), NOW)
        parts = {name: len(frame) for name, frame in {**graph.nodes, **graph.edges}.items()}
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {_codec()}, load {os.getloadavg()[0]:.1f}")
        print(f"{sum(parts.values()):,} rows: {', '.join(f'{name} {count:,}' for name, count in parts.items())}\n")
        run(home, Path(scratch), graph, options.rows)


def run(home: Settings, scratch: Path, graph: GraphTables, rows: int) -> None:
    """Both stores and both ways to load, on tables that are there."""
    print("| load | wall s | CPU here s | machine's load |\n|---|---|---|---|")
    embedded = open_store(Settings(scratch / "embedded"), write=True)
    timed("embedded: first load", lambda: embedded.load(graph, quiet))
    by_driver, by_bulk = (Settings(scratch / name, store="neo4j") for name in ("driver", "bulk"))
    neo4j_server.up(by_bulk, memory=MEMORY, env=ENV)
    try:
        timed("Neo4j: `--bulk`, stop to indexes", lambda: bulk_load(by_bulk, graph, quiet, memory=MEMORY, env=ENV))
        row_by_row(by_bulk.home, graph, rows)
    finally:
        neo4j_server.down(by_bulk)
    print()
    neo4j_server.up(by_driver, memory=MEMORY, env=ENV)
    try:
        store = open_neo4j(by_driver, write=True, env=ENV)
        timed("Neo4j: first load by the driver", lambda: store.load(graph, quiet))
        timed("Neo4j: the same again, nothing to write", lambda: store.load(graph, quiet))
        print("\n| store | question, warm process | p50 ms | p95 ms |\n|---|---|---|---|")
        ask("embedded", home, embedded, graph)
        ask("Neo4j", home, store, graph)
        later = moved(graph)
        print()
        timed("embedded: 0.5 % of models, 0.1 % of edges (a whole load)", lambda: embedded.load(later, quiet))
        timed("Neo4j: 0.5 % of models, 0.1 % of edges", lambda: store.load(later, quiet))
        store.close()
    finally:
        neo4j_server.down(by_driver)


def _codec() -> str:
    from neo4j._codec.packstream import v1

    return "neo4j-rust-ext" if hasattr(v1, "_rust_pack") else "the driver without neo4j-rust-ext"


if __name__ == "__main__":
    main()
