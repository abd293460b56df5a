"""Every counter: what it counts, its version, and the one function that computes it. Pure.

Counters run over columns, never in a store. A `Target` says who is counted about: a family's members, or one model.
`derivative_table` has a row for each derivative with all that counters ask of it; `summed` folds such a table, whole or
by a key, under an attribution. Rules: docs/definitions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np
import polars as pl

from lineage.attributions import Attributions
from lineage.domain import Attribution, Number, Relation, exact
from lineage.graph import Flags, Graph, Ints, reach

_BEYOND_ASCII = r"[^\x00-\x7f]"

THRESHOLD = 500
"""Default N of `organic`: more children than this from one publisher, or of one name template, are bulk."""

ACTIVE_DOWNLOADS = 5
"""`active` needs more downloads in 30 days than this (ATOM's filter)."""

TRAINED = Relation.FINETUNE.bit | Relation.ADAPTER.bit | Relation.MERGE.bit


@dataclass(frozen=True)
class Counter:
    """A counter's public face: `divided` where attribution applies, `models` where a single model has it too."""

    id: str
    version: int
    counts: str
    divided: bool = True
    models: bool = True


COUNTERS: tuple[Counter, ...] = (
    Counter("derivatives", 1, "distinct models with a directed path to a member"),
    Counter("direct", 1, "distinct models with an edge straight to a member", divided=False),
    Counter("organic", 1, "derivatives without bulk: not all edges towards it stem from a farm"),
    Counter("trained", 1, "derivatives by finetune, adapter or merge: no bare quantisations"),
    Counter("finetunes", 1, "derivatives with a finetune edge towards it"),
    Counter("adapters", 1, "derivatives with an adapter edge towards it"),
    Counter("merges", 1, "derivatives with a merge edge towards it"),
    Counter("quantizations", 1, "derivatives with a quantized edge towards it"),
    Counter("unspecified", 1, "derivatives with an edge of no stated relation towards it"),
    Counter("external", 1, "derivatives not published by its own organisation"),
    Counter("active", 1, "derivatives with more than 5 downloads in 30 days"),
    Counter("publishers", 1, "distinct publishers among the derivatives", divided=False),
    Counter("tagged", 1, "distinct models with a base_model tag naming its namespaces", divided=False, models=False),
    Counter("named", 1, "distinct models whose name matches its name pattern", divided=False, models=False),
    Counter("taught", 1, "distinct models with it as a teacher, and their derivatives", divided=False),
    Counter("downloads", 1, "30-day downloads, summed over the derivatives"),
    Counter("downloads_all_time", 1, "downloads since the Hub counts, summed over the derivatives"),
    Counter("likes", 1, "likes, summed over the derivatives"),
)

VERSIONS: Mapping[str, int] = {c.id: c.version for c in COUNTERS}

_BY_RELATION: Mapping[str, int] = {
    "finetunes": Relation.FINETUNE.bit,
    "adapters": Relation.ADAPTER.bit,
    "merges": Relation.MERGE.bit,
    "quantizations": Relation.QUANTIZED.bit,
    "unspecified": Relation.UNSPECIFIED.bit,
    "trained": TRAINED,
}


@dataclass(frozen=True)
class Ground:
    """What counting stands on: one level's graph, its attributions, and columns of nodes.

    `column(name)` is a whole column of `schema.NODES` in node order, with `created_at` corrected by the registry;
    `owner(namespace)` the slug of the organisation behind it, `matching(pattern)` the nodes whose name after the slash
    matches it, case aside, ascending. `until` drops models created later; None counts all.
    `namespaces` are all, lower-cased, that `owner` may know.
    `mirrored`: the graph is known only through a store, which carries neither tags nor teachers' students.
    `scoped`: the snapshot was crawled for some families or models, what is looked for over the whole Hub is absent.
    `layered`: the snapshot holds only models with a parent, a child or a family, so that names are not all there.
    """

    graph: Graph
    shared: Attributions
    column: Callable[[str], pl.Series]
    owner: Callable[[str], str | None]
    namespaces: Sequence[str]
    teachers: pl.DataFrame
    named: pl.DataFrame
    matching: Callable[[str], pl.Series]
    until: datetime | None = None
    threshold: int = THRESHOLD
    mirrored: bool = False
    scoped: bool = False
    layered: bool = False

    def take(self, name: str, nodes: Ints) -> pl.Series:
        """A column at `nodes`."""
        return self.column(name).gather(nodes)

    def owners(self, publishers: pl.Series) -> pl.Series:
        """The organisation behind each namespace of a column."""
        every = publishers.unique().drop_nulls()
        near = every.str.to_lowercase().is_in(self.namespaces) | every.str.contains(_BEYOND_ASCII)
        known = {name: slug for name in every.filter(near) if (slug := self.owner(name)) is not None}
        return publishers.replace_strict(known, default=None, return_dtype=pl.String)

    def eligible(self, nodes: Ints) -> Ints:
        """Those of `nodes` that are counted as of the asked date."""
        if self.until is None or not len(nodes):
            return nodes
        keep: Flags = (self.take("created_at", nodes) <= self.until).fill_null(False).to_numpy()
        return nodes[keep]

    def models(self, nodes: Ints) -> Ints:
        """Those of `nodes` that are no stubs."""
        stub: Flags = self.take("stub", nodes).to_numpy()
        return nodes[~stub]


@dataclass(frozen=True)
class Target:
    """Who is counted about. `family` is the registry's place of a family, None for a model.

    `organization` is the slug whose own uploads are not external, `publisher` the namespace where no organisation is
    known. `namespaces` (lower-cased) and `name_pattern` serve `tagged` and `named`.
    """

    name: str
    kind: str
    members: Ints
    family: int | None = None
    organization: str | None = None
    publisher: str | None = None
    namespaces: Sequence[str] = ()
    name_pattern: str | None = None


TABLE: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,
    "distance": pl.Int64,
    "bits": pl.UInt8,
    "organic": pl.Boolean,
    "farmed_by_publisher": pl.Boolean,
    "farmed_by_template": pl.Boolean,
    "external": pl.Boolean,
    "publisher": pl.String,
    "organization": pl.String,
    "downloads": pl.Int64,
    "downloads_all_time": pl.Int64,
    "likes": pl.Int64,
}
"""One row a derivative. `bits`: its relations towards the target; `farmed_*`: all its edges are bulk that way."""


