"""A simulated world from file to answers: seconds, peak memory and disk of every stage, and of whole commands.

    python bench/pipeline.py [MODELS] [--seed 7] [--keep DIR]

Stages run one after another in this process, as `lineage import` runs them; commands run as processes of their own,
five times each, and the median is printed. The world is simulated; only the costs are real.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from suite import COMMANDS, size, whole

from ingest.importing import import_file
from ingest.load import resolve_snapshot, tables_of
from ingest.simulated.dump import write_jsonl
from ingest.simulated.world import World
from lineage.registry import load
from lineage.settings import Settings
from lineage.stores import open_store


@contextmanager
def stage(name: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| {name} | {time.perf_counter() - wall:.1f} | {time.process_time() - cpu:.1f} | {peak:.2f} |", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("models", type=int, nargs="?", default=1_000_000)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--keep", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = folder / f"world-{options.models}-{options.seed}.jsonl"
        if not rows.exists():
            write_jsonl(World(options.models, options.seed), rows)
        settings = Settings(folder / f"home-{options.models}-{time.time_ns()}")
        registry, now = load(), datetime.now(UTC)
        print(f"{options.models:,} simulated models, seed {options.seed}, {rows.stat().st_size / 1e6:,.0f} MB of JSON")
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}\n")
        print("| stage | wall s | CPU s | peak GB |\n|---|---|---|---|")
        begun = time.perf_counter()
        with stage("import: read, parse, seal"):
            snapshot = import_file(settings, rows, now=lambda: now, progress=lambda *done: None)
        with stage("resolve"):
            resolve_snapshot(settings, snapshot, registry)
        with stage("count, lay out, load the embedded store"):
            _, tables = tables_of(settings, snapshot, registry, now)
            store = open_store(settings, write=True)
            store.load(tables, lambda *done: None)
            store.close()
        print(f"| all | {time.perf_counter() - begun:.1f} | | |\n")
        del tables
        for part in ("snapshots", "resolved", "store"):
            print(f"{part}: {size(settings.home / part):,.0f} MB")
        print("\n| command, whole process | median s of 5 |\n|---|---|")
        for command in COMMANDS:
            print(f"| `lineage {' '.join(command)}` | {whole(settings.home, command):.2f} |", flush=True)


if __name__ == "__main__":
    main()
