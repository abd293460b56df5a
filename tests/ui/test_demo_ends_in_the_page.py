"""`lineage demo --ui` ends in the page; where nobody sits at a terminal, `lineage demo` ends by itself."""

import os
import pty
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, "-m", "ingest.cli", "--home"]


@pytest.mark.parametrize("attended", [False, True])
def test_the_demo_ends_in_the_page(tmp_path: Path, attended: bool) -> None:
    """Asked for in words, or because a person sits at a terminal."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "BROWSER": "true", "CI": ""}
    command = [*DEMO, str(tmp_path), "demo", "--models", "1000", "--quiet", *([] if attended else ["--ui"])]
    terminal = theirs if attended else subprocess.DEVNULL
    output = theirs if attended else subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=terminal, stdout=output, env=env) as process:
        os.close(theirs)
        try:
            stream = ours if attended or process.stdout is None else process.stdout.fileno()
            text = ""
            while "lineage answers at" not in text or not text.endswith("\n"):
                piece = os.read(stream, 4096).decode()
                assert piece, text
                text += piece
            found = re.search(r"lineage answers at http://(127\.0\.0\.1:\d+)", text)
            assert found, text
            assert "SIMULATED DATA" in text
            door = HTTPConnection(found[1], timeout=60)
            door.request("GET", "/_stcore/health")
            assert door.getresponse().status == 200
            door.close()
        finally:
            process.terminate()
            process.wait(60)
            os.close(ours)


def test_nobody_is_made_to_wait(tmp_path: Path) -> None:
    command = [*DEMO, str(tmp_path), "demo", "--models", "1000", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "lineage answers at" not in done.stdout
