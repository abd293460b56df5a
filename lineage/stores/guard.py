"""Which Cypher the embedded store runs for a user: statements that only read the graph.

The engine's read-only mode keeps the graph from change and nothing else. Measured on ladybug 0.22.0, opened read-only:
`COPY … TO` (also after PROFILE) writes files, `LOAD FROM` reads them, `CALL threads=1` changes settings, and
`range(1, 10000000000)` ends the process. So a statement is read into tokens, each is judged, and the engine gets the
very tokens that were judged, never the text as typed: no comment, no character outside ASCII but in strings and
backticks, no escape that the two might read differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lineage.errors import Refused
from lineage.stores import walks
from lineage.stores.tokens import Token, joined, read, solid

_BEGINNINGS = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL", "EXPLAIN"})

_FORBIDDEN = frozenset(
    {
        *(
            "ALTER",
            "ANALYZE",
            "ATTACH",
            "BEGIN",
            "CHECKPOINT",
            "COMMENT",
            "COMMIT",
            "COPY",
            "CREATE",
            "DELETE",
            "DETACH",
        ),
        *("DROP", "EXPORT", "EXTENSION", "FORCE", "FOREACH", "IMPORT", "INSERT", "INSTALL", "LOAD", "MACRO", "MERGE"),
        *("PROFILE", "PROJECT", "REMOVE", "ROLLBACK", "SET", "TRANSACTION", "UNINSTALL", "UPDATE", "USE"),
    }
)
"""Keywords that no reading statement needs; one of them as a name goes between backticks."""

_TABLES = frozenset({"SHOW_TABLES", "TABLE_INFO", "SHOW_CONNECTION", "SHOW_FUNCTIONS", "DB_VERSION"})
"""Table functions that CALL may name: what there is in the graph."""

_UNSAFE = frozenset({"REPEAT", "LPAD", "RPAD", "LIST_REDUCE", "NEXTVAL", "CURRVAL", "SETSEED", "TO_JSON"})
"""Functions that grow a value without bound outside the engine's memory limit, or keep state."""

_LONGEST_RANGE = 1_000_000

_LONGEST_TEXT = 10_000
_MOST_BRACKETS = 25
_MOST_CASES = 15
_MOST_RELATIONSHIPS = 8
"""Beyond these the engine plans for minutes, which its own timeout does not see, or overflows its stack."""


@dataclass(frozen=True)
class Judged:
    """A statement to run, and the names of its columns as the user wrote them (none where they cannot be told)."""

    text: str
    columns: tuple[str, ...]


def judged(text: str, parameters: Mapping[str, object], limit: int) -> Judged:
    """The statement to run in place of `text`; raises `Refused` with the reason where it does more than read.

    Variable-length relationships are given Neo4j's meaning (see `walks`), and at most `limit` + 1 rows are asked for.
    """
    if len(text) > _LONGEST_TEXT:
        raise Refused(f"The query has {len(text):,} characters; at most {_LONGEST_TEXT:,} are taken here.")
    tokens = _single(read(text))
    bare = solid(tokens)
    if not bare:
        raise Refused("The query is empty.")
    if bare[0].kind != "word" or bare[0].text.upper() not in _BEGINNINGS:
        raise Refused(_only_reads(bare[0].text))
    _check_size(bare)
    _check_words(bare)
    _check_calls(bare)
    _check_parameters(bare, parameters)
    statement, last = joined(walks.bounded(tokens)), _last_return(tokens)
    if last is None or bare[0].says("EXPLAIN") or any(token.says("UNION") for token in bare):
        return Judged(statement, ())
    limited = any(token.says("LIMIT") for token in tokens[last:])
    return Judged(statement if limited else f"{statement} LIMIT {limit + 1}", _columns(tokens[last + 1 :]))


def _only_reads(what: str) -> str:
    return (
        f"Queries only read here: {what[:40]!a} is not allowed. A query begins with MATCH, OPTIONAL MATCH, WITH, "
        "UNWIND, RETURN, CALL or EXPLAIN; a name that is also a keyword goes between backticks."
    )


def _single(tokens: list[Token]) -> list[Token]:
    """The tokens without a closing semicolon."""
    ends = [place for place, token in enumerate(tokens) if token.says(";")]
    if not ends:
        return tokens
    if solid(tokens[ends[0] + 1 :]):
        raise Refused("One statement at a time: remove what follows the semicolon.")
    return tokens[: ends[0]]


