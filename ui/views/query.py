"""Read-only Cypher: saved examples, the table, and a way from an id to its tree."""

from __future__ import annotations

import streamlit as st

from lineage import questions
from lineage.domain import Receipt, Table
from lineage.export import sheets
from lineage.questions.among import among
from ui import answered, charts, component, controls, frame, graphs, inert, opening, state, tables

MOST = 1000
SECONDS = 20.0


def show() -> None:
    """The page."""
    here, refused = controls.current(state.Query)
    frame.top("Query the graph", refused)
    st.html(
        '<p class="ln-rule">Read-only Cypher over the loaded graph, whatever the text tries; '
        f"at most {MOST:,} rows and {SECONDS:.0f} seconds.</p>"
    )
    saved = {example.slug: example for example in questions.SAVED}
    if here.example and here.example not in saved:
        st.warning(inert.words(f"No saved example is called “{here.example}”."), icon=":material/link_off:")
    _examples(here)
    text = here.q or (saved[here.example].text if here.example in saved else next(iter(saved.values())).text)
    _asked(here, text)


def _examples(here: state.Query) -> None:
    options = {example.slug: example.title for example in questions.SAVED}
    controls.menu(here, "example", "Saved examples", {"": "Choose one", **options}, resets={"q": ""})


def _asked(here: state.Query, text: str) -> None:
    with st.form("cypher", border=False):
        written = st.text_area("Cypher", value=text, height=150, key=f"cypher {hash(text)}", max_chars=4000)
        run = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
    if run and written.strip() != text:
        st.query_params.from_dict(state.params(state.Query(q=written.strip())))
        st.session_state["cypher run"] = written.strip()
        st.rerun()
    if run or st.session_state.get("cypher run") == text or (here.example and not here.q):
        st.session_state["cypher run"] = text
        _answer(text)
    elif here.q:
        st.info("This text came with the address. Read it, then press Run.", icon=":material/info:")


def _answer(text: str) -> None:
    with st.spinner("Asking the store", show_time=True):
        table = opening.ask(questions.cypher, text, {}, limit=MOST, timeout=SECONDS)
    receipt = opening.atlas().receipt("cypher")
    sheet = sheets.table(table)
    if not sheet.rows:
        st.html('<p class="ln-line">No rows.</p>')
    else:
        _drawn(table, receipt)
        tables.shown(sheet, key="cypher rows", alt="The rows of the answer", most=18)
        cut = f" The first {MOST:,}: the rest was cut." if table.truncated else ""
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(f'<span class="ln-line">{len(sheet.rows):,} rows.{cut}</span>')
            tables.save_csv(sheet, receipt, file="query", key="cypher csv")
    frame.bottom(receipt, (), ["cypher", text])


def _drawn(table: Table, receipt: Receipt) -> None:
    """The nodes of the answer and what joins them, where it has any."""
    graph = answered.found(table)
    if not graph.dots:
        return
    graph = graph.related(opening.ask(among, graph.models)) if graph.models else graph
    charts.shown(
        graphs.option(graph, receipt, component.theme()), key="cypher graph", height=graphs.tall(graph),
        alt="The nodes of the answer and the lines between them; the table below has every row",
    )  # fmt: skip
    if graph.left_out:
        st.html(f'<p class="ln-line">The first {answered.MOST} nodes are drawn, {graph.left_out:,} are not.</p>')
