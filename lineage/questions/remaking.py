"""How answers that list, look, compare or export are made again for `verify`: numbers by name, now and as printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lineage.atlas import opened
from lineage.domain import Receipt
from lineage.errors import Fatal, NotFound
from lineage.questions.exporting import export
from lineage.questions.history import diff, history
from lineage.questions.licensing import license
from lineage.questions.listing import ancestors, derivatives
from lineage.questions.looking import model
from lineage.questions.quality import families
from lineage.questions.raw import (
    Given,
    Raw,
    Recipe,
    Value,
    Values,
    found_here,
    loose,
    number,
    numbers,
    record,
    records,
    text,
    texts,
)

if TYPE_CHECKING:
    from lineage.answers import ListAnswer, Listed
    from lineage.atlas import Atlas
    from lineage.snapshots import Manifest


def _derivatives_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    asked = record(raw.get("asked"), "what was asked")
    return _listed(
        derivatives(
            atlas,
            text(raw, "name"),
            relation=_word(asked, "relation"),
            depth=_whole(asked, "depth"),
            publisher=_word(asked, "publisher"),
            since=_time(asked, "since"),
            sort=_word(asked, "sort") or "derivatives",
            limit=_whole(asked, "limit"),
            evidence=given.level,
        )
    )


def _ancestors_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    asked = record(raw.get("asked"), "what was asked")
    depth, limit = _whole(asked, "depth"), _whole(asked, "limit")
    return _listed(ancestors(atlas, text(raw, "name"), depth=depth, limit=limit, evidence=given.level))


_OF_ROWS = ("distance", "downloads", "likes", "direct", "derivatives", "depth")


def _listed(answer: ListAnswer) -> tuple[Receipt, Values]:
    values: Values = {"total": answer.total}
    for place, row in enumerate(answer.rows, 1):
        values[f"#{place}"] = row.model.id
        values |= {f"{row.model.id} {name}": _of_row(row, name) for name in _OF_ROWS}
    return answer.receipt, values


def _of_row(row: Listed, name: str) -> Value:
    found: Value = row.distance if name == "distance" else getattr(row.model, name)
    return found


def _list_said(raw: Raw) -> Values:
    values: Values = {"total": number(raw.get("total"))}
    for place, row in enumerate(records(raw, "results"), 1):
        id = text(row, "id")
        values[f"#{place}"] = id
        values |= {f"{id} {name}": number(row.get(name)) for name in _OF_ROWS}
    return values


def _model_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = model(atlas, text(raw, "id"), evidence=given.level)
    values: Values = dict(answer.counts.values)
    values |= {f"children {relation}": count for relation, count in answer.children.items()}
    return answer.receipt, values | {f"parent {place}": one.edge.parent for place, one in enumerate(answer.parents, 1)}


def _model_said(raw: Raw) -> Values:
    values: Values = dict(numbers(raw, "counts"))
    values |= {f"children {relation}": count for relation, count in numbers(raw, "children")}
    return values | {f"parent {place}": text(one, "id") for place, one in enumerate(records(raw, "parents"), 1)}


def _license_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = license(atlas, text(raw, "id"), evidence=given.level)
    values: Values = {
        "inherited": answer.inherited and str(answer.inherited),
        "unclear": answer.unclear,
        "finding": answer.finding and str(answer.finding),
    }
    values |= {f"{edge.child} -> {edge.parent}": str(edge.finding) for edge in answer.edges}
    return answer.receipt, values | {one.id: str(one.license_class) for one in (answer.model, *answer.above)}


def _license_said(raw: Raw) -> Values:
    values: Values = {name: loose(raw.get(name)) for name in ("inherited", "unclear", "finding")}
    values |= {f"{text(e, 'child')} -> {text(e, 'parent')}": text(e, "finding") for e in records(raw, "edges")}
    return values | {text(one, "id"): text(one, "class") for one in (raw, *records(raw, "ancestors"))}


def _families_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = families(atlas)
    values: Values = {}
    for line in answer.families:
        values |= {f"{line.slug} members": line.members, f"{line.slug} stubs": line.stubs}
    return answer.receipt, values


def _families_said(raw: Raw) -> Values:
    values: Values = {}
    for line in records(raw, "families"):
        slug = text(line, "slug")
        values |= {f"{slug} {name}": number(line.get(name)) for name in ("members", "stubs")}
    return values


def _other(atlas: Atlas, told: Raw) -> Atlas:
    """The atlas of another snapshot that the answer rests on."""
    id, reasons = found_here(atlas.settings, told)
    if id is None or reasons:
        raise NotFound(f"The answer rests on another snapshot too: {reasons[0]}.")
    return opened(atlas.settings, snapshot=id)


def _diff_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    with _other(atlas, record(raw.get("before"), "the receipt before")) as before:
        answer = diff(before, atlas, limit=0, evidence=given.level, attribution=given.attribution)
    told = record(raw.get("totals"), "its totals")
    totals = {name: total for name, total in answer.totals.items() if name != "gated" or name in told}
    values: Values = {"models before": answer.models[0], "models after": answer.models[1], **totals}
    for line in answer.families:
        for name, pair in (("members", line.members), ("derivatives", line.derivatives)):
            values |= {f"{line.slug} {name} before": pair[0], f"{line.slug} {name} after": pair[1]}
    return answer.after, values


def _diff_said(raw: Raw) -> Values:
    values: Values = {f"models {side}": value for side, value in numbers(raw, "models")} | dict(numbers(raw, "totals"))
    for line in records(raw, "families"):
        for name in ("members", "derivatives"):
            values |= {f"{text(line, 'family')} {name} {side}": value for side, value in numbers(line, name)}
    return values


def _history_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    with ExitStack() as stack:
        told = [record(line.get("receipt"), "a line's receipt") for line in records(raw, "history")]
        here = [stack.enter_context(_other(atlas, one)) for one in told]
        answer = history(
            atlas.settings,
            text(raw, "name"),
            _by_manifest(here),
            scope=text(raw, "scope"),
            evidence=given.level,
            attribution=given.attribution,
            among={one.snapshot.manifest.id for one in here},
        )
    values: Values = {}
    sayings = _sayings(raw)
    for line in answer.lines:
        told_of: Values = {name: getattr(line, name) for name in sayings} | dict(line.values)
        values |= {f"{line.receipt.snapshot} {name}": value for name, value in told_of.items()}
    return answer.receipt, values


def _sayings(raw: Raw) -> tuple[str, ...]:
    """What a history says of a line beside its counts; an older one does not say who left."""
    said = any("left" in line for line in records(raw, "history"))
    return ("members", "new", "gone", *(["left"] if said else []))


def _by_manifest(here: Iterable[Atlas]) -> Callable[[Manifest], Atlas]:
    known = {one.snapshot.manifest.id: one for one in here}
    return lambda manifest: known[manifest.id]


def _history_said(raw: Raw) -> Values:
    values: Values = {}
    for line in records(raw, "history"):
        told: Values = {name: number(line.get(name)) for name in _sayings(raw)}
        told |= dict(numbers(line, "counts"))
        values |= {f"{text(line, 'snapshot')} {name}": value for name, value in told.items()}
    return values


def _export_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = export(atlas, texts(raw, "names"))
    return answer.receipt, dict(answer.totals)


def _export_said(raw: Raw) -> Values:
    return dict(numbers(raw, "totals"))


def _word(raw: Raw, name: str) -> str | None:
    return None if raw.get(name) is None else text(raw, name)


def _whole(raw: Raw, name: str) -> int | None:
    value = raw.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise Fatal(f"{name} is {value!r}, not a number. Take the answer as it was printed.")
    return value


def _time(raw: Raw, name: str) -> datetime | None:
    value = _word(raw, name)
    try:
        moment = None if value is None else datetime.fromisoformat(value)
    except ValueError as error:
        raise Fatal(f"{name} is {value!r}, not a time. Take the answer as it was printed.") from error
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


RECIPES: Mapping[str, Recipe] = {
    "derivatives": Recipe(_derivatives_again, _list_said),
    "ancestors": Recipe(_ancestors_again, _list_said),
    "model": Recipe(_model_again, _model_said),
    "license": Recipe(_license_again, _license_said),
    "families": Recipe(_families_again, _families_said),
    "diff": Recipe(_diff_again, _diff_said),
    "history": Recipe(_history_again, _history_said),
    "export": Recipe(_export_again, _export_said),
}
"""By question; those that count, rank, audit or hold claims are in `verifying`."""
