"""Trends, a family and claims as pictures: letters and dashes beside colours, the receipt in the footer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from lineage import answers as given
from lineage.domain import Number, Receipt
from lineage.export import receipts
from lineage.export.picture import Anchor, Box, Dot, Item, Picture, Stroke, Words
from lineage.export.plain import LETTERS, clip, day

WIDTH, HEIGHT = 960, 540
LEFT, RIGHT, TOP, BOTTOM = 64, 720, 84, 430

INK, FAINT, GREY = "#1B1F24", "#E3E6EA", "#6A727C"
COLOURS = ("#1F3FA8", "#9A5B00", "#0BA36A", "#D33BC0")
RELATIONS = {"finetune": COLOURS[0], "adapter": COLOURS[1], "quantized": COLOURS[2], "merge": COLOURS[3]}
DASHES: tuple[tuple[int, ...], ...] = ((), (8, 4), (2, 3))

MOST = 8
"""Lines of a chart beside its bands; what is smaller joins none of them and is said to be left out."""


@dataclass(frozen=True)
class Series:
    """One line of a chart over months; a cell without a value is a gap."""

    letter: str
    label: str
    colour: str
    dash: tuple[int, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Months:
    """What the lines of a chart stand over; `unfinished` where the last month was not over; `percent` for shares."""

    keys: tuple[str, ...]
    unfinished: bool
    percent: bool = False
    marks: tuple[given.Mark, ...] = ()


def trends(answer: given.TrendsAnswer, *, share: bool = False) -> Picture:
    """New derivatives a month, or shares of new where `share`: the largest lines and every band."""
    kept = [line for line in answer.lines if not line.band][:MOST]
    bands = [line for line in answer.lines if line.band]
    series = []
    for place, line in enumerate([*kept, *bands]):
        colour = GREY if line.band else COLOURS[place % len(COLOURS)]
        dash = DASHES[(place - len(kept)) % 3] if line.band else DASHES[place // len(COLOURS)]
        cells: Sequence[Number | None] = line.share if share else line.new
        values = tuple(None if cell is None else float(cell) * (100 if share else 1) for cell in cells)
        series.append(Series(chr(ord("A") + place), line.label, colour, dash, values))
    keys = tuple(month.key for month in answer.months)
    unfinished = bool(answer.months) and not answer.months[-1].finished
    left = len(answer.lines) - len(series)
    what = "Share of new derivatives" if share else "New derivatives"
    by = {"family": "family", "origin": "country of the family", "country": "country of the uploader"}[answer.by]
    hidden = f"; {left} smaller lines left out" if left else ""
    return _plotted(
        f"{what} a month, by {by}",
        f"{answer.whole:,} {answer.whole_meaning}{'; shares are fractional' if share else ''}{hidden}",
        Months(keys, unfinished, share, answer.marks),
        series,
        answer.receipt,
    )


def family(answer: given.CountAnswer, label: str) -> Picture:
    """New derivatives of one name a month, all and by relation, from `count --per month`."""
    keyed = {piece.key: piece.values for piece in answer.slices if piece.key is not None}
    keys = _every_month(sorted(keyed))
    counters = {"finetunes": "finetune", "adapters": "adapter", "quantizations": "quantized", "merges": "merge"}
    chosen = {"derivatives": ("D", INK, DASHES[0])}
    chosen |= {c: (LETTERS[r], RELATIONS[r], DASHES[1]) for c, r in counters.items()}
    series = [
        Series(letter, counter, colour, dash, tuple(float(keyed.get(key, {}).get(counter) or 0) for key in keys))
        for counter, (letter, colour, dash) in chosen.items()
    ]
    unfinished = bool(keys) and keys[-1] == f"{answer.receipt.as_of:%Y-%m}"
    whole = answer.results[0].values["derivatives"]
    subtitle = f"{float(whole or 0):,.0f} derivatives; one with several relations stands in each"
    return _plotted(f"New derivatives of {label} a month", subtitle, Months(keys, unfinished), series, answer.receipt)


def curve(answer: given.CurveAnswer) -> Picture:
    """`organic` over its threshold, and what either kind of bulk leaves out."""
    told = (
        Series("O", "organic", COLOURS[0], DASHES[0], tuple(float(p.organic) for p in answer.points)),
        Series("P", "out: one publisher", COLOURS[1], DASHES[1], tuple(float(p.by_publisher) for p in answer.points)),
        Series(
            "N", "out: one name template", COLOURS[3], DASHES[2], tuple(float(p.by_template) for p in answer.points)
        ),
    )
    keys = tuple(f"{point.threshold:,}" for point in answer.points)
    subtitle = (
        f"{answer.derivatives:,} derivatives; bulk begins above N children of one parent; a model may be out by both"
    )
    return _plotted(
        f"organic of {answer.name} over its threshold N", subtitle, Months(keys, False), told, answer.receipt
    )


def _every_month(keys: Sequence[str]) -> tuple[str, ...]:
    if not keys:
        return ()
    low, high = ((int(key[:4]) * 12 + int(key[5:]) - 1) for key in (keys[0], keys[-1]))
    return tuple(f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(low, high + 1))


def _plotted(title: str, subtitle: str, months: Months, series: Sequence[Series], receipt: Receipt) -> Picture:
    top = max((value for one in series for value in one.values if value is not None), default=0)
    step = _step(top)
    ceiling = max(step * ceil(top / step), step)
    items: list[Item] = [*_head(title, subtitle, receipt)]
    for n in range(round(ceiling / step) + 1):
        y = _y(n * step, ceiling)
        items += [Stroke(((LEFT, y), (RIGHT, y)), FAINT)]
        items.append(Words(LEFT - 8, y + 4, f"{n * step:,g}{' %' if months.percent else ''}", 11, GREY, "end"))
    items += [*_months_axis(months), *_marks(months)]
    for one in series:
        items += _line(one, months, ceiling)
    items += [*_letters(series, ceiling), *_legend(series, months)]
    return Picture(WIDTH, HEIGHT, title, subtitle, (*items, *_foot(receipt, HEIGHT)))


def _step(top: float) -> float:
    """A round distance of grid lines, at most six of them."""
    if top <= 0:
        return 1
    rough = top / 5
    unit: float = 10.0 ** floor(log10(rough))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough)
    return max(1, step) if top >= 5 else step


def _x(place: int, months: Months) -> float:
    return LEFT + (RIGHT - LEFT) * (place + 0.5) / max(1, len(months.keys))


def _y(value: float, ceiling: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / ceiling


def _months_axis(months: Months) -> list[Item]:
    every = max(1, ceil(len(months.keys) / 10))
    items: list[Item] = [
        Words(_x(place, months), BOTTOM + 18, key, 11, GREY, "middle")
        for place, key in enumerate(months.keys)
        if place % every == 0
    ]
    if months.unfinished:
        wide = (RIGHT - LEFT) / len(months.keys)
        items.insert(0, Box(RIGHT - wide, TOP, wide, BOTTOM - TOP, "#F3F4F6"))
    return items


def _marks(months: Months) -> list[Item]:
    items: list[Item] = []
    for mark in months.marks:
        place = months.keys.index(f"{mark.on:%Y-%m}")
        x = LEFT + (RIGHT - LEFT) * (place + (mark.on.day - 1) / 31) / len(months.keys)
        right = x > (LEFT + RIGHT) / 2
        items.append(Stroke(((x, TOP), (x, BOTTOM)), INK, 1, (3, 3)))
        text = clip(f"{day(mark.on)} {mark.text}", 70)
        items.append(Words(x - 5 if right else x + 5, TOP + 10, text, 10, INK, "end" if right else "start"))
    return items


def _line(one: Series, months: Months, ceiling: float) -> list[Item]:
    """The line, broken at gaps; the step into an unfinished month is dotted."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(one.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_x(place, months), _y(value, ceiling)))
    items: list[Item] = []
    for run in runs:
        if len(run) == 1:
            items.append(Dot(*run[0], 2, one.colour))
    last = runs[-1]
    if months.unfinished and len(last) > 1:
        items.append(Stroke(tuple(last[-2:]), one.colour, 1.5, (1, 3)))
        runs[-1] = last[:-1]
    items += [Stroke(tuple(run), one.colour, 2, one.dash) for run in runs if len(run) > 1]
    return items


