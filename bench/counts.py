"""Closure and every counter of every family, by stage; a networkx baseline on a smaller world in the same run.

    python bench/counts.py [MODELS] [--baseline MODELS] [--keep DIR]

The worlds are simulated and made first, outside the measure; counting starts at resolved tables on disk, in a process
of its own, so that the peak is its own. networkx is imported here alone: `pip install networkx` where it is missing.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from ingest.importing import import_file
from ingest.load import resolve_snapshot
from ingest.simulated.dump import write_dump
from ingest.simulated.world import World
from lineage import counters, resolved, snapshots
from lineage.atlas import Atlas
from lineage.domain import Attribution, Level
from lineage.families import membership
from lineage.graph import Graph, depths, derivative_counts, graph_of
from lineage.registry import load
from lineage.settings import Settings

MODELS, BASELINE = 3_300_000, 200_000


@contextmanager
def stage(name: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| {name} | {time.perf_counter() - wall:.2f} | {time.process_time() - cpu:.2f} | {peak:.2f} |", flush=True)


def home(folder: Path, models: int) -> Settings:
    """A home with that world resolved in it, made where it is not there yet."""
    settings = Settings(folder / f"counts-{models}")
    if not (settings.home / "made").exists():
        with tempfile.TemporaryDirectory() as scratch:
            rows = Path(scratch) / "models.parquet"
            write_dump(World(models, 7), rows)
            import_file(settings, rows, now=lambda: datetime(2026, 11, 24, tzinfo=UTC), progress=_quiet)
        (settings.home / "made").touch()
    resolve_snapshot(settings, snapshots.opened(settings), load())
    return settings


def _quiet(*done: object) -> None:
    pass


def measure(settings: Settings) -> None:
    """Everything from resolved tables to every number, in this process."""
    registry, snapshot = load(), snapshots.opened(settings)
    begun = time.perf_counter()
    with Atlas(settings, registry, snapshot) as atlas:
        with stage("read: ids, edges, the columns that counters ask for"):
            graph = atlas.graph(Level.DECLARED)
            for name in ("id", "stub", "publisher", "created_at", "downloads", "downloads_all_time", "likes"):
                atlas.column(name)
            atlas.ground(Level.DECLARED)
        print(f"|  {atlas.summary.models:,} models, {graph.n:,} nodes, {len(graph.child):,} edges | | | |")
        with stage("closure: components, derivatives and depth of every node"):
            counted = derivative_counts(graph)
            depths(graph)
        with stage(f"membership of {len(registry.families)} families"):
            claims = registry.claims(atlas.ids)
            members = membership(graph, claims, atlas.column("created_at"), [])
        atlas.members = members
        with stage("attribution: every family of every derivative, k, the one met first"):
            shared = atlas.shared(Level.DECLARED)
            total = int((shared.k > 0).sum())
            shared.primary.max()
        ground = atlas.ground(Level.DECLARED)
        targets = [atlas.family_target(family.slug) for family in registry.families]
        with stage("derivative tables of all families"):
            tables = [counters.derivative_table(ground, target) for target in targets]
        sums = {}
        for way in Attribution:
            with stage(f"all {len(counters.COUNTERS)} counters of all families, {way}"):
                found = [
                    counters.count(ground, target, table, way) | counters.loose(ground, target, way)
                    for target, table in zip(targets, tables, strict=True)
                ]
            sums[way] = sum(values["derivatives"] or 0 for values in found)
    print(f"| **all** | **{time.perf_counter() - begun:.2f}** | | |")
    print(f"\n{int(counted.max()):,} derivatives below the largest root; {total:,} derive from a family;")
    print("sums over families: " + ", ".join(f"{way} {value}" for way, value in sums.items()))
    assert sums[Attribution.FRACTIONAL] == sums[Attribution.PRIMARY] == total


def baseline(settings: Settings) -> None:
    """The closure alone, by networkx and here, on the same smaller world; both must agree."""
    place = resolved.found(settings.resolved, snapshots.opened(settings).manifest.id)[0]
    edges = resolved.table(place, "edges")
    n = resolved.summary(place).models + resolved.summary(place).stubs
    ours = _closure_here(n, edges)
    if importlib.util.find_spec("networkx") is None:
        print("networkx is not installed: no baseline. uv pip install networkx")
        return
    import networkx as nx

    with stage("networkx: build the graph"):
        graph = nx.DiGraph()
        graph.add_nodes_from(range(n))
        graph.add_edges_from(zip(edges["parent"].to_list(), edges["child"].to_list(), strict=True))
    with stage("networkx: descendants of every node that has children"):
        theirs = np.zeros(n, np.int64)
        for node in np.unique(edges["parent"].to_numpy()).tolist():
            theirs[node] = len(nx.descendants(graph, node))
    assert np.array_equal(ours, theirs)
    print("\nboth count the same for every node")


def _closure_here(n: int, edges: pl.DataFrame) -> np.ndarray:
    built: list[Graph] = []
    print(f"|  {n:,} nodes, {edges.height:,} edges | | | |")
    with stage("here: build the graph"):
        built.append(graph_of(n, edges))
    with stage("here: derivatives of every node"):
        return derivative_counts(built[0])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("models", type=int, nargs="?", default=MODELS)
    asked.add_argument("--baseline", type=int, default=BASELINE)
    asked.add_argument("--keep", type=Path)
    asked.add_argument("--step", choices=("make", "measure", "baseline"), help=argparse.SUPPRESS)
    options = asked.parse_args()
    steps: dict[str, Callable[[Settings], None]] = {"make": _quiet, "measure": measure, "baseline": baseline}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        if options.step:
            steps[options.step](home(folder, options.models))
            return
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
        for step, models in (("measure", options.models), ("baseline", options.baseline)):
            again = [sys.executable, __file__, str(models), "--keep", str(folder), "--step"]
            subprocess.run([*again, "make"], check=True)
            print(f"\n| {step} | wall s | CPU s | peak GB |\n|---|---|---|---|", flush=True)
            subprocess.run([*again, step], check=True)


if __name__ == "__main__":
    main()
