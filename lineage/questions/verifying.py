"""`verify`: makes the numbers of a printed answer again from snapshot and registry, and says whether they are equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lineage.answers import Difference, VerifyAnswer
from lineage.atlas import Atlas, opened
from lineage.counters import VERSIONS
from lineage.domain import Receipt
from lineage.errors import Fatal
from lineage.questions.counting import count
from lineage.questions.leaderboards import top
from lineage.questions.months import trends
from lineage.questions.quality import audit
from lineage.questions.raw import (
    Given,
    Raw,
    Recipe,
    Values,
    day,
    entries,
    found_here,
    loose,
    number,
    numbers,
    record,
    records,
    text,
    texts,
)
from lineage.questions.remaking import RECIPES
from lineage.questions.statements import claims

if TYPE_CHECKING:
    from lineage.settings import Settings

SHOWN = 20
"""Differences that an answer lists; the reasons say how many there are."""


def verify(settings: Settings, document: object) -> VerifyAnswer:
    """Whether the numbers of a `--json` answer come out again, and why not.

    Raises `Fatal` where the document is no answer that can be asked again.
    """
    raw = record(document, "the document")
    told = record(raw.get("receipt"), "its receipt")
    question = text(told, "question")
    recipe = _RECIPES.get(question)
    if recipe is None:
        why = f": {_WITHOUT[question]}" if question in _WITHOUT else ""
        raise Fatal(f"An answer to {question!r} cannot be verified{why}. Try one to: {', '.join(_RECIPES)}.")
    id, reasons = found_here(settings, told)
    if id is None:
        return VerifyAnswer(question, False, 0, tuple(reasons), (), None)
    with opened(settings, snapshot=id) as atlas:
        receipt, found = recipe.again(atlas, raw, Given(atlas, told))
    said = recipe.said(raw)
    moved = [key for key in dict.fromkeys((*said, *found)) if said.get(key, _ABSENT) != found.get(key, _ABSENT)]
    reasons += _moved(told, receipt)
    if moved:
        reasons.append(f"{len(moved):,} of {len(said):,} values differ")
    differences = tuple(Difference(key, _shown(said, key), _shown(found, key)) for key in moved[:SHOWN])
    return VerifyAnswer(question, not reasons, len(said), tuple(reasons), differences, receipt)


_ABSENT = "(absent)"

_WITHOUT: Mapping[str, str] = {
    "cypher": "the query is not in it and the store answers it; run the query again and compare",
    "search": "it lists ids and counts nothing of its own; model and derivatives have the numbers",
    "tree": "it is a drawing of a part; model and derivatives have its numbers",
    "path": "it shows edges and counts none; license and ancestors have them with their evidence",
}
"""Why an answer has nothing to be made again, by question."""


def _shown(values: Values, key: str) -> str:
    return str(values.get(key, _ABSENT))


def _moved(told: Raw, receipt: Receipt) -> list[str]:
    said = []
    if text(told, "registry_digest") != receipt.registry_digest:
        said.append(
            f"other registry: the receipt says {text(told, 'registry_version')} "
            f"({text(told, 'registry_digest')[:6]}), here is {receipt.registry_version} "
            f"({receipt.registry_digest[:6]}); --registry FILE lays another one over it"
        )
    for counter, version in record(told.get("counters"), "its counters").items():
        if VERSIONS.get(counter) != version:
            said.append(f"counter version moved: {counter} was v{version}, here it is v{VERSIONS.get(counter, 'none')}")
    return said


def _scheme(raw: Raw) -> str:
    """How places were told apart; answers of earlier versions knew one way."""
    return text(raw, "country_scheme") if "country_scheme" in raw else "iso"


def _count_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    names = [text(result, "name") for result in records(raw, "results")]
    per = raw.get("per")
    answer = count(
        atlas,
        names,
        attribution=given.attribution,
        evidence=given.level,
        as_of=given.as_of,
        per=per if isinstance(per, str) else None,
        threshold=given.threshold,
        scheme=_scheme(raw),
    )
    values: Values = {f"{r.name} {counter}": value for r in answer.results for counter, value in r.values.items()}
    values |= {f"{s.name} {s.key} {counter}": value for s in answer.slices for counter, value in s.values.items()}
    return answer.receipt, values


def _count_said(raw: Raw) -> Values:
    values: Values = {}
    for result in records(raw, "results"):
        values |= {f"{text(result, 'name')} {key}": value for key, value in numbers(result, "counts")}
    for piece in records(raw, "slices") if "slices" in raw else ():
        values |= {f"{piece.get('name')} {piece.get('key')} {key}": value for key, value in numbers(piece, "counts")}
    return values


def _top_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = top(
        atlas,
        kind=text(raw, "kind"),
        by=text(raw, "by"),
        limit=len(records(raw, "results")),
        attribution=given.attribution,
        evidence=given.level,
        as_of=given.as_of,
        threshold=given.threshold,
        scheme=_scheme(raw),
    )
    values: Values = {"whole": answer.whole}
    for place, line in enumerate(answer.results, 1):
        values |= {f"#{place}": line.name, f"{line.name}": line.value, f"{line.name} share": line.share}
        values |= {f"{line.name} {counter}": value for counter, value in line.values.items()}
    return answer.receipt, values


def _top_said(raw: Raw) -> Values:
    values: Values = {"whole": number(raw.get("whole"))}
    for place, line in enumerate(records(raw, "results"), 1):
        name = text(line, "name")
        values |= {f"#{place}": name, name: number(line.get("value")), f"{name} share": number(line.get("share"))}
        values |= {f"{name} {key}": value for key, value in numbers(line, "counts")}
    return values


def _trends_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    asked = record(raw.get("asked"), "what was asked")
    answer = trends(
        atlas,
        by=text(raw, "by"),
        names=texts(asked, "names"),
        evidence=given.level,
        attribution=given.attribution,
        since=day(asked, "since"),
        until=day(asked, "until"),
        scheme=_scheme(asked),
    )
    values: Values = {"whole": answer.whole, "undated": answer.undated}
    values |= {month.key: month.whole for month in answer.months}
    for line in answer.lines:
        values[line.name] = line.total
        for month, new, share in zip(answer.months, line.new, line.share, strict=True):
            values |= {f"{line.name} {month.key} new": new, f"{line.name} {month.key} share": share}
    return answer.receipt, values


def _trends_said(raw: Raw) -> Values:
    months = [text(month, "month") for month in records(raw, "months")]
    values: Values = {"whole": number(raw.get("whole")), "undated": number(raw.get("undated"))}
    values |= {text(month, "month"): number(month.get("whole")) for month in records(raw, "months")}
    for line in records(raw, "lines"):
        name = text(line, "name")
        values[name] = number(line.get("total"))
        for kind in ("new", "share"):
            cells = entries(line, kind)
            for month, cell in zip(months, cells, strict=False):
                values[f"{name} {month} {kind}"] = number(cell)
    return values


def _claims_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = claims(atlas, [text(claim, "claim") for claim in records(raw, "results")])
    values: Values = {}
    for claim in answer.claims:
        for place, figure in enumerate(claim.figures, 1):
            for line in figure.lines:
                key = f"{claim.slug} figure {place} {line.counter} {line.attribution} by {line.by}"
                values |= {f"{key} then": line.then, f"{key} now": line.now, f"{key} passed": line.passed}
                values |= {f"{key} verdict": line.verdict, f"{key} sentence": line.sentence}
    return answer.receipt, values


def _claims_said(raw: Raw) -> Values:
    values: Values = {}
    for claim in records(raw, "results"):
        for place, figure in enumerate(records(claim, "figures"), 1):
            for line in records(figure, "lines"):
                who = f"{line.get('counter')} {line.get('attribution')} by {line.get('by')}"
                key = f"{claim.get('claim')} figure {place} {who}"
                values |= {f"{key} then": number(line.get("then")), f"{key} now": number(line.get("now"))}
                values |= {f"{key} {name}": loose(line.get(name)) for name in ("passed", "verdict", "sentence")}
    return values


_SUMS = ("rows", "models", "stubs", "quarantined", "edges", "values_in", "values_behind_edges")


def _audit_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = audit(atlas, examples=0)
    values: Values = {name: getattr(answer, name) for name in _SUMS}
    values |= {f"finding {finding.kind}": finding.count for finding in answer.findings}
    return answer.receipt, values


def _audit_said(raw: Raw) -> Values:
    values: Values = {name: number(raw.get(name)) for name in _SUMS}
    for kind, finding in record(raw.get("findings"), "its findings").items():
        values[f"finding {kind}"] = number(record(finding, f"finding {kind}").get("count"))
    return values


_RECIPES: Mapping[str, Recipe] = {
    "count": Recipe(_count_again, _count_said),
    "top": Recipe(_top_again, _top_said),
    "trends": Recipe(_trends_again, _trends_said),
    "claims": Recipe(_claims_again, _claims_said),
    "audit": Recipe(_audit_again, _audit_said),
    **RECIPES,
}