def _letters(series: Sequence[Series], ceiling: float) -> list[Item]:
    """Each line's letter beside its end, pushed apart where lines end close together."""
    last = [next((v for v in reversed(one.values) if v is not None), None) for one in series]
    ends = sorted((_y(value, ceiling), place) for place, value in enumerate(last) if value is not None)
    floor_y, items = BOTTOM - 12 * (len(ends) - 1), list[Item]()
    lowest = float(TOP) - 12
    for order, (y, place) in enumerate(ends):
        lowest = max(lowest + 12, min(y, floor_y + 12 * order))
        items.append(Words(RIGHT + 6, lowest + 4, series[place].letter, 11, series[place].colour, bold=True))
    return items


def _legend(series: Sequence[Series], months: Months) -> list[Item]:
    items: list[Item] = []
    for place, one in enumerate(series):
        y = TOP + 12 + 22 * place
        items.append(Words(RIGHT + 40, y + 4, one.letter, 12, one.colour, bold=True))
        items.append(Stroke(((RIGHT + 56, y), (RIGHT + 88, y)), one.colour, 2, one.dash))
        items.append(Words(RIGHT + 96, y + 4, clip(one.label, 20), 12))
    if months.unfinished:
        y = TOP + 12 + 22 * len(series)
        items.append(Words(RIGHT + 40, y + 4, f"grey: {months.keys[-1]} was not over", 11, GREY))
    return items


def _head(title: str, subtitle: str, receipt: Receipt) -> list[Item]:
    items: list[Item] = [
        Words(LEFT, 32, clip(title, 80), 20, bold=True),
        Words(LEFT, 54, clip(subtitle, 120), 12, GREY),
    ]
    if receipt.simulated:
        items.append(Box(WIDTH - 190, 14, 166, 26, "#FFD54A"))
        items.append(Words(WIDTH - 107, 32, receipts.BANNER, 14, INK, "middle", True))
    return items


