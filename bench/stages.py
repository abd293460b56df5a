"""One stage of the way from a simulated world to answers, in a process of its own: what it cost, as one line of JSON.

    python bench/stages.py STAGE HOME [MODELS]

Stages: `world` (a dump of that many models is made), `import`, `resolve`, `load`, `ask`, `update` (10,000 models that
changed, from a simulated Hub into the store). Each starts from what the one before left in HOME. The answer has wall
and CPU seconds, the peak of resident memory in GB, and the milliseconds that `ask` measured. The world is simulated;
only the costs are real.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from lineage.settings import Settings

if TYPE_CHECKING:
    from lineage.snapshots import Snapshot

SEED = 7
CHANGED = 10_000
FAMILIES = ("qwen", "llama", "deepseek")
SEARCHES = ("qwen coder", "llama", "gguf 8b", "a", "Qwen/Qwen2.5-7B", "zzzz")
Measured = Mapping[str, float]


def world(settings: Settings, models: int) -> Measured:
    """A dump of an invented Hub."""
    from ingest.simulated.dump import write_dump
    from ingest.simulated.world import World

    settings.home.mkdir(parents=True, exist_ok=True)
    write_dump(World(models, SEED), settings.home / "models.parquet")
    return {}


def import_dump(settings: Settings, models: int) -> Measured:
    """The dump as a sealed snapshot."""
    from ingest.importing import import_file

    import_file(settings, settings.home / "models.parquet", now=_now)
    return {}


def resolve(settings: Settings, models: int) -> Measured:
    """The snapshot's names as edges and findings."""
    from ingest.load import resolve_snapshot
    from lineage import registry, snapshots

    resolve_snapshot(settings, snapshots.opened(settings), registry.load(), again=True)
    return {}


def load(settings: Settings, models: int) -> Measured:
    """Resolved tables counted, laid out and loaded into the embedded store."""
    from ingest.load import project
    from lineage import registry, snapshots
    from lineage.stores import open_store

    store = open_store(settings, write=True)
    project(settings, snapshots.opened(settings), registry.load(), store, lambda *done: None, _now())
    store.close()
    return {}


def ask(settings: Settings, models: int) -> Measured:
    """95th percentiles of questions in a warm process, in milliseconds."""
    from lineage import atlas, questions

    home = atlas.opened(settings)
    names = [hit.id for hit in questions.search(home, "qwen", limit=40).results]
    asked: Mapping[str, Callable[[int], object]] = {
        "model": lambda turn: questions.model(home, names[turn % len(names)]),
        "count": lambda turn: questions.count(home, [FAMILIES[turn % len(FAMILIES)]]),
        "top": lambda turn: questions.top(home),
        "search": lambda turn: questions.search(home, SEARCHES[turn % len(SEARCHES)]),
        "tree of 300": lambda turn: questions.tree(home, names[turn % len(names)], limit=300),
    }
    return {name: _p95(question) for name, question in asked.items()}


def update(settings: Settings, models: int) -> Measured:
    """10,000 models that changed, fetched, laid over the snapshot, resolved, counted and loaded; the swap included."""
    from ingest.crawl.series import WHOLE
    from ingest.crawl.update import update
    from ingest.hub import HubSource
    from ingest.load import project
    from ingest.simulated.server import SimulatedHub
    from ingest.simulated.sources import rows_world
    from lineage import registry, snapshots
    from lineage.stores import open_store

    base = snapshots.opened(settings)
    known = base.manifest
    snapshots.sealed(
        settings,
        rows=base.rows(),
        quarantined=base.quarantined(),
        scope=WHOLE,
        kind="dump",
        source=known.source,
        simulated=True,
        started_at=known.started_at,
        finished_at=known.finished_at,
        as_of=known.as_of,
        watermark=known.watermark,
        card=known.card,
    )
    with SimulatedHub(rows_world(_changed(base))) as hub:
        wall, cpu = time.perf_counter(), time.process_time()
        made = update(settings, HubSource(hub.url, token=False), now=_now)
        store = open_store(settings, write=True)
        project(settings, made, registry.load(), store, lambda *done: None, _now())
        store.close()
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "changed": CHANGED}


STAGES = {"world": world, "import": import_dump, "resolve": resolve, "load": load, "ask": ask, "update": update}


def _changed(base: Snapshot) -> list[dict[str, object]]:
    """Evenly taken models with a new time and new likes, and the one that changed longest ago."""
    rows = base.rows(
        ["hub_id", "id", "author", "created_at", "last_modified", "likes", "downloads", "base_tags"]
    ).collect()
    oldest = rows.sort("last_modified").head(1)
    some = rows.gather_every(max(1, rows.height // CHANGED)).head(CHANGED)
    after = base.manifest.watermark + timedelta(hours=1)
    moved = some.with_columns(last_modified=pl.lit(after), likes=pl.col("likes").fill_null(0) + 1)
    return [
        {
            "_id": row["hub_id"],
            "id": row["id"],
            "author": row["author"],
            "createdAt": f"{row['created_at']:%Y-%m-%dT%H:%M:%S}.000Z",
            "lastModified": f"{row['last_modified']:%Y-%m-%dT%H:%M:%S}.000Z",
            "likes": row["likes"],
            "downloads": row["downloads"],
            "tags": [f"base_model:{tag}" for tag in row["base_tags"]],
        }
        for row in pl.concat([oldest.cast(moved.schema), moved]).to_dicts()
    ]


def _p95(question: Callable[[int], object], times: int = 40) -> float:
    question(0)
    taken = []
    for turn in range(times):
        begun = time.perf_counter()
        question(turn)
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.quantiles(taken, n=20)[-1]


def _now() -> datetime:
    return datetime.now(UTC)


def main(stage: str, home: str, models: str = "0") -> None:
    """Run one stage and print what it cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    more = STAGES[stage](Settings(Path(home)), int(models))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e6
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}
    print(json.dumps({**cost, **more}))


if __name__ == "__main__":
    main(*sys.argv[1:])
