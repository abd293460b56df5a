"""`trends`: new derivatives month by month, by family, by the family's country of origin, or by the uploader's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage.answers import Asked, Mark, Month, Trend, TrendsAnswer
from lineage.counters import VERSIONS
from lineage.domain import Attribution, Level, Number, exact
from lineage.errors import Fatal, NotFound
from lineage.questions import notes
from lineage.questions.counting import countries, origins, place

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.counters import Ground
    from lineage.graph import Ints

SPLITS = ("family", "origin", "country")

OTHERS, UNKNOWN, NONE = "others", "unknown", "none"
"""Bands: what was not asked for by name, what nobody knows, what derives from no family of the registry."""

_BANDS = (OTHERS, UNKNOWN, NONE)

_LABELS: Mapping[tuple[str, str], str] = {
    ("family", OTHERS): "other families",
    ("origin", OTHERS): "other countries",
    ("country", OTHERS): "other countries",
    ("origin", UNKNOWN): "unknown country",
    ("country", UNKNOWN): "unknown country",
    ("family", NONE): "no registry family",
    ("origin", NONE): "no registry family",
}

_HUB_BEGAN = date(2016, 1, 1)
"""A date before this is no date of a model."""

_BACKDATED = "2022-03"
"""The Hub kept no creation dates before this month and dates all older models into it."""

MEANING = "new models with a parent, official models of registry families left out"


def trends(
    atlas: Atlas,
    *,
    by: str = "family",
    names: Sequence[str] = (),
    evidence: Level = Level.DECLARED,
    attribution: Attribution | None = None,
    since: date | None = None,
    until: date | None = None,
    scheme: str = "iso",
) -> TrendsAnswer:
    """New derivatives a month and their shares of that month, the largest line first, the bands last.

    `names` picks lines, in their order; the rest is then a band. `since` and `until` stand for their whole months.
    Raises `NotFound` for an unknown name, `Fatal` for an unknown split.
    """
    if by not in SPLITS:
        raise Fatal(f"Trends cannot be told apart by {by!r}. Try one of: {', '.join(SPLITS)}.")
    if since and until and since > until:
        raise Fatal(f"No month lies between {since} and {until}. Swap since and until.")
    wanted = _wanted(atlas, by, names, scheme)
    ground = atlas.ground(evidence)
    last = atlas.snapshot.manifest.as_of.date()
    born = _born(ground, newcomers(atlas, ground), last)
    undated = int(born["month"].null_count())
    born = _within(born.drop_nulls("month"), since, until)
    months = _months(born, atlas.snapshot.manifest.as_of)
    rows = _grouped(_rows(atlas, ground, born, by, scheme), by, wanted)
    way = attribution or Attribution.ANY
    return TrendsAnswer(
        receipt=atlas.receipt(
            "trends", counters={"derivatives": VERSIONS["derivatives"]}, level=evidence, attribution=way
        ),
        by=by,
        months=months,
        lines=_lines(atlas, by, wanted, months, weighed(rows, way), weighed(rows, Attribution.FRACTIONAL)),
        whole=born.height,
        whole_meaning=MEANING,
        undated=undated,
        marks=_marks(atlas, months),
        notes=(
            *notes.about(atlas, evidence, None),
            *notes.about_scope(atlas),
            *notes.about_places(scheme if by != "family" else "iso"),
            *_notes(by, months, undated, way),
        ),
        asked=Asked(tuple(names), since, until, scheme),
    )


def newcomers(atlas: Atlas, ground: Ground) -> Ints:
    """The models that months are made of: with a parent and no family's member, or deriving from a family."""
    own = atlas.members["node"].to_numpy().astype(np.int64)
    plain = np.setdiff1d(np.unique(ground.graph.child), own, assume_unique=True)
    nodes: Ints = np.union1d(plain, np.flatnonzero(ground.shared.k > 0))
    return nodes


def _born(ground: Ground, nodes: Ints, last: date) -> pl.DataFrame:
    """Nodes with the month they were made in, as year * 12 + month - 1; null without a date that can be true."""
    made = ground.take("created_at", nodes)
    month = pl.col("made").dt.year().cast(pl.Int32) * 12 + pl.col("made").dt.month().cast(pl.Int32) - 1
    likely = pl.col("made").dt.date().is_between(_HUB_BEGAN, last)
    return pl.DataFrame({"node": nodes, "made": made}).select("node", month=pl.when(likely).then(month))


def number_of(day: date) -> int:
    """The month of a day as one number."""
    return day.year * 12 + day.month - 1


