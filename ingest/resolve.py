"""Names to edges: what models wrote of their parents, resolved once against a whole snapshot. Pure; Polars in and out.

A *statement* is one written parent value: one tag, one card value, one dump parent. Every statement ends behind an edge
or in a finding, and the two sums balance. Rules: docs/definitions.md, Names and Evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from ingest import names
from ingest.bulk import with_bulk
from lineage import schema
from lineage.domain import Evidence, Relation
from lineage.registry import Registry
from lineage.resolved import Resolved

TYPED_TAGS_SINCE = datetime(2024, 8, 1, tzinfo=UTC)
"""Before it the Hub wrote plain tags only (docs/definitions.md, Eras)."""

ERA = "plain tags count as hub evidence with relation unspecified: the snapshot is older than the Hub's typed tags"

_U8 = pl.UInt8
_BITS: Mapping[str, int] = {str(r): r.bit for r in Relation}
_TYPED = r"^(finetune|adapter|quantized|merge):(.+)$"


def resolve(
    rows: pl.DataFrame, registry: Registry, *, as_of: datetime, moved: Mapping[str, str] | None = None
) -> Resolved:
    """The resolved tables of listing rows (`schema.LISTING`, one row an id).

    The order of rows does not matter. `as_of` is when the snapshot was taken: it decides the era of plain tags. `moved`
    maps old ids to new ones as the Hub's redirects showed them.
    """
    era = ERA if as_of < TYPED_TAGS_SINCE else None
    live = rows.sort("id").with_row_index("child")
    said = _statements(live)
    meaning = _meanings(said, live["id"], registry, moved or {})
    said = _judged(said, meaning, live, plain_is_hub=era is not None)
    learnt, candidates = _learnt(said, live)
    if learnt.height:
        meaning = _taught(meaning, learnt, live["id"])
        said = _judged(said.select(_STATEMENT), meaning, live, plain_is_hub=era is not None)
        _, candidates = _learnt(said, live)
    curated = _curated(registry, live["id"])
    ids, stub = _all_ids(live["id"], said, curated, registry)
    edges = _edges(said, curated, live["id"], ids)
    nodes = _nodes(live, ids, stub)
    return Resolved(
        nodes=nodes,
        edges=with_bulk(edges, nodes),
        teachers=_teachers(registry, live["id"], ids),
        named=_named(said, live["id"], ids),
        findings=_findings(said, candidates, live["id"], ids, stub, meaning),
        aliases=_aliases(meaning),
        values_in=said.height,
        values_behind_edges=said.filter(pl.col("finding").is_null()).height,
        era=era,
    )


_STATEMENT = ("child", "origin", "place", "value", "relation", "raw")


def _statements(live: pl.DataFrame) -> pl.DataFrame:
    """One row a written value: child (row of `live`), origin, place in its list, value, relation bits, raw text."""

    def exploded(column: str, origin: str) -> pl.DataFrame:
        return (
            live.select("child", pl.col(column).alias("raw"), "card_relation", "dump_relation")
            .filter(pl.col("raw").list.len() > 0)
            .with_columns(pl.int_ranges(pl.col("raw").list.len()).alias("place"))
            .explode("raw", "place")
            .with_columns(origin=pl.lit(origin), raw=pl.col("raw").fill_null(""))
        )

    def bit_of(name: pl.Expr) -> pl.Expr:
        return name.replace_strict(_BITS, default=None, return_dtype=_U8)

    tag = exploded("base_tags", "tag").with_columns(typed=pl.col("raw").str.extract_groups(_TYPED))
    tags = tag.with_columns(
        relation=bit_of(pl.col("typed").struct.field("1")),
        value=pl.coalesce(pl.col("typed").struct.field("2"), "raw"),
    )
    cards = exploded("card_base_model", "card").with_columns(value="raw", relation=bit_of(pl.col("card_relation")))
    dumps = exploded("dump_parents", "dump").with_columns(value="raw", relation=bit_of(pl.col("dump_relation")))
    every = pl.concat([part.select(_STATEMENT) for part in (tags, cards, dumps)])
    return every.with_columns(value=pl.col("value").str.strip_chars(), place=pl.col("place").cast(pl.Int32))


def _meanings(said: pl.DataFrame, live: pl.Series, registry: Registry, redirects: Mapping[str, str]) -> pl.DataFrame:
    """What each distinct value names: value, target (an id, live or not, or null), finding, why it moved, ambiguous."""
    ids = pl.DataFrame({"target": live})
    values = said.select(pl.col("value").unique())
    exact = values.join(ids, left_on="value", right_on="target", how="semi").with_columns(
        target="value", finding=pl.lit(None, pl.String), why=pl.lit(None, pl.String)
    )
    rest = values.join(ids, left_on="value", right_on="target", how="anti")
    moved = pl.Series(
        "name", [registry.canonical(redirects.get(v, v)) for v in rest["value"].to_list()], dtype=pl.String
    )
    rest = rest.with_columns(moved, finding=names.not_an_id(pl.col("value")))
    renamed = pl.col("name") != pl.col("value")
    rest = rest.with_columns(finding=pl.when(renamed).then(None).otherwise("finding"))
    cased = _by_case(rest.filter(pl.col("finding").is_null()), ids)
    rest = rest.join(cased, on="name", how="left")
    live_name = rest.join(ids, left_on="name", right_on="target", how="semi").select("name").unique()
    rest = rest.join(live_name.with_columns(alive=True), on="name", how="left")
    by_case = pl.col("alive").is_null() & pl.col("cased").is_not_null()
    why = pl.when(by_case).then(pl.lit("case")).when(renamed).then(pl.lit("registry"))
    rest = rest.with_columns(
        target=pl.when(pl.col("finding").is_null()).then(pl.when(by_case).then("cased").otherwise("name")),
        why=pl.when(pl.col("finding").is_null()).then(why),
    )
    columns = ("value", "target", "finding", "why", "ambiguous")
    return pl.concat([exact.with_columns(ambiguous=False).select(columns), rest.select(columns)])


def _by_case(wanted: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """For names that some live id equals but for case: that id where it is the only one, and whether it is not."""
    asked = wanted.select("name").unique().with_columns(low=pl.col("name").str.to_lowercase())
    lowered = ids.with_columns(low=pl.col("target").str.to_lowercase()).join(asked, on="low", how="semi")
    only = lowered.group_by("low").agg(pl.col("target").first(), several=pl.len() > 1)
    return asked.join(only, on="low", how="left").select(
        "name",
        cased=pl.when(~pl.col("several")).then("target"),
        ambiguous=pl.col("several").fill_null(False),
    )


def _judged(said: pl.DataFrame, meaning: pl.DataFrame, live: pl.DataFrame, *, plain_is_hub: bool) -> pl.DataFrame:
    """The statements with target, evidence bits and finding: each has a target edge or a finding."""
    said = said.join(meaning.select("value", "target", "finding"), on="value", how="left", maintain_order="left")
    own = live.select("child", own="id", bare=pl.col("id").str.split("/").list.last())
    said = said.join(own, on="child", how="left", maintain_order="left")
    itself = (pl.col("target") == pl.col("own")) | (
        (pl.col("origin") == "card") & (pl.col("target") == pl.col("bare")) & (pl.col("value") == pl.col("bare"))
    )
    said = said.with_columns(finding=pl.when(itself).then(pl.lit("self-loop")).otherwise("finding")).drop("own", "bare")
    tag = pl.col("origin") == "tag"
    said = said.with_columns(
        twin=tag
        & pl.col("relation").is_not_null().any().over("child", "value", "origin")
        & pl.col("relation").is_null().any().over("child", "value", "origin")
    )
    hub = tag & (pl.col("twin") | (pl.lit(plain_is_hub) & pl.col("relation").is_null()))
    said = said.with_columns(
        evidence=pl.when(hub | (pl.col("origin") == "dump"))
        .then(Evidence.HUB.bit)
        .when(tag)
        .then(Evidence.AUTHOR.bit)
        .otherwise(Evidence.CARD.bit)
        .cast(_U8)
    )
    return _paired(said)


def _paired(said: pl.DataFrame) -> pl.DataFrame:
    """Card values against the row's other parents: paired, left over alone, or in disagreement (a finding)."""
    good = pl.col("finding").is_null()
    pair = ("child", "target")
    carded = pl.col("origin") == "card"
    rows = said.filter(carded).select("child").unique()
    mine = said.filter(good).join(rows, on="child", how="semi")
    tagged = mine.filter(~carded).group_by(pair).agg(hub=(pl.col("evidence") == Evidence.HUB.bit).any())
    cards = mine.filter(carded).select(pair).unique()
    spare_card = cards.join(tagged, on=pair, how="anti").with_columns(spare_card=True)
    spare_tag = tagged.join(cards, on=pair, how="anti").with_columns(spare_tag=True)
    torn = spare_card.select("child").unique().join(spare_tag.select("child").unique(), on="child", how="semi")
    said = said.join(spare_card, on=pair, how="left", maintain_order="left")
    said = said.join(spare_tag.drop("hub"), on=pair, how="left", maintain_order="left")
    said = said.join(torn.with_columns(torn=True), on="child", how="left", maintain_order="left")
    return said.with_columns(
        pl.col("spare_card", "spare_tag", "torn").fill_null(False),
    ).with_columns(
        finding=pl.when(good & carded & pl.col("spare_card") & pl.col("torn"))
        .then(pl.lit("tag and card disagree"))
        .otherwise("finding")
    )


