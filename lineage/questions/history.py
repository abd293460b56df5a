"""`diff` and `history`: what changed between snapshots of the record, counted on each one's own columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import attributions, changes, counters, snapshots
from lineage.changes import DiffAnswer, FamilyChange, HistoryAnswer, Moved, Past
from lineage.counters import VERSIONS
from lineage.domain import Attribution, Level, Number, exact
from lineage.errors import NoData, NotFound
from lineage.questions import naming

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Ints
    from lineage.settings import Settings
    from lineage.snapshots import Manifest

ALONE = (
    "From one snapshot history is a lower bound: what was deleted before it is missing. "
    "lineage pull weekly@DATE fetches dated ones."
)


def series(settings: Settings, scope: str | None = None) -> tuple[Manifest, ...]:
    """The snapshots of a scope, oldest first by the moment they describe, without those equal to the one before.

    Without a scope: that of the whole Hub where there is one, else the newest snapshot's. Raises `NoData`, `NotFound`.
    """
    every = snapshots.listed(settings)
    if not every:
        snapshots.opened(settings)
    scopes = {manifest.scope for manifest in every}
    if scope is not None and scope not in scopes:
        raise NotFound(f"No snapshot of scope {scope!r} here.", tuple(sorted(scopes)))
    wanted = scope or ("hub" if "hub" in scopes else every[-1].scope)
    found = sorted((m for m in every if m.scope == wanted), key=snapshots.moment)
    return tuple(m for place, m in enumerate(found) if not place or m.sha256 != found[place - 1].sha256)


def pair(settings: Settings, before: str = "prev", after: str = "newest") -> tuple[str, str]:
    """The ids of two snapshots; `newest` is the latest of its scope, `prev` the one before the other.

    Where there is none before the newest but one that holds the same, it is these two.
    """
    every = {manifest.id: manifest for manifest in snapshots.listed(settings)}
    end = series(settings)[-1].id if after in ("newest", "prev") else after
    if end not in every:
        snapshots.opened(settings, end)
    line = [manifest.id for manifest in series(settings, every[end].scope)]
    place = line.index(end) if end in line else len(line)
    if after == "prev":
        place -= 1
        end = line[max(0, place)]
    if before == "newest":
        return line[-1], end
    if before != "prev":
        return before, end
    scope, digest = every[end].scope, every[end].sha256
    same = [id for id, m in every.items() if (m.scope, m.sha256) == (scope, digest) and id != end]
    if place < 1 and after == "newest" and same:
        return end, same[-1]
    if place < 1:
        raise NoData(
            f"There is no snapshot of {every[end].scope} before {end}. Name two of `lineage snapshots`, or fetch an "
            "earlier one: lineage pull weekly@DATE"
        )
    return line[place - 1], end


def diff(
    before: Atlas,
    after: Atlas,
    *,
    limit: int | None = 20,
    evidence: Level = Level.DECLARED,
    attribution: Attribution = Attribution.ANY,
) -> DiffAnswer:
    """Models new, gone, renamed (one hub_id, two ids), moved (other parents), gated since; families then and now."""
    found = changes.matched(_models(before), _models(after))
    shifted = changes.moved(_edges(before, evidence), _edges(after, evidence), found.matched)
    renamed = found.renamed
    walled = changes.gated(_access(before), _access(after), found.matched)
    counted = {"derivatives": VERSIONS["derivatives"]}
    return DiffAnswer(
        before=before.receipt("diff", counters=counted, level=evidence, attribution=attribution),
        after=after.receipt("diff", counters=counted, level=evidence, attribution=attribution),
        models=(before.summary.models, after.summary.models),
        totals={
            "new": len(found.new),
            "gone": len(found.gone),
            "renamed": renamed.height,
            "moved": shifted.height,
            "gated": walled.height,
        },
        new=tuple(found.new[:limit]),
        gone=tuple(found.gone[:limit]),
        renamed=tuple((old, new) for old, new in renamed[:limit].iter_rows()),
        moved=tuple(Moved(id, tuple(lost), tuple(gained)) for id, lost, gained in shifted[:limit].iter_rows()),
        gated=tuple((id, how) for id, how in walled[:limit].iter_rows()),
        families=_families(before, after, evidence, attribution),
        notes=tuple(_doubts(before, after)),
    )


def _models(atlas: Atlas) -> pl.DataFrame:
    stub = atlas.column("stub")
    return pl.DataFrame({name: atlas.column(name).filter(~stub) for name in changes.KEYS})


def _access(atlas: Atlas) -> pl.DataFrame:
    return pl.DataFrame({name: atlas.column(name) for name in ("id", "gated")})


def _edges(atlas: Atlas, level: Level) -> pl.DataFrame:
    graph = atlas.graph(level)
    return pl.DataFrame({"child": atlas.ids.gather(graph.child), "parent": atlas.ids.gather(graph.parent)})


def _families(before: Atlas, after: Atlas, level: Level, way: Attribution) -> tuple[FamilyChange, ...]:
    made = []
    for place, family in enumerate(after.registry.families):
        sides = [
            (len(attributions.members_of(side.members, place)), _below(side.shared(level), place, way))
            for side in (before, after)
        ]
        if any(members for members, _ in sides):
            (m0, d0), (m1, d1) = sides
            made.append(FamilyChange(family.slug, (m0, m1), (d0, d1)))
    return tuple(sorted(made, key=lambda one: (-one.derivatives[1], one.slug)))


def _below(shared: attributions.Attributions, family: int, way: Attribution) -> Number:
    """A family's derivatives under an attribution."""
    nodes, _ = shared.of(family)
    if way is Attribution.ANY:
        return len(nodes)
    if way is Attribution.PRIMARY:
        return int((shared.primary[nodes] == family).sum())
    ks = shared.k[nodes]
    if way is Attribution.EXCLUSIVE:
        return int((ks == 1).sum())
    return exact(sum((Fraction(n, k + 1) for k, n in enumerate(np.bincount(ks).tolist()[1:])), Fraction(0)))


