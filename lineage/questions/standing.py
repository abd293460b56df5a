"""The arena's rank and score beside what is asked: a model's own line, a family's best official model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineage import arena, attributions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineage.answers import Place, Ranked
    from lineage.arena import Arena
    from lineage.atlas import Atlas


def standing(atlas: Atlas) -> Arena | None:
    """The newest imported arena table, mapped to this snapshot's official models; None where there is none."""
    found = arena.newest(atlas.settings)
    if found is None:
        return None
    on, source, table = found
    members = atlas.ids.gather(atlas.members["node"].to_list()).to_list()
    return arena.Arena(on, source, arena.mapped(table, arena.names(atlas.registry), atlas.registry, members))


def beside(atlas: Atlas, kind: str, results: Sequence[Ranked]) -> tuple[tuple[Ranked, ...], list[str]]:
    """The lines of a leaderboard with their arena place, and notes that say where it comes from."""
    shown = standing(atlas) if kind in ("family", "model") else None
    if shown is None:
        return tuple(results), []
    by_id = {atlas.registry.canonical(id): place for id, place in shown.by_id.items()}
    lines = [replace(line, arena=_best(atlas, kind, line.name, by_id)) for line in results]
    return tuple(lines), remarks(shown)


def place(atlas: Atlas, shown: Arena, id: str) -> Place | None:
    """The line of one model, None where it has none."""
    return {atlas.registry.canonical(one): line for one, line in shown.by_id.items()}.get(id)


def _best(atlas: Atlas, kind: str, name: str, by_id: dict[str, Place]) -> Place | None:
    if kind == "model":
        return by_id.get(name)
    place = next(i for i, family in enumerate(atlas.registry.families) if family.slug == name)
    ids = atlas.ids.gather(attributions.members_of(atlas.members, place)).to_list()
    found = [by_id[id] for id in ids if id in by_id]
    return min(found, key=lambda one: (one.rank is None, one.rank or 0, one.name), default=None)


def remarks(shown: Arena) -> list[str]:
    """Where rank and score come from, and how much of the table is not beside anything."""
    closed = sum(place.weights == arena.CLOSED for place in shown.places)
    said = (
        f"arena: rank and score of {shown.source}, {shown.on}; {len(shown.by_id):,} of {len(shown.places):,} names "
        f"mapped to the Hub, {closed:,} of makers or models without open weights, {len(shown.unmapped):,} not mapped."
    )
    return [said]
