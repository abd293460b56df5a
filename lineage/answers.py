"""What `lineage.questions` returns: frozen answers, each with the receipt that its numbers rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from lineage.domain import Counts, Edge, Model, Number, Receipt

if TYPE_CHECKING:
    from lineage.schema import GraphTables


@dataclass(frozen=True)
class Slice:
    """One row of `count --per`: the key (a month, a publisher, …; None where it is unknown) and its counters."""

    name: str
    key: str | None
    values: Mapping[str, Number | None]


@dataclass(frozen=True)
class CountAnswer:
    """Counters of every asked name, in the order asked; `slices` where a breakdown was asked for."""

    receipt: Receipt
    results: tuple[Counts, ...]
    per: str | None = None
    slices: tuple[Slice, ...] = ()
    notes: tuple[str, ...] = ()
    scheme: str = "iso"


@dataclass(frozen=True)
class CurvePoint:
    """`organic` at one threshold, and how many are left out by one publisher's bulk and by one name template's."""

    threshold: int
    organic: int
    by_publisher: int
    by_template: int


@dataclass(frozen=True)
class CurveAnswer:
    """`organic` of one name over its threshold; at the last point nothing is left out."""

    receipt: Receipt
    name: str
    kind: str
    derivatives: int
    points: tuple[CurvePoint, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """One line of LMArena's table: `id` is the Hub's where the name maps; `weights` open, closed or unknown."""

    name: str
    rank: int | None
    score: float | None
    votes: int | None
    organization: str | None
    license: str | None
    id: str | None
    weights: str


@dataclass(frozen=True)
class Ranked:
    """One line of a leaderboard: `name` as a command takes it, `label` as a person reads it.

    `value` is the counter asked by; `values` the other counters that stand beside it; `share` of the stated whole.
    `arena` is the model's place on LMArena, of a family that of its best official model.
    """

    name: str
    label: str
    value: Number
    values: Mapping[str, Number | None] = field(default_factory=dict)
    country: str | None = None
    share: float | None = None
    arena: Place | None = None


@dataclass(frozen=True)
class TopAnswer:
    """A leaderboard; `whole` is the denominator of the shares and `whole_meaning` says what it counts."""

    receipt: Receipt
    kind: str
    by: str
    results: tuple[Ranked, ...]
    whole: int
    whole_meaning: str
    notes: tuple[str, ...] = ()
    scheme: str = "iso"


@dataclass(frozen=True)
class Listed:
    """One model of a list: how far it is from the one asked about, and by which relation it hangs on that side."""

    model: Model
    distance: int
    relations: tuple[str, ...]


@dataclass(frozen=True)
class ListAnswer:
    """Derivatives or ancestors; `total` counts all that match, `rows` are the ones within the limit.

    `asked` echoes what narrowed the list.
    """

    receipt: Receipt
    name: str
    kind: str
    total: int
    rows: tuple[Listed, ...]
    notes: tuple[str, ...] = ()
    asked: Mapping[str, str | int | datetime | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Parent:
    """A parent of the model asked about: the edge, what is known of the parent, the tags and card values behind it."""

    edge: Edge
    model: Model
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelAnswer:
    """One model: its parents, what it counts, its direct children by relation, the families it derives from."""

    receipt: Receipt
    model: Model
    parents: tuple[Parent, ...]
    counts: Counts
    children: Mapping[str, int]
    families: tuple[str, ...]
    teachers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    arena: Place | None = None


@dataclass(frozen=True)
class SearchAnswer:
    """Hits, best first; `truncated` where more than the limit matched."""

    receipt: Receipt
    text: str
    results: tuple[Model, ...]
    truncated: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PathAnswer:
    """A chain of derivation from the lower model to the higher, or the common ancestors that join two models.

    `joint` is the nearest common ancestor where the two meet in one, else None; `edges` run child to parent.
    """

    receipt: Receipt
    start: str
    end: str
    nodes: tuple[Model, ...]
    edges: tuple[Edge, ...]
    joint: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Example:
    """One instance of a finding: which model, what was written, and a remark."""

    child: str | None
    value: str | None
    detail: str | None


@dataclass(frozen=True)
class Finding:
    """One kind of finding: how many, their share of what they are counted among, and the first examples by id."""

    kind: str
    meaning: str
    count: int
    share: float | None
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class AuditAnswer:
    """Data quality of a snapshot. `values_in` = `values_behind_edges` + findings that account for a written value."""

    receipt: Receipt
    rows: int
    models: int
    stubs: int
    quarantined: int
    edges: int
    edges_by_evidence: Mapping[str, int]
    edges_by_relation: Mapping[str, int]
    values_in: int
    values_behind_edges: int
    findings: tuple[Finding, ...]
    missing_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class FamilyLine:
    """A registry family as this snapshot sees it."""

    slug: str
    name: str
    organization: str
    country: str | None
    first_release: date | None
    members: int
    stubs: int
    source: str
    series: Mapping[str, int] = field(default_factory=dict)
    unmatched_patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class FamiliesAnswer:
    """The registry against a snapshot; with `--check` also double claims and large roots that no family claims."""

    receipt: Receipt
    families: tuple[FamilyLine, ...]
    double_claims: tuple[tuple[str, str, str], ...] = ()
    unclaimed_roots: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Month:
    """A month of `trends`: `key` is 2025-07, `whole` the new models that its shares are of.

    `finished` is false for the month in which the snapshot was taken.
    """

    key: str
    whole: int
    finished: bool


@dataclass(frozen=True)
class Trend:
    """One line of `trends`: a family, a country, or a band that holds the rest; a cell for each month of the answer.

    `new` counts under the answer's attribution. `share` is always fractional and exact, so that a month's shares sum
    to 1 over all lines; None in a month without new models.
    """

    name: str
    label: str
    band: bool
    new: tuple[Number, ...]
    share: tuple[Fraction | None, ...]
    total: Number


@dataclass(frozen=True)
class Mark:
    """A dated event of the registry within the months shown, with the sources that vouch for it."""

    slug: str
    on: date
    text: str
    source: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What narrowed an answer: names, the first and last month as they were given; how places are told apart."""

    names: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    scheme: str = "iso"


