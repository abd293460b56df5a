"""Wholes and their parts as pictures: a bar a family by relation, a column a month by the families' countries."""

from __future__ import annotations

from collections.abc import Sequence

from lineage import answers as given
from lineage.export import receipts
from lineage.export.picture import Box, Item, Picture, Stroke, Words
from lineage.export.plain import LETTERS, clip

_WIDTH, _LEFT, _RIGHT, _TOP = 960, 200, 880, 112
_INK, _FAINT, _GREY, _BADGE = "#1B1F24", "#E3E6EA", "#6A727C", "#FFD54A"
_COLOURS = ("#1F3FA8", "#C2410C", "#0B8457", "#B01E9E", "#9A5B00", "#0E7490", "#6D28D9")
_RELATIONS = {
    "finetunes": ("finetune", "#1F3FA8"),
    "adapters": ("adapter", "#9A5B00"),
    "quantizations": ("quantized", "#0BA36A"),
    "merges": ("merge", "#D33BC0"),
    "unspecified": ("unspecified", "#9AA3B2"),
}
_ROW = 24


def relations(answer: given.TopAnswer, *, most: int = 20) -> Picture:
    """Derivatives of the first families by relation; a model with several relations stands in each."""
    lines = answer.results[:most]
    parts = [[float(line.values.get(counter) or 0) for counter in _RELATIONS] for line in lines]
    whole = max((sum(row) for row in parts), default=0) or 1
    title, subtitle = "Derivatives by relation", "a derivative with several relations stands in each"
    items = _head(title, subtitle, answer.receipt.simulated)
    items += _key([(f"{LETTERS[name]} {name}", colour) for name, colour in _RELATIONS.values()])
    for place, (line, row) in enumerate(zip(lines, parts, strict=True)):
        y, x = _TOP + _ROW * place, float(_LEFT)
        items.append(Words(_LEFT - 8, y + 12, clip(line.label, 26), 12, _INK, "end"))
        for value, (_, colour) in zip(row, _RELATIONS.values(), strict=True):
            wide = (_RIGHT - _LEFT) * value / whole
            items.append(Box(x, y, wide, 16, colour))
            x += wide
        items.append(Words(x + 6, y + 12, f"{sum(row):,.0f}", 11, _GREY))
    return _ended(title, subtitle, items, _TOP + _ROW * max(len(lines), 1), answer)


def origins(answer: given.TrendsAnswer, *, since: int = 24) -> Picture:
    """How each finished month's new derivatives divide between the countries of their families."""
    kept = [at for at, month in enumerate(answer.months) if month.finished and month.whole][-since:]
    title = "New derivatives by the family's country"
    subtitle = f"share of each month; {answer.whole_meaning}; shares are fractional"
    items = _head(title, subtitle, answer.receipt.simulated)
    colours = ["#9AA3B2" if line.band else _COLOURS[place % len(_COLOURS)] for place, line in enumerate(answer.lines)]
    items += _key([(clip(line.label, 24), colour) for line, colour in zip(answer.lines, colours, strict=True)])
    low, tall = _TOP + 300, 280
    for percent in (0, 25, 50, 75, 100):
        y = low - tall * percent / 100
        items.append(Stroke(((64, y), (_RIGHT, y)), _FAINT))
        items.append(Words(58, y + 4, f"{percent} %", 11, _GREY, "end"))
    wide = (_RIGHT - 64) / max(len(kept), 1)
    for place, at in enumerate(kept):
        x, y = 64 + wide * place, float(low)
        for line, colour in zip(answer.lines, colours, strict=True):
            part = tall * float(line.share[at] or 0)
            y -= part
            items.append(Box(x + 1, y, wide - 2, part, colour))
        if place % max(1, len(kept) // 8) == 0:
            items.append(Words(x + wide / 2, low + 18, answer.months[at].key, 11, _GREY, "middle"))
    return _ended(title, subtitle, items, low + 30, answer)


def _head(title: str, subtitle: str, simulated: bool) -> list[Item]:
    items: list[Item] = [Words(24, 32, title, 20, bold=True), Words(24, 54, clip(subtitle, 130), 12, _GREY)]
    if simulated:
        items += [Box(_WIDTH - 190, 14, 166, 26, _BADGE)]
        items += [Words(_WIDTH - 107, 32, receipts.BANNER, 14, _INK, "middle", True)]
    return items


def _key(entries: Sequence[tuple[str, str]]) -> list[Item]:
    """Colours and what they stand for, on one or two lines."""
    items: list[Item] = []
    x, y = 24.0, 74
    for words, colour in entries:
        wide = 26 + 7 * len(words)
        if x + wide > _WIDTH - 24:
            x, y = 24.0, y + 18
        items += [Box(x, y, 12, 12, colour), Words(x + 17, y + 10, words, 11)]
        x += wide
    return items


def _ended(
    title: str, subtitle: str, items: Sequence[Item], low: int, answer: given.TopAnswer | given.TrendsAnswer
) -> Picture:
    """The picture with its receipt below."""
    receipt = answer.receipt
    foot = [*receipts.lines(receipt), *([receipts.BANNER_MEANING] if receipt.simulated else [])]
    words = [Words(24, low + 30 + 16 * place, clip(line, 150), 11, _GREY) for place, line in enumerate(foot)]
    return Picture(_WIDTH, low + 40 + 16 * len(foot), title, subtitle, (*items, *words))
