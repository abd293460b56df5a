"""Random columns that are the same on every platform: PCG64 streams, one a purpose, no log and no power.

Every stream is drawn from its start, so a longer column begins with the shorter one: a world that grew keeps its past.
"""

from __future__ import annotations

from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


def uniform(seed: int, purpose: str, count: int) -> Floats:
    """`count` numbers in [0, 1) of the stream that belongs to a seed and a purpose."""
    return np.random.Generator(np.random.PCG64([seed, crc32(purpose.encode())])).random(count)


def square(u: Floats) -> Floats:
    """Uniform numbers pushed towards 0, less than by `cube`."""
    return u * u


def cube(u: Floats) -> Floats:
    """Uniform numbers pushed towards 0: as ranks they make a power law."""
    return u * u * u


def below(u: Floats, limits: Ints | int) -> Ints:
    """Whole numbers in [0, limit) from uniform ones."""
    return np.minimum((u * limits).astype(np.int64), np.asarray(limits, np.int64) - 1)


def tail(u: Floats, scale: float, cap: int) -> Ints:
    """Whole numbers with a power-law tail (exponent 1): P(x > T) = scale / (scale + T), at most `cap`."""
    return np.minimum((1.0 / (1.0 - u) - 1.0) * scale, float(cap)).astype(np.int64)


def choice(u: Floats, shares: tuple[float, ...]) -> NDArray[np.intp]:
    """Which band of `shares` each uniform number falls into; what exceeds their sum falls into the last."""
    edges = np.cumsum(np.array(shares, dtype=np.float64))
    return np.minimum(np.searchsorted(edges, u, side="right"), len(shares) - 1)
