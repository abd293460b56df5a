"""The columns of a listing row that are not parents: dates, numbers, library, task, licence, and their tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ingest.simulated.chance import Ints, below, square, tail
from ingest.simulated.roots import roots
from ingest.simulated.shape import ADAPTER, MERGE, QUANTIZED

if TYPE_CHECKING:
    from ingest.simulated.parents import Said
    from ingest.simulated.rows import State

_LIBRARIES: Final = ("transformers", "peft", "gguf", "diffusers", "mlx", "sentence-transformers", "pytorch")
_PIPELINES: Final = (
    "text-generation", "text-classification", "feature-extraction", "image-text-to-text", "text-to-image", "robotics",
    "token-classification", "automatic-speech-recognition", "fill-mask", "image-classification", "sentence-similarity",
    "text-to-video", "text2text-generation", "reinforcement-learning",
)  # fmt: skip
_LICENSES: Final = (
    "apache-2.0", "mit", "other", "cc-by-4.0", "cc-by-nc-4.0", "openrail", "creativeml-openrail-m", "openrail++",
    "bigscience-bloom-rail-1.0", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "gemma", "gpl-3.0",
    "bsd-3-clause", "cc-by-sa-4.0", "unknown",
)  # fmt: skip
_LANGUAGES: Final = ("en", "zh", "de", "fr", "es", "ja", "ko", "ar")
_FORMATS: Final = ("safetensors", "pytorch", "tensorboard", "onnx")
_NOTES: Final = ("conversational", "generated_from_trainer", "trl", "sft", "lora", "mergekit", "custom_code", "unsloth")
_FIXED: Final = (
    *_LIBRARIES,
    *_PIPELINES,
    *_LANGUAGES,
    *_FORMATS,
    *_NOTES,
    *(f"license:{x}" for x in _LICENSES),
    "region:us",
)
_DAY: Final = 86_400


@dataclass(frozen=True)
class Facts:
    """Columns ready for a frame, and codes (places in `_FIXED`, -1: none) of the tags before and after the parents."""

    plain: dict[str, pl.Series]
    before: tuple[Ints, ...]
    after: tuple[Ints, ...]


def facts(state: State, start: int, end: int) -> Facts:
    """All but ids, dates and parents of the rows `start` to `end`."""
    count = end - start
    library, pipeline = _library(state, start, end), _pipeline(state, start, end)
    license_ = _license(state, start, end)
    languages = np.where(
        state.draw("language", start, end) < 0.45, below(square(state.draw("tongue", start, end)), 8), -1
    )
    formats = np.where(state.draw("format", start, end) < 0.5, 0, -1)
    notes = np.where(state.draw("note", start, end) < 0.5, below(state.draw("remark", start, end), len(_NOTES)), -1)
    told = state.draw("card", start, end)
    gate = state.draw("gate", start, end)
    walled = np.isin(
        license_, [_LICENSES.index(name) for name in ("llama2", "llama3", "llama3.1", "llama3.2", "gemma")]
    )
    official = state.shape.root[start:end] >= 0
    gated = np.where((official & walled) | (gate < 0.006), 2, np.where(gate < 0.018, 1, 0))
    downloads, total = _downloads(state, start, end)
    likes = tail(state.draw("likes", start, end), 0.3, 20_000) + np.where(official, 50 + downloads // 900, 0)
    trend = np.where(state.draw("trend", start, end) < 0.01, tail(state.draw("heat", start, end), 1.0, 900), 0)
    plain = {
        "gated": _words(("false", "auto", "manual"), gated),
        "disabled": pl.Series(gate > 0.9996),
        "downloads": pl.Series(downloads),
        "downloadsAllTime": pl.Series(total),
        "likes": pl.Series(likes),
        "trendingScore": pl.Series(trend).cast(pl.Float64),
        "pipeline_tag": _words(_PIPELINES, pipeline),
        "library_name": _words(_LIBRARIES, library),
        "parameters": _parameters(state, start, end),
        "license": _words(_LICENSES, license_),
        "language": _words(_LANGUAGES, languages),
        "told": pl.Series(told < 0.5),
        "new_version": _successors(state, start, end),
    }
    at = {group[0]: _FIXED.index(group[0]) for group in (_LIBRARIES, _PIPELINES, _LANGUAGES, _FORMATS, _NOTES)}
    region = np.full(count, _FIXED.index("region:us"), dtype=np.int64)
    return Facts(
        plain,
        (
            _code(library, at[_LIBRARIES[0]]),
            _code(formats, at[_FORMATS[0]]),
            _code(notes, at[_NOTES[0]]),
            _code(pipeline, at[_PIPELINES[0]]),
            _code(languages, at[_LANGUAGES[0]]),
        ),
        (_code(license_, _FIXED.index(f"license:{_LICENSES[0]}")), region),
    )


def card() -> pl.Expr:
    """Front matter as JSON from the columns of `facts` and `said`; null where a row has none."""
    quoted = [
        pl.concat_str(pl.lit(f'"{key}":"'), column, pl.lit('"'))
        for key, column in (("license", pl.col("license")), ("new_version", pl.col("new_version")))
    ]
    other = pl.col("license") == "other"
    name = pl.lit('"license_name":"simulated-license","license_link":"LICENSE"')
    base = pl.concat_str(pl.lit('"base_model":'), "said")
    stated = pl.concat_str(pl.lit('"base_model_relation":"'), "stated", pl.lit('"'))
    language = pl.concat_str(pl.lit('"language":["'), "language", pl.lit('"]'))
    told = [
        pl.when("told").then(pl.concat_str(pl.lit(f'"{key}":"'), key, pl.lit('"')))
        for key in ("library_name", "pipeline_tag")
    ]
    parts = [*quoted, pl.when(other).then(name), base, stated, language, *told]
    joined = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}")))


def tags(facts_: Facts, said_: Said) -> pl.Series:
    """The list of tags of each row, in the Hub's order: library, format, task, language, parents, licence, region."""
    count = len(said_.counts)
    fixed = sum(((codes >= 0).astype(np.int64) for codes in (*facts_.before, *facts_.after)), np.zeros(count, np.int64))
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(fixed + said_.counts, out=offsets[1:])
    flat = np.empty(int(offsets[-1]), dtype=np.int64)
    place = offsets[:-1].copy()
    _put(flat, place, facts_.before)
    first = np.cumsum(said_.counts) - said_.counts
    within = np.arange(len(said_.tags)) - np.repeat(first, said_.counts)
    flat[np.repeat(place, said_.counts) + within] = len(_FIXED) + np.arange(len(said_.tags))
    place += said_.counts
    _put(flat, place, facts_.after)
    words = pl.concat([pl.Series(_FIXED, dtype=pl.String), said_.tags], rechunk=True).gather(flat)
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), words.to_arrow())
    return pl.Series(pl.from_arrow(lists))


