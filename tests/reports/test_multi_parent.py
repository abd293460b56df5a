"""6,498 real models with several parents each: resolution balances, and every number is that of a plain walk.

The walk below knows nothing of arrays, components or bit sets; it is what the definitions say, model by model.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from lineage import graph as graphs
from lineage import questions
from lineage.atlas import Atlas
from lineage.domain import Attribution, Level
from lineage.registry import Registry
from lineage.settings import Settings
from tests.reports.homes import atlas, model

RELATIONS = {"adapter": "adapter", "merge": "merge", "quantization": "quantized"}


@pytest.fixture(scope="module")
def table(shared_data: Path) -> pl.DataFrame:
    return pl.read_parquet(shared_data / "multi_parent_2026_a.parquet")


@pytest.fixture(scope="module")
def opened(table: pl.DataFrame, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    home = tmp_path_factory.mktemp("several")
    rows = (
        model(id, parents, RELATIONS[relation], downloads=downloads)
        for id, parents, relation, downloads in table.select("id", "parents", "relation", "downloads").iter_rows()
    )
    return atlas(Settings(home=home), rows, registry)


@pytest.fixture(scope="module")
def above(opened: Atlas) -> dict[str, set[str]]:
    """The parents of each model, self-loops left out, as the resolved graph names them."""
    graph = opened.graph(Level.DECLARED)
    found: dict[str, set[str]] = defaultdict(set)
    for child, parent in zip(graph.child.tolist(), graph.parent.tolist(), strict=True):
        found[opened.ids[child]].add(opened.ids[parent])
    return found


def walked(start: str, up: dict[str, set[str]]) -> set[str]:
    """Everything above a model, itself left out."""
    seen, todo = {start}, [start]
    while todo:
        for parent in up.get(todo.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return seen - {start}


@pytest.fixture(scope="module")
def closure(above: dict[str, set[str]], opened: Atlas) -> dict[str, set[str]]:
    return {id: walked(id, above) for id in opened.ids}


@pytest.fixture(scope="module")
def written(table: pl.DataFrame) -> dict[str, list[str]]:
    return dict(table.select("id", "parents").iter_rows())


NO_IDS = {"mistralai/Mistral-7B-v0.1.", "./deepseek_ocr"}
"""Two of the file's parents can be no repository's id."""


def test_it_balances(opened: Atlas, written: dict[str, list[str]]) -> None:
    audit = questions.audit(opened, examples=0)
    assert audit.rows == audit.models + audit.quarantined == len(written) == 6_498
    findings = pl.read_parquet(opened.place / "findings.parquet").filter(pl.col("origin").is_not_null())
    assert audit.values_in == 2 * sum(map(len, written.values())), "a twin of tags for every parent"
    assert audit.values_in == audit.values_behind_edges + findings.height
    assert {value.removeprefix("quantized:").removeprefix("adapter:") for value in findings["value"]} == NO_IDS


def test_edges_are_the_file_s(written: dict[str, list[str]], above: dict[str, set[str]], opened: Atlas) -> None:
    """A name stands for itself unless the registry knows a newer one; what can be no id makes no edge."""
    aliases = dict(pl.read_parquet(opened.place / "aliases.parquet").select("name", "id").iter_rows())
    assert aliases == {name: opened.registry.canonical(name) for name in aliases}
    for id, parents in written.items():
        assert above[id] == {aliases.get(parent, parent) for parent in parents} - {id} - NO_IDS, id


def test_derivatives_of_every_node(closure: dict[str, set[str]], opened: Atlas) -> None:
    stubs = set(opened.ids.filter(opened.column("stub")))
    below: dict[str, int] = defaultdict(int)
    for id, ancestors in closure.items():
        for one in ancestors if id not in stubs else ():
            below[one] += 1
    counted = dict(zip(opened.ids, opened.counts["derivatives"], strict=True))
    assert counted == {id: below[id] for id in opened.ids}
    assert max(counted.values()) == 243, "of Meta-Llama-3-8B-Instruct"


def test_cycles_are_those_of_the_walk(above: dict[str, set[str]], closure: dict[str, set[str]], opened: Atlas) -> None:
    """The file's half here has none; in the made one below there are."""
    parts = graphs.condense(opened.graph(Level.DECLARED))
    assert {frozenset(opened.ids.gather(cycle)) for cycle in parts.cycles} == circles(closure)
    assert max(map(len, above.values())) == 100


