"""The Neo4j store: a server behind `GraphStore`, local, a cluster or Aura."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import polars as pl

from lineage.domain import Brood, Child, Edge, Loaded, Model, Relation, Table
from lineage.errors import NoData, Refused, TooNew
from lineage.schema import GRAPH_VERSION, NODES, GraphTables
from lineage.settings import Settings
from lineage.stores import cypher, rows
from lineage.stores.neo4j_link import PATIENCE, Link
from lineage.stores.neo4j_load import Loader
from lineage.stores.neo4j_local import read_local
from lineage.stores.protocol import Progress
from lineage.stores.scope import size

_DEFAULT = "bolt://localhost:7687"


@dataclass(frozen=True)
class Neo4jOptions:
    """How a load treats the server.

    `into_existing` allows a database that holds a graph of others; `batch` is how many rows go into one transaction;
    `imported` says that the rows are there already, by `neo4j-admin database import`; `patience` seconds for which what
    failed on the way is sent again.
    """

    into_existing: bool = False
    batch: int = 5_000
    imported: bool = False
    patience: float = PATIENCE


def open_neo4j(
    settings: Settings,
    *,
    write: bool = False,
    options: Neo4jOptions | None = None,
    env: Mapping[str, str] = os.environ,
) -> Neo4jStore:
    """The store at `settings.store`, or at NEO4J_URI where that is `neo4j`; connected, or an error that says why not.

    User and password come from NEO4J_USERNAME and NEO4J_PASSWORD; for a server that `lineage neo4j up` started in this
    home, from its own record. NEO4J_DATABASE names the database, `neo4j` by default.
    """
    local = read_local(settings.home)
    url = address(settings, env)
    if "@" in urlsplit(url).netloc:
        raise Refused(
            "The address of the store holds a user or password. Give them as NEO4J_USERNAME and NEO4J_PASSWORD."
        )
    own = local if local is not None and same_place(url, local.url) else None
    user = env.get("NEO4J_USERNAME") or (own.username if own else "neo4j")
    password = env.get("NEO4J_PASSWORD") or (own.password if own else None)
    auth = (user, password) if password else None
    options = options or Neo4jOptions()
    link = Link(url, env.get("NEO4J_DATABASE") or "neo4j", auth, write=write, patience=options.patience)
    return Neo4jStore(link, options)


def address(settings: Settings, env: Mapping[str, str] = os.environ) -> str:
    """Where the server is: `settings.store`, and for `neo4j` NEO4J_URI, else this home's own server, else 7687 here."""
    if settings.store != "neo4j":
        return settings.store
    local = read_local(settings.home)
    return env.get("NEO4J_URI") or (local.url if local else _DEFAULT)


