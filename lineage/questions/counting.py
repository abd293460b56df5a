"""`count`: every counter of families and models, whole or broken down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters
from lineage.answers import CountAnswer, Slice
from lineage.counters import THRESHOLD, VERSIONS, Ground, Target
from lineage.domain import Attribution, Counts, Level, Number, Relation
from lineage.errors import Misuse
from lineage.graph import reach
from lineage.questions import naming, notes

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.registry import Organization

PER = ("month", "publisher", "organisation", "country", "origin", "relation", "series")


def count(
    atlas: Atlas,
    names: Sequence[str],
    *,
    attribution: Attribution = Attribution.ANY,
    evidence: Level = Level.DECLARED,
    as_of: date | None = None,
    per: str | None = None,
    threshold: int = THRESHOLD,
    scheme: str = "iso",
) -> CountAnswer:
    """Every counter of each name, in the order asked; one unknown name raises `NotFound` for all."""
    targets = [naming.target(atlas, name) for name in names]
    ground = atlas.ground(evidence, as_of=as_of, threshold=threshold)
    results, slices = [], []
    remarks = notes.about(atlas, evidence, as_of) + notes.about_cover(atlas, targets)
    remarks += naming.remarks(atlas, {name: each.name for name, each in zip(names, targets, strict=True)})
    remarks += notes.about_places(scheme if per in ("country", "origin") else "iso")
    for name, target in zip(names, targets, strict=True):
        values, said = _counted(atlas, ground, target, attribution)
        results.append(Counts(name, target.kind, values))
        remarks += said
        if per is not None:
            table = counters.derivative_table(ground, target)
            shared = table if attribution is Attribution.ANY else counters.shares(ground, table)
            slices += _slices(target, name, keyed(atlas, ground, target, shared, per, scheme), attribution, per)
    return CountAnswer(
        receipt=atlas.receipt(
            "count",
            counters=VERSIONS,
            level=evidence,
            attribution=attribution,
            as_of=as_of,
            threshold=threshold,
            listed=all(_listed(atlas, target) for target in targets),
            about=targets,
        ),
        results=tuple(results),
        per=per,
        slices=tuple(slices),
        scheme=scheme,
        notes=tuple(dict.fromkeys(remarks)),
    )


def _counted(
    atlas: Atlas, ground: Ground, target: Target, attribution: Attribution
) -> tuple[dict[str, Number | None], list[str]]:
    if attribution is Attribution.ANY:
        tally = atlas.tally(ground, target)
        return dict(tally.values), notes.about_target(ground, target, tally)
    table = counters.derivative_table(ground, target)
    values = counters.count(ground, target, table, attribution) | counters.loose(ground, target, attribution)
    return {counter: values[counter] for counter in VERSIONS}, notes.about_division(target, attribution)


def _listed(atlas: Atlas, target: Target) -> bool:
    return bool(np.isin(target.members, atlas.members["node"].to_numpy()).all())


def _slices(target: Target, name: str, table: pl.DataFrame, attribution: Attribution, per: str) -> list[Slice]:
    if target.kind == "model" and attribution is not Attribution.ANY:
        raise Misuse(
            f"{name} is a model: attribution {attribution} divides between families. "
            "Try --attribution any, or a family's slug."
        )
    summed = counters.summed(table, attribution, target.family, by="key")
    publishers = dict(table.group_by("key").agg(pl.col("publisher").drop_nulls().n_unique()).iter_rows())
    made = []
    for key, values in summed.items():
        whole: dict[str, Number | None] = dict(values)
        if attribution is Attribution.ANY:
            whole["publishers"] = publishers[key]
        made.append(Slice(name, key, whole))
    if per in ("month", "series"):
        return sorted(made, key=lambda s: (s.key is None, s.key or ""))
    return sorted(made, key=lambda s: (-(s.values["derivatives"] or 0), s.key is None, s.key or ""))


def keyed(
    atlas: Atlas, ground: Ground, target: Target, table: pl.DataFrame, per: str, scheme: str = "iso"
) -> pl.DataFrame:
    """The derivative table with a `key` column; a row stands once for each key it has."""
    if per == "month":
        created = ground.take("created_at", table["node"].to_numpy())
        return table.with_columns(key=created.dt.strftime("%Y-%m"))
    if per == "publisher":
        return table.with_columns(key="publisher")
    if per in ("organisation", "organization"):
        return table.with_columns(key="organization")
    if per == "country":
        return table.with_columns(key=countries(atlas, table["organization"], scheme))
    if per == "origin":
        return table.with_columns(key=origins(atlas, counters.shares(ground, table)["primary"], scheme))
    if per == "relation":
        bits = {str(r): r.bit for r in Relation}
        return pl.concat([table.filter(pl.col("bits") & b > 0).with_columns(key=pl.lit(r)) for r, b in bits.items()])
    if per == "series":
        return _by_series(atlas, ground, target, table)
    raise Misuse(f"Counts cannot be broken down by {per!r}. Try one of: {', '.join(PER)}.")


SCHEMES = ("iso", "atom")
"""How places are told apart: the ISO code of the headquarters, or ATOM's regions, which differ (AI21, Europe)."""


def place(organization: Organization, scheme: str) -> str | None:
    """Where an organisation sits, None where nobody knows. Raises `Misuse` for an unknown scheme."""
    if scheme not in SCHEMES:
        raise Misuse(f"No country scheme {scheme!r}. Try one of: {', '.join(SCHEMES)}.")
    if scheme == "iso":
        return organization.country
    return None if organization.region == "unknown" else organization.region


def countries(atlas: Atlas, organizations: pl.Series, scheme: str = "iso") -> pl.Series:
    """Where each organisation sits, by slug."""
    known = {o.slug: place(o, scheme) for o in atlas.registry.organizations}
    return organizations.replace_strict(known, default=None, return_dtype=pl.String)


def origins(atlas: Atlas, families: pl.Series, scheme: str = "iso") -> pl.Series:
    """Where each family's organisation sits; `families` are places in the registry, -1 for none."""
    known = {
        at: place(owner, scheme)
        for at, family in enumerate(atlas.registry.families)
        if (owner := atlas.registry.organization(family.organization))
    }
    return families.replace_strict(known, default=None, return_dtype=pl.String)


def _by_series(atlas: Atlas, ground: Ground, target: Target, table: pl.DataFrame) -> pl.DataFrame:
    family = atlas.registry.families[target.family] if target.family is not None else None
    if family is None:
        raise Misuse(f"{target.name} is a model: only families have series. Try --per relation.")
    series = [atlas.registry.series_of(family, id) for id in atlas.ids.gather(target.members).to_list()]
    parts = []
    for one in dict.fromkeys(series):
        own = target.members[np.array([s == one for s in series])]
        below = pl.Series("node", reach(ground.graph.down, own).nodes)
        parts.append(table.join(below.to_frame(), on="node", how="semi").with_columns(key=pl.lit(one, pl.String)))
    return pl.concat(parts) if parts else table.with_columns(key=pl.lit(None, pl.String))
