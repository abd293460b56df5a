"""The arena's table: columns probed, names mapped by a curated table and one exact rule, shown beside derivatives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.importing.arena import import_arena
from lineage import arena, questions
from lineage.arena import CLOSED, OPEN, UNKNOWN
from lineage.errors import Damaged, Fatal
from lineage.questions import opened
from lineage.registry import Registry, load
from lineage.settings import Settings
from tests.reports.homes import model, run, snapshot

CSV = """Rank* (UB),Model,Arena Score,95% CI,Votes,Organization,License
1,claude-sonnet-4-5,1450.2,+5/-4,"12,345",Anthropic,Proprietary
1,"<a target=""_blank"" href=""https://example.org"">deepseek-r1</a>",1443,+3/-3,9000,DeepSeek,MIT
3,[Qwen3-8B](https://example.org/q),1320.5,+6/-6,4000,Alibaba,Apache 2.0
4,kimi-k2-0711-preview,1310,+6/-6,4100,Moonshot,Modified MIT
5,qwen2.5-max,1300,+6/-6,4200,Alibaba,Proprietary
6,gemma-3-1b-it,1250,+9/-9,900,Google,Gemma
7,qwen3-8b-distilled-by-somebody,1200,+9/-9,800,Somebody,MIT
8,secret-model,1199,+9/-9,800,Anthropic,
"""

ROWS = [
    model("Qwen/Qwen3-8B"),
    model("Qwen/Qwen3-4B"),
    model("deepseek-ai/DeepSeek-R1"),
    model("moonshotai/Kimi-K2-Instruct"),
    model("google/gemma-3-1b-it"),
    model("x/gemma-3-1b-it"),
    model("a/tune", "Qwen/Qwen3-8B"),
    model("b/tune", "deepseek-ai/DeepSeek-R1"),
]

MAPPED = [
    ("claude-sonnet-4-5", 1, None, CLOSED),
    ("deepseek-r1", 1, "deepseek-ai/DeepSeek-R1", OPEN),
    ("Qwen3-8B", 3, "Qwen/Qwen3-8B", OPEN),
    ("kimi-k2-0711-preview", 4, "moonshotai/Kimi-K2-Instruct", OPEN),
    ("qwen2.5-max", 5, None, CLOSED),
    ("gemma-3-1b-it", 6, "google/gemma-3-1b-it", OPEN),
    ("qwen3-8b-distilled-by-somebody", 7, None, UNKNOWN),
    ("secret-model", 8, None, CLOSED),
]


def _now() -> datetime:
    return datetime(2026, 8, 23, tzinfo=UTC)


@pytest.fixture
def home(settings: Settings) -> Settings:
    made = snapshot(settings, ROWS)
    assert run(settings.home, "load", "--snapshot", made.manifest.id, "-q").exit_code == 0
    return settings


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "leaderboard_table_20260810.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_names_by_hand(home: Settings, table: Path) -> None:
    day, kept = import_arena(home, table, now=_now)
    assert (day, kept.height) == (date(2026, 8, 10), 8)
    with opened(home) as atlas:
        shown = questions.standing(atlas)
    assert shown is not None
    assert [(p.name, p.rank, p.id, p.weights) for p in shown.places] == MAPPED
    assert [p.name for p in shown.unmapped] == ["qwen3-8b-distilled-by-somebody"]
    assert shown.places[0].votes == 12_345


def test_top_and_model_show_it(home: Settings, table: Path) -> None:
    done = run(home.home, "import", "--arena", str(table))
    assert done.exit_code == 0, done.output
    assert "not mapped: qwen3-8b-distilled-by-somebody" in done.output
    top = json.loads(run(home.home, "top", "--json").stdout)
    places = {line["name"]: line.get("arena", {}).get("rank") for line in top["results"]}
    assert {name: rank for name, rank in places.items() if rank} == {"qwen": 3, "deepseek": 1, "kimi": 4, "gemma": 6}
    assert any("leaderboard_table_20260810.csv, 2026-08-10" in note for note in top["notes"])
    shown = run(home.home, "top", "--kind", "model")
    assert "1,443" in shown.output
    one = run(home.home, "model", "Qwen/Qwen3-8B")
    assert "rank 3 · score 1,320" in one.output
    assert json.loads(run(home.home, "model", "Qwen/Qwen3-8B", "--json").stdout)["arena"]["rank"] == 3
    assert "arena" not in json.loads(run(home.home, "model", "a/tune", "--json").stdout)


def test_without_a_table_nothing_is_shown(home: Settings) -> None:
    assert "arena" not in run(home.home, "top", "--json").output
    assert "arena" not in run(home.home, "model", "Qwen/Qwen3-8B").output


def test_without_a_snapshot_it_is_kept_and_said(settings: Settings, table: Path) -> None:
    done = run(settings.home, "import", "--arena", str(table))
    assert done.exit_code == 0
    assert "no name is mapped" in done.output
    assert arena.newest(settings) is not None


def test_the_newest_table_counts(home: Settings, table: Path, tmp_path: Path) -> None:
    import_arena(home, table, now=_now)
    older = tmp_path / "older.csv"
    older.write_text("date,name,elo\n2025-01-02,deepseek-r1,1300\n2025-01-02,Qwen3-4B,1400\n", encoding="utf-8")
    day, kept = import_arena(home, older, now=_now)
    assert day == date(2025, 1, 2)
    assert kept.select("name", "rank").rows() == [("Qwen3-4B", 1), ("deepseek-r1", 2)], "ranked by score"
    found = arena.newest(home)
    assert found is not None
    assert found[:2] == (date(2026, 8, 10), table.name)


def test_parquet_with_categories(home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    rows = {
        "model_name": ["deepseek-r1", "Qwen3-8B", "deepseek-r1"],
        "rating": [1400.0, 1300.0, 1200.0],
        "num_battles": [10, 20, 30],
        "category": ["overall", "overall", "coding"],
        "leaderboard_publish_date": ["2026-08-01"] * 3,
    }
    pl.DataFrame(rows).write_parquet(path)
    day, kept = import_arena(home, path, now=_now)
    assert day == date(2026, 8, 1)
    assert kept.select("name", "rank", "score", "votes").rows() == [
        ("deepseek-r1", 1, 1400.0, 10),
        ("Qwen3-8B", 2, 1300.0, 20),
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"a,b\n1,2\n", Fatal),
        (b"model,license\nx,MIT\n", Fatal),
        (b"model,rank\n,1\nx,\n", Fatal),
        (b"PAR1 and no more", Damaged),
        (b"", Damaged),
    ],
)
def test_what_is_no_leaderboard(content: bytes, error: type[Exception], settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=r"odd\.csv"):
        import_arena(settings, path, now=_now)
    assert arena.newest(settings) is None


def test_the_curated_table_names_official_models_and_is_part_of_the_digest(registry: Registry, tmp_path: Path) -> None:
    """Sources and the choice between an id and `closed` are checked when the registry is read."""
    assert len(registry.arena) > 20
    for name, id in registry.arena.items():
        assert name == name.lower()
        assert id is None or registry.claim(id) is not None, f"{id} is no official model"
    own = tmp_path / "own.toml"
    own.write_text('[arena]\n"Their-Name" = { id = "Qwen/Qwen3-8B" }\n', encoding="utf-8")
    mine = load(own)
    assert mine.digest != registry.digest
    assert _mapped(["their-name"], mine, ["Qwen/Qwen3-8B"]) == ["Qwen/Qwen3-8B"]
    own.write_text('[arena]\n"Their-Name" = { id = "Qwen/Qwen3-8B", closed = true }\n', encoding="utf-8")
    with pytest.raises(Fatal, match="either an 'id' or 'closed = true'"):
        load(own)


def _mapped(names: Sequence[str], registry: Registry, members: Sequence[str]) -> list[str | None]:
    table = pl.DataFrame([(name, 1, 1.0, 1, None, None) for name in names], schema=dict(arena.TABLE), orient="row")
    return [place.id for place in arena.mapped(table, arena.names(registry), registry, members)]


def test_nothing_fuzzy(registry: Registry) -> None:
    members = ["Qwen/Qwen3-8B", "Qwen/Qwen3-8B-Base", "a-maker/Twin", "b-maker/twin"]
    asked = ["qwen3-8b", "QWEN3-8B", "qwen/qwen3-8b", "qwen3_8b", "qwen3-8b-", "x/qwen3-8b", "twin", "a-maker/twin"]
    found = _mapped(asked, registry, members)
    assert found == ["Qwen/Qwen3-8B"] * 3 + [None] * 3 + [None, "a-maker/Twin"]
