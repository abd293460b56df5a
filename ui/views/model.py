"""One model: where it comes from and what vouches for that, what came of it, and the way to a second one."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lineage import questions
from lineage.answers import ModelAnswer
from lineage.export import sheets
from lineage.export.plain import counted, plural
from lineage.export.sheet import Column, Sheet
from ui import controls, frame, inert, opening, panel, routes, state, tables

MOST = 50
SIBLINGS = 20

HEADLINE = ("derivatives", "direct", "organic", "trained", "publishers")


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Model)
    if not here.id:
        frame.top("One model", refused)
        st.html('<p class="ln-line">Search for a model above, or begin with one that many derive from:</p>')
        for line in opening.ask(questions.top, kind="model", limit=8).results:
            routes.link(line.name, state.Model(id=line.name), icon=":material/deployed_code:")
        return
    answer = opening.ask(questions.model, here.id)
    frame.top(answer.model.id, refused)
    frame.rule(answer.receipt, counts="distinct models with a path to this one")
    _counts(answer)
    left, right = st.columns([0.68, 0.32], gap="medium")
    with left:
        _parents(answer)
        _ancestors(answer)
        _children(answer)
        _siblings(answer)
    with right:
        _facts(answer)
        frame.guarded(lambda: _way(here, answer))()
    frame.bottom(answer.receipt, answer.notes, ["model", answer.model.id])


def _counts(answer: ModelAnswer) -> None:
    with st.container(horizontal=True, gap="small"):
        for counter in HEADLINE:
            value = answer.counts.values.get(counter)
            st.metric(counter.capitalize(), counted(value, counter, answer.receipt), border=True)


def _parents(answer: ModelAnswer) -> None:
    st.subheader("Parents")
    if not answer.parents:
        st.html('<p class="ln-line">None stated: a root, or a model that does not say what it is made of.</p>')
        return
    sheet = sheets.parents(answer)
    tables.shown(
        sheet,
        key="parents",
        alt="Parents and what vouches for each",
        picked=_open([p.model.id for p in answer.parents]),
    )


def _open(ids: list[str]) -> tables.Picked:
    """Show the chosen model of these."""
    return lambda place: st.query_params.from_dict(state.params(state.Model(id=ids[place])))


def _ancestors(answer: ModelAnswer) -> None:
    found = opening.ask(questions.ancestors, answer.model.id, limit=MOST)
    if found.total <= len(answer.parents):
        return
    st.subheader(f"Upwards: {plural(found.total, 'ancestor')}")
    sheet = tables.columns_of(sheets.listing(found), ("id", "distance", "relations", "derivatives", "license"))
    tables.shown(
        sheet, key="ancestors", alt="Ancestors, nearest first", most=8, picked=_open([r.model.id for r in found.rows])
    )
    tables.save_csv(
        sheets.listing(found), found.receipt, file=tables.file_name("ancestors", answer.model.id), key="up csv"
    )


def _children(answer: ModelAnswer) -> None:
    if not answer.model.direct:
        return
    st.subheader("What came of it")
    mixed = " · ".join(f"{count:,} {relation}" for relation, count in answer.children.items())
    st.html(f'<p class="ln-line">Direct: {inert.html(mixed)}</p>')
    found = opening.ask(questions.derivatives, f"model:{answer.model.id}", limit=MOST)
    sheet = tables.columns_of(
        sheets.listing(found), ("id", "distance", "relations", "derivatives", "downloads", "license")
    )
    tables.shown(
        sheet,
        key="below",
        alt="Derivatives, most derived from first",
        most=10,
        picked=_open([r.model.id for r in found.rows]),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if found.total > MOST:
            st.html(f'<span class="ln-line">The first {MOST:,} of {found.total:,}.</span>')
        tables.save_csv(
            sheets.listing(found), found.receipt, file=tables.file_name("derivatives", answer.model.id), key="down csv"
        )


def _siblings(answer: ModelAnswer) -> None:
    """What else was made straight from its first parent."""
    if not answer.parents:
        return
    parent = answer.parents[0].model.id
    found = opening.ask(questions.derivatives, f"model:{parent}", depth=1, limit=SIBLINGS + 1)
    others = [row for row in found.rows if row.model.id != answer.model.id][:SIBLINGS]
    if not others:
        return
    st.subheader(f"Siblings: {plural(found.total - 1, 'other')}")
    st.html(f'<p class="ln-line">Made straight from {inert.html(parent, 200)}, most derived from first.</p>')
    sheet = sheets.listing(replace(found, rows=tuple(others)))
    tables.shown(
        tables.columns_of(sheet, ("id", "relations", "derivatives", "downloads", "license")),
        key="siblings", alt="Other models made from the same parent", most=8,
        picked=_open([row.model.id for row in others]),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if found.total - 1 > len(others):
            st.html(f'<span class="ln-line">The first {len(others):,} of {found.total - 1:,}.</span>')
        tables.save_csv(sheet, found.receipt, file=tables.file_name("siblings", answer.model.id), key="siblings csv")


def _facts(answer: ModelAnswer) -> None:
    with st.container(border=True):
        facts = panel.about(answer.model)
        if answer.families:
            facts.append(("derives from", ", ".join(answer.families)))
        if answer.teachers:
            facts.append(("taught by", ", ".join(answer.teachers)))
        st.html(panel.facts_list(facts))
        routes.link("Its tree", state.Tree(root=answer.model.id), icon=":material/account_tree:")
        routes.link("Its ancestors as a tree", state.Tree(root=answer.model.id, dir="up"), icon=":material/north:")


def _way(here: state.Model, answer: ModelAnswer) -> None:
    st.subheader("The way to another model")
    controls.line(here, "to", "Second model", placeholder="org/name")
    if not here.to:
        return
    found = opening.ask(questions.path, answer.model.id, here.to, common=True)
    if found.joint:
        st.html(f'<p class="ln-line">They meet in {inert.html(found.joint, 200)}.</p>')
    for note in found.notes:
        st.html(f'<p class="ln-line">{inert.html(note)}</p>')
    if not found.edges:
        return
    sheet = Sheet(
        (Column("child"), Column("relation"), Column("parent"), Column("evidence")),
        tuple((e.child, e.relation, e.parent, " ".join(e.evidence)) for e in found.edges),
    )
    tables.shown(sheet, key="way", alt="The way, an edge a row")
