"""`verify`: makes the numbers of a printed answer again from snapshot and registry, and says whether they are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from lineage import snapshots
from lineage.answers import Difference, VerifyAnswer
from lineage.atlas import Atlas, opened
from lineage.counters import VERSIONS
from lineage.domain import Attribution, Level, Number, Receipt
from lineage.errors import Fatal
from lineage.questions.counting import count
from lineage.questions.leaderboards import top
from lineage.questions.months import trends
from lineage.questions.quality import audit
from lineage.questions.statements import claims

if TYPE_CHECKING:
    from lineage.settings import Settings

Value: TypeAlias = "Number | float | str | None"
Values: TypeAlias = "dict[str, Value]"
Raw: TypeAlias = "Mapping[str, object]"

SHOWN = 20
"""Differences that an answer lists; the reasons say how many there are."""


def verify(settings: Settings, document: object) -> VerifyAnswer:
    """Whether the numbers of a `--json` answer come out again, and why not.

    Raises `Fatal` where the document is no answer that can be asked again.
    """
    raw = _record(document, "the document")
    told = _record(raw.get("receipt"), "its receipt")
    question = _text(told, "question")
    recipe = _RECIPES.get(question)
    if recipe is None:
        raise Fatal(f"An answer to {question!r} cannot be verified. Try one to: {', '.join(_RECIPES)}.")
    id, reasons = _snapshot(settings, told)
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


def _shown(values: Values, key: str) -> str:
    return str(values.get(key, _ABSENT))


def _snapshot(settings: Settings, told: Raw) -> tuple[str | None, list[str]]:
    """The snapshot here with the rows that the receipt names, by id, else by digest; and what is wrong with it."""
    id, digest = _text(told, "snapshot"), _text(told, "snapshot_sha256")
    here = {manifest.id: manifest for manifest in snapshots.listed(settings)}
    same = [manifest.id for manifest in here.values() if manifest.sha256 == digest]
    if same:
        return (id if id in same else same[-1]), []
    if id in here:
        return id, [f"other snapshot: {id} here has the digest {here[id].sha256[:12]}, the receipt says {digest[:12]}"]
    return None, [f"other snapshot: {id} (sha {digest[:12]}) is not here; {len(here)} others are"]


def _moved(told: Raw, receipt: Receipt) -> list[str]:
    said = []
    if _text(told, "registry_digest") != receipt.registry_digest:
        said.append(
            f"other registry: the receipt says {_text(told, 'registry_version')} "
            f"({_text(told, 'registry_digest')[:6]}), here is {receipt.registry_version} "
            f"({receipt.registry_digest[:6]}); --registry FILE lays another one over it"
        )
    for counter, version in _record(told.get("counters"), "its counters").items():
        if VERSIONS.get(counter) != version:
            said.append(f"counter version moved: {counter} was v{version}, here it is v{VERSIONS.get(counter, 'none')}")
    return said


@dataclass(frozen=True)
class Given:
    """What a receipt says of how it was counted."""

    atlas: Atlas
    told: Raw

    @property
    def level(self) -> Level:
        """Which edges were walked."""
        return Level(_one_of(self.told, "evidence", Level))

    @property
    def attribution(self) -> Attribution:
        """What a family got of a divided derivative."""
        return Attribution(_one_of(self.told, "attribution", Attribution))

    @property
    def threshold(self) -> int:
        """Where bulk began."""
        value = self.told.get("threshold")
        if isinstance(value, bool) or not isinstance(value, int):
            raise Fatal(f"The receipt's threshold is {value!r}, not a number. Take the answer as it was printed.")
        return value

    @property
    def as_of(self) -> date | None:
        """The day asked for; None where it is the snapshot's own moment."""
        moment = datetime.fromisoformat(_moment(self.told))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return None if moment == self.atlas.snapshot.manifest.as_of else moment.date()


@dataclass(frozen=True)
class Recipe:
    """How an answer is asked again, and which values of its document are compared."""

    again: Callable[[Atlas, Raw, Given], tuple[Receipt, Values]]
    said: Callable[[Raw], Values]


def _count_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    names = [_text(result, "name") for result in _records(raw, "results")]
    per = raw.get("per")
    answer = count(
        atlas,
        names,
        attribution=given.attribution,
        evidence=given.level,
        as_of=given.as_of,
        per=per if isinstance(per, str) else None,
        threshold=given.threshold,
    )
    values: Values = {f"{r.name} {counter}": value for r in answer.results for counter, value in r.values.items()}
    values |= {f"{s.name} {s.key} {counter}": value for s in answer.slices for counter, value in s.values.items()}
    return answer.receipt, values


def _count_said(raw: Raw) -> Values:
    values: Values = {}
    for result in _records(raw, "results"):
        values |= {f"{_text(result, 'name')} {key}": value for key, value in _numbers(result, "counts")}
    for piece in _records(raw, "slices") if "slices" in raw else ():
        values |= {f"{piece.get('name')} {piece.get('key')} {key}": value for key, value in _numbers(piece, "counts")}
    return values


def _top_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = top(
        atlas,
        kind=_text(raw, "kind"),
        by=_text(raw, "by"),
        limit=len(_records(raw, "results")),
        attribution=given.attribution,
        evidence=given.level,
        as_of=given.as_of,
        threshold=given.threshold,
    )
    values: Values = {"whole": answer.whole}
    for place, line in enumerate(answer.results, 1):
        values |= {f"#{place}": line.name, f"{line.name}": line.value, f"{line.name} share": line.share}
        values |= {f"{line.name} {counter}": value for counter, value in line.values.items()}
    return answer.receipt, values


