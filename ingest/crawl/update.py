"""What changed on the Hub since the newest whole snapshot, laid over it as a new one: minutes instead of a crawl."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ingest.crawl import renames, series
from ingest.crawl.frontier import Changes
from ingest.crawl.pages import Pages, Plan, kept
from ingest.crawl.renames import OldNames
from ingest.crawl.series import WHOLE
from ingest.crawl.stopping import Stopping
from ingest.crawl.walk import Walk
from ingest.hub import HubSource, addresses
from ingest.progress import Report, quiet
from lineage import changes, checked, deltas
from lineage import settings as configured
from lineage.checked import Checked
from lineage.errors import Damaged, Incomplete, Interrupted, NoData, Refused
from lineage.export.plain import plural
from lineage.schema import LISTING, SNAPSHOT_VERSION
from lineage.settings import Settings
from lineage.snapshots import Manifest, Snapshot, listed, opened, sealed

OVERLAP = timedelta(minutes=10)
"""How far before the last snapshot's watermark an update looks, for changes that were listed late."""

WEEK = timedelta(days=7)
"""How long updates alone may follow a full listing."""

FOLDER = "hub.update"
"""Where the pages of an update under way lie, in `Settings.crawls`; no scope is called so there."""

UNSEEN = (
    "An update does not see models that were deleted, made private or renamed without another change, nor the "
    "downloads and likes of models that did not change; a full crawl does."
)

_log = logging.getLogger(__name__)


def update(
    settings: Settings,
    source: HubSource,
    *,
    fresh: bool = False,
    now: Callable[[], datetime],
    progress: Report = quiet,
) -> Snapshot:
    """The newest whole snapshot of this Hub with all that changed since laid over it, as a new sealed snapshot.

    Where not one row differs nothing is sealed: then it is that snapshot itself, `Unchanged`, and the check is noted
    beside it. The next update starts from the same watermark, which costs no more, as nothing lies between.
    One that was cut off goes on from its last committed page, as long as no newer snapshot is there to start from;
    `fresh` starts over. Raises `NoData` where there is nothing to update, `Incomplete` where the listing ended before
    it was old enough, `Interrupted` on Ctrl-C and SIGTERM, and what `HubSource.fetch` raises.
    """
    with series.alone(settings, WHOLE, "update"), Stopping() as stopping:
        return _Update(settings, source, now, progress).finished(stopping, fresh)


@dataclass(frozen=True)
class Unchanged(Snapshot):
    """The snapshot that an update started from, as the Hub still shows it; `notes` say so, then what it says itself."""

    checked: Checked
    notes: tuple[str, ...]


def due(manifest: Manifest) -> datetime:
    """When the next full crawl should be: a week after the whole was last listed."""
    return (manifest.full_as_of or manifest.as_of) + WEEK


@dataclass(frozen=True)
class _Changed:
    """Rows that differ from the last snapshot's, one a model, and what of that snapshot they stand for.

    `replaced` models of it are gone: others have their names. `before` are its models that share an id or hub_id with
    the rows, with `renames.COLUMNS`.
    """

    rows: pl.DataFrame
    new: int
    renamed: int
    replaced: int
    before: pl.DataFrame


