"""The connection to a Neo4j server: the only module that speaks to its driver.

Every error of the driver becomes one sentence of `lineage.errors`; no sentence holds a password or an address with one.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC
from urllib.parse import urlsplit

import neo4j
import neo4j.exceptions as failures
import neo4j.graph
import neo4j.time

from lineage.domain import Table
from lineage.errors import Damaged, Fatal, LineageError, Refused, Unreachable
from lineage.stores import cypher, neo4j_guard, values

_READ_SECONDS = 60.0
_WRITE_SECONDS = 600.0
OLDEST = (5, 7)
"""The oldest server whose schema, element ids and notification filter we use."""

PATIENCE = 30.0
"""Seconds for which what failed on the way is sent again while a load writes: a cluster may change its leader."""

_NEEDED = "lineage needs Neo4j 5.7 or newer, and is tested with 5.26. Try: lineage neo4j up"


def here(url: str) -> bool:
    """Whether an address is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Link:
    """One driver, one database. Closed by `close`; not used afterwards.

    A server on this machine is asked once whether it is there: nothing on the way can come back by itself.
    """

    def __init__(
        self,
        url: str,
        database: str,
        auth: tuple[str, str] | None,
        *,
        write: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self.url, self.database = url, database
        _silence_driver()
        with self._told():
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=auth,
                connection_timeout=10.0,
                connection_acquisition_timeout=30.0,
                max_transaction_retry_time=patience if write else 5.0,
                notifications_min_severity="OFF",
                user_agent="lineage",
            )
        try:
            self._check(with_password=auth is not None)
        except LineageError:
            self.close()
            raise

    def _check(self, *, with_password: bool) -> None:
        try:
            with self._told():
                if here(self.url):
                    self._driver.verify_connectivity()
                summary = self._driver.execute_query(
                    _query("RETURN 1", _READ_SECONDS), database_=self.database, routing_=neo4j.RoutingControl.READ
                ).summary
        except Refused as error:
            if not with_password:
                raise Refused(f"The server at {self.url} wants a password: set NEO4J_PASSWORD.") from error
            raise
        agent = summary.server.agent
        found = re.match(r"[^/]+/v?(\d+)\.(\d+)", agent)
        if found and (int(found[1]), int(found[2])) < OLDEST:
            raise Refused(f"The server at {self.url} is {agent}; {_NEEDED}")

    def close(self) -> None:
        """End every connection."""
        self._driver.close()

    def read(self, text: str, parameters: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
        """All rows of a stored query, from whichever server may be read; times as aware UTC datetimes."""
        with self._told():
            return self._driver.execute_query(
                _query(text, _READ_SECONDS),
                dict(parameters or {}),
                database_=self.database,
                routing_=neo4j.RoutingControl.READ,
                result_transformer_=_rows,
            )

    def run(self, text: str) -> list[tuple[object, ...]]:
        """A statement about the schema, in a transaction of its own."""
        with self._told(), self._session(neo4j.WRITE_ACCESS) as session:
            return _rows(session.run(_query(text, _WRITE_SECONDS)))

    def run_at_once(self, statements: Sequence[str]) -> None:
        """Statements about the schema in one transaction: indexes made so are filled by one reading of the graph."""
        with (
            self._told(),
            self._session(neo4j.WRITE_ACCESS) as session,
            session.begin_transaction(timeout=_WRITE_SECONDS) as transaction,
        ):
            for statement in statements:
                transaction.run(statement).consume()
            transaction.commit()

    def writer(self) -> Writer:
        """What a load writes with; close it."""
        return Writer(self._session(neo4j.WRITE_ACCESS), self._told)

    def plan(self, text: str, parameters: Mapping[str, object]) -> tuple[str | None, Mapping[str, object] | None]:
        """The kind and the plan of a statement, as the server explains it in a READ session."""
        with self._told(asked=True), self._session(neo4j.READ_ACCESS) as session:
            summary = session.run(_query(f"EXPLAIN {text}", _READ_SECONDS), dict(parameters)).consume()
            return summary.query_type, summary.plan

    def ask(self, text: str, parameters: Mapping[str, object], limit: int, timeout: float) -> Table:
        """The first `limit` rows of a user's statement that only reads, in one attempt of at most `timeout` seconds."""
        neo4j_guard.judge(*self.plan(text, parameters))
        with self._told(asked=True, timeout=timeout), self._session(neo4j.READ_ACCESS, fetch=limit + 1) as session:
            result = session.run(_query(text, timeout), dict(parameters))
            names = tuple(result.keys())
            found = result.fetch(limit + 1)
            result.consume()
        shown = tuple(tuple(_shown(value) for value in record.values()) for record in found[:limit])
        return Table(names, shown, truncated=len(found) > limit)

    def _session(self, access: str, fetch: int = 1000) -> neo4j.Session:
        return self._driver.session(
            database=self.database,
            default_access_mode=access,
            fetch_size=fetch,
            bookmark_manager=self._driver.execute_query_bookmark_manager,
        )

    @contextmanager
    def _told(self, *, asked: bool = False, timeout: float | None = None) -> Iterator[None]:
        """Turn what the driver raises into a sentence; `asked` where the statement is the user's own."""
        try:
            yield
        except failures.Neo4jError as error:
            raise _server_said(error, self.url, self.database, asked, timeout) from error
        except failures.DriverError as error:
            raise _driver_said(error, self.url) from error
        except (ValueError, TypeError, OverflowError) as error:
            if not asked:
                raise Refused(f"{self.url} is no address that Neo4j's driver takes: {_cleaned(str(error))}") from error
            raise Refused(f"The query's parameters cannot be sent: {_cleaned(str(error))}") from error


class Writer:
    """One session that writes, batch after batch; each batch is a transaction that the driver tries again by itself."""

    def __init__(self, session: neo4j.Session, told: Callable[[], AbstractContextManager[None]]) -> None:
        self._session, self._told = session, told

    def write(self, text: str, parameters: Mapping[str, object]) -> tuple[object, ...]:
        """Run one statement that answers one row, and commit it."""

        @neo4j.unit_of_work(timeout=_WRITE_SECONDS)
        def work(transaction: neo4j.ManagedTransaction) -> tuple[object, ...]:
            record = transaction.run(text, dict(parameters)).single(strict=True)
            return tuple(record.values())

        with self._told():
            return self._session.execute_write(work)

    def close(self) -> None:
        """End the session."""
        with self._told():
            self._session.close()


def _silence_driver() -> None:
    """What the driver logs goes only where logging is set up: no line of it beside our own sentence on stderr."""
    logger = logging.getLogger("neo4j")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _query(text: str, seconds: float) -> neo4j.Query:
    return neo4j.Query(text, timeout=seconds)


def _rows(result: neo4j.Result) -> list[tuple[object, ...]]:
    return [tuple(_native(value) for value in record.values()) for record in result]


def _native(value: object) -> object:
    if isinstance(value, neo4j.time.DateTime):
        native = value.to_native()
        return native.replace(tzinfo=UTC) if native.tzinfo is None else native.astimezone(UTC)
    return value


def _shown(value: object) -> object:
    """A value as `lineage.stores.values` has it."""
    if isinstance(value, neo4j.graph.Node):
        labels = sorted(value.labels)
        return values.node(labels[0] if labels else "", _properties(value))
    if isinstance(value, neo4j.graph.Relationship):
        return values.relationship(value.type, _properties(value))
    if isinstance(value, neo4j.graph.Path):
        return values.path(map(_shown, value.nodes), map(_shown, value.relationships))
    if isinstance(value, neo4j.time.DateTime):
        return values.plain(_native(value))
    if isinstance(value, neo4j.time.Date | neo4j.time.Time | neo4j.time.Duration):
        return value.iso_format()
    if isinstance(value, Mapping):
        return {str(name): _shown(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_shown(item) for item in value]
    return values.plain(value)


def _properties(entity: neo4j.graph.Entity) -> dict[str, object]:
    """What both stores hold of it, without lineage's bookkeeping."""
    return {name: _shown(value) for name, value in entity.items() if name not in cypher.BOOKKEEPING}


def _server_said(
    error: failures.Neo4jError, url: str, database: str, asked: bool, timeout: float | None
) -> LineageError:
    code, said = error.code or "", _cleaned(error.message or "")
    if isinstance(error, failures.AuthError):
        return Refused(f"The server at {url} refused the user or password: check NEO4J_USERNAME and NEO4J_PASSWORD.")
    if "DatabaseNotFound" in code:
        return Refused(f"The server at {url} has no database {database!r}: check NEO4J_DATABASE.")
    if "TransactionTimedOut" in code or "LockClientStopped" in code or "Terminated" in code:
        wait = f" after {timeout:g} s" if timeout is not None else ""
        return Refused(f"The query was stopped{wait}. Narrow it, or allow more with --timeout.")
    if "MemoryPool" in code or "OutOfMemory" in code:
        return Refused(
            "The query needs more memory than the server grants one query. Narrow it or return fewer values."
        )
    if "AccessMode" in code:
        return Refused("This query console only reads: the server calls this statement one that writes.")
    if "Forbidden" in code or "ReadOnly" in code or isinstance(error, failures.Forbidden):
        return Refused(
            f"The user may not do this on database {database!r} at {url}: {said} Loading needs write rights."
        )
    if isinstance(error, failures.TransientError):
        return Unreachable(f"The server at {url} could not do this now: {said}")
    if asked:
        return Refused(f"The server does not take this query: {said}")
    return Damaged(f"The server at {url} failed: {said}")


def _driver_said(error: failures.DriverError, url: str) -> LineageError:
    if isinstance(error, failures.ServiceUnavailable | failures.SessionExpired | failures.ConnectionPoolError):
        return Unreachable(
            f"No Neo4j server answers at {url}. Start one with `lineage neo4j up`, or check the address and network."
        )
    if isinstance(error, failures.ConfigurationError):
        if "Notification filtering" in str(error):
            return Refused(f"The server at {url} is too old; {_NEEDED}")
        return Refused(f"{url} is no address that Neo4j's driver takes: {_cleaned(str(error))}")
    return Fatal(f"The connection to {url} failed: {_cleaned(str(error))}")


def _cleaned(text: str) -> str:
    """A message as one printable line that ends with a full stop."""
    line = " ".join(text.split())[:300].rstrip(".")
    return "".join(letter if letter.isprintable() else "?" for letter in line) + "."
