"""Published statements and what the counters make of them; and where new derivatives come from."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lineage import questions
from lineage.answers import ClaimAnswer, FigureAnswer, Held, TrendsAnswer
from lineage.domain import Attribution, Level, Number
from lineage.export import chart, published, stacks
from lineage.export.plain import number
from ui import charts, component, inert, opening, rows, state, tables

COUNTRIES = 4
"""Countries that have a band of their own; the rest share one."""

_COLOURS = {
    "holds": "#0b8457",
    "agrees": "#0b8457",
    "falls short": "#b3261e",
    "below": "#9a5b00",
    "above": "#9a5b00",
    "cannot be told": "#5b6472",
}


def strip() -> None:
    """Verdicts on the left, the share of new derivatives by the families' countries on the right."""
    left, right = st.columns([0.56, 0.44], gap="medium")
    with right:
        answer = origins()
        charts.shown(
            charts.origins(answer, component.theme()), key="origins", height=228,
            alt="Share of each month's new derivatives by the country of the family; Trends has the numbers",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            tables.save_picture(stacks.origins(answer), file="origins", key="origins")
            tables.save_csv(rows.shares(answer), answer.receipt, file="origins", key="origins csv")
    with left:
        _verdicts()


def origins() -> TrendsAnswer:
    """New derivatives by the families' countries, the largest of them."""
    every = state.Trends(by="origin")
    largest = tuple(line.name for line in months(every).lines if not line.band)[:COUNTRIES]
    return months(replace(every, names=largest))


def months(here: state.Trends) -> TrendsAnswer:
    """New derivatives a month in that state."""
    return opening.ask(
        questions.trends,
        by=here.by,
        names=here.names,
        evidence=Level(here.evidence),
        attribution=Attribution(here.attribution),
    )


def _verdicts() -> None:
    answer = opening.ask(questions.claims)
    rows = "".join(_row(claim, claim.figures[0]) for claim in answer.claims if claim.figures)
    head = '<p class="ln-small"><b>What others say, held against this snapshot</b></p>'
    st.html(f'{head}<div class="ln-claims">{rows}</div>')
    with st.container(horizontal=True, gap="small"):
        with st.popover("Every claim under every counter", icon=":material/gavel:", type="tertiary"):
            sheet = published.claims_sheet(answer)
            tables.shown(sheet, key="claims rows", alt="Claims held against the counters", most=14)
            for note in answer.notes:
                st.html(f'<p class="ln-line">{inert.html(note)}</p>')
        tables.save_picture(chart.claims(answer), file="claims", key="claims")
        tables.save_csv(published.claims_sheet(answer), answer.receipt, file="claims", key="claims csv")


def _row(claim: ClaimAnswer, figure: FigureAnswer) -> str:
    held = _headline(figure)
    verdict = held.verdict if held else "cannot be told"
    said = (
        f"{held.counter}, {held.attribution}: {_value(held, figure.measure != 'derivatives')}"
        if held
        else "no counter of ours fits"
    )
    colour = _COLOURS.get(verdict, "#5b6472")
    return (
        f'<div><span class="ln-verdict" style="background:{colour}">{inert.html(verdict)}</span></div>'
        f"<div><b>{inert.html(claim.text, 96)}</b><br>{inert.html(claim.who)} · {inert.html(said)}</div>"
    )


def _headline(figure: FigureAnswer) -> Held | None:
    """The plainest line of a figure: undivided for counts, fractional for shares, else the first."""
    wanted = "any" if figure.measure == "derivatives" else "fractional"
    lines = [line for line in figure.lines if line.attribution == wanted] or list(figure.lines)
    return lines[0] if lines else None


def _value(held: Held, share: bool) -> str:
    words = [_shown(value, share) for value in (held.then, held.now)]
    return f"{words[0]} then, {words[1]} now"


def _shown(value: Number | None, share: bool) -> str:
    if value is None:
        return "not known"
    return f"{100 * float(value):.1f} %" if share else number(value)
