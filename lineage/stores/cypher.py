"""All Cypher text of lineage, for both stores; values travel as parameters, never inside the text.

Sections: what both stores run (`PARENTS_OF` … `LOADED`), the embedded engine's own, Neo4j's own. A text that only one
dialect needs carries that store's name. Labels, types and properties come from `lineage.schema` alone.
"""

from __future__ import annotations

from lineage.schema import EDGE_TYPES, LABELS, EdgeType, Kind, Label
from lineage.schema import NODES as NODE_COLUMNS

# Both stores ---------------------------------------------------------------------------------------------------------

_MODEL = """m.id AS id, m.stub AS stub, m.publisher AS publisher, {organization} AS organization, {country} AS country,
  m.family AS family, m.created_at AS created_at, m.last_modified AS last_modified, m.downloads AS downloads,
  m.downloads_all_time AS downloads_all_time, m.likes AS likes, m.pipeline_tag AS pipeline_tag, m.library AS library,
  m.license AS license, m.gated AS gated, m.parameters AS parameters, m.direct AS direct,
  m.derivatives AS derivatives, m.depth AS depth"""

_EDGE = """
RETURN c.id AS child, p.id AS parent, e.relations AS relations, e.evidence AS evidence, e.position AS position"""

PARENTS_OF = "MATCH (c:Model {id: $id})-[e:DERIVED_FROM]->(p:Model)" + _EDGE
"""Every DERIVED_FROM edge up from `$id`, in no order."""

PARENTS = "UNWIND $ids AS wanted MATCH (c:Model {id: wanted})-[e:DERIVED_FROM]->(p:Model)" + _EDGE
"""Every DERIVED_FROM edge up from `$ids`, in no order; the embedded engine plans it as a scan of all edges."""

EDGES = "MATCH (c:Model)-[e:DERIVED_FROM]->(p:Model)" + _EDGE
"""Every DERIVED_FROM edge, in no order."""

_NODES = "RETURN " + ", ".join(f"m.{name} AS {name}" for name in NODE_COLUMNS)

LOADED = """
MATCH (l:LineageMeta)
RETURN l.snapshot AS snapshot, l.snapshot_sha256 AS snapshot_sha256, l.schema_version AS schema_version,
  l.registry_version AS registry_version, l.registry_digest AS registry_digest, l.as_of AS as_of, l.source AS source,
  l.simulated AS simulated, l.card AS card, l.complete AS complete, l.models AS models, l.edges AS edges,
  l.run AS run, l.scope AS scope"""
"""One row in the order of `domain.Loaded`'s fields, or none."""

# The embedded engine -------------------------------------------------------------------------------------------------

_EMBEDDED: dict[Kind, str] = {
    "string": "STRING",
    "int": "INT64",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "strings": "STRING[]",
}


def embedded_schema() -> tuple[str, ...]:
    """The statements that make the embedded store's empty tables, labels before edge types."""
    return tuple(_node_table(label) for label in LABELS) + tuple(_edge_table(edge) for edge in EDGE_TYPES)


def _node_table(label: Label) -> str:
    columns = ", ".join(f"{p.name} {_EMBEDDED[p.kind]}" for p in label.properties)
    return f"CREATE NODE TABLE {label.name}({columns}, PRIMARY KEY({label.key}))"


def _edge_table(edge: EdgeType) -> str:
    columns = "".join(f", {p.name} {_EMBEDDED[p.kind]}" for p in edge.properties)
    return f"CREATE REL TABLE {edge.name}(FROM {edge.source} TO {edge.target}{columns})"


def embedded_copy(thing: Label | EdgeType) -> str:
    """The statement that fills one table from the frame passed as `$rows`."""
    return f"COPY {thing.name} FROM $rows"


EMBEDDED_MODELS = "UNWIND $ids AS wanted MATCH (m:Model {id: wanted}) RETURN " + _MODEL.format(
    organization="NULL", country="NULL"
)
"""Those of `$ids` that exist as rows of `domain.Model`'s fields, in no order; without the maker, for whose sake the
engine would scan every publisher."""

