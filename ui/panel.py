"""What is inspected beside the tree: one model, or what a "+N more" stands for."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lineage import questions
from lineage.domain import Model
from lineage.export import sheets
from lineage.export.plain import day, mix, number
from lineage.scene import SceneNode
from ui import inert, opening, routes, state, tables

FIRST = 200
"""Models of a "+N more" that are listed here; the file has all."""


def show(here: state.Tree, node: SceneNode | None, root: str) -> None:
    """The panel of a node of the drawing."""
    with st.container(border=True, key="panel"):
        if node is None:
            st.html('<p class="ln-line">Click a model to inspect it.</p>')
        elif node.model is None:
            _rest(here, node, root)
        else:
            _model(here, node, node.model, root)


def _model(here: state.Tree, node: SceneNode, model: Model, root: str) -> None:
    st.html(f'<div class="ln-id"><b>{inert.html(model.id, 300)}</b></div>')
    edge = node.edge
    facts = [("derivatives", number(model.derivatives)), ("direct", number(model.direct))]
    if edge:
        facts = [
            ("relation", ", ".join(edge.relations) or "unspecified"),
            ("to", edge.parent if edge.child == model.id else edge.child),
            ("evidence", ", ".join(edge.evidence)),
            *facts,
        ]
    st.html(facts_list([*facts, *about(model)]))
    if model.id != root:
        with st.container(key="reroot"):
            if st.button("Make it the root", icon=":material/account_tree:", type="primary", width="stretch"):
                _reroot(here, model.id, root)
    routes.link("Everything about it", state.Model(id=model.id), icon=":material/deployed_code:")


def _reroot(here: state.Tree, id: str, root: str) -> None:
    trail = tuple(name for name in here.trail if name not in (id, root))[-6:]
    routes.go(replace(here, root=id, focus="", trail=(*trail, root)))


def _rest(here: state.Tree, node: SceneNode, root: str) -> None:
    under = node.hangs_on or root
    st.html(f'<div class="ln-id"><b>+{node.more:,} more</b> of {inert.html(under, 300)}</div>')
    by = f" by {node.publishers:,} publishers" if node.publishers > 1 else ""
    st.html(f'<p class="ln-line">{inert.html(mix(node.hidden.items()))}{by}</p>')
    if here.dir == "up" or node.x < 0:
        return
    answer = opening.ask(questions.derivatives, f"model:{under}", depth=1, limit=FIRST)
    sheet = tables.columns_of(sheets.listing(answer), ("id", "relations", "derivatives", "downloads"))
    st.html(f'<p class="ln-line">All {answer.total:,} direct derivatives, most derived from first:</p>')
    tables.shown(
        sheet, key="rest rows", alt=f"Direct derivatives of {under}", most=10,
        picked=lambda place: _look(here, answer.rows[place].model.id),
    )  # fmt: skip
    if answer.total > FIRST:
        st.html(f'<p class="ln-line">The first {FIRST:,} of {answer.total:,}; the file has all.</p>')
    tables.save(
        "CSV of all",
        lambda: tables.with_receipt(
            sheets.listing(opening.ask(questions.derivatives, f"model:{under}", depth=1)), answer.receipt
        ),
        file=tables.file_name("derivatives", under) + ".csv",
        mime="text/csv",
        key="rest csv",
    )
    if under != root and st.button("Make its parent the root", icon=":material/account_tree:", width="stretch"):
        _reroot(here, under, root)


def _look(here: state.Tree, id: str) -> None:
    """Take a row of the rest as the new root; called before the page is drawn."""
    trail = (*[name for name in here.trail if name != id][-6:], here.root)
    st.query_params.from_dict(state.params(replace(here, root=id, focus="", trail=trail)))


def about(model: Model) -> list[tuple[str, str]]:
    """What the listing says of a model."""
    if model.stub:
        return [("state", "not in the snapshot: deleted, private, renamed, or out of scope")]
    return [
        ("publisher", model.publisher or "–"),
        ("organisation", model.organization or "not in the registry"),
        ("country", model.country or "unknown"),
        ("family", model.family or "no member of one"),
        ("downloads", f"{number(model.downloads)} in 30 days"),
        ("likes", number(model.likes)),
        ("license", model.license or "none stated"),
        ("created", day(model.created_at)),
    ]


def facts_list(facts: list[tuple[str, str]]) -> str:
    """Pairs of word and value as markup; values may be any text from the Hub."""
    rows = "".join(f"<dt>{inert.html(word)}</dt><dd>{inert.html(value, 300)}</dd>" for word, value in facts)
    return f'<dl class="ln-facts">{rows}</dl>'
