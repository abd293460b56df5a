"""The sentences that stand under a number: what it leaves out, and why it may be a lower bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lineage import snapshots
from lineage.counters import Ground, Target
from lineage.domain import Attribution, Level
from lineage.mirror import KIND as MIRROR

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.tallies import Tally


def about(atlas: Atlas, level: Level, as_of: date | None) -> list[str]:
    """What holds for every number of an answer."""
    manifest = atlas.snapshot.manifest
    said = []
    if not manifest.card:
        said.append("Card data was not read: parents that only a card names are missing.")
    if manifest.kind == MIRROR:
        said += manifest.notes
    said += about_layer(atlas)
    if not manifest.complete:
        said.append("The crawl did not reach every descendant: transitive counts are lower bounds.")
    if atlas.summary.era:
        said.append(f"Era rule: {atlas.summary.era}.")
    if level is Level.HUB:
        said.append("Evidence hub: only edges that the Hub itself computed.")
    if as_of is not None:
        said.append(
            "As-of counts come from one snapshot: models deleted since are missing, so history is a lower bound. "
            "`active` needs a snapshot of that date; downloads and likes are the snapshot's own."
        )
        said += _dated(atlas, as_of)
    if atlas.registry.digest != atlas.summary.registry_digest:
        said.append("The names were resolved under another registry; `lineage load` with this one follows its aliases.")
    return said


def about_layer(atlas: Atlas) -> list[str]:
    """What a layer leaves out; nothing of a snapshot that is none."""
    manifest = atlas.snapshot.manifest
    if manifest.whole is None:
        return []
    said = (
        f"Lineage layer of {manifest.whole.id}: the {manifest.models:,} of its {manifest.whole.models:,} models that "
        "have a parent, a child or a family, so edges count the same; the others are neither found nor searched, and "
        "what needs them (named, downloads by all uploaders) is not told. lineage pull REPO --layer full has them."
    )
    return [said]


def _dated(atlas: Atlas, as_of: date) -> list[str]:
    """Where a snapshot of about that date is here, which holds what was deleted since: that it is the better answer."""
    own = atlas.snapshot.manifest
    found = [
        manifest
        for manifest in snapshots.listed(atlas.settings)
        if manifest.scope == own.scope and timedelta(0) <= as_of - manifest.as_of.date() < timedelta(days=8)
    ]
    if not found or max(found, key=lambda m: m.as_of).id == own.id:
        return []
    best = max(found, key=lambda m: m.as_of)
    return [f"Snapshot {best.id} is of {best.as_of:%Y-%m-%d}, deleted models included: lineage history counts on it."]


def about_cover(atlas: Atlas, targets: Sequence[Target]) -> list[str]:
    """What a crawl of some families or models says of the targets asked about."""
    if atlas.scope is None:
        return []
    said = [
        f"{target.name}: this snapshot was crawled for {', '.join(atlas.scope)}, so its numbers are lower bounds. "
        f"lineage crawl {target.name if target.kind == 'family' else 'ID'} asks for it; lineage load --snapshot ID "
        "goes back to another snapshot."
        for target in targets
        if not atlas.covers(target)
    ]
    said.append(
        "A crawl of families finds children by the Hub's tags: models that name a parent only in their card are "
        "missing, and tagged, named and taught need the whole Hub."
    )
    return said


def about_places(scheme: str) -> list[str]:
    """What places are, where they are no countries."""
    return ["Places are ATOM's regions, not ISO countries."] if scheme == "atom" else []


def about_scope(atlas: Atlas) -> list[str]:
    """What shares are of, where the snapshot holds less than the Hub."""
    scope = atlas.snapshot.manifest.scope
    return (
        []
        if scope == "hub" or atlas.snapshot.manifest.whole is not None
        else [f"Counts and shares are of what this snapshot holds ({scope}), not of the whole Hub."]
    )


def about_division(target: Target, attribution: Attribution) -> list[str]:
    """What holds for one target's numbers beyond attribution any."""
    if target.kind == "family":
        return []
    return [f"{target.name} is a model: attribution {attribution} divides between families, so it has no counts."]


def about_target(ground: Ground, target: Target, tally: Tally) -> list[str]:
    """What holds for one target's numbers under attribution any."""
    said = []
    if target.kind == "family" and not len(target.members):
        said.append(f"{target.name}: no member in this snapshot.")
    if tally.bulk:
        said.append(
            f"{target.name}: organic leaves out {tally.bulk:,} (bulk: over {ground.threshold:,} children of one "
            f"parent), {tally.bulk_by_publisher:,} by one publisher and {tally.bulk_by_template:,} of one name "
            "template; some are both."
        )
    if tally.several:
        who = "1 derivative has" if tally.several == 1 else f"{tally.several:,} derivatives have"
        said.append(
            f"{target.name}: {who} several relations and {'stands' if tally.several == 1 else 'stand'} in each."
        )
    return said
