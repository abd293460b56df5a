"""Habits that no linter knows, read off the syntax trees of the three packages."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGES = ("lineage", "ingest", "ui")
CYPHER = re.compile(r"\b(?:(?:MATCH|MERGE)\s*[($]|UNWIND\s+[$\[]|RETURN\s+count\s*\()")
CYPHER_HOME = re.compile(r"lineage/stores/(?:cypher|examples|saved)\w*\.py")
RAW_JSON = re.compile(r"(?:ingest/(?:hub|parse)/\w+\.py|lineage/stores/\w+\.py|ingest/simulated/\w+\.py)")


@dataclass(frozen=True)
class Source:
    """One module of ours: its path from the root and its syntax tree."""

    path: str
    tree: ast.Module


def parsed(path: str, text: str) -> Source:
    return Source(path, ast.parse(text))


@pytest.fixture(scope="module")
def sources(root: Path) -> tuple[Source, ...]:
    files = [file for package in PACKAGES for file in sorted((root / package).rglob("*.py"))]
    assert files
    return tuple(parsed(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) for file in files)


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """String literals that are neither docstrings nor command lines shown as an example."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        if not node.value.startswith("lineage cypher "):
            yield node


def scattered_cypher(source: Source) -> list[str]:
    if CYPHER_HOME.fullmatch(source.path):
        return []
    return [f"{source.path}:{node.lineno}" for node in texts(source.tree) if CYPHER.search(str(node.value))]


def loose_signatures(source: Source) -> list[str]:
    """Functions that take or give `dict[str, Any]` where no raw JSON is read."""
    if RAW_JSON.fullmatch(source.path):
        return []
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            signature = ast.unparse(node.args) + (ast.unparse(node.returns) if node.returns else "")
            if re.search(r"(?:[dD]ict|Mapping)\[str, (?:typing\.)?Any\]", signature):
                found.append(f"{source.path}:{node.lineno}: {node.name}")
    return found


def test_cypher_is_written_in_one_module(sources: tuple[Source, ...]) -> None:
    assert [place for source in sources for place in scattered_cypher(source)] == []


def test_no_dict_of_anything_crosses_a_boundary(sources: tuple[Source, ...]) -> None:
    assert [place for source in sources for place in loose_signatures(source)] == []


@pytest.mark.parametrize("text", ["MATCH (m:Model) RETURN m.id", "UNWIND $rows AS row MERGE (m:Model {id: row.id})"])
def test_a_stray_query_would_be_seen(text: str) -> None:
    assert scattered_cypher(parsed("lineage/questions.py", f"QUERY = {text!r}")) == ["lineage/questions.py:1"]
    assert scattered_cypher(parsed("lineage/stores/cypher.py", f"QUERY = {text!r}")) == []
    assert scattered_cypher(parsed("lineage/cli.py", f'def cypher():\n    """Try: {text}"""')) == []
    assert scattered_cypher(parsed("lineage/cli.py", f"EXAMPLE = {'lineage cypher ' + text!r}")) == []


def test_a_loose_signature_would_be_seen() -> None:
    text = "def rows(page: list[dict[str, Any]]) -> None: ..."
    assert loose_signatures(parsed("lineage/audit.py", text)) == ["lineage/audit.py:1: rows"]
    assert loose_signatures(parsed("ingest/hub/__init__.py", text)) == []