EMBEDDED_MAKERS = """
MATCH (p:Publisher)-[:PART_OF]->(o:Organization) RETURN p.name AS name, o.slug AS organization, o.country AS country"""
"""The organisation and country behind each publisher that has one."""

EMBEDDED_NODES = f"MATCH (m:Model) {_NODES}"
"""Every model and stub in the columns of `schema.NODES`, in no order."""

EMBEDDED_BROOD = """
MATCH (c:Model)-[e:DERIVED_FROM]->(p:Model {id: $id})
RETURN c.id AS id, c.derivatives AS derivatives, e.relations AS relations, e.evidence AS evidence,
  e.position AS position"""
"""Every child of `$id`, in no order; its publisher is the part of its id before the slash, which is cheaper to take."""

EMBEDDED_SPAN = "MATCH (m:Model) RETURN max(offset(id(m))) AS last"
"""The highest place of a model in its table; places are the engine's own and start at 0."""

EMBEDDED_EDGES = """
MATCH (c:Model)-[e:DERIVED_FROM]->(p:Model) WHERE offset(id(c)) >= $first AND offset(id(c)) < $after
RETURN offset(id(c)) AS child, offset(id(p)) AS parent, e.relations AS relations, e.evidence AS evidence,
  e.position AS position"""
"""The edges up from a stretch of places, ends as places: ids in full would not fit a reader's memory."""

EMBEDDED_IDS = """
MATCH (m:Model) WHERE offset(id(m)) >= $first AND offset(id(m)) < $after
RETURN offset(id(m)) AS place, m.id AS id"""
"""The ids of a stretch of places."""

EMBEDDED_REACH = "CALL var_length_extend_max_depth={hops}"
"""The one setting that a reader changes; the engine takes no parameter here, `hops` is our own whole number."""


# Neo4j ---------------------------------------------------------------------------------------------------------------

DIGEST = "lineage_digest"
"""Neo4j only: the fingerprint of a row, on each node and edge that lineage wrote; what lacks it is not ours."""

BOOKKEEPING = frozenset({DIGEST})
"""What the embedded store has not, and no answer shows."""

_NEO4J_TAIL = " RETURN count(*) AS rows"


def neo4j_constraints() -> tuple[str, ...]:
    """One unique key a label; safe to repeat."""
    return tuple(
        f"CREATE CONSTRAINT lineage_{label.name.lower()}_key IF NOT EXISTS "
        f"FOR (n:{label.name}) REQUIRE n.{label.key} IS UNIQUE"
        for label in LABELS
    )


def neo4j_indexes() -> tuple[str, ...]:
    """The range indexes that `schema` states, and a text index for who asks what ids contain; safe to repeat."""
    ranges = tuple(
        f"CREATE INDEX lineage_{label.name.lower()}_{name} IF NOT EXISTS FOR (n:{label.name}) ON (n.{name})"
        for label in LABELS
        for name in label.indexed
    )
    return (
        *ranges,
        "CREATE TEXT INDEX lineage_model_text IF NOT EXISTS FOR (n:Model) ON (n.id)",
    )


NEO4J_INDEXES_READY = """
SHOW INDEXES YIELD name, state, populationPercent WHERE name STARTS WITH 'lineage_' AND state <> 'ONLINE'
RETURN name, state, populationPercent AS percent"""
"""Indexes of ours that do not serve yet."""

NEO4J_AWAIT = "CALL db.awaitIndexes(300)"
"""Return once every index serves."""

NEO4J_REPLAN = "CALL db.prepareForReplanning(300)"
"""Count anew what the planner goes by, and forget old plans: one for an empty graph never ends on a full one."""

NEO4J_MODELS = """
UNWIND $ids AS wanted MATCH (m:Model {id: wanted})
OPTIONAL MATCH (m)-[:PUBLISHED_BY]->(:Publisher)-[:PART_OF]->(o:Organization)
RETURN """ + _MODEL.format(organization="o.slug", country="o.country")
"""Those of `$ids` that exist as rows of `domain.Model`'s fields, in no order."""

NEO4J_EMPTY = "MATCH (n) RETURN count(n) = 0 AS empty"

