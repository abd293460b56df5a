"""Columns and types of every table, and the graph's labels and properties: stated once.

Listing rows are what a snapshot keeps. Resolved tables are what `ingest.resolve` makes of them; a node is its row
number there, so edges are pairs of integers. Graph tables are what a store is loaded with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

SNAPSHOT_VERSION = 1
"""Version of the snapshot's files; raise it with a migration."""

GRAPH_VERSION = 1
"""Version of the graph's labels and properties, kept in LineageMeta."""

TIME = pl.Datetime("ms", "UTC")

LISTING: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "hub_id": pl.String,
    "id": pl.String,
    "author": pl.String,
    "created_at": TIME,
    "last_modified": TIME,
    "downloads": pl.Int64,
    "downloads_all_time": pl.Int64,
    "likes": pl.Int64,
    "trending_score": pl.Float64,
    "pipeline_tag": pl.String,
    "library": pl.String,
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "parameters": pl.Int64,
    "license": pl.String,
    "base_tags": pl.List(pl.String),
    "card_base_model": pl.List(pl.String),
    "card_relation": pl.String,
    "card_license": pl.String,
    "card_license_name": pl.String,
    "card_license_link": pl.String,
    "card_new_version": pl.String,
    "dump_parents": pl.List(pl.String),
    "dump_relation": pl.String,
}
"""One row a model, as listed.

`hub_id` is the Hub's `_id`. `downloads` counts 30 days. `gated` is "false", "auto" or "manual". `parameters` is
safetensors' total. `license` is the `license:` tag. `base_tags` are the `base_model:` tags in order, prefix cut;
other tags are not kept. `card_*` come from front matter: `card_base_model` as a list even for one value, values that
are no text as their JSON. `dump_*` come from a dump's `baseModels`; `dump_parents` is empty
where a dump names none, null where the row is of no dump. A column that an input lacks is null throughout.
"""

QUARANTINE: Mapping[str, pl.DataType | type[pl.DataType]] = {"reason": pl.String, "raw": pl.String}
"""Input rows that could not be read: a fixed word why, and the row's JSON cut to 4,096 characters."""

NODES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "stub": pl.Boolean,
    "publisher": pl.String,
    "hub_id": pl.String,
    "created_at": TIME,
    "last_modified": TIME,
    "downloads": pl.Int64,
    "downloads_all_time": pl.Int64,
    "likes": pl.Int64,
    "pipeline_tag": pl.String,
    "library": pl.String,
    "gated": pl.String,
    "parameters": pl.Int64,
    "license": pl.String,
    "license_name": pl.String,
    "license_link": pl.String,
    "new_version": pl.String,
}
"""Models and stubs, sorted by id bytewise; a node's number is its row. `license` is the tag's, else the card's."""

EDGES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "child": pl.UInt32,
    "parent": pl.UInt32,
    "relations": pl.UInt8,
    "evidence": pl.UInt8,
    "position": pl.Int32,
    "by_publisher": pl.UInt32,
    "by_template": pl.UInt32,
}
"""One row a child-parent pair, sorted by child then position; bits as in `domain.Relation` and `domain.Evidence`.

`by_publisher` counts the edges from the child's publisher to this parent on the whole snapshot, `by_template` the edges
to this parent from names of the child's template, whoever published them; `organic` calls either bulk above N.
"""

WRITTEN: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.UInt32,
    "base_tags": pl.List(pl.String),
    "card_base_model": pl.List(pl.String),
}
"""What models wrote of their parents, word for word, sorted by node; models that wrote nothing are left out."""

NAMED: Mapping[str, pl.DataType | type[pl.DataType]] = {"node": pl.UInt32, "namespace": pl.String}
"""Namespaces, lower-cased, that the `base_model` tags of a node name; a tag that names the node itself is left out."""

TEACHERS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "child": pl.UInt32,
    "parent": pl.UInt32,
    "source": pl.String,
}
"""Taught-by pairs from the registry; never counted as derivation."""

FINDINGS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "kind": pl.String,
    "child": pl.String,
    "value": pl.String,
    "origin": pl.String,
    "detail": pl.String,
}
"""What resolution could not turn into an edge, or found odd.

`origin` is `tag`, `card` or `dump` where the row accounts for one written parent value, null where it remarks on a
model or an edge. Written values in = values behind edges + findings with an origin.
"""

