from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lineage.domain import Brood, Child, Edge, Model


def model(id: str, *, direct: int = 0, derivatives: int = 0, stub: bool = False) -> Model:
    publisher = id.split("/")[0] if "/" in id else None
    return Model(
        id=id,
        stub=stub,
        publisher=publisher,
        organization=None,
        country=None,
        family=None,
        created_at=None,
        last_modified=None,
        downloads=None if stub else 12_345,
        downloads_all_time=None,
        likes=None if stub else 7,
        pipeline_tag=None,
        library=None,
        license="apache-2.0",
        gated=None,
        parameters=None,
        direct=direct,
        derivatives=derivatives,
        depth=0,
    )


@dataclass
class World:
    """A graph held in memory that answers as a store does; self-loops are left out, as resolution leaves them out."""

    edges: list[Edge] = field(default_factory=list)
    asked: int = 0

    def link(self, child: str, parent: str, *relations: str, position: int = 0) -> World:
        self.edges.append(Edge(child, parent, relations or ("finetune",), ("hub",), position))
        return self

    def model(self, id: str) -> Model:
        below: set[str] = set()
        todo = [id]
        while todo:
            here = todo.pop()
            for edge in self.edges:
                if edge.parent == here and edge.child not in below:
                    below.add(edge.child)
                    todo.append(edge.child)
        return model(id, direct=len(self.children(id)), derivatives=len(below - {id}))

    def children(self, id: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.parent == id]

    def brood(self, id: str, limit: int) -> Brood:
        self.asked += 1
        found = [Child(edge, self.model(edge.child)) for edge in self.children(id)]
        found.sort(key=lambda child: (-child.model.derivatives, child.model.id))
        hidden: dict[str, int] = {}
        for child in found[limit:]:
            hidden[child.edge.relation] = hidden.get(child.edge.relation, 0) + 1
        return Brood(id, tuple(found[:limit]), hidden, len({child.model.publisher for child in found[limit:]}))

    def parents(self, ids: Sequence[str]) -> tuple[Edge, ...]:
        wanted = set(ids)
        return tuple(sorted((e for e in self.edges if e.child in wanted), key=lambda e: (e.child, e.position)))

    def models(self, ids: Sequence[str]) -> tuple[Model, ...]:
        return tuple(self.model(id) for id in ids)
