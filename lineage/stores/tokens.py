"""Cypher text as tokens, for the guard of the embedded store; what cannot be read for certain is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lineage.errors import Refused

_TOKEN = re.compile(
    r"""
      (?P<comment> /\* .*? \*/ | // [^\n]* )
    | (?P<space>   [ \t\r\n\f\v]+ )
    | (?P<string>  '(?:[^'\\]|\\(?:['"\\bBfFnNrRtT0]|u[0-9a-fA-F]{4}))*'
                 | "(?:[^"\\]|\\(?:['"\\bBfFnNrRtT0]|u[0-9a-fA-F]{4}))*" )
    | (?P<quoted>  `[^`]+` )
    | (?P<number>  [0-9]+ (?: \.[0-9]+ )? (?: [eE][+-]?[0-9]+ )? )
    | (?P<parameter> \$[A-Za-z_][A-Za-z0-9_]* )
    | (?P<word>    [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark>    [()\[\]{}<>=+\-*/%^.,:;|!&~] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: its kind (space, string, quoted, number, parameter, word, mark) and its text."""

    kind: str
    text: str

    def says(self, word: str) -> bool:
        """Whether this is that keyword (in any case) or that mark, outside strings and backticks."""
        return self.kind in ("word", "mark") and self.text.upper() == word


def read(text: str) -> list[Token]:
    """The tokens of a statement, a comment as one space; joined, they are what the engine will be given.

    Raises `Refused` at the first character that is no token: an open string, an unknown escape, a letter outside
    ASCII that is neither in a string nor between backticks.
    """
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Refused(_unreadable(text[at:]))
        kind = found.lastgroup
        if kind == "comment":
            tokens.append(Token("space", " "))
        else:
            tokens.append(Token(kind, " " if kind == "space" else found.group()))
        at = found.end()
    return tokens


def _unreadable(rest: str) -> str:
    if rest[0] in "'\"":
        return "A string in the query is not closed, or holds a backslash escape that the store does not know."
    if rest[0] == "`":
        return "A backtick in the query is not closed."
    if rest.startswith("/*"):
        return "A comment in the query is not closed."
    return f"The query has a character that the store does not read here: {rest[0]!a}. Quote names with backticks."


def solid(tokens: Iterable[Token]) -> list[Token]:
    """The tokens without spaces."""
    return [token for token in tokens if token.kind != "space"]


def joined(tokens: Iterable[Token]) -> str:
    """The statement that these tokens make."""
    return "".join(token.text for token in tokens).strip()
