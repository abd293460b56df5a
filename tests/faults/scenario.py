"""What goes wrong in one run of the matrix: drawn from a seed, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from ingest.simulated.faults import Fault, Kind, once, status
from ingest.simulated.sources import RowsSource, rows_world
from tests.crawl.worlds import crowd, stamp

Job = Literal["crawl", "update"]
MODELS = 4_400
TODAY = datetime(2024, 1, 10, tzinfo=UTC)
_CHANGED = 2_100
_LATER = 500_000


@dataclass(frozen=True)
class Scenario:
    """One job and its misfortunes.

    `patience` seconds until the client gives up a page; `kills` the file operations at which a process of its own is
    killed, `full` bytes that a file may have while the disk is "full", before the job may go on undisturbed; `jumps`
    seconds that the clock is off at each try.
    """

    job: Job
    faults: tuple[Fault, ...]
    patience: float
    kills: tuple[int, ...]
    full: int | None
    jumps: tuple[int, ...]


def scenario(seed: int) -> Scenario:
    """The scenario of a seed: every kind of misfortune comes up within twenty."""
    chance = random.Random(seed)
    job: Job = "update" if seed % 2 else "crawl"
    kinds = list(_FAULTS)
    if job == "update":
        kinds.remove("missing")  # nothing in the answers tells it: what the page held is seen by the next full crawl
    place = seed // 2 % len(kinds)
    lead = kinds[place if job == "update" else -1 - place]
    chosen = [lead, *chance.sample(kinds, chance.randrange(4))]
    return Scenario(
        job,
        tuple(_FAULTS[kind](chance) for kind in chosen),
        chance.choice((5.0, 3600.0)),
        tuple(chance.randrange(1, 90) for _ in range(seed % 8 in (0, 3))),
        chance.randrange(200, 90_000) if seed % 3 == 0 else None,
        tuple(chance.choice((0, 0, -200_000, 200_000)) for _ in range(20)),
    )


def _at(chance: random.Random) -> int:
    return chance.randrange(1, 9)


_FAULTS = {
    "storm": lambda chance: status(429, first=_at(chance), count=chance.randrange(1, 12), seconds=300),
    "429": lambda chance: status(429, first=_at(chance), count=2, retry_after=chance.choice((None, 7))),
    "500": lambda chance: status(500, first=_at(chance), count=chance.randrange(1, 6)),
    "502": lambda chance: status(502, first=_at(chance), count=chance.randrange(1, 6)),
    "504": lambda chance: status(504, first=_at(chance), count=chance.randrange(1, 9)),
    "stall": lambda chance: once(Kind.STALL, _at(chance), seconds=60.0),
    "truncated": lambda chance: once(Kind.TRUNCATED, _at(chance)),
    "html": lambda chance: once(Kind.HTML, _at(chance)),
    "reset": lambda chance: once(Kind.RESET, _at(chance)),
    "malformed": lambda chance: once(Kind.MALFORMED, _at(chance)),
    "duplicate": lambda chance: once(Kind.DUPLICATE, _at(chance)),
    "missing": lambda chance: once(Kind.MISSING, chance.randrange(1, 5)),
    "rejected": lambda chance: once(Kind.REJECTED, _at(chance)),
    "early end": lambda chance: once(Kind.EARLY_END, _at(chance)),
}


def clock(jumps: tuple[int, ...]) -> Iterator[datetime]:
    """The time at each try."""
    for number in range(1_000):
        yield TODAY + timedelta(hours=number, seconds=jumps[number % len(jumps)])


def before() -> RowsSource:
    """The Hub when the last snapshot was made."""
    return rows_world([{"_id": f"{n:024x}", **row} for n, row in enumerate(crowd(MODELS))], label="seed=1")


def after() -> RowsSource:
    """The Hub now: half of it changed, some of it new; nothing that a list of changes does not show."""
    rows = [{"_id": f"{n:024x}", **row} for n, row in enumerate(crowd(MODELS + 40))]
    for number, row in enumerate(rows):
        if number % 2 and number < _CHANGED * 2:
            row |= {"likes": 1_000 + number, "lastModified": stamp(_LATER + number)}
        elif number >= MODELS:
            row |= {"lastModified": stamp(_LATER + number)}
    return rows_world(rows, label="seed=1")
