"""A bounded, laid-out piece of the graph around one model: pure, and drawn alike as text, HTML and on the page.

Best-first: of all shown models the one with most derivatives opens next. It shows its best children and one "+N more"
for the rest, until the row budget is spent. A model is shown once; its other parents become second edges, so merges
and cycles end.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lineage.domain import Brood, Child, Edge, Model

COLUMN = 330
"""Distance between two generations, in pixels."""

ROW = 26
"""Height of one leaf, in pixels."""

LIMIT = 35
"""Rows drawn where nobody asks for another number."""

WIDTH = 7
"""Children of one model that are drawn at `LIMIT` rows."""

Direction: TypeAlias = Literal["down", "up"]


@dataclass(frozen=True)
class SceneNode:
    """One row of the drawing: a model, or the "+N more" that stands for its undrawn siblings (`model` is None).

    `key` is unique in the scene and equals the id for a model; `hangs_on` is the key of the node it is drawn under and
    `edge` the derivation between the two. `open` says that its children are drawn or counted in a "+N more".
    `hidden` counts by strongest relation what a "+N more" stands for, `publishers` who published those.
    """

    key: str
    hangs_on: str | None
    depth: int
    x: float
    y: float
    model: Model | None
    edge: Edge | None = None
    open: bool = False
    hidden: Mapping[str, int] = field(default_factory=dict)
    publishers: int = 0

    @property
    def more(self) -> int:
        """How many models this "+N more" stands for; 0 for a model."""
        return sum(self.hidden.values())


@dataclass(frozen=True)
class SceneEdge:
    """A line of the drawing, from the key nearer the root to the key further away.

    `tree` is the line a node hangs on, `second` another parent of a shown model, `more` leads to a "+N more".
    """

    near: str
    far: str
    kind: Literal["tree", "second", "more"]
    edge: Edge | None = None


@dataclass(frozen=True)
class Scene:
    """Nodes in drawing order (each before what hangs on it), the lines between them, and what was left out.

    `hidden` counts the models behind every "+N more"; `wider` says that more rows would show more, `deeper` that more
    generations would.
    Positions are in pixels: x grows by `COLUMN` a generation (leftwards for ancestors), y by `ROW` a leaf.
    """

    root: str
    direction: Direction
    nodes: tuple[SceneNode, ...]
    edges: tuple[SceneEdge, ...]
    hidden: int
    wider: bool
    deeper: bool

    @property
    def truncated(self) -> bool:
        """Whether anything was left out: behind a "+N more", or below a model that was not opened."""
        return self.wider or self.deeper


@dataclass
class _Spot:
    """A model while the scene grows."""

    model: Model
    hangs_on: str | None
    depth: int
    edge: Edge | None
    open: bool = False
    below: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    publishers: int = 0


_Grow: TypeAlias = Callable[[Model, int, int], Brood | None]
"""What to draw next to a model in so many free rows, at most so many children; None where nothing fits."""


def build(
    root: Model,
    brood: Callable[[str, int], Brood],
    parents: Callable[[Sequence[str]], tuple[Edge, ...]],
    *,
    models: Callable[[Sequence[str]], tuple[Model, ...]] | None = None,
    up: bool = False,
    depth: int | None = None,
    limit: int = LIMIT,
    width: int | None = None,
) -> Scene:
    """The scene below `root`, or above it with `up`: at most `limit` rows, `width` children a model, `depth` edges far.

    Without `width` a tree that fits in `limit` is drawn whole; another grows wider with the limit, from `WIDTH` at
    `LIMIT`, and spends above `LIMIT` every row.

    `brood(id, k)` gives the k best children and a tally of the rest; `parents(ids)` every edge up from them, sorted by
    child and position; `models(ids)` those that exist, and is needed for `up` only.
    """
    if up and models is None:
        raise ValueError("a scene of ancestors needs `models`")
    grow = _upwards(parents, models) if up and models is not None else _downwards(brood)
    limit = max(limit, 1)
    may_fit = width is None and (up or root.derivatives < limit)
    growth = (_whole(root, grow, depth, limit) if may_fit else None) or _bounded(root, grow, depth, limit, width)
    spots, lines = growth.spots, growth.lines
    edges = parents(tuple(spots))
    _join(spots, lines, edges, up)
    ahead = Counter(edge.child for edge in edges) if up else {id: spot.model.direct for id, spot in spots.items()}
    drawn = Counter(near for near, _ in lines)
    for id, spot in spots.items():
        spot.open = spot.open or 0 < ahead.get(id, 0) <= drawn[id]
    ends = {depth == spots[id].depth for id, count in ahead.items() if count and not spots[id].open}
    return _laid_out(root.id, spots, lines, "up" if up else "down", wider=False in ends, deeper=True in ends)


def _room(children: int, free: int, width: int) -> int:
    """How many of `children` may be drawn in `free` rows, one kept for "+N more" where some stay out."""
    return children if children <= min(free, width) else min(width, free - 1)


def _downwards(brood: Callable[[str, int], Brood]) -> _Grow:
    def grow(model: Model, free: int, width: int) -> Brood | None:
        """The children that there is room for."""
        if not model.direct:
            return Brood(model.id, (), {}, 0)
        room = _room(model.direct, free, width)
        return brood(model.id, room) if room > 0 else None

    return grow


def _upwards(
    parents: Callable[[Sequence[str]], tuple[Edge, ...]],
    models: Callable[[Sequence[str]], tuple[Model, ...]],
) -> _Grow:
    def grow(model: Model, free: int, width: int) -> Brood | None:
        """The parents that there is room for."""
        edges = parents([model.id])
        room = _room(len(edges), free, width)
        if edges and room <= 0:
            return None
        shown = {parent.id: parent for parent in models([edge.parent for edge in edges[:room]])}
        drawn = tuple(Child(edge, shown[edge.parent]) for edge in edges[:room] if edge.parent in shown)
        rest = [edge for edge in edges if edge.parent not in {child.model.id for child in drawn}]
        hidden: dict[str, int] = {}
        for edge in rest:
            hidden[edge.relation] = hidden.get(edge.relation, 0) + 1
        owners = {edge.parent.split("/")[0] for edge in rest if "/" in edge.parent}
        return Brood(model.id, drawn, hidden, len(owners))

    return grow


class _Growth:
    """Every model of a growing scene by id, the lines by (near, far), and the rows they take."""

    def __init__(self, root: Model, grow: _Grow, depth: int | None, limit: int) -> None:
        self.spots = {root.id: _Spot(root, None, 0, None)}
        self.lines: dict[tuple[str, str], SceneEdge] = {}
        self.rows = 1
        self._grow, self._depth, self._limit = grow, depth, limit
        self._heap = [(-root.derivatives, root.id)]

    def run(self, width: int) -> None:
        """Open the best model that is closed, until none fits."""
        while self._heap:
            spot = self.spots[heapq.heappop(self._heap)[1]]
            if self._depth is not None and spot.depth >= self._depth:
                continue
            brood = self._grow(spot.model, self._limit - self.rows, width)
            if brood is not None:
                self._draw(spot, brood)

    def fill(self, width: int) -> None:
        """Spend the rows left on the widest "+N more", and on what comes out of it."""
        done: set[str] = set()
        while self.rows < self._limit:
            folded = [(-sum(spot.hidden.values()), id) for id, spot in self.spots.items() if spot.hidden]
            widest = min((entry for entry in folded if entry[1] not in done), default=None)
            if widest is None:
                return
            done.add(widest[1])
            spot = self.spots[widest[1]]
            shown = sum(near == spot.model.id for near, _ in self.lines)
            room = shown + self._limit - self.rows + 1
            brood = self._grow(spot.model, room, room)
            if brood is not None and len(brood.shown) > shown:
                self._draw(spot, brood)
                self.run(width)

    def _draw(self, spot: _Spot, brood: Brood) -> None:
        self.rows += bool(brood.hidden) - bool(spot.hidden)
        spot.open, spot.hidden, spot.publishers = True, dict(brood.hidden), brood.publishers
        for child in brood.shown:
            near, far = spot.model.id, child.model.id
            if (near, far) in self.lines:
                continue
            self.lines[near, far] = SceneEdge(near, far, "second" if far in self.spots else "tree", child.edge)
            if far not in self.spots:
                self.spots[far] = _Spot(child.model, near, spot.depth + 1, child.edge)
                spot.below.append(far)
                self.rows += 1
                heapq.heappush(self._heap, (-child.model.derivatives, far))


def _whole(root: Model, grow: _Grow, depth: int | None, limit: int) -> _Growth | None:
    """All within `depth`, or None where it takes more than `limit` rows.

    Twice the rows are free while it grows, since children drawn elsewhere already need room but take none.
    """
    growth = _Growth(root, grow, depth, 2 * limit)
    growth.run(2 * limit)
    return growth if growth.rows <= limit else None


def _bounded(root: Model, grow: _Grow, depth: int | None, limit: int, width: int | None) -> _Growth:
    growth = _Growth(root, grow, depth, limit)
    spread = width or max(WIDTH, limit // 5)
    growth.run(spread)
    if width is None and limit > LIMIT:
        growth.fill(spread)
    return growth


def _join(spots: Mapping[str, _Spot], lines: dict[tuple[str, str], SceneEdge], edges: Sequence[Edge], up: bool) -> None:
    """Draw the derivations between shown models that no opening met, and take them out of the hidden tallies."""
    for edge in edges:
        near, far = (edge.child, edge.parent) if up else (edge.parent, edge.child)
        if near not in spots or far not in spots or (near, far) in lines:
            continue
        lines[near, far] = SceneEdge(near, far, "second", edge)
        spot = spots[near]
        if spot.hidden.get(edge.relation, 0):
            spot.hidden[edge.relation] -= 1
            spot.publishers = min(spot.publishers, sum(spot.hidden.values()))


def _laid_out(
    root: str,
    spots: Mapping[str, _Spot],
    lines: Mapping[tuple[str, str], SceneEdge],
    direction: Direction,
    *,
    wider: bool,
    deeper: bool,
) -> Scene:
    rest = {_more_key(id, spots): id for id, spot in spots.items() if sum(spot.hidden.values())}
    below = {id: list(spot.below) for id, spot in spots.items()}
    for key, id in rest.items():
        below[id].append(key)
    order = _order(root, below)
    height = _heights(order, below)
    step = -COLUMN if direction == "up" else COLUMN
    nodes = tuple(_node(key, spots, rest, step, height[key]) for key in order)
    hung = [
        lines[node.hangs_on, node.key] if node.model else SceneEdge(node.hangs_on, node.key, "more")
        for node in nodes
        if node.hangs_on is not None
    ]
    second = [line for line in lines.values() if line.kind == "second"]
    hidden = sum(node.more for node in nodes)
    return Scene(root, direction, nodes, (*hung, *second), hidden, wider or hidden > 0, deeper)


def _more_key(id: str, taken: Mapping[str, _Spot]) -> str:
    key = f"{id} +more"
    while key in taken:
        key += "+"
    return key


def _node(key: str, spots: Mapping[str, _Spot], rest: Mapping[str, str], step: int, y: float) -> SceneNode:
    if key in rest:
        spot = spots[rest[key]]
        depth = spot.depth + 1
        hidden = {relation: count for relation, count in spot.hidden.items() if count}
        return SceneNode(key, rest[key], depth, depth * step, y, model=None, hidden=hidden, publishers=spot.publishers)
    spot = spots[key]
    return SceneNode(key, spot.hangs_on, spot.depth, spot.depth * step, y, spot.model, spot.edge, spot.open)


def _order(root: str, below: Mapping[str, Sequence[str]]) -> list[str]:
    """Keys in drawing order, without recursion: chains are deeper than Python's stack."""
    order: list[str] = []
    stack = [root]
    while stack:
        key = stack.pop()
        order.append(key)
        stack.extend(reversed(below.get(key, ())))
    return order


def _heights(order: Sequence[str], below: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The y of every key: leaves take slots from the top, the others the mean of what hangs on them."""
    leaves = [key for key in order if not below.get(key)]
    height = {key: float(slot * ROW) for slot, key in enumerate(leaves)}
    for key in reversed(order):
        if below.get(key):
            height[key] = sum(height[other] for other in below[key]) / len(below[key])
    return height
