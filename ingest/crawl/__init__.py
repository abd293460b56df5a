"""The Hub crawled into a sealed snapshot: page by page, resumable after anything, the same rows whatever went wrong."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

import polars as pl
from polars.exceptions import PolarsError

from ingest.crawl import renames, series
from ingest.crawl.chains import Chains, Kept
from ingest.crawl.family_crawl import Asked, FamilyTree
from ingest.crawl.family_notes import notes
from ingest.crawl.pages import Pages, Plan, kept
from ingest.crawl.renames import OldNames
from ingest.crawl.series import WHOLE
from ingest.crawl.stopping import Stopping
from ingest.crawl.vanished import COLUMNS, Vanished, vanished
from ingest.crawl.walk import Walk
from ingest.hub import HubSource, addresses
from ingest.progress import Report, quiet
from ingest.resolve.names import ID
from lineage import registry as curated
from lineage import settings as configured
from lineage import spelling
from lineage.errors import Incomplete, Interrupted, LineageError, NotFound
from lineage.export.plain import plural
from lineage.registry import Registry
from lineage.schema import SNAPSHOT_VERSION
from lineage.settings import Settings
from lineage.snapshots import Snapshot, opened, scope_slug, sealed

MAX_REQUESTS = 400
"""What a family crawl may cost by default, so that a user without a token is done within a window or two."""

_SHRUNK = 0.98
_LAST_PAGES = (
    "Not sealed, and every page is kept: the same command asks for the last pages again, --fresh for all, and "
    "--accept-partial seals it as it is."
)
_FRESH = "Not sealed, and every page is kept: --fresh asks for all of it again, and --accept-partial seals it as it is."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Options:
    """How a crawl was asked for, as far as the command that resumes it must repeat it."""

    scope: tuple[str, ...]
    depth: int | None
    max_requests: int
    card: bool
    accept_partial: bool


def utc_now() -> datetime:
    """The time, UTC and aware."""
    return datetime.now(UTC)


def crawl(
    settings: Settings,
    source: HubSource,
    *,
    scope: tuple[str, ...] = (),
    registry: Registry | None = None,
    depth: int | None = None,
    max_requests: int = MAX_REQUESTS,
    card: bool = True,
    fresh: bool = False,
    accept_partial: bool = False,
    now: Callable[[], datetime] = utc_now,
    progress: Report = quiet,
) -> Snapshot:
    """The sealed snapshot of a scope: nothing for the whole Hub, else family slugs and model ids.

    A crawl that was cut off goes on from its last committed page; `fresh` starts over. `depth` and `max_requests` bound
    a family crawl only. Its `as_of` is when it was begun. Raises `Interrupted` on Ctrl-C and SIGTERM (what was fetched
    is kept), `NotFound` for a name that is neither family nor model, `Incomplete` where the listing ended early
    (`accept_partial` seals it all the same), `Fatal` for too many unreadable rows, and what `HubSource.fetch` raises.
    """
    options = _Options(scope, depth, max_requests, card, accept_partial)
    crawling = _Crawl(settings, source, options, registry, now, progress)
    with series.alone(settings, crawling.plan.scope, "crawl"), Stopping() as stopping:
        return crawling.finished(stopping, fresh)


class _Crawl:
    def __init__(
        self,
        settings: Settings,
        source: HubSource,
        options: _Options,
        registry: Registry | None,
        now: Callable[[], datetime],
        progress: Report,
    ) -> None:
        self._settings, self._source, self._options = settings, source, options
        self._now, self._progress = now, progress
        self._tree: FamilyTree | None = None
        name, digest, asked = WHOLE, None, None
        if options.scope:
            registry = registry or curated.load(settings.registry)
            asked = asked_for(options.scope, registry)
            name, digest = scope_name(asked), registry.digest
        fields = addresses.fields(options.card)
        depth = options.depth if options.scope else None
        self.plan = Plan(name, source.endpoint, fields, SNAPSHOT_VERSION, depth, digest)
        self._folder = settings.crawls / scope_slug(name)
        self._last = series.last(settings, name, source)
        if registry is not None and asked is not None:
            known = self._known(registry) if asked.families else ()
            self._tree = FamilyTree(registry, asked, options.depth, known, self._named())

    def finished(self, stopping: Stopping, fresh: bool) -> Snapshot:
        """Fetch what is left, seal, and remove the pages."""
        if fresh:
            self._forget()
        pages = Pages(self._folder, self.plan) if self._tree else Kept(self._folder, self.plan)
        try:
            walk = self._fetched(pages)
            walk.run(stopping)
            walk.check_quality()
            early = self._early(pages, walk)
            since = None if early else self._vanished(pages)
            again = _LAST_PAGES if early and isinstance(pages, Kept) else _FRESH
            early = early or self._left_out(since)
            if early and not self._options.accept_partial:
                raise Incomplete(f"{early} {again if walk.rows else 'Not sealed.'}")
            with stopping.droppable():
                snapshot = self._sealed(pages, walk, early, since)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Stopped. {kept(pages.heads)} in {self._folder}.",
                resume_command(self._settings, self._options),
            ) from None
        except NotFound:
            self._forget()
            raise
        self._forget()
        return snapshot

    def _forget(self) -> None:
        series.forget(self._folder)

    def _fetched(self, pages: Pages | Kept) -> Walk | Chains:
        """What fetches the rest, and knows of all that is kept."""
        if isinstance(pages, Kept):
            total = self._last.rows if self._last else None
            chains = Chains(self._source, pages, started_at=self._now(), total=total, progress=self._progress)
            if chains.idle and not self._options.accept_partial and self._early(pages, chains):
                chains.forget_ends()
            return chains
        assert self._tree is not None
        budget = self._options.max_requests
        walk = Walk(self._source, pages, self._tree, started_at=self._now(), budget=budget, progress=self._progress)
        walk.replay()
        return walk

    def _early(self, pages: Pages | Kept, walk: Walk | Chains) -> str:
        """Why what was listed cannot be all, or nothing."""
        if not walk.rows:
            return f"{self._source.host} listed no model at all for {self.plan.scope}. Check HF_ENDPOINT."
        if isinstance(walk, Chains) and not walk.covered:
            return (
                f"The listing of {self.plan.scope} ended after {plural(walk.rows, 'row')}, from the oldest and from "
                "the newest model alike, before the two had met: some in the middle are missing."
            )
        if self._last is None or (self._tree and not (self._tree.whole and self._last.complete)):
            return ""
        found = pages.models() if isinstance(pages, Kept) else len(self._tree.kept() if self._tree else ())
        before = self._last.models if self._tree else self._last.rows
        if found >= before * _SHRUNK:
            return ""
        if self._tree:
            return (
                f"The crawl of {self.plan.scope} found {plural(found, 'model')}, where snapshot {self._last.id} has "
                f"{before:,}: others are gone or derive from it no more, or a listing ended early."
            )
        return (
            f"The listing of {self.plan.scope} ended after {plural(found, 'row')}, where snapshot {self._last.id} has "
            f"{before:,}; no next page was given."
        )

    def _vanished(self, pages: Pages | Kept) -> Vanished | None:
        """What is otherwise than in the last snapshot of the scope, where both are whole and that one is readable."""
        last, tree = self._last, self._tree
        if last is None or not last.complete or not (tree is None or tree.whole):
            return None
        before = self._before(COLUMNS)
        if before is None:
            return None
        after = self._rows(pages).select(COLUMNS).collect().unique("id", keep="last", maintain_order=True)
        return vanished(before.collect(), after)

    def _before(self, columns: Sequence[str]) -> pl.LazyFrame | None:
        """The rows of the last snapshot of the scope, or None where there is none that can be read."""
        if self._last is None:
            return None
        try:
            return opened(self._settings, self._last.id).rows(columns)
        except LineageError as error:
            _log.warning("Not compared with the snapshot before: %s", error)
            return None

    def _known(self, registry: Registry) -> pl.Series:
        """Ids and old names in the last snapshot of the scope that some family claims."""
        old = [name for name, _ in self._last.aliases] if self._last else []
        before = self._before(["id"])
        names = pl.concat([pl.LazyFrame({"id": old}, schema={"id": pl.String}), *([] if before is None else [before])])
        ids = names.collect()["id"]
        return ids.gather(registry.claims(ids)["row"])

    def _named(self) -> dict[str, set[str]]:
        """The names that models of the last snapshot of the scope had, by their hub_id."""
        before = self._before(["hub_id", "id"])
        return renames.named(self._last, before) if self._last and before is not None else {}

    def _left_out(self, since: Vanished | None) -> str:
        """Why a page may be missing in the middle, or nothing."""
        if self._last is None or since is None or not since.stretch:
            return ""
        return (
            f"The listing of {self.plan.scope} lacks {len(since.stretch):,} models in a row, by several publishers, "
            f"that snapshot {self._last.id} has ({since.stretch[0]} to {since.stretch[-1]}), as if a page had been "
            "left out."
        )

    def _rows(self, pages: Pages | Kept) -> pl.LazyFrame:
        rows = pages.rows()
        if self._tree is None:
            return rows
        kept = pl.LazyFrame({"id": self._tree.kept()}, schema={"id": pl.String})
        return rows.join(kept, on="id", how="semi", maintain_order="left")

    def _old_names(self, pages: Pages | Kept) -> OldNames:
        """Those of the snapshot before, those renamed since, the Hub's redirects."""
        seen = self._tree.aliases if self._tree else {}
        return renames.carried(self._settings, self._last, self._rows(pages), seen)

    def _sealed(self, pages: Pages | Kept, walk: Walk | Chains, early: str, since: Vanished | None) -> Snapshot:
        told = next((head.simulated for head in pages.heads if head.simulated), None)
        facts = notes(self._tree, walk.rows) if self._tree else ()
        tree = self._tree
        if since is not None and self._last is not None:
            facts = (*facts, *since.notes(self._last.id))
        try:
            names = self._old_names(pages)
            return sealed(
                self._settings,
                rows=self._rows(pages),
                quarantined=pages.quarantined(),
                scope=self.plan.scope,
                kind="crawl",
                source=series.called(self._source, told),
                endpoint=self._source.endpoint,
                simulated=told is not None,
                started_at=walk.started_at,
                finished_at=self._now(),
                as_of=walk.started_at,
                full_as_of=walk.started_at,
                watermark=None if tree else _watermark(pages, walk.started_at),
                card=self._options.card,
                complete=not early and (tree is None or tree.whole),
                fields=self.plan.fields,
                pages=len(pages.heads),
                requests=walk.requests,
                notes=(*facts, *([f"{early} Sealed as it is, by --accept-partial."] if early else [])),
                expanded=len(tree.expanded) if tree else None,
                unexpanded=len(tree.unexpanded()) if tree else None,
                direct_exact=tree.direct_exact if tree else None,
                aliases=names.aliases,
                former=names.former,
            )
        except PolarsError:
            pages.check()
            raise


