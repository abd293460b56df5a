"""Small worlds made by hand, and a clock that only sleeping moves."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

Raw = Mapping[str, object]
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


class FakeClock:
    """Seconds that grow a little at every look and by as much as is slept; `slept` lists the sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self.seconds += 0.001
            return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds


def stamp(seconds: int) -> str:
    return f"{BEGAN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"


def raw(id: str, number: int, parents: Sequence[str] = (), likes: int = 0, **more: object) -> Raw:
    """A row as the Hub lists it, each parent with its twin tags of a finetune."""
    tags = [tag for parent in parents for tag in (f"base_model:{parent}", f"base_model:finetune:{parent}")]
    return {
        "id": id,
        "author": id.partition("/")[0],
        "createdAt": stamp(number),
        "lastModified": stamp(number + 5),
        "likes": likes,
        "downloads": likes * 10,
        "tags": tags,
        **more,
    }


def crowd(count: int) -> list[Raw]:
    """That many models of fifty publishers, a third of them with a parent."""
    return [
        raw(f"org{n % 50}/m{n}", n, [f"org{n // 2 % 50}/m{n // 2}"] if n % 3 == 0 and n else [], n % 11)
        for n in range(count)
    ]


def family(*pairs: tuple[str, str | None], likes: Mapping[str, int] | None = None) -> list[Raw]:
    """Models in order, each with one parent or none; a model named in several pairs has several parents."""
    parents: dict[str, list[str]] = {}
    for child, parent in pairs:
        parents.setdefault(child, []).extend([parent] if parent else [])
    return [raw(id, n, named, (likes or {}).get(id, 0)) for n, (id, named) in enumerate(parents.items())]


def ids(rows: Iterable[Raw]) -> set[str]:
    return {str(row["id"]) for row in rows}
