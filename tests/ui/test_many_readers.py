"""Several browser sessions at once over the embedded store: every page stands for each of them."""

import asyncio
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

Tools = dict[str, Callable[..., Any]]
PAGES = ("/", "/tree?root=qwen", "/model?id=Qwen/Qwen2.5-7B", "/trends", "/data", "/query?example=families")
READERS = 4
WAIT = 300_000


async def _look(browser: Browser, url: str, first: int) -> list[str]:
    """One reader's way through three pages; what went wrong on it."""
    context = await browser.new_context()
    context.set_default_timeout(WAIT)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for step in range(3):
        path = PAGES[(first + step) % len(PAGES)]
        await page.goto(url + path)
        await page.locator(".ln-receipt").first.wait_for()
        bad = await page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count()
        wrong += [f"{path} shows an error"] * bool(bad)
    await context.close()
    return wrong


async def _all_at_once(url: str, chromium: str) -> list[list[str]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        found = await asyncio.gather(*(_look(browser, url, reader) for reader in range(READERS)))
        await browser.close()
    return found


def test_readers_at_once_meet_no_error(demo_home: Path, tools: Tools) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    with tools["serving"](demo_home) as url, ThreadPoolExecutor(1) as beside:
        # A thread of its own: the other tests' browser keeps a loop in this one.
        found = beside.submit(lambda: asyncio.run(_all_at_once(url, chromium))).result()
    assert found == [[]] * READERS
