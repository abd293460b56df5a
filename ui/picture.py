"""A layout as one SVG picture with its legend and its receipt: no script, no font, no address in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from lineage.domain import Receipt
from lineage.export import receipts
from lineage.export.html import PALETTES
from lineage.export.plain import LETTERS, cells, printable
from ui.layout import LETTER_WIDTH, Layout, Line, Mark

INK = {"light": "#1a1d23", "dark": "#eceef2"}
PAPER = {"light": "#ffffff", "dark": "#14161a"}
FAINT = {"light": "#6b7280", "dark": "#9aa3b2"}

_DASHES = {"solid": "", "inferred": "6 4", "curated": "12 3 2 3", "rest": "2 4"}
_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}" '
    'font-family="system-ui,sans-serif" font-size="12">'
)
_HEAD, _FOOT, _EDGE = 64, 58, 20


def drawn(layout: Layout, receipt: Receipt, theme: str = "light") -> str:
    """The SVG file's text."""
    foot = receipts.lines(receipt)
    wide = max(layout.right - layout.left + 2 * _EDGE, 16 + 6 * max(cells(line) for line in foot), 560)
    tall = layout.bottom - layout.top + _HEAD + _FOOT
    places = {mark.key: mark for mark in layout.marks}
    parts = [
        _OPEN.format(wide=round(wide), tall=round(tall)),
        f'<rect width="100%" height="100%" fill="{PAPER[theme]}"/>',
        *_head(layout, receipt, theme),
        f'<g transform="translate({_EDGE - layout.left:.1f} {_HEAD - layout.top:.1f})">',
        *(_line(line, places, theme) for line in layout.lines),
        *(part for mark in layout.marks for part in _mark(mark, theme)),
        "</g>",
        *(
            _text(_EDGE, tall - _FOOT + 24 + 16 * place, printable(line), FAINT[theme], size=11)
            for place, line in enumerate(foot)
        ),
        "</svg>",
    ]
    return "\n".join(parts)


def _text(x: float, y: float, text: str, ink: str, *, size: int = 12, bold: bool = False, middle: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{ink}" font-size="{size}"{weight}{anchor}>{escape(text)}</text>'


def _head(layout: Layout, receipt: Receipt, theme: str) -> Iterator[str]:
    badge = f"{receipts.BANNER} · " if receipt.simulated else ""
    yield _text(_EDGE, 24, f"{badge}{printable(layout.root)}", INK[theme], size=15, bold=True)
    x = float(_EDGE)
    for relation, letter in LETTERS.items():
        colour = PALETTES[theme].get(relation, FAINT[theme])
        yield f'<circle cx="{x + 7:.0f}" cy="43" r="7" fill="{colour}"/>'
        yield _text(x + 7, 47, letter, PAPER[theme], size=10, bold=True, middle=True)
        yield _text(x + 19, 47, relation, INK[theme], size=11)
        x += 32 + 6.2 * len(relation)
    yield _text(x + 4, 47, "dots: stands for more · beside a name: its derivatives", FAINT[theme], size=11)


def _line(line: Line, places: Mapping[str, Mark], theme: str) -> str:
    start, end = places[line.parent], places[line.child]
    bend = (start.x + end.x) / 2
    colour = PALETTES[theme].get(line.relation, FAINT[theme])
    dashes = f' stroke-dasharray="{_DASHES[line.style]}"' if _DASHES[line.style] else ""
    return (
        f'<path d="M{start.x:.1f} {start.y:.1f}C{bend:.1f} {start.y:.1f} {bend:.1f} {end.y:.1f} {end.x:.1f} '
        f'{end.y:.1f}" fill="none" stroke="{colour}" stroke-width="{line.width:.1f}" stroke-opacity=".75"{dashes}/>'
    )


def _mark(mark: Mark, theme: str) -> Iterator[str]:
    colours = PALETTES[theme]
    if mark.rest:
        left, whole = mark.x - 10, sum(mark.mix.values())
        for relation, count in mark.mix.items():
            width = 46 * count / whole
            fill = colours.get(relation, FAINT[theme])
            yield f'<rect x="{left:.1f}" y="{mark.y - 5.5:.1f}" width="{width:.1f}" height="11" fill="{fill}"/>'
            left += width
    else:
        ring = mark.stub or mark.relation == "unspecified"
        colour = colours.get(mark.relation, FAINT[theme] if ring else INK[theme])
        yield (
            f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{mark.radius:.1f}" stroke="{colour}" stroke-width="2" '
            f'fill="{PAPER[theme] if ring else colour}"/>'
        )
        ink = INK[theme] if ring else PAPER[theme]
        yield _text(mark.x, mark.y + 4, mark.letter, ink, size=10, bold=True, middle=True)
    yield from _words(mark, theme)


def _words(mark: Mark, theme: str) -> Iterator[str]:
    wide = cells(mark.name) * LETTER_WIDTH
    if mark.above:
        left, line = mark.x - wide / 2, mark.y - mark.radius - 5
    else:
        left, line = mark.x + (42 if mark.rest else mark.radius + 6), mark.y + 4
    yield _text(left, line, mark.name, INK[theme], bold=mark.above)
    if mark.beside:
        yield _text(left + wide + 8, line, mark.beside, FAINT[theme], size=11)
