"""New derivatives month by month, and families side by side."""

from __future__ import annotations

import streamlit as st

from lineage import questions
from lineage.answers import TrendsAnswer
from lineage.domain import Attribution, Level, Receipt
from lineage.export import chart
from lineage.export.plain import plural
from lineage.export.sheet import Column, Kind, Sheet
from lineage.questions.meetings import meetings
from ui import charts, component, controls, frame, inert, opening, state, statements, tables

SPLITS = {"family": "Family", "origin": "Family's country", "country": "Uploader's country"}
UNITS = {"new": "New models", "share": "Share of the month"}
FIRST = 6
"""Lines that are drawn where none is chosen."""


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Trends)
    frame.top("New derivatives, month by month", refused)
    answer = statements.months(here)
    frame.rule(answer.receipt, counts=answer.whole_meaning, divided=here.by != "country")
    _controls(here)
    _chart(here, answer)
    _compare(here)
    frame.bottom(answer.receipt, answer.notes, _command(here))


def _controls(here: state.Trends) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        controls.choice(here, "by", "Told apart by", SPLITS, resets={"names": ()})
        controls.choice(here, "unit", "Unit", UNITS)
        controls.choice(here, "evidence", "Evidence", frame.LEVELS, help=frame.LEVEL_HELP)
        if here.by != "country" and here.unit == "new":
            controls.choice(here, "attribution", "Attribution", frame.ATTRIBUTIONS, help=frame.ATTRIBUTION_HELP)
    every = statements.months(state.Trends(by=here.by))
    options = {line.name: line.label for line in every.lines if not line.band}
    controls.several(here, "names", "Lines", options, most=8, placeholder=f"The {FIRST} largest; choose up to 8 others")


def _chart(here: state.Trends, answer: TrendsAnswer) -> None:
    if not any(month.finished for month in answer.months):
        st.info("No finished month holds a new derivative.")
        return
    plain = [line for line in answer.lines if not line.band]
    lines = plain if here.names else plain[:FIRST]
    option = charts.months(answer, lines, component.theme(), share=here.unit == "share")
    charts.shown(
        option,
        key="trends chart",
        alt="New derivatives a month, as a line chart; the table has its numbers",
        height=440,
    )
    marks = " ".join(
        f'<span class="ln-chip"><b>{place}</b> {mark.on:%Y-%m-%d} {inert.html(mark.text, 90)}</span>'
        for place, mark in enumerate(answer.marks, 1)
    )
    if marks:
        with st.expander("What the dotted lines mark"):
            st.html(f"<div>{marks}</div>")
    sheet = _sheet(answer, here.unit == "share")
    numbers = st.expander("The numbers", key="trends numbers", on_change="rerun")
    if numbers.open:
        with numbers:
            tables.shown(sheet, key="trends rows", alt="The numbers of the chart", most=14)
    file = tables.file_name("trends", here.by, here.unit)
    with st.container(horizontal=True, gap="small"):
        tables.save_picture(chart.trends(answer, share=here.unit == "share"), file=file, key="trends")
        tables.save_csv(sheet, answer.receipt, file=file, key="trends csv")


def _sheet(answer: TrendsAnswer, share: bool) -> Sheet:
    kind: Kind = "share" if share else "number"
    columns = (Column("month"), Column("new models", "number"), *(Column(line.label, kind) for line in answer.lines))
    rows = tuple(
        (month.key, month.whole, *((float(line.share[at] or 0) if share else line.new[at]) for line in answer.lines))
        for at, month in enumerate(answer.months)
    )
    return Sheet(columns, rows[::-1])


def _compare(here: state.Trends) -> None:
    st.subheader("Families side by side")
    families = opening.ask(questions.families).families
    options = {line.slug: line.name for line in families if line.members}
    controls.several(
        here, "compare", "Two to four families", options, most=4, placeholder="Choose two to four families"
    )
    names = [name for name in here.compare if name in options]
    for name in sorted(set(here.compare) - set(names)):
        st.warning(inert.words(f"No family here is called “{name}”; it was left out.", 200), icon=":material/link_off:")
    if len(names) < 2:
        return
    found = opening.ask(
        questions.count, tuple(f"family:{name}" for name in names),
        attribution=Attribution(here.attribution), evidence=Level(here.evidence),
    )  # fmt: skip
    sheet = Sheet(
        (Column("counter"), *(Column(options[name], "number") for name in names), Column("counts")),
        tuple((c.id, *(result.values.get(c.id) for result in found.results), c.counts) for c in questions.COUNTERS),
    )
    tables.shown(sheet, key="compare rows", alt="Counters of the families side by side", most=20)
    tables.save_csv(sheet, found.receipt, file=tables.file_name("compare", *names), key="compare csv")
    _shared(here, names, options, found.receipt)


def _shared(here: state.Trends, names: list[str], options: dict[str, str], receipt: Receipt) -> None:
    """What each two of the families have in common."""
    pairs = opening.ask(meetings, tuple(names), evidence=Level(here.evidence))
    sheet = Sheet(
        (Column("family"), Column("and"), Column("derive from both", "number"), Column("merges", "number"),
         Column("most downloaded of these merges")),
        tuple((options[p.one], options[p.other], p.shared, p.merges, ", ".join(p.examples)) for p in pairs),
    )  # fmt: skip
    st.html(
        f'<p class="ln-line"><b>Shared merges.</b> Models that derive from both families, and how many of them are '
        f"merges themselves: {plural(sum(p.merges for p in pairs), 'merge')} over {plural(len(pairs), 'pair')}.</p>"
    )
    tables.shown(sheet, key="shared rows", alt="What each two of the families share")
    tables.save_csv(sheet, receipt, file=tables.file_name("shared", *names), key="shared csv")


def _command(here: state.Trends) -> list[str]:
    command = ["trends", "--by", here.by, "--evidence", here.evidence]
    for name in here.names:
        command += ["--name", name]
    return command
