"""The clickable tree: pyvis's network of a scene, drawn by pyvis's own vis-network inside the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import streamlit as st

from lineage.domain import Receipt
from lineage.export.html import PALETTES, network
from lineage.scene import Scene
from ui import serving
from ui.layout import Layout, Mark, height, key_in
from ui.picture import FAINT, INK, PAPER, drawn

Json: TypeAlias = str | int | float | bool | Sequence["Json"] | dict[str, "Json"] | None

_HERE = Path(__file__).parent
_HTML = """<div class="frame"><div class="tools"><button id="in" aria-label="Zoom in">+</button><button id="out"
 aria-label="Zoom out">−</button><button id="fit" aria-label="Show all">Fit</button><button id="png"
 aria-label="Save as PNG">PNG</button></div><div id="graph" tabindex="0" role="application"></div>
<div id="live" aria-live="polite"></div></div>"""


@cache
def _graph() -> Callable[..., object]:
    return st.components.v2.component(
        "lineage_graph",
        html=_HTML,
        css=(_HERE / "component.css").read_text(encoding="utf-8"),
        js=(_HERE / "component.js").read_text(encoding="utf-8"),
    )


def tree(
    scenes: Sequence[Scene], layout: Layout, receipt: Receipt, *, focus: str, file: str, picked: Callable[[str], None]
) -> None:
    """Draw the scenes; `picked` is called with the key of a node that was clicked, or entered by keyboard."""
    key = "tree graph"

    def on_picked() -> None:
        """Pass on what was picked."""
        chosen = st.session_state[key].get("picked")
        if chosen:
            picked(str(chosen["id"]))

    tall = height(layout)
    _graph()(
        key=key, on_picked_change=on_picked,
        data=_data(scenes, layout, receipt, theme(), focus=focus, tall=tall, file=file),
    )  # fmt: skip


def theme() -> str:
    """`light` or `dark`, as the reader's browser shows the page."""
    return st.context.theme.type or "light"


def _data(
    scenes: Sequence[Scene], layout: Layout, receipt: Receipt, theme: str, *, focus: str, tall: int, file: str
) -> dict[str, Json]:
    """What the component's script needs, as plain JSON."""
    nodes, edges, options = _network(scenes, layout, receipt, theme)
    body: dict[str, Json] = {
        "nodes": nodes,
        "edges": edges,
        "options": options,
        "root": layout.root,
        "library": serving.LIBRARY,
        "label": f"Family tree of {layout.marks[0].name}: arrow keys move, Enter inspects; the Table tab has the rows",
        "height": tall,
        "box": {
            "left": layout.left,
            "right": layout.right,
            "top": layout.top,
            "bottom": layout.bottom,
            "rootY": layout.marks[0].y,
            "mirrored": all(scene.direction == "up" for scene in scenes),
        },
        "look": {
            "relations": dict(PALETTES[theme]),
            "ink": INK[theme],
            "paper": PAPER[theme],
            "faint": FAINT[theme],
            "onColour": PAPER[theme],
        },
    }
    rev = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return {**body, "rev": rev, "focus": focus, "svg": drawn(layout, receipt, theme), "file": file}


def _network(
    scenes: Sequence[Scene], layout: Layout, receipt: Receipt, theme: str
) -> tuple[list[Json], list[Json], Json]:
    """pyvis's nodes, edges and options, every node with the place and the words that the layout gave it."""
    places = {mark.key: mark for mark in layout.marks}
    nodes: dict[str, Json] = {}
    edges: dict[tuple[str, str], Json] = {}
    options: Json = {}
    for scene in scenes:
        drawn_nodes, drawn_edges, *_, text = network(scene, receipt, theme=theme).get_network_data()
        options = json.loads(text)
        names = {node.key: key_in(scene, node) for node in scene.nodes}
        for node in map(_plain, drawn_nodes):
            key = names[str(node["id"])]
            nodes.setdefault(key, {**node, "id": key, **_mark(places[key])})
        for edge in map(_plain, drawn_edges):
            ends = names[str(edge["from"])], names[str(edge["to"])]
            edges.setdefault(ends, {**edge, "from": ends[0], "to": ends[1]})
    return list(nodes.values()), list(edges.values()), options


def _plain(drawn: object) -> dict[str, Json]:
    """What pyvis made, as the JSON that it is."""
    made: dict[str, Json] = json.loads(json.dumps(drawn))
    return made


def _mark(mark: Mark) -> dict[str, Json]:
    return {
        "x": mark.x, "y": mark.y, "radius": mark.radius, "letter": mark.letter, "relation": mark.relation,
        "name": mark.name, "beside": mark.beside, "above": mark.above, "stub": mark.stub, "rest": mark.rest,
        "title": mark.title, "aria": mark.aria, "mix": dict(mark.mix),
    }  # fmt: skip
