"""The leaderboard of families."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from lineage import questions
from lineage.answers import TopAnswer
from lineage.domain import Attribution, Level
from lineage.export import stacks
from ui import charts, component, controls, frame, opening, routes, rows, state, statements, tables

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST = 40
FIRST = date(2022, 3, 1)
"""The Hub dates no model before its month."""


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Families)
    last = opening.atlas().receipt("page").as_of.date()
    if here.as_of and not FIRST <= here.as_of <= last:
        said = f"“{here.as_of}” is no day of this snapshot, which tells {FIRST} to {last}: all of it is counted."
        refused = (*refused, said)
        here = replace(here, as_of=None)
    frame.top("Open-model families", refused)
    rule, claims = st.container(), st.container(height=304, border=False)
    _controls(here, last)
    frame.guarded(lambda: _board(here, rule))()
    with claims:
        statements.strip()


def _board(here: state.Families, rule: DeltaGenerator) -> None:
    """The table and its chart; `rule` is where above them stands how they count."""
    answer = answered(here)
    with rule:
        frame.rule(answer.receipt, counts=_sentence(here.by), divided=True)
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        _table(answer)
    with right:
        charts.shown(
            charts.relations(answer, component.theme()), key="relations", height=560,
            alt="Derivatives of each family by relation; the table beside it has the counters",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            tables.save_picture(stacks.relations(answer), file="relations", key="relations")
            tables.save_csv(rows.by_relation(answer), answer.receipt, file="relations", key="relations csv")
    frame.bottom(answer.receipt, answer.notes, _command(here))


def answered(here: state.Families) -> TopAnswer:
    """The leaderboard of that state."""
    return opening.ask(
        questions.top,
        limit=MOST,
        by=here.by,
        attribution=Attribution(here.attribution),
        evidence=Level(here.evidence),
        as_of=here.as_of,
    )


def _sentence(counter: str) -> str:
    return next(c.counts for c in questions.COUNTERS if c.id == counter)


def _controls(here: state.Families, last: date) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=200):
            controls.menu(here, "by", "Counter", {name: name.capitalize() for name in state.COUNTERS})
        controls.choice(here, "attribution", "Attribution", frame.ATTRIBUTIONS, help=frame.ATTRIBUTION_HELP)
        controls.choice(here, "evidence", "Evidence", frame.LEVELS, help=frame.LEVEL_HELP)
        with st.container(width=170):
            controls.day(
                here, "as_of", "As of", first=FIRST, last=last,
                help="Who is counted: models created by then. What was deleted since is missing.",
            )  # fmt: skip


def _table(answer: TopAnswer) -> None:
    sheet = rows.leaderboard(answer)
    slugs = [line.name for line in answer.results]
    tables.shown(
        tables.without(sheet, "slug"), key="families rows", alt="Families by " + answer.by, most=18,
        sparks={"24 months": _months(slugs)},
        picked=lambda place: st.session_state.update({"families picked": slugs[place]}),
    )  # fmt: skip
    picked = st.session_state.pop("families picked", None)
    if picked:
        routes.go(state.Tree(root=str(picked)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shares = f"Share: of {answer.whole:,} {answer.whole_meaning}. " if answer.results[0].share is not None else ""
        st.html(f'<span class="ln-line">{shares}Choose a row for its tree.</span>')
        tables.save_csv(sheet, answer.receipt, file="families", key="families csv")


def _months(slugs: list[str]) -> list[list[float]]:
    """The last 24 finished months of each family's new derivatives."""
    answer = statements.months(state.Trends())
    finished = [place for place, month in enumerate(answer.months) if month.finished][-24:]
    lines = {line.name: [float(line.new[place]) for place in finished] for line in answer.lines}
    return [lines.get(slug, [0.0] * len(finished)) for slug in slugs]


def _command(here: state.Families) -> list[str]:
    command = ["top", "--by", here.by, "--limit", str(MOST)]
    command += ["--attribution", here.attribution, "--evidence", here.evidence]
    return command + (["--as-of", here.as_of.isoformat()] if here.as_of else [])
