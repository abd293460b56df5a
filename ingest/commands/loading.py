"""`lineage load`, and what every command does with the snapshot it sealed: as much of it into the store as is asked."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ingest.commands.live import Live
from lineage import console
from lineage.console import Command
from lineage.errors import AlreadyRunning, Interrupted

if TYPE_CHECKING:
    from lineage.domain import Loaded
    from lineage.schema import GraphTables
    from lineage.settings import Settings
    from lineage.snapshots import Manifest, Snapshot
    from lineage.stores.protocol import GraphStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """How much of a snapshot a server is given, and how; `scope` None is what suits where the server is."""

    scope: str | None = None
    max_nodes: int | None = None
    into_existing: bool = False
    bulk: bool = False


@click.command(
    cls=Command,
    section="Stores",
    examples=["lineage load", "lineage --store neo4j load --scope family:qwen --max-nodes 200000"],
)
@click.option("--snapshot", "id", metavar="ID", help="Which one; the newest unless named.")
@click.option(
    "--scope",
    metavar="SCOPE",
    help="Neo4j: all, lineage, family:SLUG.  [default: all on this machine, else `lineage`]",
)
@click.option("--max-nodes", type=click.IntRange(min=1), help="Neo4j: refuse to load more nodes than this.")
@click.option("--into-existing", is_flag=True, help="Neo4j: load beside a graph that lineage did not make.")
@click.option("--bulk", is_flag=True, help="Neo4j: fill the empty database of `lineage neo4j up` at once.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; print the snapshot's id alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the snapshot's facts as JSON.")
def load(
    id: str | None,
    scope: str | None,
    max_nodes: int | None,
    into_existing: bool,
    bulk: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Load a snapshot into the store.

    --scope lineage is the models with an edge and the members of families, family:SLUG those that derive from one.
    """
    from ingest.commands.outcome import report
    from lineage.snapshots import opened

    settings = console.settings()
    if settings.store == "embedded" and (scope or max_nodes or into_existing or bulk):
        raise click.UsageError("--scope, --max-nodes, --into-existing and --bulk are for Neo4j: name one by --store.")
    if bulk and into_existing:
        raise click.UsageError("--bulk fills an empty database, so --into-existing has no meaning beside it.")
    with Live(quiet=quiet) as live:
        snapshot = opened(settings, id)
        landed(settings, snapshot, live, load=True, choice=Choice(scope, max_nodes, into_existing, bulk))
    report(snapshot, loaded=True, quiet=quiet, as_json=as_json, new=False)


def landed(settings: Settings, snapshot: Snapshot, live: Live, *, load: bool, choice: Choice | None = None) -> None:
    """Make a sealed snapshot answer: resolved, counted, in the store; only where `load`.

    Without a `choice` a server keeps the scope that it was loaded with, so that an update does not widen it.
    """
    if not load:
        return
    try:
        _put(settings, snapshot, live, choice)
    except KeyboardInterrupt as stop:
        id = snapshot.manifest.id
        held = "; the store holds what it held" if settings.store == "embedded" else ", or only in part"
        raise Interrupted(f"Stopped. {id} is sealed and not loaded{held}.", f"lineage load --snapshot {id}") from stop
    except AlreadyRunning as busy:
        id = snapshot.manifest.id
        raise AlreadyRunning(f"{busy} {id} is sealed and not loaded: lineage load --snapshot {id} does.") from busy


def _put(settings: Settings, snapshot: Snapshot, live: Live, choice: Choice | None) -> None:
    """Put a snapshot into the store, whatever it takes."""
    if choice is not None and choice.bulk:
        _in_bulk(settings, snapshot, live, choice)
        return
    with closing(_opened(settings, choice)) as store:
        whole = _whole(settings, store, snapshot)
        kept = _kept(settings, store, snapshot) if choice is None else choice.scope
        tables = _tables(settings, snapshot, live)
        if settings.store != "embedded":
            tables = _fitted(tables, kept or usual_scope(settings), choice, live)
        store.load(tables, live.stage)
    if whole:
        now = f"{snapshot.manifest.id} (scope {snapshot.manifest.scope})"
        live.say(f"The store now answers from {now}; lineage load --snapshot {whole} goes back to the whole Hub.")


