"""A family crawled: its members, upwards to their roots, then children of members, then of the best known others."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

import polars as pl

from ingest.crawl.frontier import Task
from ingest.resolve.names import not_an_id
from lineage.domain import Relation
from lineage.errors import NotFound
from lineage.registry import Registry

_RELATIONS = tuple(relation for relation in Relation if relation is not Relation.UNSPECIFIED)
_TYPED = rf"^(?:{'|'.join(_RELATIONS)}):"


@dataclass(frozen=True)
class Asked:
    """The scope of a family crawl: slugs of families, and ids of single models; both sorted."""

    families: tuple[str, ...]
    ids: tuple[str, ...]


class FamilyTree:
    """What to fetch next for families and models, and what is known of them so far.

    A source is a member or an asked model. `depth` is how many levels of children are asked for: 1 those of the
    sources alone, None all. `before` are ids known from the last crawl: members among them that are listed no more are
    asked for by name, since they may be called otherwise now. `named` are the names that a model had before, by its
    hub_id: whoever still writes one of them is a child too. `levels` holds sources (0) and descendants by their
    shortest distance; `aliases` maps old ids to new ones, as redirects showed.
    """

    def __init__(
        self,
        registry: Registry,
        asked: Asked,
        depth: int | None = None,
        before: Iterable[str] = (),
        named: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._registry = registry
        self._asked = asked
        self._depth = depth
        self._first = deque(_beginnings(registry, asked, filter(self._claimed, before)))
        self._upward: list[str] = []
        self._downward: list[tuple[bool, int, int, str]] = []
        self._open: Task | None = None
        self._rank: dict[str, tuple[int, int]] = {}
        self._parents: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        self._named = named
        self._former: dict[str, set[str]] = {}
        self._now: dict[str, str] = {}
        self._listed: set[str] = set()
        self.sources: set[str] = set()
        self.ancestors: set[str] = set()
        self.levels: dict[str, int] = {}
        self.missing: set[str] = set()
        self.aliases: dict[str, str] = {}

    def task(self) -> Task | None:
        """The listing or model to read next; None when nothing is left that may be asked."""
        if self._open is not None:
            return self._open
        return self._beginning() or self._up() or self._down()

    def learn(self, task: Task, page: pl.LazyFrame, *, last: bool, missing: bool) -> None:
        """Take in a page: its members, ancestors or children."""
        rows = page.select("hub_id", "id", "likes", "downloads", "base_tags", "card_base_model").collect()
        likes_and_downloads = rows.select("id", pl.col("likes", "downloads").fill_null(0))
        self._rank.update({id: (likes, downloads) for id, likes, downloads in likes_and_downloads.iter_rows()})
        for hub, id in rows.select("hub_id", "id").iter_rows():
            self._was(id, self._named.get(hub, ()))
        self._open = None if last else task
        if missing or (task.kind == "model" and rows.is_empty()):
            self._not_shown(task.name)
        elif task.kind == "children":
            self._found_below(task.name, rows["id"].to_list())
        else:
            self._parents.update(_parents(rows))
            self._found(task, rows["id"].to_list())
        if last and task.kind == "children":
            self._listed.add(task.name)
        if last and self._first and self._first[0] == task:
            self._first.popleft()

    def waiting(self) -> int:
        """How many tasks are known to lie ahead."""
        return len(self._first) + len(self._upward) + len(self.unexpanded())

    def kept(self) -> list[str]:
        """The ids that belong to the scope: sources, their ancestors and descendants."""
        return sorted(self.levels.keys() | self.ancestors)

    @property
    def expanded(self) -> set[str]:
        """Sources and descendants whose children were listed to the end, by each of their names."""
        lacking = {id for id in self._former if not self._names(id) <= self._listed}
        return (self.levels.keys() & self._listed) - lacking

    def unexpanded(self) -> set[str]:
        """Sources and descendants whose children were not all listed, for want of depth or of requests."""
        return self.levels.keys() - self.expanded

    @property
    def whole(self) -> bool:
        """Whether nothing at all is left to ask."""
        return self.task() is None and not self.unexpanded()

    @property
    def direct_exact(self) -> bool:
        """Whether every source is known and had its children listed to the end."""
        return not self._first and self.sources <= self.expanded

    def _beginning(self) -> Task | None:
        while self._first:
            task = self._first[0]
            if task.kind != "model" or task.name not in self._rank:
                return task
            self._source(task.name)
            self._first.popleft()
        return None

    def _up(self) -> Task | None:
        while self._upward:
            id = self._upward[0]
            if id not in self._rank and id not in self.missing and id not in self.aliases:
                return Task("model", id)
            heapq.heappop(self._upward)
            if id in self._rank:
                self._ancestor(id)
        return None

    def _down(self) -> Task | None:
        while self._downward:
            name = self._downward[0][3]
            taken = name in self._rank and name not in self.levels
            if name not in self._listed and not taken:
                return Task("children", name)
            heapq.heappop(self._downward)
        return None

    def _found(self, task: Task, ids: list[str]) -> None:
        """Rows of a namespace, of which the members are wanted, or the one row of a model, perhaps by a newer name."""
        if task.kind == "author":
            for id in filter(self._claimed, ids):
                self._source(id)
            return
        for id in ids[:1]:
            if id != task.name:
                self.aliases[task.name] = id
                self._was(id, [task.name])
            if (self._first and self._first[0] == task) or self._claimed(task.name):
                self._source(id)
            else:
                self._ancestor(id)

    def _claimed(self, id: str) -> bool:
        family = self._registry.claim(id)
        return family is not None and family.slug in self._asked.families

    def _source(self, id: str) -> None:
        self.sources.add(id)
        self._reach(id, 0)
        self._climb(id)

    def _ancestor(self, id: str) -> None:
        if id not in self.ancestors:
            self.ancestors.add(id)
            self._climb(id)

    def _climb(self, id: str) -> None:
        for parent in self._parents.get(id, ()):
            name = self._registry.canonical(parent)
            if name != id and name not in self.ancestors and name not in self.missing:
                heapq.heappush(self._upward, name)

    def _found_below(self, name: str, ids: list[str]) -> None:
        parent = name if name in self.levels else self._now[name]
        children = [id for id in ids if id != parent]
        self._children.setdefault(parent, []).extend(children)
        for child in children:
            self._reach(child, self.levels[parent] + 1)

    def _reach(self, id: str, level: int) -> None:
        """Note a shorter way down to a model, and to those known below it."""
        ahead = deque([(id, level)])
        while ahead:
            id, level = ahead.popleft()
            if self.levels.get(id, level + 1) <= level:
                continue
            self.levels[id] = level
            self._ask_below(id)
            ahead.extend((child, level + 1) for child in self._children.get(id, ()))

    def _was(self, id: str, names: Iterable[str]) -> None:
        """Note former names of a model that no listed one has."""
        for name in names:
            if name not in self._rank and self._now.get(name) != id:
                self._now[name] = id
                self._former.setdefault(id, set()).add(name)
                self._ask_below(id)

    def _names(self, id: str) -> set[str]:
        return {id, *(name for name in self._former.get(id, ()) if name not in self._rank)}

    def _ask_below(self, id: str) -> None:
        """Have children of a model in the scope asked for by all its names, as far as depth allows."""
        level = self.levels.get(id)
        if level is None or (self._depth is not None and level >= self._depth):
            return
        likes, downloads = self._rank[id]
        for name in self._names(id) - self._listed:
            heapq.heappush(self._downward, (level > 0, -likes, -downloads, name))

    def _not_shown(self, id: str) -> None:
        if id in self._asked.ids:
            slugs = [family.slug for family in self._registry.families]
            raise NotFound(
                f"The Hub shows no model {id!r} (deleted, private, misspelt), and no family is called so.",
                get_close_matches(id.lower(), slugs, 3, 0.5),
            )
        self.missing.add(id)


def _beginnings(registry: Registry, asked: Asked, before: Iterable[str]) -> Iterable[Task]:
    """The asked models, every namespace of the asked families, members pinned by id, and those known `before`."""
    yield from (Task("model", id) for id in asked.ids)
    families = [family for slug in asked.families if (family := registry.family(slug))]
    spaces = {space for family in families for space in family.namespaces} - registry.renamed_namespaces.keys()
    yield from (Task("author", space) for space in sorted(spaces))
    known = {pin for family in families for pin in family.pins_in}.union(before)
    yield from (Task("model", id) for id in sorted(known - set(asked.ids)))


def _parents(rows: pl.DataFrame) -> dict[str, list[str]]:
    """Every repository that a row's tags or card name as its base, by the row's id."""
    tags = rows.select("id", parent=pl.col("base_tags")).explode("parent")
    tags = tags.with_columns(pl.col("parent").str.replace(_TYPED, ""))
    card = rows.select("id", parent=pl.col("card_base_model")).explode("parent")
    pairs = pl.concat([tags, card]).drop_nulls().with_columns(pl.col("parent").str.strip_chars())
    pairs = pairs.filter(not_an_id(pl.col("parent")).is_null() & (pl.col("parent") != pl.col("id"))).unique()
    return {id: sorted(parents) for id, parents in pairs.group_by("id").agg("parent").iter_rows()}
