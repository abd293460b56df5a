"""`model`, `search`, `tree` and `cypher`: look-ups in the loaded store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters, resolved, scene
from lineage.answers import ModelAnswer, Parent, SearchAnswer
from lineage.counters import VERSIONS
from lineage.domain import Attribution, Counts, Edge, Level, Receipt, Relation, Table
from lineage.errors import Misuse, NoData
from lineage.graph import reach
from lineage.questions import naming, notes, rows, standing

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.domain import Model
    from lineage.graph import Graph, Ints


def model(atlas: Atlas, id: str, *, evidence: Level = Level.DECLARED) -> ModelAnswer:
    """One model or stub: its parents with what was written of them, its counts, its direct children by relation."""
    node = naming.node(atlas, id)
    found = _models(atlas, np.array([node]))[0]
    ground = atlas.ground(evidence)
    target = atlas.model_target(node)
    table = counters.derivative_table(ground, target)
    values = counters.count(ground, target, table, Attribution.ANY)
    values |= counters.loose(ground, target, Attribution.ANY)
    remarks = notes.about(atlas, evidence, None) + notes.about_cover(atlas, [target])
    remarks += naming.remarks(atlas, {id: found.id})
    if found.stub:
        remarks.append(f"{found.id} is a stub: others name it as a parent, the snapshot does not hold it.")
    arena = standing.standing(atlas)
    remarks += standing.remarks(arena) if arena else []
    teachers = resolved.table(atlas.place, "teachers").filter(pl.col("child") == node)["parent"]
    return ModelAnswer(
        receipt=atlas.receipt("model", counters=VERSIONS, level=evidence, threshold=ground.threshold, about=[target]),
        model=found,
        parents=_parents(atlas, found.id, evidence),
        counts=Counts(id, "model", {counter: values[counter] for counter in VERSIONS}),
        children=_by_relation(ground.graph, node),
        families=_families_above(atlas, ground.graph, node),
        teachers=tuple(atlas.ids.gather(teachers).to_list()),
        notes=tuple(remarks),
        arena=standing.place(atlas, arena, found.id) if arena else None,
    )


def _parents(atlas: Atlas, id: str, level: Level) -> tuple[Parent, ...]:
    edges = [edge for edge in atlas.store.parents([id]) if _holds(edge, level)]
    known = {parent.id: parent for parent in atlas.store.models([edge.parent for edge in edges])}
    said = _written(atlas, id)
    return tuple(Parent(edge, known[edge.parent], tuple(said.get(edge.parent, ()))) for edge in edges)


def _families_above(atlas: Atlas, graph: Graph, node: int) -> tuple[str, ...]:
    """The families that a model derives from, in registry order; its own, where it is a member, is none of them."""
    above = reach(graph.up, np.array([node])).nodes.tolist()
    found = atlas.members.filter(pl.col("node").is_in(above))
    own = found.filter(pl.col("node") == node)["family"].to_list()
    places = sorted(set(found["family"].to_list()) - set(own))
    return tuple(atlas.registry.families[place].slug for place in places)


def _holds(edge: Edge, level: Level) -> bool:
    return level is Level.DECLARED or str(level) in edge.evidence


def _written(atlas: Atlas, id: str) -> dict[str, list[str]]:
    """What the model wrote, by the parent it resolved to: `tag base_model:…` and `card base_model: …`."""
    node = atlas.node(id)
    if node is None:
        return {}
    tags, values = resolved.written(atlas.place, node)
    moved = dict(resolved.table(atlas.place, "aliases").select("name", "id").iter_rows())
    said: dict[str, list[str]] = {}
    for tag in tags:
        head, _, tail = tag.partition(":")
        value = tail if tail and head in list(Relation) else tag
        said.setdefault(moved.get(value, value), []).append(f"tag base_model:{tag}")
    for value in values:
        said.setdefault(moved.get(value, value), []).append(f"card base_model: {value}")
    return said


def _by_relation(graph: Graph, node: int) -> dict[str, int]:
    """Direct children by relation; one with several stands in each."""
    slots = graph.down_order[graph.down.slots(np.array([node]))]
    bits = graph.relations[slots]
    counts = {str(r): int(((bits & r.bit) > 0).sum()) for r in Relation}
    return {name: number for name, number in counts.items() if number}


def search(atlas: Atlas, text: str, *, limit: int = 20) -> SearchAnswer:
    """Models and stubs whose id holds every word of `text`, best first; where none does, the one with that old name."""
    terms = text.lower().encode("utf-8", "replace").decode().split()
    if not terms:
        raise Misuse("Nothing to search for. Try: lineage search qwen3 coder")
    nodes = atlas.finder.best(terms, limit + 1)
    remarks = notes.about_layer(atlas)
    if not len(nodes) and (node := naming.known(atlas, text.strip())) is not None:
        nodes = np.array([node])
        remarks = [*naming.remarks(atlas, {text.strip(): atlas.ids[node]}), *remarks]
    return SearchAnswer(
        receipt=atlas.receipt("search"),
        text=text,
        results=_models(atlas, nodes[:limit]),
        truncated=len(nodes) > limit,
        notes=tuple(remarks),
    )


def _models(atlas: Atlas, nodes: Ints) -> tuple[Model, ...]:
    """Nodes as the store has them; those outside what it was loaded with, from the snapshot."""
    ids = atlas.ids.gather(nodes).to_list()
    held = {model.id: model for model in atlas.store.models(ids)}
    absent = np.array([node for node, id in zip(nodes.tolist(), ids, strict=True) if id not in held], dtype=np.int64)
    held |= {model.id: model for model in (rows.models(atlas, absent) if len(absent) else ())}
    return tuple(held[id] for id in ids)


def tree(
    atlas: Atlas,
    id: str,
    *,
    up: bool = False,
    depth: int | None = None,
    limit: int = 35,
    relations: Sequence[str] = (),
) -> tuple[scene.Scene, Receipt]:
    """The family tree below a model, or above it with `up`, best first within `limit` rows.

    A family's slug stands for its member with most derivatives.
    """
    node = _root(atlas, id)
    store = atlas.store
    root = _models(atlas, np.array([node]))[0]
    asked = tuple(str(_relation(name)) for name in relations)

    def parents(ids: Sequence[str]) -> tuple[Edge, ...]:
        edges = store.parents(ids)
        return tuple(e for e in edges if not asked or set(asked) & set(e.relations))

    def models(ids: Sequence[str]) -> tuple[Model, ...]:
        return store.models(ids)

    drawn = scene.build(
        root,
        lambda parent, room: store.children(parent, limit=room, relations=asked),
        parents,
        models=models,
        up=up,
        depth=depth,
        limit=limit,
    )
    counted = {name: VERSIONS[name] for name in ("direct", "derivatives")}
    return drawn, atlas.receipt("tree", counters=counted, about=[atlas.model_target(node)])


def _root(atlas: Atlas, name: str) -> int:
    """The node a tree starts from: a family's is its member with most derivatives."""
    members = naming.target(atlas, name).members
    if not len(members):
        raise NoData(f"{name} has no member in snapshot {atlas.snapshot.manifest.id}, so there is no tree to draw.")
    counts = atlas.counts["derivatives"].to_numpy()[members]
    return int(members[np.argmax(counts)])


def _relation(name: str) -> Relation:
    try:
        return Relation(name)
    except ValueError:
        raise Misuse(f"No relation {name!r}. Try one of: {', '.join(Relation)}.") from None


def cypher(
    atlas: Atlas, text: str, parameters: Mapping[str, object], *, limit: int = 1000, timeout: float = 30
) -> Table:
    """The rows of a read-only Cypher statement, at most `limit`; `timeout` in seconds. Raises `Refused`."""
    return atlas.store.cypher(text, parameters, limit=limit, timeout=timeout)
