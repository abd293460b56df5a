"""One or two scenes as marks and lines with places in pixels: what the component and the picture both draw. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lineage.domain import Evidence, Receipt
from lineage.export import trees
from lineage.export.plain import cells, clip, printable
from lineage.scene import ROW, Scene, SceneEdge, SceneNode

NAME = 40
"""Characters of a name that fit beside its disc."""

LETTER_WIDTH = 6.4
"""Pixels of one character at 12 px, on average."""


@dataclass(frozen=True)
class Mark:
    """A disc, or the bar of a "+N more": where, how big, and every word of it as it may be shown.

    `key` is the scene's; `above` says that the name stands over the disc because lines leave it to the right.
    """

    key: str
    x: float
    y: float
    radius: float
    letter: str
    relation: str
    name: str
    beside: str
    above: bool
    stub: bool
    title: str
    aria: str
    mix: Mapping[str, int] = field(default_factory=dict)

    @property
    def rest(self) -> bool:
        """Whether it stands for undrawn models."""
        return bool(self.mix)


@dataclass(frozen=True)
class Line:
    """A line from parent to child: its relation's colour, its evidence's dashes, its width in pixels."""

    parent: str
    child: str
    relation: str
    style: str
    width: float


@dataclass(frozen=True)
class Layout:
    """Everything to draw, and the box that holds it."""

    root: str
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    left: float
    top: float
    right: float
    bottom: float


def laid_out(scenes: Sequence[Scene], receipt: Receipt) -> Layout:
    """The scenes joined at their root: the first one's places stand, the second one's are moved onto it."""
    marks: dict[str, Mark] = {}
    lines: dict[tuple[str, str], Line] = {}
    base = scenes[0].nodes[0]
    owner = base.key.split("/")[0] if "/" in base.key else ""
    deep = sum(max(node.depth for node in scene.nodes) for scene in scenes)
    step = 0.92 if deep < 4 else 0.76
    for scene in scenes:
        shift = base.y - scene.nodes[0].y
        weights = {node.key: node.model.derivatives for node in scene.nodes if node.model}
        for node in scene.nodes:
            key = key_in(scene, node)
            if key not in marks:
                marks[key] = replace(_mark(node, receipt, owner, scene), key=key, x=node.x * step, y=node.y + shift)
        for edge in scene.edges:
            line = _line(edge, scene, weights)
            lines.setdefault((line.parent, line.child), line)
    return _boxed(base.key, tuple(marks.values()), tuple(lines.values()))


def _boxed(root: str, marks: tuple[Mark, ...], lines: tuple[Line, ...]) -> Layout:
    return Layout(
        root,
        marks,
        lines,
        left=min(mark.x - _reach(mark)[0] for mark in marks),
        top=min(mark.y for mark in marks) - ROW * 1.5,
        right=max(mark.x + _reach(mark)[1] for mark in marks),
        bottom=max(mark.y for mark in marks) + ROW * 1.2,
    )


def _reach(mark: Mark) -> tuple[float, float]:
    """How far the words run to the left and to the right of the mark's middle."""
    width = cells(mark.name) * LETTER_WIDTH
    if mark.above:
        return width / 2 + 8, width / 2 + 8
    return 30, 30 + width + cells(mark.beside) * LETTER_WIDTH


def key_in(scene: Scene, node: SceneNode) -> str:
    """The node's key, told apart from the other scene's."""
    return f"{node.key} up" if node.model is None and scene.direction == "up" else node.key


def _mark(node: SceneNode, receipt: Receipt, owner: str, scene: Scene) -> Mark:
    relation = node.edge.relation if node.edge else ""
    if node.model is None:
        name, beside = f"+{node.more:,} more", f"by {node.publishers:,} publishers" if node.publishers > 1 else ""
        words = trees.remainder(node)
    else:
        bound = "" if receipt.complete else "≥ "
        name = _shortened(printable(node.key), owner)
        beside = f"{bound}{node.model.derivatives:,}" if node.model.derivatives else ""
        words = printable(node.key)
    stub = bool(node.model and node.model.stub)
    said = [words, relation, trees.figures(node, receipt), "not in the snapshot" if stub else ""]
    return Mark(
        key=node.key,
        x=node.x,
        y=node.y,
        radius=_radius(node),
        letter=trees.letter(node),
        relation=relation,
        name=name,
        beside=beside,
        above=node.open and bool(node.model and (node.model.direct if scene.direction == "down" else node.depth >= 0)),
        stub=stub,
        title="\n".join(part for part in said if part),
        aria=", ".join(part for part in said if part),
        mix=dict(node.hidden),
    )


def _radius(node: SceneNode) -> float:
    """By downloads, on a log scale."""
    return 8.0 if node.model is None else min(13.0, 7.0 + 0.9 * math.log10(1 + (node.model.downloads or 0)))


def _shortened(id: str, owner: str) -> str:
    """Without the owner where it is the root's; the middle left out where it is long, since names differ at the end."""
    shown = id.removeprefix(f"{owner}/") if owner else id
    if cells(shown) <= NAME:
        return shown
    tail = shown[-12:]
    return clip(shown, NAME - cells(tail)) + tail


def _line(edge: SceneEdge, scene: Scene, weights: Mapping[str, int]) -> Line:
    near, far = edge.near, edge.far
    if edge.kind == "more" and scene.direction == "up":
        far = f"{far} up"
    parent, child = (far, near) if scene.direction == "up" else (near, far)
    if edge.edge is None:
        return Line(parent, child, "", "rest", 1.0)
    evidence = set(edge.edge.evidence)
    style = "solid"
    if evidence == {Evidence.INFERRED}:
        style = "inferred"
    elif evidence <= {Evidence.INFERRED, Evidence.CURATED}:
        style = "curated"
    return Line(parent, child, edge.edge.relation, style, 1.2 + 0.7 * math.log10(1 + weights.get(edge.far, 0)))


def height(layout: Layout, least: int = 260, most: int = 1300) -> int:
    """Pixels that show the whole of it, within reason."""
    return int(min(max(layout.bottom - layout.top, least), most))