def derivatives_of(ground: Ground, target: Target) -> tuple[Ints, Ints]:
    """The target's derivatives, sorted by number, with their distances; as-of is not applied."""
    if target.family is not None:
        return ground.shared.of(target.family)
    found = reach(ground.graph.down, target.members)
    keep = found.distance > 0
    order = np.argsort(found.nodes[keep])
    return found.nodes[keep][order], found.distance[keep][order]


def derivative_table(ground: Ground, target: Target) -> pl.DataFrame:
    """`TABLE` for the target's derivatives as of the asked date."""
    nodes, distance = derivatives_of(ground, target)
    towards = np.zeros(ground.graph.n, dtype=bool)
    towards[nodes] = True
    towards[target.members] = True
    return table_of(ground, nodes, distance, towards, target.organization, target.publisher)


def table_of(
    ground: Ground, nodes: Ints, distance: Ints, towards: Flags, organization: str | None, publisher: str | None
) -> pl.DataFrame:
    """`TABLE` for any `nodes` (sorted), by their edges to parents flagged in `towards`."""
    graph = ground.graph
    kept = ground.eligible(nodes)
    distance = distance[np.isin(nodes, kept, assume_unique=True)] if len(kept) < len(nodes) else distance
    counted = np.zeros(graph.n, dtype=bool)
    counted[kept] = True
    edge = np.flatnonzero(counted[graph.child] & towards[graph.parent])
    starts = np.flatnonzero(np.diff(graph.child[edge], prepend=-1))
    crowded = graph.crowd[:, edge] > ground.threshold
    space = ground.take("publisher", kept)
    owner = ground.owners(space)
    own = (owner == (organization or "")) | (space == (publisher or ""))
    return pl.DataFrame(
        {
            "node": kept,
            "distance": distance,
            "bits": np.bitwise_or.reduceat(graph.relations[edge], starts) if len(edge) else np.empty(0, np.uint8),
            "organic": ~_all(crowded[0] | crowded[1], starts),
            "farmed_by_publisher": _all(crowded[0], starts),
            "farmed_by_template": _all(crowded[1], starts),
            "external": ~own.fill_null(False),
            "publisher": space,
            "organization": owner,
            **{name: ground.take(name, kept) for name in ("downloads", "downloads_all_time", "likes")},
        },
        schema=dict(TABLE),
    )


def _all(flags: Flags, starts: Ints) -> Flags:
    """Whether all flags of each run are set."""
    return np.logical_and.reduceat(flags, starts) if len(flags) else np.empty(0, bool)


FLAGS: Mapping[str, pl.Expr] = {
    "derivatives": pl.lit(True),
    "organic": pl.col("organic"),
    **{name: pl.col("bits") & bits > 0 for name, bits in _BY_RELATION.items()},
    "external": pl.col("external"),
    "active": pl.col("downloads") > ACTIVE_DOWNLOADS,
}
"""Which rows of a derivative table a counter of models counts."""

_MEASURES: Mapping[str, pl.Expr] = {
    **{name: pl.len() if name == "derivatives" else flag.sum() for name, flag in FLAGS.items()},
    "downloads": pl.col("downloads").sum(),
    "downloads_all_time": pl.col("downloads_all_time").sum(),
    "likes": pl.col("likes").sum(),
}
"""What is summed over a table, each row at its weight."""


def shares(ground: Ground, table: pl.DataFrame) -> pl.DataFrame:
    """A derivative table with `k` and `primary`, which every attribution but `any` needs."""
    nodes = table["node"].to_numpy()
    return table.with_columns(k=ground.shared.k[nodes], primary=ground.shared.primary[nodes])


