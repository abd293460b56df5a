"""A drawing before it is SVG or PNG: lines, boxes, dots and text at given places, painted in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Anchor: TypeAlias = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Stroke:
    """A line through points; `dash` lists the lengths of strokes and gaps, empty for an unbroken line."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Dot:
    """A disc, or a ring where `hollow`."""

    x: float
    y: float
    radius: float
    colour: str
    hollow: bool = False


@dataclass(frozen=True)
class Words:
    """Text on one line; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float = 12
    colour: str = "#1B1F24"
    anchor: Anchor = "start"
    bold: bool = False


Item: TypeAlias = Stroke | Box | Dot | Words


@dataclass(frozen=True)
class Picture:
    """Items on a white page; `title` and `description` are for those who cannot see it."""

    width: int
    height: int
    title: str
    description: str
    items: tuple[Item, ...]
