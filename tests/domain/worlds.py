"""Listing rows from a few words, for tests of resolution and counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl

from lineage import schema

TODAY = datetime(2026, 8, 22, tzinfo=UTC)


def listing(*rows: Mapping[str, object]) -> pl.DataFrame:
    """`schema.LISTING` rows; what is not given is null, tags and card values empty."""
    plain: Mapping[str, object] = {"base_tags": [], "card_base_model": [], "dump_parents": []}
    return pl.DataFrame(
        [dict.fromkeys(schema.LISTING) | plain | row for row in rows],
        schema=dict(schema.LISTING),
        orient="row",
    )


def twin(parent: str, relation: str = "finetune") -> list[str]:
    """Both tags as the Hub writes them, prefix cut."""
    return [parent, f"{relation}:{parent}"]


def model(id: str, *tags: Sequence[str], card: Sequence[str] = (), **more: object) -> dict[str, object]:
    return {"id": id, "base_tags": [t for pair in tags for t in pair], "card_base_model": list(card)} | more
