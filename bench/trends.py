"""Time trends and claims on an open atlas of a simulated world: `python bench/trends.py [MODELS]`."""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ingest.importing import import_file
from ingest.load import resolve_snapshot
from ingest.simulated.dump import write_jsonl
from ingest.simulated.world import World
from lineage import questions, snapshots
from lineage.atlas import Atlas
from lineage.domain import Attribution
from lineage.registry import load
from lineage.settings import Settings


def timed(name: str, ask: Callable[[], object]) -> None:
    begun, worked = time.perf_counter(), time.process_time()
    ask()
    print(f"| {name} | {time.perf_counter() - begun:.2f} | {time.process_time() - worked:.2f} |", flush=True)


def main() -> None:
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        settings, registry = Settings(Path(scratch)), load()
        rows = Path(scratch) / "world.jsonl"
        write_jsonl(World(models, 7), rows)
        import_file(settings, rows, now=lambda: datetime.now(UTC), progress=lambda *done: None)
        snapshot = snapshots.opened(settings)
        resolve_snapshot(settings, snapshot, registry)
        print(f"{models:,} simulated models\n\n| question | wall s | CPU s |\n|---|---|---|")
        with Atlas(settings, registry, snapshot) as atlas:
            timed("trends, first on this atlas", partial(questions.trends, atlas))
            for by in questions.SPLITS:
                for way in (Attribution.ANY, Attribution.FRACTIONAL):
                    timed(f"trends by {by}, {way}", partial(questions.trends, atlas, by=by, attribution=way))
            timed("claims", partial(questions.claims, atlas))


if __name__ == "__main__":
    main()