def object_ids(created: Ints, start: int, seed: int) -> pl.Series:
    """24 hex digits as the Hub's `_id`: seconds, a constant of the world, a counter. Ascending with creation."""
    count = len(created)
    digits = np.empty((count, 24), dtype=np.uint8)
    _hex(digits[:, :8], created)
    _hex(digits[:, 8:18], np.full(count, (seed * 2_654_435_761 + 0x5EED) % (1 << 40), dtype=np.int64))
    _hex(digits[:, 18:], np.arange(start, start + count, dtype=np.int64))
    offsets = pa.py_buffer(np.arange(0, 24 * count + 1, 24, dtype=np.int64).tobytes())
    text = pa.Array.from_buffers(pa.large_string(), count, [None, offsets, pa.py_buffer(digits.tobytes())])
    return pl.Series(pl.from_arrow(text))


def instants(seconds: Ints) -> pl.Series:
    """Times as the Hub writes them: 2025-09-09T14:55:33.000Z."""
    day, clock = seconds // _DAY, seconds % _DAY
    first = int(day.min()) if len(day) else 0
    span = int(day.max()) - first + 1 if len(day) else 0
    dates = pl.Series(np.datetime_as_string(np.arange(first, first + span).astype("datetime64[D]")), dtype=pl.String)
    return (
        pl.DataFrame({"day": dates.gather(day - first), "clock": _clocks().gather(clock)})
        .select(pl.concat_str("day", "clock"))
        .to_series()
    )


def modified(state: State, start: int, end: int) -> Ints:
    """Seconds of the last change: soon after creation for most, a long tail, and the day of an edit."""
    created = state.shape.created[start:end]
    first = state.now - state.day * _DAY
    later = tail(state.draw("touched", start, end), 2_400.0, 4 * 365 * _DAY)
    usual = np.minimum(created + later, np.maximum(first - 1, created))
    edited = state.edited[start:end]
    hour = below(state.draw("hour", start, end), _DAY - 1)
    return np.where(edited > 0, first + (edited - 1) * _DAY + hour, usual)


def _put(flat: Ints, place: Ints, groups: tuple[Ints, ...]) -> None:
    for codes in groups:
        has = codes >= 0
        flat[place[has]] = codes[has]
        place += has


def _hex(into: NDArray[np.uint8], numbers: Ints) -> None:
    letters = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    width = into.shape[1]
    for digit in range(width):
        into[:, digit] = letters[(numbers >> (4 * (width - 1 - digit))) & 15]


