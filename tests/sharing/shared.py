"""What the tests of sharing have in common: snapshots of a few kinds, publishing and pulling with little said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from ingest.crawl import crawl
from ingest.hub import HubSource
from ingest.sharing import Published, Said, publish, pull
from ingest.sharing.remote import Remote
from ingest.simulated.repositories import Repositories, Repository, WritableHub
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage import schema
from lineage.registry import load
from lineage.settings import Settings
from lineage.snapshots import Snapshot, sealed
from tests.reports.homes import TODAY, listing

REPO = "sim/lineage"
TOKEN = "hf_simulated"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def crawled(home: Path, models: int = 6_000) -> Settings:
    with SimulatedHub(World(models)) as served:
        settings = Settings(home=home, endpoint=served.url)
        crawl(settings, HubSource(served.url, token=False), now=lambda: datetime.now(UTC))
    return settings


def real(settings: Settings, rows: Iterable[Mapping[str, object]], at: datetime = TODAY, **facts: object) -> Snapshot:
    """A sealed crawl of the real Hub, as far as its manifest goes."""
    told: dict[str, object] = {"scope": "hub", "kind": "crawl", "source": "huggingface.co", "as_of": at} | facts
    quarantined = told.pop("quarantined", pl.DataFrame(schema=dict(schema.QUARANTINE)))
    return sealed(settings, rows=[listing(rows)], quarantined=quarantined, started_at=at, finished_at=at, **told)


def put(settings: Settings, hub: WritableHub, repo: str = REPO, **said: object) -> Published:
    layers = said.pop("layers", ("lineage", "full"))
    snapshot = said.pop("snapshot", None)
    return publish(settings, remote(hub, repo, TOKEN), load(), snapshot=snapshot, layers=layers, said=Said(**said))


def remote(hub: WritableHub, repo: str = REPO, token: str | bool = False) -> Remote:
    """The dataset, impatient."""
    return Remote(hub.url, repo, token, sleep=lambda seconds: None)


def get(settings: Settings, hub: WritableHub, repo: str = REPO, **asked: str) -> Snapshot:
    return pull(settings, remote(hub, repo), now=lambda: NOW + timedelta(days=9), **asked)


def dataset(hub: WritableHub, repo: str = REPO) -> Repository:
    return hub.repositories.datasets[repo]


def copied(shelf: Repositories) -> Repositories:
    """The same datasets, to be changed without a trace in those."""
    other = Repositories(shelf.owned)
    other.datasets, other.stored, other.uploads = map(deepcopy, (shelf.datasets, shelf.stored, shelf.uploads))
    return other


def rewritten(hub: WritableHub, change: Callable[[dict[str, bytes]], None], repo: str = REPO) -> None:
    """Another commit on the dataset, as somebody else would make it."""
    found = dataset(hub, repo)
    files = dict(found.commits[found.head])
    change(files)
    found.commit(files, "changed")


def edited(path: str, change: Callable[[dict[str, object]], None]) -> Callable[[dict[str, bytes]], None]:
    """A change of one JSON file of a dataset."""

    def do(files: dict[str, bytes]) -> None:
        raw = json.loads(files[path])
        change(raw)
        files[path] = json.dumps(raw).encode()

    return do


def away(settings: Settings, name: str) -> Settings:
    return replace(settings, home=settings.home.with_name(name))


def left(settings: Settings) -> list[str]:
    """Files that are anywhere in a home, locks aside."""
    return sorted(
        str(path.relative_to(settings.home))
        for path in settings.home.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != ".lock"
    )
