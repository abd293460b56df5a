"""A scene as a pyvis network, and as one HTML file that works offline, asks nobody anything and runs no name.

The only module that imports pyvis. `network` is what the page draws from too; its options are constants, and names from
the Hub enter it as data only. `page` is the standalone file.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Protocol

from lineage.domain import Evidence, Receipt
from lineage.export import receipts, trees
from lineage.export.plain import LETTERS, Look, clip, printable
from lineage.scene import Scene, SceneEdge, SceneNode

PALETTES = {
    "light": {"finetune": "#1F3FA8", "adapter": "#9A5B00", "quantized": "#0BA36A", "merge": "#D33BC0"},
    "dark": {"finetune": "#7C93FF", "adapter": "#F2C230", "quantized": "#6FE7D2", "merge": "#FF5C8A"},
}
"""Relation colours, told apart by every common kind of colour vision; letters stand beside them."""

_GREY = "#808074"
_INK = {"light": "#1b1b1b", "dark": "#f0f0f0"}
_PAPER = {"light": "#ffffff", "dark": "#14161a"}

_OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "interaction": {"hover": True, "dragNodes": False, "keyboard": False, "tooltipDelay": 150},
    "nodes": {"margin": 4, "font": {"size": 12}, "borderWidth": 1.5},
    "edges": {"smooth": {"enabled": True, "type": "cubicBezier", "forceDirection": "horizontal", "roundness": 0.5}},
}


class Drawing(Protocol):
    """What is used of pyvis's untyped `Network`."""

    select_menu: bool
    filter_menu: bool
    use_DOT: bool
    heading: str

    def add_node(self, n_id: str, **options: object) -> None: ...

    def add_edge(self, source: str, to: str, **options: object) -> None: ...

    def set_options(self, options: str) -> None: ...

    def generate_html(self, *, notebook: bool) -> str: ...

    def get_network_data(self) -> tuple[list[object], list[object], str, str, str, str]:
        """Nodes, edges, heading, height, width and the options as JSON."""


def network(scene: Scene, receipt: Receipt, *, theme: str = "light") -> Drawing:
    """The scene as a pyvis `Network` with positions given and physics off, edges from parent to child."""
    from pyvis.network import Network

    create: Callable[..., Drawing] = Network
    net = create(
        height="78vh", width="100%", directed=True, cdn_resources="in_line",
        bgcolor=_PAPER[theme], font_color=_INK[theme],
    )  # fmt: skip
    for node in scene.nodes:
        net.add_node(node.key, **_node(node, receipt, theme))
    weights = {node.key: node.model.derivatives for node in scene.nodes if node.model}
    for line in scene.edges:
        parent, child = (line.far, line.near) if scene.direction == "up" else (line.near, line.far)
        net.add_edge(parent, child, arrows="", **_edge(line, weights, theme))
    net.set_options(json.dumps(_OPTIONS))
    return net


def page(scene: Scene, receipt: Receipt, *, theme: str = "light", beside: Sequence[Scene] = ()) -> str:
    """The scene as one HTML document: scripts only by nonce, nothing fetched, all text around the picture escaped.

    Scenes `beside` it are of the same root in the other direction, and are joined to it there.
    """
    net = network(scene, receipt, theme=theme)
    scenes = (scene, *beside)
    for other in beside:
        _join(net, other, receipt, theme, down=scene.nodes[0].y - other.nodes[0].y)
    nonce = secrets.token_urlsafe(12)
    if net.select_menu or net.filter_menu or net.use_DOT or net.heading:
        raise ValueError("pyvis inserts menus, DOT and headings unescaped")
    html = _REMOTE.sub("", net.generate_html(notebook=False))
    html = _EMPTY_HEADING.sub("", html)
    html = _SCRIPT.sub(rf'\1<script nonce="{nonce}"', html)
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data:"
    head = f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    head += f"<title>{_title(scenes, receipt)}</title>{_STYLE}"
    html = html.replace("<html>", '<html lang="en">', 1).replace("<head>", head, 1)
    html = _BODY.sub(lambda match: match[0] + _header(scenes, receipt, theme), html, count=1)
    before, end, after = html.rpartition("</body>")
    return "<!doctype html>\n" + before + _footer(scenes, receipt) + end + after


_REMOTE = re.compile(r'<link\b[^>]*href="https?:[^>]*>|<script\b[^>]*src="https?:[^>]*>\s*</script>')
_EMPTY_HEADING = re.compile(r"<center>\s*<h1></h1>\s*</center>")
_SCRIPT = re.compile(r"(?m)^(\s*)<script(?=>| type=)")
"""Anchored to the line: the minified library itself contains the text `<script>`."""
_BODY = re.compile(r"(?m)^\s*<body>")

_STYLE = """<style>
body{margin:0;font:15px/1.5 system-ui,sans-serif}
header,footer{padding:.6em 1em}
h1{font-size:1.2em;margin:0;overflow-wrap:anywhere}
p{margin:.2em 0;overflow-wrap:anywhere}
.simulated{display:inline-block;background:#f2c230;color:#000;font-weight:700;padding:0 .5em;border-radius:3px}
#mynetwork{float:none!important;box-sizing:border-box}
footer{font-size:.85em}
pre{overflow-x:auto}
</style>"""


