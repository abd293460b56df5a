"""Charts as ECharts options, each with its receipt below it, and how they are shown and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import streamlit as st

from lineage.answers import TopAnswer, Trend, TrendsAnswer
from lineage.domain import Number, Receipt
from lineage.export import receipts
from lineage.export.html import PALETTES
from lineage.export.plain import printable
from ui.picture import FAINT, INK, PAPER

Option: TypeAlias = dict[str, Any]

RELATIONS = {
    "finetunes": "finetune",
    "adapters": "adapter",
    "quantizations": "quantized",
    "merges": "merge",
    "unspecified": "unspecified",
}
"""Counters by the relation that colours them."""

_LINES = {
    "light": ("#1F3FA8", "#C2410C", "#0B8457", "#B01E9E", "#9A5B00", "#0E7490", "#6D28D9", "#5B6472"),
    "dark": ("#8FA2FF", "#FF9E64", "#6FE7D2", "#FF7AB6", "#F2C230", "#7DD3FC", "#C4A7FF", "#A8B0BD"),
}
_DASHES = ("solid", "solid", "dashed", "dashed", "dotted", "dotted", "solid", "dashed")
_SYMBOLS = ("circle", "rect", "triangle", "diamond", "pin", "roundRect", "arrow", "diamond")
_FOOT = 46


def shown(option: Option, *, key: str, alt: str, height: int = 420) -> None:
    """The chart, as SVG that its own button saves."""
    st.echarts_chart(option, key=key, height=height, renderer="svg", alt=alt, theme=None)


def framed(title: str, receipt: Receipt, theme: str) -> Option:
    """What every chart has: title and receipt, no animation."""
    badge = f"{receipts.BANNER} · " if receipt.simulated else ""
    lines = [printable(line) for line in receipts.lines(receipt)]
    return {
        "animation": False,
        "backgroundColor": PAPER[theme],
        "textStyle": {"color": INK[theme], "fontFamily": "'Source Sans', system-ui, sans-serif"},
        "title": [
            {"text": title, "left": 0, "top": 0, "textStyle": {"fontSize": 14, "fontWeight": 600, "color": INK[theme]}},
            {
                "text": badge + lines[0] + "\n" + lines[1],
                "left": 0,
                "bottom": 0,
                "textStyle": {"fontSize": 10, "fontWeight": 400, "color": FAINT[theme], "lineHeight": 14,
                              "overflow": "truncate", "width": 1000},
            },
        ],
        "aria": {"enabled": True},
    }  # fmt: skip


def relations(answer: TopAnswer, theme: str, *, most: int = 14) -> Option:
    """A stacked bar a family: its derivatives by relation; one with several relations stands in each."""
    lines = answer.results[:most][::-1]
    colours = PALETTES[theme]
    option = framed("Derivatives by relation", answer.receipt, theme)
    option |= {
        "grid": {"left": 4, "right": 18, "top": 58, "bottom": _FOOT, "containLabel": True},
        "legend": {"top": 24, "left": 0, "itemWidth": 14, "itemHeight": 10, "textStyle": {"color": INK[theme]}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "renderMode": "richText"},
        "xAxis": {
            "type": "value",
            "splitLine": {"lineStyle": {"color": FAINT[theme], "opacity": 0.25}},
            "axisLabel": {"color": FAINT[theme], "hideOverlap": True},
        },
        "yAxis": {
            "type": "category",
            "data": [printable(line.label) for line in lines],
            "axisTick": {"show": False},
            "axisLine": {"show": False},
            "axisLabel": {"color": INK[theme]},
        },
        "aria": {"enabled": True, "decal": {"show": True}},
        "series": [
            {
                "name": relation,
                "type": "bar",
                "stack": "all",
                "barMaxWidth": 16,
                "itemStyle": {"color": colours.get(relation, FAINT[theme])},
                "data": [_float(line.values.get(counter)) for line in lines],
            }
            for counter, relation in RELATIONS.items()
        ],
    }
    return option


def _float(number: Number | None) -> float | int | None:
    return None if number is None else int(number) if number == int(number) else round(float(number), 2)


def months(answer: TrendsAnswer, lines: Sequence[Trend], theme: str, *, share: bool, since: int = 30) -> Option:
    """New derivatives a month, or their share of the month: a line each, the unfinished month left out."""
    kept = [at for at, month in enumerate(answer.months) if month.finished][-since:]
    keys = [answer.months[at].key for at in kept]
    title = "Share of a month's new derivatives" if share else "New derivatives a month"
    option = framed(title, answer.receipt, theme)
    option |= {
        "grid": {"left": 8, "right": 24, "top": 66, "bottom": _FOOT, "containLabel": True},
        "legend": {"top": 26, "left": 0, "type": "scroll", "textStyle": {"color": INK[theme]}},
        "tooltip": {"trigger": "axis", "renderMode": "richText", "valueFormatter": "percent" if share else "localized"},
        "xAxis": {
            "type": "category",
            "data": keys,
            "boundaryGap": False,
            "axisLabel": {"color": FAINT[theme], "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": FAINT[theme]}},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": FAINT[theme], **({"formatter": "{value} %"} if share else {})},
            "splitLine": {"lineStyle": {"color": FAINT[theme], "opacity": 0.25}},
        },
        "series": [_series(place, line, kept, theme, share=share) for place, line in enumerate(lines)],
    }
    if share:
        option["tooltip"].pop("valueFormatter")
    _marked(option, answer, keys, theme)
    return option


def _series(place: int, line: Trend, kept: Sequence[int], theme: str, *, share: bool) -> Option:
    values = [line.share[at] for at in kept] if share else [line.new[at] for at in kept]
    colour = FAINT[theme] if line.band else _LINES[theme][place % 8]
    return {
        "name": printable(line.label),
        "type": "line",
        "symbol": _SYMBOLS[place % 8],
        "symbolSize": 6,
        "lineStyle": {"width": 2, "type": _DASHES[place % 8], "color": colour},
        "itemStyle": {"color": colour},
        "data": [
            None if value is None else round(100 * float(value), 1) if share else _float(value) for value in values
        ],
    }


def _marked(option: Option, answer: TrendsAnswer, keys: Sequence[str], theme: str) -> None:
    """Dated events as thin upright lines, numbered; the page lists them below."""
    marks = [(place, mark) for place, mark in enumerate(answer.marks, 1) if f"{mark.on:%Y-%m}" in keys]
    if marks and option["series"]:
        option["series"][0]["markLine"] = {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"color": FAINT[theme], "type": "dotted", "width": 1},
            "label": {"color": FAINT[theme], "fontSize": 10, "distance": 2},
            "data": [{"xAxis": f"{mark.on:%Y-%m}", "label": {"formatter": str(place)}} for place, mark in marks],
        }


def origins(answer: TrendsAnswer, theme: str, *, since: int = 24) -> Option:
    """How a month's new derivatives divide between the countries of their families: bands that fill the month."""
    kept = [at for at, month in enumerate(answer.months) if month.finished and month.whole][-since:]
    option = framed("New derivatives by the family's country, share of each month", answer.receipt, theme)
    lines = list(answer.lines)
    option |= {
        "grid": {"left": 8, "right": 24, "top": 62, "bottom": _FOOT, "containLabel": True},
        "legend": {"top": 26, "left": 0, "type": "scroll", "itemWidth": 14, "itemHeight": 10, "itemGap": 8,
                   "textStyle": {"color": INK[theme]}},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "xAxis": {
            "type": "category",
            "data": [answer.months[at].key for at in kept],
            "boundaryGap": False,
            "axisLabel": {"color": FAINT[theme], "hideOverlap": True},
        },
        "yAxis": {"type": "value", "max": 100, "axisLabel": {"color": FAINT[theme], "formatter": "{value} %"},
                  "splitLine": {"lineStyle": {"color": FAINT[theme], "opacity": 0.25}}},
        "series": [_band(place, line, kept, theme) for place, line in enumerate(lines)],
        "aria": {"enabled": True, "decal": {"show": True}},
    }  # fmt: skip
    return option


def _band(place: int, line: Trend, kept: Sequence[int], theme: str) -> Option:
    colour = FAINT[theme] if line.band else _LINES[theme][place % 8]
    shares = [line.share[at] for at in kept]
    return {
        "name": printable(line.label),
        "type": "line",
        "stack": "all",
        "symbol": "none",
        "lineStyle": {"width": 1, "color": colour},
        "itemStyle": {"color": colour},
        "areaStyle": {"opacity": 0.55},
        "data": [None if share is None else round(100 * float(share), 1) for share in shares],
    }
