"""The embedded store: a Cypher engine in this process (`ladybug`), one graph file in the home folder.

A load builds a new file beside the old and swaps a pointer, so any number of processes read on and none sees half a
graph. A reader opens what the pointer names at its first question and keeps to that until it is closed.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import ladybug
import polars as pl
import pyarrow as pa

from lineage import room
from lineage.domain import Brood, Child, Edge, Loaded, Model, Relation, Table
from lineage.errors import Damaged, Fatal, NoData, Refused, TooNew
from lineage.schema import EDGE_TYPES, GRAPH_VERSION, LABELS, EdgeType, GraphTables, Label, columns
from lineage.stores import cypher, embedded_files, guard, rows, values, walks
from lineage.stores.embedded_files import Pointer
from lineage.stores.protocol import Progress

_ENGINE_ERRORS = (RuntimeError, ValueError, IndexError, TypeError, OverflowError)
"""What the engine's binding raises."""

_NO_ROOM = ("Cannot write to file", "numBytesRead: 0")
"""What it says where a new file could not grow: it misses the end that it takes for written."""

_AGAIN = "Make it again with: lineage load"
_MEMORY = 2 << 30
"""Bytes that the engine may hold at most; a join of all edges of 1 million models takes more than 1 GiB."""

_THREADS = min(os.cpu_count() or 1, 4)
_AHEAD = 3
"""Tables made while another is copied: the counts of the families are ready when the models are in."""

_STRETCH = 500_000
"""How many places of the model table are read at once where all edges are wanted."""


def _now() -> datetime:
    return datetime.now(UTC)


