"""Invented graph tables of the published shape, for measuring a store without a crawl behind it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from lineage import schema
from lineage.schema import EDGE_TYPES, LABELS, GraphTables

WORDS = ("llama", "qwen", "mistral", "gemma", "phi", "deepseek", "coder", "instruct", "chat", "base", "gguf", "lora")
SUFFIXES = ("GGUF", "4bit", "AWQ", "lora", "sft", "dpo", "merged", "v2", "finetuned", "8b-it")
AS_OF = datetime(2026, 8, 1, tzinfo=UTC)
RELATIONS = ("finetune", "adapter", "quantized", "merge")


def tables(models: int, seed: int = 7, stubs: int = 2_000) -> GraphTables:
    """About `models` models, 28 % of them with a parent, bulk bases and chains included."""
    draw = np.random.default_rng(seed)
    owners = [f"sim-pub-{n}" for n in range(max(4, models // 6))]
    owner = (draw.pareto(0.9, models) * 5).astype(np.int64) % len(owners)
    word = draw.integers(0, len(WORDS), (models, 2))
    suffix = draw.integers(0, len(SUFFIXES), models)
    ids = [
        f"{owners[owner[n]]}/{WORDS[word[n, 0]]}-{WORDS[word[n, 1]]}-{n}-{SUFFIXES[suffix[n]]}" for n in range(models)
    ]
    edges = _edges(draw, models)
    nodes = _models(draw, ids, [owners[o] for o in owner], edges, stubs)
    return _assembled(nodes, ids, edges, owners)


def _edges(draw: np.random.Generator, models: int) -> pl.DataFrame:
    """Child and parent numbers: a tenth to one huge base, the rest by preferential age, plus merges."""
    children = np.flatnonzero(draw.random(models) < 0.28)
    children = children[children > 50]
    parents = (children * draw.random(len(children)) ** 2.5).astype(np.int64)
    parents = np.where(draw.random(len(children)) < 0.1, 7, parents)
    second = children[draw.random(len(children)) < 0.06]
    frame = pl.DataFrame(
        {
            "child": np.concatenate([children, second]),
            "parent": np.concatenate([parents, draw.integers(0, 40, len(second))]),
            "relation": draw.choice(np.array(RELATIONS), len(children) + len(second), p=[0.378, 0.367, 0.202, 0.053]),
            "position": np.concatenate([np.zeros(len(children), np.int64), np.ones(len(second), np.int64)]),
        }
    )
    return frame.unique(["child", "parent"], keep="first", maintain_order=True)


def _models(
    draw: np.random.Generator, ids: list[str], publishers: list[str], edges: pl.DataFrame, stubs: int
) -> pl.DataFrame:
    count = len(ids)
    direct = np.bincount(edges["parent"].to_numpy(), minlength=count)
    moments = pl.Series(draw.integers(1_650_000_000_000, 1_760_000_000_000, count)).cast(pl.Datetime("ms"))
    frame = pl.DataFrame(
        {
            "id": ids,
            "name": [i.split("/")[1] for i in ids],
            "stub": [False] * count,
            "publisher": publishers,
            "hub_id": [f"{n:024x}" for n in range(count)],
            "family": ["qwen" if n < 40 else None for n in range(count)],
            "created_at": moments,
            "last_modified": moments,
            "downloads": draw.pareto(1.1, count).astype(np.int64),
            "downloads_all_time": draw.pareto(1.0, count).astype(np.int64),
            "likes": draw.pareto(1.5, count).astype(np.int64),
            "pipeline_tag": draw.choice(np.array(["text-generation", "text-classification", "asr"]), count),
            "library": draw.choice(np.array(["transformers", "peft", "gguf", "diffusers"]), count),
            "gated": ["false"] * count,
            "parameters": draw.integers(10**7, 10**11, count),
            "license": draw.choice(np.array(["apache-2.0", "mit", "llama3.1", "other"]), count),
            "direct": direct,
            "derivatives": direct * 2,
            "depth": draw.integers(0, 6, count),
        }
    )
    ghosts = pl.DataFrame({"id": [f"sim-gone/stub-{n}" for n in range(stubs)]}).with_columns(
        pl.col("id").str.split("/").list.last().alias("name"),
        pl.lit(True).alias("stub"),
        *(pl.lit(0).alias(name) for name in ("direct", "derivatives", "depth")),
    )
    return pl.concat([_typed(frame, "Model"), _typed(ghosts, "Model")])


def _typed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    thing = next(t for t in (*LABELS, *EDGE_TYPES) if t.name == name)
    have = set(frame.columns)
    return frame.select(
        (pl.col(column) if column in have else pl.lit(None)).cast(kind).alias(column)
        for column, kind in schema.columns(thing).items()
    )


def _assembled(nodes: pl.DataFrame, ids: list[str], edges: pl.DataFrame, owners: list[str]) -> GraphTables:
    names = pl.Series("id", ids)
    derived = pl.DataFrame(
        {
            "source": names.gather(edges["child"]),
            "target": names.gather(edges["parent"]),
            "relation": edges["relation"],
            "relations": edges["relation"].reshape((-1, 1)).arr.to_list(),
            "evidence": pl.Series([["hub"]]).new_from_index(0, len(edges)),
            "position": edges["position"],
        }
    )
    published = nodes.filter(pl.col("publisher").is_not_null()).select(source="id", target="publisher")
    reached = derived.select("source").unique(maintain_order=True).filter(~pl.col("source").is_in(ids[:40]))
    loose = {
        "INFERRED_FROM": pl.DataFrame({"source": [ids[60]], "target": [ids[3]], "rule": ["name"], "confidence": [0.5]}),
        "DISTILLED_FROM": pl.DataFrame({"source": [ids[61]], "target": [ids[4]], "source_": ["card"]}),
    }
    loose["DISTILLED_FROM"] = loose["DISTILLED_FROM"].drop("source_")
    frames = {
        "DERIVED_FROM": derived,
        "PUBLISHED_BY": published,
        "PART_OF": pl.DataFrame({"source": owners[:4], "target": ["sim-org"] * 4}),
        "MEMBER_OF": pl.DataFrame({"source": ids[:40], "target": ["qwen"] * 40}),
        "MADE_BY": pl.DataFrame({"source": ["qwen"], "target": ["sim-org"]}),
        "ATTRIBUTED_TO": reached.with_columns(target=pl.lit("qwen"), distance=1, k=1, is_primary=True),
        **loose,
    }
    meta = pl.DataFrame(
        {
            "key": ["loaded"], "snapshot": ["sim"], "snapshot_sha256": ["00"], "schema_version": [schema.GRAPH_VERSION],
            "registry_version": ["1"], "registry_digest": ["00"], "as_of": [AS_OF], "source": ["bench"],
            "simulated": [True], "card": [True], "complete": [True], "models": [len(ids)], "edges": [len(derived)],
            "run": ["bench"], "scope": ["all"],
        }
    )  # fmt: skip
    rest = {
        "Publisher": nodes.filter(pl.col("publisher").is_not_null()).group_by(name="publisher").agg(models=pl.len()),
        "Organization": pl.DataFrame({"slug": ["sim-org"], "name": ["Sim"], "country": ["CN"], "region": ["china"]}),
        "Family": pl.DataFrame({"slug": ["qwen"], "name": ["Qwen"], "members": [40]}),
        "LineageMeta": meta,
    }
    return GraphTables(
        {"Model": nodes} | {name: _typed(frame, name) for name, frame in rest.items()},
        {name: _typed(frame, name) for name, frame in frames.items()},
    )
