"""Which Cypher a user may run on a Neo4j server: what the server itself says it would do, judged before it does it.

A READ session alone stops writes, yet it lets LOAD CSV read files and addresses, and lets procedures end other people's
transactions; Community knows no roles that would forbid it. So a statement is explained first, in a READ session, and
its kind and every operator of its plan are judged. Keywords are never looked at: the server's parser is the only one
that knows them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lineage.errors import Refused

PROCEDURES = frozenset(
    {
        "db.labels",
        "db.propertykeys",
        "db.relationshiptypes",
        "db.schema.nodetypeproperties",
        "db.schema.reltypeproperties",
        "db.schema.visualization",
        "db.index.fulltext.querynodes",
        "db.index.fulltext.queryrelationships",
        "db.index.vector.querynodes",
        "db.index.vector.queryrelationships",
        "db.ping",
        "dbms.components",
    }
)
"""Procedures that only read the graph or say what kind of server this is, in lower case."""

_SHOWN = frozenset({"showindexes", "showconstraints", "showfunctions", "showprocedures"})

_NAMESPACES = frozenset({"date", "datetime", "duration", "localdatetime", "localtime", "point", "time", "vector"})
"""Where the built-in functions with a dot in their name live; others may reach files or the network."""

_FORBIDDEN = ("load", "terminate", "administration", "kill", "transactionforeach", "transactionapply", "system")

_DOTTED = re.compile(r"((?:[^\W\d]\w*\.)+[^\W\d]\w*)\s*\(")


def judge(kind: str | None, plan: Mapping[str, object] | None) -> None:
    """Raise `Refused`, with the reason, unless the explained statement only reads the graph.

    `kind` is the server's query type (`r`, `rw`, `w`, `s`), `plan` its plan as the driver gives it.
    """
    if kind != "r" or plan is None:
        raise Refused(
            f"This query console only reads: the server calls this statement {_KINDS.get(kind or '', 'unknown')}."
        )
    for operator, details in _operators(plan):
        _judge(operator, details)


_KINDS = {"rw": "one that reads and writes", "w": "one that writes", "s": "one that changes the schema or the server"}


def operators(plan: Mapping[str, object]) -> tuple[str, ...]:
    """The names of a plan's operators, the last one executed first."""
    return tuple(name for name, _ in _operators(plan))


def _operators(plan: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    waiting = [plan]
    while waiting:
        step = waiting.pop()
        arguments = step.get("args")
        told = arguments.get("Details", "") if isinstance(arguments, Mapping) else ""
        yield str(step.get("operatorType", "")).partition("@")[0], str(told)
        children = step.get("children")
        waiting += [child for child in children if isinstance(child, Mapping)] if isinstance(children, list) else []


def _judge(operator: str, details: str) -> None:
    name = operator.lower()
    if not name:
        raise Refused("This query console only reads: the server's plan has a step without a name.")
    if name.startswith("show") and name not in _SHOWN:
        raise Refused(f"This query console only reads the graph: {operator} is not allowed.")
    if any(word in name for word in _FORBIDDEN):
        raise Refused(f"This query console only reads the graph: {operator} is not allowed.")
    plain = details.replace("`", "")
    if name == "procedurecall":
        called = plain.partition("(")[0].strip().lower()
        if called not in PROCEDURES:
            raise Refused(f"The procedure {called[:80]} is not one of those that only read the graph.")
        plain = plain.partition("(")[2]
    for function in _DOTTED.findall(plain):
        if function.lower().partition(".")[0] not in _NAMESPACES:
            raise Refused(f"The function {function[:80]} is not one of those that the query console knows.")
