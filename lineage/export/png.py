"""A picture as PNG, drawn by Pillow with the font that it carries; a letter that this font lacks is shown as `?`."""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from lineage.export.picture import Box, Dot, Item, Picture, Stroke, Words
from lineage.export.plain import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

SCALE = 2
"""Pixels of the file for each unit of the picture."""

_FINE = 2
"""Drawn so much larger again, then brought down: that is what smooths the lines."""

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_SPELT = str.maketrans({"≥": ">=", "–": "-", "−": "-", "’": "'"})


def written(picture: Picture) -> bytes:
    """The file's bytes, without a date in them."""
    factor = SCALE * _FINE
    with Image.new("RGB", (picture.width * factor, picture.height * factor), "#FFFFFF") as large:
        pen = ImageDraw.Draw(large)
        for item in picture.items:
            _draw(pen, item, factor)
        size = (picture.width * SCALE, picture.height * SCALE)
        out = io.BytesIO()
        with large.resize(size, Image.Resampling.BOX) as small:
            small.save(out, format="PNG", optimize=False)
    return out.getvalue()


def _draw(pen: ImageDraw.ImageDraw, item: Item, factor: int) -> None:
    if isinstance(item, Stroke):
        width = max(1, round(item.width * factor))
        points = [(x * factor, y * factor) for x, y in item.points]
        for part in _dashed(points, tuple(length * factor for length in item.dash)):
            pen.line(part, fill=item.colour, width=width, joint="curve")
    elif isinstance(item, Box):
        corner = ((item.x + item.width) * factor, (item.y + item.height) * factor)
        pen.rectangle((item.x * factor, item.y * factor, *corner), fill=item.colour)
    elif isinstance(item, Dot):
        fill = "#FFFFFF" if item.hollow else item.colour
        pen.circle((item.x * factor, item.y * factor), item.radius * factor, fill, item.colour, round(1.5 * factor))
    else:
        _write(pen, item, factor)


def _write(pen: ImageDraw.ImageDraw, item: Words, factor: int) -> None:
    font = _font(round(item.size * factor))
    text = "".join(char if char.isascii() or char in "·…" else "?" for char in printable(item.text).translate(_SPELT))
    heavy = factor / 3 if item.bold else 0
    place = (item.x * factor, item.y * factor)
    pen.text(place, text, fill=item.colour, font=font, anchor=_ANCHORS[item.anchor], stroke_width=heavy)


@lru_cache(maxsize=32)
def _font(size: int) -> FreeTypeFont | BitmapFont:
    return ImageFont.load_default(size)


def _dashed(points: list[tuple[float, float]], dash: tuple[int, ...]) -> list[list[tuple[float, float]]]:
    """The line as the strokes that its dashes leave of it; a dash goes on round a corner."""
    if not dash:
        return [points]
    parts: list[list[tuple[float, float]]] = [[points[0]]]
    turn, left = 0, float(dash[0])
    for start, end in pairwise(points):
        length, done = hypot(end[0] - start[0], end[1] - start[1]), 0.0
        while length - done > left:
            done += left
            at = (start[0] + (end[0] - start[0]) * done / length, start[1] + (end[1] - start[1]) * done / length)
            parts[-1].append(at)
            parts.append([at])
            turn += 1
            left = float(dash[turn % len(dash)])
        left -= length - done
        parts[-1].append(end)
    return [part for place, part in enumerate(parts) if place % 2 == 0 and len(part) > 1]
