"""Real models counted by hand: which families each derives from, how many, and which it meets first.

`golden.csv` lists models of the recorded rows of 2026-08-22 (HF//RADAR, CC-BY-4.0): every one there that reaches two
families or more, merges, chains over third parties, old names and wrong case on cards, official models that derive from
official models, and models whose parents lead to no family. Its values come from `brute`, which shares no code with
`lineage` and reads the Parquet file itself; the lines with a `why` were gone through by hand, parent by parent.
`WELL_KNOWN` are models whose ancestry is published, distillations among them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import orjson
import pytest

from ingest.importing import import_file
from ingest.load import resolve_snapshot
from ingest.simulated.dump import listing_rows
from lineage import questions
from lineage.atlas import Atlas
from lineage.domain import Attribution, Level
from lineage.registry import Registry
from lineage.settings import Settings
from tests.reports.brute import Line, World
from tests.reports.homes import TODAY, atlas, model


def lines() -> list[Line]:
    with (Path(__file__).parent / "golden.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["id"], row["member of"], tuple(sorted(row["derives from"].split())), int(row["k"]), row["primary"])
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def recorded(shared_data: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    home = tmp_path_factory.mktemp("golden")
    file = home / "rows.jsonl"
    rows = listing_rows(shared_data / "hub_rows_2026-08-22_a.parquet")
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    settings = Settings(home=home / "home")
    snapshot = import_file(settings, file, now=lambda: TODAY)
    resolve_snapshot(settings, snapshot, registry)
    with Atlas(settings, registry, snapshot) as opened:
        yield opened


@pytest.fixture(scope="module")
def world(shared_data: Path) -> World:
    return World(shared_data / "hub_rows_2026-08-22_a.parquet")


def found(opened: Atlas, ids: list[str]) -> list[Line]:
    """What is counted of each model; families by name."""
    shared = opened.shared(Level.DECLARED)
    slugs = [family.slug for family in opened.registry.families]
    member = dict(opened.members.iter_rows())
    node, family, _ = shared.pairs
    made = []
    for id in ids:
        here = opened.node(id)
        assert here is not None, id
        reached = tuple(sorted(slugs[place] for place in family[node == here].tolist()))
        own = slugs[member[here]] if here in member else ""
        first = int(shared.primary[here])
        made.append((id, own, reached, int(shared.k[here]), slugs[first] if first >= 0 else ""))
    return made


def test_the_recorded_rows_by_hand(recorded: Atlas, world: World) -> None:
    expected = lines()
    assert len(expected) == 197
    assert [world.line(id) for id, *_ in expected] == expected
    assert found(recorded, [id for id, *_ in expected]) == expected
    assert sum(k > 1 for _, _, _, k, _ in expected) == int((recorded.shared(Level.DECLARED).k > 1).sum())


ITSELF = {"terminusresearch/pixart-900m-1024-ft-v0.7-stage1"}
"""Both tags name the model itself, the card its old name: by the rule no edge, in the graph one to that name."""


def test_every_recorded_row_as_the_slow_count_has_it(recorded: Atlas, world: World) -> None:
    """7,999 rows: parents in their order, membership, families reached, the one met first."""
    ids = sorted(world.rows)
    assert found(recorded, ids) == [world.line(id) for id in ids]
    graph = recorded.graph(Level.DECLARED)
    parents: dict[str, list[str]] = {id: [] for id in ids}
    for child, parent in zip(graph.child.tolist(), graph.parent.tolist(), strict=True):
        parents[recorded.ids[child]].append(recorded.ids[parent])
    assert {id for id in ids if parents[id] != world.parents[id]} == ITSELF
    assert sum(map(len, parents.values())) > 3_000


def test_their_shares_add_up(recorded: Atlas) -> None:
    """Over the golden models alone: each is one derivative, whatever it is divided into."""
    nodes = np.array([recorded.node(id) for id, _, _, k, _ in lines() if k])
    shared = recorded.shared(Level.DECLARED)
    node, _, _ = shared.pairs
    parts = [Fraction(1, int(shared.k[n])) for n in node[np.isin(node, nodes)].tolist()]
    assert sum(parts) == len(nodes)


WELL_KNOWN = [
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "", "", "", ("qwen",), "qwen"),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "", "", "", ("qwen",), "qwen"),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", "", "", "", ("qwen",), "qwen"),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "", "", "", ("qwen",), "qwen"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "", "", "", ("llama",), "llama"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "", "", "", ("llama",), "llama"),
    ("Qwen/Qwen2.5-7B", "qwen", "", "", (), ""),
    ("Qwen/Qwen2.5-7B-Instruct", "qwen", "Qwen/Qwen2.5-7B", "finetune", (), ""),
    ("meta-llama/Llama-3.1-8B", "llama", "", "", (), ""),
    ("meta-llama/Llama-3.1-8B-Instruct", "llama", "meta-llama/Llama-3.1-8B", "finetune", (), ""),
    ("deepseek-ai/DeepSeek-R1", "deepseek", "", "", (), ""),
    (
        "unsloth/DeepSeek-R1-Distill-Qwen-7B",
        "",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "finetune",
        ("qwen",),
        "qwen",
    ),
    (
        "bartowski/DeepSeek-R1-Distill-Llama-8B-GGUF",
        "",
        "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
        "quantized",
        ("llama",),
        "llama",
    ),
    ("unsloth/DeepSeek-R1-GGUF", "", "deepseek-ai/DeepSeek-R1", "quantized", ("deepseek",), "deepseek"),
    ("NousResearch/Hermes-3-Llama-3.1-8B", "", "meta-llama/Meta-Llama-3.1-8B", "finetune", ("llama",), "llama"),
    ("NousResearch/Hermes-2-Pro-Mistral-7B", "", "mistralai/Mistral-7B-v0.1", "finetune", ("mistral",), "mistral"),
    (
        "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF",
        "",
        "meta-llama/Llama-3.1-70B-Instruct",
        "finetune",
        ("llama",),
        "llama",
    ),
    ("elyza/Llama-3-ELYZA-JP-8B", "", "meta-llama/Meta-Llama-3-8B-Instruct", "finetune", ("llama",), "llama"),
    ("tokyotech-llm/Llama-3.1-Swallow-8B-v0.2", "", "meta-llama/Llama-3.1-8B", "finetune", ("llama",), "llama"),
    ("x/wrong-case", "", "qwen/qwen2.5-7b", "card", ("qwen",), "qwen"),
    ("x/old-name", "", "meta-llama/Meta-Llama-3.1-8B", "finetune", ("llama",), "llama"),
    ("x/both", "", "meta-llama/Llama-3.1-8B Qwen/Qwen2.5-7B", "merge", ("qwen", "llama"), "llama"),
    ("x/below-both", "", "x/both", "quantized", ("qwen", "llama"), "llama"),
    ("x/nobody-s", "", "y/unheard-of", "finetune", (), ""),
]
"""Id, member of, parents as written, relation, families it derives from, the one met first."""


def test_well_known_models(settings: Settings, registry: Registry) -> None:
    rows = [
        model(id, card_base_model=[parents]) if relation == "card" else model(id, parents.split(), relation)
        for id, _, parents, relation, _, _ in WELL_KNOWN
    ]
    with atlas(settings, rows, registry) as opened:
        counted = found(opened, [line[0] for line in WELL_KNOWN])
        taught = questions.count(opened, ["deepseek"]).results[0].values["taught"]
        fractional = questions.count(opened, ["qwen", "llama"], attribution=Attribution.FRACTIONAL).results
    for (id, own, reached, k, first), (_, member, _, _, families, primary) in zip(counted, WELL_KNOWN, strict=True):
        assert (own, set(reached), k, first) == (member, set(families), len(families), primary), id
    assert taught == 8, "six distillations, and one repackaging of each of two"
    assert [r.values["derivatives"] for r in fractional] == [6 + Fraction(2, 2), 8 + Fraction(2, 2)]