def _doubts(before: Atlas, after: Atlas) -> list[str]:
    one, two = before.snapshot.manifest, after.snapshot.manifest
    said = []
    if one.scope != two.scope:
        said.append(f"Two scopes, {one.scope} and {two.scope}: gone and new also mean outside of one.")
    if one.whole or two.whole:
        said.append("A layer holds only models with edges: gone and new also mean that a model lost or got its edges.")
    if any(side.column("hub_id").null_count() == len(side.ids) for side in (before, after)):
        said.append("One of them has no hub_ids: a renamed model shows as gone and new.")
    if one.sha256 == two.sha256:
        said.append("Both hold the same: nothing changed between them.")
    if one.card != two.card:
        said.append("Only one of them has card data: parents that a card alone names come or go with it.")
    return said


def history(
    settings: Settings,
    name: str,
    opened: Callable[[Manifest], Atlas],
    *,
    scope: str | None = None,
    evidence: Level = Level.DECLARED,
    attribution: Attribution = Attribution.ANY,
    limit: int | None = 5,
    among: Collection[str] | None = None,
) -> HistoryAnswer:
    """Every counter of a family or model on each snapshot of a scope, and who is gone since the one before.

    The model is the one that the name means in the newest snapshot that knows it, followed by its hub_id; where no
    hub_id is told, by its id alone. `opened` gives the atlas of a snapshot. One that lacks the model is left out and
    noted; where all do, `NotFound`. `among` are the ids of the snapshots to look at, all of the scope by default. New
    and gone are of all derivatives, whatever the attribution.
    """
    line = tuple(manifest for manifest in series(settings, scope) if among is None or manifest.id in among)
    asked, said = _asked(name, line, opened)
    lines: list[Past] = []
    called, earlier = asked.id, None
    for manifest in line:
        with opened(manifest) as atlas:
            target = _found(atlas, asked, called)
            if target is None:
                said.append(f"{name} is not in {manifest.id}.")
                continue
            if lines and target.name != called:
                before = lines[-1].receipt.snapshot
                said.append(f"It was {called} up to {before}, and {target.name} from {manifest.id} on.")
            ground = atlas.ground(evidence)
            table = counters.derivative_table(ground, target)
            values = counters.count(ground, target, table, attribution) | counters.loose(ground, target, attribution)
            now = _keys(atlas, table["node"].to_numpy()), _models(atlas)
            lines.append(_past(atlas, target, values, earlier, now, (evidence, attribution), limit))
            called, earlier = target.name, now
    said += [ALONE] * (len(line) == 1) + [_BETWEEN] * (len(lines) > 1)
    return HistoryAnswer(lines[-1].receipt, name, asked.kind, line[-1].scope, tuple(lines), tuple(said))


