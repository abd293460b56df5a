from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.commands.logs import logged
from ingest.simulated.faults import status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage import locks
from lineage.settings import Settings
from tests.crawl.worlds import crowd, raw


def test_a_log_takes_warnings_and_the_end_and_nothing_that_steers_a_terminal(tmp_path):
    file = tmp_path / "log"
    with logged(file, "lineage first"):
        logging.getLogger("ingest.hub").warning("a name\x1b[31m\nand a line")
    with pytest.raises(ValueError, match="over"), logged(file, "lineage test"):
        raise ValueError("all over")
    with logged(file, "lineage again"):
        pass
    logging.getLogger("ingest.hub").info("not there")
    lines = file.read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in (lines[0], *lines[2:])] == [
        "INFO begins: lineage first",
        "INFO done: lineage first",
        "INFO begins: lineage test",
        "ERROR lineage test ended with ValueError: all over",
        "INFO begins: lineage again",
        "INFO done: lineage again",
    ]
    assert lines[0].startswith("20")
    assert "\x1b" not in file.read_text()


def test_no_log_is_no_file(tmp_path):
    with logged(None, "lineage test"):
        pass
    assert list(tmp_path.iterdir()) == []


def run(home: Path, url: str, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"LINEAGE_HOME": str(home), "HF_ENDPOINT": url, "COLUMNS": "200"})


def test_an_unattended_update_says_all_in_json_and_in_the_log(tmp_path):
    log = tmp_path / "log"
    with SimulatedHub(rows_world(crowd(300)), faults=[status(503, first=3)]) as hub:
        assert run(tmp_path, hub.url, "crawl", "--no-load", "-q").exit_code == 0
        hub.show(rows_world([*crowd(300), raw("new/one", 900)]))
        done = run(tmp_path, hub.url, "update", "--quiet", "--json", "--no-load", "--log", str(log))
        assert (done.exit_code, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert told["new"]
        assert (told["kind"], told["requests"], told["models"], told["loaded"]) == ("update", 2, 301, False)
        with locks.exclusive(Settings(tmp_path).crawls / "hub.lock", "process 12345"):
            busy = run(tmp_path, hub.url, "update", "--quiet", "--json", "--log", str(log))
    assert (busy.exit_code, json.loads(busy.stdout)["error"]["kind"]) == (1, "already-running")
    assert "process 12345" in busy.stderr
    lines = log.read_text()
    assert "WARNING 127.0.0.1" in lines
    assert "answered 503" in lines
    assert f"sealed {told['id']}: 301 models, 0 unreadable rows, 2 requests; not loaded." in lines
    assert "ERROR lineage update ended with AlreadyRunning: Another lineage (process 12345)" in lines


def test_a_night_without_changes_says_so_and_loads_only_what_the_store_lacks(tmp_path):
    log = tmp_path / "log"
    with SimulatedHub(rows_world(crowd(300))) as hub:
        sealed = run(tmp_path, hub.url, "crawl", "--no-load", "-q").stdout.strip()
        told = [json.loads(run(tmp_path, hub.url, "update", *words).stdout) for words in QUIET]
        pointer = (tmp_path / "store" / "CURRENT").read_text()
        said = run(tmp_path, hub.url, "update", "--log", str(log))
        quiet = run(tmp_path, hub.url, "update", "-q")
        assert (tmp_path / "store" / "CURRENT").read_text() == pointer
        listed = json.loads(run(tmp_path, hub.url, "snapshots", "--json").stdout)
        text = run(tmp_path, hub.url, "snapshots").stdout
    assert [(each["id"], each["new"], each["loaded"]) for each in told] == [
        (sealed, False, False),
        (sealed, False, True),
    ]
    for each in told:
        assert each["checked"] == {"at": each["checked"]["at"], "requests": 1}
        assert each["notes"][0].startswith(f"Nothing changed on the Hub since {sealed}, which stays the newest: ")
        assert "does not see models that were deleted" in each["notes"][1]
    assert said.exit_code == 0
    assert f"Nothing changed on the Hub since {sealed}" in said.stdout
    assert (quiet.exit_code, quiet.stdout) == (0, f"{sealed}\n")
    assert f"Nothing changed on the Hub since {sealed}" in log.read_text()
    assert [one["checked_at"] is not None for one in listed] == [True]
    assert "nothing new on 20" in text


QUIET = (("--quiet", "--json", "--no-load"), ("--quiet", "--json"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here that is always full")
def test_a_log_without_room_is_one_sentence_and_the_run_goes_on(tmp_path):
    with SimulatedHub(rows_world(crowd(300))) as hub:
        done = run(tmp_path, hub.url, "crawl", "--quiet", "--json", "--no-load", "--log", "/dev/full")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["models"] == 300
    assert (
        done.stderr == "lineage: The log /dev/full could not be written (No space left on device); the run goes on.\n"
    )


def test_a_log_that_cannot_be_opened_is_named(tmp_path):
    done = run(tmp_path, "http://127.0.0.1:9", "crawl", "--quiet", "--log", str(tmp_path / "none" / "log"))
    assert done.exit_code == 1
    assert f"The log {tmp_path}/none/log cannot be opened (No such file or directory). Make its folder" in done.stderr
