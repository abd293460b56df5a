"""`top`: families, models, publishers, organisations and countries by a counter, each beside its other counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters, tallies
from lineage import graph as graphs
from lineage.answers import Ranked, TopAnswer
from lineage.counters import THRESHOLD, VERSIONS, Ground, Target
from lineage.domain import Attribution, Level, Number
from lineage.errors import Misuse
from lineage.questions import notes, standing
from lineage.questions.counting import countries, origins

if TYPE_CHECKING:
    from lineage.atlas import Atlas

KINDS = ("family", "model", "publisher", "organisation", "country", "origin")

HEADLINE = ("derivatives", "direct", "organic", "trained", "publishers")
"""Counters that stand together: a headline is never one bare number."""

_SUMS = ("downloads", "downloads_all_time", "likes")

_BOUNDED = tuple(counter for counter in VERSIONS if counter not in (*counters.LOOSE, *_SUMS))
"""Counters that no model has more of than derivatives, so that the top can be found without counting all."""


def top(
    atlas: Atlas,
    *,
    kind: str = "family",
    by: str = "derivatives",
    limit: int = 20,
    attribution: Attribution = Attribution.ANY,
    evidence: Level = Level.DECLARED,
    as_of: date | None = None,
    threshold: int = THRESHOLD,
    scheme: str = "iso",
) -> TopAnswer:
    """The first `limit` of a kind by a counter; ties by name, bytewise. Raises `Misuse` where it cannot be ranked."""
    kind = kind.replace("organization", "organisation")
    if by not in VERSIONS:
        raise Misuse(f"No counter {by!r}. Try one of: {', '.join(VERSIONS)}.")
    ground = atlas.ground(evidence, as_of=as_of, threshold=threshold)
    rank = _by_place(kind, scheme) if kind in _PLACES else _RANKERS.get(kind)
    if rank is None:
        raise Misuse(f"No leaderboard of {kind!r}. Try one of: {', '.join(KINDS)}.")
    results, whole, meaning = rank(atlas, ground, by, limit, attribution)
    lines, remarks = standing.beside(atlas, kind, results)
    return TopAnswer(
        receipt=atlas.receipt(
            "top",
            counters=VERSIONS,
            level=evidence,
            attribution=attribution,
            as_of=as_of,
            threshold=threshold,
            listed=kind == "family",
        ),
        kind=kind,
        by=by,
        results=lines,
        whole=whole,
        whole_meaning=meaning,
        scheme=scheme,
        notes=(
            *notes.about(atlas, evidence, as_of),
            *notes.about_scope(atlas),
            *notes.about_places(scheme if kind in _PLACES else "iso"),
            *remarks,
        ),
    )


def _first(results: list[Ranked], limit: int) -> list[Ranked]:
    return sorted(results, key=lambda r: (-r.value, r.name))[:limit]


def _whole(ground: Ground) -> int:
    """Distinct models that derive from any registry family."""
    return len(ground.eligible(np.flatnonzero(ground.shared.k > 0)))


def _families(
    atlas: Atlas, ground: Ground, by: str, limit: int, attribution: Attribution
) -> tuple[list[Ranked], int, str]:
    results, kept = [], atlas.tallies if attribution is Attribution.ANY and atlas.usual(ground) else {}
    shares = {place: tally.share or 0 for place, tally in kept.items()}
    whole = sum(shares.values()) if kept else _whole(ground)
    for place, family in enumerate(atlas.registry.families):
        target = atlas.family_target(family.slug)
        if not len(target.members):
            continue
        if kept:
            values, shared = kept[place].values, shares[place]
        else:
            values, shared = _counted(ground, target, by, attribution), tallies.share(ground, place)
        value = values[by]
        if value is None and by == "active" and ground.until is not None:
            raise Misuse("`active` needs a snapshot of that date: today's downloads say nothing of the past.")
        if value is None:
            raise Misuse(f"Families cannot be ranked by {by} under attribution {attribution}. Try --attribution any.")
        owner = atlas.registry.organization(family.organization)
        results.append(
            Ranked(
                family.slug,
                family.name,
                value,
                values,
                country=owner.country if owner else None,
                share=float(shared / whole) if whole and by == "derivatives" else None,
            )
        )
    return _first(results, limit), int(whole), "models that derive from a registry family; shares are fractional"


def _counted(ground: Ground, target: Target, by: str, attribution: Attribution) -> Mapping[str, Number | None]:
    values = counters.count(ground, target, counters.derivative_table(ground, target), attribution)
    return values | counters.loose(ground, target, attribution) if by in counters.LOOSE else values


def _models(
    atlas: Atlas, ground: Ground, by: str, limit: int, attribution: Attribution
) -> tuple[list[Ranked], int, str]:
    """Exact without counting every model: no counter here exceeds `derivatives`, so the walk stops at that bound."""
    if by not in _BOUNDED or attribution is not Attribution.ANY:
        raise Misuse(
            f"Models cannot be ranked by {by} under attribution {attribution}. "
            f"Try --attribution any and --by one of: {', '.join(_BOUNDED)}."
        )
    bound = graphs.derivative_counts(ground.graph)
    order = np.argsort(-bound, kind="stable")
    results: list[Ranked] = []
    for node in order.tolist():
        if bound[node] == 0 or (len(results) >= limit and bound[node] < _first(results, limit)[-1].value):
            break
        target = atlas.model_target(node)
        values = counters.count(ground, target, counters.derivative_table(ground, target), attribution)
        owner = atlas.registry.organization_of(target.publisher)
        results.append(
            Ranked(target.name, target.name, values[by] or 0, values, country=owner.country if owner else None)
        )
    return _first(results, limit), _with_parent(ground), "models with a parent"


def _with_parent(ground: Ground) -> int:
    return len(ground.eligible(np.unique(ground.graph.child)))


def _everyone(atlas: Atlas, ground: Ground) -> pl.DataFrame:
    """The derivative table of all models with a parent that are no family's members: what uploaders are ranked by."""
    own = atlas.members["node"].to_numpy().astype(np.int64)
    nodes = np.setdiff1d(np.unique(ground.graph.child), own, assume_unique=True)
    every = np.ones(ground.graph.n, dtype=bool)
    return counters.table_of(ground, nodes, np.zeros(len(nodes), np.int64), every, None, None)