class EmbeddedStore:
    """The graph in `folder`, behind `GraphStore`; threads may share it."""

    url = "embedded"

    def __init__(self, folder: Path, clock: Callable[[], datetime] = _now) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.RLock()
        self._database: ladybug.Database | None = None
        self._connection: ladybug.Connection | None = None
        self._known: dict[str | None, tuple[str | None, str | None]] | None = None

    def loaded(self) -> Loaded | None:
        """What is loaded, or None where nothing is."""
        if self._database is None and embedded_files.current(self._folder) is None:
            return None
        found = self._rows(cypher.LOADED, {})
        if not found:
            raise Damaged(f"The embedded store in {self._folder} does not say what it holds. {_AGAIN}")
        return rows.loaded(found[0])

    def load(self, tables: GraphTables, progress: Progress) -> None:
        """Build a graph file of exactly `tables` beside the current one, then make it current."""
        meta = tables.nodes["LineageMeta"]
        if meta.height != 1:
            raise Fatal(f"A graph is loaded with one LineageMeta row; these tables have {meta.height}.")
        with embedded_files.loading(self._folder) as old:
            kept = old
            path = embedded_files.free_name(self._folder, str(meta["snapshot"][0]), str(meta["run"][0]))
            try:
                _build(path, tables, progress)
                embedded_files.sync(path)
                new = self._pointer(path, meta)
                embedded_files.point(self._folder, new)
                kept = new
            except OSError as error:
                if room.is_full(error, self._folder):
                    raise _no_room(path) from error
                raise Fatal(
                    f"The graph could not be written to {path}: {error.strerror}. The old one stays."
                ) from error
            finally:
                self.close()
                embedded_files.sweep(self._folder, kept)

    def _pointer(self, path: Path, meta: pl.DataFrame) -> Pointer:
        return Pointer(
            file=path.name,
            bytes=path.stat().st_size,
            engine=int(ladybug.storage_version),
            schema_version=int(meta["schema_version"][0]),
            snapshot=str(meta["snapshot"][0]),
            digest=str(meta["snapshot_sha256"][0]),
            loaded_at=self._clock().isoformat(),
        )

    def model(self, id: str) -> Model | None:
        """The model or stub of that exact id, else None."""
        found = self.models([id])
        return found[0] if found else None

    def models(self, ids: Sequence[str]) -> tuple[Model, ...]:
        """Those of `ids` that exist, in the order asked."""
        with self._lock:  # both of one graph, whatever is loaded meanwhile
            answers = self._rows(cypher.EMBEDDED_MODELS, {"ids": list(dict.fromkeys(ids))})
            makers = self._makers() if answers else {}
        found = {}
        for model in map(rows.model, answers):
            organization, country = makers.get(model.publisher, (None, None))
            found[model.id] = replace(model, organization=organization, country=country)
        return tuple(found[id] for id in ids if id in found)

    def _makers(self) -> dict[str | None, tuple[str | None, str | None]]:
        """Organisation and country of each publisher that has one."""
        if self._known is None:
            told = self._frame(cypher.EMBEDDED_MAKERS, {}).iter_rows()
            self._known = {name: (slug, country) for name, slug, country in told}
        return self._known

    def parents(self, ids: Sequence[str]) -> tuple[Edge, ...]:
        """Every DERIVED_FROM edge up from `ids`, sorted by child, then position."""
        answers = [row for id in sorted(set(ids)) for row in self._rows(cypher.PARENTS_OF, {"id": id})]
        return tuple(sorted(map(rows.edge, answers), key=lambda edge: (edge.child, edge.position, edge.parent)))

    def children(self, id: str, *, limit: int, relations: Sequence[str] = ()) -> Brood:
        """The best children and a tally of the rest; 40,000 children take about 50 ms."""
        brood = self._frame(cypher.EMBEDDED_BROOD, {"id": id})
        if brood.is_empty():
            return Brood(parent=id, shown=(), hidden={}, publishers=0)
        if relations:
            carries = [pl.col("relations").list.contains(relation) for relation in relations]
            brood = brood.filter(pl.any_horizontal(carries))
        brood = brood.sort(["derivatives", "id"], descending=[True, False])
        top, rest = brood.head(limit), brood.slice(limit)
        edges = [
            rows.edge((row["id"], id, row["relations"], row["evidence"], row["position"]))
            for row in top.iter_rows(named=True)
        ]
        models = self.models([edge.child for edge in edges])
        return Brood(
            parent=id,
            shown=tuple(Child(edge, model) for edge, model in zip(edges, models, strict=True)),
            hidden=_tally(rest["relations"]),
            publishers=rest["id"].str.extract(r"^([^/]*)/").drop_nulls().n_unique() if len(rest) else 0,
        )

    def nodes(self) -> pl.DataFrame:
        """All models and stubs."""
        return rows.nodes(self._frame(cypher.EMBEDDED_NODES, {}))

    def edges(self) -> pl.DataFrame:
        """All DERIVED_FROM edges, a stretch of the model table at a time so that a reader's memory suffices."""
        last = self._rows(cypher.EMBEDDED_SPAN, {})[0][0]
        spans = [{"first": at, "after": at + _STRETCH} for at in range(0, int(str(last or 0)) + 1, _STRETCH)]
        places = pl.concat([rows.bits(self._frame(cypher.EMBEDDED_EDGES, span)) for span in spans])
        ids = pl.concat([self._frame(cypher.EMBEDDED_IDS, span) for span in spans])
        for end in ("child", "parent"):
            named = ids.rename({"place": end, "id": f"{end}_id"})
            places = places.join(named, on=end, how="left", maintain_order="left")
        return places.select(
            pl.col("child_id").alias("child"), pl.col("parent_id").alias("parent"), "relations", "evidence", "position"
        )

    def cypher(self, text: str, parameters: Mapping[str, object], *, limit: int, timeout: float) -> Table:
        """The answer of a read-only statement, on a connection of its own.

        Measured on 1 million models with 300,000 edges: all 93,844 descendants of a root in 0.15 s. A `*` follows every
        hop (see `walks`), where the engine by itself stops silently at 30.
        """
        query = guard.judged(text, parameters, limit)
        with self._lock:
            database, _ = self._opened()
        with _told(timeout), closing(ladybug.Connection(database, num_threads=_THREADS)) as connection:
            _single(connection.execute(cypher.EMBEDDED_REACH.format(hops=walks.LONGEST))).close()
            connection.set_query_timeout(max(int(timeout * 1000), 1))
            with closing(_single(connection.execute(query.text, dict(parameters)))) as result:
                return _table(result, limit, query.columns)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            if self._database is not None:
                self._database.close()
            self._connection = self._database = self._known = None

    def _rows(self, text: str, parameters: Mapping[str, object]) -> list[list[object]]:
        with self._lock, _told(), closing(_single(self._opened()[1].execute(text, dict(parameters)))) as result:
            return [list(row) for row in result]

    def _frame(self, text: str, parameters: Mapping[str, object]) -> pl.DataFrame:
        with self._lock, _told(), closing(_single(self._opened()[1].execute(text, dict(parameters)))) as result:
            return result.get_as_pl()

    def _opened(self) -> tuple[ladybug.Database, ladybug.Connection]:
        if self._database is None or self._connection is None:
            self._database = _reader(self._folder)
            self._connection = ladybug.Connection(self._database, num_threads=_THREADS)
        return self._database, self._connection