def up_to_date(settings: Settings, snapshot: Snapshot) -> bool:
    """Whether the store holds just this snapshot, resolved by today's registry, so that no load changes anything."""
    from lineage.registry import load as load_registry
    from lineage.schema import GRAPH_VERSION
    from lineage.stores import loaded_snapshot, open_store

    if settings.store == "embedded" and loaded_snapshot(settings) != snapshot.manifest.id:
        return False
    with closing(open_store(settings)) as store:
        held = _held(store)
    wanted = (snapshot.manifest.id, GRAPH_VERSION, load_registry(settings.registry).digest)
    return held is not None and (held.snapshot, held.schema_version, held.registry_digest) == wanted


def usual_scope(settings: Settings) -> str:
    """What a server is given unless told: all on this machine, on another the models with an edge, and members."""
    from lineage.stores.neo4j import address
    from lineage.stores.neo4j_link import here

    return "all" if here(address(settings)) else "lineage"


def _opened(settings: Settings, choice: Choice | None) -> GraphStore:
    from lineage.stores import open_store
    from lineage.stores.neo4j import Neo4jOptions, open_neo4j

    if choice is not None and choice.into_existing:
        return open_neo4j(settings, write=True, options=Neo4jOptions(into_existing=True))
    return open_store(settings, write=True)


def _in_bulk(settings: Settings, snapshot: Snapshot, live: Live, choice: Choice) -> None:
    from ingest.neo4j_server import bulk

    bulk.admit(settings)
    tables = _fitted(_tables(settings, snapshot, live), choice.scope or "all", choice, live)
    bulk.bulk_load(settings, tables, live.stage)


def _fitted(tables: GraphTables, scope: str, choice: Choice | None, live: Live) -> GraphTables:
    """The part of the tables in scope, its size said before it is sent; raises where it is more than allowed."""
    from lineage.stores.scope import bounded, narrow, size

    chosen = narrow(tables.held(), scope)
    nodes, edges = size(chosen)
    live.say(f"To load, scope {scope}: {nodes:,} nodes, {edges:,} edges.")
    bounded(chosen, choice.max_nodes if choice else None)
    return chosen


def _tables(settings: Settings, snapshot: Snapshot, live: Live) -> GraphTables:
    from ingest.commands.fetch import utc_now
    from ingest.load import resolve_snapshot, tables_of
    from lineage.registry import load as load_registry

    registry, models = load_registry(settings.registry), snapshot.manifest.models
    live.stage("resolve", 0, models)
    resolve_snapshot(settings, snapshot, registry)
    live.stage("resolve", models, models)
    return tables_of(settings, snapshot, registry, utc_now())[1]


def _kept(settings: Settings, store: GraphStore, snapshot: Snapshot) -> str | None:
    """The scope of the graph that is there, where it is of the same series of snapshots."""
    held = _held(store)
    series = {manifest.id: manifest.scope for manifest in _listed(settings)}
    same = held is not None and series.get(held.snapshot, snapshot.manifest.scope) == snapshot.manifest.scope
    return held.scope if held is not None and same else None


def _whole(settings: Settings, store: GraphStore, snapshot: Snapshot) -> str | None:
    """The snapshot of the whole Hub that the store holds, where a narrower one is to take its place."""
    from ingest.crawl.series import WHOLE

    if snapshot.manifest.scope == WHOLE:
        return None
    held = _held(store)
    whole = {manifest.id for manifest in _listed(settings) if manifest.scope == WHOLE}
    return held.snapshot if held and held.snapshot in whole else None


def _held(store: GraphStore) -> Loaded | None:
    from lineage.errors import LineageError

    try:
        return store.loaded()
    except LineageError as error:
        _log.info("what the store held is not known: %s", error)
        return None


def _listed(settings: Settings) -> tuple[Manifest, ...]:
    from lineage.snapshots import listed

    return tuple(listed(settings))
