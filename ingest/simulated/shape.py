"""Who derives from whom in a simulated world, as columns of whole numbers: no names yet.

Rows are in order of creation. A parent is a row, or `count + k` for the k-th ghost (a parent that the Hub lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import islice, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.simulated import trends
from ingest.simulated.chance import Bools, Floats, Ints, below, choice, cube, square, uniform
from ingest.simulated.roots import Root, roots

RELATIONS: Final = ("finetune", "adapter", "quantized", "merge")
FINETUNE, ADAPTER, QUANTIZED, MERGE = range(4)

_RELATION_SHARES = (0.3925, 0.3815, 0.2095, 0.0165)
_LEVEL_SHARES = (0.825, 0.152, 0.023)
_DERIVED = ((2023 * 12 + 6, 0.14), (2025 * 12, 0.24), (9999 * 12, 0.327))
_GHOST = 0.0198
_LONG_CHAIN = 138
_MERGE_PARENTS = (0.02, 0.54, 0.20, 0.10, 0.06, 0.079, 0.001)
_DAY = 86_400


class Odd(IntEnum):
    """What is odd about a row's parents, as the wild has it."""

    NONE = 0
    WRONG_CASE = 1
    PATH = 2
    PATH_BESIDE = 3
    PLACEHOLDER = 4
    EMPTY = 5
    URL = 6
    LIST_TEXT = 7
    CARD_ONLY = 8
    REPEATED = 9
    TWO_RELATIONS = 10
    UNTYPED = 11
    DISAGREES = 12
    STATED = 13
    NUMBER = 14


_ODD_SHARES = (
    (Odd.WRONG_CASE, 0.022),
    (Odd.PATH, 0.008),
    (Odd.PATH_BESIDE, 0.004),
    (Odd.PLACEHOLDER, 0.003),
    (Odd.EMPTY, 0.002),
    (Odd.URL, 0.002),
    (Odd.LIST_TEXT, 0.001),
    (Odd.CARD_ONLY, 0.003),
    (Odd.REPEATED, 0.003),
    (Odd.TWO_RELATIONS, 0.003),
    (Odd.UNTYPED, 0.001),
    (Odd.DISAGREES, 0.002),
    (Odd.STATED, 0.010),
    (Odd.NUMBER, 0.0005),
)


@dataclass(frozen=True)
class Farm:
    """Bulk children of one base: `publisher` None means that every participant pushes from an account of their own."""

    base: str
    start: datetime
    end: datetime
    share: float
    relation: int
    publisher: str | None
    template: str


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text + "T00:00:00+00:00")


FARMS: Final = (
    Farm("Qwen/Qwen2.5-0.5B", _day("2025-05-01"), _day("2025-11-01"), 0.0105, FINETUNE, None, "sim-swarm"),
    Farm(
        "black-forest-labs/FLUX.1-dev", _day("2024-09-01"), _day("2026-06-01"), 0.006, ADAPTER, "sim-lora-mill", "lora"
    ),
    Farm(
        "meta-llama/Llama-3.2-1B", _day("2024-11-01"), _day("2025-06-01"), 0.004, QUANTIZED, "sim-quant-works", "GGUF"
    ),
)


@dataclass(frozen=True)
class Shape:
    """Columns of all models ever created: `root` is the place in `roots()` or -1, `parent` -1 where there is none.

    `extra_child`, `extra_parent` are the further parents of merges, by child. `stem` is the place in `roots()` whose
    name the model carries, or -1 - k for the invented base k. `farm` is a place in FARMS or -1.
    `ghosts` counts the names of lost parents.
    """

    count: int
    ghosts: int
    created: Ints
    root: NDArray[np.int16]
    parent: NDArray[np.int32]
    relation: NDArray[np.int8]
    odd: NDArray[np.int8]
    stem: NDArray[np.int32]
    farm: NDArray[np.int8]
    extra_child: NDArray[np.int32]
    extra_parent: NDArray[np.int32]


def shape(models: int, seed: int, today: datetime, day: int) -> Shape:
    """The structure of a world of `models` at `today`, grown for `day` more days. Pure."""
    sketch = _Sketch(models, seed, today, day)
    sketch.choose_level_one()
    sketch.choose_deeper()
    sketch.add_chain()
    sketch.add_cycles()
    sketch.link_roots()
    return sketch.finish()


