"""Names to edges: what models wrote of their parents, resolved once against a whole snapshot. Pure; Polars in and out.

Every statement ends behind an edge or in a finding, and the two sums balance. Rules: docs/definitions.md, Names and
Evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from ingest.resolve import dumped, names, pairing
from ingest.resolve.meanings import Targets, meanings, places, taught
from lineage import schema
from lineage.bulk import with_bulk
from lineage.domain import Evidence, Relation
from lineage.graph import Ints
from lineage.registry import Registry
from lineage.resolved import Resolved

TYPED_TAGS_SINCE = datetime(2024, 8, 1, tzinfo=UTC)
"""Before it the Hub wrote plain tags only (docs/definitions.md, Eras)."""

ERA = "plain tags count as hub evidence with relation unspecified: the snapshot is older than the Hub's typed tags"


def resolve(
    rows: pl.DataFrame, registry: Registry, *, as_of: datetime, moved: Mapping[str, str] | None = None
) -> Resolved:
    """The resolved tables of listing rows (`schema.LISTING`, one row an id).

    The order of rows does not matter. `as_of` is when the snapshot was taken: it decides the era of plain tags. `moved`
    maps old ids to new ones as the Hub's redirects showed them.
    """
    redirects = moved or {}
    era = ERA if as_of < TYPED_TAGS_SINCE else None
    order = rows["id"].arg_sort()
    live = rows["id"].gather(order)
    said = pairing.statements(rows.with_columns(child=_inverse(order)))
    written = said["value"].unique(maintain_order=True)
    said = said.join(
        pl.DataFrame({"value": written}).with_row_index("name"), on="value", how="left", maintain_order="left"
    )
    said = pairing.vouched(said.drop("value"), plain_is_hub=era is not None)
    meaning = meanings(written, live, _follower(redirects, registry, live))
    made, targets = _judged(said, meaning, live)
    agreed, candidates = _learnt(made, targets, live)
    if agreed.height:
        meaning = taught(meaning, agreed)
        made, targets = _judged(said, meaning, live)
        _, candidates = _learnt(made, targets, live)
    curated = _curated(registry, live)
    teachers = _taught_by(registry, live)
    asked = _inverse(order).filter(rows["dump_parents"].is_not_null())
    torn = dumped.differences(made, targets, live, asked)
    behind = made.filter(pl.col("finding").is_null())["target"].unique()
    gone = targets.ids.gather(behind.filter(targets.live.gather(behind).is_null()))
    roll = _roll(live, pl.concat([gone, curated["parent"], teachers["parent"]]))
    nodes = _nodes(rows, order, roll)
    return Resolved(
        nodes=nodes,
        edges=with_bulk(_edges(made, roll.of_targets(targets), _numbered(curated, roll), roll.of_live), nodes),
        teachers=_numbered(teachers, roll).select(list(schema.TEACHERS)).sort("child", "parent"),
        written=_written(rows, _inverse(order), roll),
        named=_named(made, written, roll),
        findings=_findings(made, targets, pl.concat([candidates, torn]), live, roll, meaning),
        aliases=meaning.filter(pl.col("why").is_not_null()).select(name="value", id="target", why="why").sort("name"),
        values_in=made.height,
        values_behind_edges=made.filter(pl.col("finding").is_null()).height,
        era=era,
    )


def _follower(redirects: Mapping[str, str], registry: Registry, live: pl.Series) -> Callable[[str], str]:
    """What an old name is now: by redirects and registry in turn, up to an id that a redirect leads to and is live."""
    ends = pl.Series(redirects.values(), dtype=pl.String)
    alive = set(ends.filter(places(live, ends).is_not_null()))
    cased = _but_for_case(redirects, live)

    def followed(name: str) -> str:
        """The last name that is new on the way."""
        seen = {name}
        while True:
            now = redirects.get(name) or cased.get(name.lower(), name)
            if now not in alive:
                now = registry.canonical(now)
            if now in seen:
                return name
            seen.add(now)
            name = now

    return followed


def _but_for_case(redirects: Mapping[str, str], live: pl.Series) -> dict[str, str]:
    """Where old names in lower case lead, if to one id and no live one is called so: then that is meant."""
    low: dict[str, set[str]] = {}
    for old, new in redirects.items():
        low.setdefault(old.lower(), set()).add(new)
    if not low:
        return {}
    names = live.str.to_lowercase()
    taken = set(names.filter(names.is_in(list(low))))
    return {old: min(new) for old, new in low.items() if len(new) == 1 and old not in taken}


def _inverse(order: pl.Series) -> pl.Series:
    """The place of every row in the sorted order."""
    place = np.empty(len(order), dtype=np.uint32)
    place[order.to_numpy()] = np.arange(len(order), dtype=np.uint32)
    return pl.Series("child", place)


def _judged(said: pl.DataFrame, meaning: pl.DataFrame, live: pl.Series) -> tuple[pl.DataFrame, Targets]:
    """The statements with target and finding, paired; and the distinct targets that `target` counts among."""
    ids = meaning["target"].drop_nulls().unique(maintain_order=True)
    code = (
        meaning.select("target")
        .join(pl.DataFrame({"target": ids}).with_row_index("code"), on="target", how="left", maintain_order="left")
        .to_series(1)
    )
    said = said.with_columns(
        target=code.gather(said["name"]),
        finding=meaning["finding"].gather(said["name"]),
    )
    targets = Targets(ids, places(live, ids))
    own = targets.live.gather(said["target"])
    itself = (own == said["child"]).fill_null(False) | _unowned(said, ids, live)
    said = said.with_columns(finding=pl.when(itself).then(pl.lit("self-loop")).otherwise("finding"))
    return pairing.paired(said), targets


def _unowned(said: pl.DataFrame, targets: pl.Series, live: pl.Series) -> pl.Series:
    """Card values that are the row's own name without its owner."""
    bare = (~targets.str.contains("/", literal=True)).gather(said["target"])
    at = ((said["origin"] == "card") & bare.fill_null(False)).arg_true()
    name = live.gather(said["child"].gather(at)).str.replace(r"^[^/]*/", "")
    own = at.filter((targets.gather(said["target"].gather(at)) == name).fill_null(False))
    flags = np.zeros(said.height, dtype=bool)
    flags[own.to_numpy()] = True
    return pl.Series(flags)


