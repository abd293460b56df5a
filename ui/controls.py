"""Widgets that show a state and write it back to the address, which alone is remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

import streamlit as st

from ui import state as states

State = TypeVar("State", states.Families, states.Tree, states.Model, states.Trends, states.Query, states.Data)


def current(kind: type[State]) -> tuple[State, tuple[str, ...]]:
    """The state that the address asks for, and what it could not mean."""
    return states.read(kind, st.query_params.to_dict())


@dataclass(frozen=True)
class _Bound:
    """A widget's key, and what it does when it is moved."""

    key: str
    moved: Callable[[], None]


def _bound(
    state: State,
    name: str,
    shown: object,
    taken: Callable[[Any], object] = lambda value: value,
    resets: Mapping[str, object] | None = None,
) -> _Bound:
    """What makes a widget show `shown` and write what it is moved to into the state's field; `resets` go with it."""
    key = f"{type(state).__name__}.{name}"
    st.session_state[key] = shown

    def moved() -> None:
        """Write the state that the widget now stands for."""
        changes: dict[str, Any] = {name: taken(st.session_state[key]), **(resets or {})}
        st.query_params.from_dict(states.params(replace(state, **changes)))

    return _Bound(key, moved)


def choice(
    state: State,
    name: str,
    label: str,
    options: Mapping[str, str],
    *,
    help: str | None = None,
    resets: Mapping[str, object] | None = None,
) -> None:
    """A row of buttons, one of which is always on; `options` are values and how they read."""
    bound = _bound(state, name, getattr(state, name), resets=resets)
    st.segmented_control(
        label, list(options), format_func=lambda value: options[value], required=True, help=help,
        key=bound.key, on_change=bound.moved,
    )  # fmt: skip


def menu(
    state: State, name: str, label: str, options: Mapping[str, str], *, resets: Mapping[str, object] | None = None
) -> None:
    """A drop-down of values and how they read."""
    bound = _bound(state, name, getattr(state, name), resets=resets)
    st.selectbox(
        label, list(options), format_func=lambda value: options[value],
        key=bound.key, on_change=bound.moved,
    )  # fmt: skip


def several(state: State, name: str, label: str, options: Mapping[str, str], *, most: int, placeholder: str) -> None:
    """A field of values to add and take away; what is no option is not shown."""
    shown = [value for value in getattr(state, name) if value in options]
    bound = _bound(state, name, shown, tuple)
    st.multiselect(
        label, list(options), format_func=lambda value: options[value], max_selections=most, placeholder=placeholder,
        key=bound.key, on_change=bound.moved,
    )  # fmt: skip


def toggles(state: State, name: str, label: str, options: Mapping[str, str]) -> None:
    """A row of buttons, any of which may be on."""
    bound = _bound(state, name, list(getattr(state, name)), lambda on: tuple(o for o in options if o in on))
    st.pills(
        label, list(options), selection_mode="multi", format_func=lambda value: options[value],
        key=bound.key, on_change=bound.moved,
    )  # fmt: skip


def day(state: State, name: str, label: str, *, first: date, last: date, help: str | None = None) -> None:
    """A date within bounds, or none."""
    value = getattr(state, name)
    if value is not None:
        value = min(max(value, first), last)
    bound = _bound(state, name, value)
    st.date_input(
        label, value=None, min_value=first, max_value=last, format="YYYY-MM-DD", help=help,
        key=bound.key, on_change=bound.moved,
    )  # fmt: skip


def steps(state: State, name: str, label: str, values: Sequence[int], words: Callable[[int], str]) -> None:
    """A drop-down of numbers; a value of the address that is none of them is added."""
    here = getattr(state, name)
    menu_values = sorted({*values, here})
    bound = _bound(state, name, here)
    st.selectbox(label, menu_values, format_func=words, key=bound.key, on_change=bound.moved)


def line(state: State, name: str, label: str, *, placeholder: str) -> None:
    """A line of text."""
    bound = _bound(state, name, getattr(state, name), str.strip)
    st.text_input(label, placeholder=placeholder, key=bound.key, on_change=bound.moved)
