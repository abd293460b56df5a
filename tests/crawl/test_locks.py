from __future__ import annotations

import subprocess
import sys

import pytest

from lineage import locks

HOLD = """
import sys
from pathlib import Path
from lineage import locks
with locks.exclusive(Path(sys.argv[1]), locks.myself()):
    print(locks.myself(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process with the lock in hand, and what it calls itself."""
    path = tmp_path / "deep" / "a.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield path, process, process.stdout.readline().strip()
        process.kill()


def test_a_living_process_keeps_it(holder):
    path, process, name = holder
    with pytest.raises(locks.Taken) as caught, locks.exclusive(path, "me"):
        pass
    assert caught.value.owner == name == f"process {process.pid}"


def test_a_killed_process_lets_go_and_leaves_its_name(holder):
    path, process, name = holder
    process.kill()
    process.wait()
    with locks.exclusive(path, "me") as held:
        assert held.left == name


def test_waiting_gets_it_when_the_other_is_done(holder):
    path, process, _ = holder
    process.stdin.close()
    with locks.exclusive(path, "me", wait=True) as held:
        assert held.left == ""


def test_it_can_be_taken_again_and_is_empty_after_use(tmp_path):
    for _ in range(2):
        with locks.exclusive(tmp_path / "a.lock", "me") as held:
            assert held.left == ""
            assert (tmp_path / "a.lock").read_text() == "me"
    assert (tmp_path / "a.lock").read_text() == ""