def _top_said(raw: Raw) -> Values:
    values: Values = {"whole": _number(raw.get("whole"))}
    for place, line in enumerate(_records(raw, "results"), 1):
        name = _text(line, "name")
        values |= {f"#{place}": name, name: _number(line.get("value")), f"{name} share": _number(line.get("share"))}
        values |= {f"{name} {key}": value for key, value in _numbers(line, "counts")}
    return values


def _trends_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    asked = _record(raw.get("asked"), "what was asked")
    answer = trends(
        atlas,
        by=_text(raw, "by"),
        names=_texts(asked, "names"),
        evidence=given.level,
        attribution=given.attribution,
        since=_day(asked, "since"),
        until=_day(asked, "until"),
    )
    values: Values = {"whole": answer.whole, "undated": answer.undated}
    values |= {month.key: month.whole for month in answer.months}
    for line in answer.lines:
        values[line.name] = line.total
        for month, new, share in zip(answer.months, line.new, line.share, strict=True):
            values |= {f"{line.name} {month.key} new": new, f"{line.name} {month.key} share": share}
    return answer.receipt, values


def _trends_said(raw: Raw) -> Values:
    months = [_text(month, "month") for month in _records(raw, "months")]
    values: Values = {"whole": _number(raw.get("whole")), "undated": _number(raw.get("undated"))}
    values |= {_text(month, "month"): _number(month.get("whole")) for month in _records(raw, "months")}
    for line in _records(raw, "lines"):
        name = _text(line, "name")
        values[name] = _number(line.get("total"))
        for kind in ("new", "share"):
            cells = _list(line, kind)
            for month, cell in zip(months, cells, strict=False):
                values[f"{name} {month} {kind}"] = _number(cell)
    return values


def _claims_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = claims(atlas, [_text(claim, "claim") for claim in _records(raw, "results")])
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
    for claim in _records(raw, "results"):
        for place, figure in enumerate(_records(claim, "figures"), 1):
            for line in _records(figure, "lines"):
                who = f"{line.get('counter')} {line.get('attribution')} by {line.get('by')}"
                key = f"{claim.get('claim')} figure {place} {who}"
                values |= {f"{key} then": _number(line.get("then")), f"{key} now": _number(line.get("now"))}
                values |= {f"{key} {name}": _loose(line.get(name)) for name in ("passed", "verdict", "sentence")}
    return values


_SUMS = ("rows", "models", "stubs", "quarantined", "edges", "values_in", "values_behind_edges")


def _audit_again(atlas: Atlas, raw: Raw, given: Given) -> tuple[Receipt, Values]:
    answer = audit(atlas, examples=0)
    values: Values = {name: getattr(answer, name) for name in _SUMS}
    values |= {f"finding {finding.kind}": finding.count for finding in answer.findings}
    return answer.receipt, values


def _audit_said(raw: Raw) -> Values:
    values: Values = {name: _number(raw.get(name)) for name in _SUMS}
    for kind, finding in _record(raw.get("findings"), "its findings").items():
        values[f"finding {kind}"] = _number(_record(finding, f"finding {kind}").get("count"))
    return values


_RECIPES: Mapping[str, Recipe] = {
    "count": Recipe(_count_again, _count_said),
    "top": Recipe(_top_again, _top_said),
    "trends": Recipe(_trends_again, _trends_said),
    "claims": Recipe(_claims_again, _claims_said),
    "audit": Recipe(_audit_again, _audit_said),
}


def _wrong(what: str) -> Fatal:
    return Fatal(f"This is no answer that lineage printed with --json: {what}. Take the file as it was printed.")


def _record(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(f"{what} is no object")
    return {str(key): item for key, item in value.items()}


def _list(raw: Raw, name: str) -> list[object]:
    value = raw.get(name)
    if not isinstance(value, list):
        raise _wrong(f"{name!r} is no list")
    return value


def _records(raw: Raw, name: str) -> list[dict[str, object]]:
    return [_record(item, f"an entry of {name!r}") for item in _list(raw, name)]


def _text(raw: Raw, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise _wrong(f"{name!r} is no text")
    return value


def _texts(raw: Raw, name: str) -> list[str]:
    return [str(item) for item in _list(raw, name)]


def _one_of(raw: Raw, name: str, allowed: Iterable[str]) -> str:
    value = _text(raw, name)
    if value not in set(allowed):
        raise _wrong(f"{name} {value!r} is none of {', '.join(allowed)}")
    return value


def _moment(raw: Raw) -> str:
    text = _text(raw, "as_of")
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong(f"as_of {text!r} is no time") from error
    return text


def _day(raw: Raw, name: str) -> date | None:
    value = raw.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(f"{name} {value!r} is no date") from error


def _numbers(raw: Raw, name: str) -> Iterable[tuple[str, Value]]:
    return [(key, _number(value)) for key, value in _record(raw.get(name), f"{name!r}").items()]


def _number(value: object) -> Value:
    """A number as the document writes it: whole, exact as p/q, or a float; other text stays, and then differs."""
    if isinstance(value, str):
        try:
            return Fraction(value) if "/" in value else value
        except (ValueError, ZeroDivisionError):
            return value
    return _loose(value)


def _loose(value: object) -> Value:
    if value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool)):
        return value
    return repr(value)
