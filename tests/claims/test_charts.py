"""Charts: well-formed, the same bytes every time, nothing hostile alive in them, the receipt always there."""

from __future__ import annotations

import io
import xml.etree.ElementTree as Tree
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lineage import questions
from lineage.export import chart, png, receipts, svg
from lineage.export.picture import Box, Dot, Picture, Stroke, Words
from lineage.registry import load
from tests.claims.worlds import ROOTS, atlas, roots, row

QWEN, LLAMA, _, NOBODY = ROOTS
ROWS = [
    *roots(),
    row("a/one", [(QWEN, "finetune")], date(2025, 5, 3)),
    row("b/merge", [(QWEN, "merge"), (LLAMA, "merge")], date(2025, 9, 30)),
    row("d/two", [(NOBODY, "quantized")], date(2026, 8, 3)),
]
HOSTILE = '</text><script>alert(1)</script><text x="'
SVG = "{http://www.w3.org/2000/svg}"


def drawn(opened: questions.Atlas) -> dict[str, Picture]:
    trends = questions.trends(opened)
    return {
        "trends": chart.trends(trends),
        "share": chart.trends(trends, share=True),
        "family": chart.family(questions.count(opened, ["qwen"], per="month"), HOSTILE),
        "claims": chart.claims(questions.claims(opened)),
        "curve": chart.curve(replace(questions.curve(opened, "qwen"), name=HOSTILE)),
    }


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> questions.Atlas:
    return atlas(tmp_path_factory.mktemp("charts"), load(), ROWS, simulated=True)


@pytest.mark.parametrize("name", ["trends", "share", "family", "claims", "curve"])
def test_a_chart_is_sound_and_says_what_it_rests_on(asked: questions.Atlas, name: str) -> None:
    picture = drawn(asked)[name]
    text = svg.written(picture)
    assert text == svg.written(drawn(asked)[name])
    root = Tree.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "rect", "polyline", "circle", "text"),
    }
    assert not any("href" in key or key.startswith("on") for element in root.iter() for key in element.attrib)
    words = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert receipts.BANNER in words
    assert set(receipts.lines(asked.receipt("x"))[1:]) <= set(words)
    assert any("declared · as of 2026-08-22" in line for line in words)
    width, height = picture.width, picture.height
    for item in picture.items:
        points = item.points if isinstance(item, Stroke) else [(item.x, item.y)]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_lines_differ_by_more_than_colour(asked: questions.Atlas) -> None:
    answer = questions.trends(asked)
    many = replace(answer, lines=tuple(replace(answer.lines[0], name=f"f{n}", label=f"F{n}") for n in range(12)))
    picture = chart.trends(many)
    legend = [i for i in picture.items if isinstance(i, Stroke) and i.points[0][0] == chart.RIGHT + 56]
    assert len({(i.colour, i.dash) for i in legend}) == len(legend) == chart.MOST
    letters = [i.text for i in picture.items if isinstance(i, Words) and i.x == chart.RIGHT + 6]
    assert sorted(letters) == list("ABCDEFGH")


def test_the_plan_is_marked_and_the_last_month_set_apart(asked: questions.Atlas) -> None:
    items = drawn(asked)["trends"].items
    assert any(isinstance(i, Words) and i.text.startswith("2025-07-23 America") for i in items)
    assert any(isinstance(i, Words) and i.text == "grey: 2026-08 was not over" for i in items)


def test_nothing_to_draw_is_still_a_chart(tmp_path: Path) -> None:
    with atlas(tmp_path, load(), roots()) as opened:
        for picture in drawn(opened).values():
            Tree.fromstring(svg.written(picture))
            assert png.written(picture)


@pytest.mark.parametrize("name", ["trends", "claims"])
def test_png_is_the_same_drawing(asked: questions.Atlas, name: str) -> None:
    picture = drawn(asked)[name]
    data = png.written(picture)
    assert data == png.written(picture)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (picture.width * png.SCALE, picture.height * png.SCALE)
        assert image.info == {}
        assert len(image.getcolors(1 << 24) or []) > 10


@given(st.text(), st.sampled_from(["start", "middle", "end"]))
def test_any_text_can_stand_in_a_picture(text: str, anchor: str) -> None:
    items = (
        Words(50, 20, text, anchor=anchor),
        Stroke(((1, 1), (30, 30), (60, 2)), "#112233", 2, (8, 4)),
        Box(1, 1, 2, 2, "#112233"),
        Dot(5, 5, 2, "#112233", True),
    )
    picture = Picture(100, 40, text, text, items)
    root = Tree.fromstring(svg.written(picture))
    assert len(list(root)) == 3 + len(items)
    assert png.written(picture).startswith(b"\x89PNG")