@cache
def _clocks() -> pl.Series:
    return pl.Series([f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000Z" for s in range(_DAY)], dtype=pl.String)


def _words(words: tuple[str, ...], codes: NDArray[np.integer]) -> pl.Series:
    return pl.Series([*words, None], dtype=pl.String).gather(np.where(codes < 0, len(words), codes))


def _code(codes: Ints, first: int) -> Ints:
    return np.where(codes < 0, -1, codes + first)


def _library(state: State, start: int, end: int) -> Ints:
    shape = state.shape
    relation, derived = shape.relation[start:end], shape.parent[start:end] >= 0
    names = [_LIBRARIES.index(root.library) for root in roots()]
    stem = shape.stem[start:end]
    usual = np.array([*names, 0])[np.where(stem >= 0, stem, len(names))]
    image = usual == _LIBRARIES.index("diffusers")
    by_relation = np.where(relation == QUANTIZED, 2, np.where((relation == ADAPTER) & ~image, 1, usual))
    u = state.draw("library", start, end)
    free = np.where(u < 0.5, -1, np.where(u < 0.8, 0, below((u - 0.8) * 5, len(_LIBRARIES))))
    chosen = np.where(derived, np.where(u < 0.15, -1, by_relation), free)
    return np.where(shape.root[start:end] >= 0, usual, chosen)


def _pipeline(state: State, start: int, end: int) -> Ints:
    shape = state.shape
    names = [_PIPELINES.index(root.pipeline) for root in roots()]
    stem = shape.stem[start:end]
    usual = np.array([*names, 0])[np.where(stem >= 0, stem, len(names))]
    u = state.draw("pipeline", start, end)
    free = np.where(u < 0.52, -1, below(square((u - 0.52) / 0.48), len(_PIPELINES)))
    chosen = np.where(shape.parent[start:end] >= 0, np.where(u < 0.2, -1, usual), free)
    return np.where(shape.root[start:end] >= 0, usual, chosen)


def _license(state: State, start: int, end: int) -> Ints:
    """Licence codes: derived models mostly keep their base's, many drop it, some loosen or tighten it."""
    shape = state.shape
    official = [_LICENSES.index(root.license) for root in roots()]
    stem = shape.stem[start:end]
    u = state.draw("license", start, end)
    invented = np.array([0, 1, 0, 2, 3, 0, 1, 4, 5, 16])[(-1 - stem) % 10]
    source = np.where(
        stem >= 0, np.array([*official, -1])[np.maximum(stem, -1)], np.where((-1 - stem) % 97 < 28, invented, -1)
    )
    changed = np.where(u < 0.66, -1, np.where(u < 0.79, 0, np.where(u < 0.85, 1, np.where(u < 0.91, 4, 2))))
    derived = (shape.parent[start:end] >= 0) & (shape.root[start:end] < 0)
    keep = np.where(shape.relation[start:end] == MERGE, 0.3, 0.55)
    v = state.draw("license kept", start, end)
    return np.where(derived & (v >= keep), np.where(v < keep + 0.25, -1, changed), source)


def _downloads(state: State, start: int, end: int) -> tuple[Ints, Ints]:
    shape = state.shape
    u = state.draw("downloads", start, end)
    some = tail(np.maximum(u - 0.3, 0.0) / 0.7, 14.0, 3_000_000)
    weight = np.array([root.weight for root in roots()])[np.maximum(shape.root[start:end], 0)]
    famous = (weight * 20_000).astype(np.int64) + some * 40
    base: Ints = np.where(shape.root[start:end] >= 0, famous, np.where(u < 0.3, 0, some))
    sway: Ints = (np.arange(start, end) * 7 + state.day * 13) % 21 if state.day else np.full(end - start, 10)
    months: Ints = np.maximum(state.now - shape.created[start:end], 0) // (30 * _DAY)
    return base * (90 + sway) // 100, base * (2 + months) // 2


def _parameters(state: State, start: int, end: int) -> pl.Series:
    sizes = [_size(root.name) for root in roots()]
    stem = state.shape.stem[start:end]
    place = np.where(stem >= 0, stem, len(sizes))
    place = np.where(state.draw("safetensors", start, end) < 0.45, place, len(sizes))
    return pl.Series([*sizes, None], dtype=pl.Int64).gather(place)


def _size(name: str) -> int | None:
    found = re.search(r"(\d+(?:\.\d+)?)([bm])(?![a-z])", name.lower())
    return None if found is None else int(float(found[1]) * (10**9 if found[2] == "b" else 10**6))


def _successors(state: State, start: int, end: int) -> pl.Series:
    row = np.arange(start, end)
    names = np.where(state.draw("successor", start, end) < 0.002, (row * 31 + 17) % state.shape.count, -1)
    has = names >= 0
    values: list[str | None] = [None, *state.names.ids.gather(names[has])]
    place = np.where(has, np.cumsum(has), 0)
    return pl.Series(values, dtype=pl.String).gather(place)
