"""`lineage publish` and `lineage pull` as a user types them, and what a pulled layer then answers."""

from __future__ import annotations

import json

import pytest

from ingest.simulated.repositories import WritableHub
from lineage.settings import Settings
from lineage.snapshots import opened
from tests.reports.homes import model, run
from tests.sharing.shared import REPO, TOKEN, away, dataset, put, real

ROWS = [
    model("Qwen/Qwen3-8B", downloads=9),
    model("a/child", "Qwen/Qwen3-8B", downloads=7),
    model("z/alone", downloads=5),
]


@pytest.fixture
def hub(hub: WritableHub, monkeypatch: pytest.MonkeyPatch) -> WritableHub:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub


def test_published_and_pulled_by_command(hub: WritableHub, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = real(away(home, "made"), ROWS).manifest
    without = run(away(home, "made").home, "publish", REPO)
    assert (without.exit_code, without.stdout) == (1, "")
    assert "Set HF_TOKEN" in without.stderr
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = run(away(home, "made").home, "publish", REPO, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["layers"] == {"lineage": 2, "full": 3}
    assert (told["tag"], told["commit"], told["new"]) == (made.id, dataset(hub).head, True)
    quiet = run(away(home, "made").home, "publish", REPO, "--quiet")
    assert (quiet.stdout, quiet.stderr) == (f"{made.id}\n", "")
    assert "was there already" in run(away(home, "made").home, "publish", REPO).stdout
    monkeypatch.delenv("HF_TOKEN")
    pulled = run(home.home, "pull", REPO, "--json")
    assert pulled.exit_code == 0, pulled.stderr
    facts = json.loads(pulled.stdout)
    assert (facts["models"], facts["loaded"], facts["kind"]) == (2, True, "layer")
    assert not any(TOKEN in text for one in (done, quiet, pulled) for text in (one.stdout, one.stderr))


def test_a_pulled_layer_answers_and_says_what_it_cannot(hub: WritableHub, home: Settings) -> None:
    real(away(home, "made"), ROWS)
    put(away(home, "made"), hub)
    assert run(home.home, "pull", REPO).exit_code == 0
    counts = json.loads(run(home.home, "count", "qwen", "--json").stdout)
    assert counts["results"][0]["counts"]["derivatives"] == 1
    assert counts["results"][0]["counts"]["named"] is None
    assert any(note.startswith("Lineage layer of ") for note in counts["notes"])
    assert json.loads(run(home.home, "audit", "--json").stdout)["models"] == 3
    found = json.loads(run(home.home, "search", "alone", "--json").stdout)
    assert found["results"] == []
    assert "neither found nor searched" in found["notes"][0]
    assert "--layer full" in run(home.home, "search", "alone").stdout
    alone = run(home.home, "model", "z/alone")
    assert (alone.exit_code, alone.stdout) == (4, "")
    assert "--layer full" in alone.stderr
    assert run(home.home, "pull", REPO, "--layer", "full", "--quiet").exit_code == 0
    assert run(home.home, "model", "z/alone").exit_code == 0
    assert json.loads(run(home.home, "count", "qwen", "--json").stdout)["results"][0]["counts"]["named"] == 0


def test_what_a_layer_counts_can_be_verified_on_it(hub: WritableHub, home: Settings) -> None:
    real(away(home, "made"), ROWS)
    put(away(home, "made"), hub)
    run(home.home, "pull", REPO)
    receipt = home.home / "answer.json"
    receipt.write_text(run(home.home, "audit", "--json").stdout, encoding="utf-8")
    assert run(home.home, "verify", str(receipt)).exit_code == 0


def test_not_loaded_where_it_is_asked_not_to(hub: WritableHub, home: Settings) -> None:
    real(away(home, "made"), ROWS)
    put(away(home, "made"), hub)
    log = home.home.with_name("pull.log")
    done = run(home.home, "pull", REPO, "--no-load", "--quiet", "--log", str(log))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.strip() == opened(home).manifest.id
    assert not home.stores.exists()
    assert "sealed hub-lineage-" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pull", "nobody"), 2, "OWNER/NAME"),
        (("pull", "sim/none@hub-1"), 2, "lineage pull sim/none --revision hub-1"),
        (("pull", "sim/none"), 4, "has no dataset sim/none"),
        (("pull", "sim/a", "sim/b", "--layer", "full"), 2, "name one OWNER/NAME"),
        (("pull", "weekly@2024-07-24", "--revision", "x"), 2, "name one OWNER/NAME"),
        (("pull", "weekly@foo"), 2, "is no archive"),
        (("pull", "sim/none", "--layer", "half"), 2, "half"),
        (("publish", "sim/none", "--snapshot", "nothing"), 1, "No snapshot in"),
        (("publish", "../up"), 2, "OWNER/NAME"),
    ],
)
def test_exit_codes_say_what_kind_of_failure_it_was(
    words: tuple[str, ...], code: int, said: str, hub: WritableHub, home: Settings
) -> None:
    done = run(home.home, *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_second_one_at_once_is_told_who_is_at_work(hub: WritableHub, home: Settings) -> None:
    from lineage import locks

    real(away(home, "made"), ROWS)
    put(away(home, "made"), hub)
    home.home.mkdir(parents=True)
    with locks.exclusive(home.home / "pulling.lock", "process 4711"):
        done = run(home.home, "pull", REPO)
    assert done.exit_code == 1
    assert "process 4711" in done.stderr
    assert "never needs removing" in done.stderr
