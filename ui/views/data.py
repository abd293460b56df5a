"""What the data is worth: coverage, findings, the registry, definitions, snapshots."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lineage import questions
from lineage.answers import AuditAnswer
from lineage.export import sheets
from lineage.export.plain import plural
from lineage.export.sheet import Column, Sheet
from ui import controls, frame, inert, opening, state, tables

TABS = {
    "coverage": "Coverage",
    "findings": "Findings",
    "families": "Families",
    "definitions": "Definitions",
    "snapshots": "Snapshots",
}


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Data)
    frame.top("What the data is worth", refused)
    receipt = opening.atlas().receipt("audit")
    frame.rule(receipt, counts="rows, models, edges and findings of this snapshot")
    controls.choice(here, "tab", "Part", TABS)
    _PARTS[here.tab]()
    frame.bottom(
        receipt, (), ["snapshots"] if here.tab == "snapshots" else ["families"] if here.tab == "families" else ["audit"]
    )


def _coverage() -> None:
    answer = opening.ask(questions.audit)
    with st.container(horizontal=True, gap="small"):
        for label, value in (
            ("Models", answer.models),
            ("Edges", answer.edges),
            ("Stubs", answer.stubs),
            ("Quarantined rows", answer.quarantined),
        ):
            st.metric(label, f"{value:,}", border=True)
    st.html(f'<p class="ln-line">{_balance(answer)}</p>')
    left, right = st.columns(2, gap="large")
    with left:
        _shares("Edges by strongest evidence", answer.edges_by_evidence, answer.edges, "evidence")
    with right:
        _shares("Edges by strongest relation", answer.edges_by_relation, answer.edges, "relation")
    if answer.missing_columns:
        st.html(
            f'<p class="ln-note">Columns that the source lacks: {inert.html(", ".join(answer.missing_columns))}.</p>'
        )


def _balance(answer: AuditAnswer) -> str:
    return (
        f"{plural(answer.rows, 'row')} in = {answer.models:,} models + {answer.quarantined:,} quarantined. "
        f"{plural(answer.values_in, 'written parent value')} in = {answer.values_behind_edges:,} behind edges + "
        f"{answer.values_in - answer.values_behind_edges:,} findings."
    )


def _shares(title: str, counts: Mapping[str, int], whole: int, key: str) -> None:
    st.subheader(title)
    sheet = Sheet(
        (Column(key), Column("edges", "number"), Column("share", "share")),
        tuple((name, count, count / whole if whole else None) for name, count in counts.items()),
    )
    tables.shown(sheet, key=f"shares {key}", alt=title)


def _findings() -> None:
    answer = opening.ask(questions.audit, examples=8)
    sheet = sheets.findings(answer)
    tables.shown(sheet, key="findings", alt="Kinds of findings", most=24)
    tables.save_csv(sheet, answer.receipt, file="findings", key="findings csv")
    for finding in answer.findings:
        if finding.examples:
            with st.expander(f"{inert.words(finding.kind)}: {plural(finding.count, 'time')}"):
                st.html(f'<p class="ln-line">{inert.html(finding.meaning)}</p>')
                rows = tuple((e.child, e.value, e.detail) for e in finding.examples)
                tables.shown(
                    Sheet((Column("model"), Column("written"), Column("remark")), rows),
                    key=f"examples {finding.kind}", alt=f"Examples of {finding.kind}",
                )  # fmt: skip


def _families() -> None:
    answer = opening.ask(questions.families)
    sheet = sheets.families(answer)
    st.html(
        f'<p class="ln-line">Registry {inert.html(answer.receipt.registry_version)}: '
        f"{plural(len(answer.families), 'family', 'families')}.</p>"
    )
    tables.shown(sheet, key="registry rows", alt="Families of the registry", most=20)
    tables.save_csv(sheet, answer.receipt, file="registry", key="registry csv")


def _definitions() -> None:
    sheet = Sheet(
        (Column("counter"), Column("version", "number"), Column("counts"), Column("attribution divides it")),
        tuple((c.id, c.version, c.counts, c.divided) for c in questions.COUNTERS),
    )
    tables.shown(sheet, key="definitions", alt="Counters and what they count", most=24)
    st.html(
        '<p class="ln-line">Derivative of a family: a model, not a member and not a stub, with a path of edges up to '
        "at least one member. Stub: a parent that some child names and the snapshot lacks; never counted, paths run "
        "through it. Bulk: too many children of one parent by one publisher or of one name template.</p>"
    )


def _snapshots() -> None:
    sheet = sheets.snapshots(questions.snapshots(opening.settings()))
    tables.shown(sheet, key="snapshot rows", alt="Sealed snapshots, oldest first", most=20)


_PARTS = {
    "coverage": _coverage,
    "findings": _findings,
    "families": _families,
    "definitions": _definitions,
    "snapshots": _snapshots,
}
