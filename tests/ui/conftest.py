"""The page as a reader meets it: a served home, a real chromium, and an ear for what must not happen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ingest.cli import main

ROOT = Path(__file__).resolve().parents[2]
WAIT = 120_000
"""Milliseconds: a loaded machine is slow, and no test is about time."""

CHROMIUM = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
CHROMIUM += "--disable-component-update --disable-sync"

# Streamlit looks for its own health address below each page's path first; these two probes answer 404 by design.
PROBES = re.compile(r"/(?:tree|model|trends|query|data)/_stcore/(?:health|host-config)$")


@dataclass
class Ear:
    """What a page said that nobody should hear: console errors, script errors, requests off the machine."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Hear everything from now on."""
        page.on("console", lambda message: self._console(message.type, message.text, message.location.get("url", "")))
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("request", lambda request: self._request(request.url))
        page.on("dialog", lambda dialog: (self.heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _console(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and not PROBES.search(url):
            self.heard.append(f"console: {text} {url}")

    def _request(self, url: str) -> None:
        if not re.match(r"(?:https?|wss?)://127\.0\.0\.1:|data:|blob:", url):
            self.heard.append(f"request: {url}")


@dataclass(frozen=True)
class Reader:
    """Somebody with a browser in front of a served home."""

    url: str
    context: BrowserContext
    ear: Ear

    def open(self, path: str = "/") -> Page:
        """The page at that path, drawn to its end."""
        page = self.context.new_page()
        self.ear.listen(page)
        page.goto(self.url + path)
        settled(page)
        return page


def settled(page: Page) -> None:
    """Wait until the page stands and its script has ended."""
    page.locator(".ln-title").first.wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def node(page: Page, key: str) -> tuple[float, float]:
    """Where on the screen a node of the drawn tree is."""
    graph = page.locator("#graph[data-drawn]")
    graph.wait_for()
    graph.scroll_into_view_if_needed()
    place = graph.evaluate("(box, key) => box.places()[key]", key)
    frame = graph.bounding_box()
    assert frame is not None
    assert place is not None, f"{key} is not drawn"
    return frame["x"] + place["x"], frame["y"] + place["y"]


@contextmanager
def serving(home: Path, store: str = "embedded") -> Iterator[str]:
    """The address of the page over a home, served by `lineage ui` as a user starts it; ends it by SIGTERM."""
    command = [sys.executable, "-m", "ingest.cli", "--home", str(home), "--store", store]
    with subprocess.Popen(
        [*command, "ui", "--no-browser", "--port", "0"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.fullmatch(r"lineage answers at (http://127\.0\.0\.1:\d+)\n", said)
            assert found, said + ("" if process.poll() is None else process.stdout.read())
            yield found[1]
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def reading(browser: Browser, url: str, *, scheme: Literal["light", "dark"] = "light") -> Iterator[Reader]:
    """A reader with a fresh browser profile; leaves only where nothing bad was heard."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme, accept_downloads=True)
    context.set_default_timeout(WAIT)
    ear = Ear()
    yield Reader(url, context, ear)
    ran = [page.evaluate("window.ran") for page in context.pages]
    context.close()
    assert ear.heard == []
    assert not any(ran), "text from the Hub ran as a script"


@pytest.fixture(scope="session")
def tools() -> dict[str, Callable[..., object]]:
    """What tests of this folder call, for they cannot import a conftest."""
    return {"settled": settled, "node": node, "serving": serving, "ran": ran, "reader": reading}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium; fails where CI asks for it and it is missing."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI asks for a real browser, and no chromium is installed.")
        pytest.skip("no chromium here")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM.split())
        expect.set_options(timeout=WAIT)
        yield running
        running.close()


def ran(*arguments: str) -> None:
    """Run `lineage` with these arguments; it must end well."""
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small simulated Hub, crawled and loaded."""
    home = tmp_path_factory.mktemp("demo")
    ran("--home", str(home), "demo", "--models", "4000", "--quiet")
    return home


HOSTILE = (
    "evil/<script>window.ran=1</script>",
    'evil/"><img src=x onerror="window.ran=1">',
    "evil/<a href=javascript:window.ran=1>href</a>",
    "evil/</script><script>window.ran=1</script>",
    "evil/[link](javascript:window.ran=1)![x](http://203.0.113.1/x.png)",
    "evil/www.example.com-:material/home:-$x$-`y`",
    "evil/abc\u202egnp.exe\u200f",
    "evil/" + "x" * 300,
)


@pytest.fixture(scope="session")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ids, tags, authors and licences try to run, to link and to turn the text around."""
    home = tmp_path_factory.mktemp("hostile")
    rows = [{"_id": f"{0:024x}", "id": "Qwen/Qwen2.5-7B", "createdAt": "2024-09-15T00:00:00.000Z", "tags": []}]
    for place, id in enumerate(HOSTILE, 1):
        rows.append(
            {
                "_id": f"{place:024x}",
                "id": id,
                "author": id.split("/")[0],
                "createdAt": "2025-01-01T00:00:00.000Z",
                "downloads": 10,
                "likes": 1,
                "tags": ["base_model:Qwen/Qwen2.5-7B", "base_model:finetune:Qwen/Qwen2.5-7B", f"license:{id}", id],
            }
        )
    lines = home / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ran("--home", str(home), "import", str(lines), "--quiet")
    return home


@pytest.fixture(scope="session")
def hostile_ids() -> tuple[str, ...]:
    """The ids of that home's models."""
    return HOSTILE


@pytest.fixture(scope="module")
def demo(demo_home: Path) -> Iterator[str]:
    """The served demo's address."""
    with serving(demo_home) as url:
        yield url


@pytest.fixture
def reader(browser: Browser, demo: str) -> Iterator[Reader]:
    """A reader of the demo."""
    with reading(browser, demo) as someone:
        yield someone