class _Update:
    def __init__(self, settings: Settings, source: HubSource, now: Callable[[], datetime], progress: Report) -> None:
        self._settings, self._source, self._now, self._progress = settings, source, now, progress
        self._folder = settings.crawls / FOLDER
        last = series.last(settings, WHOLE, source, files=True)
        if last is None or last.watermark is None:
            raise NoData(_lacking(settings, source, last))
        self._base = opened(settings, last.id)
        self._watermark = last.watermark
        self._plan = Plan(f"changes of {last.id}", source.endpoint, addresses.fields(True), SNAPSHOT_VERSION)

    def finished(self, stopping: Stopping, fresh: bool) -> Snapshot:
        """Fetch what is left, seal, and remove the pages."""
        if fresh:
            series.forget(self._folder)
        pages = self._pages()
        try:
            walk, since = self._walked(pages, stopping)
            with stopping.droppable():
                changed = self._changed(pages, since)
                bad = pl.concat([self._base.quarantined(), pages.quarantined()]).unique()
                if changed.rows.is_empty() and bad.height == self._base.manifest.quarantined:
                    snapshot: Snapshot = self._unchanged(walk)
                else:
                    snapshot = self._sealed(pages, walk, changed, bad)
        except KeyboardInterrupt:
            here = configured.read().home == self._settings.home
            words = ["lineage", *([] if here else ["--home", str(self._settings.home)]), "update"]
            raise Interrupted(f"Stopped. {kept(pages.heads)}.", shlex.join(words)) from None
        series.forget(self._folder)
        return snapshot

    def _pages(self) -> Pages:
        """The pages that an update of the same snapshot left, or none: others are of no use to anybody."""
        try:
            return Pages(self._folder, self._plan)
        except (Refused, Damaged) as error:
            _log.warning("An unfinished update is given up and begun anew: %s", error)
            series.forget(self._folder)
            return Pages(self._folder, self._plan)

    def _walked(self, pages: Pages, stopping: Stopping) -> tuple[Walk, datetime]:
        if pages.heads and pages.heads[-1].next is None:
            pages.drop_last()
        started = pages.heads[0].started_at if pages.heads else self._now()
        since = min(self._watermark, started) - OVERLAP
        frontier = Changes(since)
        walk = Walk(self._source, pages, frontier, started_at=started, budget=None, progress=self._progress)
        walk.replay()
        walk.run(stopping)
        walk.check_quality()
        if not frontier.reached and self._older(since):
            raise Incomplete(
                f"{self._source.host} ended its list of changes after {walk.rows:,} rows, above {since:%Y-%m-%d %H:%M} "
                f"UTC, though {self._base.manifest.id} has models last changed before. Nothing was sealed; the same "
                "command asks for the last page again."
            )
        return walk, since

    def _older(self, since: datetime) -> bool:
        older = self._base.rows(["last_modified"]).filter(pl.col("last_modified") < since)
        return not older.head(1).collect().is_empty()

    def _changed(self, pages: Pages, since: datetime) -> _Changed:
        listed = pages.rows().filter(pl.col("last_modified") >= since).collect()
        newest = listed.sort("last_modified", descending=True, maintain_order=True)
        known = newest.filter(pl.col("hub_id").is_not_null()).unique("hub_id", keep="first", maintain_order=True)
        both = pl.concat([known, newest.filter(pl.col("hub_id").is_null())])
        rows = both.unique("id", keep="first", maintain_order=True).sort("hub_id", "id", nulls_last=True)
        before = self._base.rows().join(rows.lazy().select("id"), on="id", how="semi").collect()
        rows = _differing(rows, before)
        names = self._base.rows(renames.COLUMNS)
        same = [names.join(rows.lazy().select(key).drop_nulls(), on=key, how="semi") for key in changes.KEYS]
        replaced = pl.concat(same).unique("id").collect()
        found = changes.matched(replaced, rows)
        return _Changed(rows, len(found.new), found.renamed.height, len(found.gone), replaced)

    def _unchanged(self, walk: Walk) -> Unchanged:
        base = self._base.manifest
        seen = Checked(walk.started_at, walk.requests)
        checked.note(self._settings, base.id, seen)
        told = (
            f"Nothing changed on the Hub since {base.id}, which stays the newest: checked on "
            f"{seen.at:%Y-%m-%d} at {seen.at:%H:%M} UTC by {plural(seen.requests, 'request')}."
        )
        return Unchanged(base, self._base.path, seen, (told, *_outlook(base, seen.at)))

    def _sealed(self, pages: Pages, walk: Walk, changed: _Changed, bad: pl.DataFrame) -> Snapshot:
        base = self._base.manifest
        told = next((head.simulated for head in pages.heads if head.simulated), None)
        late = sum(part.rows for part in base.parts if deltas.is_delta(part.name)) + changed.rows.height
        over = self._base if late <= base.models * deltas.LIMIT else None
        rows = changed.rows.lazy() if over else deltas.overlaid(self._base.rows(), [changed.rows.lazy()], list(LISTING))
        listed = deltas.overlaid(self._base.rows(renames.COLUMNS), [changed.rows.lazy()], renames.COLUMNS)
        known = OldNames(base.aliases, base.former)
        names = renames.followed(known, listed, changed.before.lazy())
        full = base.full_as_of or base.as_of
        return sealed(
            self._settings,
            rows=rows,
            quarantined=bad,
            over=over,
            scope=WHOLE,
            kind="update",
            source=series.called(self._source, told),
            endpoint=self._source.endpoint,
            simulated=told is not None or base.simulated,
            started_at=walk.started_at,
            finished_at=self._now(),
            as_of=walk.started_at,
            watermark=self._reached(pages, walk.started_at),
            card=base.card,
            complete=base.complete,
            fields=self._plan.fields,
            pages=len(pages.heads),
            requests=walk.requests,
            missing_columns=base.missing_columns,
            notes=_notes(base, changed, walk.requests, walk.started_at),
            aliases=names.aliases,
            former=names.former,
            based_on=base.id,
            full_as_of=full,
        )

    def _reached(self, pages: Pages, started: datetime) -> datetime:
        """The time from which on changes may be missing: by the first page, by both clocks, whichever is earliest."""
        newest = pages.page(0).select(pl.col("last_modified").max()).collect().item()
        moments = [moment for moment in (newest, started, pages.heads[0].sent) if moment is not None]
        return max(min(moments), min(self._watermark, started))


