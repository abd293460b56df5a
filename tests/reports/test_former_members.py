"""Families claim a model by what it is called now, else by what it was called; pins count under either name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.load import resolve_snapshot
from lineage.atlas import Atlas
from lineage.registry import load
from lineage.settings import Settings
from tests.reports.homes import model
from tests.sharing.shared import real

NAMED = [("Qwen/Qwen3-8B", "b/now")]


def members(settings: Settings, *aliases: tuple[str, str], now: str = "b/now", own: str = "") -> dict[str, str]:
    """Families of the members among a root, called so now, and a child of it."""
    settings.home.mkdir(parents=True)
    mine = settings.home / "own.toml"
    mine.write_text(own, encoding="utf-8")
    registry = load(mine)
    made = real(settings, [model(now), model("k/child", now)], aliases=tuple(sorted(aliases)))
    resolve_snapshot(settings, made, registry)
    atlas = Atlas(settings, registry, made)
    return {atlas.ids[node]: registry.families[family].slug for node, family in atlas.members.iter_rows()}


@pytest.mark.parametrize(
    ("aliases", "now", "found"),
    [
        ([], "b/now", {}),
        (NAMED, "b/now", {"b/now": "qwen"}),
        ([("c/then", "b/now"), *NAMED], "b/now", {"b/now": "qwen"}),
        ([("c/then", "b/now")], "b/now", {}),
        ([("Qwen/Qwen3-8B", "google/gemma-3-1b-it")], "google/gemma-3-1b-it", {"google/gemma-3-1b-it": "gemma"}),
        ([("Qwen/Qwen3-8B", "b/another")], "b/now", {}),
    ],
)
def test_the_name_now_decides_then_former_ones(tmp_path: Path, aliases, now, found) -> None:
    assert members(Settings(home=tmp_path / "home"), *aliases, now=now) == found


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ('[families.gemma]\npins_in = ["c/then"]\n', {"b/now": "gemma"}),
        ('[families.gemma]\npins_in = ["b/now"]\n', {"b/now": "gemma"}),
        ('[families.qwen]\npins_out = ["Qwen/Qwen3-8B"]\n', {}),
        ('[families.qwen]\npins_out = ["b/now"]\n', {}),
    ],
)
def test_a_pin_on_either_name_is_a_pin_on_the_model(tmp_path: Path, own, found) -> None:
    assert members(Settings(home=tmp_path / "home"), ("c/then", "b/now"), *NAMED, own=own) == found


def test_a_pin_on_a_former_name_holds_whatever_stands_above(tmp_path: Path) -> None:
    """As one on the name now does."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir(parents=True)
    mine = settings.home / "own.toml"
    mine.write_text('[families.gemma]\npins_in = ["c/then"]\n', encoding="utf-8")
    pinned = load(mine)
    made = real(settings, [model("Qwen/Qwen3-8B"), model("b/now", "Qwen/Qwen3-8B")], aliases=(("c/then", "b/now"),))
    resolve_snapshot(settings, made, pinned)
    found = Atlas(settings, pinned, made).members
    assert [pinned.families[family].slug for family in found["family"]] == ["qwen", "gemma"]
