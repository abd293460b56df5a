"""The same page over a real Neo4j: every page stands, a click inspects, search finds, a write is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

Tools = dict[str, Callable[..., Any]]
PAGES = ("/", "/tree", "/model?id=Qwen/Qwen2.5-7B", "/trends", "/query?example=families", "/data")


@pytest.fixture(scope="module")
def reader(browser: Browser, neo4j_home: Path, tools: Tools) -> Iterator[Any]:
    tools["ran"]("--home", str(neo4j_home), "demo", "--models", "2000", "--quiet")
    tools["ran"]("--home", str(neo4j_home), "--store", "neo4j", "load", "--quiet")
    with tools["serving"](neo4j_home, "neo4j") as url, tools["reader"](browser, url) as someone:
        yield someone


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_on_neo4j(reader: Any, path: str) -> None:
    page = reader.open(path)
    expect(page.get_by_text("SIMULATED DATA").first).to_be_visible()
    expect(page.locator(".ln-receipt").first).to_contain_text("sha")
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    page.close()


def test_a_click_inspects_on_neo4j(reader: Any, tools: Tools) -> None:
    page = reader.open("/tree?root=qwen&rows=20")
    box = page.locator("#graph[data-drawn]")
    box.wait_for()
    _, *others = box.evaluate("box => Object.keys(box.places())")
    child = next(key for key in others if "+more" not in key)
    page.mouse.click(*tools["node"](page, child))
    expect(page.locator(".st-key-panel .ln-id")).to_have_text(child)


def test_search_and_guard_on_neo4j(reader: Any) -> None:
    page = reader.open("/query")
    page.get_by_label("Search all models").press_sequentially("qwen2.5 math", delay=30)
    expect(page.locator(".st-key-hits").get_by_role("link").first).to_contain_text("Math")
    page.get_by_label("Search all models").fill("")
    page.get_by_role("textbox", name="Cypher").fill("MATCH (m:Model) DETACH DELETE m")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("[data-testid=stAlert]").first).to_be_visible()
