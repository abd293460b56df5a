"""What a program is told of a failure: one JSON object where it asked for JSON, whichever command it was."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ingest import parse
from ingest.cli import main
from ingest.simulated.faults import status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage import errors, failures, locks
from lineage.console import Command, Form, Program, formed
from lineage.errors import (
    AlreadyRunning,
    Fatal,
    HubBusy,
    Interrupted,
    LineageError,
    Misuse,
    NotFound,
    Retriable,
    Unreachable,
)
from lineage.settings import Settings
from lineage.stores.embedded_files import loading
from tests.crawl.worlds import crowd

ROOT = Path(__file__).resolve().parents[2]


def program(error: BaseException) -> Program:
    @click.group(cls=Program, name="lineage")
    def group() -> None:
        """Test."""

    @group.command(cls=Command, section="Ask")
    @formed()
    def go(form: Form) -> None:
        """Go."""
        raise error

    return group


@pytest.mark.parametrize(
    ("error", "kind", "code", "again"),
    [
        (Fatal("It broke. Try X."), "fatal", 1, False),
        (HubBusy("Busy."), "hub-busy", 1, True),
        (AlreadyRunning("Another one."), "already-running", 1, True),
        (parse.NotAPage("No page."), "not-a-page", 1, True),
        (Misuse("Not so."), "misuse", 2, False),
        (click.UsageError("Not so."), "usage", 2, False),
        (Interrupted("Stopped.", "lineage crawl"), "interrupted", 3, True),
        (KeyboardInterrupt(), "interrupted", 3, True),
        (ValueError("odd"), "unexpected", 1, False),
        (OSError(errno.ENOSPC, "No space left on device", "file"), "system", 1, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_one_object_on_stdout_and_its_sentence_on_stderr(
    error: BaseException, kind: str, code: int, again: bool
) -> None:
    result = CliRunner().invoke(program(error), ["go", "--json"])
    told = json.loads(result.stdout)
    assert list(told) == ["error"]
    assert told["error"] == {"kind": kind, "message": told["error"]["message"], "exit_code": code, "retriable": again}
    assert result.exit_code == code
    assert told["error"]["message"] in result.stderr
    assert CliRunner().invoke(program(error), ["go"]).stdout == ""


def test_what_is_not_found_leaves_stdout_empty_as_the_contract_has_it() -> None:
    result = CliRunner().invoke(program(NotFound("No model 'x'.")), ["go", "--json"])
    assert (result.exit_code, result.stdout) == (4, "")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("tree", "x", "--json"), True),
        (("tree", "x", "--format", "json"), True),
        (("tree", "x", "--format=json"), True),
        (("tree", "x", "--format", "dot"), False),
        (("search", "json"), False),
        (("top", "--json", "--csv"), False),
        (("search", "--", "--json"), False),
    ],
)
def test_json_is_what_was_asked_for(words: tuple[str, ...], wanted: bool) -> None:
    assert failures.as_json(words) is wanted


def test_a_name_in_it_cannot_steer_a_terminal() -> None:
    result = CliRunner().invoke(program(Fatal("\x1b[2J\u202e")), ["go", "--json"])
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("count", "qwen"),
        ("top",),
        ("tree", "a/b"),
        ("audit",),
        ("cypher", "MATCH (m) RETURN m.id"),
        ("diff",),
        ("history", "qwen"),
        ("load",),
        ("update",),
        ("publish", "a/b"),
        ("verify", "nothing.json"),
        ("count", "qwen", "--nonsense"),
    ],
    ids=" ".join,
)
def test_every_command_tells_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--json", "--home", str(tmp_path)])
    assert result.exit_code in (1, 2)
    assert json.loads(result.stdout)["error"]["exit_code"] == result.exit_code


@pytest.fixture
def crawled(tmp_path: Path) -> Iterator[tuple[dict[str, str], Path]]:
    with SimulatedHub(rows_world(crowd(300)), faults=[status(401, first=3, count=1 << 20)]) as hub:
        env = {**os.environ, "LINEAGE_HOME": str(tmp_path), "HF_ENDPOINT": hub.url}
        assert asked(env, "crawl", "--no-load", "-q").returncode == 0
        yield env, tmp_path


def asked(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingest.cli", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_a_script_tells_a_run_beside_another_from_a_failure(crawled: tuple[dict[str, str], Path]) -> None:
    env, home = crawled
    with locks.exclusive(Settings(home).crawls / "hub.lock", "process 12345, update"):
        beside = asked(env, "update", "--quiet", "--json")
        plain = asked(env, "crawl", "--quiet")
    failed = asked(env, "update", "--quiet", "--json")
    kinds = [json.loads(done.stdout)["error"]["kind"] for done in (beside, failed)]
    assert kinds == ["already-running", "refused"]
    assert (beside.returncode, failed.returncode, plain.returncode, plain.stdout) == (1, 1, 1, "")
    for done in (beside, plain):
        assert f"Another lineage (process 12345, update) is at work on hub in {home} at this moment" in done.stderr
        assert "crawling" not in done.stderr


def test_an_update_says_in_its_lock_that_it_is_one(tmp_path: Path) -> None:
    from ingest.crawl import series

    settings = Settings(tmp_path)
    with series.alone(settings, "hub", "update"):
        assert (settings.crawls / "hub.lock").read_text() == f"process {os.getpid()}, update"


BOUND = """
import ctypes, os, sys
if os.geteuid() == 0:
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Runs Python without the right of root to write where the mode of a folder forbids it (CAP_DAC_OVERRIDE)."""


@pytest.fixture
def barred(tmp_path: Path) -> Path:
    """A folder that may not be written to."""
    place = tmp_path / "barred"
    place.mkdir(mode=0o555)
    return place


@pytest.mark.parametrize("words", [("update",), ("load",), ("crawl", "qwen"), ("publish", "a/b")], ids=" ".join)
@pytest.mark.parametrize("below", [".", "home"])
def test_a_home_that_cannot_be_written_says_what_to_try(barred: Path, words: tuple[str, ...], below: str) -> None:
    home = barred / below
    env = {**os.environ, "LINEAGE_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", BOUND, "-m", "ingest.cli", *words, "--json"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)["error"]
    assert (done.returncode, done.stderr) == (1, f"lineage: {told['message']}\n")
    if told["kind"] == "system":
        assert told["message"].startswith(f"Permission denied: {barred}")
        assert f"lineage keeps its data in {home}: make that a folder which you may write to" in told["message"]
        assert "--home DIR or LINEAGE_HOME; lineage doctor" in told["message"]
    else:
        assert (words[0] in ("load", "publish"), told["kind"]) == (True, "no-data")


def test_a_home_that_may_only_be_read_answers_and_says_what_to_try_for_more(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a/base", "tags": []}\n')
    home = tmp_path / "home"
    assert CliRunner().invoke(main, ["import", str(tmp_path / "rows.jsonl"), "--home", str(home)]).exit_code == 0
    shutil.rmtree(home / "store")
    for place in (home, *home.rglob("*")):
        place.chmod(place.stat().st_mode & 0o555)
    command = [sys.executable, "-c", BOUND, "-m", "ingest.cli", "--home", str(home)]
    words: tuple[tuple[str, ...], ...] = (("count", "a/base"), ("load",), ("prune", "--keep", "1"))
    done = [subprocess.run([*command, *one], capture_output=True, text=True, check=False) for one in words]
    for place in (home, *home.rglob("*")):
        place.chmod(place.stat().st_mode | 0o200)
    assert [each.returncode for each in done] == [0, 1, 1], done
    assert all("--home DIR or LINEAGE_HOME" in each.stderr for each in done[1:])


def test_a_second_load_is_one_that_runs_already(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a/base", "tags": []}\n')
    words = ["import", str(tmp_path / "rows.jsonl"), "--json", "--home", str(tmp_path)]
    with loading(tmp_path / "store"):
        result = CliRunner().invoke(main, words)
    told = json.loads(result.stdout)["error"]
    (made,) = (tmp_path / "snapshots").glob("import-*")
    assert (result.exit_code, told["kind"]) == (1, "already-running")
    assert told["message"].endswith(f"is sealed and not loaded: lineage load --snapshot {made.name} does.")


def test_a_file_in_the_way_of_the_home_says_so_and_another_file_does_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    result = CliRunner().invoke(main, ["update", "--home", str(home)], env={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert result.exit_code == 1
    assert f"lineage keeps its data in {home}" in result.stderr
    log = tmp_path / "no" / "log"
    elsewhere = CliRunner().invoke(main, ["update", "--home", str(tmp_path / "home"), "--log", str(log)])
    assert elsewhere.stderr.startswith(f"lineage: The log {log} cannot be opened")
    assert "keeps its data" not in elsewhere.stderr


def descendants(kind: type[LineageError]) -> Iterator[type[LineageError]]:
    for one in kind.__subclasses__():
        yield from (one, *descendants(one))


def test_every_kind_is_documented() -> None:
    text = (ROOT / "docs" / "unattended.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z-]+)`", text.partition("`error.kind`")[2].partition("\n\n")[0]))
    never = {"bad-record"}
    retriable = {"not-a-page", *(kind.kind for kind in descendants(Retriable))}
    kinds = {kind.kind for kind in descendants(LineageError) if kind.__module__.startswith(("lineage", "ingest"))}
    assert told >= (kinds - never) | {"usage", "system", "unexpected"}
    assert {"hub-busy", "already-running", "unreachable"} <= retriable
    assert errors.LineageError("x").kind == "lineage-error"
    assert Unreachable.kind == "unreachable"
