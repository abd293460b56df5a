"""The search field of every page: over all ids, while one types."""

from __future__ import annotations

import streamlit as st

from lineage.domain import Model
from lineage.errors import LineageError
from ui import inert, opening, routes, state

MOST = 8
"""Hits that fit under the field."""


@st.fragment
def field(place: str) -> None:
    """The field and its hits; `place` is where one is, so that it is empty again on the next page."""
    text = st.text_input(
        "Search all models",
        key=f"search {place}",
        type="search",
        live="150ms",
        placeholder="Search all models",
        icon=":material/search:",
        label_visibility="collapsed",
    )
    if text and text.strip():
        with st.container(key="hits"):
            _hits(text.strip()[: state.LONGEST])


def _hits(text: str) -> None:
    try:
        answer = opening.find(text, limit=MOST)
    except LineageError as error:
        st.html(f'<p class="ln-line">{inert.html(str(error))}</p>')
        return
    if not answer.results:
        st.html('<p class="ln-line">No id holds all of these words.</p>')
    for hit in answer.results:
        routes.link(hit.id, state.Model(id=hit.id), icon=_sign(hit), width=64)
    if answer.truncated:
        st.html(f'<p class="ln-line">The first {MOST}; more words narrow it down.</p>')


def _sign(hit: Model) -> str:
    return ":material/help_center:" if hit.stub else ":material/deployed_code:"
