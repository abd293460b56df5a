"""Graph tables into a Neo4j server: all of them the first time, afterwards only what differs.

Every node and edge that lineage writes bears a fingerprint of its row (`cypher.DIGEST`). A load asks the server for the
fingerprints it has, writes the rows that lack theirs and removes what bears one that no row has: so a load that was cut
off, by whatever, is finished by the next, a second load of the same tables writes nothing, and what others keep in the
same database is never touched, for it bears no fingerprint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import polars as pl

from lineage.errors import Damaged, Fatal, Refused, TooNew
from lineage.schema import EDGE_TYPES, GRAPH_VERSION, LABELS, EdgeType, GraphTables, Label
from lineage.stores import cypher, neo4j_rows
from lineage.stores.neo4j_link import Link, Writer
from lineage.stores.protocol import Progress

_log = logging.getLogger(__name__)

_NODES = tuple(label for label in LABELS if label.name != "LineageMeta")
_META = next(label for label in LABELS if label.name == "LineageMeta")
_PART = 1_000_000
"""Fingerprints asked for at a time: a list of so many fits a server that grants a query 256 MB."""

Ids = dict[str, pl.DataFrame]
"""For each label: key and element id of every node, known only where this very load made them all."""


@dataclass(frozen=True)
class Difference:
    """One label's or type's rows to write, and the names of what goes: `source`, for edges `target` too, `digest`."""

    write: pl.DataFrame
    stale: pl.DataFrame


class Loader:
    """One load of `tables` over `link`; `batch` rows a transaction, one writer."""

    def __init__(self, link: Link, tables: GraphTables, progress: Progress, *, batch: int = 5_000) -> None:
        self._link, self._progress, self._batch = link, progress, batch
        self._tables: Mapping[str, pl.DataFrame] = {**tables.nodes, **tables.edges}
        meta = tables.nodes["LineageMeta"]
        if len(meta) != 1:
            raise Fatal(f"A graph is loaded with one LineageMeta row; these tables have {len(meta)}.")
        self._meta = meta

    def run(self, *, into_existing: bool = False, imported: bool = False) -> None:
        """Make the database hold exactly the tables, beside whatever is not lineage's own.

        Where the rows were `imported` into an empty database just now, and as many are there, none is looked at.
        """
        self._admit(into_existing=into_existing)
        for statement in cypher.neo4j_constraints():
            self._link.run(statement)
        first = self._bare()
        with closing(self._link.writer()) as writer:
            begun = {"run": str(self._meta["run"][0]), "version": GRAPH_VERSION}
            writer.write(cypher.NEO4J_BEGIN, begun)
            if first:
                self._fill(writer)
            elif not (imported and self._complete()):
                self._refuse_strangers()
                self._mend(writer)
            self._index()
            writer.write(cypher.neo4j_finish(), {"columns": next(neo4j_rows.batches(self._prepared(_META), 1))})
        self._replan()
        self._progress("done", 1, 1)

    def _admit(self, *, into_existing: bool) -> None:
        found = self._link.read(cypher.NEO4J_STATE)
        if found:
            version = found[0][1]
            if isinstance(version, int) and version > GRAPH_VERSION:
                raise TooNew(f"The graph at {self._link.url} was loaded by a newer lineage (graph version {version}).")
            return
        empty = self._link.read(cypher.NEO4J_EMPTY)[0][0]
        if not empty and not into_existing:
            raise Refused(
                f"The database {self._link.database!r} at {self._link.url} holds a graph that lineage did not load. "
                "Name an empty one with NEO4J_DATABASE, or add lineage's graph beside it with --into-existing."
            )

    def _bare(self) -> bool:
        things: tuple[Label | EdgeType, ...] = (*_NODES, *EDGE_TYPES)
        return not any(self._present(thing) for thing in things)

    def _complete(self) -> bool:
        things: tuple[Label | EdgeType, ...] = (*_NODES, *EDGE_TYPES)
        return all(self._present(thing) == len(self._tables[thing.name]) for thing in things)

    def _present(self, thing: Label | EdgeType) -> int:
        return int(str(self._link.read(cypher.neo4j_count(thing))[0][0]))

    def _refuse_strangers(self) -> None:
        for label in _NODES:
            keys = self._link.read(cypher.NEO4J_FOREIGN[label.name])[0][0]
            theirs = set(keys) if isinstance(keys, list) else set()
            taken = theirs.intersection(self._tables[label.name][label.key].to_list()) if theirs else set()
            if taken:
                raise Refused(
                    f"The database {self._link.database!r} has a {label.name} {min(map(str, taken))!r} that "
                    f"lineage did not load ({len(taken):,} such). Use a database of its own."
                )

    def _fill(self, writer: Writer) -> None:
        """Write everything, edges by the element ids that the nodes were given: no look-up by key is needed."""
        ids: Ids = {}
        for thing, frame in self._ahead():
            if isinstance(thing, Label):
                made: list[str] = []
                for columns in self._stages(thing.name, frame):
                    made += _texts(writer.write(cypher.neo4j_create(thing), {"columns": columns})[0])
                ids[thing.name] = pl.DataFrame({"key": frame[thing.key], "element": pl.Series(made, dtype=pl.String)})
            else:
                for columns in self._stages(thing.name, _with_element_ids(thing, frame, ids)):
                    self._checked(writer, cypher.neo4j_join(thing), columns)

    def _ahead(self) -> Iterator[tuple[Label | EdgeType, pl.DataFrame]]:
        """Labels, then types, with their rows; the next ones are made ready while the server works."""
        things: tuple[Label | EdgeType, ...] = (*_NODES, *EDGE_TYPES)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self._prepared, things[0])
            for thing, following in zip(things, (*things[1:], None), strict=True):
                frame = waiting.result()
                if following is not None:
                    waiting = pool.submit(self._prepared, following)
                yield thing, frame

    def _mend(self, writer: Writer) -> None:
        """Write what differs: nodes, then edges that go, edges that come, and at last the nodes that go.

        What is there is asked for ahead, while the rows' own fingerprints are made.
        """
        things: tuple[Label | EdgeType, ...] = (*_NODES, *EDGE_TYPES)
        with ThreadPoolExecutor(1) as pool:
            asked = {thing.name: pool.submit(self._digests, thing) for thing in things}
            try:
                self._mend_by(writer, {name: future.result for name, future in asked.items()})
            finally:
                pool.shutdown(cancel_futures=True)

    def _mend_by(self, writer: Writer, there: Mapping[str, Callable[[], pl.Series]]) -> None:
        gone = {}
        for label in _NODES:
            change = self._difference(label, there[label.name])
            gone[label.name] = _vanished(change, self._tables[label.name][label.key])
            for columns in self._stages(label.name, change.write):
                self._checked(writer, cypher.neo4j_upsert(label), columns)
        for edge in EDGE_TYPES:
            change = self._difference(edge, there[edge.name])
            for columns in self._stages(f"{edge.name}: gone", change.stale):
                writer.write(cypher.neo4j_cut(edge), {"columns": columns})
            for columns in self._stages(edge.name, change.write):
                self._checked(writer, cypher.neo4j_relate(edge), columns)
        for label in _NODES:
            for columns in self._stages(f"{label.name}: gone", gone[label.name]):
                writer.write(cypher.neo4j_retire(label), {"columns": columns})
                writer.write(cypher.neo4j_remove(label), {"columns": columns})

    def _difference(self, thing: Label | EdgeType, answer: Callable[[], pl.Series]) -> Difference:
        frame = self._prepared(thing)
        wanted, there = frame[cypher.DIGEST], answer()
        sound = there.filter(there.is_unique() & there.is_in(wanted.implode()))
        write = frame.filter(~wanted.is_in(sound.implode()))
        stale = there.filter(~there.is_in(sound.implode())).unique()
        return Difference(write, self._named(thing, stale))

    def _digests(self, thing: Label | EdgeType) -> pl.Series:
        parts = self._present(thing) // _PART + 1
        text = cypher.neo4j_digests(thing)
        lists = [self._link.read(text, {"parts": parts, "part": part})[0][0] for part in range(parts)]
        found = [digests for digests in lists if isinstance(digests, list)]
        return pl.concat([pl.Series(cypher.DIGEST, digests, dtype=pl.Int64) for digests in found])

    def _named(self, thing: Label | EdgeType, digests: pl.Series) -> pl.DataFrame:
        text = cypher.neo4j_named(thing)
        names = ("source", "digest") if isinstance(thing, Label) else ("source", "target", "digest")
        kinds = {name: pl.Int64() if name == "digest" else pl.String() for name in names}
        found = [pl.DataFrame(schema=kinds)]
        for start in range(0, len(digests), _PART // 10):
            row = self._link.read(text, {"digests": digests[start : start + _PART // 10].to_list()})[0]
            found.append(pl.DataFrame(dict(zip(names, row, strict=True)), schema=kinds))
        return pl.concat(found)

    def _index(self) -> None:
        statements = cypher.neo4j_indexes()
        self._link.run_at_once(statements)
        waiting = self._link.read(cypher.NEO4J_INDEXES_READY)
        while waiting:
            for name, state, _ in waiting:
                if state == "FAILED":
                    raise Damaged(f"The server at {self._link.url} could not build the index {name}; see its log.")
            self._progress("index", len(statements) - len(waiting), len(statements))
            self._link.run(cypher.NEO4J_AWAIT)
            waiting = self._link.read(cypher.NEO4J_INDEXES_READY)

    def _replan(self) -> None:
        try:
            self._link.run(cypher.NEO4J_REPLAN)
        except Refused as error:
            _log.info("The server keeps its old query plans for a while: %s", error)

    def _prepared(self, thing: Label | EdgeType) -> pl.DataFrame:
        return neo4j_rows.prepared(thing, self._tables[thing.name])

    def _stages(self, stage: str, frame: pl.DataFrame) -> Iterator[list[list[object]]]:
        done = 0
        for columns in neo4j_rows.batches(frame, self._batch):
            self._progress(stage, done, len(frame))
            yield columns
            done += len(columns[0])
        if len(frame):
            self._progress(stage, len(frame), len(frame))

    def _checked(self, writer: Writer, text: str, columns: list[list[object]]) -> None:
        written = writer.write(text, {"columns": columns})[0]
        if written != len(columns[0]):
            raise Damaged(
                f"The database at {self._link.url} took {written} of {len(columns[0])} rows; was it changed by others "
                "meanwhile? Load again, by one process at a time."
            )


def _vanished(change: Difference, keys: pl.Series) -> pl.DataFrame:
    return (
        change.stale.filter(~change.stale["source"].is_in(keys.implode())).select("source", "digest").unique("source")
    )


def _with_element_ids(edge: EdgeType, frame: pl.DataFrame, ids: Ids) -> pl.DataFrame:
    for end, label in (("source", edge.source), ("target", edge.target)):
        named = ids[label].rename({"key": end})
        joined = frame.join(named, on=end, how="left", maintain_order="left")
        frame = joined.with_columns(pl.col("element").alias(end)).drop("element")
    return frame


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
