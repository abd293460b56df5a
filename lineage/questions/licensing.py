"""`license`: what a model and everything above it declare, and what happened to it on the way down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import graph as graphs
from lineage import licences
from lineage.domain import Level, Relation, names_of
from lineage.licences import Declared, LicenseAnswer, LicenseEdge
from lineage.questions import naming, notes
from lineage.registry import LicenseClass

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Graph, Ints

_READ = ("id", "stub", "license", "license_name", "license_link")

NO_ADVICE = "Licences are as declared on the Hub, classes are this project's reading of them; this is no legal advice."


def license(atlas: Atlas, id: str, *, evidence: Level = Level.DECLARED) -> LicenseAnswer:
    """The licence of a model, of all its ancestors, and the finding on every edge among them."""
    start = naming.node(atlas, id)
    graph = atlas.graph(evidence)
    found = graphs.reach(graph.up, np.array([start]))
    order = np.lexsort((found.nodes, found.distance))
    nodes, distance = found.nodes[order], found.distance[order]
    known = dict(zip(nodes.tolist(), _declared(atlas, nodes), strict=True))
    own, *above = known.values()
    classes = [one.license_class for one in above]
    inherited = licences.strictest(classes)
    return LicenseAnswer(
        receipt=atlas.receipt("license", level=evidence),
        model=own,
        above=tuple(above),
        edges=_edges(graph, nodes, distance, known),
        inherited=inherited,
        inherited_from=tuple(one.id for one in above if one.license_class is inherited),
        unclear=sum(one.strictness is None for one in classes),
        finding=licences.whole(own.license_class, classes),
        notes=(
            *notes.about(atlas, evidence, None),
            *naming.remarks(atlas, {id: own.id}),
            *_remarks(own, above),
            NO_ADVICE,
        ),
    )


def _declared(atlas: Atlas, nodes: Ints) -> list[Declared]:
    table = pl.DataFrame({name: atlas.column(name).gather(nodes) for name in _READ})
    return [licences.declared(atlas.registry, *row) for row in table.iter_rows()]


def _edges(graph: Graph, nodes: Ints, distance: Ints, known: dict[int, Declared]) -> tuple[LicenseEdge, ...]:
    """The edges upwards from each node, in the nodes' order, then by position."""
    made = []
    for node, far in zip(nodes.tolist(), distance.tolist(), strict=True):
        for slot in range(int(graph.up.starts[node]), int(graph.up.starts[node + 1])):
            child, parent = known[node], known[int(graph.parent[slot])]
            relations = names_of(int(graph.relations[slot]), Relation)
            rule = licences.finding(child.license_class, parent.license_class)
            made.append(LicenseEdge(child.id, parent.id, relations, far, rule))
    return tuple(made)


def _remarks(own: Declared, above: list[Declared]) -> list[str]:
    said = []
    absent = [one.id for one in above if one.stub]
    if absent:
        said.append(f"Not in the snapshot, so their licences are not known: {', '.join(absent[:5])}{_more(absent, 5)}.")
    unread = sorted({_named(one) for one in (own, *above) if one.license_class is LicenseClass.OTHER})
    if unread:
        said.append(
            f"Not classed: {', '.join(unread[:5])}{_more(unread, 5)}. Read the text; a registry file of your own "
            "(--registry) can class it."
        )
    if any(one.license is not None and not one.verified for one in (own, *above)):
        said.append("Some classes are background knowledge, not checked against the text of the licence.")
    return said


def _named(one: Declared) -> str:
    return f"{one.license}: {one.license_name}" if one.license_name else str(one.license)


def _more(names: list[str], shown: int) -> str:
    return f" and {len(names) - shown} more" if len(names) > shown else ""