def same_place(one: str, other: str) -> bool:
    """Whether two addresses name one server: host and port, whatever the scheme."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == "localhost" else (parts.hostname or "")
    try:
        return host, parts.port or 7687
    except ValueError as error:
        raise Refused("The address of the store has a port that is no number.") from error


class Neo4jStore:
    """A graph on a Neo4j server; threads may share it."""

    def __init__(self, link: Link, options: Neo4jOptions) -> None:
        self.url = link.url
        self._link, self._options = link, options
        self._ready = False

    def loaded(self) -> Loaded | None:
        """What is loaded, or None where nothing is or a first load has not ended."""
        found = self._link.read(cypher.LOADED)
        if not found or found[0][0] is None:
            return None
        loaded = rows.loaded(found[0])
        if loaded.schema_version > GRAPH_VERSION:
            raise TooNew(
                f"The graph at {self.url} was loaded by a newer lineage (graph version {loaded.schema_version})."
            )
        return loaded

    def empty(self) -> bool:
        """Whether the database holds nothing at all, of lineage or of others."""
        return bool(self._link.read(cypher.NEO4J_EMPTY)[0][0])

    def load(self, tables: GraphTables, progress: Progress) -> None:
        """Make the database hold `tables`; interrupted, the next call finishes."""
        progress("estimate", 0, sum(size(tables)))
        self._ready = False
        loader = Loader(self._link, tables, progress, batch=self._options.batch)
        loader.run(into_existing=self._options.into_existing, imported=self._options.imported)

    def model(self, id: str) -> Model | None:
        """The model or stub of that exact id, else None."""
        found = self.models([id])
        return found[0] if found else None

    def models(self, ids: Sequence[str]) -> tuple[Model, ...]:
        """Those of `ids` that exist, in the order asked."""
        answers = self._read(cypher.NEO4J_MODELS, {"ids": list(dict.fromkeys(ids))})
        found = {model.id: model for model in map(rows.model, answers) if model.stub is not None}
        return tuple(found[id] for id in ids if id in found)

    def parents(self, ids: Sequence[str]) -> tuple[Edge, ...]:
        """Every DERIVED_FROM edge up from `ids`, sorted by child, then position."""
        answers = self._read(cypher.PARENTS, {"ids": sorted(set(ids))})
        edges = [rows.edge(row) for row in answers if row[4] is not None]
        return tuple(sorted(edges, key=lambda edge: (edge.child, edge.position, edge.parent)))

    def children(self, id: str, *, limit: int, relations: Sequence[str] = ()) -> Brood:
        """The best children and a tally of the rest."""
        text = cypher.NEO4J_BROOD_OF if relations else cypher.NEO4J_BROOD
        lists = self._read(text, {"id": id, "relations": list(relations)})[0]
        kinds = {"id": pl.String(), "derivatives": pl.Int64(), "relation": pl.String()}
        brood = pl.DataFrame(dict(zip(kinds, lists, strict=True)), schema=kinds)
        brood = brood.sort(["derivatives", "id"], descending=[True, False])
        best, rest = brood.head(limit)["id"].to_list(), brood.slice(limit)
        edges = {edge.child: edge for edge in self.parents(best) if edge.parent == id}
        hidden = dict(rest["relation"].replace("", str(Relation.UNSPECIFIED)).value_counts().iter_rows())
        return Brood(
            parent=id,
            shown=tuple(Child(edges[model.id], model) for model in self.models(best)),
            hidden={str(relation): hidden[relation] for relation in Relation if relation in hidden},
            publishers=rest["id"].str.extract(r"^([^/]*)/").drop_nulls().n_unique(),
        )

    def nodes(self) -> pl.DataFrame:
        """All models and stubs."""
        answers = self._read(cypher.NEO4J_NODES, {})
        columns = {name: [row[place] for row in answers] for place, name in enumerate(NODES)}
        return rows.nodes(pl.DataFrame(columns, schema=dict(NODES)))

    def edges(self) -> pl.DataFrame:
        """All DERIVED_FROM edges with their bits."""
        kinds = {"child": pl.String(), "parent": pl.String(), "relations": pl.List(pl.String()),
                 "evidence": pl.List(pl.String()), "position": pl.Int64()}  # fmt: skip
        answers = [row for row in self._read(cypher.EDGES, {}) if row[4] is not None]
        return rows.bits(pl.DataFrame(answers, schema=kinds, orient="row"))

    def cypher(self, text: str, parameters: Mapping[str, object], *, limit: int, timeout: float) -> Table:
        """The answer of a read-only statement; the server judges it before it runs."""
        self._whole()
        return self._link.ask(text, parameters, limit, timeout)

    def close(self) -> None:
        """End every connection."""
        self._link.close()

    def _read(self, text: str, parameters: Mapping[str, object]) -> list[tuple[object, ...]]:
        self._whole()
        return self._link.read(text, parameters)

    def _whole(self) -> None:
        """Raise NoData where nothing is loaded; once it is, that is not asked again."""
        if not self._ready and self.loaded() is None:
            raise NoData(f"Nothing is loaded at {self.url}, or its first load did not end. Try: lineage load")
        self._ready = True