@dataclass(frozen=True)
class TrendsAnswer:
    """New derivatives a month, told apart by `by`: family, origin (the family's country) or country (the uploader's).

    `whole` sums the months; `undated` models stand in none of them. `asked` echoes the names and months asked for.
    """

    receipt: Receipt
    by: str
    months: tuple[Month, ...]
    lines: tuple[Trend, ...]
    whole: int
    whole_meaning: str
    undated: int
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    asked: Asked = Asked()


@dataclass(frozen=True)
class Rival:
    """A family that a claim ranks below its subject, by the same counter."""

    name: str
    then: Number | None
    now: Number | None


@dataclass(frozen=True)
class Held:
    """A figure of a claim held against one counter under one attribution.

    `by` tells what the subject is taken for: family, origin (its country's families) or country (its uploaders).
    `then` is the value on the figure's day and `now` the snapshot's, None where it cannot be told; shares are fractions
    of 1, of `then_of` and `now_of` models or downloads. `passed` is the first day (of shares: the first whole month) at
    which the figure was reached.
    `verdict` is one of holds, falls short, agrees, below, above, cannot be told.
    """

    counter: str
    attribution: str
    by: str
    then: Number | None
    now: Number | None
    passed: str | None
    verdict: str
    sentence: str
    rivals: tuple[Rival, ...] = ()
    then_of: int | None = None
    now_of: int | None = None


@dataclass(frozen=True)
class FigureAnswer:
    """One figure of a claim, as published, and every line it was held against.

    `then_from` is the receipt of the dated snapshot that `then` is counted on, deleted models among it; None where then
    is told by creation dates in the answer's own snapshot.
    """

    subject: str
    kind: str
    measure: str
    value: float
    bound: str
    on: date
    lines: tuple[Held, ...]
    remark: str | None = None
    then_from: Receipt | None = None


@dataclass(frozen=True)
class Cited:
    """A source of a claim."""

    title: str
    date: date | None
    where: str


@dataclass(frozen=True)
class ClaimAnswer:
    """A published statement, who made it, what it says it counts, and its figures held against the counters."""

    slug: str
    text: str
    who: str
    published: date | None
    counted: str
    sources: tuple[Cited, ...]
    figures: tuple[FigureAnswer, ...]


@dataclass(frozen=True)
class ClaimsAnswer:
    """Claims in registry order, or those asked for."""

    receipt: Receipt
    claims: tuple[ClaimAnswer, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One value of a receipt's document that does not come out again."""

    where: str
    said: str
    found: str


@dataclass(frozen=True)
class VerifyAnswer:
    """Whether a printed answer comes out again: `reasons` say why not, `differences` name the values that moved.

    `receipt` is that of the count made again, None where there was nothing to count on. `checked` values were compared.
    """

    question: str
    equal: bool
    checked: int
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...]
    receipt: Receipt | None


@dataclass(frozen=True)
class ExportAnswer:
    """Tables of every label and edge type (`lineage.schema`), of everything or of what stands around `names`.

    `totals` counts the rows of each table.
    """

    receipt: Receipt
    names: tuple[str, ...]
    tables: GraphTables
    totals: dict[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SnapshotLine:
    """A sealed snapshot as `snapshots` lists it.

    `bytes` of all its files, those that others share too; of them what the disk gets back where it alone is removed,
    `frees`. `checked_at` is when the Hub last had nothing newer.
    """

    id: str
    scope: str
    source: str
    as_of: datetime
    models: int
    quarantined: int
    simulated: bool
    complete: bool
    card: bool
    bytes: int
    frees: int
    sha256: str
    loaded: bool
    checked_at: datetime | None


@dataclass(frozen=True)
class Check:
    """One line of `doctor`: what was looked at, whether it is well, what was seen, what to try."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""
