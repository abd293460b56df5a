"""Search gives one order, whichever index is walked: compared with the rule itself over every id."""

import random

import pytest

from lineage.stores import neo4j_search

WORDS = ["qwen", "Qwen", "llama", "gguf", "GGUF", "r1", "Distill", "ßx", "naïve", "模型"]


def _ruled(models, terms, limit):
    """The protocol's sentence, word by word."""
    whole, first = " ".join(terms), terms[0]

    def rank(id: str):
        low = id.lower()
        name = low.split("/", 1)[-1]
        return (0 if low == whole else 1 if name.startswith(first) else 2, -models[id], id.encode())

    return sorted((i for i in models if all(t in i.lower() for t in terms)), key=rank)[:limit]


@pytest.mark.parametrize("few", [1, 6, 15_000])
def test_order_is_the_rule_on_every_path(opened, tools, monkeypatch, few):
    monkeypatch.setattr(neo4j_search, "_FEW", few)
    draw = random.Random(11)
    names = {
        f"{draw.choice(['sim-A', 'sim-b', 'qwen', ''])}/{'-'.join(draw.choices(WORDS, k=3))}-{n}" for n in range(160)
    }
    models = {name.removeprefix("/"): draw.choice([0, 0, 0, 1, 2, 9]) for name in sorted(names)}
    models |= {"qwen": 0, "Qwen": 4, "qwen r1": 1, "sim-b/qwen": 0, "sim-b/\U0001f600": 0, "sim-b/\uffee": 0}
    store = opened()
    store.load(tools["graph"]({i: {"derivatives": n} for i, n in models.items()}, []), tools["quiet"])
    for terms in (
        ["qwen"],
        ["llama"],
        ["gguf", "qwen"],
        ["r1"],
        ["qwen", "r1"],
        ["sim-b/q"],
        ["n"],
        ["模型"],
        ["naïve", "ß"],
        ["nothing"],
        ["sim-"],
        ["/"],
    ):
        for limit in (1, 5, 30, 500):
            assert [m.id for m in store.search(terms, limit)] == _ruled(models, terms, limit), (terms, limit)
    assert [m.id for m in store.search(["QWEN"], 1)] == _ruled(models, ["qwen"], 1)
    assert store.search([], 5) == ()
