from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lineage.export import dot, html, mermaid, trees
from lineage.export import json as json_export
from lineage.export.plain import Look, cells, printable
from lineage.scene import build
from tests.face.world import HOSTILE, World, hostile_scene, receipt

CHROMIUM = shutil.which("chromium")


def family(world: World) -> World:
    for number in range(9):
        world.link(f"q/gguf{number}", "Qwen/Qwen3-8B", "quantized")
    world.link("b/tune", "Qwen/Qwen3-8B").link("c/adapter", "Qwen/Qwen3-8B", "adapter")
    world.link("d/merge", "b/tune", "merge").link("d/merge", "Qwen/Qwen3-8B", "merge", position=1)
    return world


def test_a_tree_reads_as_the_docs_show_it(world: World) -> None:
    family(world)
    scene = build(world.model("Qwen/Qwen3-8B"), world.brood, world.parents, width=4)
    assert trees.text(scene, receipt(), Look(100)).splitlines() == [
        "Qwen/Qwen3-8B   12 derivatives · 12 direct",
        "├─ F b/tune     1 derivative · 1 direct",
        "├─ A c/adapter",
        "├─ M d/merge    also from b/tune",
        "├─ Q q/gguf0",
        "└─ +8 more: 8 quantized by 1 publisher",
        "",
        "F finetune 1 · M merge 1 · A adapter 1 · Q quantized 1 · 5 models shown, 8 more behind +",
        "not all derivatives are here: a larger --limit shows more",
        "",
        "derivatives v1, direct v1 · any · declared · as of 2026-09-25",
        "hub-20260925T0000Z (sha 1a2b3c) · registry 1 (abcdef) · a test",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_rows_of_a_tree_fit_the_terminal_whatever_the_names(width: int) -> None:
    scene = hostile_scene()
    lines = trees.text(scene, receipt(), Look(width)).splitlines()[: len(scene.nodes)]
    assert all(cells(line) <= width for line in lines)
    assert not any(char in "".join(lines) for char in "\x1b\x07\u202e\u2066")


def test_simulated_trees_say_so_first(world: World) -> None:
    scene = build(world.model("a/b"), world.brood, world.parents)
    assert trees.text(scene, receipt(simulated=True), Look()).startswith("SIMULATED DATA")
    assert "SIMULATED DATA" in mermaid.text(scene, receipt(simulated=True))
    assert "SIMULATED DATA" in dot.text(scene, receipt(simulated=True))
    assert '<span class="simulated">SIMULATED DATA</span>' in html.page(scene, receipt(simulated=True))
    assert "SIMULATED DATA" not in html.page(scene, receipt())


def test_lower_bounds_are_marked_in_a_tree(world: World) -> None:
    family(world)
    scene = build(world.model("Qwen/Qwen3-8B"), world.brood, world.parents)
    assert "≥ 12 derivatives" in trees.text(scene, receipt(complete=False), Look())


def test_json_holds_models_edges_and_what_is_hidden(world: World) -> None:
    family(world)
    scene = build(world.model("Qwen/Qwen3-8B"), world.brood, world.parents, width=4)
    answer = json.loads(json_export.text(json_export.tree(scene, receipt())))
    assert [node["id"] for node in answer["nodes"]] == ["Qwen/Qwen3-8B", "b/tune", "c/adapter", "d/merge", "q/gguf0"]
    assert len(answer["edges"]) == 5
    hidden = answer["hidden"]
    assert [(h["of"], h["count"], h["relations"]) for h in hidden] == [("Qwen/Qwen3-8B", 8, {"quantized": 8})]
    assert answer["receipt"]["as_of"] == "2026-09-25T00:00:00Z"


def test_mermaid_lets_no_name_be_syntax() -> None:
    text = mermaid.text(hostile_scene(), receipt())
    node = r'n\d+\["[\w ./,+:·#;≥<>-]*"\]'
    edge = r"n\d+ (-->\|[FMAQ]\||-\.->) n\d+"
    for line in text.splitlines()[1:]:
        assert re.fullmatch(rf"  ({node}|{edge}|%% .*)", line), line
    assert "<script" not in text
    assert set(re.findall(r"<[^>]*>", text)) <= {"<br/>"}


def test_dot_lets_no_name_be_syntax() -> None:
    text = dot.text(hostile_scene(), receipt())
    string = r'"(?:[^"\\\n]|\\.)*"'
    for line in text.splitlines()[3:-1]:
        bare = re.sub(string, "S", line)
        assert re.fullmatch(r"  (label=S;|S \[label=S\];|S -> S \[(label=S|style=dotted)\];)", bare), line


class Page(HTMLParser):
    """What a browser would see of a page: tags, attributes, and the text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.within = tag

    def handle_endtag(self, tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self.within == "script" else self.words).append(data)


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return html.page(hostile_scene(), receipt(simulated=True))


def test_the_page_runs_only_its_own_three_scripts(hostile_page: str) -> None:
    page = Page(hostile_page)
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", hostile_page)
    assert nonce is not None
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert [attrs.get("nonce") for attrs in scripts] == [nonce[1]] * 3
    assert not any("src" in attrs for attrs in scripts)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert hostile_page.startswith("<!doctype html>")


def test_the_page_loads_nothing(hostile_page: str) -> None:
    page = Page(hostile_page)
    loading = [(tag, name, value) for tag, attrs in page.tags for name, value in attrs.items()
               if name in ("src", "href", "action", "data", "srcset")]  # fmt: skip
    assert loading == []
    assert {tag for tag, _ in page.tags}.isdisjoint({"iframe", "object", "embed", "base", "link", "img"})
    assert not re.search(r"@import|cdn\.jsdelivr|cdnjs", hostile_page)
    assert "default-src 'none'" in hostile_page


def test_the_page_shows_hostile_names_as_text_and_keeps_the_receipt(hostile_page: str) -> None:
    words = "".join(Page(hostile_page).words)
    assert "hub-20260925T0000Z (sha 1a2b3c)" in words
    assert "x/<script>alert(1)</script>" in words
    assert "\x1b" not in hostile_page
    assert "\u202e" not in hostile_page


def test_no_tooltip_becomes_markup(hostile_page: str) -> None:
    assert "showPopup" not in "".join(script for script in Page(hostile_page).scripts if "drawGraph" in script)


def test_every_name_reaches_the_drawing_as_data(hostile_page: str) -> None:
    script = next(script for script in Page(hostile_page).scripts if "drawGraph" in script)
    found = re.search(r"nodes = new vis\.DataSet\((\[.*?\])\);\n", script)
    assert found is not None
    assert {node["id"] for node in json.loads(found[1])} == {"a/root", "b/child", *HOSTILE}


def test_two_pages_share_no_nonce() -> None:
    first, second = (re.findall(r"nonce-([\w-]+)", html.page(hostile_scene(), receipt())) for _ in range(2))
    assert first
    assert set(first).isdisjoint(second)


def test_chromium_draws_the_page_and_runs_nothing_else(hostile_page: str, tmp_path: Path) -> None:
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "CI draws the page in chromium"
        pytest.skip("no chromium on this machine")
    probe = "<script>document.title = document.querySelectorAll('canvas').length + ' canvas'</script>"
    nonce = re.search(r"nonce-([\w-]+)", hostile_page)
    assert nonce is not None
    probe = probe.replace("<script>", f'<script nonce="{nonce[1]}">')
    before, end, after = hostile_page.rpartition("</body>")
    trap = f"<script nonce='{nonce[1]}'>window.alert = () => document.body.id = 'owned'</script>"
    file = tmp_path / "page.html"
    file.write_text(before.replace("<body>", "<body>" + trap, 1) + probe + end + after, encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--virtual-time-budget=4000", "--dump-dom", file.as_uri()]  # fmt: skip
    drawn = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "<title>1 canvas</title>" in drawn
    assert 'id="owned"' not in drawn
    assert printable(HOSTILE[0]).replace("<", "&lt;").replace(">", "&gt;") in drawn
