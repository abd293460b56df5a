"""The six pages by name, and the ways from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from ui import inert, state

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

TITLES = {
    "families": ("Families", ":material/leaderboard:"),
    "tree": ("Tree", ":material/account_tree:"),
    "model": ("Model", ":material/deployed_code:"),
    "trends": ("Trends", ":material/show_chart:"),
    "query": ("Query", ":material/terminal:"),
    "data": ("Data", ":material/fact_check:"),
}
"""What a page is called and which sign stands for it; the first one lives at `/`."""

State = state.Families | state.Tree | state.Model | state.Trends | state.Query | state.Data

_NAMES: dict[type[State], str] = {
    state.Families: "families",
    state.Tree: "tree",
    state.Model: "model",
    state.Trends: "trends",
    state.Query: "query",
    state.Data: "data",
}


def page(name: str, view: Callable[[], None] = lambda: None) -> StreamlitPage:
    """The page of that name; without its view it can only be linked to."""
    title, icon = TITLES[name]
    return st.Page(view, title=title, icon=icon, url_path=name, default=name == next(iter(TITLES)))


def link(label: str, to: State, *, icon: str | None = None, width: int = 0) -> None:
    """A link to a state of a page; `label` may be any text from the Hub, cut to `width` characters."""
    st.page_link(page(_NAMES[type(to)]), label=inert.words(label, width), icon=icon, query_params=state.params(to))


def go(to: State) -> NoReturn:
    """Show a state of a page instead of this one; the browser's back button returns."""
    st.switch_page(page(_NAMES[type(to)]), query_params=state.params(to))