def _learnt(said: pl.DataFrame, targets: Targets, live: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Old names that rows teach (name, id): two publishers agree, nobody contradicts; findings of those in vain."""
    rows = pairing.lessons(said)
    rows = rows.filter(targets.live.gather(rows["name"]).is_null())
    child = live.gather(rows["child"])
    lessons = pl.DataFrame(
        {"child": child, "name": targets.ids.gather(rows["name"]), "id": targets.ids.gather(rows["id"])}
    ).with_columns(publisher=names.namespace(pl.col("child")).fill_null(pl.col("child")))
    agreed = (
        lessons.group_by("name")
        .agg(pl.col("id").first(), ids=pl.col("id").n_unique(), publishers=pl.col("publisher").n_unique())
        .filter((pl.col("ids") == 1) & (pl.col("publishers") >= 2))
        .select("name", "id")
        .sort("name")
    )
    vain = lessons.join(agreed, on="name", how="anti").select(
        kind=pl.lit("alias candidate"), child="child", value="name", origin=pl.lit(None, pl.String), detail="id"
    )
    return agreed, vain


def _curated(registry: Registry, live: pl.Series) -> pl.DataFrame:
    """Registry edges whose child is live: child and parent ids, relation bits."""
    table = pl.DataFrame(
        [(e.child, registry.canonical(e.parent), Relation(e.relation).bit) for e in registry.curated],
        schema={"child": pl.String, "parent": pl.String, "relation": pl.UInt8},
        orient="row",
    )
    return table.filter(places(live, table["child"]).is_not_null())


def _taught_by(registry: Registry, live: pl.Series) -> pl.DataFrame:
    """Teacher pairs whose student is live: child and parent ids, source."""
    table = pl.DataFrame(
        [(t.student, registry.canonical(t.teacher), "; ".join(t.source)) for t in registry.teachers],
        schema={"child": pl.String, "parent": pl.String, "source": pl.String},
        orient="row",
    )
    return table.filter(places(live, table["child"]).is_not_null())


@dataclass(frozen=True)
class Roll:
    """All nodes: sorted live ids and sorted stubs, and what number each has when both are sorted together."""

    live: pl.Series
    stubs: pl.Series
    of_live: Ints
    of_stubs: Ints

    @property
    def n(self) -> int:
        """How many nodes there are."""
        return len(self.live) + len(self.stubs)

    def of_names(self, wanted: pl.Series) -> pl.Series:
        """The node of each id, null for what is none."""
        return self._nodes(places(self.live, wanted), wanted)

    def of_targets(self, targets: Targets) -> pl.Series:
        """The node of each target, null for what is none."""
        return self._nodes(targets.live, targets.ids)

    def _nodes(self, alive: pl.Series, wanted: pl.Series) -> pl.Series:
        absent = places(self.stubs, wanted)
        return pl.select(
            pl.coalesce(pl.Series(self.of_live).gather(alive), pl.Series(self.of_stubs).gather(absent)).cast(pl.UInt32)
        ).to_series()


def _roll(live: pl.Series, wanted: pl.Series) -> Roll:
    """The roll of live ids and of those wanted that are not live."""
    unique = wanted.unique()
    stubs = unique.filter(places(live, unique).is_null()).sort()
    before = live.search_sorted(stubs).to_numpy() if len(stubs) and len(live) else np.zeros(len(stubs), np.int64)
    of_stubs = before.astype(np.int64) + np.arange(len(stubs))
    shift = np.cumsum(np.bincount(before, minlength=len(live) + 1))[: len(live)]
    return Roll(live, stubs, np.arange(len(live)) + shift, of_stubs)


def _numbered(pairs: pl.DataFrame, roll: Roll) -> pl.DataFrame:
    """Pairs of ids as pairs of nodes."""
    return pairs.with_columns(child=roll.of_names(pairs["child"]), parent=roll.of_names(pairs["parent"]))


def _edges(said: pl.DataFrame, node_of: pl.Series, curated: pl.DataFrame, of_live: Ints) -> pl.DataFrame:
    """One row a pair: bits united, the card's order first. `unspecified` stands only where no relation does."""
    carded = pl.col("origin") == "card"
    good = said.filter(pl.col("finding").is_null())
    cards = np.bincount(good.filter(carded)["child"], minlength=len(of_live)).astype(np.int32)
    good = good.with_columns(
        child=pl.Series(of_live.astype(np.uint32)).gather(good["child"]),
        parent=node_of.gather(good["target"]),
        rank=pl.when(carded).then("place").otherwise(pl.col("place") + pl.Series(cards).gather(good["child"]))
        + pl.when(pl.col("origin") == "dump").then(100_000).otherwise(0),
        relation=pl.when(carded & ~pl.col("spare")).then(None).otherwise("relation"),
    )
    columns = ("child", "parent", "relation", "evidence", "rank")
    own = curated.with_columns(evidence=pl.lit(Evidence.CURATED.bit, pl.UInt8), rank=pl.lit(1_000_000, pl.Int32))
    return _united(pl.concat([good.select(columns).cast({"rank": pl.Int32}), own.select(columns)]))


def _united(said: pl.DataFrame) -> pl.DataFrame:
    """Statements of edges (child, parent, relation, evidence, rank) as one row a pair, by child, then least rank."""
    child, parent = (said[name].to_numpy().astype(np.int64) for name in ("child", "parent"))
    order = pl.Series(child << 32 | parent).arg_sort().to_numpy()
    child, parent = child[order], parent[order]
    first = np.flatnonzero((np.diff(child, prepend=-1) != 0) | (np.diff(parent, prepend=-1) != 0))
    if not len(first):
        return pl.DataFrame(schema={name: kind for name, kind in schema.EDGES.items() if not name.startswith("by_")})
    relations = np.bitwise_or.reduceat(said["relation"].fill_null(0).to_numpy()[order], first)
    evidence = np.bitwise_or.reduceat(said["evidence"].to_numpy()[order], first)
    rank = np.minimum.reduceat(said["rank"].to_numpy()[order], first)
    child, parent = child[first], parent[first]
    known = relations & ~np.uint8(Relation.UNSPECIFIED.bit)
    order = np.lexsort((parent, rank, child))
    child = child[order]
    runs = np.flatnonzero(np.diff(child, prepend=-1))
    return pl.DataFrame(
        {
            "child": child.astype(np.uint32),
            "parent": parent[order].astype(np.uint32),
            "relations": np.where(known == 0, np.uint8(Relation.UNSPECIFIED.bit), known)[order],
            "evidence": evidence[order],
            "position": (np.arange(len(child)) - np.repeat(runs, np.diff(np.append(runs, len(child))))).astype(
                np.int32
            ),
        }
    )


def _nodes(rows: pl.DataFrame, order: pl.Series, roll: Roll) -> pl.DataFrame:
    """The node table: listing columns for models, nulls for stubs."""
    row = np.full(roll.n, -1, dtype=np.int64)
    row[roll.of_live] = order.to_numpy()
    at = pl.Series(row)
    at = at.set(at < 0, None)
    known = rows.select(
        "id",
        pl.lit(False).alias("stub"),
        names.namespace(pl.col("id")).alias("publisher"),
        "hub_id", "created_at", "last_modified", "downloads", "downloads_all_time", "likes", "pipeline_tag", "library",
        "gated", "parameters",
        pl.coalesce("license", "card_license").alias("license"),
        pl.col("card_license_name").alias("license_name"),
        pl.col("card_license_link").alias("license_link"),
        pl.col("card_new_version").alias("new_version"),
    )  # fmt: skip
    nodes = known.select(pl.all().gather(at)) if rows.height else known.clear(roll.n)
    spaces = pl.DataFrame({"id": roll.stubs}).select(names.namespace(pl.col("id"))).to_series()
    nodes = nodes.with_columns(
        nodes["id"].scatter(roll.of_stubs, roll.stubs),
        nodes["publisher"].scatter(roll.of_stubs, spaces),
        stub=pl.col("stub").fill_null(True),
    )
    return nodes.select(pl.col(name).cast(kind) for name, kind in schema.NODES.items())


def _written(rows: pl.DataFrame, place: pl.Series, roll: Roll) -> pl.DataFrame:
    """What models wrote, word for word."""
    said = (pl.col("base_tags").list.len().fill_null(0) > 0) | (pl.col("card_base_model").list.len().fill_null(0) > 0)
    table = rows.select(place, pl.col("base_tags", "card_base_model").fill_null([])).filter(said)
    node = pl.Series("node", roll.of_live.astype(np.uint32)).gather(table["child"])
    return table.select(node, "base_tags", "card_base_model").sort("node")


def _named(said: pl.DataFrame, written: pl.Series, roll: Roll) -> pl.DataFrame:
    """Namespaces that tags name, as written; self-loops left out."""
    space = written.to_frame("value").select(names.namespace(pl.col("value")).str.to_lowercase()).to_series()
    tags = said.filter((pl.col("origin") == "tag") & pl.col("finding").ne_missing("self-loop"))
    return (
        tags.select(
            node=pl.Series(roll.of_live.astype(np.uint32)).gather(tags["child"]), namespace=space.gather(tags["name"])
        )
        .drop_nulls()
        .unique()
        .sort("node", "namespace")
    )


def _findings(
    said: pl.DataFrame,
    targets: Targets,
    remarks: pl.DataFrame,
    live: pl.Series,
    roll: Roll,
    meaning: pl.DataFrame,
) -> pl.DataFrame:
    """What became no edge, remarks on what did, and the stubs by cause (graph remarks come from `lineage.audit`)."""
    nothing = pl.lit(None, pl.String)
    lost = said.filter(pl.col("finding").is_not_null())
    statements = lost.select(
        kind="finding",
        child=live.gather(lost["child"]),
        value="raw",
        origin="origin",
        detail=targets.ids.gather(lost["target"]),
    )
    why = (
        meaning.filter(pl.col("target").is_not_null())
        .group_by("target")
        .agg(renamed=pl.col("why").is_in(["registry", "rows"]).any(), ambiguous=pl.col("ambiguous").any())
    )
    stubs = pl.DataFrame({"target": roll.stubs}).join(why, on="target", how="left")
    cause = (
        pl.when(pl.col("renamed").fill_null(False))
        .then(pl.lit("renamed"))
        .when(pl.col("ambiguous").fill_null(False))
        .then(pl.lit("case mismatch"))
        .when(~pl.col("target").str.contains("/", literal=True))
        .then(pl.lit("bare alias"))
        .otherwise(pl.lit("unavailable"))
    )
    absent = stubs.select(
        kind=pl.lit("stub parent: ") + cause, child=nothing, value="target", origin=nothing, detail=nothing
    )
    return pl.concat([statements, remarks, absent]).sort("kind", "child", "value", "origin", nulls_last=True)
