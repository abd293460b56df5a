"""Names by pattern: what narrowing in steps finds is what each pattern alone finds."""

from __future__ import annotations

import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lineage.registry import Names, Registry

WORDS = ("qwen", "Llama", "GPT-2", "phi-3", "chatglm", "a", "-", "3", "distilbert", "ERNIE", "x")


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map("".join), max_size=30))
def test_narrowing_finds_what_each_pattern_finds(registry: Registry, names: list[str]) -> None:
    patterns = [family.name_pattern for family in registry.families if family.name_pattern]
    found = Names(lambda: pl.Series(names, dtype=pl.String), patterns)
    for pattern in (*patterns, *reversed(patterns), "x$", "(?:never"[3:]):
        alone = [row for row, name in enumerate(names) if re.search(pattern, name, re.I)]
        assert found.matching(pattern).to_list() == alone
