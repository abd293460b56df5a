"""A picture as SVG: the same bytes from the same picture, no script, no style, no address, all text escaped."""

from __future__ import annotations

from html import escape

from lineage.export.picture import Box, Dot, Item, Picture, Stroke, Words
from lineage.export.plain import printable


def written(picture: Picture) -> str:
    """The document; every name in it is spelt out and escaped."""
    size = f'width="{picture.width}" height="{picture.height}" viewBox="0 0 {picture.width} {picture.height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="Helvetica, Arial, sans-serif">',
        f"<title>{_text(picture.title)}</title>",
        f"<desc>{_text(picture.description)}</desc>",
        f'<rect width="{picture.width}" height="{picture.height}" fill="#FFFFFF"/>',
        *map(_element, picture.items),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return escape(printable(text), quote=True)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _element(item: Item) -> str:
    if isinstance(item, Stroke):
        points = " ".join(f"{_number(x)},{_number(y)}" for x, y in item.points)
        dash = f' stroke-dasharray="{" ".join(map(str, item.dash))}"' if item.dash else ""
        pen = f'stroke="{_text(item.colour)}" stroke-width="{_number(item.width)}"{dash}'
        return f'<polyline fill="none" {pen} points="{points}"/>'
    if isinstance(item, Box):
        place = f'x="{_number(item.x)}" y="{_number(item.y)}"'
        size = f'width="{_number(item.width)}" height="{_number(item.height)}"'
        return f'<rect {place} {size} fill="{_text(item.colour)}"/>'
    if isinstance(item, Dot):
        paint = "#FFFFFF" if item.hollow else _text(item.colour)
        place = f'cx="{_number(item.x)}" cy="{_number(item.y)}" r="{_number(item.radius)}"'
        return f'<circle {place} fill="{paint}" stroke="{_text(item.colour)}" stroke-width="1.5"/>'
    return _words(item)


def _words(item: Words) -> str:
    weight = ' font-weight="bold"' if item.bold else ""
    place = f'x="{_number(item.x)}" y="{_number(item.y)}" text-anchor="{item.anchor}"'
    return (
        f'<text {place} font-size="{_number(item.size)}" fill="{_text(item.colour)}"{weight}>{_text(item.text)}</text>'
    )
