"""What a page shows, as a frozen state that its address spells out: pure.

Every state is a dataclass whose fields are the address's parameters; a default leaves no trace. `read` never fails:
what it cannot take becomes a sentence, and the default stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from datetime import date
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, unquote

from lineage.domain import Attribution, Level, Relation

Value: TypeAlias = str | int | date | tuple[str, ...] | None

LONGEST = 400
"""Characters of an id or name that an address may carry."""

ATTRIBUTIONS = tuple(map(str, Attribution))
LEVELS = tuple(map(str, Level))
RELATIONS = tuple(map(str, Relation))


class Unfit(ValueError):
    """A parameter's text is none of what it may be; the message says what it may be."""


def _one_of(default: str, allowed: Sequence[str]) -> Any:
    def parse(text: str) -> str:
        """The value, or `Unfit`."""
        if text not in allowed:
            raise Unfit("one of " + ", ".join(allowed))
        return text

    return field(default=default, metadata={"parse": parse})


def _some_of(allowed: Sequence[str]) -> Any:
    def parse(text: str) -> tuple[str, ...]:
        """The value, or `Unfit`."""
        words = tuple(dict.fromkeys(word for word in text.split(",") if word))
        if not set(words) <= set(allowed):
            raise Unfit("any of " + ", ".join(allowed) + ", with commas between")
        return words

    return field(default=(), metadata={"parse": parse})


def _names(most: int) -> Any:
    """Names of any kind, each percent-encoded so that a comma can stand between them."""

    def parse(text: str) -> tuple[str, ...]:
        """The value, or `Unfit`."""
        words = tuple(dict.fromkeys(unquote(word) for word in text.split(",") if word))
        if len(words) > most or any(len(word) > LONGEST for word in words):
            raise Unfit(f"at most {most} names, with commas between")
        return words

    return field(default=(), metadata={"parse": parse})


def _text(longest: int = LONGEST) -> Any:
    def parse(text: str) -> str:
        """The value, or `Unfit`."""
        if len(text) > longest:
            raise Unfit(f"at most {longest:,} characters")
        return text

    return field(default="", metadata={"parse": parse})


def _whole(default: int, low: int, high: int) -> Any:
    def parse(text: str) -> int:
        """The value, or `Unfit`."""
        if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
            raise Unfit(f"a number from {low} to {high}")
        return int(text)

    return field(default=default, metadata={"parse": parse})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit("a date such as 2026-06-30") from None


COUNTERS = ("derivatives", "direct", "organic", "trained", "external", "active", "publishers", "downloads", "likes")
"""What families are ranked by on the page, of all counters."""

SPLITS = ("family", "origin", "country")
"""What new derivatives are told apart by: the family, its maker's country, the uploader's country."""

SECTIONS = ("coverage", "findings", "families", "definitions", "snapshots")


@dataclass(frozen=True)
class Families:
    """The leaderboard: by which counter, under which rules, as of when."""

    by: str = _one_of("derivatives", COUNTERS)
    attribution: str = _one_of("any", ATTRIBUTIONS)
    evidence: str = _one_of("declared", LEVELS)
    as_of: date | None = field(default=None, metadata={"parse": _day})


@dataclass(frozen=True)
class Tree:
    """One family tree: its root, which way, how far, by which relations, what is inspected, how one got here."""

    root: str = _text()
    dir: str = _one_of("down", ("down", "up", "both"))
    depth: int = _whole(0, 0, 200)
    rel: tuple[str, ...] = _some_of(RELATIONS)
    rows: int = _whole(35, 10, 300)
    focus: str = _text()
    trail: tuple[str, ...] = _names(8)


@dataclass(frozen=True)
class Model:
    """One model, and a second one to find the way to."""

    id: str = _text()
    to: str = _text()


@dataclass(frozen=True)
class Trends:
    """New derivatives a month: told apart by what, which of those, in numbers or as shares, under which rules."""

    by: str = _one_of("family", SPLITS)
    names: tuple[str, ...] = _names(8)
    unit: str = _one_of("new", ("new", "share"))
    evidence: str = _one_of("declared", LEVELS)
    attribution: str = _one_of("any", ATTRIBUTIONS)
    compare: tuple[str, ...] = _names(4)


@dataclass(frozen=True)
class Query:
    """A saved example, or a text to start from."""

    example: str = _text(60)
    q: str = _text(4000)


@dataclass(frozen=True)
class Data:
    """Which part of what is known of the data."""

    tab: str = _one_of("coverage", SECTIONS)


State = TypeVar("State", Families, Tree, Model, Trends, Query, Data)


def read(kind: type[State], params: Mapping[str, str]) -> tuple[State, tuple[str, ...]]:
    """The state that an address asks for, and a sentence for every parameter that it cannot mean."""
    known = {part.name: part for part in fields(kind)}
    values: dict[str, Any] = {}
    refused = []
    for name, text in params.items():
        if name not in known:
            refused.append(f"This page knows no “{_short(name)}”; it was left out.")
            continue
        try:
            values[name] = _parser(known[name])(text)
        except Unfit as why:
            refused.append(f"“{_short(text)}” is no value of “{name}”: it takes {why}. The default is shown instead.")
    return kind(**values), tuple(refused)


def params(state: Families | Tree | Model | Trends | Query | Data) -> dict[str, str]:
    """The address's parameters: what differs from the defaults, in the order of the fields."""
    return {
        part.name: _spelt(getattr(state, part.name))
        for part in fields(state)
        if getattr(state, part.name) != part.default
    }


def _parser(part: Field[Any]) -> Callable[[str], Value]:
    parse: Callable[[str], Value] = part.metadata["parse"]
    return parse


def _spelt(value: Value) -> str:
    if isinstance(value, tuple):
        return ",".join(quote(word, safe="/") for word in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
