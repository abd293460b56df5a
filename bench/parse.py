"""How long listing rows of the simulated Hub take from JSON Lines, and from a dump, to LISTING tables.

python bench/parse.py [MODELS]        prints microseconds a row (wall and CPU) and the peak memory of each
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

READ = """
import re, sys, time
from pathlib import Path
from ingest.parse import dump
from ingest.parse import jsonl
path = Path(sys.argv[1])
began, busy = time.perf_counter(), time.process_time()
reader = dump.read(path) if path.suffix == ".parquet" else jsonl.read(path)
rows = odd = 0
for parsed in reader:
    rows += parsed.rows.height
    odd += parsed.quarantined.height
wall, cpu = time.perf_counter() - began, time.process_time() - busy
status = Path("/proc/self/status")
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024 if status.exists() else float("nan")
print(f"{path.name:16} {rows:>10,} rows {odd:>6,} quarantined  {path.stat().st_size / max(1, rows):>6.0f} B/row  "
      f"{wall / rows * 1e6:5.2f} us wall {cpu / rows * 1e6:5.2f} us CPU a row  {peak:6.0f} MB peak")
"""


def main(models: int) -> None:
    """Write the files, then read each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        files = _written(Path(folder), models)
        print(f"{models:,} simulated models written in {time.perf_counter() - began:.1f} s")
        for path in files:
            subprocess.run([sys.executable, "-c", READ, str(path)], check=True)


def _written(folder: Path, models: int) -> tuple[Path, ...]:
    import gzip

    import zstandard

    from ingest.simulated.dump import write_dump, write_jsonl
    from ingest.simulated.world import World

    world = World(models, 7)
    plain, table = folder / "rows.jsonl", folder / "models.parquet"
    write_jsonl(world, plain)
    write_dump(world, table)
    text = plain.read_bytes()
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(text, 6))
    (folder / "rows.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(text))
    return plain, folder / "rows.jsonl.gz", folder / "rows.jsonl.zst", table


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
