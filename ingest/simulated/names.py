"""Names of a simulated world: they read like the Hub's, under publishers that all begin with `sim-`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.chance import Bools, Ints, below, cube, square, uniform
from ingest.simulated.roots import roots
from ingest.simulated.shape import FARMS, QUANTIZED, Shape

_SPECIALISTS = 24


@cache
def words(kind: str) -> tuple[str, ...]:
    """The words of one kind, from `words.toml`."""
    table = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return tuple(str(table[kind]).split())


class Names:
    """Ids of all models of a shape and of its ghosts, and the earlier ids of those that were renamed.

    `ids` holds the models, then the ghosts, as they are named now; `old` the earlier id where there is one, else null.
    `authors` are the namespaces of the models.
    """

    def __init__(self, shape: Shape, seed: int, models: int, renamed: Bools, retired: Bools) -> None:
        publisher = _publisher_codes(shape, seed, models)
        accounts = _accounts(models)
        stem, invented = _stem_codes(shape), _invented()
        tail = _tail_codes(shape, seed)
        key = ((publisher << 9 | stem) << 18) | tail
        made = _join(
            accounts.gather(publisher),
            "/",
            _words([*(root.name for root in roots()), *invented], stem),
            _tails(tail),
            _twins(key, shape.farm >= 0),
        )
        official = np.maximum(shape.root, 0)
        frame = pl.DataFrame(
            {
                "made": made,
                "official": _words([root.id for root in roots()], official),
                "formerly": _words([root.formerly for root in roots()], official),
                "owner": _words([root.id.split("/")[0] for root in roots()], official),
                "account": accounts.gather(publisher),
                "real": shape.root >= 0,
                "renamed": renamed,
                "retired": retired,
            }
        ).select(
            ids=pl.when("real").then("official").when("renamed").then(pl.col("made") + "-renamed").otherwise("made"),
            old=pl.when(pl.col("real") & pl.col("retired"))
            .then("formerly")
            .when(~pl.col("real") & pl.col("renamed"))
            .then("made"),
            authors=pl.when("real").then("owner").otherwise("account"),
        )
        lost = _ghosts(shape.ghosts)
        self.authors: pl.Series = frame["authors"]
        self.ids: pl.Series = pl.concat([frame["ids"], lost], rechunk=True)
        self.old: pl.Series = frame["old"].extend_constant(None, len(lost))


def _join(*parts: pl.Series | str) -> pl.Series:
    frame = {f"{k}": part for k, part in enumerate(parts) if isinstance(part, pl.Series)}
    order = [pl.lit(part) if isinstance(part, str) else pl.col(f"{k}") for k, part in enumerate(parts)]
    return pl.DataFrame(frame).select(pl.concat_str(order)).to_series()


def _words(kind: Sequence[str | None], place: NDArray[np.integer]) -> pl.Series:
    return pl.Series(kind, dtype=pl.String).gather(place)


def _invented() -> list[str]:
    return [f"{maker}-{size}" for maker in words("makers") for size in words("sizes")]


def _stem_codes(shape: Shape) -> Ints:
    """Which base's name a model's own begins with: official ones first, then the invented."""
    stem = shape.stem.astype(np.int64)
    return np.where(stem >= 0, stem, len(roots()) + (-1 - stem) % len(_invented()))


def _crowd(models: int) -> int:
    return max(300, models // 7)


def _publisher_codes(shape: Shape, seed: int, models: int) -> Ints:
    """The namespace: few publish much, most publish little; quantisers specialise; farms as they are."""
    crowd = _crowd(models)
    code = below(square(uniform(seed, "publisher", shape.count)), crowd)
    u = uniform(seed, "specialist", shape.count)
    several = (shape.relation == QUANTIZED) & (shape.parent >= 0) & (u < 0.6)
    code[several] = crowd + below(u[several] * u[several] / 0.36, _SPECIALISTS)
    participants = below(uniform(seed, "participant", shape.count), crowd)
    for number, farm in enumerate(FARMS):
        inside = shape.farm == number
        code[inside] = participants[inside] if farm.publisher is None else crowd + _SPECIALISTS + number
    return code


def _accounts(models: int) -> pl.Series:
    """Account names in the order of their codes: the crowd, the quantisers, the farms."""
    colours, beasts = words("colours"), words("beasts")
    pairs = len(colours) * len(beasts)
    lap, pair = np.divmod(np.arange(_crowd(models)), pairs)
    pair = pair * 1_237 % pairs
    suffix = pl.DataFrame({"lap": lap}).select(pl.when(pl.col("lap") > 0).then(pl.concat_str(pl.lit("-"), "lap")))
    crowd = _join(
        "sim-",
        _words(colours, pair % len(colours)),
        "-",
        _words(beasts, pair // len(colours)),
        suffix.to_series().fill_null(""),
    )
    special = [f"sim-quants-{beasts[k]}" for k in range(_SPECIALISTS)] + [farm.publisher or "" for farm in FARMS]
    return pl.concat([crowd, pl.Series(special, dtype=pl.String)], rechunk=True)


def _tail_codes(shape: Shape, seed: int) -> Ints:
    """What a name says after its base, in 18 bits: kind (a form, a farm or nothing), topic, turn; 0 for nothing."""
    topic = 1 + below(cube(uniform(seed, "topic", shape.count)), len(words("topics")))
    turn = 1 + below(uniform(seed, "turn", shape.count), len(words("turns")))
    amiss = uniform(seed, "misnamed", shape.count) < 0.003
    relation = np.where(amiss, (shape.relation.astype(np.int64) + 2) % 4, shape.relation)
    form = 1 + relation * 5 + below(uniform(seed, "form", shape.count), 5)
    bare = (shape.relation == QUANTIZED) & (shape.parent >= 0) & (uniform(seed, "bare", shape.count) < 0.5)
    farm = shape.farm >= 0
    kind = np.where(farm, 21 + shape.farm.astype(np.int64), np.where(shape.parent >= 0, form, 0))
    copy = (shape.parent < 0) & (shape.root < 0) & (shape.stem >= 0)
    short = bare | farm | copy
    return (kind << 13) | np.where(short, 0, topic << 6 | turn)


def _tails(codes: Ints) -> pl.Series:
    """The words of tail codes; each different code is spelt once."""
    kinds = ("", *words("forms"), *(farm.template for farm in FARMS))
    topics, turns = ("", *words("topics")), ("", *words("turns"))
    known, place = np.unique(codes, return_inverse=True)
    spelt = []
    for code in known.tolist():
        parts = (topics[code >> 6 & 127], kinds[code >> 13], turns[code & 63])
        spelt.append("".join(f"-{part}" for part in parts if part))
    return pl.Series(spelt, dtype=pl.String).gather(place)


def _twins(keys: Ints, farm: Bools) -> pl.Series:
    """Nothing for the first of several equal names, `-2`, `-3`, … for the later ones; farms number all of theirs."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    nth = np.empty(len(keys), dtype=np.int64)
    nth[order] = np.arange(len(keys)) - np.repeat(first, np.diff(np.append(first, len(keys))))
    number = np.where(farm, np.arange(len(keys)), np.where(nth > 0, nth + 1, -1))
    numbered = np.flatnonzero(number >= 0)
    text = pl.DataFrame({"n": number[numbered]}).select(pl.concat_str(pl.lit("-"), "n")).to_series()
    place = np.zeros(len(keys), dtype=np.int64)
    place[numbered] = np.arange(1, len(numbered) + 1)
    return pl.concat([pl.Series([""], dtype=pl.String), text], rechunk=True).gather(place)


def _ghosts(count: int) -> pl.Series:
    k = np.arange(count)
    beasts, makers = words("beasts"), words("makers")
    return _join(
        "sim-gone-", _words(beasts, k % len(beasts)), "/", _words(makers, k % len(makers)), "-lost-", pl.Series(k)
    )
