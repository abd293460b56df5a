"""All Cypher text of lineage, for both stores; values travel as parameters, never inside the text.

Sections: what both stores run (`MODELS` … `LOADED`), the embedded engine's own, Neo4j's own. A text that only one
dialect needs carries that store's name. Labels, types and properties come from `lineage.schema` alone.
"""

from __future__ import annotations

from lineage.schema import EDGE_TYPES, LABELS, EdgeType, Kind, Label

# Both stores ---------------------------------------------------------------------------------------------------------

_MODEL = """
OPTIONAL MATCH (m)-[:PUBLISHED_BY]->(:Publisher)-[:PART_OF]->(o:Organization)
RETURN m.id AS id, m.stub AS stub, m.publisher AS publisher, o.slug AS organization, o.country AS country,
  m.family AS family, m.created_at AS created_at, m.last_modified AS last_modified, m.downloads AS downloads,
  m.downloads_all_time AS downloads_all_time, m.likes AS likes, m.pipeline_tag AS pipeline_tag, m.library AS library,
  m.license AS license, m.gated AS gated, m.parameters AS parameters, m.direct AS direct,
  m.derivatives AS derivatives, m.depth AS depth"""

MODELS = "UNWIND $ids AS wanted MATCH (m:Model {id: wanted})" + _MODEL
"""Rows in the order of `domain.Model`'s fields, for those of `$ids` that exist, in no order."""

MODEL_COLUMNS = tuple(part.split(" AS ")[1].strip() for part in _MODEL.split("RETURN")[1].split(","))
"""The columns that `MODELS` returns: the fields of `domain.Model`."""

PARENTS = """
UNWIND $ids AS wanted MATCH (c:Model {id: wanted})-[e:DERIVED_FROM]->(p:Model)
RETURN c.id AS child, p.id AS parent, e.relations AS relations, e.evidence AS evidence, e.position AS position"""
"""Every DERIVED_FROM edge up from `$ids`, in no order."""

BROOD = """
MATCH (c:Model)-[e:DERIVED_FROM]->(p:Model {id: $id})
RETURN c.id AS id, c.publisher AS publisher, c.derivatives AS derivatives, e.relations AS relations,
  e.evidence AS evidence, e.position AS position"""
"""Every child of `$id` with its edge, in no order."""

EDGES = """
MATCH (c:Model)-[e:DERIVED_FROM]->(p:Model)
RETURN c.id AS child, p.id AS parent, e.relations AS relations, e.evidence AS evidence, e.position AS position"""
"""Every DERIVED_FROM edge, in no order."""

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


# Neo4j ---------------------------------------------------------------------------------------------------------------
