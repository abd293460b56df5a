"""An opened home: one snapshot's columns, the registry, and the store, each read when first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lineage import __version__, resolved, snapshots
from lineage.domain import Attribution, Level, Receipt
from lineage.errors import NoData
from lineage.mirror import KIND as MIRROR
from lineage.mirror import mirrored
from lineage.registry import Names, Registry, load
from lineage.stores import loaded_snapshot, open_store

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from lineage.attributions import Attributions
    from lineage.counters import Ground, Target
    from lineage.finding import Finder
    from lineage.graph import Graph
    from lineage.settings import Settings
    from lineage.snapshots import Snapshot
    from lineage.stores.protocol import GraphStore
    from lineage.tallies import Tally


WHOLE = "hub"
"""The scope of a snapshot of everything."""


class Atlas:
    """What questions are asked of: use as a context manager, or `close` it.

    Counts come from resolved columns, look-ups from the store; both belong to `snapshot`.
    """

    def __init__(
        self, settings: Settings, registry: Registry, snapshot: Snapshot, store: GraphStore | None = None
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.snapshot = snapshot
        self._store = store
        self._columns: dict[str, pl.Series] = {}
        self._graphs: dict[Level, Graph] = {}
        self._attributions: dict[Level, Attributions] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Release the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def store(self) -> GraphStore:
        """The store, opened once."""
        if self._store is None:
            self._store = open_store(self.settings)
        return self._store

    @cached_property
    def place(self) -> Path:
        """The folder of resolved tables: those made with this registry, else the newest; raises `NoData`."""
        exact = resolved.folder(self.settings.resolved, self.snapshot.manifest.id, self.registry.digest)
        if (exact / "summary.json").is_file():
            return exact
        others = resolved.found(self.settings.resolved, self.snapshot.manifest.id)
        if not others:
            raise NoData(
                f"Snapshot {self.snapshot.manifest.id} is sealed but not resolved yet. "
                f"Try: lineage load --snapshot {self.snapshot.manifest.id}"
            )
        return others[0]

    @cached_property
    def summary(self) -> resolved.Summary:
        """Tallies of the resolved tables."""
        return resolved.summary(self.place)

    def column(self, name: str) -> pl.Series:
        """A column of `schema.NODES` in node order; `created_at` corrected by the registry."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> pl.Series:
        import polars as pl

        column = resolved.table(self.place, "nodes", [name])[name]
        if name == "created_at" and self.registry.released:
            moved = pl.DataFrame(
                [(id, datetime.combine(on, time(), UTC)) for id, on in self.registry.released.items()],
                schema={"id": pl.String, "released": column.dtype},
                orient="row",
            )
            here = pl.DataFrame({"id": self.column("id"), name: column}).with_row_index("node")
            found = here.join(moved, on="id")
            column = column.scatter(found["node"], found["released"]) if found.height else column
        return column

    def owner(self, publisher: str) -> str | None:
        """The slug of the organisation behind a namespace."""
        found = self.registry.organization_of(publisher)
        return found.slug if found else None

    @cached_property
    def ids(self) -> pl.Series:
        """Ids of all nodes, sorted bytewise."""
        return self.column("id")

    def node(self, id: str) -> int | None:
        """The number of the node of that exact id."""
        at = self.ids.search_sorted(id)
        return at if at < len(self.ids) and self.ids[at] == id else None

    @cached_property
    def _whole(self) -> Graph:
        from lineage.graph import graph_of

        return graph_of(self.summary.models + self.summary.stubs, resolved.table(self.place, "edges"))

    def graph(self, level: Level) -> Graph:
        """The graph at a level of evidence."""
        if level not in self._graphs:
            self._graphs[level] = self._whole.at(level.mask)
        return self._graphs[level]

    @cached_property
    def counts(self) -> pl.DataFrame:
        """`schema.COUNTS` of every node."""
        from lineage import derived

        return derived.counts(self.place, self._whole)

    @cached_property
    def members(self) -> pl.DataFrame:
        """`schema.MEMBERS` under this registry."""
        from lineage import derived

        return derived.members(self.place, self._whole, self.registry, self.snapshot.manifest.aliases)

    @cached_property
    def finder(self) -> Finder:
        """Search over all ids."""
        from lineage.finding import Finder

        return Finder(self.ids, self.counts["derivatives"].to_numpy())

    @cached_property
    def tallies(self) -> Mapping[int, Tally]:
        """What every family comes to under the default rule, by its place in the registry."""
        from lineage import derived, tallies

        def made() -> pl.DataFrame:
            targets = [self.family_target(family.slug) for family in self.registry.families]
            return tallies.table(self.ground(Level.DECLARED), targets)

        return tallies.read(derived.tallies(self.place, self.registry, made))

    def tally(self, ground: Ground, target: Target) -> Tally:
        """What one target comes to: as kept, where that is the default rule and it is kept."""
        from lineage import derived, tallies

        kept = self.usual(ground) and derived.has_tallies(self.place, self.registry)
        if kept and target.family is not None:
            return self.tallies[target.family]
        return tallies.tally(ground, target)

    def usual(self, ground: Ground) -> bool:
        """Whether a ground is that of the default rule."""
        from lineage.counters import THRESHOLD

        usual = ground.graph is self.graph(Level.DECLARED)
        return usual and ground.until is None and ground.threshold == THRESHOLD

    def shared(self, level: Level) -> Attributions:
        """Which families every derivative reaches at a level."""
        if level not in self._attributions:
            from lineage.attributions import Attributions

            self._attributions[level] = Attributions(self.graph(level), self.members, len(self.registry.families))
        return self._attributions[level]

    def ground(self, level: Level, *, as_of: date | None = None, threshold: int | None = None) -> Ground:
        """What counters stand on, at a level and a date (the whole day counts; None: the snapshot's own date)."""
        from lineage.counters import THRESHOLD, Ground

        return Ground(
            graph=self.graph(level),
            shared=self.shared(level),
            column=self.column,
            owner=self.owner,
            namespaces=self.registry.known_namespaces,
            teachers=resolved.table(self.place, "teachers"),
            named=resolved.table(self.place, "named"),
            matching=self.names.matching,
            until=self.until(as_of),
            threshold=THRESHOLD if threshold is None else threshold,
            mirrored=self.snapshot.manifest.kind == MIRROR,
            scoped=self.scope is not None,
            layered=self.snapshot.manifest.whole is not None,
        )

    @cached_property
    def names(self) -> Names:
        """The names after the slash of all nodes, by pattern."""
        return Names(partial(_bare, self.place), [f.name_pattern for f in self.registry.families if f.name_pattern])

    def until(self, as_of: date | None) -> datetime | None:
        """The last moment that counts; None where the date is the snapshot's own or later."""
        if as_of is None or as_of >= self.snapshot.manifest.as_of.date():
            return None
        return datetime.combine(as_of, time(), UTC) + timedelta(days=1, milliseconds=-1)

    def family_target(self, slug: str) -> Target:
        """A family as counters take it; the slug is one of the registry's."""
        from lineage.attributions import members_of
        from lineage.counters import Target

        place = next(i for i, family in enumerate(self.registry.families) if family.slug == slug)
        family = self.registry.families[place]
        owner = self.registry.organization(family.organization)
        spaces = {*family.namespaces, *(owner.namespaces if owner and not family.namespaces else ())}
        return Target(
            slug,
            "family",
            members_of(self.members, place),
            family=place,
            organization=family.organization,
            namespaces=tuple(sorted(space.lower() for space in spaces)),
            name_pattern=family.name_pattern,
        )

    def model_target(self, node: int) -> Target:
        """A model as counters take it."""
        import numpy as np

        from lineage.counters import Target

        publisher = self.column("publisher")[node]
        return Target(
            self.ids[node],
            "model",
            np.array([node], dtype=np.int64),
            organization=self.owner(publisher) if publisher else None,
            publisher=publisher,
        )

    @property
    def scope(self) -> tuple[str, ...] | None:
        """The families and models that this snapshot was crawled for, None where it was for none in particular."""
        manifest = self.snapshot.manifest
        return tuple(manifest.scope.split("+")) if manifest.kind == "crawl" and manifest.scope != WHOLE else None

    def covers(self, target: Target) -> bool:
        """Whether the crawl was for this target, or for something that it derives from."""
        if self.scope is None or target.name in self.scope:
            return True
        from lineage.graph import reach

        graph = self.graph(Level.DECLARED)
        asked = {node for name in self.scope if (node := self.node(name.removeprefix("model:"))) is not None}
        slugs = [family.slug for family in self.registry.families]
        places = [slugs.index(name) for name in self.scope if name in slugs]
        asked.update(self.members.filter(self.members["family"].is_in(places))["node"].to_list())
        return len(target.members) > 0 and all(
            asked.intersection(reach(graph.up, target.members[i : i + 1]).nodes.tolist())
            for i in range(len(target.members))
        )

    def receipt(
        self,
        question: str,
        *,
        counters: Mapping[str, int] | None = None,
        level: Level = Level.DECLARED,
        attribution: Attribution = Attribution.ANY,
        as_of: date | None = None,
        threshold: int | None = None,
        listed: bool = False,
        about: Sequence[Target] | None = None,
    ) -> Receipt:
        """The receipt of an answer from this atlas.

        `listed`: it asks about members, whose children a crawl lists. `about`: the targets of its numbers; None where
        it speaks of everything, which the crawl of some families or models never covers.
        """
        manifest = self.snapshot.manifest
        covered = self.scope is None or (about is not None and all(map(self.covers, about)))
        return Receipt(
            question=question,
            counters=dict(counters or {}),
            snapshot=manifest.id,
            snapshot_sha256=manifest.sha256,
            source=manifest.source,
            as_of=self.until(as_of) or manifest.as_of,
            evidence=str(level),
            attribution=str(attribution),
            threshold=threshold,
            registry_version=self.registry.version,
            registry_digest=self.registry.digest,
            card=manifest.card,
            complete=manifest.complete and covered,
            tool_version=__version__,
            simulated=manifest.simulated,
            era=self.summary.era,
            direct_exact=covered and (manifest.complete or (listed and manifest.direct_exact is True)),
        )


