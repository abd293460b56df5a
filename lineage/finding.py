"""Search over the ids of all models, in memory: substrings in any case, best first. Pure.

Ids are looked through by falling number of derivatives, a stretch at a time, and made lower case when first come to: a
common word fills its answer within the first stretch, and only a rare one costs a walk over all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lineage.graph import Ints

STRETCH = 250_000


class Finder:
    """Nodes by their ids; `ids` in node order, `derivatives` of each. Holds some 60 bytes an id that it has seen."""

    def __init__(self, ids: pl.Series, derivatives: Ints, stretch: int = STRETCH) -> None:
        self._ids = ids
        self._rank = -derivatives.astype(np.int64)
        some = np.flatnonzero(derivatives)
        order = np.concatenate([self._best_first(some), np.flatnonzero(derivatives == 0)])
        self._stretches = [order[start : start + stretch] for start in range(0, len(order), stretch)]
        self._lowered: dict[int, tuple[pl.Series, pl.Series]] = {}
        self._bytes = ids.str.len_bytes()
        self._beyond_ascii = (self._bytes != ids.str.len_chars()).arg_true().to_numpy().astype(np.int64)

    def best(self, terms: Sequence[str], limit: int) -> Ints:
        """The first `limit` nodes whose lower-cased id holds each of the lower-cased `terms`, at least one.

        Order: ids that are the terms joined by one space, names after the slash that begin with the first term, the
        rest; within each by derivatives, most first, then by node.
        """
        exact = self._same(" ".join(terms))
        begin: list[Ints] = []
        rest: list[Ints] = []
        for number in range(len(self._stretches)):
            enough = sum(map(len, rest)) >= limit
            nodes, names = self._holding(number, terms, beginning=enough)
            first = names.str.starts_with(terms[0]).to_numpy()
            other = ~np.isin(nodes, exact)
            begin.append(nodes[first & other])
            rest.append(nodes[~first & other])
            if sum(map(len, begin)) >= limit:
                break
        return np.concatenate([exact, *begin, *rest])[:limit]

    def _same(self, whole: str) -> Ints:
        """The nodes that are this text but for case; only beyond ASCII does case change how long an id is."""
        alike = (self._bytes == len(whole.encode())).arg_true().to_numpy().astype(np.int64)
        nodes = np.union1d(alike, self._beyond_ascii)
        return self._best_first(nodes[(self._ids.gather(nodes).str.to_lowercase() == whole).to_numpy()])

    def _holding(self, number: int, terms: Sequence[str], *, beginning: bool) -> tuple[Ints, pl.Series]:
        """The nodes of a stretch whose id holds every term, and their names; the longest term thins most.

        `beginning`: only those count whose name begins with the first term, so others may be left out.
        """
        nodes = self._stretches[number]
        if number not in self._lowered:
            lowered = self._ids.gather(nodes).str.to_lowercase()
            self._lowered[number] = lowered, ~lowered.str.contains("/", literal=True)
        ids, bare = self._lowered[number]
        if beginning:
            may = ids.str.contains(f"/{terms[0]}", literal=True) | (bare & ids.str.starts_with(terms[0]))
            nodes, ids = nodes[may.to_numpy()], ids.filter(may)
        for term in sorted(terms, key=len, reverse=True):
            holds = ids.str.contains(term, literal=True)
            nodes, ids = nodes[holds.to_numpy()], ids.filter(holds)
        return nodes, ids.str.split("/").list.last()

    def _best_first(self, nodes: Ints) -> Ints:
        return nodes[np.argsort(self._rank[nodes], kind="stable")]
