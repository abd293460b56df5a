"""Search gives one order, however few ids are looked through at once: compared with the rule over every id."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lineage.finding import Finder

WORDS = (
    "qwen",
    "Qwen",
    "llama",
    "gguf",
    "GGUF",
    "r1",
    "n\u00e4ive",
    "\u212aimi",
    "\u0130x",
    "\u6a21\u578b",
    "a b",
    "/",
    "%",
    "$t0",
)


def ruled(models: dict[str, int], terms: list[str], limit: int) -> list[str]:
    """The docstring's sentence, word by word."""
    whole = " ".join(terms)

    def rank(id: str) -> tuple[int, int, bytes]:
        low = id.lower()
        name = low.rsplit("/", 1)[-1]
        return (0 if low == whole else 1 if name.startswith(terms[0]) else 2, -models[id], id.encode())

    return sorted((id for id in models if all(term in id.lower() for term in terms)), key=rank)[:limit]


def found(models: dict[str, int], terms: list[str], limit: int, stretch: int = 250_000) -> list[str]:
    ids = sorted(models, key=str.encode)
    finder = Finder(pl.Series(ids, dtype=pl.String), np.array([models[id] for id in ids], dtype=np.uint32), stretch)
    best = finder.best(terms, limit)
    assert finder.best(terms, limit).tolist() == best.tolist()
    return [ids[node] for node in best]


names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("-".join)
ids = st.one_of(names, st.tuples(st.sampled_from(["sim-A", "qwen", "b"]), names).map("/".join))


@given(
    models=st.dictionaries(ids, st.sampled_from([0, 0, 0, 1, 2, 9]), max_size=40),
    terms=st.lists(
        st.sampled_from([*map(str.lower, WORDS), "q", "n", "sim-a/q", "kimi", "nothing"]), min_size=1, max_size=3
    ),
    limit=st.sampled_from([1, 3, 50]),
    stretch=st.sampled_from([1, 7, 250_000]),
)
@example(models={"b/\u212aimi": 0, "b/kimi": 1, "kimi": 0}, terms=["kimi"], limit=1, stretch=1)
def test_order_is_the_rule(models: dict[str, int], terms: list[str], limit: int, stretch: int) -> None:
    assert found(models, terms, limit, stretch) == ruled(models, terms, limit)


def test_an_exact_id_comes_first_then_names_that_begin_then_derivatives_then_ids() -> None:
    models = {"big/other-llama": 5, "mid/my-llama": 2, "llama": 0, "z/Llama-2": 0, "a/llama-7b": 0, "q/none": 9}
    models |= {"llama-fans/x": 0, "B/xllama": 0, "a/xllama": 0}
    assert found(models, ["llama"], 20) == [
        "llama",
        "a/llama-7b",
        "z/Llama-2",
        "big/other-llama",
        "mid/my-llama",
        "B/xllama",
        "a/xllama",
        "llama-fans/x",
    ]


def test_an_exact_id_is_found_beyond_the_stretch_that_fills_the_answer() -> None:
    models = {f"a/qwen{n}": 3 for n in range(9)} | {"z/qwen1": 0}
    assert found(models, ["z/qwen1"], 1, stretch=2) == ["z/qwen1"]
    assert found(models | {"qwen": 0}, ["qwen"], 2, stretch=2) == ["qwen", "a/qwen0"]


@pytest.mark.parametrize("term", ["%", "_", ".*", "'", '"', "\\", "*", "?", "[", "`", "}", "$t0", "a b", "//"])
def test_every_letter_stands_for_itself(term: str) -> None:
    assert found({"a/plain": 0, f"z/x{term}y": 0}, [term], 10) == [f"z/x{term}y"]


def test_nothing_is_found_among_nothing() -> None:
    assert found({}, ["q"], 5) == []
