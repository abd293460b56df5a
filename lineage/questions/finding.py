"""`search` for who asks it at every key: the same hits, from ids in memory rather than from a scan of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lineage.answers import SearchAnswer
from lineage.errors import Misuse
from lineage.questions import notes

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Ints


class Finder:
    """The ids of an atlas made ready for searching; costs about 90 bytes a model and 0.3 s a million."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        lowered = atlas.ids.str.to_lowercase()
        order = np.lexsort((np.arange(len(lowered)), -atlas.counts["derivatives"].to_numpy().astype(np.int64)))
        self._nodes: Ints = order
        self._ids = lowered.gather(order)

    def find(self, text: str, *, limit: int = 20) -> SearchAnswer:
        """Models and stubs whose id holds every word of `text`: `questions.search`, hit for hit.

        First an id that is the text, then names that begin with its first word, then by derivatives.
        """
        terms = text.lower().split()
        if not terms:
            raise Misuse("Nothing to search for. Try: lineage search qwen3 coder")
        places = self._holding(terms)
        best = self._best(places, terms, limit + 1)
        hits = self._atlas.ids.gather(self._nodes[best]).to_list()
        return SearchAnswer(
            receipt=self._atlas.receipt("search"),
            text=text,
            results=tuple(self._atlas.store.models(hits[:limit])),
            truncated=len(hits) > limit,
            notes=tuple(notes.about_layer(self._atlas)),
        )

    def _holding(self, terms: list[str]) -> Ints:
        """Places of the ids that hold every term, those with most derivatives first; the longest term thins most."""
        first, *others = sorted(terms, key=len, reverse=True)
        places = self._ids.str.contains(first, literal=True).arg_true().to_numpy()
        for term in others:
            places = places[self._ids.gather(places).str.contains(term, literal=True).to_numpy()]
        return places

    def _best(self, places: Ints, terms: list[str], most: int) -> Ints:
        """The first of these places by rank; within a rank their order stands."""
        found = self._ids.gather(places)
        name = found.str.split("/").list.last()
        whole = (found == " ".join(terms)).to_numpy()
        begins = name.str.starts_with(terms[0]).to_numpy()
        rank = np.where(whole, 0, np.where(begins, 1, 2))
        return places[np.argsort(rank, kind="stable")[:most]]
