from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime

import orjson
import polars as pl
import pytest

from ingest.simulated.roots import roots
from ingest.simulated.rows import COLUMNS
from ingest.simulated.world import World, frames, redirects

RELATION = r"^base_model:(finetune|adapter|quantized|merge):"


def whole(world: World) -> pl.DataFrame:
    return pl.concat(frames(world))


def twins(rows: pl.DataFrame) -> pl.DataFrame:
    """Typed tags that have their plain twin: child, relation, parent."""
    tags = rows.select("id", "createdAt", "tags").explode("tags").filter(pl.col("tags").str.starts_with("base_model:"))
    typed = tags.with_columns(
        relation=pl.col("tags").str.extract(RELATION, 1), parent=pl.col("tags").str.replace(RELATION, "")
    ).drop_nulls("relation")
    plain = tags.select("id", parent=pl.col("tags").str.strip_prefix("base_model:"))
    return typed.join(plain, on=["id", "parent"], how="semi").select("id", "createdAt", "relation", "parent")


def depths(edges: pl.DataFrame) -> dict[str, int]:
    children: dict[str, list[str]] = defaultdict(list)
    for child, parent in edges.select("id", "parent").iter_rows():
        if child != parent:
            children[parent].append(child)
    derived = {child for brood in children.values() for child in brood}
    found = {parent: 0 for parent in children if parent not in derived}
    queue = deque(found)
    while queue:
        parent = queue.popleft()
        for child in children[parent]:
            if child not in found:
                found[child] = found[parent] + 1
                queue.append(child)
    return {child: depth for child, depth in found.items() if depth}


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return whole(World(100_000))


@pytest.fixture(scope="module")
def edges(rows: pl.DataFrame) -> pl.DataFrame:
    return twins(rows)


def test_a_row_for_every_model_and_no_name_twice(rows: pl.DataFrame) -> None:
    assert rows.height == 100_000
    assert rows["_id"].is_sorted()
    assert rows["_id"].n_unique() == rows["id"].str.to_lowercase().n_unique() == 100_000
    assert rows["_id"].str.len_bytes().unique().to_list() == [24]


def test_everything_but_the_official_models_reads_as_invented(rows: pl.DataFrame) -> None:
    invented = rows.filter(~pl.col("id").is_in([root.id for root in roots()]))
    assert rows.height - invented.height == len(roots())
    assert invented["author"].str.starts_with("sim-").all()
    assert len({root.family for root in roots()}) >= 20


def test_relations_and_presence_follow_the_published_mix(edges: pl.DataFrame, rows: pl.DataFrame) -> None:
    mix = dict(edges["relation"].value_counts(normalize=True).iter_rows())
    assert mix == pytest.approx({"finetune": 0.378, "adapter": 0.367, "quantized": 0.201, "merge": 0.053}, abs=0.012)
    tagged = edges["id"].n_unique() / rows.height
    assert tagged == pytest.approx(0.28, abs=0.012)
    assert edges["parent"].is_in(rows["id"].implode()).mean() == pytest.approx(0.981, abs=0.006)
    licensed = rows["tags"].list.eval(pl.element().str.starts_with("license:")).list.any().mean()
    assert licensed == pytest.approx(0.363, abs=0.02)
    parents = edges.group_by("id").len()["len"]
    assert (parents > 1).sum() / rows.height == pytest.approx(0.0056, abs=0.0012)
    assert 90 <= parents.max() <= 100
    assert (edges["id"] == edges["parent"]).sum() / rows.height == pytest.approx(0.00066, abs=0.0003)


def test_depth_and_the_longest_chain(edges: pl.DataFrame) -> None:
    depth = depths(edges)
    tally = Counter(min(value, 3) for value in depth.values())
    assert [tally[k] / len(depth) for k in (1, 2, 3)] == pytest.approx([0.80, 0.17, 0.03], abs=0.015)
    assert max(depth.values()) == 138


def test_a_dozen_cycles(edges: pl.DataFrame) -> None:
    parents: dict[str, set[str]] = {child: set() for child in edges["id"]}
    for child, parent in edges.select("id", "parent").iter_rows():
        parents[child].add(parent)
    pairs = {frozenset((a, b)) for a in parents for b in parents[a] if b != a and a in parents.get(b, ())}
    threes = {
        frozenset((a, b, c))
        for a in parents
        for b in parents[a]
        for c in parents.get(b, set())
        if len({a, b, c}) == 3 and a in parents.get(c, ())
    }
    assert (len(pairs), len(threes)) == (8, 4)


