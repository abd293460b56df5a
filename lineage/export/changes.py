"""The answers of `diff` and `history` as text, JSON and sheets."""

from __future__ import annotations

from collections.abc import Sequence

from lineage.changes import DiffAnswer, HistoryAnswer, Past
from lineage.export import json, receipts
from lineage.export.json import Json
from lineage.export.plain import Look, day, plural, printable
from lineage.export.sheet import Cell, Column, Sheet, drawn

HEADLINE = ("derivatives", "direct", "organic", "trained", "publishers")
"""Counters of a history on a terminal; CSV and JSON have all."""

_SIDES = ("before", "after")
_KINDS = ("new", "gone", "renamed", "moved", "gated")


def diff_text(answer: DiffAnswer, look: Look) -> str:
    """What is new, gone, renamed, moved and gated since, then the families then and now."""
    before, after = answer.before, answer.after
    one, two = (f"{printable(side.snapshot)} (as of {day(side.as_of)})" for side in (before, after))
    body = [
        f"{one} → {two}",
        f"models {answer.models[0]:,} → {answer.models[1]:,}",
        "",
    ]
    for kind in _KINDS:
        body.append(look.bold(f"{kind} {answer.totals[kind]:,}"))
        shown = _lines(answer, kind)
        body += [f"  {line}" for line in shown]
        if answer.totals[kind] > len(shown):
            body.append(f"  {answer.totals[kind] - len(shown):,} more; --limit 0 lists all")
    if answer.families:
        body += ["", *drawn(families(answer), look)]
    said = receipts.lines(before)
    return receipts.page(after, look, [*body, "", look.dim("before: " + said[1])], answer.notes)


def left_out(answer: DiffAnswer, kinds: Sequence[str] = _KINDS) -> str:
    """A sentence on what `--limit` kept out of a table of these kinds; empty where that is nothing."""
    cut = {kind: answer.totals[kind] - len(_lines(answer, kind)) for kind in kinds}
    told = ", ".join(f"{number:,} {kind}" for kind, number in cut.items() if number)
    return told and f"Left out: {told}; --limit 0 lists all."


def _lines(answer: DiffAnswer, kind: str) -> list[str]:
    if kind == "renamed":
        return [f"{printable(old)} → {printable(new)}" for old, new in answer.renamed]
    if kind == "moved":
        return [f"{printable(m.id)}: {_parents(m.lost)} → {_parents(m.gained)}" for m in answer.moved]
    if kind == "gated":
        return [f"{printable(id)}: {printable(how)}" for id, how in answer.gated]
    return [printable(id) for id in (answer.new if kind == "new" else answer.gone)]


def _parents(ids: Sequence[str]) -> str:
    return ", ".join(map(printable, ids)) or "none"


def families(answer: DiffAnswer) -> Sheet:
    """A row a family: members and derivatives, then and now."""
    numbers = ("members_before", "members_after", "derivatives_before", "derivatives_after", "change")
    rows = tuple((f.slug, *f.members, *f.derivatives, f.derivatives[1] - f.derivatives[0]) for f in answer.families)
    return Sheet((Column("family"), *(Column(name, "number", name.replace("_", " ")) for name in numbers)), rows)


def diff_sheet(answer: DiffAnswer) -> Sheet:
    """A row a change: its kind, the id now, what it was before, what it is."""
    rows: list[tuple[Cell, ...]] = [("new", id, None, None) for id in answer.new]
    rows += [("gone", id, None, None) for id in answer.gone]
    rows += [("renamed", new, old, new) for old, new in answer.renamed]
    rows += [("moved", m.id, " ".join(m.lost) or None, " ".join(m.gained) or None) for m in answer.moved]
    rows += [("gated", id, "false", how) for id, how in answer.gated]
    return Sheet(tuple(map(Column, ("change", "id", "before", "after"))), tuple(rows))


def diff_document(answer: DiffAnswer) -> Json:
    """Totals and lists; `receipt` is the later snapshot's, `before` the earlier one's."""
    return {
        "receipt": json.fields(answer.after),
        "before": json.fields(answer.before),
        "models": {"before": answer.models[0], "after": answer.models[1]},
        "totals": dict(answer.totals),
        "new": list(answer.new),
        "gone": list(answer.gone),
        "renamed": [{"before": old, "after": new} for old, new in answer.renamed],
        "moved": [{"id": m.id, "lost": list(m.lost), "gained": list(m.gained)} for m in answer.moved],
        "gated": [{"id": id, "before": "false", "after": how} for id, how in answer.gated],
        "families": [
            {
                "family": f.slug,
                "members": {"before": f.members[0], "after": f.members[1]},
                "derivatives": {name: json.number(n) for name, n in zip(_SIDES, f.derivatives, strict=True)},
            }
            for f in answer.families
        ],
        "notes": list(answer.notes),
    }


def history_text(answer: HistoryAnswer, look: Look) -> str:
    """A row a snapshot, and the names of the gone below."""
    body = [f"{printable(answer.name)} over {plural(len(answer.lines), 'snapshot')} of {printable(answer.scope)}", ""]
    body += drawn(history_sheet(answer, HEADLINE), look)
    for line in answer.lines:
        if line.names:
            rest = (line.gone or 0) - len(line.names)
            more = f" and {rest:,} more" if rest else ""
            body += ["", f"gone by {day(line.as_of)}: {', '.join(map(printable, line.names))}{more}"]
    return receipts.page(answer.receipt, look, body, answer.notes)


def history_sheet(answer: HistoryAnswer, counters: Sequence[str] = ()) -> Sheet:
    """A row a snapshot: members, counters, and the derivatives new, gone and left since the one before."""
    names = counters or tuple(answer.lines[0].values if answer.lines else ())
    heads = (Column("as_of", "day", "as of"), Column("snapshot", whole=True), Column("members", "number"))
    ends = (Column("new", "number"), Column("gone", "number"), Column("left", "number"))
    rows = tuple(
        (p.as_of, p.receipt.snapshot, p.members, *(p.values.get(name) for name in names), p.new, p.gone, p.left)
        for p in answer.lines
    )
    return Sheet((*heads, *(Column(name, "number") for name in names), *ends), rows)


def history_document(answer: HistoryAnswer) -> Json:
    """Every snapshot with its own receipt."""
    return {
        "receipt": json.fields(answer.receipt),
        "name": answer.name,
        "kind": answer.kind,
        "scope": answer.scope,
        "history": [_past(line) for line in answer.lines],
        "notes": list(answer.notes),
    }


def _past(line: Past) -> Json:
    return {
        "as_of": json.time(line.as_of),
        "snapshot": line.receipt.snapshot,
        "members": line.members,
        "counts": {name: json.number(value) for name, value in line.values.items()},
        "new": line.new,
        "gone": line.gone,
        "left": line.left,
        "gone_names": list(line.names),
        "receipt": json.fields(line.receipt),
    }
