"""Work done ahead on threads, in order: for work that leaves Python's lock alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_THREADS = 2


def ahead(work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """What `work` makes of each item, in their order, while the next items are read. Raises what `work` raises."""
    with ThreadPoolExecutor(_THREADS) as threads:
        made: deque[Future[B]] = deque()
        for item in items:
            made.append(threads.submit(work, item))
            if len(made) > _THREADS:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()