NEO4J_STATE = "MATCH (l:LineageMeta {key: 'loaded'}) RETURN l.loading AS loading, l.schema_version AS schema_version"
"""The load under way, if one was begun and not ended, and the schema version."""

NEO4J_BEGIN = f"""
MERGE (l:LineageMeta {{key: 'loaded'}})
SET l.loading = $run, l.{DIGEST} = 0, l.schema_version = $version RETURN 1 AS rows"""

NEO4J_FOREIGN = {
    label.name: f"MATCH (n:{label.name}) WHERE n.{DIGEST} IS NULL RETURN collect(n.{label.key}) AS keys"
    for label in LABELS
}
"""Keys of nodes that bear a label of ours and are not ours."""


def neo4j_columns(thing: Label | EdgeType) -> tuple[tuple[str, Kind], ...]:
    """What is written of one node or edge, in the order of the parameter `$columns`; an edge's two ends come first."""
    extra: tuple[tuple[str, Kind], ...] = ((DIGEST, "int"),)
    if isinstance(thing, EdgeType):
        ends: tuple[tuple[str, Kind], ...] = (("source", "string"), ("target", "string"))
        return ends + tuple((p.name, p.kind) for p in thing.properties) + extra
    return tuple((p.name, p.kind) for p in thing.properties) + extra


def _neo4j_values(thing: Label | EdgeType) -> dict[str, str]:
    """Each property and how row `i` of `$columns` gives it; times travel as epoch milliseconds."""
    values = {}
    for place, (name, kind) in enumerate(neo4j_columns(thing)):
        cell = f"$columns[{place}][i]"
        instant = f"CASE WHEN {cell} IS NULL THEN null ELSE datetime({{epochMillis: {cell}}}) END"
        values[name] = instant if kind == "time" else cell
    if isinstance(thing, EdgeType):
        del values["source"], values["target"]
    return values


_EACH = "UNWIND range(0, size($columns[0]) - 1) AS i "


def _literal(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {cell}" for name, cell in values.items()) + "}"


def _settings(variable: str, values: dict[str, str]) -> str:
    return ", ".join(f"{variable}.{name} = {cell}" for name, cell in values.items())


def neo4j_create(label: Label) -> str:
    """New nodes, into a database that has none of them; answers their element ids in the order of the rows."""
    return _EACH + f"CREATE (n:{label.name} {_literal(_neo4j_values(label))}) RETURN collect(elementId(n)) AS made"


def neo4j_upsert(label: Label) -> str:
    """Nodes that may be there already; properties that others put on them stay."""
    values = _neo4j_values(label)
    key = values.pop(label.key)
    return _EACH + f"MERGE (n:{label.name} {{{label.key}: {key}}}) SET {_settings('n', values)}" + _NEO4J_TAIL


def neo4j_join(edge: EdgeType) -> str:
    """New edges between nodes given by element id, into a database that has none of them."""
    ends = "MATCH (a) WHERE elementId(a) = $columns[0][i] MATCH (b) WHERE elementId(b) = $columns[1][i] "
    return _EACH + ends + f"CREATE (a)-[:{edge.name} {_literal(_neo4j_values(edge))}]->(b)" + _NEO4J_TAIL


def neo4j_relate(edge: EdgeType) -> str:
    """Edges between nodes given by key; one that is there already stays one."""
    values = _neo4j_values(edge)
    digest = values.pop(DIGEST)
    merge = f"MERGE (a)-[r:{edge.name} {{{DIGEST}: {digest}}}]->(b)"
    change = f" SET {_settings('r', values)}" if values else ""
    return _EACH + _ends(edge) + merge + change + _NEO4J_TAIL


def _ends(edge: EdgeType) -> str:
    source, target = (_label(name) for name in (edge.source, edge.target))
    return (
        f"MATCH (a:{source.name} {{{source.key}: $columns[0][i]}}) "
        f"MATCH (b:{target.name} {{{target.key}: $columns[1][i]}}) "
    )


def _label(name: str) -> Label:
    return next(label for label in LABELS if label.name == name)


