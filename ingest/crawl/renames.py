"""Old names of models that are called otherwise now: what listings show of them, carried from snapshot to snapshot."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from lineage.domain import Relation
from lineage.errors import LineageError
from lineage.settings import Settings
from lineage.snapshots import Manifest, opened

COLUMNS = ("hub_id", "id", "base_tags", "card_base_model", "dump_parents")
"""What old names are told by, of `schema.LISTING`."""

Pairs = tuple[tuple[str, str], ...]
_TYPE = rf"^(?:{'|'.join(relation for relation in Relation if relation is not Relation.UNSPECIFIED)}):"
_NONE: Mapping[str, str] = MappingProxyType({})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OldNames:
    """As `snapshots.Manifest` has them, sorted: `aliases` (old id, id now) and `former` (name, hub_id)."""

    aliases: Pairs = ()
    former: Pairs = ()


def carried(
    settings: Settings, last: Manifest | None, rows: pl.LazyFrame, redirects: Mapping[str, str] = _NONE
) -> OldNames:
    """`followed` from the snapshot before, the `last`; where its rows cannot be read its aliases go by their ids."""
    known = OldNames(last.aliases, last.former) if last else OldNames()
    before = None
    if last:
        try:
            before = opened(settings, last.id).rows(COLUMNS)
        except LineageError as error:
            _log.warning("Old names go by ids alone, not by what they meant before: %s", error)
    return followed(known, rows, before, redirects)


def followed(
    known: OldNames, rows: pl.LazyFrame, before: pl.LazyFrame | None = None, redirects: Mapping[str, str] = _NONE
) -> OldNames:
    """The old names that hold now, by all rows of the new snapshot and of the one `before`, with `COLUMNS` each.

    `known` are those of the one before, `redirects` lead to ids now. Neither need be complete; of the one before
    the rows will do that are otherwise now. A name goes with the hub_id of the model that had it last, and is dormant
    while no row tells that one; where none is told it goes by the id alone. A name that a row has means that row's
    model, and no longer another. Of a model that vanished and never had another name that one is kept only where a row
    of either snapshot writes it as a parent.
    """
    led = dict(known.aliases)
    lost = {} if before is None else _lost(before, rows, set(led.values()))
    hubs: dict[str, str | None] = dict(known.former)
    hubs |= {old: lost[new] for old, new in led.items() if new in lost} | lost
    led |= redirects
    live = _listed(rows, {*led, *led.values(), *hubs}, {hub for hub in hubs.values() if hub})
    hubs |= {old: live.get(new) for old, new in led.items() if old in redirects or not hubs.get(old)}
    now = {hub: id for id, hub in live.items() if hub}
    former = {old: hub for old, hub in hubs.items() if hub and hub not in now and live.get(old) is None}
    return OldNames(tuple(sorted(_led(led, hubs, live, now).items())), tuple(sorted(former.items())))


def named(last: Manifest, rows: pl.LazyFrame) -> dict[str, set[str]]:
    """All names that each model of a snapshot has and had, by its hub_id; `rows` are its hub_id and id."""
    then = rows.filter(pl.col("hub_id").is_not_null()).select("id", "hub_id").collect()
    hubs = dict(then.iter_rows())
    names = [*hubs.items(), *last.former, *((old, hubs[new]) for old, new in last.aliases if new in hubs)]
    found: dict[str, set[str]] = {}
    for name, hub in names:
        found.setdefault(hub, set()).add(name)
    return found


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


def _lost(before: pl.LazyFrame, rows: pl.LazyFrame, led_to: Collection[str]) -> dict[str, str]:
    """The hub_id by the id of models that are called otherwise now, or are no more but have names that matter."""
    keys = rows.select("hub_id", "id")
    told = before.filter(pl.col("hub_id").is_not_null())
    lost = told.join(keys, on=["hub_id", "id"], how="anti").select("hub_id", "id").collect(engine="streaming")
    if lost.is_empty():
        return {}
    kept = keys.join(lost.lazy(), on="hub_id", how="semi").select("hub_id").collect(engine="streaming")["hub_id"]
    taken = keys.join(lost.lazy(), on="id", how="semi").select("id").collect(engine="streaming")["id"]
    there, free = pl.col("hub_id").is_in(kept.implode()), ~pl.col("id").is_in(taken.implode())
    gone = lost.filter(~there & free)["id"]
    matter = pl.concat([_written(side, gone) for side in (before, rows)]) if len(gone) else gone
    named = pl.concat([matter, pl.Series(sorted(led_to), dtype=pl.String)])
    return {id: hub for hub, id in lost.filter(there | pl.col("id").is_in(named.implode())).iter_rows()}


def _written(rows: pl.LazyFrame, names: pl.Series) -> pl.Series:
    """Those of the names that a row has as a parent, in capitals or not."""
    wanted = pl.LazyFrame({"id": names, "low": names.str.to_lowercase()})
    parents = [
        rows.select(low=pl.col(column).explode().drop_nulls().str.strip_chars().str.replace(_TYPE, "")).select(
            pl.col("low").str.to_lowercase()
        )
        for column in COLUMNS[2:]
    ]
    return wanted.join(pl.concat(parents), on="low", how="semi").collect(engine="streaming")["id"]


def _listed(rows: pl.LazyFrame, names: Collection[str], hubs: Collection[str] = ()) -> dict[str, str | None]:
    """The hub_id by the id of the rows with one of these ids or hub_ids; none is read where none is asked."""
    if not names and not hubs:
        return {}
    asked = pl.col("id").is_in(list(names)) | pl.col("hub_id").is_in(list(hubs))
    found = rows.select("id", "hub_id").filter(asked).collect(engine="streaming")
    return dict(found.sort("id").iter_rows())