def test_few_bases_have_most_children_and_bulk_is_there(edges: pl.DataFrame, rows: pl.DataFrame) -> None:
    broods = edges["parent"].value_counts(sort=True)["count"]
    assert broods[0] / rows.height > 0.01
    assert (broods == 1).sum() > 0.5 * len(broods)
    bulk = edges.with_columns(publisher=pl.col("id").str.extract("^([^/]+)/")).group_by("publisher", "parent").len()
    assert bulk["len"].max() > 500
    swarm = edges.filter(pl.col("id").str.contains("-sim-swarm-"))
    assert swarm.height > 800
    assert swarm["id"].str.extract("^([^/]+)/").n_unique() > 300


def test_qwen_rises_and_llama_leads_before(edges: pl.DataFrame) -> None:
    families = {root.name: root.family for root in roots()}
    longest = sorted(families, key=len, reverse=True)

    def share(month: str, family: str) -> float:
        names = (
            edges.filter(pl.col("createdAt").str.starts_with(month)).unique("id")["id"].str.extract("/(.+)$").to_list()
        )
        of = [next((families[stem] for stem in longest if name.startswith(stem)), "other") for name in names]
        return of.count(family) / len(of)

    assert share("2024-01", "qwen") < 0.03
    assert share("2024-01", "llama") > 0.25
    assert share("2025-08", "qwen") == pytest.approx(0.41, abs=0.06)
    assert share("2026-02", "qwen") == pytest.approx(0.69, abs=0.06)


def test_growth_follows_the_two_counts(rows: pl.DataFrame) -> None:
    assert rows["createdAt"].min() == "2022-03-02T23:29:04.000Z"
    then = (rows["createdAt"] < "2025-10-23").sum() / (rows["createdAt"] < "2026-09-25").sum()
    assert then == pytest.approx(2_161_698 / 3_094_856, abs=0.003)
    assert rows["createdAt"].max() < "2026-11-24"
    assert (rows["lastModified"] >= rows["createdAt"]).all()
    assert rows["lastModified"].max() < "2026-11-24"


def test_downloads_and_likes_are_mostly_small(rows: pl.DataFrame) -> None:
    assert (rows["downloads"] == 0).mean() == pytest.approx(0.34, abs=0.05)
    assert (rows["likes"] == 0).mean() == pytest.approx(0.77, abs=0.03)
    assert rows["downloads"].max() > 100 * rows["downloads"].quantile(0.99)


def test_what_the_wild_writes_is_there(rows: pl.DataFrame, edges: pl.DataFrame) -> None:
    cards = [orjson.loads(text) for text in rows["cardData"].drop_nulls()]
    bases = [card["base_model"] for card in cards if "base_model" in card]
    assert {type(base) for base in bases} >= {str, list, type(None), int, bool, dict}
    texts = [base for base in bases if isinstance(base, str)]
    for sign in ("C:\\Users\\", "https://huggingface.co/", "../", "/cache/models/", ", "):
        assert any(sign in text for text in texts), sign
    assert {"none", "TODO-add-base-model-repo-link", ""} <= set(texts)
    assert any(len(base) > len(set(map(str, base))) for base in bases if isinstance(base, list))
    assert any("base_model_relation" in card for card in cards)
    assert any("new_version" in card for card in cards)
    several = edges.group_by("id", "parent").agg(pl.col("relation").n_unique())
    assert several["relation"].max() == 2
    tags = rows.explode("tags").filter(pl.col("tags").str.starts_with("base_model:"))["tags"]
    assert tags.str.contains(r"^base_model:adapter:(/|\.|C:)").sum() > 100


