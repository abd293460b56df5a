"""One family tree: drawn, as a table, and what is inspected beside it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lineage import questions
from lineage.domain import Receipt
from lineage.export import html
from lineage.export.html import PALETTES
from lineage.export.plain import LETTERS
from lineage.scene import Scene, SceneNode
from ui import component, controls, frame, inert, layout, opening, panel, picture, routes, rows, state, tables

DIRECTIONS = {"down": "Derivatives", "up": "Ancestors", "both": "Both"}
RELATIONS = {name: f"{letter} {name}" for name, letter in LETTERS.items()}


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Tree)
    here = rooted(here)
    scenes, receipt = answered(here)
    frame.top(f"Family tree of {scenes[0].root}", refused)
    frame.rule(receipt, counts="distinct models below, through any number of edges")
    _trail(here)
    _controls(here)
    left, right = st.columns([0.74, 0.26], gap="medium")
    with left:
        _drawing(here, scenes, receipt)
    with right:
        panel.show(here, _inspected(here, scenes), scenes[0].root)
    frame.bottom(receipt, (), _command(here))


def rooted(here: state.Tree) -> state.Tree:
    """The state; where it asks for no tree, that of the family with most derivatives."""
    found = () if here.root else opening.ask(questions.top, limit=1).results
    return replace(here, root=found[0].name) if found else here


def answered(here: state.Tree) -> tuple[tuple[Scene, ...], Receipt]:
    """The scenes of that state, two where both ways are asked for."""
    ways = (False, True) if here.dir == "both" else (here.dir == "up",)
    made = [
        opening.ask(questions.tree, here.root, up=up, depth=here.depth or None, limit=here.rows, relations=here.rel)
        for up in ways
    ]
    return tuple(scene for scene, _ in made), made[0][1]


def _trail(here: state.Tree) -> None:
    """Where one came from, each a step back."""
    if not here.trail:
        return
    with st.container(horizontal=True, gap="small", key="trail"):
        for place, name in enumerate(here.trail):
            back = replace(here, root=name, trail=here.trail[:place], focus="")
            if st.button(inert.words(name, 44), key=f"trail {place}", icon=":material/chevron_left:", type="tertiary"):
                routes.go(back)


def _controls(here: state.Tree) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        controls.choice(here, "dir", "Direction", DIRECTIONS)
        controls.toggles(here, "rel", "Relations (none chosen: all)", RELATIONS)
        with st.container(width=140):
            controls.steps(here, "depth", "Depth", (0, 1, 2, 3, 5, 10), lambda n: f"{n} edges" if n else "Any")
        with st.container(width=120):
            controls.steps(here, "rows", "Rows", (20, 35, 60, 120, 300), str)


def _drawing(here: state.Tree, scenes: tuple[Scene, ...], receipt: Receipt) -> None:
    drawn, listed = st.tabs(["Tree", "Table"], key="tree tabs", on_change="rerun")
    placed = layout.laid_out(scenes, receipt)
    file = tables.file_name("tree", scenes[0].root)
    sheet = rows.of_scenes(scenes)

    def inspect(key: str) -> None:
        st.query_params.from_dict(state.params(replace(here, focus=key[: state.LONGEST])))

    with drawn:
        _legend(scenes)
        component.tree(scenes, placed, receipt, focus=here.focus, file=f"{file}.png", picked=inspect)
    if listed.open:
        keys = [str(row[0]) for row in sheet.rows]
        with listed:
            tables.shown(
                sheet, key="tree rows", alt="The rows of the tree", most=24, picked=lambda place: inspect(keys[place])
            )
    theme = component.theme()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<span class="ln-line">{_extent(scenes)}</span>')
        tables.save(
            "HTML", lambda: html.page(scenes[0], receipt, theme=theme, beside=scenes[1:]), file=f"{file}.html",
            mime="text/html", key="tree html",
        )  # fmt: skip
        tables.save(
            "SVG", lambda: picture.drawn(placed, receipt, theme), file=f"{file}.svg", mime="image/svg+xml",
            key="tree svg",
        )  # fmt: skip
        tables.save_csv(sheet, receipt, file=file, key="tree csv")


def _extent(scenes: tuple[Scene, ...]) -> str:
    """How much of it is drawn by name."""
    models = len({node.key for scene in scenes for node in scene.nodes if node.model})
    hidden = sum(scene.hidden for scene in scenes)
    said = f"{models:,} models by name"
    if hidden:
        said += f", {hidden:,} more behind “+ more”"
    if any(scene.truncated for scene in scenes):
        said += "; not all of it is drawn: more rows, or another root, show the rest"
    return said + "."


def _legend(scenes: tuple[Scene, ...]) -> None:
    """Letters, colours and lines, each with how often it is drawn."""
    colours = PALETTES[component.theme()]
    tally: dict[str, int] = {}
    for scene in scenes:
        for node in scene.nodes:
            if node.edge:
                tally[node.edge.relation] = tally.get(node.edge.relation, 0) + 1
    chips = [
        f'<span class="ln-chip"><span class="ln-dot" style="background:{colours.get(relation, "#808074")}">{letter}'
        f"</span>{relation} {tally[relation]:,}</span>"
        for relation, letter in LETTERS.items()
        if relation in tally
    ]
    lines = "".join(
        f'<span class="ln-chip"><span class="ln-dash" style="border-top-style:{style}"></span>{words}</span>'
        for style, words in (("solid", "declared"), ("dashed", "curated"), ("dotted", "more"))
    )
    st.html(
        f'<div>{"".join(chips)}{lines}<span class="ln-chip">disc: downloads · line and number: derivatives</span></div>'
    )


def _inspected(here: state.Tree, scenes: tuple[Scene, ...]) -> SceneNode | None:
    """The node in focus, where the drawing has it; else the root."""
    nodes = {layout.key_in(scene, node): node for scene in scenes for node in scene.nodes}
    return nodes.get(here.focus, scenes[0].nodes[0])


def _command(here: state.Tree) -> list[str]:
    command = ["tree", here.root, "--limit", str(here.rows)]
    if here.dir == "up":
        command.append("--up")
    if here.depth:
        command += ["--depth", str(here.depth)]
    for relation in here.rel:
        command += ["--relation", relation]
    return [*command, "--format", "html"]
