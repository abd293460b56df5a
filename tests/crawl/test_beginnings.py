"""How a crawl begins: bounds that need a scope, Ctrl-C before anything runs, and what a narrower one replaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage.errors import stopped

AT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            {then}
sys.meta_path.insert(0, Finder())
sys.argv = ["lineage", *sys.argv[1:]]
from ingest.cli import main
main()
"""


INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"
STARTED = AT.format(module="click", then="print('begun', flush=True)")


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        (("--depth", "1"), "--depth needs a SCOPE"),
        (("--max-requests", "5"), "--max-requests needs a SCOPE"),
        (("--max-requests", "400"), "--max-requests needs a SCOPE"),
        (("--depth", "1", "--max-requests", "5"), "--depth and --max-requests need a SCOPE"),
    ],
)
def test_a_whole_crawl_takes_no_bounds(tmp_path: Path, options: tuple[str, ...], flags: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "crawl", *options])
    assert result.exit_code == 2
    assert f"{flags}: a whole-Hub crawl cannot be bounded" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["click", "ingest.commands.fetch", "lineage.reports", "ingest.crawl", "polars"])
def test_ctrl_c_at_any_import_is_exit_code_3(tmp_path: Path, module: str) -> None:
    words = ["--home", str(tmp_path), "crawl", "deepseek", "--depth", "2"]
    done = subprocess.run(
        [sys.executable, "-c", AT.format(module=module, then=INTERRUPT), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip() == f"lineage: {stopped(words)}"
    assert f"lineage --home {tmp_path} crawl deepseek --depth 2" in done.stderr


@pytest.mark.parametrize("module", ["ingest.crawl", "polars", "ingest.crawl.update"])
def test_so_is_sigterm_once_the_command_is_put_together(tmp_path: Path, module: str) -> None:
    words = ["--home", str(tmp_path), "update", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", AT.format(module=module, then=INTERRUPT.replace("SIGINT", "SIGTERM")), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert done.returncode == 3
    assert done.stderr.strip() == f"lineage: {stopped(words)}"
    assert json.loads(done.stdout)["error"]["kind"] == "interrupted"


LOCKING = """
import os, signal, threading, weakref
import click
from lineage.console import Command, Program
text = "def cb(ref):\\n    os.kill(os.getpid(), {signal})\\n    went.append('on')\\n"
went = []
exec(compile(text, "<frozen importlib._bootstrap>", "exec"))

class Module:
    pass

@click.group(cls=Program)
def main():
    pass

@main.command(cls=Command)
def go():
    module = Module()
    watch = weakref.ref(module, cb)
    del module
    print(*went, flush=True)
    threading.Event().wait()

main()
"""


@pytest.mark.parametrize("number", ["signal.SIGINT", "signal.SIGTERM"])
def test_a_signal_while_python_holds_the_lock_of_imports_waits_until_it_does_not(number: str) -> None:
    """There it would be lost, and the lock never let go: every other thread that imports would stand still for ever.

    It does not wait until what the program does next is over.
    """
    done = subprocess.run(
        [sys.executable, "-c", LOCKING.replace("{signal}", number), "go"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (3, "on\n"), done.stderr
    assert "ignored" not in done.stderr


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_soon_after_the_start_is_exit_code_3(tmp_path: Path, after: float) -> None:
    with SimulatedHub(World(2000)) as hub:
        running = subprocess.Popen(
            [sys.executable, "-c", STARTED, "--home", str(tmp_path), "crawl"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HF_ENDPOINT": hub.url},
        )
        with running:
            assert running.stdout is not None
            assert running.stdout.readline() == "begun\n"
            try:
                running.wait(after)
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=120)
    if running.returncode == 0:
        assert "models" in out
        return
    assert running.returncode == 3, err
    assert "Resume with: lineage" in err
    assert "Traceback" not in err


def test_a_narrower_crawl_says_the_way_back(tmp_path: Path) -> None:
    def asked(*words: str) -> tuple[str, str]:
        result = CliRunner().invoke(main, ["--home", str(tmp_path), *words], env={"HF_ENDPOINT": hub.url})
        assert result.exit_code == 0, result.output
        return result.stdout, result.stderr

    with SimulatedHub(World(2000)) as hub:
        first = asked("crawl", "--json")
        whole = asked("snapshots", "-q")[0].split()[0]
        narrow = asked("crawl", "qwen", "--max-requests", "3", "--json")
        again = asked("crawl", "qwen", "--max-requests", "3", "--json", "--fresh")
    assert "goes back" not in first[1] + again[1]
    assert "The store now answers from qwen-" in narrow[1]
    assert f"(scope qwen); lineage load --snapshot {whole} goes back to the whole Hub." in narrow[1]
