"""The weekly archive over a real socket: dated, deleted models included, equal content said, the licence with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.importing import bootstrap, weekly
from ingest.simulated.dump import write_dump
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource
from ingest.simulated.world import World
from lineage.errors import Misuse, NotFound
from lineage.settings import Settings
from lineage.snapshots import listed
from tests.reports.homes import run

THEN, LATER = World(3_000), World(3_000, day=200)


def _clock() -> datetime:
    return datetime(2027, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("archive")
    for name, world in (("then", THEN), ("later", LATER)):
        write_dump(world, folder / f"{name}.parquet")
    bare = pl.read_parquet(folder / "then.parquet", columns=["id", "lastModified", "tags", "downloads"])
    bare.write_parquet(folder / "bare.parquet")
    return {name: folder / f"{name}.parquet" for name in ("then", "later", "bare")}


@pytest.fixture(scope="module")
def hub(files: dict[str, Path]) -> Iterator[SimulatedHub]:
    weeks = {"2026-11-18": "then", "2026-11-25": "then", "2027-06-09": "later", "2024-07-24": "bare"}
    paths = {f"models/{day}/models.parquet": files[name] for day, name in weeks.items()}
    with SimulatedHub(RowsSource(()), files={bootstrap.WEEKLY: paths}) as served:
        yield served


@pytest.fixture
def home(settings: Settings, hub: SimulatedHub, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return Settings(home=settings.home, endpoint=hub.url)


def test_dated_by_its_newest_change_with_its_licence(home: Settings, files: dict[str, Path]) -> None:
    (made,) = weekly.pull(home, ["weekly@2027-06-11"], now=_clock, token=False)
    newest = pl.read_parquet(files["later"], columns=["lastModified"])["lastModified"].max()
    assert isinstance(newest, datetime)
    manifest = made.manifest
    assert manifest.as_of == newest
    assert manifest.as_of.date() != date(2027, 6, 9)
    assert manifest.id.startswith(f"hub-{newest:%Y%m%d}")
    assert (manifest.scope, manifest.kind, manifest.simulated) == ("hub", "dump", True)
    assert manifest.source == f"{bootstrap.WEEKLY}@2027-06-09"
    assert "Open Database License" in manifest.notes[0]
    assert manifest.models == pl.read_parquet(files["later"], columns=["id"])["id"].n_unique()


def test_equal_content_is_said_and_kept_once(home: Settings) -> None:
    said: list[str] = []
    made = list(weekly.pull(home, ["weekly@2026-11-18", "weekly@2026-11-25"], now=_clock, say=said.append, token=False))
    assert made[0].manifest.id == made[1].manifest.id
    assert len(listed(home)) == 1
    assert any("2026-11-25 holds the same rows as" in line for line in said)


def test_columns_are_probed(home: Settings) -> None:
    (made,) = weekly.pull(home, ["weekly@2024-07-24"], now=_clock, token=False)
    assert not made.manifest.card
    assert {"_id", "cardData", "createdAt", "baseModels"} <= set(made.manifest.missing_columns)


def test_history_over_what_was_pulled_names_the_deleted(home: Settings, files: dict[str, Path]) -> None:
    pulled = run(home.home, "pull", "weekly@2027-06-09", "weekly@2026-11-18")
    assert pulled.exit_code == 0, pulled.output
    assert "Open Database License" in pulled.output
    before, after = (
        dict(pl.read_parquet(files[name], columns=["_id", "id"]).iter_rows()) for name in ("then", "later")
    )
    said = json.loads(run(home.home, "diff", "--json").stdout)
    assert set(said["gone"]) == {id for key, id in before.items() if key not in after}
    assert set(said["new"]) == {id for key, id in after.items() if key not in before}
    assert {(one["before"], one["after"]) for one in said["renamed"]} == {
        (id, after[key]) for key, id in before.items() if after.get(key, id) != id
    }
    assert said["totals"]["gone"] > 0
    history = json.loads(run(home.home, "history", "qwen", "--json").stdout)["history"]
    assert [line["as_of"] for line in history] == sorted(line["as_of"] for line in history)
    assert len(history) == 2
    assert set(history[1]["gone_names"]) <= set(said["gone"])
    assert history[1]["counts"]["derivatives"] > history[0]["counts"]["derivatives"]
    assert history[1]["counts"]["derivatives"] == history[0]["counts"]["derivatives"] + history[1]["new"] - len(
        _left(home, history)
    )


def _left(home: Settings, history: list[dict[str, object]]) -> list[str]:
    """Derivatives then that are none now, gone or not."""
    from lineage import questions

    sides = []
    for line in history:
        with questions.opened(home, snapshot=str(line["snapshot"])) as atlas:
            rows = questions.derivatives(atlas, "qwen").rows
            nodes = [atlas.node(row.model.id) for row in rows]
            sides.append(set(atlas.column("hub_id").gather([n for n in nodes if n is not None])))
    return sorted(sides[0] - sides[1])


@pytest.mark.parametrize("archive", ["weekly", "daily@2024-07-24", "weekly@soon", "weekly@2024-13-01"])
def test_what_is_no_archive(archive: str) -> None:
    with pytest.raises(Misuse, match="no archive"):
        weekly.asked(archive)


def test_a_week_nobody_kept(home: Settings) -> None:
    with pytest.raises(NotFound, match="weekly@2026-11-25"):
        list(weekly.pull(home, ["weekly@2026-11-18", "weekly@2026-12-24"], now=_clock, token=False))
    assert listed(home) == (), "nothing is fetched before all names are known"
