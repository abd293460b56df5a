"""Saved queries of the page: one text for both stores, no parameters, each answered within a moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SavedQuery:
    """A query by the short name that an address carries; `title` is the question it answers."""

    slug: str
    title: str
    text: str


SAVED: tuple[SavedQuery, ...] = (
    SavedQuery(
        "most-derived",
        "Which models have most derivatives?",
        "MATCH (m:Model)\nRETURN m.id AS model, m.derivatives AS derivatives, m.direct AS direct\n"
        "ORDER BY derivatives DESC LIMIT 20",
    ),
    SavedQuery(
        "families",
        "Who makes the families, and how much came of them?",
        "MATCH (f:Family)-[:MADE_BY]->(o:Organization)\n"
        "RETURN f.slug AS family, o.name AS maker, o.country AS country, f.members AS members, "
        "f.derivatives AS derivatives\nORDER BY derivatives DESC LIMIT 50",
    ),
    SavedQuery(
        "children-by-relation",
        "How do Qwen's members get their direct children?",
        "MATCH (child:Model)-[d:DERIVED_FROM]->(parent:Model)-[:MEMBER_OF]->(f:Family {slug: 'qwen'})\n"
        "RETURN parent.id AS model, d.relation AS relation, count(*) AS children\n"
        "ORDER BY children DESC, model LIMIT 50",
    ),
    SavedQuery(
        "two-families",
        "Which models derive from both Qwen and Llama?",
        "MATCH (q:Family {slug: 'qwen'})<-[:ATTRIBUTED_TO]-(m:Model)-[:ATTRIBUTED_TO]->(l:Family {slug: 'llama'})\n"
        "RETURN m.id AS model, m.downloads AS downloads\nORDER BY downloads DESC LIMIT 50",
    ),
    SavedQuery(
        "merges",
        "Which parents go into most merges?",
        "MATCH (child:Model)-[d:DERIVED_FROM]->(parent:Model)\nWHERE d.relation = 'merge'\n"
        "RETURN parent.id AS model, count(*) AS merges\nORDER BY merges DESC, model LIMIT 50",
    ),
    SavedQuery(
        "publishers",
        "Who publishes most derivatives of DeepSeek?",
        "MATCH (p:Publisher)<-[:PUBLISHED_BY]-(m:Model)-[:ATTRIBUTED_TO]->(f:Family {slug: 'deepseek'})\n"
        "RETURN p.name AS publisher, count(*) AS derivatives\nORDER BY derivatives DESC, publisher LIMIT 50",
    ),
)
