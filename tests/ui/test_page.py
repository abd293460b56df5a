"""The page in a real browser over the embedded store: every page, every way between them, every state."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("/", "/tree", "/model?id=Qwen/Qwen2.5-7B", "/trends", "/query?example=families", "/data")
SIGNS = {
    "families": "[data-testid=stDataFrame] canvas",
    "tree": "#graph[data-drawn]",
    "model": "[data-testid=stDataFrame] canvas",
    "trends": ".stEChartsChart svg",
    "query": "[data-testid=stDataFrame] canvas",
    "data": "[data-testid=stDataFrame] canvas",
}
"""What is on a page once it is drawn."""
Tools = dict[str, Callable[..., Any]]


def asked(page: Page) -> dict[str, str]:
    """The parameters of the page's address."""
    return {name: values[-1] for name, values in parse_qs(urlparse(page.url).query).items()}


def pressed(page: Page, name: str) -> Locator:
    """A button of a row of buttons."""
    return page.get_by_role("radio", name=name, exact=True).or_(page.get_by_role("button", name=name, exact=True)).first


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands(browser: Browser, demo: str, tools: Tools, path: str, scheme: str) -> None:
    with tools["reader"](browser, demo, scheme=scheme) as someone:
        page = someone.open(path)
        expect(page.get_by_text("SIMULATED DATA").first).to_be_visible()
        expect(page.get_by_text(re.compile("Snapshot of 20"))).to_be_visible()
        expect(page.locator(".ln-rule").first).to_be_visible()
        expect(page.locator(".ln-receipt")).to_contain_text("sha")
        expect(page.get_by_label("Search all models")).to_be_visible()
        assert page.locator("[data-testid=stException]").count() == 0
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "the page is wider than the window"
        shots = ROOT / ".artefacts" / "page"
        shots.mkdir(parents=True, exist_ok=True)
        name = urlparse(path).path.strip("/") or "families"
        page.locator(SIGNS[name]).first.wait_for()
        expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        page.screenshot(path=shots / f"{name}-{scheme}.png", full_page=True, animations="disabled")


def drawn(page: Page) -> list[str]:
    """Keys of the drawn nodes, the root first."""
    box = page.locator("#graph[data-drawn]")
    box.wait_for()
    keys: list[str] = box.evaluate("box => Object.keys(box.places())")
    return keys


def title(page: Page) -> Locator:
    return page.locator(".ln-title").first


def test_a_click_inspects_and_a_button_takes_as_root(reader: Any, tools: Tools) -> None:
    page = reader.open("/tree?root=qwen&rows=20")
    root, *others = drawn(page)
    child = next(key for key in others if "+more" not in key)
    page.mouse.click(*tools["node"](page, child))
    panel = page.locator(".st-key-panel")
    expect(panel.locator(".ln-id")).to_have_text(child)
    expect(panel).to_contain_text("evidence")
    assert asked(page)["focus"] == child
    page.get_by_role("button", name="Make it the root").click()
    expect(title(page)).to_have_text(f"Family tree of {child}")
    assert asked(page) == {"root": child, "rows": "20", "trail": root}
    page.locator(".st-key-trail").get_by_role("button").filter(has_text=root).click()
    expect(title(page)).to_have_text(f"Family tree of {root}")
    page.go_back()
    expect(title(page)).to_have_text(f"Family tree of {child}")


def test_the_tree_is_walked_by_keyboard(reader: Any) -> None:
    page = reader.open("/tree?root=qwen")
    drawn(page)
    page.locator("#graph").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#live")).not_to_be_empty()
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-panel")).to_contain_text("evidence")
    page.wait_for_url(lambda url: "focus=" in url)


def test_what_stands_for_more_lists_them(reader: Any, tools: Tools) -> None:
    page = reader.open("/tree?root=qwen&rows=12")
    rest = next(key for key in drawn(page) if key.endswith("+more"))
    page.mouse.click(*tools["node"](page, rest))
    expect(page.locator(".st-key-panel")).to_contain_text("direct derivatives, most derived from first")


def test_an_address_brings_a_state_back(reader: Any) -> None:
    page = reader.open("/tree?root=Qwen/Qwen2.5-7B&dir=both&depth=2&rel=finetune,adapter&rows=20")
    expect(title(page)).to_have_text("Family tree of Qwen/Qwen2.5-7B")
    pressed(page, "Derivatives").click()
    page.wait_for_url(lambda url: "dir=" not in url)
    assert asked(page) == {"root": "Qwen/Qwen2.5-7B", "depth": "2", "rel": "finetune,adapter", "rows": "20"}
    page.go_back()
    page.wait_for_url(lambda url: "dir=both" in url)
    assert page.locator("[data-testid=stAlert]").count() == 0


def test_a_bad_value_says_so(reader: Any) -> None:
    page = reader.open("/?by=nonsense&evidence=hub&as_of=yesterday&color=red")
    for words in ("“nonsense” is no value of “by”", "“yesterday” is no value of “as_of”", "knows no “color”"):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator(".ln-rule").first).to_contain_text("only parents that the Hub computed")


