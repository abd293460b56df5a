"""TOML text to checked tables: what each file holds, laid over one another, and read field by field.

A mistake is a `Fatal` that names the file, the entry and what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from lineage.errors import Fatal

Raw = Mapping[str, object]

KEYED: tuple[str, ...] = (
    "sources",
    "organizations",
    "families",
    "renamed_namespaces",
    "aliases",
    "released",
    "licenses",
    "claims",
    "markers",
    "arena",
)
"""Tables whose entries have a key of their own."""

PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"curated": ("child", "parent"), "teachers": ("student", "teacher")}
)
"""Arrays of tables whose entries are told apart by two ids."""

USER_SOURCE = "user-file"
"""The source that entries of a user's file get where they name none."""


def mistake(file: str, entry: str, what: str) -> Fatal:
    """The error for one wrong entry."""
    return Fatal(f"Registry file {file}, entry {entry}: {what}.")


def known(what: str, name: str, names: Mapping[str, object] | tuple[str, ...]) -> str:
    """A clause saying that `name` is no known `what`, with the nearest known one where there is any."""
    import difflib

    near = difflib.get_close_matches(name, list(names), 1)
    return f"unknown {what} {name!r}" + (f", did you mean {near[0]!r}?" if near else "")


@dataclass(frozen=True)
class Entry:
    """One entry as its file gives it, read field by field."""

    file: str
    label: str
    key: str
    raw: Raw
    user: bool = False

    def wrong(self, what: str) -> Fatal:
        """The error for a mistake in this entry."""
        return mistake(self.file, self.label, what)

    def allow(self, *fields: str) -> None:
        """Refuse fields that no reader knows."""
        for name in self.raw:
            if name not in fields:
                raise self.wrong(known("field", name, fields))

    def text(self, name: str) -> str:
        """Text that must be there."""
        value = self.optional(name)
        if value is None:
            raise self.wrong(f"lacks {name!r}")
        return value

    def optional(self, name: str) -> str | None:
        """Text, or None where the field is absent."""
        value = self.raw.get(name)
        if value is None or (isinstance(value, str) and value.strip() == value and value):
            return value
        raise self.wrong(f"{name!r} must be text without blanks around it, not {value!r}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts without repeats; empty where the field is absent."""
        value = self.raw.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(f"{name!r} must be a list of texts, not {value!r}")
        if len(set(value)) < len(value):
            raise self.wrong(f"{name!r} names one thing twice")
        return tuple(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.raw.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{name!r} must be true or false, not {value!r}")
        return value

    def number(self, name: str) -> float:
        """A number of 0 or more."""
        value = self.raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise self.wrong(f"{name!r} must be a number of 0 or more, not {value!r}")
        return value

    def day(self, name: str) -> date | None:
        """A date, or None where the field is absent."""
        value = self.raw.get(name)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        raise self.wrong(f"{name!r} must be a date such as 2025-01-20, not {value!r}")

    def some_day(self, name: str) -> date:
        """A date that must be there."""
        value = self.day(name)
        if value is None:
            raise self.wrong(f"lacks {name!r}")
        return value

    def parts(self, name: str) -> tuple[Entry, ...]:
        """The tables of a list, each as an entry of its own."""
        value = self.raw.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.wrong(f"{name!r} must be a list of tables")
        return tuple(Entry(self.file, f"{self.label}, {name} {i + 1}", "", v) for i, v in enumerate(value))

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """Text that is one of a few words."""
        value = self.text(name)
        if value not in allowed:
            raise self.wrong(f"{name!r} is {value!r}, not one of {', '.join(allowed)}")
        return value


class Layers:
    """Entries of several files, later files laid over earlier ones field by field."""

    def __init__(self) -> None:
        self.version = ""
        self._tables: dict[str, dict[str, Entry]] = {kind: {} for kind in (*KEYED, *PAIRS)}

    def lay(self, file: str, text: str, *, user: bool = False) -> None:
        """Add one file; raises Fatal where it is no TOML, has unknown tables, or says one thing twice."""
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise mistake(file, "(the file)", f"not TOML: {error}") from error
        for kind, table in raw.items():
            if kind == "version" and not user:
                self.version = str(table)
            elif kind in PAIRS:
                self._lay_pairs(file, kind, table, user)
            elif kind in KEYED:
                self._lay_keyed(file, kind, table, user)
            else:
                raise mistake(file, kind, known("table", kind, (*KEYED, *PAIRS)))

    def _lay_keyed(self, file: str, kind: str, table: object, user: bool) -> None:
        if not isinstance(table, dict):
            raise mistake(file, kind, "must be a table of entries")
        for key, raw in table.items():
            if not isinstance(raw, dict):
                raise mistake(file, f"{kind}.{key}", "must be a table of fields")
            self._put(kind, Entry(file, f"{kind}.{key}", key, raw, user))

    def _lay_pairs(self, file: str, kind: str, table: object, user: bool) -> None:
        if not isinstance(table, list) or not all(isinstance(raw, dict) for raw in table):
            raise mistake(file, kind, "must be an array of tables")
        seen: set[str] = set()
        for place, raw in enumerate(table, 1):
            bare = Entry(file, f"{kind} {place}", "", raw, user)
            key = " -> ".join(bare.text(name) for name in PAIRS[kind])
            if key in seen:
                raise mistake(file, f"{kind} {place}", f"says {key} a second time")
            seen.add(key)
            self._put(kind, Entry(file, f"{kind} {place}", key, raw, user))

    def _put(self, kind: str, entry: Entry) -> None:
        below = self._tables[kind].get(entry.key)
        raw = {**below.raw, **entry.raw} if below else dict(entry.raw)
        if entry.user and kind != "sources" and "source" not in entry.raw:
            raw["source"] = [USER_SOURCE]
        self._tables[kind][entry.key] = Entry(entry.file, entry.label, entry.key, raw, entry.user)

    def of(self, kind: str) -> tuple[Entry, ...]:
        """The entries of one table, in the order of the files."""
        return tuple(self._tables[kind].values())

    def digest(self) -> str:
        """SHA-256 over everything said, in one canonical form: the order of families enters, layout does not."""
        said = {kind: {e.key: _plain(e.raw) for e in self.of(kind)} for kind in self._tables}
        order = [e.key for e in self.of("families")]
        text = json.dumps([self.version, order, said], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """A value as JSON can hold it; a family's series keep their order as a list of pairs."""
    if isinstance(value, Mapping):
        return {k: list(_plain_pairs(v)) if k == "series" else _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def _plain_pairs(value: object) -> list[object]:
    return [[k, _plain(v)] for k, v in value.items()] if isinstance(value, Mapping) else [_plain(value)]