def _check_size(bare: Sequence[Token]) -> None:
    """Refuse what the engine could not plan in time."""
    starts = pairwise(bare)
    relationships = sum(1 for token, after in starts if token.says("-") and (after.says("[") or after.says("-")))
    counted = (
        (relationships, _MOST_RELATIONSHIPS, "relationships"),
        (sum(1 for token in bare if token.says("CASE")), _MOST_CASES, "CASE expressions"),
        (max(_depths(bare), default=0), _MOST_BRACKETS, "brackets within each other"),
    )
    for number, most, what in counted:
        if number > most:
            raise Refused(f"The query has {number} {what}; at most {most} are taken here. Ask it in two steps.")


def _check_words(bare: Sequence[Token]) -> None:
    for place, token in enumerate(bare):
        if token.kind != "word":
            continue
        word = token.text.upper()
        if word in _FORBIDDEN:
            raise Refused(_only_reads(token.text))
        if word == "EXPLAIN" and (place > 0 or len(bare) < 2 or bare[1].text.upper() not in _BEGINNINGS - {"EXPLAIN"}):
            raise Refused(_only_reads(token.text))


def _check_calls(bare: Sequence[Token]) -> None:
    """Check what CALL names, and every function that is called."""
    for place, token in enumerate(bare):
        following = bare[place + 1 : place + 3]
        if token.says("CALL"):
            named = len(following) == 2 and following[0].kind == "word" and following[1].says("(")
            if not named or following[0].text.upper() not in _TABLES:
                raise Refused(
                    "CALL is allowed only for "
                    + ", ".join(sorted(_TABLES)).lower()
                    + ". Settings cannot be changed here."
                )
        elif following and following[0].says("(") and token.kind in ("word", "quoted"):
            name = token.text.strip("`").upper()
            if name in _UNSAFE or name.startswith("READ_"):
                raise Refused(f"The function {name.lower()} is not allowed in this query console.")
            if name == "RANGE":
                _check_range(bare[place + 2 :])


def _check_range(inner: Sequence[Token]) -> None:
    """A range must be of plain numbers and short: the engine dies of long ones."""
    text = joined(inner[: next((i for i, token in enumerate(inner) if token.says(")")), 0)])
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or abs(numbers[1] - numbers[0]) > _LONGEST_RANGE:
        raise Refused(f"range() takes two or three whole numbers here, at most {_LONGEST_RANGE:,} apart.")


def _check_parameters(bare: Sequence[Token], parameters: Mapping[str, object]) -> None:
    wanted = {token.text[1:] for token in bare if token.kind == "parameter"}
    if missing := sorted(wanted - set(parameters)):
        raise Refused(f"The query names parameters that were not given: {', '.join('$' + name for name in missing)}.")
    for name in sorted(wanted):
        if not _plain(parameters[name]):
            raise Refused(
                f"The parameter ${name} must be text, a number, true, false, null, or a list of one of these."
            )


def _plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_scalar(item) for item in value) and len({type(item) for item in value}) <= 1
    return _scalar(value)


def _scalar(value: object) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str | float)


def _depths(tokens: Sequence[Token]) -> list[int]:
    """How many brackets each token stands within."""
    depths, depth = [], 0
    for token in tokens:
        depth -= token.kind == "mark" and token.text in ")]}"
        depths.append(depth)
        depth += token.kind == "mark" and token.text in "([{"
    return depths


def _last_return(tokens: Sequence[Token]) -> int | None:
    """Where the RETURN of the statement itself stands, not one of a subquery."""
    found = [place for place, depth in enumerate(_depths(tokens)) if depth == 0 and tokens[place].says("RETURN")]
    return found[-1] if found else None


def _columns(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The names of what is returned: the alias, else the text as written; none where `*` is returned."""
    items: list[list[Token]] = [[]]
    for token, depth in zip(tokens, _depths(tokens), strict=True):
        if depth == 0 and any(token.says(word) for word in ("ORDER", "SKIP", "LIMIT")):
            break
        if depth == 0 and token.says(","):
            items.append([])
        elif not (token.says("DISTINCT") and depth == 0):
            items[-1].append(token)
    names = []
    for item in items:
        alias = [place for place, token in enumerate(item) if token.says("AS") and _depths(item)[place] == 0]
        names.append(joined(item[alias[-1] + 1 :] if alias else item))
    return () if "*" in names else tuple(name.strip("`") for name in names)