def _tally(relations: pl.Series) -> dict[str, int]:
    """How many have each strongest relation, in the order of `Relation`."""
    counted = Counter(first or str(Relation.UNSPECIFIED) for first in relations.list.first())
    return {str(relation): counted[relation] for relation in Relation if relation in counted}


def _reader(folder: Path) -> ladybug.Database:
    """The current graph, open read-only; where a load swapped it between the look and the opening, the next one."""
    first = embedded_files.current(folder)
    try:
        return _open(folder, first)
    except Damaged:
        second = embedded_files.current(folder)
        if second == first:
            raise
        return _open(folder, second)


def _open(folder: Path, pointer: Pointer | None) -> ladybug.Database:
    if pointer is None:
        raise NoData("Nothing is loaded here yet. Try: lineage bootstrap, lineage crawl SCOPE, or make demo")
    if pointer.schema_version > GRAPH_VERSION:
        raise TooNew(f"The graph in {folder} was loaded by a newer lineage (graph version {pointer.schema_version}).")
    if pointer.schema_version < GRAPH_VERSION or pointer.engine != ladybug.storage_version:
        raise Fatal(f"The graph in {folder} was loaded by another version of lineage. {_AGAIN}")
    path = folder / pointer.file
    try:
        if path.stat().st_size != pointer.bytes:
            raise Damaged(f"The graph file {path} is not as long as it was written. {_AGAIN}")
        return ladybug.Database(path, read_only=True, buffer_pool_size=_pool(), max_num_threads=_THREADS)
    except OSError as error:
        raise Damaged(f"The graph file {path} cannot be read: {error.strerror}. {_AGAIN}") from error
    except _ENGINE_ERRORS as error:
        raise Damaged(f"The graph file {path} cannot be opened: {_cleaned(error)} {_AGAIN}") from error


def _build(path: Path, tables: GraphTables, progress: Progress) -> None:
    """A finished graph file at `path`; a label's nodes go in before the edges that need them."""
    copied = 0
    with closing(_made_ahead(tables)) as made, _filling(path) as run:
        for statement in cypher.embedded_schema():
            run(statement, {})
        for thing, frame in made:
            if frame.height:
                progress(thing.name, 0, frame.height)
                run(cypher.embedded_copy(thing), {"rows": _declared(frame, columns(thing))})
            copied += frame.height
        run("CHECKPOINT", {})
    progress("done", copied, copied)


@contextmanager
def _filling(path: Path) -> Iterator[Callable[[str, dict[str, object]], None]]:
    """What runs a statement on a new graph file."""
    with _built(path):
        database = ladybug.Database(path, buffer_pool_size=_pool(), max_num_threads=_THREADS)
    with closing(database), closing(ladybug.Connection(database, num_threads=_THREADS)) as connection:

        def run(text: str, parameters: dict[str, object]) -> None:
            """Run it to its end."""
            with _built(path):
                _single(connection.execute(text, parameters)).close()

        yield run


@contextmanager
def _built(path: Path) -> Iterator[None]:
    """Say of the file what the engine cannot do, and of nothing else."""
    try:
        yield
    except _ENGINE_ERRORS as error:
        if any(word in str(error) for word in _NO_ROOM) or room.is_full(error, path.parent):
            raise _no_room(path) from error
        raise Fatal(f"The graph could not be built at {path}: {_cleaned(error)} The old one stays.") from error


def _no_room(path: Path) -> Fatal:
    """The disk is full, or files may not grow further."""
    grown = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    need = f"the disk is full, or files may not grow; the new graph had grown to {room.megabytes(grown)}"
    stays = "Its snapshot stays sealed, and the old graph stays"
    return Fatal(room.lacking("the graph", path.parent, need, stays))