def month_key(number: int) -> str:
    """2025-07 from such a number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _within(born: pl.DataFrame, since: date | None, until: date | None) -> pl.DataFrame:
    if since:
        born = born.filter(pl.col("month") >= number_of(since))
    if until:
        born = born.filter(pl.col("month") <= number_of(until))
    return born


def _months(born: pl.DataFrame, as_of: datetime) -> tuple[Month, ...]:
    """Every month from the first with a new model to the last, empty ones too."""
    if not born.height:
        return ()
    wholes = dict(born.group_by("month").len().iter_rows())
    return tuple(
        Month(month_key(n), wholes.get(n, 0), datetime((n + 1) // 12, (n + 1) % 12 + 1, 1, tzinfo=UTC) <= as_of)
        for n in range(min(wholes), max(wholes) + 1)
    )


def _rows(atlas: Atlas, ground: Ground, born: pl.DataFrame, by: str, scheme: str) -> pl.DataFrame:
    """A row for each model and each key it counts for: month, key, k (0 where it reaches no family), primary."""
    if by == "country":
        publisher = ground.take("publisher", born["node"].to_numpy())
        key = countries(atlas, ground.owners(publisher), scheme).fill_null(UNKNOWN)
        return born.with_columns(key=key, k=pl.lit(1, pl.Int64), primary=pl.lit(True))
    node, family, _ = ground.shared.pairs
    places = pl.Series("family", family)
    slugs = pl.Series([one.slug for one in atlas.registry.families], dtype=pl.String)
    key = slugs.gather(family) if by == "family" else origins(atlas, places, scheme).fill_null(UNKNOWN)
    pairs = pl.DataFrame(
        {"node": node, "key": key, "k": ground.shared.k[node], "primary": ground.shared.primary[node] == family}
    )
    return born.join(pairs, on="node", how="left").with_columns(
        pl.col("key").fill_null(NONE), pl.col("k").fill_null(0), pl.col("primary").fill_null(True)
    )


def _wanted(atlas: Atlas, by: str, names: Sequence[str], scheme: str) -> tuple[str, ...]:
    found = {name: _known(atlas, by, name, scheme) for name in names}
    return tuple(dict.fromkeys(found.values()))


def _known(atlas: Atlas, by: str, name: str, scheme: str) -> str:
    """The slug, country code or region that a name stands for."""
    if by == "family":
        slug = name.removeprefix("family:").lower()
        if atlas.registry.family(slug):
            return slug
        slugs = [family.slug for family in atlas.registry.families]
        raise NotFound(f"No family {name!r} in the registry.", get_close_matches(slug, slugs, 5, 0.4))
    codes = {found.lower(): found for one in atlas.registry.organizations if (found := place(one, scheme))}
    if name.lower() in codes:
        return codes[name.lower()]
    if scheme == "iso":
        raise NotFound(f"No organisation of the registry sits in a country {name!r}; codes are those of ISO 3166.")
    raise NotFound(f"No organisation of the registry sits in a region {name!r}.", sorted(codes))


def _grouped(rows: pl.DataFrame, by: str, wanted: Sequence[str]) -> pl.DataFrame:
    """The rows with every key that was not asked for in the band of the others; `by` keeps the true bands apart."""
    if not wanted:
        return rows
    kept = [*wanted, *(band for band in (UNKNOWN, NONE) if (by, band) in _LABELS)]
    return rows.with_columns(key=pl.when(pl.col("key").is_in(kept)).then("key").otherwise(pl.lit(OTHERS)))


def weighed(rows: pl.DataFrame, way: Attribution) -> dict[tuple[int, str], Number]:
    """Models by month and key under an attribution, exact; a model without family counts 1 under each."""
    if way is Attribution.PRIMARY:
        rows = rows.filter("primary")
    elif way is Attribution.EXCLUSIVE:
        rows = rows.filter(pl.col("k") <= 1)
    if way is Attribution.FRACTIONAL:
        parts = rows.group_by("month", "key", k=pl.max_horizontal("k", 1)).len()
    else:
        parts = rows.group_by("month", "key").agg(len=pl.col("node").n_unique()).with_columns(k=pl.lit(1))
    out: dict[tuple[int, str], Number] = {}
    for month, key, k, models in parts.select("month", "key", "k", "len").iter_rows():
        out[month, key] = out.get((month, key), 0) + (models if k == 1 else Fraction(models, k))
    return {cell: exact(value) for cell, value in out.items()}


def _lines(
    atlas: Atlas,
    by: str,
    wanted: Sequence[str],
    months: Sequence[Month],
    new: Mapping[tuple[int, str], Number],
    parts: Mapping[tuple[int, str], Number],
) -> tuple[Trend, ...]:
    numbers = [number_of(date.fromisoformat(f"{month.key}-01")) for month in months]
    keys = {key for _, key in parts}
    made = []
    for key in dict.fromkeys((*wanted, *sorted(keys))):
        cells = tuple(new.get((n, key), 0) for n in numbers)
        shares = tuple(
            Fraction(parts.get((n, key), 0)) / month.whole if month.whole else None
            for n, month in zip(numbers, months, strict=True)
        )
        band = key in _BANDS
        made.append(Trend(key, _label(atlas, by, key), band, cells, shares, exact(sum(cells, Fraction(0)))))
    place = {key: at for at, key in enumerate(wanted)}
    return tuple(sorted(made, key=lambda t: (_rank(t), place.get(t.name, 0), -t.total, t.name)))


def _rank(line: Trend) -> int:
    return 1 + _BANDS.index(line.name) if line.band else 0


def _label(atlas: Atlas, by: str, key: str) -> str:
    if key in _BANDS:
        return _LABELS.get((by, key), key)
    family = atlas.registry.family(key) if by == "family" else None
    return family.name if family else key


def _marks(atlas: Atlas, months: Sequence[Month]) -> tuple[Mark, ...]:
    shown = {month.key for month in months}
    marks = (Mark(m.slug, m.on, m.text, m.source) for m in atlas.registry.markers if f"{m.on:%Y-%m}" in shown)
    return tuple(sorted(marks, key=lambda mark: (mark.on, mark.slug)))


def _notes(by: str, months: Sequence[Month], undated: int, way: Attribution) -> list[str]:
    said = ["Months come from one snapshot: models deleted since are missing, so the past is a lower bound."]
    if any(not month.finished for month in months):
        said.append(f"{months[-1].key} was not over when the snapshot was taken.")
    if any(month.key == _BACKDATED for month in months):
        said.append(f"The Hub dates everything older than {_BACKDATED} into that month.")
    if undated:
        said.append(f"{undated:,} models have no date that can be true and stand in no month.")
    if by == "country" and way is not Attribution.ANY:
        said.append("A model has one uploader, so attribution divides nothing here.")
    return said
