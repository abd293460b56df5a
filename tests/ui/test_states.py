"""The states of a page that are no page: old, truncated, waiting, broken; and what the keyboard reaches."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

Tools = dict[str, Callable[..., Any]]


def test_an_old_snapshot_says_its_age_on_every_page(browser: Browser, tools: Tools, tmp_path: Path) -> None:
    old = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        f'{{"_id": "{1:024x}", "id": "a/b", "createdAt": "{old}", "lastModified": "{old}", "tags": []}}\n', "utf-8"
    )
    tools["ran"]("--home", str(tmp_path), "import", str(rows), "--quiet")
    with tools["serving"](tmp_path) as url, tools["reader"](browser, url) as someone:
        for path in ("/model?id=a/b", "/data", "/query"):
            page = someone.open(path)
            expect(page.get_by_text(re.compile("This snapshot is of .*40 days old"))).to_be_visible()
            expect(page.get_by_text("lineage update")).to_be_visible()
            page.close()


def test_a_cut_answer_says_how_much_is_shown(reader: Any) -> None:
    page = reader.open("/query?q=" + "MATCH (m:Model) RETURN m.id AS id")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text(re.compile(r"1,000 rows\. The first 1,000: the rest was cut"))).to_be_visible()
    page.goto(reader.url + "/tree?root=qwen&rows=10")
    expect(page.get_by_text(re.compile(r"models by name, [\d,]+ more behind"))).to_be_visible()


def test_a_graph_stands_above_the_rows_that_hold_nodes(reader: Any) -> None:
    text = "MATCH (c:Model)-[d:DERIVED_FROM]->(p:Model {id: 'Qwen/Qwen2.5-7B'}) RETURN c, p LIMIT 5"
    page = reader.open("/query?q=" + text)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Nodes of the answer")).to_be_visible()
    expect(page.get_by_text("Qwen/Qwen2.5-7B", exact=True).first).to_be_visible()
    expect(page.get_by_text("5 rows.")).to_be_visible()


def test_families_side_by_side_show_what_they_share(reader: Any) -> None:
    page = reader.open("/trends?compare=qwen,llama")
    expect(page.get_by_text("Shared merges.")).to_be_visible()
    buttons = page.locator("[data-testid=stDownloadButton]").filter(has_text="CSV")
    expect(buttons).to_have_count(3)
    with page.expect_download() as saved:
        buttons.last.click()
    assert saved.value.suggested_filename == "shared-qwen-llama.csv"


def test_a_model_shows_its_siblings(reader: Any) -> None:
    page = reader.open("/model?id=Qwen/Qwen2.5-7B-Instruct")
    expect(page.get_by_role("heading", name=re.compile(r"Siblings: \d+ other"))).to_be_visible()
    expect(page.get_by_text("Made straight from Qwen/Qwen2.5-7B")).to_be_visible()


def test_every_chart_of_the_first_page_can_be_saved(reader: Any, tmp_path: Path) -> None:
    page = reader.open("/")
    names = set()
    for label, number in (("SVG", 3), ("PNG", 3), ("CSV", 4)):
        buttons = page.locator("[data-testid=stDownloadButton]").filter(has_text=label)
        expect(buttons).to_have_count(number)
        for place in range(number):
            with page.expect_download() as saved:
                buttons.nth(place).click()
            path = tmp_path / saved.value.suggested_filename
            saved.value.save_as(path)
            names.add(path.name)
            assert label == "PNG" or "SIMULATED DATA" in path.read_text(encoding="utf-8")
    assert {
        f"{chart}.{kind}" for chart in ("origins", "relations", "claims") for kind in ("svg", "png", "csv")
    } <= names


def test_a_tree_of_both_ways_is_saved_with_both(reader: Any, tmp_path: Path) -> None:
    page = reader.open("/tree?root=Qwen/Qwen2.5-7B-Instruct&dir=both")
    page.locator("#graph[data-drawn]").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="HTML", exact=True).click()
    saved.value.save_as(tmp_path / "both.html")
    text = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "Derivatives and ancestors of Qwen/Qwen2.5-7B-Instruct" in text
    assert '"Qwen/Qwen2.5-7B"' in text, "the parent is missing"
    other = reader.context.new_page()
    other.goto((tmp_path / "both.html").as_uri())
    expect(other.locator("#mynetwork canvas")).to_be_visible()
    other.close()


def test_while_one_waits_there_is_a_skeleton(reader: Any) -> None:
    page = reader.context.new_page()
    page.add_init_script("""
        window.waited = 0;
        new MutationObserver(() => {
            if (document.querySelector('[data-testid=stSkeleton], [data-testid=stAppSkeleton]')) window.waited += 1;
        }).observe(document, {childList: true, subtree: true});
    """)
    page.goto(reader.url + "/tree")
    page.locator("#graph[data-drawn]").wait_for()
    assert page.evaluate("window.waited") > 0


def test_a_store_that_is_gone_is_one_sentence_and_a_button(browser: Browser, tools: Tools, demo_home: Path) -> None:
    with tools["serving"](demo_home, "bolt://127.0.0.1:9") as url, tools["reader"](browser, url) as someone:
        page = someone.context.new_page()
        page.goto(url + "/tree")
        alert = page.locator("[data-testid=stAlert]").first
        expect(alert).to_contain_text("No Neo4j server answers at")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.get_by_text("Details")).to_be_visible()
        assert page.locator("[data-testid=stException]").count() == 0
        assert "Traceback" not in page.content()


def test_the_keyboard_reaches_search_tabs_and_tree(reader: Any) -> None:
    page = reader.open("/tree?root=qwen")
    page.locator("#graph[data-drawn]").wait_for()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("""() => {
                let here = document.activeElement;
                while (here && here.shadowRoot && here.shadowRoot.activeElement) here = here.shadowRoot.activeElement;
                return here.getAttribute('aria-label') || here.id || here.textContent.trim().slice(0, 60);
            }""")
        )
    assert any(name.startswith("Family tree of") for name in reached)
    assert "Search all models" in reached
    assert any("Tree" in name for name in reached)
    page.get_by_role("tab", name="Tree").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Table")).to_have_attribute("aria-selected", "true")


def test_the_page_may_load_nothing_from_elsewhere(reader: Any) -> None:
    page = reader.context.new_page()
    answer = page.goto(reader.url + "/tree")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    refused = page.evaluate("fetch('http://203.0.113.1/').then(() => 'sent', error => 'refused')")
    assert refused == "refused"
    page.goto("about:blank")
    page.close()
    reader.ear.heard.clear()


@pytest.mark.parametrize(
    ("path", "words", "left"),
    [
        ("/?by=direct&attribution=primary", "cannot be ranked by direct", "Attribution"),
        ("/?by=active&as_of=2025-06-01", "needs a snapshot of that date", "Attribution"),
        ("/?as_of=2999-01-01", "“2999-01-01” is no day of this snapshot", "Attribution"),
        ("/?as_of=1999-01-01", "“1999-01-01” is no day of this snapshot", "Attribution"),
        ("/trends?compare=qwen,bogus", "No family here is called “bogus”", "Two to four families"),
        ("/model?id=Qwen/Qwen2.5-7B&to=nobody/none", "No model or family 'nobody/none'", "Second model"),
    ],
)
def test_what_cannot_be_told_is_said_beside_what_can(reader: Any, path: str, words: str, left: str) -> None:
    page = reader.open(path)
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words)).to_be_visible()
    expect(page.get_by_text(left, exact=True)).to_be_visible()
    if "by=" not in path:
        expect(page.locator(".ln-receipt")).to_contain_text("sha")
