from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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

TURNS = """
import sys
from pathlib import Path
from lineage import locks
lock, inside = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(60):
    with locks.exclusive(lock, locks.myself(), wait=True):
        inside.touch(exist_ok=False)
        inside.unlink()
print("done")
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


def test_many_in_a_row_never_hold_it_together(tmp_path):
    """The file goes with each lock, so the next ones must not lock a file that is gone."""
    command = [sys.executable, "-c", TURNS, str(tmp_path / "a.lock"), str(tmp_path / "inside")]
    turns = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=120)[0] for process in turns] == ["done\n"] * 3


@pytest.mark.parametrize("look", [1, 2])
def test_a_file_that_goes_while_it_is_looked_at_does_not_count(tmp_path, monkeypatch, look):
    """As when its last owner removes it between one look of ours and the next."""
    path = tmp_path / "a.lock"
    looks = []
    stat = Path.stat

    def going(self, **more):
        if self == path:
            looks.append(self)
            if len(looks) == look:
                path.unlink()
        return stat(self, **more)

    monkeypatch.setattr(Path, "stat", going)
    with locks.exclusive(path, "me"):
        assert path.read_text() == "me"


def test_it_can_be_taken_again_and_leaves_nothing(tmp_path):
    for _ in range(2):
        with locks.exclusive(tmp_path / "a.lock", "me") as held:
            assert held.left == ""
            assert (tmp_path / "a.lock").read_text() == "me"
        assert list(tmp_path.iterdir()) == []
