"""A scene as Graphviz DOT; every name is a quoted string with its quotes and backslashes escaped."""

from __future__ import annotations

from lineage.domain import Receipt
from lineage.export import receipts, trees
from lineage.export.plain import LETTERS, printable
from lineage.scene import Scene, SceneEdge, SceneNode


def text(scene: Scene, receipt: Receipt) -> str:
    """A `digraph` from parent to child, left to right; dotted lines lead to "+N more"."""
    title = [receipts.BANNER] * receipt.simulated + list(receipts.lines(receipt))
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines.append(f"  label={_quoted(*title)};")
    lines += [f"  {quoted(node.key)} [label={_label(node, receipt)}];" for node in scene.nodes]
    for line in scene.edges:
        parent, child = (line.far, line.near) if scene.direction == "up" else (line.near, line.far)
        lines.append(f"  {quoted(parent)} -> {quoted(child)} [{_style(line)}];")
    return "\n".join([*lines, "}"]) + "\n"


def quoted(name: str) -> str:
    """The text as a DOT string."""
    return _quoted(name)


def _quoted(*lines: str) -> str:
    parts = [printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines if line]
    return '"' + "\\n".join(parts) + '"'


def _label(node: SceneNode, receipt: Receipt) -> str:
    if node.model is None:
        return _quoted(trees.remainder(node))
    return _quoted(node.key, trees.figures(node, receipt))


def _style(line: SceneEdge) -> str:
    if line.edge is None:
        return "style=dotted"
    return f"label={quoted(LETTERS.get(line.edge.relation, '?'))}"
