"""Entries as TOML gives them to entries as frozen types; each builder knows the fields of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeAlias

from lineage.registry.entries import (
    Claim,
    CuratedEdge,
    Family,
    Figure,
    License,
    LicenseClass,
    Marker,
    Organization,
    Series,
    Source,
    TeacherEdge,
)
from lineage.registry.patterns import glob_fault, id_fault, name_fault, regex_fault
from lineage.registry.tables import Entry

REGIONS = ("china", "us", "eu", "other", "unknown")
KINDS = ("company", "lab", "university", "nonprofit", "community", "government")
RELATIONS = ("finetune", "merge", "adapter", "quantized", "unspecified")
MEASURES = ("derivatives", "share_of_new", "share_of_downloads")

_FAITH = ("source", "verified")

Fault: TypeAlias = Callable[[str], str | None]


def source(entry: Entry) -> Source:
    """Where facts come from, by key."""
    entry.allow("title", "date", "where")
    return Source(entry.key, entry.text("title"), entry.day("date"), entry.text("where"))


def organization(entry: Entry) -> Organization:
    """An organisation; its namespaces are checked against others later."""
    entry.allow("name", "country", "region", "kind", "namespaces", "note", *_FAITH)
    country = entry.optional("country")
    if country is not None and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise entry.wrong(f"country {country!r} is no ISO 3166 code of two capitals")
    spaces = entry.texts("namespaces")
    _valid(entry, spaces, id_fault)
    _valid(entry, spaces, lambda space: f"namespace {space!r} has a slash" if "/" in space else None)
    return Organization(
        slug=entry.key,
        name=entry.text("name"),
        country=country,
        region=entry.one_of("region", REGIONS),
        kind=entry.one_of("kind", KINDS),
        namespaces=spaces,
        source=_cited(entry),
        verified=entry.flag("verified", True),
        note=entry.optional("note"),
    )


def family(entry: Entry, renamed: Mapping[str, str]) -> Family:
    """A family; `renamed` maps old namespaces to new ones, so that `namespaces` holds both spellings."""
    entry.allow(
        "name", "organization", "include", "exclude", "partners", "first_release", "series", "name_pattern",
        "pins_in", "pins_out", "note", *_FAITH,
    )  # fmt: skip
    include, exclude = entry.texts("include"), entry.texts("exclude")
    _valid(entry, (*include, *exclude), glob_fault)
    pins_in, pins_out = entry.texts("pins_in"), entry.texts("pins_out")
    _valid(entry, (*pins_in, *pins_out), id_fault)
    if both := sorted(set(pins_in) & set(pins_out)):
        raise entry.wrong(f"{both[0]!r} is pinned in and out")
    if not include and not pins_in:
        raise entry.wrong("lacks 'include'")
    regex = entry.optional("name_pattern")
    if regex and entry.user:  # compiling the package's own hundred would double the time to load; a test does it
        _valid(entry, (regex,), regex_fault)
    return Family(
        slug=entry.key,
        name=entry.text("name"),
        organization=entry.text("organization"),
        include=include,
        exclude=exclude,
        first_release=entry.day("first_release"),
        series=_series(entry),
        name_pattern=regex,
        pins_in=pins_in,
        pins_out=pins_out,
        namespaces=_spellings((p.partition("/")[0] for p in include), renamed),
        source=_cited(entry),
        verified=entry.flag("verified", True),
        note=entry.optional("note"),
    )


def _spellings(spaces: Iterable[str], renamed: Mapping[str, str]) -> tuple[str, ...]:
    named = set(spaces)
    named |= {new for old, new in renamed.items() if old in named}
    return tuple(sorted(named | {old for old, new in renamed.items() if new in named}))


def _series(entry: Entry) -> tuple[Series, ...]:
    table = entry.raw.get("series", {})
    if not isinstance(table, dict):
        raise entry.wrong("'series' must be a table of names and globs")
    inner = Entry(entry.file, f"{entry.label}.series", "", table)
    built = tuple(Series(name, inner.texts(name)) for name in table)
    for one in built:
        _valid(inner, one.patterns, name_fault)
        if not one.patterns:
            raise inner.wrong(f"{one.name!r} has no glob")
    return built


def alias(entry: Entry) -> tuple[str, str]:
    """The old and the new id."""
    entry.allow("to", *_FAITH)
    _cited(entry)
    new = entry.text("to")
    _valid(entry, (entry.key, new), id_fault)
    if new == entry.key:
        raise entry.wrong("is an alias to itself")
    return entry.key, new


def renamed_namespace(entry: Entry) -> tuple[str, str]:
    """The old and the new namespace."""
    old, new = alias(entry)
    for space in (old, new):
        if "/" in space:
            raise entry.wrong(f"{space!r} is an id, not a namespace")
    return old, new


def released(entry: Entry) -> tuple[str, date]:
    """A model's id and the day it came out, where the Hub's creation date misleads."""
    entry.allow("date", *_FAITH)
    _cited(entry)
    _valid(entry, (entry.key,), id_fault)
    return entry.key, entry.some_day("date")


def curated(entry: Entry) -> CuratedEdge:
    """A child and the parent that its card leaves out."""
    entry.allow("child", "parent", "relation", *_FAITH)
    child, parent = _ends(entry, "child", "parent")
    relation = entry.one_of("relation", RELATIONS)
    return CuratedEdge(child, parent, relation, _cited(entry), entry.flag("verified", True))


def teacher(entry: Entry) -> TeacherEdge:
    """A student and its teacher."""
    entry.allow("student", "teacher", *_FAITH)
    student, taught_by = _ends(entry, "student", "teacher")
    return TeacherEdge(student, taught_by, _cited(entry), entry.flag("verified", True))


def _ends(entry: Entry, low: str, high: str) -> tuple[str, str]:
    ends = entry.text(low), entry.text(high)
    _valid(entry, ends, id_fault)
    if ends[0] == ends[1]:
        raise entry.wrong(f"{low} and {high} are one model")
    return ends


def license_entry(entry: Entry) -> License:
    """A licence identifier and its class."""
    entry.allow("name", "class", *_FAITH)
    kind = entry.one_of("class", tuple(LicenseClass))
    return License(entry.key, entry.text("name"), LicenseClass(kind), _cited(entry), entry.flag("verified", True))


def claim(entry: Entry) -> Claim:
    """A published statement with its figures."""
    entry.allow("text", "who", "published", "counted", "figures", "ahead_of", *_FAITH)
    return Claim(
        slug=entry.key,
        text=entry.text("text"),
        who=entry.text("who"),
        published=entry.day("published"),
        counted=entry.text("counted"),
        figures=tuple(_figure(part) for part in entry.parts("figures")),
        ahead_of=entry.texts("ahead_of"),
        source=_cited(entry),
        verified=entry.flag("verified", True),
    )


def _figure(entry: Entry) -> Figure:
    entry.allow("subject", "kind", "measure", "value", "bound", "on")
    return Figure(
        subject=entry.text("subject"),
        kind=entry.one_of("kind", ("family", "country")),
        measure=entry.one_of("measure", MEASURES),
        value=entry.number("value"),
        bound=entry.one_of("bound", ("=", ">")),
        on=entry.some_day("on"),
    )


def marker(entry: Entry) -> Marker:
    """A dated event."""
    entry.allow("date", "text", *_FAITH)
    return Marker(entry.key, entry.some_day("date"), entry.text("text"), _cited(entry), entry.flag("verified", True))


def arena_name(entry: Entry) -> tuple[str, str | None]:
    """LMArena's name of a model and its id on the Hub, None where its weights are closed."""
    entry.allow("id", "closed", *_FAITH)
    _cited(entry)
    if entry.flag("closed", False) is ("id" in entry.raw):
        raise entry.wrong("needs either an 'id' or 'closed = true'")
    id = entry.optional("id") if "id" in entry.raw else None
    _valid(entry, (id,) if id else (), id_fault)
    return entry.key.lower(), id


def _cited(entry: Entry) -> tuple[str, ...]:
    keys = entry.texts("source")
    if not keys:
        raise entry.wrong("lacks 'source'")
    return keys


def _valid(entry: Entry, values: Iterable[str], fault: Fault) -> None:
    for value in values:
        if what := fault(value):
            raise entry.wrong(what)
