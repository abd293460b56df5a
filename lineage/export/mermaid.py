"""A scene as a Mermaid flowchart; every name is spelt so that nothing in it can be syntax."""

from __future__ import annotations

from lineage.domain import Receipt
from lineage.export import receipts, trees
from lineage.export.plain import LETTERS, printable
from lineage.scene import Scene, SceneEdge, SceneNode

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ./_-+,:·≥")


def text(scene: Scene, receipt: Receipt) -> str:
    """A `flowchart LR` from parent to child; dotted lines lead to "+N more"."""
    ids = {node.key: f"n{place}" for place, node in enumerate(scene.nodes)}
    lines = ["flowchart LR"]
    if receipt.simulated:
        lines.append(f'  banner["{escaped(receipts.BANNER)}"]')
    lines += [f'  {ids[node.key]}["{_label(node, receipt)}"]' for node in scene.nodes]
    for line in scene.edges:
        parent, child = (line.far, line.near) if scene.direction == "up" else (line.near, line.far)
        lines.append(f"  {ids[parent]} {_arrow(line)} {ids[child]}")
    lines += [f"  %% {_comment(part)}" for part in receipts.lines(receipt)]
    return "\n".join(lines) + "\n"


def escaped(name: str) -> str:
    """The text with all but letters, digits and a few marks as Mermaid's decimal character codes."""
    return "".join(char if char in _PLAIN else f"#{ord(char)};" for char in printable(name))


def _label(node: SceneNode, receipt: Receipt) -> str:
    if node.model is None:
        return escaped(trees.remainder(node))
    numbers = trees.figures(node, receipt)
    return escaped(node.key) + (f"<br/>{escaped(numbers)}" if numbers else "")


def _arrow(line: SceneEdge) -> str:
    if line.edge is None:
        return "-.->"
    return f"-->|{LETTERS.get(line.edge.relation, '?').replace('?', '#63;')}|"


def _comment(part: str) -> str:
    return "".join(char for char in part if char in _PLAIN or char in "()")
