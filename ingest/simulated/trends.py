"""How the Hub grew and which families new derivatives choose, as published; between two anchors a straight line."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from ingest.simulated.chance import Floats, Ints

FLOOR = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
"""The Hub's oldest createdAt: what is older carries this moment."""

_DAY = 86_400

SIZE: tuple[tuple[str, int], ...] = (
    ("2022-12-31", 105_000),
    ("2023-06-30", 245_000),
    ("2023-12-31", 455_000),
    ("2024-06-30", 735_000),
    ("2024-12-31", 1_230_000),
    ("2025-06-30", 1_790_000),
    ("2025-10-23", 2_161_698),
    ("2026-09-25", 3_094_856),
    ("2027-12-31", 4_380_000),
)
"""Models on the Hub: 2025-10-23 and 2026-09-25 are counts, 2022-03 too (29,579 at the floor); the rest is shape."""

_FLOOR_SIZE = 29_579

OTHER = "other"

SHARES: dict[str, tuple[tuple[str, float], ...]] = {
    "qwen": (
        ("2023-08", 0.2),
        ("2024-01", 1.0),
        ("2024-06", 5.0),
        ("2024-10", 16.0),
        ("2025-02", 30.0),
        ("2025-08", 44.0),
        ("2026-02", 82.0),
        ("2026-12", 74.0),
    ),
    "llama": (
        ("2023-07", 12.0),
        ("2023-10", 30.0),
        ("2024-01", 36.0),
        ("2024-06", 42.0),
        ("2025-01", 28.0),
        ("2025-08", 16.0),
        ("2026-02", 5.0),
        ("2026-12", 4.0),
    ),
    "mistral": (("2023-10", 8.0), ("2024-01", 22.0), ("2024-06", 12.0), ("2025-01", 6.0), ("2026-02", 2.0)),
    "gemma": (("2024-03", 4.0), ("2025-04", 6.0), ("2026-02", 3.0), ("2026-12", 5.0)),
    "deepseek": (("2023-11", 0.8), ("2025-01", 1.5), ("2025-03", 5.0), ("2026-02", 1.5)),
    "flux": (("2024-08", 5.0), ("2024-12", 8.0), ("2025-08", 6.0), ("2026-02", 3.0)),
    "stable-diffusion": (("2022-10", 4.0), ("2023-08", 10.0), ("2024-06", 8.0), ("2025-02", 2.5), ("2026-02", 0.8)),
    "bert": (("2022-03", 45.0), ("2023-06", 32.0), ("2024-01", 10.0), ("2025-01", 4.0), ("2026-02", 1.5)),
    "gpt2": (("2022-03", 7.0), ("2023-06", 4.0), ("2024-06", 1.0), ("2026-02", 0.3)),
    "t5": (("2022-03", 8.0), ("2023-06", 5.0), ("2024-06", 1.0), ("2026-02", 0.2)),
    "speech": (("2022-03", 9.0), ("2023-06", 3.0), ("2025-01", 0.5)),
    "vision": (("2022-03", 5.0), ("2024-01", 2.0), ("2026-02", 0.4)),
    "whisper": (("2022-10", 3.0), ("2023-12", 4.0), ("2025-01", 2.0), ("2026-02", 1.0)),
    "phi": (("2023-10", 1.0), ("2024-05", 3.0), ("2025-02", 1.5), ("2026-02", 0.4)),
    "gpt-oss": (("2025-08", 2.0), ("2026-02", 1.5)),
    "wan": (("2025-03", 1.0), ("2026-02", 2.0)),
}
"""Weight of a family among a month's new direct children, about percent; set so that the month's derivatives show the
published shares of Qwen (1 % in January 2024, over 40 % in August 2025, 69 % in February 2026); shape for the rest."""

_SMALL = 0.25


def created(count: int, today: datetime, u: Floats) -> Ints:
    """Ascending seconds since 1970 for `count` models, dense where the Hub grew fast, none after `today`."""
    floor = int(FLOOR.timestamp())
    at = np.array([floor, floor + 1, *(_seconds(day) for day, _ in SIZE)], dtype=np.float64)
    size = np.array([0, _FLOOR_SIZE, *(n for _, n in SIZE)], dtype=np.float64)
    end = today.timestamp()
    last = min(int(np.searchsorted(at, end, side="right")), len(at) - 1)
    total = size[last - 1] + (size[last] - size[last - 1]) * ((end - at[last - 1]) / (at[last] - at[last - 1]))
    place = (np.arange(count, dtype=np.float64) + u) * (total / max(count, 1))
    segment = np.clip(np.searchsorted(size, place, side="right"), 1, len(size) - 1)
    slope = (at[1:] - at[:-1]) / (size[1:] - size[:-1])
    step = (place - size[segment - 1]) * slope[segment - 1]
    seconds: Ints = np.minimum((at[segment - 1] + step).astype(np.int64), int(end) - 1)
    return seconds


def share(family: str, month: int) -> float:
    """Percent of the new derivatives of a month (months since year 0) that choose a family."""
    anchors = SHARES.get(family, (("2022-03", _SMALL),))
    points = [(_month(name), value) for name, value in anchors]
    if month <= points[0][0]:
        return points[0][1]
    for (m0, v0), (m1, v1) in pairwise(points):
        if month <= m1:
            return v0 + (v1 - v0) * ((month - m0) / (m1 - m0))
    return points[-1][1]


def months(seconds: Ints) -> Ints:
    """Months since year 0 of seconds since 1970."""
    since = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    whole: Ints = since + 1970 * 12
    return whole


def _month(name: str) -> int:
    year, month = name.split("-")
    return int(year) * 12 + int(month) - 1


def _seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
