"""A text that tells the user to run `lineage something` names a command that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ingest.cli import main

PROSE = {"needs", "starts", "did", "keeps", "can", "of", "or", "and", "printed", "again", "wrote"}
"""Words that follow the program's name in a sentence."""


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value


def _mentions(path: Path) -> Iterator[tuple[int, str]]:
    """The word after `lineage` in each string that is no docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            for word in re.findall(r"\blineage ([a-z]+[a-z0-9-]*)", node.value):
                yield node.lineno, word


def test_every_command_named_in_a_text_exists(root: Path) -> None:
    found = [
        (f"{path.relative_to(root)}:{line}", word)
        for folder in ("lineage", "ingest")
        for path in sorted((root / folder).rglob("*.py"))
        for line, word in _mentions(path)
    ]
    assert {"prune", "bootstrap", "load"} <= {word for _, word in found}
    known = set(main.commands) | PROSE
    assert [(where, word) for where, word in found if word not in known] == []


def test_no_prose_word_hides_a_command() -> None:
    assert PROSE.isdisjoint(main.commands)
