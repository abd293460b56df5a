"""`among`: the derivations between the models of a set, for drawing what a query found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.domain import Edge


def among(atlas: Atlas, ids: Sequence[str]) -> tuple[Edge, ...]:
    """Every edge whose both ends are among `ids`, sorted by child, then position."""
    known = set(ids)
    return tuple(edge for edge in atlas.store.parents(sorted(known)) if edge.parent in known)
