"""The registry as one value: families, organisations, old names, licences, claims, and look-ups among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from lineage.registry import names
from lineage.registry.claiming import Claims
from lineage.registry.entries import (
    Claim,
    CuratedEdge,
    Family,
    License,
    LicenseClass,
    Marker,
    Organization,
    Source,
    TeacherEdge,
)
from lineage.registry.patterns import globs

if TYPE_CHECKING:
    import polars as pl

_UNSTATED = License("", "none stated", LicenseClass.MISSING, (), True)


@dataclass(frozen=True, eq=False)
class Registry:
    """Everything curated, checked; `digest` changes with the content, not with the layout of its files.

    `families` are in registry order: the first whose patterns match claims a model. `aliases` and
    `renamed_namespaces` map old names to newer ones, one step at a time; `canonical` follows them. `arena` maps
    LMArena's names, in lower case, to ids; None where the weights are closed.
    """

    version: str
    digest: str
    sources: Mapping[str, Source]
    organizations: tuple[Organization, ...]
    families: tuple[Family, ...]
    aliases: Mapping[str, str]
    renamed_namespaces: Mapping[str, str]
    curated: tuple[CuratedEdge, ...]
    teachers: tuple[TeacherEdge, ...]
    released: Mapping[str, date]
    licenses: Mapping[str, License]
    published: tuple[Claim, ...]
    markers: tuple[Marker, ...]
    arena: Mapping[str, str | None]

    def family(self, slug: str) -> Family | None:
        """The family of this slug."""
        return self._families.get(slug)

    def organization(self, slug: str) -> Organization | None:
        """The organisation of this slug."""
        return self._organizations.get(slug)

    def organization_of(self, namespace: str | None) -> Organization | None:
        """Who stands behind a namespace: by exact spelling, then case aside, then by the namespace's new name."""
        if namespace is None:
            return None
        found = self._spaces.get(namespace) or self._folded_spaces.get(namespace.casefold())
        new = self.renamed_namespaces.get(namespace)
        return found or (self.organization_of(new) if new else None)

    @cached_property
    def known_namespaces(self) -> tuple[str, ...]:
        """Every namespace, lower-cased, behind which `organization_of` may know somebody."""
        return tuple(sorted({*map(str.lower, self._folded_spaces), *map(str.lower, self.renamed_namespaces)}))

    def canonical(self, id: str) -> str:
        """The newest name of an id; a name without alias comes back as it is. Applying it twice changes nothing."""
        return names.canonical(id, self.aliases, self.renamed_namespaces)

    def claim(self, id: str) -> Family | None:
        """The family that claims an id: one that pins it, else the first whose patterns match."""
        return next(iter(self.matching(id)), None)

    def matching(self, id: str) -> tuple[Family, ...]:
        """Every family that matches an id, the claiming one first."""
        return tuple(self.families[place] for place in self._claims.places(id))

    def claims(self, ids: pl.Series) -> pl.DataFrame:
        """`claim` for many ids, claimed ones only: `row` (u32, place in `ids`), `family` (u16, place in `families`)."""
        return self._claims.table(ids)

    def series_of(self, family: Family, id: str) -> str | None:
        """The name of the family's series that a member belongs to, None where none fits."""
        name = self.canonical(id).lower().rpartition("/")[2]
        return next((one for one, fits in self._series[family.slug] if fits.fullmatch(name)), None)

    def license(self, identifier: str | None) -> License:
        """A licence by the Hub's identifier, case aside; unknown ones are of class `other`, none is `missing`."""
        if identifier is None or not identifier.strip():
            return _UNSTATED
        unknown = License(identifier, identifier, LicenseClass.OTHER, (), False)
        return self.licenses.get(identifier.strip().lower(), unknown)

    @cached_property
    def _families(self) -> dict[str, Family]:
        return {family.slug: family for family in self.families}

    @cached_property
    def _organizations(self) -> dict[str, Organization]:
        return {organization.slug: organization for organization in self.organizations}

    @cached_property
    def _spaces(self) -> dict[str, Organization]:
        return {space: one for one in self.organizations for space in one.namespaces}

    @cached_property
    def _folded_spaces(self) -> dict[str, Organization]:
        return {space.casefold(): one for space, one in self._spaces.items()}

    @cached_property
    def _claims(self) -> Claims:
        return Claims(self.families, self.aliases, self.renamed_namespaces)

    @cached_property
    def _series(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        return {f.slug: [(s.name, globs(s.patterns)) for s in f.series] for f in self.families}