def circles(closure: dict[str, set[str]]) -> set[frozenset[str]]:
    mutual = ({one for one in ancestors if id in closure[one]} | {id} for id, ancestors in closure.items())
    return {frozenset(same) for same in mutual if len(same) > 1}


def test_with_circles_and_a_chain_of_140_knitted_in(
    table: pl.DataFrame, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every hundredth model closes a circle with two others, and a chain hangs below the deepest of them."""
    rows = {id: (parents, RELATIONS[r]) for id, parents, r in table.select("id", "parents", "relation").iter_rows()}
    ids = sorted(rows)
    for start in range(0, len(ids) - 200, 100):
        for child, parent in ((start, start + 1), (start + 1, start + 2), (start + 2, start)):
            parents, relation = rows[ids[child]]
            rows[ids[child]] = ([*parents, ids[parent]], relation)
    rows |= {f"sim-chain/{n}": ([f"sim-chain/{n - 1}" if n else ids[0], ids[n]], "merge") for n in range(140)}
    home = tmp_path_factory.mktemp("knitted")
    with atlas(Settings(home=home), (model(id, *row) for id, row in rows.items()), registry) as knitted:
        graph = knitted.graph(Level.DECLARED)
        up: dict[str, set[str]] = defaultdict(set)
        for child, parent in zip(graph.child.tolist(), graph.parent.tolist(), strict=True):
            up[knitted.ids[child]].add(knitted.ids[parent])
        closure = {id: walked(id, up) for id in knitted.ids}
        parts = graphs.condense(graph)
        assert {frozenset(knitted.ids.gather(cycle)) for cycle in parts.cycles} == circles(closure)
        assert len(parts.cycles) > 50
        assert parts.level.max() >= 140
        below: dict[str, int] = defaultdict(int)
        for id in rows:
            for one in closure[id]:
                below[one] += 1
        assert knitted.counts["derivatives"].to_list() == [below[id] for id in knitted.ids]
        audit = questions.audit(knitted, examples=0)
        assert audit.values_in == 2 * sum(len(parents) for parents, _ in rows.values())


def test_every_family_by_every_attribution(closure: dict[str, set[str]], opened: Atlas) -> None:
    families = [family.slug for family in opened.registry.families]
    member = {opened.ids[node]: families[place] for node, place in opened.members.iter_rows()}
    stubs = set(opened.ids.filter(opened.column("stub")))
    reached = {
        id: {member[one] for one in ancestors if one in member} - {member.get(id)}
        for id, ancestors in closure.items()
        if id not in stubs
    }
    for way in (Attribution.ANY, Attribution.FRACTIONAL, Attribution.EXCLUSIVE):
        expected: dict[str, int | Fraction] = dict.fromkeys(families, 0)
        for found in reached.values():
            for slug in found if way is not Attribution.EXCLUSIVE or len(found) == 1 else ():
                expected[slug] += Fraction(1, len(found)) if way is Attribution.FRACTIONAL else 1
        answer = questions.count(opened, families, attribution=way)
        assert {r.name: r.values["derivatives"] for r in answer.results} == expected
    total = sum(1 for found in reached.values() if found)
    for way in (Attribution.FRACTIONAL, Attribution.PRIMARY):
        answer = questions.count(opened, families, attribution=way)
        assert sum(r.values["derivatives"] or 0 for r in answer.results) == total


def test_members_have_no_foreign_ancestor(closure: dict[str, set[str]], opened: Atlas) -> None:
    """Membership by its definition: no ancestor outside the model's own cycle is another family's member."""
    member = dict(zip(opened.ids.gather(opened.members["node"]), opened.members["family"], strict=True))
    pins = {id for family in opened.registry.families for id in family.pins_in}
    for id, family in member.items():
        outside = {one for one in closure[id] if id not in closure[one]}
        assert id in pins or {member[one] for one in outside if one in member} <= {family}, id
    claimed = {id: found for id in opened.ids if (found := opened.registry.claim(id))}
    for id in claimed.keys() - member.keys():
        foreign = {member[one] for one in closure[id] if one in member}
        assert foreign, f"{id} is claimed by {claimed[id].slug} and has nothing foreign above it"
