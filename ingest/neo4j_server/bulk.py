"""A first load into this home's own Neo4j by `neo4j-admin database import`: server stopped, the whole graph at once.

The rows go in with their fingerprints, and an ordinary load follows: it finds nothing to write where as many rows are
there, builds the indexes, and states what is loaded. So a bulk load ends where a load by the driver ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import polars as pl

from ingest import neo4j_server
from ingest.neo4j_server.engine import Memory
from lineage.errors import Fatal, Refused
from lineage.schema import EDGE_TYPES, GRAPH_VERSION, LABELS, EdgeType, GraphTables, Label
from lineage.settings import Settings
from lineage.stores import cypher, neo4j_csv, neo4j_rows
from lineage.stores.neo4j import Neo4jOptions, address, open_neo4j, same_place
from lineage.stores.neo4j_local import folder, read_local
from lineage.stores.protocol import Progress


def bulk_load(
    settings: Settings,
    tables: GraphTables,
    progress: Progress,
    *,
    memory: Memory | None = None,
    env: Mapping[str, str] = os.environ,
    pause: Callable[[float], None] = time.sleep,
    cache: Path | None = None,
) -> None:
    """Fill the local server's empty database with `tables`; it runs again afterwards.

    Raises Refused where the database holds something, Fatal where this home has no server of its own. Cut off, the next
    bulk load starts over.
    """
    admit(settings, env)
    place = folder(settings.home) / "import"
    begun = place / "begun"
    if not begun.exists():
        neo4j_server.up(settings, memory=memory, env=env, pause=pause, cache=cache)
        _refuse_full(settings, env)
    neo4j_server.down(settings, pause=pause)
    begun.touch()
    try:
        arguments = _written(tables, place, progress)
        progress("import", 0, 1)
        neo4j_server.admin(settings, arguments, memory=memory, env=env, cache=cache)
        progress("import", 1, 1)
        begun.unlink()
    finally:
        for path in place.glob("*.csv"):
            path.unlink()
    neo4j_server.up(settings, memory=memory, env=env, pause=pause, cache=cache)
    options = Neo4jOptions(imported=True)
    with closing(open_neo4j(_own(settings), write=True, options=options, env=env)) as store:
        store.load(tables, progress)


def admit(settings: Settings, env: Mapping[str, str] = os.environ) -> None:
    """Raise Fatal unless the store that is asked for is this home's own server."""
    local = read_local(settings.home)
    if local is None:
        raise Fatal("A bulk load fills the local server of this home. Start one with `lineage neo4j up`.")
    if settings.store != "embedded" and not same_place(address(settings, env), local.url):
        raise Fatal(f"A bulk load fills the server of this home at {local.url}, no other. Load without --bulk.")


def _own(settings: Settings) -> Settings:
    local = read_local(settings.home)
    return Settings(home=settings.home, store=local.url if local else "neo4j")


def _refuse_full(settings: Settings, env: Mapping[str, str]) -> None:
    with closing(open_neo4j(_own(settings), env=env)) as store:
        if not store.empty():
            raise Refused(
                "A bulk load replaces the whole database, and this home's is not empty. Load without --bulk: "
                "only what changed is written."
            )


def _written(tables: GraphTables, place: Path, progress: Progress) -> list[str]:
    """Write every table as CSV in `place`; the arguments that import them, paths as `admin` takes them."""
    things: list[Label | EdgeType] = [label for label in LABELS if label.name != "LineageMeta"]
    things += EDGE_TYPES
    words, lines = [], False
    for number, thing in enumerate(things):
        progress("write", number, len(things))
        option = "--relationships" if isinstance(thing, EdgeType) else "--nodes"
        frame = neo4j_rows.prepared(thing, (tables.edges if isinstance(thing, EdgeType) else tables.nodes)[thing.name])
        lines = lines or _has_line_ends(frame)
        _write(thing, frame, place)
        words.append(f"{option}={thing.name}={{import}}/{thing.name}.head.csv,{{import}}/{thing.name}.csv")
    words.append(_meta(tables, place))
    flags = ["--overwrite-destination=true", "--id-type=string", f"--multiline-fields={str(lines).lower()}"]
    return ["database", "import", "full", *words, *flags, "--report-file={import}/report.txt", "neo4j"]


def _write(thing: Label | EdgeType, frame: pl.DataFrame, place: Path) -> None:
    columns = cypher.neo4j_columns(thing)
    (place / f"{thing.name}.head.csv").write_text(neo4j_csv.head(thing, columns), encoding="utf-8")
    text = frame.select(neo4j_csv.cells(columns))
    text.write_csv(place / f"{thing.name}.csv", include_header=False, quote_style="necessary")


def _meta(tables: GraphTables, place: Path) -> str:
    """The mark of a load under way, so that what the import leaves is known as ours."""
    (place / "LineageMeta.head.csv").write_text(
        f"key:ID(LineageMeta),loading:string,schema_version:long,{cypher.DIGEST}:long\n", encoding="utf-8"
    )
    run = tables.nodes["LineageMeta"].select("key", "run", pl.lit(GRAPH_VERSION), pl.lit(0).alias("digest"))
    run.write_csv(place / "LineageMeta.csv", include_header=False)
    return "--nodes=LineageMeta={import}/LineageMeta.head.csv,{import}/LineageMeta.csv"


def _has_line_ends(frame: pl.DataFrame) -> bool:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return any(frame.select(pl.col(texts).str.contains("[\n\r]").any()).row(0)) if texts else False
