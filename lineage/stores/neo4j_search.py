"""Search by substrings on Neo4j, in the order that the protocol states, by the cheapest index for these terms.

The text index finds every id that holds a term, and all of them must be sorted: 20,000 take some 0.1 s, 200,000 more
than a second. Where that many hold it, the hits are common, and walking the models by their number of derivatives
meets enough of them soon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lineage.stores import cypher

Read = Callable[[str, Mapping[str, object]], list[tuple[object, ...]]]

_FEW = 8_000


def best(read: Read, terms: Sequence[str], limit: int) -> list[str]:
    """The ids of the best `limit` hits for lower-cased `terms`, of which there is at least one."""
    needle = next((term for term in sorted(terms, key=len, reverse=True) if _few(read, term)), None)
    asked: dict[str, object] = {
        "needle": needle, "terms": list(terms), "whole": " ".join(terms), "limit": limit,
        "first": terms[0], "slashed": f"/{terms[0]}",
    }  # fmt: skip
    if needle is not None:
        return _ids(read(cypher.NEO4J_SEARCH_FEW, asked))
    found = dict.fromkeys(_exact(read, asked, " ".join(terms)))
    found |= dict.fromkeys(_beginning(read, asked, f"/{terms[0]}", limit))
    if len(found) < limit:
        found |= dict.fromkeys(_walked(read, asked | {"begins": False, "limit": limit + len(found)}))
    return list(found)[:limit]


def _few(read: Read, needle: str) -> bool:
    return read(cypher.NEO4J_HITS, {"needle": needle, "cap": _FEW})[0][0] != _FEW


def _exact(read: Read, asked: Mapping[str, object], whole: str) -> list[str]:
    """The ids that are the terms themselves; what ends with a slash is no id, and dear to look up."""
    if "/" not in whole:
        return _ids(read(cypher.NEO4J_SEARCH_NAME, asked))
    return [] if whole.endswith("/") else _ids(read(cypher.NEO4J_SEARCH_EXACT, asked))


def _beginning(read: Read, asked: Mapping[str, object], slashed: str, limit: int) -> list[str]:
    """The best hits whose name begins with the first term."""
    if not _few(read, slashed):
        return _walked(read, {**asked, "begins": True})
    rows = read(cypher.NEO4J_SEARCH_FEW, {**asked, "needle": slashed}) + read(cypher.NEO4J_SEARCH_BARE, asked)
    return _ids(sorted(rows, key=_order)[:limit])


def _walked(read: Read, asked: Mapping[str, object]) -> list[str]:
    """The best hits of one kind by walking the indexes in order: those with derivatives, then those without."""
    hits = read(cypher.NEO4J_SEARCH_MANY, asked)
    limit = asked["limit"]
    if isinstance(limit, int) and len(hits) < limit:
        hits = hits + read(cypher.NEO4J_SEARCH_REST, {**asked, "limit": limit - len(hits)})
    return _ids(hits)


def _order(row: tuple[object, ...]) -> tuple[int, str]:
    return -int(str(row[1])), str(row[0])


def _ids(rows: Sequence[tuple[object, ...]]) -> list[str]:
    return [str(row[0]) for row in rows]
