"""First queries: shown by `lineage cypher --help` and run by the demo; one text for both stores."""

MOST_DERIVED = "MATCH (m:Model) RETURN m.id, m.derivatives ORDER BY m.derivatives DESC LIMIT 5"
"""The models with most derivatives; the counts are properties, made once at load."""

BY_RELATION = (
    "MATCH (child:Model)-[d:DERIVED_FROM]->(parent:Model)-[:MEMBER_OF]->(f:Family {slug: $family}) "
    "RETURN parent.id AS model, d.relation AS relation, count(*) AS children ORDER BY children DESC, model LIMIT 8"
)
"""A family's members by the relation of their direct children; $family is its slug."""
