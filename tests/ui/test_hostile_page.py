"""Ids, tags and licences that try to run: nothing does, in the pages and in what is saved from them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

Tools = dict[str, Callable[..., Any]]


@pytest.fixture(scope="module")
def hostile(hostile_home: Path, tools: Tools) -> Iterator[str]:
    with tools["serving"](hostile_home) as url:
        yield url


@pytest.fixture
def reader(browser: Browser, hostile: str, tools: Tools) -> Iterator[Any]:
    with tools["reader"](browser, hostile) as someone:
        yield someone


def sound(page: Any) -> None:
    """Nothing ran, nothing links away, nothing is wider than the window."""
    assert page.evaluate("window.ran") is None
    away = "[...document.querySelectorAll('main a')].filter(a => a.host !== location.host).map(a => a.href)"
    assert page.evaluate(away) == []
    assert page.locator("main img[src*='203.0.113']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_the_tree_draws_them_all(reader: Any, tools: Tools, hostile_ids: tuple[str, ...]) -> None:
    page = reader.open("/tree?root=Qwen/Qwen2.5-7B&rows=60")
    box = page.locator("#graph[data-drawn]")
    box.wait_for()
    drawn = set(box.evaluate("box => Object.keys(box.places())"))
    assert drawn > {"Qwen/Qwen2.5-7B"}
    for id in hostile_ids:
        if id in drawn:
            page.mouse.move(*tools["node"](page, id))
            page.mouse.click(*tools["node"](page, id))
            expect(page.get_by_role("button", name="Make it the root")).to_be_visible()
            tools["settled"](page)
            sound(page)


def test_their_own_pages_stand(reader: Any, hostile_ids: tuple[str, ...], tools: Tools) -> None:
    page = reader.open("/model")
    for id in hostile_ids:
        page.goto(f"{reader.url}/model?id={quote(id, safe='')}")
        page.locator(".ln-title, [data-testid=stAlert]").first.wait_for()
        page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
        assert page.locator("[data-testid=stException]").count() == 0
        sound(page)


def test_search_shows_them_as_text(reader: Any) -> None:
    page = reader.open("/")
    page.get_by_label("Search all models").press_sequentially("evil", delay=30)
    expect(page.locator(".st-key-hits").get_by_role("link").first).to_be_visible()
    sound(page)


def test_a_query_draws_and_lists_them_as_text(reader: Any) -> None:
    page = reader.open("/query?q=" + quote("MATCH (c:Model)-[:DERIVED_FROM]->(p:Model) RETURN c, p"))
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Nodes of the answer")).to_be_visible()
    expect(page.get_by_text("evil/<script>window.ran=1</script>").first).to_be_visible()
    page.get_by_text("evil/<script>window.ran=1</script>").first.hover(force=True)
    sound(page)


def test_hostile_parameters_are_text(reader: Any) -> None:
    page = reader.open("/?by=" + quote("<img src=x onerror=window.ran=1>[x](javascript:1)"))
    expect(page.get_by_text("is no value of “by”")).to_be_visible()
    sound(page)


def test_saved_files_run_nothing(reader: Any, browser: Browser, tmp_path: Path) -> None:
    page = reader.open("/tree?root=Qwen/Qwen2.5-7B&rows=60")
    page.locator("#graph[data-drawn]").wait_for()
    for label in ("HTML", "SVG"):
        with page.expect_download() as saved:
            page.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / saved.value.suggested_filename
        saved.value.save_as(path)
        other = reader.context.new_page()
        other.goto(path.as_uri())
        other.wait_for_load_state()
        assert other.evaluate("window.ran") is None
        other.close()