def _made_ahead(tables: GraphTables) -> Generator[tuple[Label | EdgeType, pl.DataFrame]]:
    """Labels, then types, with their rows: a few are made while the engine copies one, and none is held after that."""
    made: deque[tuple[Label | EdgeType, Future[pl.DataFrame]]] = deque()
    with ThreadPoolExecutor(1) as maker:
        try:
            for things, frames in ((LABELS, tables.nodes), (EDGE_TYPES, tables.edges)):
                for thing in things:
                    made.append((thing, maker.submit(frames.__getitem__, thing.name)))
                    if len(made) > _AHEAD:
                        yield _next(made)
            while made:
                yield _next(made)
        finally:
            maker.shutdown(cancel_futures=True)


def _next(
    made: deque[tuple[Label | EdgeType, Future[pl.DataFrame]]],
) -> tuple[Label | EdgeType, pl.DataFrame]:
    thing, frame = made.popleft()
    return thing, frame.result()


def _declared(frame: pl.DataFrame, kinds: Mapping[str, pl.DataType]) -> pa.Table:
    """The frame in the declared order and types, which is how the engine reads it.

    The texts stay where they are: the engine would lay them all out again, 1.3 GB for 3.3 million models.
    """
    ordered = frame.select(pl.col(name).cast(kind) for name, kind in kinds.items())
    return ordered.to_arrow(compat_level=pl.CompatLevel.newest())


def _pool() -> int:
    """Bytes of memory that the engine may hold: not the engine's own 80 %, but at most a quarter of the machine's."""
    if not hasattr(os, "sysconf"):
        return _MEMORY // 2
    return min(_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)


@contextmanager
def _told(timeout: float | None = None) -> Iterator[None]:
    """Turn what the engine raises into one sentence of ours."""
    try:
        yield
    except _ENGINE_ERRORS as error:
        said = str(error)
        if "Interrupted" in said:
            raise Refused(
                f"The query was stopped after {timeout:g} s. Narrow it, or allow more with --timeout."
            ) from error
        if "Buffer manager exception" in said or "bad allocation" in said:
            raise Refused(
                "The query needs more memory than a reader may use. Narrow it or return fewer values."
            ) from error
        if timeout is None or "IO exception" in said or "Corrupt" in said:
            raise Damaged(f"The graph cannot be read: {_cleaned(error)} {_AGAIN}") from error
        raise Refused(f"The engine does not take this query: {_cleaned(error)}") from error


def _cleaned(error: Exception) -> str:
    """The engine's message as one printable line that ends with a full stop."""
    said = " ".join(str(error).split())
    for kind in ("Binder", "Parser", "Catalog", "Runtime", "Connection", "Conversion", "IO"):
        said = said.removeprefix(f"{kind} exception: ")
    return "".join(letter if letter.isprintable() else "?" for letter in said[:300]).rstrip(".") + "."


def _single(result: ladybug.QueryResult | list[ladybug.QueryResult]) -> ladybug.QueryResult:
    if isinstance(result, list):
        raise Refused("One statement at a time.")
    return result


def _table(result: ladybug.QueryResult, limit: int, written: tuple[str, ...]) -> Table:
    """The first rows, under the names as the user wrote them where those are known."""
    named = tuple(result.get_column_names())
    taken: list[tuple[object, ...]] = []
    while len(taken) < limit and result.has_next():
        taken.append(tuple(_value(value) for value in result.get_next()))
    return Table(written if len(written) == len(named) else named, tuple(taken), truncated=result.has_next())


def _value(value: object) -> object:
    """A value of the engine's as `values` has it; nodes, relationships and paths are told by their hidden keys."""
    if isinstance(value, dict):
        own = {name: item for name, item in value.items() if name not in ("_ID", "_LABEL", "_SRC", "_DST")}
        if value.keys() >= {"_NODES", "_RELS"}:
            return values.path(map(_value, value["_NODES"]), map(_value, value["_RELS"]))
        if value.keys() >= {"_ID", "_LABEL"}:
            shape = values.relationship if "_SRC" in value else values.node
            return shape(str(value["_LABEL"]), own)
        return {str(name): _value(item) for name, item in value.items()}
    return [_value(item) for item in value] if isinstance(value, list) else values.plain(value)
