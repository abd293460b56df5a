"""Search at every key answers as `lineage search` does, hit for hit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage import questions
from lineage.errors import Misuse
from lineage.questions import Atlas
from lineage.questions.finding import Finder
from lineage.settings import Settings


@pytest.fixture(scope="module")
def atlas(demo_home: Path) -> Iterator[Atlas]:
    with questions.opened(Settings(home=demo_home)) as opened:
        yield opened


@pytest.mark.parametrize(
    "text",
    ["q", "qwen coder", "QWEN  Coder", "gguf", "Qwen/Qwen2.5-7B", "qwen2.5-7b", "no such id", "/", ".", "7b qwen"],
)
@pytest.mark.parametrize("limit", [1, 8, 10_000])
def test_the_finder_finds_what_the_store_finds(atlas: Atlas, text: str, limit: int) -> None:
    assert Finder(atlas).find(text, limit=limit) == questions.search(atlas, text, limit=limit)


def test_nothing_to_find_is_said(atlas: Atlas) -> None:
    with pytest.raises(Misuse, match="Nothing to search"):
        Finder(atlas).find("  ")
