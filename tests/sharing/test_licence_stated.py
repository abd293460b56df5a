"""What a publisher states of a file's licence: an identifier of the Hub, and once published what stands is said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.simulated.repositories import WritableHub
from lineage.errors import Damaged, Fatal, Misuse, Refused
from lineage.settings import Settings
from tests.reports.homes import model, run
from tests.sharing.shared import REPO, TOKEN, away, dataset, edited, get, left, put, real, rewritten

ROWS = [model("Qwen/Qwen3-8B", downloads=9), model("a/child", "Qwen/Qwen3-8B"), model("z/alone", downloads=5)]


@pytest.fixture
def file(home: Settings) -> Settings:
    """A home with rows that came from a file."""
    made = away(home, "made")
    real(made, ROWS, kind="import", source="rows.jsonl")
    return made


@pytest.mark.parametrize("stated", ["bananas", "cc-by-4", "Qwen License", "qwen", ""])
def test_what_is_no_identifier_of_the_hub_is_refused_before_anything_is_sent(
    stated: str, file: Settings, hub: WritableHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = run(file.home, "publish", REPO, "--license", stated)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no licence identifier of the Hub" in done.stderr
    assert hub.requests == []
    with pytest.raises(Misuse, match=r"Nearest: cc-by-4\.0"):
        put(file, hub, license="cc-by-4")


def test_another_licence_for_what_is_published_is_refused_with_the_one_that_stands(
    file: Settings, hub: WritableHub
) -> None:
    first = put(file, hub, license="cc-by-4.0")
    assert put(file, hub, license="cc-by-4.0").commit == first.commit
    with pytest.raises(Refused, match=r"under cc-by-4\.0.*not under mit.*a tag that is cited is never moved"):
        put(file, hub, license="mit")
    assert dataset(hub).head == first.commit


def test_room_is_said_with_the_reserve(
    file: Settings, hub: WritableHub, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(file, hub, license="mit")
    monkeypatch.setattr("ingest.sharing.pulling._SPARE", 1 << 50)
    with pytest.raises(Fatal, match=r"needs [\d.]+ kB in .*, and leaves 1125\.9 TB to others; [\d.]+ .B are free"):
        get(home, hub)


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; shift; exec "$@"'


def test_a_home_that_cannot_be_written_to_is_no_matter_of_room(
    file: Settings, hub: WritableHub, home: Settings
) -> None:
    put(file, hub, license="mit")
    home.home.mkdir()
    env = {**os.environ, "LINEAGE_HOME": str(home.home), "HF_ENDPOINT": hub.url}
    inside = [sys.executable, "-m", "ingest.cli", "pull", REPO]
    command = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", str(home.home), *inside]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this process may not mount a file system of its own")
    assert done.returncode == 1
    assert os.strerror(errno.EROFS) in done.stderr
    assert "make that a folder which you may write to" in done.stderr
    assert "are free" not in done.stderr


def test_a_wrong_digest_says_what_to_do_with_the_dataset_and_not_with_a_folder_that_is_gone(
    file: Settings, hub: WritableHub, home: Settings
) -> None:
    put(file, hub, license="mit", layers=("full",))
    rewritten(hub, edited("full/manifest.json", lambda raw: raw.update(sha256="0" * 64)))
    with pytest.raises(Damaged, match=r"its digest does not fit its parts.*tell the publisher") as caught:
        get(home, hub, layer="full")
    assert "Restore" not in str(caught.value)
    assert str(Path(home.home)) not in str(caught.value)
    assert left(home) == []
