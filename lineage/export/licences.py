"""The answer of `license` as text, JSON and a sheet."""

from __future__ import annotations

from collections import Counter

from lineage.export import json, receipts
from lineage.export.json import Json
from lineage.export.plain import Look, mix, plural, printable
from lineage.export.sheet import Column, Sheet, drawn
from lineage.licences import Declared, Kept, LicenseAnswer, LicenseEdge
from lineage.registry import LicenseClass

MEANINGS = {
    Kept.KEPT: "the same class as the parent's",
    Kept.TIGHTENED: "a stricter class than the parent's",
    Kept.LOOSENED: "a class that asks less than the parent's",
    Kept.DROPPED: "the parent states a licence, the child none",
    Kept.UNKNOWN: "a class on one side is not known, so nothing can be said",
}
"""What each finding says, in a sentence's half."""


def stated(one: Declared) -> str:
    """The licence as a person reads it: the identifier, beside `other` the card's name, or why there is none."""
    if one.stub:
        return "not in the snapshot"
    if one.license is None:
        return "none stated"
    return f"{one.license}: {one.license_name}" if one.license_name and one.license.lower() == "other" else one.license


def text(answer: LicenseAnswer, look: Look) -> str:
    """The model's own licence, what is inherited, and the edges upwards with the finding of each."""
    own = answer.model
    body = [look.bold(printable(own.id)), f"  {printable(stated(own))} · {own.license_class}"]
    if own.license_link:
        body.append(f"  {printable(own.license_link)}")
    body += [f"  {line}" for line in _inherited(answer)]
    if answer.edges:
        body += ["", *drawn(_brief(answer), look), ""]
        found = Counter(str(edge.finding) for edge in answer.edges)
        body.append(f"{plural(len(answer.edges), 'edge')} upwards: {mix(found.items())}")
        body += [look.dim(f"  {kind}: {meaning}") for kind, meaning in MEANINGS.items() if kind in answer.findings]
    links = {one.license_link: stated(one) for one in answer.above if one.license_link}
    body += [look.dim(f"  {printable(name)}: {printable(link)}") for link, name in links.items()]
    return receipts.page(answer.receipt, look, body, answer.notes)


def _inherited(answer: LicenseAnswer) -> list[str]:
    if answer.finding is None:
        return ["derives from no model known here, so no licence is inherited"]
    if answer.inherited is None:
        return [f"nothing known upstream: {plural(answer.unclear, 'ancestor')} of unknown class → {answer.finding}"]
    first = answer.inherited_from[0]
    others = f" and {len(answer.inherited_from) - 1} more" if len(answer.inherited_from) > 1 else ""
    said = f"strictest upstream: {answer.inherited}, of {printable(first)}{others} → {answer.finding}"
    unclear = f"{plural(answer.unclear, 'ancestor')} of unknown class may be stricter"
    return [said, unclear] if answer.unclear else [said]


def _brief(answer: LicenseAnswer) -> Sheet:
    known = {one.id: one for one in (answer.model, *answer.above)}
    columns = ("model", "licence", "finding", "parent", "its licence", "its class")
    rows = (
        (edge.child, stated(known[edge.child]), str(edge.finding), edge.parent, *_of(known[edge.parent]))
        for edge in answer.edges
    )
    return Sheet(tuple(Column(name, whole=name == "finding") for name in columns), tuple(rows))


def _of(one: Declared) -> tuple[str, str]:
    return stated(one), str(one.license_class)


def sheet(answer: LicenseAnswer) -> Sheet:
    """A row an edge, with both ends' licences."""
    known = {one.id: one for one in (answer.model, *answer.above)}
    ends = [f"{end}_{name}" for end in ("child", "parent") for name in ("license", "license_name", "class")]
    columns = (Column("child"), Column("parent"), Column("distance", "number"), Column("finding"), *map(Column, ends))
    return Sheet(columns, tuple(_row(edge, known[edge.child], known[edge.parent]) for edge in answer.edges))


def _row(edge: LicenseEdge, child: Declared, parent: Declared) -> tuple[str | int | None, ...]:
    ends = [(one.license, one.license_name, str(one.license_class)) for one in (child, parent)]
    return (edge.child, edge.parent, edge.distance, str(edge.finding), *ends[0], *ends[1])


def document(answer: LicenseAnswer, *, failed: tuple[Kept, ...] = ()) -> Json:
    """The answer as JSON; `failed` are the findings asked for with `--fail-on` that are there."""
    return {
        **_declared(answer.model),
        "inherited": _class(answer.inherited),
        "inherited_from": list(answer.inherited_from),
        "unclear": answer.unclear,
        "finding": None if answer.finding is None else str(answer.finding),
        "findings": {str(kind): sum(edge.finding is kind for edge in answer.edges) for kind in Kept},
        "failed": [str(kind) for kind in failed],
        "edges": [_edge(edge) for edge in answer.edges],
        "ancestors": [_declared(one) for one in answer.above],
        "notes": list(answer.notes),
        "receipt": json.fields(answer.receipt),
    }


def _class(one: LicenseClass | None) -> str | None:
    return None if one is None else str(one)


def _declared(one: Declared) -> dict[str, Json]:
    return {
        "id": one.id,
        "stub": one.stub,
        "license": one.license,
        "license_name": one.license_name,
        "license_link": one.license_link,
        "class": str(one.license_class),
        "title": one.title,
        "verified": one.verified,
    }


def _edge(edge: LicenseEdge) -> Json:
    relations = list(edge.relations)
    ends: dict[str, Json] = {"child": edge.child, "parent": edge.parent, "relations": relations}
    return {**ends, "distance": edge.distance, "finding": str(edge.finding)}