ALIASES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "id": pl.String,
    "why": pl.String,
}
"""Old names that were followed: `why` is `registry`, `rows` (learnt, two publishers agree) or `case`."""

MEMBERS: Mapping[str, pl.DataType | type[pl.DataType]] = {"node": pl.UInt32, "family": pl.UInt16}
"""Members of families; `family` is the entry's place in the registry."""

TALLIES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "family": pl.UInt16,
    **dict.fromkeys(
        (
            "derivatives", "direct", "organic", "trained", "finetunes", "adapters", "merges", "quantizations",
            "unspecified", "external", "active", "publishers", "tagged", "named", "taught", "downloads",
            "downloads_all_time", "likes", "bulk", "bulk_by_publisher", "bulk_by_template", "several",
        ),
        pl.Int64,
    ),
    "share": pl.String,
}  # fmt: skip
"""One row a family under the default rule: its counters, then derivatives that are bulk or have several relations, then
its fractional part of all derivatives, `p/q` where it is not whole."""

COUNTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "direct": pl.Int64,
    "derivatives": pl.Int64,
    "depth": pl.Int32,
}
"""Counts of every node at declared evidence, in node order."""

Kind: TypeAlias = Literal["string", "int", "float", "bool", "time", "strings"]


@dataclass(frozen=True)
class Property:
    """One property of a label or edge type."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class Label:
    """A node label; the first property is its unique key. `indexed` names properties that get a range index."""

    name: str
    meaning: str
    properties: tuple[Property, ...]
    indexed: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The property that identifies a node of this label."""
        return self.properties[0].name


@dataclass(frozen=True)
class EdgeType:
    """An edge type between two labels."""

    name: str
    source: str
    target: str
    meaning: str
    properties: tuple[Property, ...] = ()


_P = Property

LABELS: tuple[Label, ...] = (
    Label(
        "Model",
        "a model repository, or a stub: a parent that some child names and the snapshot lacks",
        (
            _P("id", "string", "the Hub's id, `org/name` or a bare legacy name"),
            _P("name", "string", "the part after the slash"),
            _P("stub", "bool", "named by a child, absent from the snapshot"),
            _P("publisher", "string", "the namespace, null for bare ids"),
            _P("hub_id", "string", "the Hub's immutable `_id`"),
            _P("family", "string", "slug of the family it is a member of"),
            _P("created_at", "time", "creation on the Hub, UTC"),
            _P("last_modified", "time", "last change on the Hub, UTC"),
            _P("downloads", "int", "downloads in the 30 days before the snapshot"),
            _P("downloads_all_time", "int", "downloads since the Hub began to count"),
            _P("likes", "int", "likes"),
            _P("pipeline_tag", "string", "the Hub's task"),
            _P("library", "string", "the Hub's library_name"),
            _P("gated", "string", "false, auto or manual"),
            _P("parameters", "int", "safetensors parameters"),
            _P("license", "string", "licence identifier"),
            _P("license_name", "string", "the card's name where the identifier is `other`"),
            _P("license_link", "string", "the card's link where the identifier is `other`"),
            _P("new_version", "string", "the successor that the card names"),
            _P("direct", "int", "counter `direct`, declared evidence"),
            _P("derivatives", "int", "counter `derivatives`, declared evidence"),
            _P("depth", "int", "shortest number of edges up to a source"),
        ),
        ("publisher", "derivatives", "downloads", "created_at"),
    ),
    Label(
        "Publisher",
        "a namespace on the Hub",
        (
            _P("name", "string", "the namespace"),
            _P("models", "int", "models in the snapshot"),
        ),
    ),
    Label(
        "Organization",
        "who stands behind one or more namespaces",
        (
            _P("slug", "string", "registry key"),
            _P("name", "string", "display name"),
            _P("country", "string", "ISO 3166 code of the headquarters"),
            _P("region", "string", "ATOM's region: china, us, eu, other, unknown"),
        ),
    ),
    Label(
        "Family",
        "a line of official models, from the registry",
        (
            _P("slug", "string", "registry key"),
            _P("name", "string", "display name"),
            _P("members", "int", "official models, stubs included"),
            _P("direct", "int", "counter `direct`, declared evidence"),
            _P("derivatives", "int", "counter `derivatives`, attribution any, declared evidence"),
            _P("organic", "int", "counter `organic`, attribution any, declared evidence"),
            _P("trained", "int", "counter `trained`, attribution any, declared evidence"),
            _P("publishers", "int", "counter `publishers`, declared evidence"),
        ),
    ),
    Label(
        "LineageMeta",
        "what is loaded; one node",
        (
            _P("key", "string", "always `loaded`"),
            _P("snapshot", "string", "snapshot id"),
            _P("snapshot_sha256", "string", "digest of the snapshot's parts"),
            _P("schema_version", "int", "version of these labels and properties"),
            _P("registry_version", "string", "registry version"),
            _P("registry_digest", "string", "digest of the registry as loaded"),
            _P("as_of", "time", "the moment the snapshot describes, UTC"),
            _P("source", "string", "where the rows came from"),
            _P("simulated", "bool", "true where the rows are invented"),
            _P("card", "bool", "whether card front matter was read"),
            _P("complete", "bool", "whether the scope was read to its end"),
            _P("models", "int", "models, stubs left out"),
            _P("edges", "int", "DERIVED_FROM edges"),
            _P("run", "string", "tag of the load, for sweeping"),
            _P("scope", "string", "what was loaded: lineage, all or family:slug"),
        ),
    ),
)