def test_an_unknown_id_offers_the_nearest(reader: Any) -> None:
    page = reader.context.new_page()
    page.goto(reader.url + "/model?id=qwen/qwen2.5_7b")
    page.get_by_text("Did you mean").wait_for()
    page.locator("main").get_by_role("link").filter(has_text="Qwen2.5-7B").first.click()
    expect(page.locator(".ln-title").first).to_have_text("Qwen/Qwen2.5-7B")


def test_an_address_of_the_hub_opens_the_model(reader: Any) -> None:
    page = reader.context.new_page()
    page.goto(reader.url + "/model?id=https%3A%2F%2Fhuggingface.co%2Fqwen%2Fqwen2.5-7b%2Ftree%2Fmain")
    expect(page.locator(".ln-title").first).to_have_text("Qwen/Qwen2.5-7B")


def test_search_finds_from_any_page(reader: Any) -> None:
    page = reader.open("/data")
    page.get_by_label("Search all models").press_sequentially("math qwen2.5", delay=30)
    hit = page.locator(".st-key-hits").get_by_role("link").first
    expect(hit).to_contain_text("Math")
    hit.click()
    expect(page.locator(".ln-title").first).to_contain_text("Math")
    assert urlparse(page.url).path == "/model"
    expect(page.locator(".st-key-hits")).to_have_count(0)


def test_a_query_that_writes_is_refused(reader: Any) -> None:
    page = reader.open("/query")
    page.get_by_role("textbox", name="Cypher").fill("MATCH (m:Model) DETACH DELETE m")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("[data-testid=stAlert]").first).to_be_visible()
    page.goto(reader.url + "/query?example=most-derived")
    tools_rows = page.get_by_text(re.compile(r"20 rows\."))
    expect(tools_rows).to_be_visible()


def test_a_query_in_an_address_waits_to_be_run(reader: Any) -> None:
    page = reader.open("/query?q=RETURN 1 AS one")
    expect(page.get_by_text("This text came with the address")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 rows.")).to_be_visible()


def test_everything_can_be_taken_away(reader: Any, tmp_path: Path) -> None:
    page = reader.open("/tree?root=Qwen/Qwen2.5-7B")
    page.locator("#graph[data-drawn]").wait_for()
    for label, opening in (("HTML", "<!doctype html>"), ("SVG", "<svg "), ("CSV", "model,far,relation")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / saved.value.suggested_filename
        saved.value.save_as(path)
        text = path.read_text(encoding="utf-8")
        assert text.startswith(opening)
        assert "SIMULATED DATA" in text
        assert "hub-20" in text, "the receipt is missing"
    ElementTree.fromstring((tmp_path / "tree-Qwen-Qwen2-5-7B.svg").read_bytes())
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    saved.value.save_as(tmp_path / "tree.png")
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")


def test_a_new_snapshot_shows_without_a_restart(browser: Browser, tools: Tools, tmp_path: Path) -> None:
    tools["ran"]("--home", str(tmp_path), "demo", "--models", "1000", "--quiet")
    serving: Callable[..., AbstractContextManager[str]] = tools["serving"]
    with serving(tmp_path) as url, tools["reader"](browser, url) as someone:
        page = someone.open("/data")
        expect(page.get_by_text("1,000 models").first).to_be_visible()
        tools["ran"]("--home", str(tmp_path), "demo", "--models", "1500", "--quiet")
        page.wait_for_timeout(5_500)
        page.reload()
        expect(page.get_by_text("1,500 models").first).to_be_visible()


def test_an_empty_home_says_how_to_begin(browser: Browser, tools: Tools, tmp_path: Path) -> None:
    serving: Callable[..., AbstractContextManager[str]] = tools["serving"]
    with serving(tmp_path) as url, tools["reader"](browser, url) as someone:
        page = someone.open("/tree")
        expect(page.locator("code", has_text="lineage demo")).to_be_visible()
        expect(page.locator("code", has_text="lineage bootstrap")).to_be_visible()


CONTRAST = """element => {
  const seen = colour => {
    const [r, g, b, a] = colour.match(/[\\d.]+/g).map(Number);
    return {light: [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
      .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0), through: a === 0};
  };
  const ink = seen(getComputedStyle(element).color).light;
  let under = element;
  while (seen(getComputedStyle(under).backgroundColor).through) under = under.parentElement;
  const paper = seen(getComputedStyle(under).backgroundColor).light;
  return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out(browser: Browser, demo: str, tools: Tools, scheme: str) -> None:
    with tools["reader"](browser, demo, scheme=scheme) as someone:
        page = someone.open("/query")
        page.get_by_label("Search all models").press_sequentially("qwen2.5", delay=30)
        words = {
            "a hit": page.locator(".st-key-hits").get_by_role("link").first.locator("p"),
            "a button": page.get_by_role("button", name="Run").locator("p"),
        }
        contrasts = {name: round(element.evaluate(CONTRAST), 1) for name, element in words.items()}
        assert {name: value for name, value in contrasts.items() if value < 4.5} == {}
