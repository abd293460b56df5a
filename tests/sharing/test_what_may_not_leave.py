"""What is never published: tokens, private models, invented data as real, incomplete data without a word."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from ingest.importing import bootstrap
from ingest.simulated.repositories import WritableHub
from lineage.errors import Misuse, NoData, Refused
from lineage.settings import Settings
from tests.reports.homes import TODAY, model
from tests.sharing.shared import REPO, away, dataset, get, put, real, rewritten

SECRET = "hf_" + "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zC0" + "fGhI"
ROWS = [model("Qwen/Qwen3-8B"), model("a/child", "Qwen/Qwen3-8B")]


@pytest.mark.parametrize(
    "row",
    [
        {"card_license_link": f"https://x.y/?token={SECRET}"},
        {"card_base_model": ["Qwen/Qwen3-8B", f"./cache/{SECRET}"]},
        {"base_tags": [f"a/{SECRET}"]},
        {"card_new_version": SECRET},
        {"id": f"a/{SECRET}"},
        {"dump_parents": [SECRET]},
        {"author": "api_org_" + SECRET[3:]},
    ],
    ids=lambda row: next(iter(row)),
)
def test_a_text_like_a_token_in_any_column(row: dict[str, object], hub: WritableHub, home: Settings) -> None:
    real(home, [*ROWS, model("b/odd") | row])
    with pytest.raises(Refused, match="looks like a token") as caught:
        put(home, hub)
    assert SECRET not in str(caught.value)
    assert SECRET[3:] not in str(caught.value)
    assert next(iter(row)) in str(caught.value)
    assert hub.repositories.datasets == {}


def test_a_token_in_a_note_or_among_the_unreadable(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS, notes=(f"crawled with {SECRET}",))
    bad = pl.DataFrame({"reason": ["no-id"], "raw": [f'{{"x": "{SECRET}"}}']})
    real(away(home, "other"), ROWS, quarantined=bad)
    for settings in (home, away(home, "other")):
        with pytest.raises(Refused, match="looks like a token"):
            put(settings, hub)
    assert hub.requests == []


def test_the_token_in_use_whatever_it_looks_like(hub: WritableHub, home: Settings) -> None:
    real(home, [*ROWS, model("b/odd", card_license_name="see hf_simulated for more")])
    with pytest.raises(Refused, match="looks like a token"):
        put(home, hub)


@pytest.mark.parametrize("name", ["hf_llama", "b/hf_tiny-random-gpt2", "shf_4"])
def test_a_name_that_only_begins_like_one_is_none(name: str, hub: WritableHub, home: Settings) -> None:
    real(home, [*ROWS, model(name)])
    assert put(home, hub).new


def test_a_private_models_row(hub: WritableHub, home: Settings) -> None:
    real(home, [*ROWS, model("b/secret", private=True)])
    with pytest.raises(Refused, match=r"1 row of private models \(b/secret first\)"):
        put(home, hub)
    bad = pl.DataFrame({"reason": ["no-id"], "raw": ['{"private" : true, "likes": 1}']})
    real(away(home, "other"), ROWS, quarantined=bad)
    with pytest.raises(Refused, match="a private model's row among the rows that could not be read"):
        put(away(home, "other"), hub)


def test_simulated_data_only_by_that_name(world: Settings, hub: WritableHub, home: Settings) -> None:
    with pytest.raises(Refused, match="--as-simulated"):
        put(world, hub)
    real(home, ROWS)
    with pytest.raises(Misuse, match="is not simulated"):
        put(home, hub, simulated=True)
    put(home, hub)
    with pytest.raises(Refused, match="never mixed"):
        put(world, hub, simulated=True)


def test_simulated_data_is_not_pulled_beside_real(world: Settings, hub: WritableHub, home: Settings) -> None:
    put(world, hub, simulated=True)
    real(home, ROWS)
    with pytest.raises(Refused, match="holds real data, and this snapshot is simulated"):
        get(home, hub)


def test_an_incomplete_crawl_only_by_that_name(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS, complete=False)
    with pytest.raises(Refused, match="--partial"):
        put(home, hub)
    put(home, hub, partial=True)
    assert not get(away(home, "back"), hub).manifest.complete


def test_rows_of_a_file_need_a_licence_and_the_archives_keep_theirs(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS, kind="import", source="rows.jsonl")
    with pytest.raises(Misuse, match="--license"):
        put(home, hub)
    with pytest.raises(Misuse, match="no licence identifier"):
        put(home, hub, license="cc by\n---")
    assert put(home, hub, license="cc-by-4.0").licence == "cc-by-4.0"
    archived = away(home, "archived")
    real(archived, ROWS, kind="dump", source="hfmlsoc/hub_weekly_snapshots@2026-08-19")
    with pytest.raises(Misuse, match="stand under odbl"):
        put(archived, hub, repo="sim/other", license="mit")
    assert put(archived, hub, repo="sim/other").licence == "odbl"
    files = dataset(hub, "sim/other").commits[dataset(hub, "sim/other").head]
    assert b'license: "odbl"' in files["README.md"]
    assert b"Open Database License" in files["README.md"]


@pytest.mark.parametrize(("repo", "licence"), [(bootstrap.WEEKLY, "odbl"), (bootstrap.DAILY, "other")])
def test_an_update_over_a_dump_keeps_its_licence(repo: str, licence: str, hub: WritableHub, home: Settings) -> None:
    note = bootstrap.TERMS[repo].format(source=f"{repo}@2026-08-19")
    real(home, ROWS, kind="update", notes=("one", "two", note))
    assert put(home, hub).licence == licence
    assert repo in dataset(hub).commits[dataset(hub).head]["README.md"].decode().partition("## Licence")[2]


def test_nothing_of_somebody_else_is_replaced(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS)
    put(home, hub)
    for path in ("data.csv", "lineage.txt", "x/manifest.json"):
        rewritten(hub, lambda files, path=path: files.update({path: b"mine"}))
        dataset(hub).tags.clear()
        with pytest.raises(Refused, match=f"holds '{path}', which is no part of a published snapshot"):
            put(home, hub)
        rewritten(hub, lambda files, path=path: files.pop(path) and None)


def test_another_scope_or_an_earlier_day_is_not_laid_over(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS, TODAY)
    put(home, hub)
    earlier, narrow = away(home, "earlier"), away(home, "narrow")
    real(earlier, ROWS, TODAY - timedelta(days=1))
    with pytest.raises(Refused, match="newer than"):
        put(earlier, hub)
    real(narrow, ROWS, TODAY + timedelta(days=1), scope="qwen")
    with pytest.raises(Refused, match="holds snapshots of hub"):
        put(narrow, hub)
    with pytest.raises(Misuse, match="it has one layer: --layer full"):
        put(narrow, hub, repo="sim/qwen", layers=("lineage",))
    assert set(put(narrow, hub, repo="sim/qwen").layers) == {"full"}
    assert get(away(home, "back"), hub, repo="sim/qwen").manifest.scope == "qwen"


def test_a_tag_is_never_moved(hub: WritableHub, home: Settings) -> None:
    first = real(home, ROWS)
    put(home, hub, layers=("lineage",))
    with pytest.raises(Refused, match="without its layer full"):
        put(home, hub)
    other = away(home, "other")
    assert real(other, [*ROWS, model("c/more", "a/child")]).manifest.id == first.manifest.id
    with pytest.raises(Refused, match="of other rows than these"):
        put(other, hub)


def test_a_layer_is_not_published_again(hub: WritableHub, home: Settings) -> None:
    real(home, ROWS)
    put(home, hub)
    back = away(home, "back")
    get(back, hub)
    with pytest.raises(Refused, match="is a layer that was pulled"):
        put(back, hub, repo="sim/again")


def test_without_a_snapshot_there_is_nothing_to_publish(hub: WritableHub, home: Settings) -> None:
    with pytest.raises(NoData):
        put(home, hub)
    assert REPO not in hub.repositories.datasets
