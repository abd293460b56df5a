"""The registry against real ids: rows of August 2026 and ATOM's tracked models."""

import csv
from pathlib import Path

import polars as pl
import pytest

from lineage.registry import Registry

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared sample data is not beside this checkout")


@pytest.fixture(scope="module")
def ids() -> list[str]:
    rows = pl.read_parquet(DATA / "hub_rows_2026-08-22_a.parquet", columns=["id"])["id"].to_list()
    for name in ("models.csv", "extra_models.csv"):
        with (DATA / "tracked_models" / name).open(encoding="utf-8") as file:
            rows += [row["modelId"] for row in csv.DictReader(file)]
    return sorted(set(rows))


def test_no_id_is_claimed_by_two_families(registry: Registry, ids: list[str]) -> None:
    both = {id: [f.slug for f in registry.matching(id)] for id in ids if len(registry.matching(id)) > 1}
    assert both == {}


def test_no_id_outside_a_familys_namespaces_is_claimed(registry: Registry, ids: list[str]) -> None:
    outside = [id for id in ids if (f := registry.claim(id)) and id.partition("/")[0] not in f.namespaces]
    assert outside == []


def test_many_ids_at_once_are_claimed_as_one_by_one(registry: Registry, ids: list[str]) -> None:
    slow = [(row, registry.families.index(f)) for row, id in enumerate(ids) if (f := registry.claim(id))]
    assert registry.claims(pl.Series(ids)).rows() == slow
    assert len(slow) > 1_000


def test_every_organisation_of_atom_stands_in_its_region(registry: Registry) -> None:
    with (DATA / "tracked_models" / "organization_regions.csv").open(encoding="utf-8") as file:
        stated = {row["hf_org"]: row["region"] for row in csv.DictReader(file)}
    held = {space: one.region for space in stated if (one := registry.organization_of(space))}
    assert held == stated


def test_every_correction_of_atom_is_held(registry: Registry) -> None:
    with (DATA / "tracked_models" / "release_date_corrections.csv").open(encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    stated = {row["model_id"]: row["actual_release_date"] for row in csv.DictReader(lines)}
    assert {id: day.isoformat() for id, day in registry.released.items()} == stated


def test_series_cover_the_tracked_members(registry: Registry, ids: list[str]) -> None:
    without = [id for id in ids if (f := registry.claim(id)) and f.series and registry.series_of(f, id) is None]
    assert without == []