def neo4j_count(thing: Label | EdgeType) -> str:
    """How many nodes or edges bear that name, ours or not; a look into the count store."""
    pattern = f"()-[n:{thing.name}]->()" if isinstance(thing, EdgeType) else f"(n:{thing.name})"
    return f"MATCH {pattern} RETURN count(n) AS rows"


def neo4j_digests(thing: Label | EdgeType) -> str:
    """The fingerprints of what is there, one list for the `$part`th of `$parts` parts."""
    pattern = f"()-[n:{thing.name}]->()" if isinstance(thing, EdgeType) else f"(n:{thing.name})"
    ours = f"n.{DIGEST} IS NOT NULL AND n.{DIGEST} % $parts = $part"
    return f"MATCH {pattern} WHERE {ours} RETURN collect(n.{DIGEST}) AS digests"


def neo4j_named(thing: Label | EdgeType) -> str:
    """Which nodes (`source`) or edges (`source`, `target`) bear the fingerprints `$digests`, as one row of lists."""
    if isinstance(thing, Label):
        return (
            f"MATCH (n:{thing.name}) WHERE n.{DIGEST} IN $digests "
            f"RETURN collect(n.{thing.key}) AS source, collect(n.{DIGEST}) AS digest"
        )
    source, target = _label(thing.source), _label(thing.target)
    return (
        f"MATCH (a:{source.name})-[r:{thing.name}]->(b:{target.name}) WHERE r.{DIGEST} IN $digests "
        f"RETURN collect(a.{source.key}) AS source, collect(b.{target.key}) AS target, collect(r.{DIGEST}) AS digest"
    )


def neo4j_cut(edge: EdgeType) -> str:
    """Remove the edges given by both ends and fingerprint."""
    return _EACH + _ends(edge) + f"MATCH (a)-[r:{edge.name} {{{DIGEST}: $columns[2][i]}}]->(b) DELETE r" + _NEO4J_TAIL


def neo4j_retire(label: Label) -> str:
    """Take our label and marks off vanished nodes that others have tied edges to, so that their edges stay."""
    kept = f"MATCH (n:{label.name} {{{label.key}: $columns[0][i]}}) WHERE n.{DIGEST} IS NOT NULL AND (n)--() "
    return _EACH + kept + f"REMOVE n:{label.name}, n.{DIGEST} SET n:Vanished" + _NEO4J_TAIL


def neo4j_remove(label: Label) -> str:
    """Remove vanished nodes."""
    return (
        _EACH
        + f"MATCH (n:{label.name} {{{label.key}: $columns[0][i]}}) WHERE n.{DIGEST} IS NOT NULL DELETE n"
        + _NEO4J_TAIL
    )


def neo4j_finish() -> str:
    """State what is loaded; from this statement on, the load is over."""
    label = _label("LineageMeta")
    values = {name: cell for name, cell in _neo4j_values(label).items() if name not in (label.key, DIGEST)}
    return (
        _EACH
        + f"MATCH (l:LineageMeta {{key: $columns[0][i]}}) SET {_settings('l', values)} REMOVE l.loading"
        + _NEO4J_TAIL
    )


_BROOD_LISTS = """
RETURN collect(c.id) AS ids, collect(c.derivatives) AS derivatives, collect(coalesce(e.relation, '')) AS relations"""

NEO4J_NODES = f"MATCH (m:Model) WHERE m.{DIGEST} IS NOT NULL {_NODES}"
"""Every model and stub of ours in the columns of `schema.NODES`, in no order."""

NEO4J_BROOD = "MATCH (c:Model)-[e:DERIVED_FROM]->(:Model {id: $id})" + _BROOD_LISTS
"""Every child of `$id` as three lists: one row that is quicker to send than one a child."""

NEO4J_BROOD_OF = (
    "MATCH (c:Model)-[e:DERIVED_FROM]->(:Model {id: $id}) "
    "WHERE e.relation IN $relations OR any(wanted IN $relations WHERE wanted IN e.relations)" + _BROOD_LISTS
)
"""Such lists of the children by one of `$relations`; an edge's list is read only where its strongest is not."""