def per_day(models: int) -> int:
    """Models created a day after `today`: the real Hub's pace (2,777 a day at 3.09 million), in scale."""
    return max(1, models // 1_114)


class _Sketch:
    """A shape under construction; every step fills or overrides columns."""

    def __init__(self, models: int, seed: int, today: datetime, day: int) -> None:
        self.seed = seed
        self.known = tuple(root for root in roots() if root.created <= today)
        if models < 4 * len(self.known):
            raise ValueError(f"A simulated world needs at least {4 * len(self.known)} models, not {models}.")
        self.models = models
        self.count = models + per_day(models) * day
        self.ghosts = max(40, models // 80)
        self._date(today)
        self.parent = np.full(self.count, -1, dtype=np.int32)
        self.farm = np.full(self.count, -1, dtype=np.int8)
        self.relation = choice(self._u("relation"), _RELATION_SHARES).astype(np.int8)
        self.odd = _oddity(self._u("odd"))
        month = trends.months(self.created)
        chance = np.full(self.count, _DERIVED[-1][1])
        for before, value in reversed(_DERIVED[:-1]):
            chance[month < before] = value
        self.derived: Bools = (self._u("derived") < chance) & (self.root < 0)
        self.level = np.where(self.derived, choice(self._u("level"), _LEVEL_SHARES) + 1, 0).astype(np.int8)
        self.month = month

    def _u(self, purpose: str) -> Floats:
        return uniform(self.seed, purpose, self.count)

    def _date(self, today: datetime) -> None:
        when = np.array([int(root.created.timestamp()) for root in self.known], dtype=np.int64)
        invented = trends.created(
            self.models - len(when), today, uniform(self.seed, "created", self.models - len(when))
        )
        at = np.searchsorted(invented, when, side="left")
        base = np.insert(invented, at, when)
        later = self.count - self.models
        step = _DAY / per_day(self.models)
        grown = int(today.timestamp()) + ((np.arange(later) + uniform(self.seed, "later", later)) * step).astype(
            np.int64
        )
        self.created = np.concatenate([base, grown])
        self.rows: Ints = at + np.arange(len(when))
        self.root = np.full(self.count, -1, dtype=np.int16)
        self.root[self.rows] = np.arange(len(when), dtype=np.int16)
        self.row_of = {root.id: int(row) for root, row in zip(self.known, self.rows, strict=True)}

    def choose_level_one(self) -> None:
        """Parents without parents: official models by the month's shares, invented bases, ghosts, the child itself.

        A few name the official model that came next: on the Hub, too, some children are older than their parents.
        """
        ones = np.flatnonzero(self.level == 1)
        u = self._u("parent")[ones]
        picked = np.full(len(ones), -1, dtype=np.int64)
        starts = np.searchsorted(self.month[ones], np.arange(self.month[0], self.month[-1] + 2))
        for offset, (lo, hi) in enumerate(pairwise(starts)):
            if lo < hi:
                picked[lo:hi] = self._pick_roots(int(self.month[0]) + offset, u[lo:hi])
        self.parent[ones] = picked
        self._pick_invented(ones[picked < 0])
        self._settle_farms(ones)
        other = self._u("lost")[ones]
        lost = ones[(other < _GHOST * 1.25) & (self.farm[ones] < 0)]
        self.parent[lost] = self.count + below(square(self._u("ghost")[lost]), self.ghosts)
        selfish = ones[(other > 1 - 0.0029) & (self.farm[ones] < 0)]
        self.parent[selfish] = selfish
        early = ones[(other > 0.5) & (other < 0.502) & (self.farm[ones] < 0) & (ones < self.rows[-1])]
        self.parent[early] = self.rows[np.searchsorted(self.rows, early)]

    def _pick_roots(self, month: int, u: Floats) -> Ints:
        """Rows of roots by the month's shares, -1 where the choice is an invented base."""
        start = np.datetime64(month - 1970 * 12, "M").astype("datetime64[s]").astype(np.int64)
        ready = [
            k for k, row in enumerate(self.rows) if self.created[row] < start or self.created[row] <= self.created[0]
        ]
        if not ready:
            return np.full(len(u), -1, dtype=np.int64)
        by_family: dict[str, float] = {}
        weight = {k: self._weight(self.known[k], month) for k in ready}
        for k in ready:
            by_family[self.known[k].family] = by_family.get(self.known[k].family, 0.0) + weight[k]
        shares = [
            trends.share(self.known[k].family, month) * (weight[k] / by_family[self.known[k].family]) for k in ready
        ]
        edges = np.cumsum(np.array(shares))
        edges = edges / max(100.0, float(edges[-1]) + 4.0)
        place = np.searchsorted(edges, u, side="right")
        rows = np.append(self.rows[ready], -1)
        return rows[place]

    @staticmethod
    def _weight(root: Root, month: int) -> float:
        """Popularity of a root in a month: fades with age, a little of it stays."""
        age = month - (root.created.year * 12 + root.created.month - 1)
        return root.weight * (0.04 + 1.0 / (1.0 + age * age / 36.0))

    def _pick_invented(self, children: NDArray[np.intp]) -> None:
        bases = np.flatnonzero((self.level == 0) & (self.root < 0))
        before = np.searchsorted(bases, children)
        u, which = self._u("base")[children], self._u("base kind")[children]
        rank = below(np.where(which < 0.5, cube(u), u), before)
        chosen = bases[np.maximum(rank, 0)]
        self.parent[children] = np.where(before > 0, chosen, -1)
        self.level[children[before == 0]] = 0

    def _settle_farms(self, ones: NDArray[np.intp]) -> None:
        family = np.array([*self._family_codes(), -1], dtype=np.int32)
        of_parent = family[np.where(self.parent[ones] >= 0, self.root[np.maximum(self.parent[ones], 0)], -1)]
        u = self._u("farm")[ones]
        for number, farm in enumerate(FARMS):
            row = self.row_of.get(farm.base)
            if row is None:
                continue
            code = family[self.root[row]]
            when = self.created[ones]
            field = (when >= farm.start.timestamp()) & (when < farm.end.timestamp()) & (of_parent == code)
            reach = int((field & (ones < self.models)).sum())
            hit = ones[field & (u * max(reach, 1) < farm.share * self.models)]
            self.parent[hit], self.farm[hit], self.relation[hit] = row, number, farm.relation
            self.odd[hit] = Odd.NONE

    def _family_codes(self) -> list[int]:
        names = sorted({root.family for root in self.known})
        return [names.index(root.family) for root in self.known]

    def choose_deeper(self) -> None:
        """Parents that have parents themselves: recent finetunes and merges, some of them far more popular."""
        sound = np.isin(self.relation, (FINETUNE, MERGE)) & (self.farm < 0) & (self.odd == Odd.NONE) & (self.root < 0)
        firm = sound & (self.parent >= 0) & (self.parent < self.count) & (self.parent != np.arange(self.count))
        for level, pool in ((2, firm & (self.level == 1)), (3, sound & (self.level >= 2))):
            children = np.flatnonzero(self.level == level)
            parents = np.flatnonzero(pool)
            rank = self._recent(children, parents)
            self.parent[children] = np.where(rank >= 0, parents[np.maximum(rank, 0)] if len(parents) else -1, -1)
            self.level[children[rank < 0]] = 0
        self._add_parents(np.flatnonzero(firm & (self.level == 1)))

    def _recent(self, children: NDArray[np.intp], parents: NDArray[np.intp]) -> Ints:
        """A place in `parents` older than each child, from the newest third; every other time a popular one."""
        before = np.searchsorted(parents, children)
        u = self._u("deeper")[children]
        rank = before - 1 - below(u * u, np.maximum(before // 3, 1))
        popular = rank - rank % 40
        return np.where(self._u("popular")[children] < 0.5, popular, rank)

    def _add_parents(self, pool: NDArray[np.intp]) -> None:
        plain = (self.level > 0) & (self.parent >= 0) & (self.odd == Odd.NONE) & (self.farm < 0)
        muddled = (self.relation == QUANTIZED) & (self._u("muddled") < 0.001)
        merges = np.flatnonzero(plain & ((self.relation == MERGE) | muddled))
        u = np.where(self.relation[merges] == MERGE, self._u("merge size")[merges], _MERGE_PARENTS[0])
        size = np.array([1, 2, 3, 4, 5])[np.minimum(choice(u, _MERGE_PARENTS), 4)]
        band = choice(u, _MERGE_PARENTS)
        v = self._u("merge more")[merges]
        size = np.where(band == 5, 6 + below(v * v, 13), np.where(band == 6, 19 + below(v, 82), size))
        size[np.searchsorted(merges, self.models) * 3 // 4 : len(merges)][:1] = 100
        child = np.repeat(merges, size - 1)
        before = np.searchsorted(pool, child)
        child, before = child[before > 0], before[before > 0]
        w = uniform(self.seed, "merge parent", len(child))
        parent = pool[before - 1 - below(w, np.maximum(before // 3, np.minimum(before, 400)))]
        keep = parent != self.parent[child]
        pair = np.unique(child[keep].astype(np.int64) * self.count + parent[keep])
        self.extra_child = (pair // self.count).astype(np.int32)
        self.extra_parent = (pair % self.count).astype(np.int32)

    def _free(self, start: int, count: int) -> list[int]:
        """Rows at `start` or later that no other model uses as a parent and that have none."""
        used = np.zeros(self.count + self.ghosts, dtype=np.bool_)
        first = self.parent[: self.models]
        used[first[first >= 0]] = True
        used[self.extra_parent[self.extra_child < self.models]] = True
        free = np.flatnonzero((self.level[start : self.models] == 0) & (self.root[start : self.models] < 0))
        return [int(start + row) for row in free if not used[start + row]][:count]

    def add_chain(self) -> None:
        """One chain of 138 edges, each model merged from the one before, as the longest seen on the Hub."""
        links = self._free(self.models * 55 // 100, _LONG_CHAIN)
        start = self.row_of.get("meta-llama/Llama-3.1-8B", int(self.rows[0]))
        self.parent[links] = [start, *links[:-1]]
        self.relation[links] = MERGE
        self.level[links] = 3
        self.odd[links] = Odd.NONE

    def add_cycles(self) -> None:
        """A dozen cycles: eight pairs and four threes."""
        rows = iter(self._free(self.models * 70 // 100, 8 * 2 + 4 * 3))
        for length in (2,) * 8 + (3,) * 4:
            ring = list(islice(rows, length))
            self.parent[ring] = ring[1:] + ring[:1]
            self.relation[ring] = FINETUNE
            self.level[ring] = 1
            self.odd[ring] = Odd.NONE

    def link_roots(self) -> None:
        """Official models that name another official model."""
        for root, row in zip(self.known, self.rows, strict=True):
            if root.base is not None and root.base in self.row_of:
                self.parent[row] = self.row_of[root.base]
                self.relation[row] = FINETUNE

    def finish(self) -> Shape:
        """The columns as they are now."""
        self.odd[(self.parent < 0) | (self.root >= 0)] = Odd.NONE
        return Shape(
            self.count,
            self.ghosts,
            self.created,
            self.root,
            self.parent,
            self.relation,
            self.odd,
            self._stems(),
            self.farm,
            self.extra_child,
            self.extra_parent,
        )

    def _stems(self) -> NDArray[np.int32]:
        """The name at the top of each model's first line: a root's place, or -1 - k for an invented base.

        A few models without parents carry an official one's name: re-uploads that do not say so.
        """
        top = np.arange(self.count)
        u = self._u("stem")
        own = np.where(self.root >= 0, self.root.astype(np.int64), -1 - below(u, 1 << 20))
        older = np.searchsorted(self.rows, top)
        copies = (self.root < 0) & (self.parent < 0) & (self._u("copy") < 0.002) & (older > 0)
        own[copies] = below(u[copies], older[copies])
        inside = (self.parent >= 0) & (self.parent < self.count) & (self.root < 0)
        up = np.where(inside & (self.parent < top), self.parent, top)
        while (moved := up[up] != up).any():
            up = np.where(moved, up[up], up)
        return own[up].astype(np.int32)


def _oddity(u: Floats) -> NDArray[np.int8]:
    odd = np.zeros(len(u), dtype=np.int8)
    edge = 0.0
    for kind, share in _ODD_SHARES:
        odd[(u >= edge) & (u < edge + share)] = kind
        edge += share
    return odd
