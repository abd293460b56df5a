"""Variable-length relationships of a user's Cypher, given Neo4j's meaning on the embedded engine.

Measured on ladybug 0.22.0: `[:R*]` stops silently at 30 hops, and follows walks, so a cycle of two is counted once a
hop and a stack of merges fills the memory. Neo4j follows trails (no relationship twice) without a bound. So a `*`
without a mode of its own becomes `* TRAIL n..m`, up to 1,000 hops where the user gave no bound. Where it has no name,
begins at one hop, and the statement looks only at distinct results, `* SHORTEST 1..m` gives the same answer by
breadth-first search: 93,844 descendants in 0.15 s, and stacks of merges that no enumeration of trails would finish.
Only a model that a cycle leads back to itself is then not among its own descendants, where Neo4j counts it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lineage.stores.tokens import Token, solid

LONGEST = 100_000
"""The most hops of a breadth-first search; also the engine's setting. Real chains reach 138."""

LONGEST_TRAIL = 1_000
"""The most hops of a trail: round a cycle the engine walks on to the bound before it drops what is no trail."""

_AGGREGATES = frozenset({"COUNT", "COLLECT", "SUM", "AVG", "PERCENTILECONT", "PERCENTILEDISC", "HISTOGRAM", "COUNT_IF"})


def bounded(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with a mode and bounds on every variable-length relationship that has none."""
    distinct = _distinct_only(solid(tokens))
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        out.append(tokens[at])
        at += 1
        if out[-1].says("[") and _after_dash(out):
            end = _star(tokens, at)
            if end is not None:
                out.extend(tokens[at : end + 1])
                named = solid(tokens[at:end])[:1]
                anonymous = not named or named[0].says(":")
                at, hops = _hops(tokens, end + 1)
                if hops is not None:
                    out.append(Token("mark", _written(hops, distinct and anonymous)))
    return out


def _after_dash(out: Sequence[Token]) -> bool:
    before = solid(out[-3:])
    return len(before) >= 2 and before[-2].says("-")


def _star(tokens: Sequence[Token], at: int) -> int | None:
    """Where the star of this relationship stands, else None."""
    for place in range(at, len(tokens)):
        token = tokens[place]
        if token.says("*"):
            return place
        if token.kind not in ("word", "quoted", "space") and not (token.says(":") or token.says("|")):
            return None
    return None


def _hops(tokens: Sequence[Token], at: int) -> tuple[int, tuple[int, int] | None]:
    """Where the bounds after a star end and what they are; no bounds where the user wrote a mode."""
    start, parts = at, ""
    while at < len(tokens) and (tokens[at].kind in ("number", "space") or tokens[at].says(".")):
        parts += tokens[at].text.strip()
        at += 1
    if not parts and at < len(tokens) and tokens[at].kind == "word":
        return start, None
    low, dots, high = parts.partition("..")
    try:
        least = int(low) if low else 1
        most = (int(high) if high else LONGEST) if dots or not low else least
    except ValueError:
        return start, None
    return at, (least, most)


def _written(hops: tuple[int, int], distinct: bool) -> str:
    least, most = hops
    if distinct and least == 1:
        return f" SHORTEST 1..{min(most, LONGEST)} "
    return f" TRAIL {least}..{min(most, LONGEST_TRAIL)} "


def _distinct_only(bare: Sequence[Token]) -> bool:
    """Whether duplicates cannot show: DISTINCT somewhere, in every aggregate that minds, and no named path."""
    words = [token.text.upper() if token.kind in ("word", "mark") else "" for token in bare]
    if "DISTINCT" not in words:
        return False
    for place, word in enumerate(words):
        if word in _AGGREGATES and words[place + 1 : place + 2] == ["("] and words[place + 2] != "DISTINCT":
            return False
        if word == "=" and words[place + 1 : place + 2] == ["("]:
            return False
    return "LIMIT" not in words[: max(i for i, word in enumerate(words) if word == "DISTINCT")]
