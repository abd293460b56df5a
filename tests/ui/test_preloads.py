"""The page's own headers: what a document wants at once, and what it may load."""

from importlib.resources import files
from pathlib import Path

import pytest

from ui import preloads, serving

STATIC = Path(str(files("streamlit"))) / "static"


@pytest.mark.parametrize("page", ["", "tree", "model", "trends", "query", "data"])
def test_what_a_document_asks_for_exists(page: str) -> None:
    named = [part.split(">")[0].removeprefix("</") for part in preloads.header(page).split(", ")]
    assert named
    assert all((STATIC / name).is_file() for name in named)
    assert len(preloads.header(page)) < 4096, "a proxy bounds the length of a header"


def test_only_documents_get_headers() -> None:
    names = dict(serving.headers("/tree", [(b"content-type", b"text/html; charset=utf-8")]))
    assert {b"content-security-policy", b"link"} <= names.keys()
    assert serving.headers("/static/js/x.js", [(b"content-type", b"text/javascript")]) == []
    assert b"link" not in dict(serving.headers("/nowhere", [(b"content-type", b"text/html")]))


def test_imports_are_followed_to_their_end_and_small_files_left_out(tmp_path: Path) -> None:
    (tmp_path / "Chart.a1.js").write_text('import{x}from"./deep.b2.js";' + " " * 9000)
    (tmp_path / "deep.b2.js").write_text('import"./Chart.a1.js";import"./leaf.c3.js";' + " " * 9000)
    (tmp_path / "leaf.c3.js").write_text("small")
    assert preloads.wanted(tmp_path, ("Chart", "Missing")) == ("Chart.a1.js", "deep.b2.js")