def asked_for(scope: tuple[str, ...], registry: Registry) -> Asked:
    """Slugs and ids told apart, addresses read; `family:` and `model:` force. Raises `NotFound` for what is neither."""
    families: set[str] = set()
    ids: set[str] = set()
    for name in (spelling.id_of(typed, configured.HUB) for typed in scope):
        forced, colon, bare = name.partition(":")
        bare = bare if colon and forced in ("family", "model") else name
        slug = bare if "/" in bare else bare.lower()
        if forced != "model" and registry.family(slug) is not None:
            families.add(slug)
        elif (bare is not name and forced == "family") or not re.fullmatch(ID, bare) or ".." in bare or "--" in bare:
            slugs = [family.slug for family in registry.families]
            raise NotFound(
                f"{name!r} is neither a family nor a model id; lineage families lists the families.",
                get_close_matches(slug, slugs, 3, 0.5),
            )
        else:
            ids.add(bare)
    return Asked(tuple(sorted(families)), tuple(sorted(ids)))


def scope_name(asked: Asked) -> str:
    """The scope as a snapshot calls it; a model that is called like the whole Hub's scope says that it is a model."""
    name = "+".join(sorted((*asked.families, *asked.ids)))
    return f"model:{name}" if name == WHOLE else name


def resume_command(settings: Settings, options: _Options) -> str:
    """What to type to go on with a crawl."""
    words = ["lineage"]
    if configured.read().home != settings.home:
        words += ["--home", str(settings.home)]
    words += ["crawl", *options.scope]
    if options.scope and options.depth is not None:
        words += ["--depth", str(options.depth)]
    if options.scope and options.max_requests != MAX_REQUESTS:
        words += ["--max-requests", str(options.max_requests)]
    words += [] if options.card else ["--no-card"]
    words += ["--accept-partial"] if options.accept_partial else []
    return shlex.join(words)


def _watermark(pages: Pages | Kept, started_at: datetime) -> datetime:
    """The time from which on changes may be missing here: by the rows, by both clocks, whichever is earliest."""
    newest: datetime | None = pages.rows().select(pl.col("last_modified").max()).collect().item()
    sent = (head.sent for head in pages.heads)
    return min(moment for moment in (newest, started_at, *sent) if moment is not None)