def _uploaders(
    key: Callable[[Atlas, Ground, pl.DataFrame], pl.Series],
    label: Callable[[Atlas, str | None], tuple[str, str | None]],
) -> Callable[[Atlas, Ground, str, int, Attribution], tuple[list[Ranked], int, str]]:
    def rank(
        atlas: Atlas, ground: Ground, by: str, limit: int, attribution: Attribution
    ) -> tuple[list[Ranked], int, str]:
        """The best uploaders, how many there are in all, and what is ranked."""
        table = _everyone(atlas, ground)
        table = table.with_columns(key(atlas, ground, table).alias("key"))
        if attribution is not Attribution.ANY:
            raise Misuse("Only families divide derivatives. Try --attribution any.")
        summed = counters.summed(table, Attribution.ANY, None, by="key")
        publishers = dict(table.group_by("key").agg(pl.col("publisher").drop_nulls().n_unique()).iter_rows())
        results = []
        for name, values in summed.items():
            whole: dict[str, Number | None] = {**values, "publishers": publishers[name]}
            value = whole.get(by)
            if value is None:
                raise Misuse(f"There is no {by} of an uploader. Try one of: {', '.join(whole)}.")
            text, country = label(atlas, name)
            share = float(value / table.height) if by == "derivatives" else None
            results.append(Ranked(name or "unknown", text, value, whole, country=country, share=share))
        meaning = "models with a parent, official models of registry families left out"
        return _first(results, limit), table.height, meaning

    return rank


def _publisher_label(atlas: Atlas, name: str | None) -> tuple[str, str | None]:
    owner = atlas.registry.organization_of(name)
    return name or "no publisher", owner.country if owner else None


def _organization_label(atlas: Atlas, slug: str | None) -> tuple[str, str | None]:
    found = atlas.registry.organization(slug) if slug else None
    return (found.name, found.country) if found else ("publishers the registry does not know", None)


def _country_label(atlas: Atlas, code: str | None) -> tuple[str, str | None]:
    return (code, code) if code else ("unknown country", None)


def _origin_label(atlas: Atlas, code: str | None) -> tuple[str, str | None]:
    if code == "-":
        return "no registry family", None
    return (code, code) if code else ("unknown country", None)


_PLACES = ("country", "origin")


def _by_place(kind: str, scheme: str) -> _Ranker:
    """Uploaders by where they sit, or derivatives by where the family met first comes from; `-` for no family."""

    def country(atlas: Atlas, ground: Ground, table: pl.DataFrame) -> pl.Series:
        """The uploader's."""
        return countries(atlas, table["organization"], scheme)

    def origin(atlas: Atlas, ground: Ground, table: pl.DataFrame) -> pl.Series:
        """The family's."""
        primary = counters.shares(ground, table)["primary"]
        found = origins(atlas, primary, scheme)
        return pl.select(pl.when(primary < 0).then(pl.lit("-")).otherwise(found)).to_series()

    return _uploaders(country, _country_label) if kind == "country" else _uploaders(origin, _origin_label)


_Ranker = Callable[["Atlas", Ground, str, int, Attribution], tuple[list[Ranked], int, str]]

_RANKERS: Mapping[str, _Ranker] = {
    "family": _families,
    "model": _models,
    "publisher": _uploaders(lambda atlas, ground, table: table["publisher"], _publisher_label),
    "organisation": _uploaders(lambda atlas, ground, table: table["organization"], _organization_label),
}
