"""Answers as sheets where the page wants other columns than the command line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lineage.answers import TopAnswer, TrendsAnswer
from lineage.export.sheet import Cell, Column, Sheet
from lineage.scene import Scene, SceneNode


def of_scenes(scenes: Sequence[Scene]) -> Sheet:
    """A row a drawn node, in drawing order; every parent it hangs on within the drawing."""
    columns = (
        Column("model"),
        Column("far", "number"),
        Column("relation"),
        Column("evidence"),
        Column("drawn under"),
        Column("also from"),
        Column("derivatives", "number"),
        Column("direct", "number"),
        Column("downloads", "number"),
        Column("license"),
        Column("created", "day"),
    )
    seen: set[str] = set()
    rows = []
    for scene in scenes:
        others: dict[str, list[str]] = {}
        for edge in scene.edges:
            if edge.kind == "second":
                others.setdefault(edge.far, []).append(edge.near)
        for node in scene.nodes:
            if node.key not in seen:
                seen.add(node.key)
                rows.append(_row(node, others.get(node.key, [])))
    return Sheet(columns, tuple(rows))


def _row(node: SceneNode, others: Sequence[str]) -> tuple[Cell, ...]:
    relation = node.edge.relation if node.edge else None
    evidence = " ".join(node.edge.evidence) if node.edge else None
    other = " ".join(others) or None
    if node.model is None:
        return (node.key, node.depth, ", ".join(f"{n} {r}" for r, n in node.hidden.items()), None, node.hangs_on, None,
                node.more, None, None, None, None)  # fmt: skip
    model = node.model
    return (node.key, node.depth, relation, evidence, node.hangs_on, other, model.derivatives, model.direct,
            model.downloads, model.license, model.created_at)  # fmt: skip


def leaderboard(answer: TopAnswer) -> Sheet:
    """A row a family: rank, name, country, the counter asked by, then the headline counters."""
    beside = [name for name in ("derivatives", "direct", "organic", "trained", "publishers") if name != answer.by]
    columns = (
        Column("rank", "number", "#"),
        Column("family"),
        Column("slug"),
        Column("country"),
        Column(answer.by, "number"),
        Column("share", "share"),
        *(Column(name, "number") for name in beside),
    )
    rows = tuple(
        (place, line.label, line.name, line.country, line.value, line.share,
         *(line.values.get(name) for name in beside))
        for place, line in enumerate(answer.results, 1)
    )  # fmt: skip
    return Sheet(columns, rows)


def by_relation(answer: TopAnswer) -> Sheet:
    """A row a family: its derivatives by relation; one with several stands in each."""
    counters = ("derivatives", "finetunes", "adapters", "quantizations", "merges", "unspecified")
    columns = (Column("family"), Column("slug"), *(Column(name, "number") for name in counters))
    return Sheet(
        columns,
        tuple((line.label, line.name, *(line.values.get(name) for name in counters)) for line in answer.results),
    )


def shares(answer: TrendsAnswer) -> Sheet:
    """A row a month, newest first: its new models and every line's share of them."""
    columns = (Column("month"), Column("new models", "number"), *(Column(line.label, "share") for line in answer.lines))
    rows = tuple(
        (
            month.key,
            month.whole,
            *(None if line.share[at] is None else float(line.share[at] or 0) for line in answer.lines),
        )
        for at, month in enumerate(answer.months)
    )
    return Sheet(columns, rows[::-1])
