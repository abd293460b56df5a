"""What entries say of one another: the organisations, sources and namespaces they name must exist and agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lineage.registry import names
from lineage.registry.entries import Organization
from lineage.registry.registry import Registry
from lineage.registry.tables import KEYED, PAIRS, Layers, known


def check(layers: Layers, registry: Registry, today: date) -> None:
    """Raise Fatal for the first entry that contradicts another one, or a user's that lies after `today`."""
    _sources(layers)
    _renames(layers, registry)
    owners = _namespaces(layers, registry)
    _families(layers, registry, owners)
    _claims(layers, registry)
    _dates(layers, registry, today)


def _sources(layers: Layers) -> None:
    sources = {entry.key: entry for entry in layers.of("sources")}
    for kind in (*KEYED, *PAIRS):
        for entry in layers.of(kind) if kind != "sources" else ():
            for key in entry.texts("source"):
                if key not in sources:
                    raise entry.wrong(known("source", key, sources))


def _renames(layers: Layers, registry: Registry) -> None:
    tails = {"renamed_namespaces": "/x", "aliases": ""}
    entries = [(entry, tail) for kind, tail in tails.items() for entry in layers.of(kind)]
    for entry, tail in sorted(entries, key=lambda pair: not pair[0].user):
        if names.loops(entry.key + tail, registry.aliases, registry.renamed_namespaces):
            raise entry.wrong("following its new names comes back to it")


def _namespaces(layers: Layers, registry: Registry) -> dict[str, Organization]:
    """Who owns each namespace, in lower case; two owners are a mistake, and so is a rename between owners."""
    owners: dict[str, Organization] = {}
    for entry, one in zip(layers.of("organizations"), registry.organizations, strict=True):
        for space in one.namespaces:
            other = owners.setdefault(space.lower(), one)
            if other is not one:
                raise entry.wrong(f"namespace {space!r} is also {other.slug}'s")
    for entry in layers.of("renamed_namespaces"):
        new = owners.get(registry.canonical(f"{entry.key}/x").partition("/")[0].lower())
        old = owners.setdefault(entry.key.lower(), new) if new else owners.get(entry.key.lower())
        if old is not new:
            raise entry.wrong("its old and new namespace belong to different organisations")
    return owners


def _families(layers: Layers, registry: Registry, owners: Mapping[str, Organization]) -> None:
    organizations = {one.slug: one for one in registry.organizations}
    for entry, family in zip(layers.of("families"), registry.families, strict=True):
        if family.organization not in organizations:
            raise entry.wrong(known("organization", family.organization, organizations))
        own = organizations[family.organization]
        partners = {space.lower() for space in entry.texts("partners")}
        for pattern in (*family.include, *family.exclude):
            space = pattern.partition("/")[0].lower()
            if owners.get(space) is not own and space not in partners:
                raise entry.wrong(f"pattern {pattern!r} is outside the namespaces of {own.slug} and the partners named")


def _claims(layers: Layers, registry: Registry) -> None:
    families = {family.slug: family for family in registry.families}
    for entry, claim in zip(layers.of("claims"), registry.published, strict=True):
        subjects = [figure.subject for figure in claim.figures if figure.kind == "family"]
        for slug in (*subjects, *claim.ahead_of):
            if slug not in families:
                raise entry.wrong(known("family", slug, families))


def _dates(layers: Layers, registry: Registry, today: date) -> None:
    for kind, field in (("families", "first_release"), ("released", "date"), ("markers", "date")):
        for entry in layers.of(kind):
            day = entry.day(field)
            if entry.user and day is not None and day > today:
                raise entry.wrong(f"{field} {day} is in the future")
    for entry in layers.of("released"):
        family, day = registry.claim(entry.key), entry.some_day("date")
        if family and family.first_release and day < family.first_release:
            raise entry.wrong(f"{day} is before the first release of {family.slug}, {family.first_release}")
