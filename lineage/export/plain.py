"""Numbers, dates and names as a terminal may show them: nothing from the Hub reaches it as a control sequence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from lineage.domain import Number, Receipt

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_COLOURS = {"finetune": "34", "merge": "35", "adapter": "33", "quantized": "32", "unspecified": "2"}

LETTERS = {"finetune": "F", "merge": "M", "adapter": "A", "quantized": "Q", "unspecified": "?"}
"""One letter a relation, so that no drawing rests on colour alone."""

EXACT = frozenset({"direct"})
"""Counters that an unfinished crawl still counts whole, once every member's children were read."""


@dataclass(frozen=True)
class Look:
    """The terminal: how many columns it has and whether it may be coloured."""

    width: int = 100
    colour: bool = False

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour and text else text

    def dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colour and text else text

    def warn(self, text: str) -> str:
        return f"\x1b[1;30;43m{text}\x1b[0m" if self.colour else text

    def relation(self, text: str, relation: str) -> str:
        """`text` in the relation's colour."""
        code = _COLOURS.get(relation)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text


def printable(text: str) -> str:
    """The text with every control, escape, bidi and invisible character spelt out as `\\xNN` or `\\uNNNN`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelt(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def _spelt(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """How many terminal columns printable text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clip(text: str, width: int) -> str:
    """The text cut to `width` columns, with an ellipsis where something went."""
    if cells(text) <= width:
        return text
    taken, used = [], 0
    for char in text:
        used += _cells(char)
        if used > max(width - 1, 0):
            break
        taken.append(char)
    return "".join(taken) + ("…" if width > 0 else "")


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled with blanks to `width` columns, on its left side where `right`."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks


def number(value: Number | None) -> str:
    """Thousands separated; two decimals where attribution divides; `n/a` where a counter does not apply."""
    if value is None:
        return "n/a"
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{float(value):,.2f}"
    return f"{int(value):,}"


def counted(value: Number | None, counter: str, receipt: Receipt) -> str:
    """A counter's value with `≥` where the crawl did not see all, `~` where attribution may move either way."""
    text = number(value)
    if value is None or receipt.complete or (counter in EXACT and receipt.direct_exact):
        return text
    return f"≥ {text}" if receipt.attribution == "any" else f"~ {text}"


def day(moment: date | datetime | None) -> str:
    """The date alone, in UTC; an en dash where there is none."""
    return "–" if moment is None else moment.strftime("%Y-%m-%d")


def size(number_of_bytes: int) -> str:
    """Bytes in the unit a person would use."""
    value = float(number_of_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def mix(counts: Iterable[tuple[str, int]]) -> str:
    """`120 quantized, 30 finetune`: the larger first, zeros left out."""
    kept = sorted(((name, count) for name, count in counts if count), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count:,} {printable(name)}" for name, count in kept)


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 publisher`, `41 publishers`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