def summed(
    table: pl.DataFrame, attribution: Attribution, family: int | None, by: str | None = None
) -> dict[str | None, dict[str, Number | None]]:
    """Counters of a table under an attribution, for each value of column `by` (one entry, key None, without it).

    Beyond `any` the table needs `shares`. Fractional sums are exact: rows are grouped by k, and each group is divided
    once. What needs a column that the snapshot lacks is None.
    """
    absent = {name for name, column in _NEEDS.items() if table.height and table[column].null_count() == table.height}
    if attribution is Attribution.EXCLUSIVE:
        table = table.filter(pl.col("k") == 1)
    elif attribution is Attribution.PRIMARY:
        table = table.filter(pl.col("primary") == (-1 if family is None else family))
    weight = pl.col("k") if attribution is Attribution.FRACTIONAL else pl.lit(1, pl.Int64)
    key = pl.col(by) if by else pl.lit(None, pl.String)
    groups = table.group_by(key.alias("key"), weight.alias("weight")).agg(
        **{name: measure.cast(pl.Int64) for name, measure in _MEASURES.items()}
    )
    out: dict[str | None, dict[str, Number]] = {}
    for row in groups.iter_rows(named=True):
        into = out.setdefault(row["key"], dict.fromkeys(_MEASURES, 0))
        for name in _MEASURES:
            value = row[name] or 0
            into[name] += value if row["weight"] == 1 else Fraction(value, row["weight"])
    if not by and not out:
        out[None] = dict.fromkeys(_MEASURES, 0)
    return {
        key: {name: None if name in absent else exact(value) for name, value in values.items()}
        for key, values in out.items()
    }


_NEEDS: Mapping[str, str] = {
    "active": "downloads",
    "downloads": "downloads",
    "downloads_all_time": "downloads_all_time",
    "likes": "likes",
}
"""Columns that an input may lack altogether, by the counters that read them."""


def count(ground: Ground, target: Target, table: pl.DataFrame, attribution: Attribution) -> dict[str, Number | None]:
    """The counters that walk edges; None where the attribution or the kind has none, `LOOSE` ones left out.

    `table` is the target's `derivative_table`. Attribution divides a derivative between families; one model is no
    family, so beyond `any` it has no counts.
    """
    walked = [counter for counter in VERSIONS if counter not in LOOSE]
    undivided = attribution is Attribution.ANY
    if target.kind == "model" and not undivided:
        return dict.fromkeys(walked, None)
    values = summed(table if undivided else shares(ground, table), attribution, target.family)[None]
    if undivided:
        values["direct"] = len(direct_of(ground, target))
        values["publishers"] = table["publisher"].drop_nulls().n_unique()
    if ground.until is not None:
        values["active"] = None
    return {counter: values.get(counter) for counter in walked}


LOOSE = ("tagged", "named", "taught")
"""Counters that do not walk from members to derivatives."""


def loose(ground: Ground, target: Target, attribution: Attribution) -> dict[str, Number | None]:
    """The `LOOSE` counters: by tag, by name, by teacher; None beyond `any`, and by tag and name for a model."""
    if attribution is not Attribution.ANY or ground.scoped:
        return dict.fromkeys(LOOSE, None)
    family = target.kind == "family"
    found = named_of(ground, target)
    return {
        "tagged": len(tagged_of(ground, target)) if family and not ground.mirrored else None,
        "named": None if found is None else len(found),
        "taught": None if ground.mirrored else len(taught_of(ground, target)),
    }


def direct_of(ground: Ground, target: Target) -> Ints:
    """Models with an edge straight to a member, members left out."""
    return ground.eligible(_without(ground, ground.graph.down.of(target.members), target))


def tagged_of(ground: Ground, target: Target) -> Ints:
    """Models with a tag that names one of the family's namespaces, members left out."""
    named = ground.named.filter(pl.col("namespace").is_in(list(target.namespaces)))["node"]
    return ground.eligible(_without(ground, named.to_numpy(), target))


def named_of(ground: Ground, target: Target) -> Ints | None:
    """Models whose name matches the family's pattern, members left out; None without one, or where not all are here."""
    if target.name_pattern is None or ground.layered:
        return None
    hits = ground.matching(target.name_pattern).to_numpy()
    return ground.eligible(ground.models(_without(ground, hits, target)))


def taught_of(ground: Ground, target: Target) -> Ints:
    """Models with a member as teacher, and their derivatives, members left out."""
    pairs = ground.teachers
    students = pairs.filter(pl.col("parent").is_in(target.members.tolist()))["child"].unique()
    found = reach(ground.graph.down, students.to_numpy().astype(np.int64)).nodes
    return ground.eligible(ground.models(_without(ground, found, target)))


def _without(ground: Ground, nodes: Ints, target: Target) -> Ints:
    """The distinct `nodes` that are no members, ascending."""
    flags = np.zeros(ground.graph.n, dtype=bool)
    flags[nodes] = True
    flags[target.members] = False
    return np.flatnonzero(flags)
