"""What a query found as a small graph: its nodes, the paths it returned, the derivations among its models. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lineage.domain import Edge, Table

MOST = 60
"""Nodes that are drawn."""


@dataclass(frozen=True)
class Dot:
    """A node by its label and its key within it."""

    label: str
    id: str


@dataclass(frozen=True)
class Found:
    """Nodes in the order in which the rows name them, the lines between them, and how many nodes were left out."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[Dot, Dot, str], ...]
    left_out: int = 0

    @property
    def models(self) -> tuple[str, ...]:
        """Ids of the models drawn."""
        return tuple(dot.id for dot in self.dots if dot.label == "Model")

    def related(self, edges: Iterable[Edge]) -> Found:
        """With these derivations too; a line that a path gave already stands."""
        known = {frozenset(line[:2]) for line in self.lines}
        more = [(Dot("Model", edge.parent), Dot("Model", edge.child), edge.relation) for edge in edges]
        return Found(self.dots, (*self.lines, *(m for m in more if frozenset(m[:2]) not in known)), self.left_out)


def found(table: Table) -> Found:
    """The nodes and paths of a query's rows; of a path, neighbours are joined by the relationship's own name."""
    dots: dict[Dot, None] = {}
    lines: dict[tuple[Dot, Dot, str], None] = {}
    for row in table.rows:
        for value in row:
            _collect(value, dots, lines)
    kept = tuple(dots)[:MOST]
    inside = set(kept)
    return Found(kept, tuple(line for line in lines if {line[0], line[1]} <= inside), len(dots) - len(kept))


def _collect(value: object, dots: dict[Dot, None], lines: dict[tuple[Dot, Dot, str], None]) -> None:
    if isinstance(value, Mapping):
        dot = _dot(value)
        if dot:
            dots.setdefault(dot)
        elif "nodes" in value and "relationships" in value:
            _path(value["nodes"], value["relationships"], dots, lines)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            _collect(item, dots, lines)


def _dot(value: Mapping[object, object]) -> Dot | None:
    if isinstance(value.get("properties"), Mapping) and value.get("id") is not None:
        return Dot(str(value.get("label")), str(value["id"]))
    return None


def _path(nodes: object, relationships: object, dots: dict[Dot, None], lines: dict[tuple[Dot, Dot, str], None]) -> None:
    if not isinstance(nodes, Sequence) or not isinstance(relationships, Sequence):
        return
    met = [_dot(node) if isinstance(node, Mapping) else None for node in nodes]
    dots.update({dot: None for dot in met if dot})
    for near, far, line in zip(met, met[1:], relationships, strict=False):
        if near and far:
            lines.setdefault((near, far, _name(line)))


def _name(line: object) -> str:
    """A derivation by its relation, any other relationship by its label."""
    if not isinstance(line, Mapping):
        return ""
    properties = line.get("properties")
    relation = properties.get("relation") if isinstance(properties, Mapping) else None
    return str(relation or line.get("label") or "")


def columns(graph: Found) -> list[list[Dot]]:
    """The dots in columns: each one right of what a line leads to it from, as far as that can be."""
    depth = dict.fromkeys(graph.dots, 0)
    for _ in range(min(len(graph.dots), 8)):
        for start, end, _name_of in graph.lines:
            if depth[end] <= depth[start] < 7:
                depth[end] = depth[start] + 1
    placed: dict[int, list[Dot]] = {}
    for dot in graph.dots:
        placed.setdefault(depth[dot], []).append(dot)
    return [placed[key] for key in sorted(placed)]