def _join(net: Drawing, scene: Scene, receipt: Receipt, theme: str, *, down: float) -> None:
    """Add a second scene of the same root, moved so that the two roots are one; models of both stay where they are."""
    have = _keys(net)
    names = {node.key: f"{node.key} beside" if node.model is None else node.key for node in scene.nodes}
    for node in scene.nodes:
        if names[node.key] not in have:
            net.add_node(names[node.key], **{**_node(node, receipt, theme), "y": node.y + down})
    weights = {node.key: node.model.derivatives for node in scene.nodes if node.model}
    for line in scene.edges:
        parent, child = (line.far, line.near) if scene.direction == "up" else (line.near, line.far)
        net.add_edge(names[parent], names[child], arrows="", **_edge(line, weights, theme))


def _keys(net: Drawing) -> set[str]:
    nodes: list[dict[str, object]] = json.loads(json.dumps(net.get_network_data()[0]))
    return {str(node["id"]) for node in nodes}


def _title(scenes: Sequence[Scene], receipt: Receipt) -> str:
    simulated = f"{receipts.BANNER}: " if receipt.simulated else ""
    return escape(f"{simulated}{_directions(scenes)} of {printable(scenes[0].root)}")


def _directions(scenes: Sequence[Scene]) -> str:
    return " and ".join("ancestors" if s.direction == "up" else "derivatives" for s in scenes).capitalize()


def _header(scenes: Sequence[Scene], receipt: Receipt, theme: str) -> str:
    root = scenes[0].nodes[0]
    badge = ""
    if receipt.simulated:
        badge = f'<p><span class="simulated">{receipts.BANNER}</span> {escape(receipts.BANNER_MEANING)}</p>'
    colours = f"background:{_PAPER[theme]};color:{_INK[theme]}"
    legend = " · ".join(f"{letter} {relation}" for relation, letter in LETTERS.items())
    return (
        f'<header style="{colours}">{badge}<h1>{_directions(scenes)} of {escape(printable(scenes[0].root))}</h1>'
        f"<p>{escape(trees.figures(root, receipt))}</p>"
        f"<p>{escape(legend)} · solid: declared · long dashes: curated · dotted: stands for more</p></header>"
    )


def _footer(scenes: Sequence[Scene], receipt: Receipt) -> str:
    rows = "\n\n".join(escape(trees.text(scene, receipt, Look(width=160))) for scene in scenes)
    lines = "".join(f"<p>{escape(line)}</p>" for line in receipts.lines(receipt))
    return f"<footer>{lines}<details><summary>The same as text</summary><pre>{rows}</pre></details></footer>"


def _node(node: SceneNode, receipt: Receipt, theme: str) -> dict[str, object]:
    """A node's drawing attributes; `letter`, `weight`, `mix` and `aria` are for a renderer of the page's own."""
    relation = node.edge.relation if node.edge else ""
    colour = PALETTES[theme].get(relation, _GREY)
    name = trees.remainder(node) if node.model is None else printable(node.key)
    numbers = trees.figures(node, receipt)
    mark = trees.letter(node)
    return {
        "label": _label(mark, name, node),
        "title": _tooltip(name, relation, numbers),
        "x": node.x,
        "y": node.y,
        "color": {"background": _PAPER[theme], "border": colour, "highlight": {"border": colour}},
        "shape": "box",
        "shapeProperties": {"borderDashes": [2, 3] if node.model is None else False, "borderRadius": 4},
        "letter": mark,
        "relation": relation,
        "more": node.more,
        "mix": dict(node.hidden),
        "weight": math.log1p(node.model.derivatives if node.model else node.more),
        "aria": ", ".join(part for part in (name, relation, numbers) if part),
    }


def _label(mark: str, name: str, node: SceneNode) -> str:
    """One line, so that boxes fit their rows: letter, name, derivatives."""
    count = f" · {node.model.derivatives:,}" if node.model and node.model.derivatives else ""
    return (f"{mark}  " if mark else "") + clip(name, 44 - len(count)) + count


def _tooltip(*lines: str) -> str:
    """Plain lines; the word that makes pyvis turn every tooltip into markup is broken up."""
    return "\n".join(line for line in lines if line).replace("href", "hr\u200bef")


def _edge(line: SceneEdge, weights: Mapping[str, int], theme: str) -> dict[str, object]:
    """An edge's drawing attributes: solid where declared, dashed where only curated or inferred, dotted to the rest."""
    if line.edge is None:
        return {"dashes": [2, 4], "color": {"color": _GREY}, "width": 1}
    dashes: list[int] | bool = False
    if set(line.edge.evidence) == {Evidence.INFERRED}:
        dashes = [6, 4]
    elif set(line.edge.evidence) <= {Evidence.INFERRED, Evidence.CURATED}:
        dashes = [12, 3, 2, 3]
    colour = PALETTES[theme].get(line.edge.relation, _GREY)
    return {"dashes": dashes, "color": {"color": colour}, "width": 1 + math.log10(1 + weights.get(line.far, 0))}