def _learnt(said: pl.DataFrame, live: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Old names that rows teach: (name, id) that two publishers agree on and nobody contradicts; and the candidates.

    A row teaches where exactly one card value and one other parent, a twin, are left over.
    """
    good = pl.col("finding").is_null()
    torn = said.filter(pl.col("torn") & (good | (pl.col("finding") == "tag and card disagree")))
    card = (
        torn.filter(pl.col("spare_card") & (pl.col("origin") == "card"))
        .group_by("child")
        .agg(name=pl.col("target").first(), left=pl.col("target").n_unique())
        .filter(pl.col("left") == 1)
    )
    tag = (
        torn.filter(pl.col("spare_tag") & (pl.col("origin") != "card"))
        .group_by("child")
        .agg(
            id=pl.col("target").first(),
            left=pl.col("target").n_unique(),
            hub=(pl.col("evidence") == Evidence.HUB.bit).any(),
        )
        .filter((pl.col("left") == 1) & pl.col("hub"))
    )
    publisher = live.select("child", publisher=names.namespace(pl.col("id")).fill_null(pl.col("id")))
    pairs = card.select("child", "name").join(tag.select("child", "id"), on="child").join(publisher, on="child")
    pairs = pairs.join(live.select(pl.col("id").alias("name")), on="name", how="anti")
    agreed = (
        pairs.group_by("name")
        .agg(pl.col("id").first(), ids=pl.col("id").n_unique(), publishers=pl.col("publisher").n_unique())
        .filter((pl.col("ids") == 1) & (pl.col("publishers") >= 2))
        .select("name", "id")
        .sort("name")
    )
    return agreed, pairs.select("child", "name", "id").join(agreed, on="name", how="anti").sort("child")


def _taught(meaning: pl.DataFrame, learnt: pl.DataFrame, live: pl.Series) -> pl.DataFrame:
    """The meanings with learnt old names followed; a name learnt to be another learnt old name is left alone."""
    learnt = learnt.join(learnt.select(pl.col("name").alias("id")), on="id", how="anti")
    followed = meaning.join(learnt, left_on="target", right_on="name", how="left", maintain_order="left")
    return followed.with_columns(
        target=pl.coalesce("id", "target"),
        why=pl.when(pl.col("id").is_not_null()).then(pl.lit("rows")).otherwise("why"),
    ).drop("id")


def _curated(registry: Registry, live: pl.Series) -> pl.DataFrame:
    """Registry edges whose child is live: child id, parent id, relation bits."""
    edges = pl.DataFrame(
        [(e.child, registry.canonical(e.parent), _BITS[str(e.relation)]) for e in registry.curated],
        schema={"child": pl.String, "target": pl.String, "relation": _U8},
        orient="row",
    )
    return edges.join(pl.DataFrame({"child": live}), on="child", how="semi")


def _all_ids(
    live: pl.Series, said: pl.DataFrame, curated: pl.DataFrame, registry: Registry
) -> tuple[pl.Series, pl.Series]:
    """Ids of all nodes, sorted bytewise, and which are stubs."""
    behind = said.filter(pl.col("finding").is_null()).select(pl.col("target").unique())
    taught = pl.DataFrame(
        {
            "child": [t.student for t in registry.teachers],
            "target": [registry.canonical(t.teacher) for t in registry.teachers],
        },
        schema={"child": pl.String, "target": pl.String},
    ).join(pl.DataFrame({"child": live}), on="child", how="semi")
    wanted = pl.concat([behind, curated.select("target"), taught.select("target")]).unique()
    stubs = wanted.join(pl.DataFrame({"target": live}), on="target", how="anti")["target"]
    every = pl.concat(
        [
            pl.DataFrame({"id": live}).with_columns(stub=False),
            pl.DataFrame({"id": stubs}).with_columns(stub=True),
        ]
    ).sort("id")
    return every["id"], every["stub"]


def _edges(said: pl.DataFrame, curated: pl.DataFrame, live: pl.Series, ids: pl.Series) -> pl.DataFrame:
    """One row a pair: bits united, the card's order first. `unspecified` stands only where no relation does."""
    number = pl.DataFrame({"id": ids}).with_row_index("node")
    child = number.join(pl.DataFrame({"id": live}), on="id", how="semi", maintain_order="left")["node"]
    good = said.filter(pl.col("finding").is_null())
    cards = good.filter(pl.col("origin") == "card").group_by("child").agg(cards=pl.len())
    good = good.join(cards, on="child", how="left").with_columns(
        rank=pl.when(pl.col("origin") == "card")
        .then(pl.col("place"))
        .otherwise(pl.col("place") + pl.col("cards").fill_null(0).cast(pl.Int32))
        + pl.when(pl.col("origin") == "dump").then(100_000).otherwise(0),
        relation=pl.when((pl.col("origin") == "card") & ~pl.col("spare_card")).then(None).otherwise("relation"),
    )
    made = good.select("child", "target", "relation", "evidence", "rank").with_columns(
        child=child.gather(good["child"])
    )
    own = curated.join(number, left_on="child", right_on="id").select(
        child="node",
        target="target",
        relation="relation",
        evidence=pl.lit(Evidence.CURATED.bit, _U8),
        rank=pl.lit(1_000_000, pl.Int32),
    )
    pairs = (
        pl.concat([made.with_columns(pl.col("rank").cast(pl.Int32)), own])
        .group_by("child", "target")
        .agg(
            relations=pl.col("relation").fill_null(0).bitwise_or(),
            evidence=pl.col("evidence").bitwise_or(),
            rank=pl.col("rank").min(),
        )
        .join(number, left_on="target", right_on="id")
        .rename({"node": "parent"})
        .sort("child", "rank", "parent")
    )
    return pairs.select(
        "child",
        "parent",
        relations=pl.when(pl.col("relations") == 0).then(Relation.UNSPECIFIED.bit).otherwise("relations").cast(_U8),
        evidence="evidence",
        position=pl.int_range(pl.len(), dtype=pl.Int32).over("child"),
    )


def _nodes(live: pl.DataFrame, ids: pl.Series, stub: pl.Series) -> pl.DataFrame:
    """The node table: listing columns for models, nulls for stubs."""
    every = pl.DataFrame({"id": ids, "stub": stub})
    known = live.with_columns(
        license=pl.coalesce("license", "card_license"),
        license_name="card_license_name",
        license_link="card_license_link",
        new_version="card_new_version",
    )
    nodes = every.join(known, on="id", how="left", maintain_order="left")
    return nodes.with_columns(publisher=names.namespace(pl.col("id"))).select(
        pl.col(name).cast(kind) for name, kind in schema.NODES.items()
    )


def _teachers(registry: Registry, live: pl.Series, ids: pl.Series) -> pl.DataFrame:
    """Teacher pairs whose student is live."""
    number = pl.DataFrame({"id": ids}).with_row_index("node")
    pairs = pl.DataFrame(
        [(t.student, registry.canonical(t.teacher), "; ".join(t.source)) for t in registry.teachers],
        schema={"student": pl.String, "teacher": pl.String, "source": pl.String},
        orient="row",
    ).join(pl.DataFrame({"student": live}), on="student", how="semi")
    return (
        pairs.join(number, left_on="student", right_on="id")
        .rename({"node": "child"})
        .join(number, left_on="teacher", right_on="id")
        .rename({"node": "parent"})
        .select(pl.col(name).cast(kind) for name, kind in schema.TEACHERS.items())
        .sort("child", "parent")
    )


def _named(said: pl.DataFrame, live: pl.Series, ids: pl.Series) -> pl.DataFrame:
    """Namespaces that tags name, as written; self-loops left out."""
    tags = said.filter((pl.col("origin") == "tag") & pl.col("finding").ne_missing("self-loop"))
    spaces = tags.select("child", namespace=names.namespace(pl.col("value")).str.to_lowercase()).drop_nulls().unique()
    number = pl.DataFrame({"id": ids}).with_row_index("node")
    child = number.join(pl.DataFrame({"id": live}), on="id", how="semi", maintain_order="left")["node"]
    return spaces.select(child.gather(spaces["child"]).alias("node"), "namespace").sort("node", "namespace")


def _findings(
    said: pl.DataFrame,
    candidates: pl.DataFrame,
    live: pl.Series,
    ids: pl.Series,
    stub: pl.Series,
    meaning: pl.DataFrame,
) -> pl.DataFrame:
    """What became no edge, what could be an alias, and the stubs by cause (graph remarks come from `lineage.audit`)."""
    lost = said.filter(pl.col("finding").is_not_null())
    statements = lost.select(
        kind="finding", child=live.gather(lost["child"]), value="raw", origin="origin", detail="target"
    )
    alias = candidates.select(
        kind=pl.lit("alias candidate"),
        child=live.gather(candidates["child"]),
        value="name",
        origin=pl.lit(None, pl.String),
        detail="id",
    )
    absent = pl.DataFrame({"target": ids.filter(stub)})
    why = (
        meaning.filter(pl.col("target").is_not_null())
        .group_by("target")
        .agg(
            renamed=(pl.col("why") == "registry").any() | (pl.col("why") == "rows").any(),
            ambiguous=pl.col("ambiguous").any(),
        )
    )
    stubs = absent.join(why, on="target", how="left").select(
        kind=pl.when(pl.col("renamed").fill_null(False))
        .then(pl.lit("stub parent: renamed"))
        .when(pl.col("ambiguous").fill_null(False))
        .then(pl.lit("stub parent: case mismatch"))
        .when(~pl.col("target").str.contains("/", literal=True))
        .then(pl.lit("stub parent: bare alias"))
        .otherwise(pl.lit("stub parent: unavailable")),
        child=pl.lit(None, pl.String),
        value="target",
        origin=pl.lit(None, pl.String),
        detail=pl.lit(None, pl.String),
    )
    return pl.concat([statements, alias, stubs]).sort("kind", "child", "value", "origin", nulls_last=True)


def _aliases(meaning: pl.DataFrame) -> pl.DataFrame:
    """Old names that were followed."""
    return meaning.filter(pl.col("why").is_not_null()).select(name="value", id="target", why="why").sort("name")
