"""Names to edges: each rule of docs/definitions.md by a hand-made row, the odd values, and the invariants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.resolve import resolve
from lineage.audit import MEANINGS
from lineage.domain import Evidence, Relation, names_of
from lineage.registry import Registry, load
from lineage.resolved import Resolved
from tests.domain.worlds import TODAY, listing, model, twin

Pair = tuple[str, str]


def edges(made: Resolved) -> dict[Pair, tuple[tuple[str, ...], tuple[str, ...]]]:
    ids = made.nodes["id"].to_list()
    return {
        (ids[e["child"]], ids[e["parent"]]): (names_of(e["relations"], Relation), names_of(e["evidence"], Evidence))
        for e in made.edges.iter_rows(named=True)
    }


def kinds(made: Resolved) -> list[tuple[str, str | None, str | None]]:
    return [(f["kind"], f["child"], f["value"]) for f in made.findings.iter_rows(named=True)]


def balanced(made: Resolved) -> bool:
    lost = made.findings.filter(pl.col("origin").is_not_null()).height
    return made.values_in == made.values_behind_edges + lost


def run(registry: Registry, *rows: dict[str, object], as_of: datetime = TODAY) -> Resolved:
    made = resolve(listing(*rows), registry, as_of=as_of)
    assert balanced(made)
    return made


def test_twin_tags_are_the_hubs_and_a_lone_typed_tag_is_its_authors(registry: Registry) -> None:
    made = run(
        registry,
        model("o/base"),
        model("a/twin", twin("o/base", "quantized")),
        model("a/typed", ["adapter:o/base"]),
        model("a/plain", ["o/base"]),
    )
    assert edges(made) == {
        ("a/twin", "o/base"): (("quantized",), ("hub",)),
        ("a/typed", "o/base"): (("adapter",), ("author",)),
        ("a/plain", "o/base"): (("unspecified",), ("author",)),
    }


def test_a_plain_tag_of_an_old_snapshot_is_the_hubs(registry: Registry) -> None:
    made = run(registry, model("o/base"), model("a/plain", ["o/base"]), as_of=datetime(2024, 7, 24, tzinfo=UTC))
    assert edges(made)[("a/plain", "o/base")] == (("unspecified",), ("hub",))
    assert made.era is not None


def test_card_values_pair_with_tags_by_name_and_by_case(registry: Registry) -> None:
    made = run(
        registry,
        model("o/Base"),
        model("a/same", twin("o/Base"), card=["o/Base"]),
        model("a/case", twin("o/Base"), card=["O/base"]),
        model("a/alone", card=["o/BASE"]),
    )
    assert edges(made) == {
        ("a/same", "o/Base"): (("finetune",), ("hub", "card")),
        ("a/case", "o/Base"): (("finetune",), ("hub", "card")),
        ("a/alone", "o/Base"): (("unspecified",), ("card",)),
    }
    assert made.aliases.filter(pl.col("why") == "case")["name"].to_list() == ["O/base", "o/BASE"]


def test_a_card_alone_has_the_relation_that_it_states(registry: Registry) -> None:
    made = run(registry, model("o/base"), model("a/q", card=["o/base"], card_relation="quantized"))
    assert edges(made)[("a/q", "o/base")] == (("quantized",), ("card",))


def test_leftovers_on_both_sides_disagree_and_make_no_edge(registry: Registry) -> None:
    made = run(registry, model("o/x"), model("o/y"), model("a/torn", twin("o/x"), card=["o/y"]))
    assert set(edges(made)) == {("a/torn", "o/x")}
    assert ("tag and card disagree", "a/torn", "o/y") in kinds(made)


def test_two_publishers_teach_an_old_name_and_one_does_not(registry: Registry) -> None:
    taught = run(
        registry,
        model("new/base"),
        model("a/1", twin("new/base"), card=["old/base"]),
        model("b/2", twin("new/base"), card=["old/base"]),
        model("c/3", card=["old/base"]),
    )
    assert edges(taught)[("c/3", "new/base")] == (("unspecified",), ("card",))
    assert edges(taught)[("a/1", "new/base")] == (("finetune",), ("hub", "card"))
    alone = run(
        registry,
        model("new/base"),
        model("a/1", twin("new/base"), card=["old/base"]),
        model("a/2", twin("new/base"), card=["old/base"]),
        model("c/3", card=["old/base"]),
    )
    assert ("c/3", "old/base") in edges(alone)
    assert [k for k in kinds(alone) if k[0] == "alias candidate"] == [
        ("alias candidate", "a/1", "old/base"),
        ("alias candidate", "a/2", "old/base"),
    ]


def test_contradicted_and_living_names_are_not_learnt(registry: Registry) -> None:
    made = run(
        registry,
        model("new/base"),
        model("other/base"),
        model("a/1", twin("new/base"), card=["old/base"]),
        model("b/2", twin("other/base"), card=["old/base"]),
        model("old/alive"),
        model("a/3", twin("new/base"), card=["old/alive"]),
        model("b/4", twin("new/base"), card=["old/alive"]),
    )
    assert made.aliases.filter(pl.col("why") == "rows").is_empty()
    assert sum(kind == "tag and card disagree" for kind, _, _ in kinds(made)) == 4


def test_several_live_ids_that_differ_in_case_are_not_guessed(registry: Registry) -> None:
    made = run(registry, model("o/Base"), model("o/base"), model("a/x", card=["O/BASE"]), model("a/y", card=["o/base"]))
    assert ("a/y", "o/base") in edges(made)
    assert ("a/x", "O/BASE") in edges(made)
    assert ("stub parent: case mismatch", None, "O/BASE") in kinds(made)


def test_known_renames_are_followed_and_stubs_have_causes(registry: Registry) -> None:
    made = run(
        registry,
        model("openai-community/gpt2"),
        model("a/1", twin("gpt2")),
        model("a/2", twin("gone/away")),
        model("a/3", card=["nobody-knows"]),
        model("a/4", twin("THUDM/chatglm-6b")),
    )
    assert ("a/1", "openai-community/gpt2") in edges(made)
    assert ("a/4", "zai-org/chatglm-6b") in edges(made)
    stubs = {value: kind for kind, child, value in kinds(made) if child is None}
    assert stubs == {
        "gone/away": "stub parent: unavailable",
        "nobody-knows": "stub parent: bare alias",
        "zai-org/chatglm-6b": "stub parent: renamed",
    }


def test_redirects_of_the_crawl_are_followed() -> None:
    made = resolve(
        listing(model("now/x"), model("a/1", twin("then/x"))), load(), as_of=TODAY, moved={"then/x": "now/x"}
    )
    assert ("a/1", "now/x") in edges(made)


def test_an_old_name_in_other_capitals_is_followed_unless_a_model_has_it_so() -> None:
    moved = {"then/X": "now/x", "Two/y": "now/x", "two/Y": "now/z", "taken/A": "now/x"}
    children = [model(f"a/{n}", twin(name)) for n, name in enumerate(("THEN/x", "two/y", "Taken/A"))]
    made = resolve(
        listing(model("now/x"), model("now/z"), model("TAKEN/a"), *children), load(), as_of=TODAY, moved=moved
    )
    assert {("a/0", "now/x"), ("a/1", "two/y"), ("a/2", "TAKEN/a")} <= set(edges(made))


def test_redirects_and_the_registry_are_followed_one_behind_the_other_to_a_live_name() -> None:
    """THUDM is zai-org now, says the registry; what the Hub lists goes before that, and what goes round ends."""
    rows = listing(
        model("zai-org/y"),
        model("THUDM/back"),
        model("a/1", twin("THUDM/x")),
        model("a/2", twin("o/forth")),
        model("a/3", twin("o/round")),
    )
    moved = {"zai-org/x": "zai-org/y", "o/forth": "THUDM/back", "o/round": "o/about", "o/about": "o/round"}
    made = resolve(rows, load(), as_of=TODAY, moved=moved)
    assert set(edges(made)) == {("a/1", "zai-org/y"), ("a/2", "THUDM/back"), ("a/3", "o/about")}


def test_self_loops_by_tag_card_and_bare_name_are_findings(registry: Registry) -> None:
    made = run(registry, model("o/loop", twin("o/loop"), card=["o/loop", "loop"]))
    assert edges(made) == {}
    assert [kind for kind, _, _ in kinds(made)] == ["self-loop"] * 4


def test_several_relations_of_one_pair_are_one_edge(registry: Registry) -> None:
    made = run(registry, model("o/base"), model("a/both", twin("o/base", "adapter"), ["merge:o/base"]))
    assert edges(made) == {("a/both", "o/base"): (("merge", "adapter"), ("hub",))}


def test_positions_follow_the_card_then_the_tags(registry: Registry) -> None:
    made = run(
        registry,
        model("o/1"),
        model("o/2"),
        model("o/3"),
        model("a/m", twin("o/1", "merge"), twin("o/2", "merge"), twin("o/3", "merge"), card=["o/3", "o/2", "o/1"]),
        model("a/n", twin("o/3", "merge"), twin("o/1", "merge")),
    )
    ids = made.nodes["id"].to_list()
    order = {
        child: [ids[p] for p in made.edges.filter(pl.col("child") == ids.index(child)).sort("position")["parent"]]
        for child in ("a/m", "a/n")
    }
    assert order == {"a/m": ["o/3", "o/2", "o/1"], "a/n": ["o/3", "o/1"]}


def test_a_dumps_own_parents_are_hub_evidence(registry: Registry) -> None:
    made = run(registry, model("o/base"), model("a/d", dump_parents=["o/base"], dump_relation="adapter"))
    assert edges(made)[("a/d", "o/base")] == (("adapter",), ("hub",))


def test_curated_parents_join_where_the_child_is_here(registry: Registry) -> None:
    made = run(registry, model("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"), model("deepseek-ai/DeepSeek-R1"))
    (pair,) = edges(made)
    assert pair == ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen/Qwen2.5-Math-7B")
    assert edges(made)[pair][1] == ("curated",)
    ids = made.nodes["id"].to_list()
    assert [(ids[c], ids[p]) for c, p, _ in made.teachers.iter_rows()] == [
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek-ai/DeepSeek-R1")
    ]


ODD = [
    ("C:\\Models\\Apriel-5B", "path"),
    ("/cache/models/Qwen--Qwen3", "path"),
    ("./qwen3", "path"),
    ("../x/y", "path"),
    ("~/x", "path"),
    ("models/a/b/c", "path"),
    ("https://huggingface.co/o/m", "url"),
    ("huggingface.co/o/m", "url"),
    ("datasets/o/d", "dataset or space"),
    ("YOLOV11, YOLOV26", "list"),
    ("['o/a', 'o/b']", "list"),
    ('{"a": 1}', "list"),
    ("none", "placeholder"),
    ("None", "placeholder"),
    ("TODO-add-base-model-repo-link", "placeholder"),
    ("<your model>", "placeholder"),
    ("", "empty"),
    ("   ", "empty"),
    ("VGraf/generation_multi_1749247607.", "malformed"),
    ("o/two words", "malformed"),
    ("o/a--b", "malformed"),
]


@pytest.mark.parametrize(("value", "word"), ODD)
def test_what_is_no_id_is_a_finding_and_never_a_node(registry: Registry, value: str, word: str) -> None:
    made = run(registry, model("a/x", [f"adapter:{value}"] if value.strip() else [], card=[value]))
    assert made.nodes["id"].to_list() == ["a/x"]
    assert {kind for kind, _, _ in kinds(made)} == {f"not-an-id: {word}"}


def test_every_odd_value_seen_in_the_wild_is_a_finding_or_an_edge(registry: Registry, shared_data: Path) -> None:
    odd = json.loads((shared_data / "weird_base_models.json").read_text(encoding="utf-8"))
    assert len(odd) >= 26
    for entry in odd:
        for value in entry["value"] if isinstance(entry["value"], list) else [entry["value"]]:
            tag = value.removeprefix("base_model:")
            tags = [tag] if value.startswith("base_model:") or entry["where"] != "card" else []
            made = run(registry, model("sim/child", tags, card=[] if value.startswith("base_model:") else [value]))
            assert made.edges.height + made.findings.height > 0, entry
            for id in made.nodes["id"].to_list():
                assert "://" not in id, entry
                assert not any(c in id for c in "\\ ,:"), entry
                assert not id.startswith(("/", ".", "~")), entry
                assert id.lower() not in ("none", "todo-add-base-model-repo-link", ""), entry


def test_no_kind_of_finding_is_outside_the_closed_list(registry: Registry) -> None:
    made = run(registry, *(model(f"a/{n}", card=[value]) for n, (value, _) in enumerate(ODD)))
    assert set(made.findings["kind"]) <= set(MEANINGS)


part = st.sampled_from(["a", "b", "A", "c.d", "e_f", "1"])
ids = st.builds("{}/{}".format, part, part)
value = st.one_of(ids, part, st.text(max_size=12), st.sampled_from([text for text, _ in ODD]))
tag = st.one_of(value, st.builds("{}:{}".format, st.sampled_from([*map(str, Relation), "weird"]), value))
row = st.builds(
    lambda id, tags, card, relation, dump: {
        "id": id,
        "base_tags": tags,
        "card_base_model": card,
        "card_relation": relation,
        "dump_parents": dump,
    },
    ids,
    st.lists(tag, max_size=6),
    st.lists(value, max_size=4),
    st.sampled_from([None, "merge", "nonsense"]),
    st.lists(value, max_size=2),
)
worlds = st.lists(row, max_size=12, unique_by=lambda r: str(r["id"]))
REGISTRY = load()


@given(worlds, st.randoms())
@settings(max_examples=150)
def test_resolution_balances_whatever_is_written_and_in_whatever_order(
    rows: list[dict[str, object]], random: Random
) -> None:
    made = resolve(listing(*rows), REGISTRY, as_of=TODAY)
    assert balanced(made)
    pairs = made.edges.select("child", "parent")
    assert pairs.is_unique().all()
    assert (pairs["child"] != pairs["parent"]).all()
    assert made.nodes["id"].is_sorted()
    assert made.nodes["id"].is_unique().all()
    assert set(made.findings["kind"]) <= set(MEANINGS)
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = resolve(listing(*shuffled), REGISTRY, as_of=TODAY)
    for name in ("nodes", "edges", "teachers", "written", "named", "findings", "aliases"):
        assert getattr(made, name).equals(getattr(again, name)), name