_DERIVED = (
    _P("relation", "string", "the strongest of `relations`"),
    _P("relations", "strings", "finetune, merge, adapter, quantized, unspecified"),
    _P("evidence", "strings", "hub, author, card, curated"),
    _P("position", "int", "the parent's place in the card's list, else in the tags"),
)

EDGE_TYPES: tuple[EdgeType, ...] = (
    EdgeType("DERIVED_FROM", "Model", "Model", "child to parent", _DERIVED),
    EdgeType(
        "INFERRED_FROM",
        "Model",
        "Model",
        "child to parent, by a heuristic",
        (_P("rule", "string", "the rule's name"), _P("confidence", "float", "0 to 1")),
    ),
    EdgeType(
        "DISTILLED_FROM",
        "Model",
        "Model",
        "student to teacher; not weights",
        (_P("cited", "string", "where the registry has it from"),),
    ),
    EdgeType("PUBLISHED_BY", "Model", "Publisher", "the namespace of the id"),
    EdgeType("PART_OF", "Publisher", "Organization", "who stands behind the namespace"),
    EdgeType("MEMBER_OF", "Model", "Family", "official model of the family"),
    EdgeType("MADE_BY", "Family", "Organization", "who makes the family"),
    EdgeType(
        "ATTRIBUTED_TO",
        "Model",
        "Family",
        "derivative of the family at declared evidence",
        (
            _P("distance", "int", "shortest number of edges to a member"),
            _P("k", "int", "how many families the derivative reaches"),
            _P("is_primary", "bool", "the first family met walking up by position"),
        ),
    ),
)

_COLUMN: Mapping[Kind, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "time": pl.Datetime("ms"),
    "strings": pl.List(pl.String()),
}


def columns(thing: Label | EdgeType) -> dict[str, pl.DataType]:
    """The columns of a graph table: for edges `source` and `target` (keys) first. Times are naive and UTC."""
    ends = {"source": pl.String(), "target": pl.String()} if isinstance(thing, EdgeType) else {}
    return ends | {p.name: _COLUMN[p.kind] for p in thing.properties}


class Frames(Mapping[str, pl.DataFrame]):
    """Frames by name, each made when it is asked for and held by nobody."""

    def __init__(self, makers: Mapping[str, Callable[[], pl.DataFrame]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True)
class GraphTables:
    """All that a store is loaded with: a frame for every label and every edge type, columns as `columns` gives.

    Those of `Frames` are made at each look: who looks twice works on `held()`.
    """

    nodes: Mapping[str, pl.DataFrame]
    edges: Mapping[str, pl.DataFrame]

    def held(self) -> GraphTables:
        """The same with every frame made, once."""
        return GraphTables(dict(self.nodes), dict(self.edges))
