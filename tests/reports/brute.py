"""A slow count that shares nothing with `lineage` but the registry's TOML: dictionaries, sets and recursion.

Written from docs/definitions.md alone. It reads the recorded rows as they stand in their Parquet file and works out,
for each model, which families it derives from and which of them it meets first.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

REGISTRY = Path(__file__).parents[2] / "lineage" / "registry"
TYPED = ("finetune", "adapter", "quantized", "merge")
ID = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?(?<!\.)")
NOTHING = {"none", "null", "nan", "n/a", "na", "todo-add-base-model-repo-link"}


Line = tuple[str, str, tuple[str, ...], int, str]


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((REGISTRY / name).read_text("utf-8"))


class World:
    """Rows in, answers out: `parents`, `members` (id to family), `reached` (id to families) and `first`."""

    def __init__(self, file: Path) -> None:
        table = pq.read_table(file, columns=["id", "tags", "card_base_model", "created_at"])
        self.rows = {row["id"]: row for row in table.to_pylist()}
        self.lower: dict[str, list[str]] = defaultdict(list)
        for id in self.rows:
            self.lower[id.lower()].append(id)
        self.alias = {old: entry["to"] for old, entry in toml("aliases.toml")["aliases"].items()}
        self.moved = {old: entry["to"] for old, entry in toml("aliases.toml")["renamed_namespaces"].items()}
        self.learnt: dict[str, str] = {}
        self.learnt = self.learn()
        self.parents = {id: self.parents_of(id) for id in self.rows}
        for edge in toml("edges.toml")["curated"]:
            child, parent = self.named(edge["child"]), self.named(edge["parent"])
            if child in self.rows and parent not in self.parents[child]:
                self.parents[child].append(parent)
        for parent in {p for above in self.parents.values() for p in above} - self.parents.keys():
            self.parents[parent] = []
        self.above = {id: self.ancestors(id) for id in self.parents}
        self.families = toml("families.toml")["families"]
        self.claims = {id: slug for id in self.parents if (slug := self.claimed(id))}
        self.members: dict[str, str] = {}
        self.settle()
        self.reached = {
            id: {self.members[a] for a in self.above[id] if a in self.members} - {self.members.get(id)}
            for id in self.rows
        }
        self.first = {id: self.met(id, self.reached[id], {id}) for id in self.rows}

    def newest(self, name: str) -> str:
        while True:
            space, slash, rest = name.partition("/")
            new = self.alias.get(name) or (f"{self.moved[space]}/{rest}" if slash and space in self.moved else name)
            if new == name:
                return name
            name = new

    def named(self, name: str) -> str:
        """Exact id; alias, told or learnt; case aside where that is one; else the name itself, a stub."""
        if name in self.rows:
            return name
        new = self.newest(name)
        new = self.learnt.get(new, new)
        if new in self.rows:
            return new
        alike = self.lower[new.lower()]
        return alike[0] if len(alike) == 1 else new

    def tagged(self, id: str) -> tuple[list[str], set[str]]:
        """Names of a row's base_model tags in order, and those of them that have both tags."""
        values = [tag.removeprefix("base_model:") for tag in self.rows[id]["tags"] if tag.startswith("base_model:")]
        typed = {v.partition(":")[2] for v in values if v.partition(":")[0] in TYPED}
        names = [v.partition(":")[2] if v.partition(":")[0] in TYPED else v for v in values]
        return list(dict.fromkeys(names)), typed & set(values)

    def carded(self, id: str) -> list[str]:
        """The card's values; the model's own name without its owner is the model itself."""
        written = self.rows[id]["card_base_model"]
        values = [v.strip() for v in written.split(", ")] if written else []
        return list(dict.fromkeys(id if v == id.partition("/")[2] else v for v in values))

    def paired(self, id: str) -> tuple[list[str], list[str], list[str]]:
        """Parents by tag, then what is left over of the tags and of the card once they are paired."""
        tags, _ = self.tagged(id)
        card = [v for v in self.carded(id) if ID.fullmatch(v) and v.lower() not in NOTHING]
        tags = [v for v in tags if ID.fullmatch(v)]
        by_tag = [self.named(v) for v in tags]
        left = [v for v in card if self.named(v) not in by_tag]
        said = {self.named(v) for v in card}
        return by_tag, [v for v in tags if self.named(v) not in said], left

    def learn(self) -> dict[str, str]:
        """An old name on cards beside one tag that no card value explains, by two publishers, none dissenting."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        voters: dict[tuple[str, str], set[str]] = defaultdict(set)
        for id in self.rows:
            _, tags, card = self.paired(id)
            both = self.tagged(id)[1]
            twins = [v for v in tags if v in both]
            if len(card) == 1 and len(twins) == 1 and self.newest(card[0]) not in self.rows:
                old, new = self.newest(card[0]), self.named(twins[0])
                votes[old][new] += 1
                voters[old, new].add(id.partition("/")[0])
        return {
            old: next(iter(new))
            for old, new in votes.items()
            if len(new) == 1 and len(voters[old, next(iter(new))]) >= 2
        }

    def parents_of(self, id: str) -> list[str]:
        """In the card's order, else the tags'; a card's own values are parents only where no tag is left over."""
        by_tag, tags_left, card_left = self.paired(id)
        found = [*by_tag, *([] if tags_left else [self.named(v) for v in card_left])]
        order = [self.named(v) for v in self.carded(id)]
        placed = sorted(dict.fromkeys(found), key=lambda p: order.index(p) if p in order else len(order))
        return [p for p in placed if p != id]

    def ancestors(self, id: str) -> set[str]:
        seen, todo = {id}, [id]
        while todo:
            for parent in self.parents[todo.pop()]:
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        return seen - {id}

    def claimed(self, id: str) -> str | None:
        name = self.newest(id).lower()
        for slug, family in self.families.items():
            if name in {self.newest(pin).lower() for pin in family.get("pins_in", ())}:
                return slug
        for slug, family in self.families.items():
            if name in {self.newest(pin).lower() for pin in family.get("pins_out", ())}:
                continue
            if self.fits(name, family["include"]) and not self.fits(name, family.get("exclude", ())):
                return slug
        return None

    def fits(self, name: str, patterns: list[str]) -> bool:
        space, _, rest = name.partition("/")
        for pattern in patterns:
            owner, _, glob = pattern.partition("/")
            owner = self.newest(f"{owner}/x").partition("/")[0]
            if owner.lower() == space and fnmatch.fnmatchcase(rest, glob.lower()):
                return True
        return False

    def settle(self) -> None:
        """Members, from the models without claimed ancestors downwards."""
        pinned = {self.newest(pin) for family in self.families.values() for pin in family.get("pins_in", ())}
        age = {id: (self.rows[id]["created_at"] if id in self.rows else None) or "9999" for id in self.claims}
        for id in sorted(self.claims, key=lambda id: len({a for a in self.above[id] if id not in self.above[a]})):
            circle = {id} | {a for a in self.above[id] if id in self.above[a]}
            mine = self.claims[min((v for v in circle if v in self.claims), key=lambda v: (age[v], v))]
            foreign = {self.members[a] for a in self.above[id] - circle if a in self.members} - {mine}
            if id in pinned or (self.claims[id] == mine and not foreign):
                self.members[id] = self.claims[id]

    def met(self, id: str, wanted: set[str | None], seen: set[str]) -> str | None:
        """Depth-first over parents by position: the first family of those wanted."""
        for parent in self.parents[id]:
            if parent in seen:
                continue
            seen.add(parent)
            own = self.members.get(parent)
            found = own if own in wanted else self.met(parent, wanted, seen)
            if found:
                return found
        return None

    def line(self, id: str) -> Line:
        """A model as `golden.csv` has it."""
        reached = sorted(str(slug) for slug in self.reached[id])
        return id, self.members.get(id, ""), tuple(reached), len(reached), self.first[id] or ""
