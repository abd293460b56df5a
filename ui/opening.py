"""The opened data, shared by every session: opened once, opened anew when something else was loaded."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from lineage import settings as places
from lineage.answers import SearchAnswer
from lineage.questions import Atlas, edition, opened, search
from lineage.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

LOOK_AGAIN = "5s"
"""How long a page may go on with what was loaded before."""


def settings() -> Settings:
    """Where the data is; `lineage ui` says it through the environment."""
    return _read()


@st.cache_resource(show_spinner=False)
def _read() -> Settings:
    import os

    return places.read(registry=os.environ.get("LINEAGE_UI_REGISTRY"))


@st.cache_data(ttl=LOOK_AGAIN, show_spinner=False)
def _edition() -> str:
    return edition(settings())


@st.cache_resource(max_entries=1, show_spinner=False)
def _opened(edition: str) -> Atlas:
    """The atlas of an edition. The store of one that was pushed out closes when the last run that uses it lets go."""
    atlas = opened(settings())
    if edition:
        weakref.finalize(atlas, atlas.store.close)
    return atlas


def atlas() -> Atlas:
    """The atlas of what is loaded now. Raises `LineageError` where there is nothing to open."""
    return _opened(_edition())


def ask(question: Callable[Concatenate[Atlas, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The question's answer for what is loaded now, asked once for all sessions: answers are frozen."""
    found: T = _asked(_edition(), question.__name__, args, tuple(sorted(kwargs.items())), _question=question)
    return found


@st.cache_resource(max_entries=400, show_spinner=False)
def _asked(
    edition: str, name: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], _question: Callable[..., Any]
) -> Any:
    return _question(_opened(edition), *args, **dict(kwargs))


def find(text: str, *, limit: int) -> SearchAnswer:
    """The hits for a text, held by nobody: for who asks at every key."""
    return search(atlas(), text, limit=limit)


def retry() -> None:
    """Forget what was opened and answered, so that the next run tries anew."""
    _edition.clear()
    _opened.clear()
    _asked.clear()
