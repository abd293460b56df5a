"""A snapshot there and back over a real socket: the same rows, resumed after faults, cited by its tag."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from ingest.crawl import crawl
from ingest.crawl.update import update
from ingest.hub import HubSource
from ingest.simulated.faults import Fault, Kind, status
from ingest.simulated.repositories import Repositories, WritableHub
from ingest.simulated.sources import RowsSource
from ingest.simulated.world import World
from lineage.errors import HubBusy, Misuse, NoData, NotFound, Refused, Unreachable
from lineage.settings import Settings
from lineage.snapshots import listed, opened
from tests.reports.homes import TODAY, model
from tests.sharing.shared import NOW, REPO, away, dataset, get, left, put, real

ROWS = [model("Qwen/Qwen3-8B", downloads=9), model("a/child", "Qwen/Qwen3-8B"), model("z/alone", downloads=5)]


def test_full_comes_back_as_it_was_sealed(world: Settings, hub: WritableHub, home: Settings) -> None:
    put(world, hub, simulated=True)
    sent, back = opened(world), get(home, hub, layer="full")
    assert back.manifest == sent.manifest
    assert back.rows().collect().equals(sent.rows().collect())
    back.verify()
    assert all(path.startswith("snapshots/") for path in left(home))


def test_old_names_travel_and_those_that_wait_for_a_later_crawl_only_in_full(hub: WritableHub, home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS, aliases=(("a/old", "a/child"),), former=(("a/gone", "01"),))
    put(made, hub)
    full, part = get(home, hub, layer="full").manifest, get(home, hub).manifest
    assert (full.aliases, full.former) == ((("a/old", "a/child"),), (("a/gone", "01"),))
    assert (part.aliases, part.former) == ((("a/old", "a/child"),), ())


def test_the_lineage_layer_is_what_is_fetched_unless_named(world: Settings, hub: WritableHub, home: Settings) -> None:
    put(world, hub, simulated=True)
    hub.requests.clear()
    back = get(home, hub)
    assert back.manifest.whole is not None
    assert back.manifest.whole.id == opened(world).manifest.id
    assert not any("/full/" in request.path for request in hub.requests)
    assert get(home, hub).manifest.id == back.manifest.id
    assert len(listed(home)) == 1


def test_published_again_nothing_is_sent(world: Settings, hub: WritableHub) -> None:
    first = put(world, hub, simulated=True)
    sent = list(hub.repositories.uploads)
    again = put(world, hub, simulated=True)
    assert (first.new, again.new, again.commit) == (True, False, first.commit)
    assert hub.repositories.uploads == sent
    assert dataset(hub).tags == {first.tag: first.commit}


def test_an_older_snapshot_stays_citable_by_its_tag(hub: WritableHub, home: Settings) -> None:
    made = away(home, "made")
    first = real(made, ROWS)
    put(made, hub)
    second = real(made, [*ROWS, model("b/new", "a/child")], TODAY + timedelta(days=1))
    put(made, hub, layers=("lineage",))
    assert get(home, hub, layer="full", revision=first.manifest.id).manifest.sha256 == first.manifest.sha256
    assert get(home, hub).manifest.whole.id == second.manifest.id
    head = dataset(hub).commits[dataset(hub).head]
    assert not [path for path in head if path.startswith("full/")]
    with pytest.raises(NotFound, match="no layer full at this revision, only lineage"):
        get(home, hub, layer="full")
    with pytest.raises(NotFound, match=r"no revision 'hub-2020'.*Nearest: hub-2026"):
        get(home, hub, revision="hub-2020")


def test_an_update_follows_a_full_layer_and_never_a_lineage_layer(tmp_path: Path) -> None:
    with WritableHub(World(3_000)) as hub:
        made, home = (Settings(home=tmp_path / name, endpoint=hub.url) for name in ("made", "home"))
        crawl(made, HubSource(hub.url, token=False), now=lambda: NOW)
        put(made, hub, simulated=True)
        hub.show(World(3_000, day=2))
        get(home, hub)
        with pytest.raises(NoData, match=r"no whole snapshot.*hub-lineage-.*lineage pull OWNER/NAME --layer full"):
            update(home, HubSource(hub.url, token=False), now=lambda: NOW + timedelta(days=2))
        full = get(home, hub, layer="full")
        later = update(home, HubSource(hub.url, token=False), now=lambda: NOW + timedelta(days=2))
        assert later.manifest.based_on == full.manifest.id
        put(home, hub, snapshot=later.manifest.id, simulated=True)
        files = dataset(hub).commits[dataset(hub).head]
        assert "full/delta-00000.parquet" in files
        front = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
        assert [config["config_name"] for config in front["configs"]] == ["lineage", "full", "full-later"]
        again = get(away(home, "again"), hub, layer="full")
        assert again.rows().collect().equals(later.rows().collect())


@pytest.mark.parametrize(
    "fault",
    [
        status(503, first=1, count=1, retry_after=0),
        Fault(Kind.RESET, 1, 1, path="/simulated-storage/"),
        Fault(Kind.STATUS, 1, 1, path="/simulated-storage/", status=500, retry_after=0),
        Fault(Kind.STATUS, 1, 2, path=f"/api/datasets/{REPO}/commit", status=503),
        Fault(Kind.RESET, 1, 1, path=f"/api/datasets/{REPO}/commit"),
        Fault(Kind.STATUS, 1, 1, path=f"/api/datasets/{REPO}/preupload", status=503, retry_after=0),
    ],
    ids=["listing", "reset upload", "500 upload", "503 commit", "reset commit", "503 preupload"],
)
def test_a_passing_fault_costs_nothing(fault: Fault, home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    with WritableHub(RowsSource(()), faults=[fault]) as hub:
        done = put(made, hub)
        assert dataset(hub).head == done.commit == dataset(hub).tags[done.tag]
        assert len(dataset(hub).commits) == 2


def test_an_answer_that_is_lost_after_the_commit_makes_no_second_one(home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    lost = Fault(Kind.TRUNCATED, 1, 1, path=f"/api/datasets/{REPO}/commit")
    with WritableHub(RowsSource(()), faults=[lost]) as hub:
        done = put(made, hub)
        assert len(dataset(hub).commits) == 2
        assert dataset(hub).head == done.commit


def test_a_publishing_that_failed_goes_on_where_it_was(home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    down = Fault(Kind.STATUS, 1, 4, path=f"/api/datasets/{REPO}/commit", status=503)
    with WritableHub(RowsSource(()), faults=[down]) as hub:
        with pytest.raises(HubBusy, match="run the same command again"):
            put(made, hub)
        sent = list(hub.repositories.uploads)
        assert len(sent) == 2
        assert not [path for path in left(made) if not path.startswith(("snapshots", "resolved"))]
        put(made, hub)
        assert hub.repositories.uploads == sent


def test_a_download_that_was_cut_goes_on_and_keeps_what_it_has(world: Settings, home: Settings) -> None:
    shelf = Repositories()
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        put(world, hub, simulated=True)
    path = f"/datasets/{REPO}/resolve/{shelf.datasets[REPO].head}/full/models-00000.parquet"
    with WritableHub(RowsSource(()), repositories=shelf, faults=[Fault(Kind.TRUNCATED, 2, 1, path=path)]) as hub:
        back = get(replace(home, endpoint=hub.url), hub, layer="full")
    assert back.manifest == opened(world).manifest
    with WritableHub(RowsSource(()), repositories=shelf, faults=[Fault(Kind.RESET, 1, 99, path=path)]) as hub:
        other = replace(away(home, "other"), endpoint=hub.url)
        with pytest.raises(Unreachable, match="No whole answer"):
            get(other, hub, layer="full")
        assert listed(other) == ()
    with WritableHub(RowsSource(()), repositories=shelf) as hub:
        assert get(replace(other, endpoint=hub.url), hub, layer="full").manifest == opened(world).manifest


@pytest.mark.parametrize(("code", "kind"), [(401, Refused), (403, Refused), (429, HubBusy), (404, NotFound)])
def test_a_refusal_is_one_sentence_without_the_token(code: int, kind: type[Exception], home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    fault = Fault(Kind.STATUS, 1, 99, path="/api/", status=code, retry_after=0, seconds=0)
    with WritableHub(RowsSource(()), faults=[fault]) as hub:
        for call in (lambda: put(made, hub), lambda: get(home, hub)):
            with pytest.raises(kind) as caught:
                call()
            assert "hf_" not in str(caught.value)
            assert "\n" not in str(caught.value)
        assert left(home) == []


def test_without_the_right_to_write_it_is_said(hub: WritableHub, home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    with pytest.raises(Refused, match="write access"):
        put(made, hub, repo="somebody-else/lineage")
    assert hub.repositories.datasets == {}


@pytest.mark.parametrize("name", ["lineage", "a/b/c", "../x", "a/..", "a/b c", "a/", "weekly@2024", "-a/b", "a/b.git"])
def test_what_is_no_datasets_name_is_refused_before_anything_is_asked(
    name: str, hub: WritableHub, home: Settings
) -> None:
    with pytest.raises(Misuse, match="OWNER/NAME"):
        get(home, hub, repo=name)
    assert hub.requests == []


def test_the_card_tells_what_it_is(hub: WritableHub, home: Settings) -> None:
    made = away(home, "made")
    note = "| <b>x</b> `rm -rf` \n---\nlicense: mit\n"
    snapshot = real(made, ROWS, source="hub\n# x", notes=(note,), complete=False)
    put(made, hub, partial=True)
    text = dataset(hub).commits[dataset(hub).head]["README.md"].decode()
    head, body = text.split("---\n")[1], "---\n".join(text.split("---\n")[2:])
    front = yaml.safe_load(head)
    assert (front["license"], front["license_name"]) == ("other", "hub-listing")
    assert front["configs"][0] == {
        "config_name": "lineage", "data_files": ["lineage/models-00000.parquet"], "default": True,
    }  # fmt: skip
    assert "**Incomplete:**" in body
    assert snapshot.manifest.sha256 in body
    assert "SIMULATED" not in text
    assert "\n# x" not in body
    assert "`' <b>x</b> 'rm -rf'  --- license: mit`" in body
    assert f"lineage pull {REPO} --revision {snapshot.manifest.id}" in body


def test_the_card_of_simulated_data_says_so_loudly(world: Settings, hub: WritableHub) -> None:
    put(world, hub, simulated=True)
    files = dataset(hub).commits[dataset(hub).head]
    text = files["README.md"].decode()
    front = yaml.safe_load(text.split("---\n")[1])
    assert "simulated" in front["tags"]
    assert front["pretty_name"].startswith("SIMULATED")
    assert "# SIMULATED:" in text
    assert "**SIMULATED DATA" in text
    assert "Simulated" in dataset(hub).messages[dataset(hub).head]
    assert json.loads(files["lineage/manifest.json"])["simulated"] is True


def test_a_private_dataset_is_asked_for_with_a_token(hub: WritableHub, home: Settings) -> None:
    made = away(home, "made")
    real(made, ROWS)
    put(made, hub, private=True)
    assert dataset(hub).private
    with pytest.raises(NotFound, match="does not show it without a token"):
        get(home, hub)
