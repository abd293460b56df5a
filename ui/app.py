"""The page that `lineage ui` serves: run by Streamlit at every turn."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from lineage.errors import LineageError
from ui import frame, opening, routes, searching, style
from ui.views import data, families, model, query, tree, trends

VIEWS = {
    "families": families.show,
    "tree": tree.show,
    "model": model.show,
    "trends": trends.show,
    "query": query.show,
    "data": data.show,
}


def main() -> None:
    """Lay out the shell, then the page that the address names."""
    st.set_page_config(page_title="lineage", page_icon=str(style.SIGN), layout="wide")
    st.html(f"<style>{style.CSS}</style>")
    page = st.navigation([routes.page(name, frame.guarded(view)) for name, view in VIEWS.items()], position="top")
    if _ready():
        with st.container(key="search"):
            searching.field(f"{page.url_path}?{urlencode(st.query_params.to_dict())}")
    page.run()


def _ready() -> bool:
    """Whether there is anything to search; what is wrong, the page says."""
    try:
        opening.atlas()
    except LineageError:
        return False
    return True


main()
