"""Old names of models that are called otherwise now: what listings show of them, carried from snapshot to snapshot."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from lineage.errors import LineageError
from lineage.settings import Settings
from lineage.snapshots import Manifest, opened

Pairs = tuple[tuple[str, str], ...]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OldNames:
    """As `snapshots.Manifest` has them, sorted: `aliases` (old id, id now) and `former` (name, hub_id)."""

    aliases: Pairs = ()
    former: Pairs = ()


def carried(settings: Settings, last: Manifest | None, renamed: Mapping[str, str], rows: pl.LazyFrame) -> OldNames:
    """`followed` from the snapshot before, the `last`; where its rows cannot be read its aliases go by their ids."""
    known = OldNames(last.aliases, last.former) if last else OldNames()
    before = None
    if last and last.aliases:
        try:
            before = opened(settings, last.id).rows(["hub_id", "id"])
        except LineageError as error:
            _log.warning("Old names go by ids alone, not by what they meant before: %s", error)
    return followed(known, renamed, rows, before)


def followed(
    known: OldNames, renamed: Mapping[str, str], rows: pl.LazyFrame, before: pl.LazyFrame | None = None
) -> OldNames:
    """The old names that hold now, by all rows of the new snapshot and of the one `before` (hub_id, id).

    `known` are those of the one before, `renamed` leads from ids then to ids now. A name goes with the hub_id of the
    model that had it last, and is dormant while no row tells that one; where none is told it goes by the id alone. A
    name that a row has means that row's model, and no longer another.
    """
    led = dict(known.aliases)
    hubs: dict[str, str | None] = dict(known.former)
    if before is not None:
        had = _listed(before, led.values())
        hubs |= {name: had[new] for old, new in led.items() if had.get(new) for name in (old, new)}
    led |= renamed
    live = _listed(rows, {*led, *led.values(), *hubs}, {hub for hub in hubs.values() if hub})
    hubs |= {old: live.get(new) for old, new in renamed.items()}
    now = {hub: id for id, hub in live.items() if hub}
    former = {old: hub for old, hub in hubs.items() if hub and hub not in now and live.get(old) is None}
    return OldNames(tuple(sorted(_led(led, hubs, live, now).items())), tuple(sorted(former.items())))


def _led(
    led: Mapping[str, str], hubs: Mapping[str, str | None], live: Mapping[str, str | None], now: Mapping[str, str]
) -> dict[str, str]:
    """Where names that no row has lead to: the id that their model's hub_id has now, else the same id as before."""
    found = {}
    for old in (led.keys() | hubs.keys()) - live.keys():
        hub, new = hubs.get(old), led.get(old, "")
        if hub and hub in now:
            found[old] = now[hub]
        elif new in live and (hub is None or live[new] is None):
            found[old] = new
    return found


def _listed(rows: pl.LazyFrame, names: Collection[str], hubs: Collection[str] = ()) -> dict[str, str | None]:
    """The hub_id by the id of the rows with one of these ids or hub_ids; none is read where none is asked."""
    if not names and not hubs:
        return {}
    asked = pl.col("id").is_in(list(names)) | pl.col("hub_id").is_in(list(hubs))
    found = rows.select("id", "hub_id").filter(asked).collect(engine="streaming")
    return dict(found.sort("id").iter_rows())