def _differing(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows that `before` has not word for word."""
    joined = rows.join(before, on="id", how="left", suffix=" before", maintain_order="left", coalesce=True)
    others = [name for name in LISTING if name != "id"]
    differs = [pl.col(name).ne_missing(pl.col(f"{name} before")) for name in others]
    there = pl.col("id").is_in(before["id"].implode())
    return joined.filter(pl.any_horizontal(*differs) | ~there).select(list(LISTING))


def _lacking(settings: Settings, source: HubSource, last: Manifest | None) -> str:
    """Why there is nothing to update from, by what is here instead."""
    there = "no whole snapshot" if last is None else f"no time of a last change in {last.id}"
    told = f"There is {there} of {source.host} to update from"
    made = listed(settings) if last is None else ()
    others = sorted({m.endpoint for m in made if m.scope == WHOLE and m.endpoint} - {source.endpoint})
    if others:
        return f"{told}: those here are of {', '.join(others)}. Check HF_ENDPOINT ({source.endpoint}), or try --home."
    layers = [m.id for m in made if m.whole is not None]
    if layers:
        return (
            f"{told}: {layers[-1]} is the layer without models that have no relatives, and an update needs all. Try: "
            "lineage pull OWNER/NAME --layer full, or lineage bootstrap (minutes)."
        )
    return f"{told}. Try: lineage bootstrap (minutes), or lineage crawl."


def _notes(base: Manifest, changed: _Changed, requests: int, now: datetime) -> tuple[str, ...]:
    """Two of its own, then those of the last full listing, its licence among them."""
    count = changed.rows.height
    other = count - changed.new - changed.renamed
    what = f"{plural(count, 'model')}: {changed.new:,} new, {other:,} changed, {changed.renamed:,} renamed"
    what += f" (and {changed.replaced:,} gone, whose names others took)" if changed.replaced else ""
    return (f"Differs from {base.id} in {what}; it took {plural(requests, 'request')}.", *_outlook(base, now))


def _outlook(base: Manifest, now: datetime) -> tuple[str, ...]:
    """What an update cannot see and when the next full crawl is due, then the notes of the last full listing."""
    full = base.full_as_of or base.as_of
    when = due(base)
    card = "" if base.card else " Card front matter is known only of models that changed since then."
    carried = base.notes[2:] if base.kind == "update" else base.notes
    listing = f"The whole was last listed on {full:%Y-%m-%d}, so the next full crawl (lineage crawl)"
    return (f"{UNSEEN} {listing} {'was' if when < now else 'is'} due on {when:%Y-%m-%d}.{card}", *carried)