def _foot(receipt: Receipt, height: int) -> list[Item]:
    rule, data = receipts.lines(receipt)
    lines = [rule, data, *([receipts.BANNER_MEANING] if receipt.simulated else [])]
    low = height - 16 - 16 * (len(lines) - 1)
    return [Words(LEFT, low + 16 * place, clip(line, 150), 11, GREY) for place, line in enumerate(lines)]


SHOWN = {"derivatives": "D", "direct": "1", "organic": "O", "trained": "T", "active": "A", "tagged": "G", "named": "N"}
"""Counters on the chart of claims, by their letter; the figure's CSV has all."""

_LOW, _HIGH = 0.1, 1000.0


def claims(answer: given.ClaimsAnswer) -> Picture:
    """A row a figure: what each counter gives, in percent of what was claimed, on its day (full) and now (hollow)."""
    rows = [(claim, figure) for claim in answer.claims for figure in claim.figures]
    height = TOP + 46 + 46 * max(1, len(rows)) + 110
    title, floor_y = "Published claims, counter by counter", TOP + 46 + 46 * len(rows)
    subtitle = "percent of the published figure; full: on its day, hollow: now; numbers are any, shares fractional"
    items: list[Item] = [*_head(title, subtitle, answer.receipt)]
    for power in (0.1, 1, 10, 100, 1000):
        x = _scaled(power)
        told = power == 100
        items.append(Stroke(((x, TOP), (x, floor_y)), INK if told else FAINT, 1.5 if told else 1))
        label = "100 % as claimed" if told else f"{power:,g} %"
        items.append(Words(x, TOP - 6, label, 11, INK if told else GREY, "middle"))
    for place, (claim, figure) in enumerate(rows):
        items += _claim_row(claim, figure, TOP + 30 + 46 * place)
    key = (
        " · ".join(f"{letter} {counter}" for counter, letter in SHOWN.items())
        + " · S share of 30-day downloads by origin"
    )
    items.append(Words(LEFT, floor_y + 26, key, 11))
    items.append(
        Words(LEFT, floor_y + 42, "at the left edge: 0.1 % or less; at the right edge: 1,000 % or more", 11, GREY)
    )
    return Picture(WIDTH, height, title, subtitle, (*items, *_foot(answer.receipt, height)))


_ROW = 370
"""Where the scale of claims begins; the words stand left of it."""


def _scaled(percent: float) -> float:
    inside = min(max(percent, _LOW), _HIGH)
    return _ROW + (WIDTH - 40 - _ROW) * log10(inside / _LOW) / log10(_HIGH / _LOW)


def _claim_row(claim: given.ClaimAnswer, figure: given.FigureAnswer, y: float) -> list[Item]:
    unit = 1.0 if figure.measure == "derivatives" else 0.01
    told = f"{figure.value:,.0f}" if unit == 1 else f"{figure.value:g} %"
    bound = "> " if figure.bound == ">" else ""
    what = f"{figure.subject} · {figure.measure.replace('_', ' ')} · {bound}{told} · {day(figure.on)}"
    items: list[Item] = [
        Words(LEFT, y, clip(claim.slug, 44), 12, bold=True),
        Words(LEFT, y + 14, clip(what, 56), 10, GREY),
        Stroke(((_ROW, y + 4), (WIDTH - 40, y + 4)), FAINT),
    ]
    wanted = "any" if figure.measure == "derivatives" else "fractional"
    kept = [line for line in figure.lines if line.attribution == wanted and line.by != "country"]
    for now in (False, True):
        marks = [
            (_scaled(100 * float(value) / (figure.value * unit)), letter)
            for line in kept
            if (letter := _letter(figure, line.counter))
            and (value := line.now if now else line.then) is not None
            and figure.value
        ]
        items += _dots(sorted(marks), y + 12 if now else y - 4, hollow=now)
    return items


def _letter(figure: given.FigureAnswer, counter: str) -> str | None:
    return "S" if figure.measure == "share_of_downloads" else SHOWN.get(counter)


def _dots(marks: Sequence[tuple[float, str]], y: float, *, hollow: bool) -> list[Item]:
    """A dot for each mark; the letters of dots that touch stand together behind the last of them."""
    items: list[Item] = [Dot(x, y, 4, COLOURS[0], hollow) for x, _ in marks]
    letters = ""
    for place, (x, letter) in enumerate(marks):
        letters += letter
        if place + 1 == len(marks) or marks[place + 1][0] - x > 12 + 8 * len(letters):
            edge = x > WIDTH - 100
            side: Anchor = "end" if edge else "start"
            start = marks[place + 1 - len(letters)][0] - 7 if edge else x + 7
            items.append(Words(start, y + 4, letters, 10, GREY if hollow else INK, side, not hollow))
            letters = ""
    return items
