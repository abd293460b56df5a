"""Serve a simulated Hub until Ctrl-C: `python -m ingest.simulated --models 10000 --seed 7 --port 0`."""

from __future__ import annotations

import argparse
import sys
import threading

from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; the address goes to stdout, the rest to stderr."""
    parser = argparse.ArgumentParser(prog="python -m ingest.simulated", description=__doc__)
    parser.add_argument("--models", type=int, default=10_000, help="models of the invented world")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same world")
    parser.add_argument("--day", type=int, default=0, help="how many days later the world is shown")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1, 0 for any free one")
    parser.add_argument("--quota", type=int, default=None, help="requests per five minutes, endless if left out")
    given = parser.parse_args(argv)
    world = World(given.models, given.seed, day=given.day)
    with SimulatedHub(world, quota=given.quota, port=given.port) as hub:
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        sys.stderr.write(f"Simulated data ({world.label}). HF_ENDPOINT={hub.url} lineage crawl. Ctrl-C ends it.\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
