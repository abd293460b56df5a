"""Names of a simulated world: they read like the Hub's, under publishers that all begin with `sim-`."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.chance import Ints, below, cube, uniform
from ingest.simulated.roots import roots
from ingest.simulated.shape import FARMS, QUANTIZED, Shape

_COLOURS: Final = tuple(
    "amber ash azure brass bronze cedar cobalt copper coral cream crimson dusk ebony fern flint frost garnet gold granite "
    "hazel heath indigo iron ivory jade jet kelp larch lava lilac lime linen maple marsh mint moss navy oak ochre olive "
    "onyx opal pearl pine plum quartz reed rose ruby rust sage sand slate steel teal thorn umber velvet walnut willow "
    "zinc".split()
)
_BEASTS: Final = tuple(
    "badger bat bear bee bison crane crow deer dove eagle egret elk falcon ferret finch fox frog gecko goat goose grebe "
    "hare hawk heron horse ibis jay kite koala lark lemur lynx magpie marten mole moose moth newt otter owl panda pika "
    "puffin quail rabbit raven robin salmon seal shrew skunk sloth snipe stoat swan tapir tern toad trout viper vole "
    "weasel wolf wren yak".split()
)
_TOPICS: Final = tuple(
    "medical legal finance chat code math sql agent tools reasoning story roleplay poetry summary title email support "
    "persona translate german french spanish italian polish turkish arabic hindi tamil thai korean japanese vietnamese "
    "safety toxicity sentiment intent entities router planner critic judge verifier extract json forms tables charts "
    "retrieval recipes travel sports news science biology chemistry physics history tutor quiz exam homework interview "
    "hiring insurance weather farming anime portrait landscape logo pixel".split()
)
_TURNS: Final = tuple(
    "v1 v2 v3 beta final test mini plus lite fast clean mixed long short draft retry seed1 seed2 seed3 epoch1 epoch2 "
    "epoch3 step100 step500 lowrank fullrank dense sparse filtered curated raw aligned".split()
)
_FORMS: Final = (
    ("sft", "dpo", "ft", "grpo", "instruct"),
    ("lora", "qlora", "adapter", "peft", "lora"),
    ("GGUF", "AWQ", "GPTQ-Int4", "4bit-mlx", "FP8"),
    ("merge", "slerp", "ties", "dare", "blend"),
)
_MAKERS: Final = (
    "Marlowe",
    "Quillon",
    "Tessera",
    "Ostrava",
    "Lumen",
    "Bramble",
    "Cirrus",
    "Dorado",
    "Ember",
    "Halcyon",
)
_SIZES: Final = ("110M", "350M", "0.5B", "1B", "1.5B", "3B", "7B", "8B", "13B", "32B")


class Names:
    """Ids of all models of a shape and of its ghosts, and the earlier ids of those that were renamed.

    `ids` holds the models, then the ghosts, as they are named now; `old` the earlier id where there is one, else null.
    """

    def __init__(
        self, shape: Shape, seed: int, models: int, renamed: NDArray[np.bool_], retired: NDArray[np.bool_]
    ) -> None:
        stems = _stems(shape)
        publisher = _publishers(shape, seed, models)
        tail = _tails(shape, seed)
        plain = _join(publisher, "/", stems, tail, _twins(shape, publisher, stems, tail))
        official = pl.Series([root.id for root in roots()], dtype=pl.String).gather(np.maximum(shape.root, 0))
        formerly = pl.Series([root.formerly for root in roots()], dtype=pl.String).gather(np.maximum(shape.root, 0))
        real, moved, gone = pl.Series(shape.root >= 0), pl.Series(renamed), pl.Series(retired)
        frame = pl.DataFrame({"plain": plain, "official": official, "formerly": formerly}).select(
            ids=pl.when(real).then("official").when(moved).then(pl.col("plain") + "-renamed").otherwise("plain"),
            old=pl.when(real & gone).then("formerly").when(~real & moved).then("plain"),
        )
        lost = _ghosts(shape.ghosts)
        self.ids: pl.Series = frame["ids"].extend(lost)
        self.old: pl.Series = frame["old"].extend_constant(None, len(lost))


def _join(*parts: pl.Series | str) -> pl.Series:
    frame = {f"{k}": part for k, part in enumerate(parts) if isinstance(part, pl.Series)}
    order = [pl.lit(part) if isinstance(part, str) else pl.col(f"{k}") for k, part in enumerate(parts)]
    return pl.DataFrame(frame).select(pl.concat_str(order)).to_series()


def _words(words: tuple[str, ...], place: Ints | NDArray[np.intp]) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(place)


def _stems(shape: Shape) -> pl.Series:
    """The base's name that a model's own begins with."""
    official = [root.name for root in roots()]
    invented = [f"{maker}-{size}" for maker in _MAKERS for size in _SIZES]
    place = np.where(shape.stem >= 0, shape.stem, len(official) + (-1 - shape.stem) % len(invented))
    return _words((*official, *invented), place)


def _publishers(shape: Shape, seed: int, models: int) -> pl.Series:
    """The namespace: few publish much, most publish little; quantisers specialise; farms as they are."""
    crowd = max(300, models // 7)
    code = below(cube(uniform(seed, "publisher", shape.count)), crowd)
    u = uniform(seed, "specialist", shape.count)
    several = (shape.relation == QUANTIZED) & (shape.parent >= 0) & (u < 0.6)
    code[several] = crowd + below(u[several] * u[several] / 0.36, 24)
    participants = below(uniform(seed, "participant", shape.count), crowd)
    for number, farm in enumerate(FARMS):
        inside = shape.farm == number
        code[inside] = participants[inside] if farm.publisher is None else crowd + 24 + number
    special = [f"sim-quants-{_BEASTS[k]}" for k in range(24)] + [farm.publisher or "" for farm in FARMS]
    return pl.concat([_accounts(crowd), pl.Series(special, dtype=pl.String)]).gather(code)


def _accounts(count: int) -> pl.Series:
    """`count` different account names."""
    lap, k = np.divmod(np.arange(count), len(_COLOURS) * len(_BEASTS))
    k = k * 1_237 % (len(_COLOURS) * len(_BEASTS))
    number = pl.Series(lap).cast(pl.String)
    suffix = pl.DataFrame({"n": number, "lap": lap}).select(
        pl.when(pl.col("lap") == 0).then(pl.lit("")).otherwise("-" + pl.col("n"))
    )
    beast = _words(_BEASTS, k // len(_COLOURS))
    return _join("sim-", _words(_COLOURS, k % len(_COLOURS)), "-", beast, suffix.to_series())


def _tails(shape: Shape, seed: int) -> pl.Series:
    """What a model's name says after its base: form, topic and turn; a farm's template."""
    forms = tuple(form for group in _FORMS for form in group)
    template = tuple(f"-{farm.template}" for farm in FARMS)
    topic = below(cube(uniform(seed, "topic", shape.count)), len(_TOPICS))
    turn = below(uniform(seed, "turn", shape.count), len(_TURNS))
    form = shape.relation * 5 + below(uniform(seed, "form", shape.count), 5)
    bare = (shape.relation == QUANTIZED) & (uniform(seed, "bare", shape.count) < 0.5)
    return (
        pl.DataFrame(
            {
                "form": _words(forms, form),
                "topic": _words(_TOPICS, topic),
                "turn": _words(_TURNS, turn),
                "template": _words((*template, ""), shape.farm),
                "parent": shape.parent >= 0,
                "farm": shape.farm >= 0,
                "bare": bare,
            }
        )
        .select(
            pl.when("farm")
            .then("template")
            .when(pl.col("parent") & pl.col("bare"))
            .then("-" + pl.col("form"))
            .when("parent")
            .then(pl.concat_str(pl.lit("-"), "topic", pl.lit("-"), "form", pl.lit("-"), "turn"))
            .otherwise(pl.concat_str(pl.lit("-"), "topic", pl.lit("-"), "turn"))
        )
        .to_series()
    )


def _twins(shape: Shape, publisher: pl.Series, stem: pl.Series, tail: pl.Series) -> pl.Series:
    """Nothing for the first of several equal names, `-2`, `-3`, … for the later ones; farms number all of theirs."""
    parts = {"publisher": publisher, "stem": stem, "tail": tail}
    codes = {name: part.cast(pl.Categorical).to_physical() for name, part in parts.items()}
    return (
        pl.DataFrame({**codes, "farm": shape.farm >= 0, "row": np.arange(shape.count)})
        .with_columns(nth=pl.int_range(pl.len()).over("publisher", "stem", "tail"))
        .select(
            pl.when("farm")
            .then(pl.concat_str(pl.lit("-"), "row"))
            .when(pl.col("nth") > 0)
            .then(pl.concat_str(pl.lit("-"), pl.col("nth") + 1))
            .otherwise(pl.lit(""))
        )
        .to_series()
    )


def _ghosts(count: int) -> pl.Series:
    k = np.arange(count)
    number = pl.Series(k).cast(pl.String)
    return _join(
        "sim-gone-", _words(_BEASTS, k % len(_BEASTS)), "/", _words(_MAKERS, k % len(_MAKERS)), "-lost-", number
    )
