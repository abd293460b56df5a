"""Pulling, publishing, bootstrapping from a Hub that is busy, silent or no Hub: one policy that says what it does."""

from __future__ import annotations

import http.server
import json
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from ingest.hub import HubSource
from ingest.hub.patience import Patience
from ingest.sharing.remote import Remote
from ingest.simulated.faults import Fault, Kind
from ingest.simulated.repositories import Repositories, WritableHub
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource
from lineage.errors import HubBusy, Unreachable
from lineage.settings import Settings
from tests.reports.homes import model, run
from tests.sharing.shared import REPO, away, get, put, real

ROWS = [model("Qwen/Qwen3-8B", downloads=9), model("a/child", "Qwen/Qwen3-8B"), model("z/alone", downloads=5)]
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def shelf(home: Settings) -> Repositories:
    """What a Hub holds on which a snapshot was published."""
    made, shelf = away(home, "made"), Repositories()
    real(made, ROWS)
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        put(made, hub)
    return shelf


def test_a_hub_that_stays_busy_is_asked_four_times_with_the_rest_it_asks_for(
    shelf: Repositories, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    storm = Fault(Kind.STATUS, 1, 999, path="/datasets/", status=429, seconds=30)
    waits: list[float] = []
    with WritableHub(RowsSource(()), repositories=shelf, faults=[storm]) as hub:
        remote = Remote(hub.url, REPO, False, sleep=waits.append)
        state = remote.state()
        assert state is not None
        with pytest.raises(HubBusy, match=r"answered 429 and asks for \d+ s of rest.*run the same command again"):
            remote.fetched("lineage/manifest.json", state.commit, tmp_path / "into")
        assert sum("/resolve/" in request.path for request in hub.requests) == 4
    assert len(waits) == 3
    assert all(29 <= seconds <= 31 for seconds in waits)
    assert [record.levelno for record in caplog.records if record.name.startswith("ingest")] == [logging.WARNING] * 3
    assert "trying again in 31 s (try 2)" in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("code", [429, 503])
def test_a_passing_storm_is_said_in_our_words_alone(
    code: int, shelf: Repositories, home: Settings, monkeypatch
) -> None:
    storm = Fault(Kind.STATUS, 1, 1, path="/datasets/", status=code, seconds=0, retry_after=0)
    with WritableHub(RowsSource(()), repositories=shelf, faults=[storm]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        done = run(home.home, "pull", REPO, "-q", "--no-load")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert "HTTP Error" not in done.stderr


def test_an_endpoint_that_never_answered_is_given_up_soon_and_not_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    waits: list[float] = []
    with pytest.raises(Unreachable, match=r"No whole answer from 127\.0\.0\.1:9 .*Check the network"):
        Remote("http://127.0.0.1:9", REPO, False, sleep=waits.append).state()
    assert waits == [1.0, 2.0]
    assert caplog.text.count("trying again") == 2


def test_a_hub_that_takes_a_question_and_never_answers_is_not_waited_for_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Unreachable, match="ReadTimeout"):
            Remote(endpoint, REPO, False, sleep=lambda seconds: None, timeout=0.2).state()


def test_the_library_is_as_it_was_afterwards(shelf: Repositories, home: Settings) -> None:
    import httpx2
    from huggingface_hub.utils import get_session

    library = logging.getLogger("huggingface_hub")
    before = library.level
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        get(home, hub)
    assert library.level == before
    assert type(get_session()) is httpx2.Client


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_a_bootstrap_outlasts_a_busy_moment_wherever_it_falls(
    first: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ingest import importing
    from tests.imports.test_bootstrap import _daily, _settings

    monkeypatch.setattr("ingest.importing.bootstrap.Patience", partial(Patience, lambda seconds: None))
    busy = [Fault(Kind.STATUS, first, 1, path=path, status=429, seconds=0) for path in ("/api/datasets", "/datasets/")]
    with SimulatedHub(RowsSource(()), files=_daily(tmp_path, padding=400), faults=busy) as hub:
        snapshot = importing.bootstrap_hub(_settings(tmp_path, hub.url), now=lambda: NOW, token=False)
    assert snapshot.manifest.models == 4_000
    assert "trying again" in caplog.text
    assert "HTTP Error" not in capfd.readouterr().err


class _Portal(http.server.BaseHTTPRequestHandler):
    """A network's log-in page, whatever is asked for."""

    body = b"<!doctype html><p>Please log in"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *told: object) -> None:
        pass


class _Other(_Portal):
    """A server that speaks JSON and is no Hub."""

    body = b'{"status": "ok"}'


@pytest.fixture(params=[_Portal, _Other], ids=["HTML", "JSON"])
def no_hub(request: pytest.FixtureRequest) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "words", [("bootstrap",), ("pull", "weekly@2025-07-23"), ("pull", REPO)], ids=["bootstrap", "weekly", "pull"]
)
def test_what_is_no_hub_is_told_by_its_kind(
    words: tuple[str, ...], no_hub: str, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", no_hub)
    done = run(home.home, *words, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["kind"], error["retriable"]) == (1, "not-a-page", True)
    assert "what no Hub answers" in error["message"]
    assert "log-in page" in error["message"]


@pytest.mark.parametrize("words", [("bootstrap",), ("pull", "weekly@2025-07-23"), ("pull", REPO), ("crawl",)])
def test_an_endpoint_without_a_scheme_is_no_web_address(
    words: tuple[str, ...], home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "huggingface.co")
    done = run(home.home, *words, "--json")
    assert json.loads(done.stdout)["error"]["kind"] == "refused"
    assert "'huggingface.co' is no web address" in done.stderr


def test_the_doctor_does_not_take_it_for_a_hub(no_hub: str, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", no_hub)
    monkeypatch.setattr("ingest.hub.HubSource", partial(HubSource, sleep=lambda seconds: None))
    done = run(home.home, "doctor", "--network", "--json")
    (line,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "hub"]
    assert (done.exit_code, line["ok"]) == (1, False)
    assert "where a JSON list of models belongs" in json.dumps(line)