_BETWEEN = (
    "Derivatives + new - gone - left make the next line's: gone are listed no more, left derive from it no more. What "
    "came and went between two snapshots is in neither."
)

_Seen = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class _Asked:
    """Whom a history is of: a model's id and hub_id where they were looked up, or a family's slug."""

    kind: str
    id: str
    hub_id: str | None


def _asked(name: str, line: Sequence[Manifest], opened: Callable[[Manifest], Atlas]) -> tuple[_Asked, list[str]]:
    """What a name means in the newest snapshot that knows it, and what is to be said of that."""
    missing = NotFound(f"{name} is in none of these snapshots.")
    for manifest in reversed(line):
        with opened(manifest) as atlas:
            try:
                target = naming.target(atlas, name)
            except NotFound as error:
                missing = error if manifest is line[-1] else missing
                continue
            hub = atlas.column("hub_id")[int(target.members[0])] if target.kind == "model" else None
            return _Asked(target.kind, target.name, hub), naming.remarks(atlas, {name: target.name})
    raise missing


def _found(atlas: Atlas, asked: _Asked, called: str) -> counters.Target | None:
    """Who was asked for, in one snapshot: by hub_id, else by the id last seen or asked for, of no other hub_id."""
    if asked.kind == "family":
        return atlas.family_target(asked.id)
    hubs = atlas.column("hub_id")
    same = (hubs == asked.hub_id).arg_true() if asked.hub_id else hubs.head(0)
    named = (atlas.node(id) for id in (called, asked.id))
    untold = (node for node in named if node is not None and (asked.hub_id is None or hubs[node] is None))
    node = same[0] if len(same) else next(untold, None)
    return None if node is None else atlas.model_target(int(node))


def _keys(atlas: Atlas, nodes: Ints) -> pl.DataFrame:
    return pl.DataFrame({name: atlas.column(name).gather(nodes) for name in changes.KEYS})


def _past(
    atlas: Atlas,
    target: counters.Target,
    values: Mapping[str, Number | None],
    earlier: _Seen | None,
    now: _Seen,
    rule: tuple[Level, Attribution],
    limit: int | None,
) -> Past:
    """Gone: a derivative then that is no model any more; one that only changed its parents has left."""
    new = gone = left = None
    names: tuple[str, ...] = ()
    if earlier is not None:
        lost = changes.matched(earlier[0], now[1]).gone
        found = changes.matched(earlier[0], now[0])
        new, gone, left = len(found.new), len(lost), len(found.gone) - len(lost)
        names = tuple(lost[:limit])
    return Past(
        receipt=atlas.receipt(
            "history",
            counters=VERSIONS,
            level=rule[0],
            attribution=rule[1],
            threshold=counters.THRESHOLD,
            about=[target],
        ),
        as_of=atlas.snapshot.manifest.as_of,
        members=len(target.members),
        values={counter: values[counter] for counter in VERSIONS},
        new=new,
        gone=gone,
        left=left,
        names=names,
    )
