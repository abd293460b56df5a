"""The demo: a simulated Hub on a socket, crawled like the real one into a home of its own, then asked."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ingest.commands.live import Live
from ingest.crawl import crawl
from ingest.hub import HubSource
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage.errors import Refused
from lineage.export import receipts
from lineage.export.plain import plural
from lineage.settings import Settings
from lineage.snapshots import Snapshot, listed
from lineage.stores import examples

STEPS: tuple[tuple[str, ...], ...] = (
    ("top", "--limit", "8"),
    ("count", "qwen", "llama", "deepseek"),
    ("tree", "Qwen/Qwen2.5-7B", "--limit", "24"),
    ("tree", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "--up"),
    ("cypher", examples.BY_RELATION, "--param", "family=qwen"),
)
"""What the demo asks, as typed after `lineage`."""


def crawled(
    home: Path, models: int, seed: int, *, now: Callable[[], datetime], live: Live
) -> tuple[Settings, Snapshot]:
    """Settings of the demo's home and the snapshot crawled into it; raises `Refused` where real data lives there."""
    settings = Settings(home=home)
    if any(not manifest.simulated for manifest in listed(settings)):
        raise Refused(f"{home} holds real data, and the demo would mix simulated models in. Try another --home.")
    with SimulatedHub(World(models, seed)) as hub:
        live.say(f"A simulated Hub with {plural(models, 'model')} answers at {hub.url}; crawling it.")
        asked = Settings(home=home, endpoint=hub.url)
        snapshot = crawl(asked, HubSource(hub.url, token=False), fresh=True, now=now, progress=live.report)
    return settings, snapshot


def opening(snapshot: Snapshot) -> str:
    """What was just done."""
    manifest = snapshot.manifest
    return (
        f"{receipts.BANNER}: the roots are real models, everything below them is invented.\n"
        f"Crawled {plural(manifest.models, 'model')} in {plural(manifest.requests, 'request')}, as from the real Hub."
    )


def attended() -> bool:
    """Whether a person sits at a terminal: a pipe, a script or CI is not made to wait for a page's end."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI")


def typed(arguments: tuple[str, ...]) -> str:
    """The command as a person types it."""
    return shlex.join(("lineage", *arguments))


def closing(settings: Settings) -> str:
    """Where to go next, as commands to copy; the last two reach the real Hub."""
    home = shlex.join(("--home", str(settings.home)))
    return "\n".join(
        (
            "",
            f"More of this {receipts.BANNER.lower()}:",
            f"  lineage {home} search qwen3",
            f"  lineage {home} model Qwen/Qwen2.5-7B",
            f"  lineage {home} count qwen --per month",
            f"  lineage {home} tree Qwen/Qwen2.5-7B --format html > tree.html",
            f"  lineage {home} audit",
            f"  lineage {home} ui",
            "The real Hub, with a network:",
            "  lineage crawl deepseek && lineage count deepseek",
            "  lineage bootstrap && lineage count qwen llama",
        )
    )
