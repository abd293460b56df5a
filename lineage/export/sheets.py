"""Answers as sheets: one row a thing, the columns that a person or a spreadsheet wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from lineage import answers as given
from lineage.domain import Model, Number, Table
from lineage.export import json
from lineage.export.sheet import Cell, Column, Kind, Sheet

BRIEF = (
    "rank",
    "name",
    "share",
    "direct",
    "derivatives",
    "organic",
    "trained",
    "publishers",
    "country",
    "arena_rank",
    "arena_score",
)
"""Columns of a leaderboard that stand on a terminal, beside the counter it ranks by; CSV has all."""

_MODEL = (
    Column("id"),
    Column("derivatives", "number"),
    Column("direct", "number"),
    Column("downloads", "number"),
    Column("likes", "number"),
    Column("created_at", "day", "created"),
    Column("license"),
)


def _model(model: Model) -> tuple[Cell, ...]:
    return (
        model.id,
        model.derivatives,
        model.direct,
        model.downloads,
        model.likes,
        model.created_at,
        "stub" if model.stub else model.license,
    )


def count(answer: given.CountAnswer) -> Sheet:
    """A row a name, a column a counter; with `--per` a row a slice."""
    if answer.per is not None:
        counters = list(answer.slices[0].values) if answer.slices else []
        columns = (Column("name"), Column(answer.per), *(Column(c, "number") for c in counters))
        rows = tuple((s.name, s.key, *(s.values.get(c) for c in counters)) for s in answer.slices)
        return Sheet(columns, rows)
    counters = list(answer.results[0].values) if answer.results else []
    columns = (Column("name"), Column("kind"), *(Column(counter, "number") for counter in counters))
    return Sheet(columns, tuple((r.name, r.kind, *(r.values.get(c) for c in counters)) for r in answer.results))


def curve(answer: given.CurveAnswer) -> Sheet:
    """A row a threshold: what is organic, what one publisher's and one name template's bulk leave out."""
    names = ("threshold", "organic", "out_by_publisher", "out_by_template")
    rows = tuple((p.threshold, p.organic, p.by_publisher, p.by_template) for p in answer.points)
    return Sheet(tuple(Column(name, "number") for name in names), rows)


def slices(answer: given.CountAnswer, headline: Sequence[str]) -> Sheet:
    """A row a slice for reading: the headline counters of one name, or `derivatives` of several side by side."""
    names = list(dict.fromkeys(s.name for s in answer.slices))
    keys = list(dict.fromkeys(s.key for s in answer.slices))
    by = {(s.name, s.key): s.values for s in answer.slices}
    cells = [(name, c) for name in names for c in headline] if len(names) == 1 else [(n, headline[0]) for n in names]
    titles = [counter if len(names) == 1 else name for name, counter in cells]
    columns = (Column(answer.per or "key"), *(Column(title, "number") for title in titles))
    rows = tuple(
        (key or "unknown", *(by.get((name, key), dict[str, Number | None]()).get(c, 0) for name, c in cells))
        for key in keys
    )
    return Sheet(columns, rows)


def top(answer: given.TopAnswer) -> Sheet:
    """A row a place: name, value, the counters beside it, share, country."""
    others = list(dict.fromkeys(c for line in answer.results for c in line.values if c != answer.by))
    shares = any(line.share is not None for line in answer.results)
    countries = any(line.country for line in answer.results)
    columns = [Column("rank", "number", "#"), Column("name"), Column(answer.by, "number")]
    columns += [Column("share", "share")] * shares
    columns += [Column(counter, "number") for counter in others]
    columns += [Column("country")] * countries
    placed = any(line.arena for line in answer.results)
    columns += [Column("arena_rank", "number", "arena"), Column("arena_score", "number", "score")] * placed
    rows = tuple(
        (
            place,
            line.name,
            line.value,
            *((line.share,) if shares else ()),
            *(line.values.get(counter) for counter in others),
            *((line.country,) if countries else ()),
            *(_placed(line.arena) if placed else ()),
        )
        for place, line in enumerate(answer.results, 1)
    )
    return Sheet(tuple(columns), rows)


def _placed(place: given.Place | None) -> tuple[Cell, Cell]:
    return (place.rank, place.score) if place else (None, None)


def only(sheet: Sheet, names: Sequence[str]) -> Sheet:
    """The sheet with the named columns alone, in its own order."""
    places = [place for place, column in enumerate(sheet.columns) if column.name in names]
    return Sheet(
        tuple(sheet.columns[place] for place in places),
        tuple(tuple(row[place] for place in places) for row in sheet.rows),
    )


def listing(answer: given.ListAnswer) -> Sheet:
    """A row a model of the list, its distance and relations first after the id."""
    columns = (_MODEL[0], Column("distance", "number", "far"), Column("relations"), *_MODEL[1:])
    rows = (
        (row.model.id, row.distance, " ".join(row.relations) or None, *_model(row.model)[1:]) for row in answer.rows
    )
    return Sheet(columns, tuple(rows))


def search(answer: given.SearchAnswer) -> Sheet:
    """A row a hit."""
    return Sheet(_MODEL, tuple(_model(hit) for hit in answer.results))


def path(answer: given.PathAnswer) -> Sheet:
    """A row an edge of the path."""
    columns = tuple(Column(name) for name in ("child", "parent", "relations", "evidence"))
    rows = ((e.child, e.parent, " ".join(e.relations), " ".join(e.evidence)) for e in answer.edges)
    return Sheet(columns, tuple(rows))


def parents(answer: given.ModelAnswer) -> Sheet:
    """A row a parent, with the evidence and what was written."""
    columns = (Column("parent"), Column("relations"), Column("evidence"), Column("written"))
    rows = (
        (p.edge.parent, " ".join(p.edge.relations) or None, " ".join(p.edge.evidence), " ; ".join(p.written) or None)
        for p in answer.parents
    )
    return Sheet(columns, tuple(rows))


def findings(answer: given.AuditAnswer) -> Sheet:
    """A row a kind of finding."""
    columns = (Column("kind", title="finding"), Column("count", "number"), Column("share", "share"), Column("meaning"))
    return Sheet(columns, tuple((f.kind, f.count, f.share, f.meaning) for f in answer.findings))


def families(answer: given.FamiliesAnswer) -> Sheet:
    """A row a family of the registry."""
    columns = (
        Column("slug", title="family"),
        Column("name"),
        Column("organization", title="maker"),
        Column("country"),
        Column("first_release", "day", "since"),
        Column("members", "number"),
        Column("stubs", "number"),
    )
    rows = ((f.slug, f.name, f.organization, f.country, f.first_release, f.members, f.stubs) for f in answer.families)
    return Sheet(columns, tuple(rows))


def snapshots(lines: Iterable[given.SnapshotLine]) -> Sheet:
    """A row a sealed snapshot, oldest first."""
    columns = (
        Column("id", title="snapshot"),
        Column("scope"),
        Column("as_of", "day", "as of"),
        Column("models", "number"),
        Column("quarantined", "number"),
        Column("bytes", "number"),
        Column("frees", "number"),
        Column("complete"),
        Column("card"),
        Column("simulated"),
        Column("loaded"),
        Column("source"),
    )
    return Sheet(columns, tuple(tuple(getattr(line, column.name) for column in columns) for line in lines))


def checks(lines: Iterable[given.Check]) -> Sheet:
    """A row a check of `doctor`."""
    columns = (Column("name"), Column("ok"), Column("seen"), Column("remedy"))
    return Sheet(columns, tuple((c.name, c.ok, c.seen, c.remedy) for c in lines))


def table(answer: Table) -> Sheet:
    """The rows of a Cypher answer; maps and lists as JSON."""
    rows = tuple(tuple(_cell(value) for value in row) for row in answer.rows)
    kinds = [_kind([row[place] for row in rows]) for place in range(len(answer.columns))]
    return Sheet(tuple(Column(name, kind) for name, kind in zip(answer.columns, kinds, strict=True)), rows)


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, (bool, int, float, str, date)):
        return value
    shown = json.plain(value)
    return shown if isinstance(shown, str) else json.compact(shown)


def _kind(cells: Sequence[Cell]) -> Kind:
    numbers = [cell for cell in cells if cell is not None]
    whole = all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in numbers)
    return "number" if numbers and whole else "text"
