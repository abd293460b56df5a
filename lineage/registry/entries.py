"""The registry's entries as frozen types; every one names the sources it rests on, by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class LicenseClass(StrEnum):
    """What a licence asks, from least to most restrictive; the last two say that nobody knows."""

    PERMISSIVE = "permissive"
    COPYLEFT = "copyleft"
    USE_RESTRICTED = "use-restricted"
    NON_COMMERCIAL = "non-commercial"
    OTHER = "other"
    MISSING = "missing"

    @property
    def strictness(self) -> int | None:
        """Place in the order of strictness, 0 for the least; None where the class is not known."""
        if self in (LicenseClass.OTHER, LicenseClass.MISSING):
            return None
        return list(LicenseClass).index(self)


@dataclass(frozen=True)
class Source:
    """Where a fact comes from: a title, when it was published or read, and where to find it."""

    key: str
    title: str
    date: date | None
    where: str


@dataclass(frozen=True)
class Organization:
    """Who stands behind one or more namespaces.

    `country` is the ISO 3166 code of the headquarters, None where unknown. `region` is ATOM's bucket: china, us, eu,
    other or unknown. `verified` is false where the facts are background knowledge.
    """

    slug: str
    name: str
    country: str | None
    region: str
    kind: str
    namespaces: tuple[str, ...]
    source: tuple[str, ...]
    verified: bool
    note: str | None = None


@dataclass(frozen=True)
class Series:
    """A line within a family; `patterns` are globs on the part after the slash, the first series that fits wins."""

    name: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """A maker's line of official models.

    `include` and `exclude` are globs on `org/name`, case aside. `pins_in` and `pins_out` are single ids that win over
    the globs. `namespaces` are those that the patterns name, old spellings of renamed ones too. `name_pattern` is a
    regular expression on the part after the slash, for the counter `named`.
    """

    slug: str
    name: str
    organization: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    first_release: date | None
    series: tuple[Series, ...]
    name_pattern: str | None
    pins_in: tuple[str, ...]
    pins_out: tuple[str, ...]
    namespaces: tuple[str, ...]
    source: tuple[str, ...]
    verified: bool
    note: str | None = None


@dataclass(frozen=True)
class CuratedEdge:
    """A child and a parent that its card does not state; `relation` is one of the Hub's four or unspecified."""

    child: str
    parent: str
    relation: str
    source: tuple[str, ...]
    verified: bool


@dataclass(frozen=True)
class TeacherEdge:
    """A student and the model that taught it; not weights, never counted as derivation."""

    student: str
    teacher: str
    source: tuple[str, ...]
    verified: bool


@dataclass(frozen=True)
class License:
    """A licence identifier of the Hub, or a `license_name` of cards that say `other`."""

    id: str
    name: str
    license_class: LicenseClass
    source: tuple[str, ...]
    verified: bool


@dataclass(frozen=True)
class Figure:
    """One number of a claim.

    `subject` is a family slug or, for `kind` country, an ISO code. `measure` is derivatives, share_of_new or
    share_of_downloads; shares are in percent. `bound` is `=` or `>`. `on` is the day it speaks of.
    """

    subject: str
    kind: str
    measure: str
    value: float
    bound: str
    on: date


@dataclass(frozen=True)
class Claim:
    """A published statement that lineage can be held against.

    `who` said it, `published` when; `counted` tells what was counted as far as the source says. `ahead_of` names the
    families that the statement ranks below its first figure's subject.
    """

    slug: str
    text: str
    who: str
    published: date | None
    counted: str
    figures: tuple[Figure, ...]
    ahead_of: tuple[str, ...]
    source: tuple[str, ...]
    verified: bool


@dataclass(frozen=True)
class Marker:
    """A dated event to draw across charts."""

    slug: str
    on: date
    text: str
    source: tuple[str, ...]
    verified: bool
