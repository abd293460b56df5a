"""Every stage over growing worlds: seconds, memory, disk, how each grows, and plain baselines beside them.

    python bench/suite.py [MODELS …] [--keep DIR] [--alone]

`make bench` runs it over 100,000, 1,000,000 and 3,300,000 models. Every stage is a process of its own (`stages.py`).
`--keep` keeps homes and worlds, and takes a world that is there. Then the other scripts run, each with its baseline:
the crawl beside the client's `list_models`, counts beside networkx, Neo4j beside row-by-row MERGE and the embedded
store, the page in a browser; `--alone` leaves them out. The worlds are simulated; only the costs are real.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
SIZES = (100_000, 1_000_000, 3_300_000)
COUNTED = ("import", "resolve", "load", "update")
COMMANDS = (
    ("--help",),
    ("count", "qwen"),
    ("model", "Qwen/Qwen2.5-7B"),
    ("search", "qwen", "coder"),
    ("tree", "Qwen/Qwen2.5-7B"),
    ("top",),
)
OTHERS = (
    ("crawl.py",),
    ("counts.py",),
    ("trends.py",),
    ("neo4j_store.py",),
    ("ui.py",),
)
Costs = Mapping[str, Mapping[str, float]]


def ran(stage: str, home: Path, models: int) -> Mapping[str, float]:
    """What one stage cost, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE / "stages.py"), stage, str(home), str(models)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{stage} of {models:,} models failed:\n{done.stderr[-2000:]}")
    cost: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return cost


def environment() -> dict[str, str]:
    """The environment of a checkout: its own packages first."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def whole(home: Path, command: Sequence[str], times: int = 5) -> float:
    """Median wall seconds of a command as a process."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        line = [sys.executable, "-m", "ingest.cli", "--home", str(home), *command]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=environment())
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def size(folder: Path) -> float:
    """Bytes below a folder, each file once, in MB."""
    files = {path.stat().st_ino: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    return sum(files.values()) / 1e6


def measured(models: int, folder: Path) -> Costs:
    """All stages over one world, printed as they end."""
    home = folder / f"suite-{models}"
    print(f"\n## {models:,} simulated models, load {os.getloadavg()[0]:.1f}\n")
    if not (home / "models.parquet").exists():
        ran("world", home, models)
    print("| stage | wall s | CPU s | peak GB |\n|---|---|---|---|")
    costs: dict[str, Mapping[str, float]] = {}
    for stage in (*COUNTED[:-1], "ask", COUNTED[-1]):
        cost = costs[stage] = ran(stage, home, models)
        if stage in COUNTED:
            print(f"| {stage} | {cost['wall']:.1f} | {cost['cpu']:.1f} | {cost['peak']:.2f} |", flush=True)
        if stage == "load":
            disk = ", ".join(f"{part} {size(home / part):,.0f}" for part in ("snapshots", "resolved", "store"))
    print(f"\nMB on disk: {disk}; the dump {(home / 'models.parquet').stat().st_size / 1e6:,.0f}")
    print("\n| question, warm process | p95 ms |\n|---|---|")
    for name, value in costs["ask"].items():
        if name not in ("wall", "cpu", "peak"):
            print(f"| {name} | {value:.0f} |")
    print("\n| command, cold process | median s of 5 |\n|---|---|")
    for command in COMMANDS:
        print(f"| `lineage {' '.join(command)}` | {whole(home, command):.2f} |", flush=True)
    return costs


def growth(sizes: Sequence[int], costs: Sequence[Costs]) -> None:
    """Print by which power of the models each stage's processor time grows, from one size to the next."""
    pairs = list(zip(sizes, sizes[1:], costs, costs[1:], strict=False))
    print("\n## Growth: the exponent of CPU seconds over models, 1 is linear\n")
    print("| stage | " + " | ".join(f"{a:,} to {b:,}" for a, b, _, _ in pairs) + " |\n|---|" + "---|" * len(pairs))
    for stage in COUNTED:
        powers = [math.log(big[stage]["cpu"] / small[stage]["cpu"]) / math.log(b / a) for a, b, small, big in pairs]
        print(f"| {stage} | " + " | ".join(f"{power:.2f}" for power in powers) + " |")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("models", type=int, nargs="*")
    asked.add_argument("--keep", type=Path)
    asked.add_argument("--alone", action="store_true")
    options = asked.parse_args()
    sizes = sorted(options.models or SIZES)
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as scratch:
        costs = [measured(models, options.keep or Path(scratch)) for models in sizes]
    if len(sizes) > 1:
        growth(sizes, costs)
    for script, *words in () if options.alone else OTHERS:
        print(f"\n## bench/{script}\n", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *words], env=environment(), check=False)


if __name__ == "__main__":
    main()
