"""The nouns of lineage as frozen types; the words are those of docs/definitions.md. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = int | Fraction
"""A count: whole, or exact where attribution divides it."""


def exact(value: Number) -> Number:
    """The number itself, an int where it is whole."""
    return int(value) if value.denominator == 1 else value


class Relation(StrEnum):
    """How a child says it derives from its parent, strongest first: the order decides `relation` on an edge."""

    FINETUNE = "finetune"
    MERGE = "merge"
    ADAPTER = "adapter"
    QUANTIZED = "quantized"
    UNSPECIFIED = "unspecified"

    @property
    def bit(self) -> int:
        """This relation's bit in an edge's `relations` column."""
        return 1 << list(Relation).index(self)


class Evidence(StrEnum):
    """What vouches for an edge, strongest first (docs/definitions.md, Evidence)."""

    HUB = "hub"
    AUTHOR = "author"
    CARD = "card"
    CURATED = "curated"
    INFERRED = "inferred"

    @property
    def bit(self) -> int:
        """This evidence's bit in an edge's `evidence` column."""
        return 1 << list(Evidence).index(self)


class Level(StrEnum):
    """Which edges an answer walks: the Hub's own view, or everything declared."""

    HUB = "hub"
    DECLARED = "declared"

    @property
    def mask(self) -> int:
        """The evidence bits that this level accepts; an edge needs one of them."""
        return Evidence.HUB.bit if self is Level.HUB else Evidence.INFERRED.bit - 1


class Attribution(StrEnum):
    """What a family gets of a derivative that reaches several families."""

    ANY = "any"
    FRACTIONAL = "fractional"
    PRIMARY = "primary"
    EXCLUSIVE = "exclusive"


def names_of(bits: int, kind: type[Relation] | type[Evidence]) -> tuple[str, ...]:
    """The members of a bit set by name, strongest first."""
    return tuple(str(member) for member in kind if bits & member.bit)


@dataclass(frozen=True)
class Receipt:
    """What a number rests on; enough to make it again."""

    question: str
    counters: Mapping[str, int]
    snapshot: str
    snapshot_sha256: str
    source: str
    as_of: datetime
    evidence: str
    attribution: str
    threshold: int | None
    registry_version: str
    registry_digest: str
    card: bool
    complete: bool
    tool_version: str
    simulated: bool = False
    era: str | None = None
    direct_exact: bool = True
    """False where a partial crawl did not list all children of what is asked about: then `direct` is a lower bound."""


@dataclass(frozen=True)
class Counts:
    """Every counter of one family or model; a counter that the attribution does not divide is None."""

    name: str
    kind: str
    values: Mapping[str, Number | None]


@dataclass(frozen=True)
class Edge:
    """One child and one parent, with all that was said of the pair."""

    child: str
    parent: str
    relations: tuple[str, ...]
    evidence: tuple[str, ...]
    position: int

    @property
    def relation(self) -> str:
        """The strongest relation of the pair."""
        return self.relations[0] if self.relations else str(Relation.UNSPECIFIED)


@dataclass(frozen=True)
class Model:
    """A model as the store holds it; a stub has a name and its counts only. Times are UTC and aware."""

    id: str
    stub: bool
    publisher: str | None
    organization: str | None
    country: str | None
    family: str | None
    created_at: datetime | None
    last_modified: datetime | None
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    pipeline_tag: str | None
    library: str | None
    license: str | None
    gated: str | None
    parameters: int | None
    direct: int
    derivatives: int
    depth: int


@dataclass(frozen=True)
class Child:
    """A child below a shown node: the edge and the child itself."""

    edge: Edge
    model: Model


@dataclass(frozen=True)
class Brood:
    """The children of one model, best first, and what was left out.

    `hidden` counts the children not listed by their strongest relation; `publishers` counts who published those.
    """

    parent: str
    shown: tuple[Child, ...]
    hidden: Mapping[str, int]
    publishers: int


@dataclass(frozen=True)
class Table:
    """Rows of named columns, as a Cypher query returns them; `truncated` where the row cap cut it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool = False


@dataclass(frozen=True)
class Loaded:
    """What a store holds, from its LineageMeta node."""

    snapshot: str
    snapshot_sha256: str
    schema_version: int
    registry_version: str
    registry_digest: str
    as_of: datetime
    source: str
    simulated: bool
    card: bool
    complete: bool
    models: int
    edges: int
    run: str
    scope: str
