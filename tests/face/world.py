from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lineage.domain import Brood, Child, Edge, Model, Receipt
from lineage.scene import Scene, build


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


HOSTILE = (
    "x/<script>alert(1)</script>",
    'x/"><img src=x onerror=alert(1)>',
    "x/</script><script>alert(2)</script>",
    "x/href=javascript:alert(3)",
    "x/[a](https://evil.example/)",
    "x/\x1b]0;owned\x07\x1b[2J",
    "x/\u202egnp.exe\u2066",
    'x/"]; n0 --> n1 %% end\nclick n0 "https://evil.example/"',
    'x/" -> "y" [URL="https://evil.example/"]\\',
    "x/=cmd|' /C calc'!A0",
    "=1+1",
    "x/" + "long" * 75,
    "x/\u5343\u554f-\uc9c0\ub3c4",
    "x/{{7*7}}{% raw %}${alert(1)}",
)


def receipt(*, complete: bool = True, simulated: bool = False, attribution: str = "any") -> Receipt:
    return Receipt(
        question="derivatives of a/root",
        counters={"derivatives": 1, "direct": 1},
        snapshot="hub-20260925T0000Z",
        snapshot_sha256="1a2b3c4d5e6f",
        source="a test",
        as_of=datetime(2026, 9, 25, tzinfo=UTC),
        evidence="declared",
        attribution=attribution,
        threshold=None,
        registry_version="1",
        registry_digest="abcdef012345",
        card=True,
        complete=complete,
        tool_version="0.1.0",
        simulated=simulated,
    )


def hostile_scene() -> Scene:
    """A root under which every hostile id hangs, one of them with a child of its own."""
    world = World()
    for id in HOSTILE:
        world.link(id, "a/root", "quantized")
    world.link("b/child", HOSTILE[0], "merge").link("b/child", HOSTILE[1], "merge", position=1)
    return build(world.model("a/root"), world.brood, world.parents, width=len(HOSTILE), limit=300)
