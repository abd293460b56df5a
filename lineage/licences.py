"""Licences along the path: what a class asks, what a child kept of its parent's, what is inherited. Pure; no advice.

Rules: docs/definitions.md. The identifiers use the Hub's spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lineage.domain import Receipt
from lineage.registry import LicenseClass, Registry


class Kept(StrEnum):
    """What a child's declared licence does to its parent's, by class."""

    KEPT = "kept"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Declared:
    """What one model declares, and how the registry reads it.

    `license` is the identifier as stated; `license_name` and `license_link` are the card's, beside `other`. `title` is
    the registry's name for it. `verified` is false where the class is background knowledge, or not known at all.
    """

    id: str
    stub: bool
    license: str | None
    license_name: str | None
    license_link: str | None
    license_class: LicenseClass
    title: str
    verified: bool


@dataclass(frozen=True)
class LicenseEdge:
    """One derivation above the model asked about; `distance` is that of the child."""

    child: str
    parent: str
    relations: tuple[str, ...]
    distance: int
    finding: Kept


@dataclass(frozen=True)
class LicenseAnswer:
    """The licences of a model and of all above it, with a finding an edge.

    `above` are the ancestors, nearest first. `inherited` is the strictest class known upstream and `inherited_from` who
    states it, nearest first; `unclear` counts ancestors whose class nobody knows. `finding` holds the model against all
    above it together; None where nothing is above.
    """

    receipt: Receipt
    model: Declared
    above: tuple[Declared, ...]
    edges: tuple[LicenseEdge, ...]
    inherited: LicenseClass | None
    inherited_from: tuple[str, ...]
    unclear: int
    finding: Kept | None
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> frozenset[Kept]:
        """Every finding of the answer, the edges' and the whole chain's."""
        whole = {self.finding} if self.finding else set()
        return frozenset({edge.finding for edge in self.edges} | whole)


def declared(
    registry: Registry, id: str, stub: bool, license: str | None, name: str | None, link: str | None
) -> Declared:
    """What a model declares, as the registry reads it; beside `other` the card's name decides, where it is known."""
    read = registry.license(license)
    if read.license_class is LicenseClass.OTHER and name and name.strip():
        named = registry.license(name)
        read = read if named.license_class is LicenseClass.MISSING else named
    stated = license if license and license.strip() else None
    return Declared(id, stub, stated, name, link, read.license_class, read.name, read.verified)


def finding(child: LicenseClass, parent: LicenseClass) -> Kept:
    """The finding on an edge; a class that is not known makes it unknown, so nothing unclear passes as kept."""
    if child is LicenseClass.MISSING and parent is not LicenseClass.MISSING:
        return Kept.DROPPED
    here, above = child.strictness, parent.strictness
    if here is None or above is None:
        return Kept.UNKNOWN
    if here == above:
        return Kept.KEPT
    return Kept.TIGHTENED if here > above else Kept.LOOSENED


def strictest(classes: Iterable[LicenseClass]) -> LicenseClass | None:
    """The strictest class that is known; None where none is."""
    known = [one for one in classes if one.strictness is not None]
    return max(known, key=lambda one: one.strictness or 0, default=None)


def whole(own: LicenseClass, above: Iterable[LicenseClass]) -> Kept | None:
    """A model against everything upstream: against the strictest class there, unknown where that could be stricter."""
    upstream = tuple(above)
    if not upstream:
        return None
    if own is LicenseClass.MISSING:
        stated = any(one is not LicenseClass.MISSING for one in upstream)
        return Kept.DROPPED if stated else Kept.UNKNOWN
    most = strictest(upstream)
    found = finding(own, most) if most else Kept.UNKNOWN
    unclear = any(one.strictness is None for one in upstream)
    return Kept.UNKNOWN if unclear and found is not Kept.LOOSENED else found