def _bare(place: Path) -> pl.Series:
    """The names after the slash of all nodes."""
    import polars as pl

    ids = resolved.table(place, "nodes", ["id", "publisher"])
    owner = pl.col("publisher").str.len_chars().cast(pl.Int64)
    return ids.select(pl.col("id").str.slice(owner.fill_null(-1) + 1))["id"]


def opened(settings: Settings, *, snapshot: str | None = None) -> Atlas:
    """The atlas of a snapshot: the one asked for, else the one that is loaded, else the newest.

    Raises `NoData` where there is none, `NotFound` for an unknown snapshot. Of a server whose snapshot is not in this
    home, the graph itself is streamed into the cache once.
    """
    registry = load(settings.registry)
    known = {manifest.id for manifest in snapshots.listed(settings)}
    if snapshot is not None or settings.store == "embedded":
        wanted = snapshot or loaded_snapshot(settings)
        return Atlas(settings, registry, snapshots.opened(settings, wanted if snapshot or wanted in known else None))
    return _beside(settings, registry, known)


def _beside(settings: Settings, registry: Registry, known: set[str]) -> Atlas:
    """The atlas of what a server holds; where its snapshot is not here, of the server's own graph."""
    store = open_store(settings)
    try:
        loaded = store.loaded()
        if loaded is None:
            raise NoData(f"Nothing is loaded in {settings.store} yet. Try: lineage --store {settings.store} load")
        if loaded.snapshot in known:
            found = snapshots.opened(settings, loaded.snapshot)
        else:
            found = mirrored(settings, store, loaded)
    except BaseException:
        store.close()
        raise
    return Atlas(settings, registry, found, store)
