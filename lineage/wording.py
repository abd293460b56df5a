"""What a person types: dates, spans of time, parameters, and the options that several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import click

from lineage.domain import Attribution, Level, Relation

F = TypeVar("F", bound=Callable[..., object])

ROWS = 40
"""Rows of a list printed as text; JSON, CSV and -q give all unless limited."""

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1), "y": timedelta(days=365)}


class Day(click.ParamType[date]):
    """A date, `2026-02-28`; a month alone means its last day."""

    name = "DATE"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date that was written."""
        if isinstance(value, date):
            return value
        try:
            if re.fullmatch(r"\d{4}-\d{2}", value):
                first = date.fromisoformat(f"{value}-01")
                return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write 2026-02-28, or 2026-02 for that month's last day.", param, ctx)


@dataclass(frozen=True)
class Since:
    """A moment, or a span back from the snapshot's own date."""

    moment: datetime | None = None
    span: timedelta = timedelta()

    def before(self, as_of: datetime) -> datetime:
        """The moment meant; a span is counted back from `as_of`, so that an answer can be made again."""
        return self.moment or as_of - self.span


class Back(click.ParamType[Since]):
    """`7d`, `12h`, `4w`, `1y`, or a date."""

    name = "SINCE"

    def convert(self, value: str | Since, param: click.Parameter | None, ctx: click.Context | None) -> Since:
        """The span or moment that was written."""
        if isinstance(value, Since):
            return value
        spelt = re.fullmatch(r"(\d{1,5})([hdwy])", value.lower())
        if spelt:
            return Since(span=int(spelt[1]) * _UNITS[spelt[2]])
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a span like 7d, 12h, 4w nor a date like 2026-02-28.", param, ctx)
        return Since(moment=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


class Given(click.ParamType[tuple[str, object]]):
    """`name=value` for a query; the value is JSON where it reads as JSON, else text."""

    name = "NAME=VALUE"

    def convert(
        self, value: str | tuple[str, object], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, object]:
        """The name and its value."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.isidentifier():
            self.fail(f"{value!r} is not name=value.", param, ctx)
        try:
            return name, json.loads(text)
        except json.JSONDecodeError:
            return name, text


def _level(ctx: click.Context, param: click.Parameter, value: str) -> Level:
    if value == "inferred":
        raise click.BadParameter("no inference rule exists yet, so there is nothing for it to add; use declared.")
    return Level(value)


evidence = click.option(
    "--evidence",
    type=click.Choice(["hub", "declared", "inferred"]),
    default="declared",
    show_default=True,
    callback=_level,
    help="Which edges to walk: the Hub's own view, or all that authors declare.",
)
attribution = click.option(
    "--attribution",
    type=click.Choice([str(way) for way in Attribution]),
    default="any",
    show_default=True,
    callback=lambda ctx, param, value: Attribution(value),
    help="What a family gets of a model that derives from several families.",
)
country_scheme = click.option(
    "--country-scheme",
    "scheme",
    type=click.Choice(["iso", "atom"]),
    default="iso",
    show_default=True,
    help="Tell places apart by ISO country or by ATOM's regions.",
)

RELATIONS = click.Choice([str(relation) for relation in Relation])

as_of = click.option("--as-of", type=Day(), help="Count only models created up to this day.")


def limited(default: int | None) -> Callable[[F], F]:
    """`--limit`, where 0 means all; None as default leaves it to the form of the answer."""
    text = f"At most so many rows; 0 for all.  [default: {default or f'{ROWS} as text, else all'}]"
    return click.option("--limit", type=click.IntRange(min=0), default=default, metavar="N", help=text)