def test_the_findings_of_an_audit_have_examples(rows: pl.DataFrame, edges: pl.DataFrame) -> None:
    born = rows.select(parent="id", born="createdAt")
    assert edges.join(born, on="parent").filter(pl.col("born") > pl.col("createdAt")).height > 20
    parents = edges.group_by("id", "relation").len()
    assert parents.filter((pl.col("relation") == "merge") & (pl.col("len") == 1)).height > 5
    assert parents.filter((pl.col("relation") == "quantized") & (pl.col("len") > 1)).height > 2
    assert (
        edges.filter(pl.col("id").str.contains("-(GGUF|AWQ|GPTQ|FP8|4bit)") & (pl.col("relation") == "finetune")).height
        > 10
    )
    copies = rows.filter(pl.col("id").str.replace("^[^/]+/", "").is_in([root.name for root in roots()]))
    uploaded = copies.filter(pl.col("author").str.starts_with("sim-"))
    assert uploaded.height > 50
    assert not uploaded["tags"].list.eval(pl.element().str.starts_with("base_model:")).list.any().any()


def test_renamed_parents_are_new_in_tags_and_old_in_cards(rows: pl.DataFrame) -> None:
    tag, card = "base_model:openai-community/gpt2", '"base_model":"gpt2"'
    disagreeing = rows.filter(pl.col("tags").list.contains(tag) & pl.col("cardData").str.contains(card, literal=True))
    assert disagreeing["author"].n_unique() > 2
    assert "gpt2" not in rows["id"].to_list()
    assert redirects(World(100_000))["gpt2"] == "openai-community/gpt2"


def test_official_teachers_students_have_no_base(rows: pl.DataFrame) -> None:
    taught = rows.filter(pl.col("id").is_in([root.id for root in roots() if root.taught]))
    assert taught.height == 7
    assert not taught["tags"].list.eval(pl.element().str.starts_with("base_model:")).list.any().any()


def test_the_same_values_give_the_same_world_everywhere() -> None:
    code = (
        "from ingest.simulated.world import World, frames\n"
        "from ingest.simulated.dump import JSON_FIELDS\n"
        "from ingest.simulated.listing import lines\n"
        "from hashlib import sha256\n"
        "print(sha256(b''.join(lines(f, JSON_FIELDS) for f in frames(World(2_000, 11), {}))).hexdigest())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code.format(batch)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout.strip()
        for batch, seed in ((100_000, "1"), (700, "2"))
    }
    assert made == {"155d5c5ee8bb8d791910cdd89e2d940fb6c8694a2cc67f4ae2a0fa9c58c1914e"}


def test_other_seeds_give_other_worlds() -> None:
    assert not whole(World(1_000, 1))["id"].equals(whole(World(1_000, 2))["id"])


def test_a_later_day_keeps_the_past_and_changes_some_of_it() -> None:
    first, later = whole(World(20_000)), whole(World(20_000, day=30))
    both = first.join(later, on="_id", suffix="_later")
    gone, new = first.height - both.height, later.height - both.height
    assert 100 < gone < 500
    assert 400 < new < 700
    assert (later["createdAt"] >= "2026-11-24").sum() == new
    moved = both.filter(pl.col("id") != pl.col("id_later"))
    assert moved.height > 5
    assert moved["id_later"].str.ends_with("-renamed").all()
    assert set(moved["id"]) <= set(redirects(World(20_000, day=30)))
    edited = both.filter(pl.col("lastModified") != pl.col("lastModified_later"))
    assert (edited["lastModified_later"] >= "2026-11-24").all()
    kept = both.filter(pl.col("lastModified") == pl.col("lastModified_later"))
    untouched = kept.filter(pl.col("tags") == pl.col("tags_later"))
    assert edited.filter(pl.col("tags") != pl.col("tags_later")).height > 50
    assert kept.height - untouched.height < 30
    assert both["createdAt"].equals(both["createdAt_later"])
    assert datetime.fromisoformat(str(later["createdAt"].max())) < datetime(2026, 12, 24, tzinfo=UTC)


def test_an_earlier_today_knows_only_what_had_been_released() -> None:
    rows = whole(World(5_000, today=datetime(2024, 6, 1, tzinfo=UTC)))
    assert rows.height == 5_000
    assert "Qwen/Qwen1.5-7B" in rows["id"].to_list()
    assert "Qwen/Qwen3-8B" not in rows["id"].to_list()
    assert rows["createdAt"].max() < "2024-06-01"


def test_too_small_a_world_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="at least"):
        next(frames(World(100)))


def test_columns_are_as_declared(rows: pl.DataFrame) -> None:
    assert rows.schema == pl.Schema(COLUMNS)
    assert set(rows["gated"]) == {"false", "auto", "manual"}
