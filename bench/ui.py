"""What a reader of the page waits for, in a real browser over a loaded home: medians of five, each of the five new.

    python bench/ui.py --home DIR [--store URL]        times
    python bench/ui.py --home DIR --sessions 20        many readers at once: errors, and the server's memory

Useful content is the page's own figures or drawing (`PAGES` says which), in a new window of a browser profile that has
never seen the page. The window is at rest before the address is entered: for a second or two after it opens, chromium
loads its own address bar as a page of some sixty scripts, which on two cores is a core that the page lacks.
A tree is there when its nodes are on the canvas; every root is asked for once, so no answer was kept. A click is
answered when the panel shows the clicked model, a search when the hits of the whole text stand, counted from its last
key. Wants chromium and a home of `bench/pipeline.py 1000000 --keep DIR`, or of `lineage demo --models 1000000`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Browser as AsyncBrowser
from playwright.async_api import async_playwright
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lineage import questions
from lineage.settings import Settings

CHROMIUM = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
WINDOW = {"width": 1440, "height": 900}
LONG = 120_000
"""Milliseconds after which a wait is given up."""

REST = 1_500
"""Milliseconds after which a new window of chromium is at rest."""

PAGES = {
    "Families": ("/", "[data-testid=stDataFrame] canvas"),
    "Tree": ("/tree", "#graph[data-drawn]"),
    "Model": ("/model?id=Qwen/Qwen2.5-7B", "[data-testid=stMetric]"),
    "Trends": ("/trends", "[data-testid=stEChartsChart] svg, .stEChartsChart svg, svg [aria-label]"),
    "Query": ("/query", "[data-testid=stTextArea] textarea"),
    "Data": ("/data", "[data-testid=stMetric]"),
}
"""What each page is for: the leaderboard, the tree's nodes, a model's counts, the lines of the months, the query to
edit, what there is of models and edges."""
WORDS = ("qwen coder", "llama instruct", "mistral lora", "gemma it gguf", "deepseek distill")


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@contextmanager
def served(home: Path, store: str) -> Iterator[tuple[str, int]]:
    """Address and process of the page over a home, started as a user starts it."""
    command = [sys.executable, "-m", "ingest.cli", "--home", str(home), "--store", store, "ui", "--no-browser"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().rsplit(" ", 1)[1].strip(), server.pid
        finally:
            server.terminate()


def rested(pid: int) -> None:
    """Wait until the server has its first answers ready: until its processor time stands still."""
    before = -1.0
    while (spent := processor(pid)) > before + 0.05:
        before = spent
        time.sleep(1)


def processor(pid: int) -> float:
    """Seconds of processor time that the process has taken."""
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> tuple[int, int]:
    """Megabytes of the process and all below it: now, and the sum of their peaks."""
    below: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(place.name))
    now = peak = 0
    left = [pid]
    while left:
        one = left.pop()
        left += below.get(one, [])
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{one}/status").read_text().splitlines())
        now += int(lines["VmRSS"].split()[0])
        peak += int(lines["VmHWM"].split()[0])
    return now // 1024, peak // 1024


def roots(home: Path) -> tuple[list[str], list[str]]:
    """Five roots with most derivatives, and five from the middle of those that have any."""
    with questions.opened(Settings(home=home)) as atlas:
        counts = atlas.counts["derivatives"]
        order = counts.arg_sort(descending=True)
        having = int((counts > 0).sum())
        middle = having // 2
        return [atlas.ids[i] for i in order[:5].to_list()], [atlas.ids[i] for i in order[middle : middle + 5].to_list()]


def first_look(browser: Browser, url: str, sign: str) -> float:
    with browser.new_context(viewport=WINDOW) as context:
        page = context.new_page()
        page.wait_for_timeout(REST)
        return timed(lambda: (page.goto(url, wait_until="commit"), page.locator(sign).first.wait_for(timeout=LONG)))


def tree(page: Page, url: str, root: str) -> float:
    return timed(
        lambda: (
            page.goto(f"{url}/tree?root={quote(root)}"),
            page.locator("#graph[data-drawn]").wait_for(timeout=LONG),
        )
    )


def click(page: Page) -> float:
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached", timeout=LONG)
    box = page.locator("#graph[data-drawn]")
    box.scroll_into_view_if_needed()
    places = box.evaluate("box => box.places()")
    frame = box.bounding_box() or {"x": 0, "y": 0}
    low = WINDOW["height"] - frame["y"]
    key = next(k for k, p in list(places.items())[1:] if "+more" not in k and 0 < p["y"] < low and p["x"] > 0)
    panel = page.locator(".st-key-panel .ln-id").get_by_text(key, exact=True)
    page.mouse.move(frame["x"] + places[key]["x"], frame["y"] + places[key]["y"])
    return timed(
        lambda: (
            page.mouse.click(frame["x"] + places[key]["x"], frame["y"] + places[key]["y"]),
            panel.wait_for(timeout=LONG),
        )
    )


def search(page: Page, url: str, text: str) -> float:
    page.goto(f"{url}/data")
    page.locator("[data-testid=stMetric]").first.wait_for(timeout=LONG)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached", timeout=LONG)
    field = page.get_by_label("Search all models")
    field.press_sequentially(text, delay=90)
    last = text.split()[-1]
    hits = page.locator(".st-key-hits a").first
    return timed(lambda: expect(hits).to_contain_text(last, ignore_case=True, timeout=LONG))


def times(home: Path, store: str) -> None:
    big, middle = roots(home)
    with served(home, store) as (url, pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM.split())
        cold = first_look(browser, url, PAGES["Families"][1])
        print(f"first content, first reader right after start: {cold:.2f} s")
        rested(pid)
        for name, (path, sign) in PAGES.items():
            told(f"first content, {name}", [first_look(browser, url + path, sign) for _ in range(5)])
        page = browser.new_page(viewport=WINDOW)
        clicks = []
        for name, ids in (("largest roots", big), ("roots of the middle", middle)):
            found = []
            for root in ids:
                found.append(tree(page, url, root))
                clicks.append(click(page))
            told(f"tree, {name}", found)
        told("click to panel", clicks)
        told("search, from the last key", [search(page, url, text) for text in WORDS])
        browser.close()
        print("server: {} MB now, {} MB at its peak".format(*resident(pid)))


def told(name: str, values: list[float]) -> None:
    print(f"{name}: median {statistics.median(values):.2f} s of {', '.join(f'{v:.2f}' for v in values)}", flush=True)


async def visit(browser: AsyncBrowser, url: str, paths: list[tuple[str, str]]) -> list[float]:
    """One reader, who looks at these pages one after the other: how long each took."""
    context = await browser.new_context(viewport=WINDOW)
    page = await context.new_page()
    page.set_default_timeout(LONG)
    waits = []
    for path, sign in paths:
        start = time.perf_counter()
        await page.goto(url + path)
        await page.locator(sign).first.wait_for(timeout=LONG)
        waits.append(time.perf_counter() - start)
        assert await page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0, path
    return waits


async def crowd(url: str, many: int, ids: list[str]) -> list[float]:
    """That many readers at once, each with a browser session of its own, who each look at four pages."""
    kinds = list(PAGES.values())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM.split())
        readers = [
            visit(
                browser,
                url,
                [
                    *(kinds[(reader + step) % len(kinds)] for step in range(3)),
                    (f"/tree?root={quote(ids[reader % len(ids)])}", PAGES["Tree"][1]),
                ],
            )
            for reader in range(many)
        ]
        waits = await asyncio.gather(*readers)
        await browser.close()
    return [wait for one in waits for wait in one]


def sessions(home: Path, store: str, many: int) -> None:
    big, middle = roots(home)
    with served(home, store) as (url, pid):
        rested(pid)
        before = resident(pid)[0]
        waits = asyncio.run(crowd(url, many, [*big, *middle]))
        now, peak = resident(pid)
        told(f"{many} readers at once, {len(waits)} pages, no error", sorted(waits))
        print(f"server: {before} MB before, {now} MB after, {peak} MB at its peak")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--store", default="embedded")
    parser.add_argument("--sessions", type=int, default=0)
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    if asked.sessions:
        sessions(asked.home, asked.store, asked.sessions)
    else:
        times(asked.home, asked.store)


if __name__ == "__main__":
    main()
