"""The graph of a query's answer as an ECharts option: discs by label, lines by relation, no physics."""

from __future__ import annotations

from lineage.domain import Receipt
from lineage.export.html import PALETTES
from lineage.export.plain import clip, printable
from ui import answered, charts
from ui.picture import FAINT, INK, PAPER

_LABELS = {
    "light": {"Model": "#1F3FA8", "Family": "#9A5B00", "Organization": "#0B8457", "Publisher": "#B01E9E"},
    "dark": {"Model": "#8FA2FF", "Family": "#F2C230", "Organization": "#6FE7D2", "Publisher": "#FF7AB6"},
}
_ROW, _COLUMN = 30, 300


def tall(graph: answered.Found) -> int:
    """Pixels that its fullest column wants."""
    return min(max(max(map(len, answered.columns(graph)), default=1) * _ROW + 150, 260), 1100)


def option(graph: answered.Found, receipt: Receipt, theme: str) -> charts.Option:
    """The chart; a node is its place in `graph.dots`, so that no name is ever a key."""
    places = {dot: str(at) for at, dot in enumerate(graph.dots)}
    colours, relations = _LABELS[theme], PALETTES[theme]
    labels = sorted({dot.label for dot in graph.dots})
    nodes = []
    for x, column in enumerate(answered.columns(graph)):
        for y, dot in enumerate(column):
            nodes.append(
                {
                    "id": places[dot],
                    "name": clip(printable(dot.id), 46),
                    "x": x * _COLUMN,
                    "y": (y - len(column) / 2) * _ROW,
                    "category": labels.index(dot.label),
                    "symbolSize": 14,
                }
            )
    made = charts.framed("Nodes of the answer", receipt, theme)
    made |= {
        "legend": {"top": 24, "left": 0, "data": [printable(label) for label in labels],
                   "textStyle": {"color": INK[theme]}},
        "tooltip": {"renderMode": "richText", "confine": True},
        "series": [
            {
                "type": "graph",
                "layout": "none",
                "preserveAspect": True,
                "roam": False,
                "top": 60,
                "bottom": 74,
                "left": 24,
                "right": 300,
                "categories": [
                    {"name": printable(label), "itemStyle": {"color": colours.get(label, FAINT[theme])}}
                    for label in labels
                ],
                "data": [*nodes, *_corners(graph)],
                "links": [
                    {
                        "source": places[start],
                        "target": places[end],
                        "value": printable(name),
                        "lineStyle": {"color": relations.get(name, FAINT[theme]), "width": 1.6, "curveness": 0.08},
                    }
                    for start, end, name in graph.lines
                ],
                "label": {"show": True, "position": "right", "color": INK[theme], "fontSize": 12,
                          "textBorderColor": PAPER[theme], "textBorderWidth": 3},
            }
        ],
    }  # fmt: skip
    return made


def _corners(graph: answered.Found) -> list[charts.Option]:
    """Two points that nobody sees: the drawing's box is theirs, also where all nodes lie on one line."""
    columns = answered.columns(graph)
    wide, half = max(len(columns) - 1, 1) * _COLUMN, max(max(map(len, columns), default=1), 4) * _ROW / 2
    return [
        {"id": name, "name": "", "x": x, "y": y, "symbolSize": 0, "label": {"show": False}, "silent": True}
        for name, x, y in (("low", 0, -half), ("high", wide, half))
    ]
