"""Later rows laid over earlier ones: sorted parts with delta parts over them, read as one table, one row a model."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import copyfile

import polars as pl

STEM = "delta"
"""How the names of delta parts begin."""

LIMIT = 0.1
"""The share of a snapshot's rows in delta parts above which an update writes all parts anew."""

_KEYS = ("hub_id", "id")
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EACCES})


def is_delta(name: str) -> bool:
    """Whether a part of that name is laid over the parts before it."""
    return name.startswith(f"{STEM}-")


def overlaid(base: pl.LazyFrame, later: Iterable[pl.LazyFrame], columns: Sequence[str]) -> pl.LazyFrame:
    """`base` with each of `later` over it in turn, those columns: sorted by hub_id (nulls last), then id.

    Each is sorted so itself, one row a model. A later row takes the place of all with its `hub_id` (an edit, a rename)
    and of all with its `id` (made anew under an old name). The later frames are read at once, `base` as it is needed.
    """
    wanted = list(dict.fromkeys((*columns, *_KEYS)))
    over, gone = _newest([frame.select(wanted).collect() for frame in later])
    kept = without(base.select(wanted), gone)
    sides = [(kept.filter(known), over.lazy().filter(known), key) for known, key in _SIDES]
    return pl.concat([low.merge_sorted(high, key) for low, high, key in sides]).select(list(columns))


_SIDES = ((pl.col("hub_id").is_not_null(), "hub_id"), (pl.col("hub_id").is_null(), "id"))


def without(rows: pl.LazyFrame, gone: pl.DataFrame) -> pl.LazyFrame:
    """The rows, in their order, that share neither `hub_id` nor `id` with a row of `gone`."""
    for key in _KEYS:
        keys = gone.lazy().select(key).drop_nulls().unique()
        rows = rows.join(keys, on=key, how="anti", maintain_order="left")
    return rows


def share(old: Path, new: Path) -> None:
    """The same file under another name: a hard link, or a synced copy where the file system has none."""
    try:
        os.link(old, new)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        copyfile(old, new)
        with new.open("r+b") as file:
            os.fsync(file.fileno())


def _newest(frames: Sequence[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of all frames that no later one replaces, sorted; and the keys of all rows there ever were."""
    over = frames[0]
    for frame in frames[1:]:
        over = pl.concat([without(over.lazy(), frame).collect(), frame])
    return over.sort(*_KEYS, nulls_last=True), pl.concat([frame.select(_KEYS) for frame in frames])
