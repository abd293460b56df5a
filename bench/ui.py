"""Times of the page in a real browser over a loaded home: medians of five.

    python bench/ui.py --home DIR [--store URL]

First useful content is the leaderboard on a fresh browser profile; a tree is drawn when its nodes are on the canvas;
a click is answered when the panel shows the clicked model. Wants Debian's chromium and a home that `lineage demo
--models 1000000 --home DIR` made.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
ROOTS = ("qwen", "llama", "mistral", "gemma", "deepseek")


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def first_look(browser: Browser, url: str) -> float:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        return timed(lambda: (page.goto(url), page.get_by_test_id("stDataFrame").first.wait_for(timeout=300_000)))


def tree(page: Page, url: str, root: str) -> float:
    def drawn() -> None:
        page.goto(f"{url}/tree?root={root}")
        page.locator("#graph[data-drawn]").wait_for(timeout=300_000)

    return timed(drawn)


def click(page: Page) -> float:
    box = page.locator("#graph[data-drawn]")
    places = box.evaluate("box => box.places()")
    frame = box.bounding_box() or {"x": 0, "y": 0}
    key = next(k for k, p in list(places.items())[1:] if "+more" not in k and 0 < p["y"] < 500 and p["x"] > 0)
    panel = page.locator(".st-key-panel .ln-id").filter(has_text=key)

    def inspected() -> None:
        page.mouse.click(frame["x"] + places[key]["x"], frame["y"] + places[key]["y"])
        panel.wait_for(timeout=300_000)

    return timed(inspected)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", required=True)
    parser.add_argument("--store", default="embedded")
    asked = parser.parse_args()
    command = [sys.executable, "-m", "ingest.cli", "--home", asked.home, "--store", asked.store, "ui", "--no-browser"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().rsplit(" ", 1)[1].strip()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM.split())
                cold = first_look(browser, url)
                looks = [first_look(browser, url) for _ in range(5)]
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                trees, clicks = [], []
                for root in ROOTS:
                    trees.append(tree(page, url, root))
                    clicks.append(click(page))
                browser.close()
        finally:
            server.terminate()
    print(f"first content, first reader after start: {cold:.2f} s")
    for name, values in (("first content", looks), ("tree drawn", trees), ("click to panel", clicks)):
        print(f"{name}: median {statistics.median(values):.2f} s of {', '.join(f'{v:.2f}' for v in values)}")


if __name__ == "__main__":
    main()
