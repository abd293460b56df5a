"""What is curated: organisations, families, old names, edges that cards omit, licences, claims. TOML with sources."""

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
from lineage.registry.loading import load, texts
from lineage.registry.naming import Names
from lineage.registry.registry import Registry

__all__ = [
    "Claim",
    "CuratedEdge",
    "Family",
    "Figure",
    "License",
    "LicenseClass",
    "Marker",
    "Names",
    "Organization",
    "Registry",
    "Series",
    "Source",
    "TeacherEdge",
    "load",
    "texts",
]
