"""`audit`, `families` and `snapshots`: what the data is worth, what the registry sees, what is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import attributions, checked, pruning, resolved
from lineage import audit as findings
from lineage import snapshots as sealed
from lineage.answers import AuditAnswer, Example, FamiliesAnswer, FamilyLine, Finding, SnapshotLine
from lineage.domain import Evidence, Level, Relation
from lineage.errors import LineageError
from lineage.registry.patterns import globs
from lineage.stores import loaded_snapshot

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Bits, Graph
    from lineage.registry import Family
    from lineage.settings import Settings
    from lineage.snapshots import Manifest


def audit(atlas: Atlas, *, examples: int = 5) -> AuditAnswer:
    """The snapshot's data quality: tallies that balance, and every kind of finding with its first examples."""
    manifest, summary = atlas.snapshot.manifest, atlas.summary
    listed = manifest.whole or manifest
    models = manifest.whole.models if manifest.whole else summary.models
    graph = atlas.graph(Level.DECLARED)
    nodes = pl.DataFrame({name: atlas.column(name) for name in ("id", "stub", "created_at")})
    table = pl.concat(
        [resolved.table(atlas.place, "findings"), findings.remarks(graph, nodes, atlas.members)], how="vertical"
    )
    return AuditAnswer(
        receipt=atlas.receipt("audit"),
        rows=listed.rows,
        models=models,
        stubs=summary.stubs,
        quarantined=listed.quarantined,
        edges=summary.edges,
        edges_by_evidence=_strongest(graph.evidence, Evidence),
        edges_by_relation=_strongest(graph.relations, Relation),
        values_in=summary.values_in,
        values_behind_edges=summary.values_behind_edges,
        findings=tuple(
            _finding(table, kind, summary, models, len(graph.child), examples) for kind in findings.MEANINGS
        ),
        missing_columns=manifest.missing_columns,
    )


def _strongest(bits: Bits, kind: type[Evidence] | type[Relation]) -> dict[str, int]:
    """Edges by their strongest bit: the lowest one."""
    lowest = bits & -bits.astype(np.int8)
    return {str(member): int((lowest == member.bit).sum()) for member in kind}


def _finding(
    table: pl.DataFrame, kind: str, summary: resolved.Summary, models: int, edges: int, examples: int
) -> Finding:
    rows = table.filter(pl.col("kind") == kind)
    among = {"stub": summary.stubs, "cycl": models, "re-u": models}.get(
        kind[:4], summary.values_in if rows["origin"].is_not_null().any() else edges
    )
    first = rows.unique("child", keep="first", maintain_order=True).head(examples)
    return Finding(
        kind=kind,
        meaning=findings.MEANINGS[kind],
        count=rows.height,
        share=rows.height / among if among else None,
        examples=tuple(
            Example(child, value, detail)
            for child, value, detail in first.select("child", "value", "detail").iter_rows()
        ),
    )


def families(atlas: Atlas, *, check: bool = False) -> FamiliesAnswer:
    """The registry's families as this snapshot sees them; with `check` also what the registry may have wrong."""
    lines = [_family_line(atlas, place) for place in range(len(atlas.registry.families))]
    return FamiliesAnswer(
        receipt=atlas.receipt("families"),
        families=tuple(lines),
        double_claims=_double_claims(atlas) if check else (),
        unclaimed_roots=_unclaimed_roots(atlas) if check else (),
    )


def _family_line(atlas: Atlas, place: int) -> FamilyLine:
    family = atlas.registry.families[place]
    owner = atlas.registry.organization(family.organization)
    members = attributions.members_of(atlas.members, place)
    ids = atlas.ids.gather(members).to_list()
    series: dict[str, int] = {}
    for id in ids:
        name = atlas.registry.series_of(family, id) or "other"
        series[name] = series.get(name, 0) + 1
    return FamilyLine(
        slug=family.slug,
        name=family.name,
        organization=owner.name if owner else family.organization,
        country=owner.country if owner else None,
        first_release=family.first_release,
        members=len(ids),
        stubs=int(atlas.column("stub").gather(members).sum()),
        source="; ".join(family.source),
        series=series,
        unmatched_patterns=_unmatched(family, [atlas.registry.canonical(id).lower() for id in ids]),
    )


def _unmatched(family: Family, ids: Sequence[str]) -> tuple[str, ...]:
    """Patterns that no member matches."""
    return tuple(pattern for pattern in family.include if not any(map(globs([pattern]).fullmatch, ids)))


def _double_claims(atlas: Atlas) -> tuple[tuple[str, str, str], ...]:
    """(id, claiming family, other family) for members that a second family's patterns match too."""
    found = []
    for id in atlas.ids.gather(atlas.members["node"].to_list()).to_list():
        first, *others = atlas.registry.matching(id) or (None,)
        found += [(id, first.slug, other.slug) for other in others if first is not None and other is not None]
    return tuple(found)


def _unclaimed_roots(atlas: Atlas, limit: int = 20) -> tuple[tuple[str, int], ...]:
    """Roots with most derivatives that reach no family and are no members."""
    graph: Graph = atlas.graph(Level.DECLARED)
    free = np.ones(graph.n, dtype=bool)
    free[atlas.members["node"].to_numpy()] = False
    free[graph.child] = False
    nodes = np.flatnonzero(free)
    counts = atlas.counts["derivatives"].to_numpy()[nodes]
    order = np.argsort(-counts, kind="stable")[:limit]
    return tuple((atlas.ids[int(nodes[i])], int(counts[i])) for i in order if counts[i])


def snapshots(settings: Settings) -> tuple[SnapshotLine, ...]:
    """Every sealed snapshot, oldest first."""
    loaded = _loaded(settings)
    return tuple(_line(settings, manifest, loaded) for manifest in sealed.listed(settings))


def _line(settings: Settings, m: Manifest, loaded: str | None) -> SnapshotLine:
    folder = settings.snapshots / m.id
    held, freed = pruning.sizes([folder])[folder]
    seen = checked.last(settings, m.id)
    return SnapshotLine(
        id=m.id,
        scope=m.scope,
        source=m.source,
        as_of=m.as_of,
        models=m.models,
        quarantined=m.quarantined,
        simulated=m.simulated,
        complete=m.complete,
        card=m.card,
        bytes=held,
        frees=freed,
        sha256=m.sha256,
        loaded=m.id == loaded,
        checked_at=seen.at if seen else None,
    )


def _loaded(settings: Settings) -> str | None:
    """The snapshot in the store; a store that cannot be reached has none to show."""
    try:
        return loaded_snapshot(settings)
    except LineageError:
        return None
