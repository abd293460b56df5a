"""A printed answer read back: its fields one by one, and what its receipt says of how it was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from lineage import snapshots
from lineage.domain import Attribution, Level, Number, Receipt
from lineage.errors import Fatal

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.settings import Settings

Value: TypeAlias = "Number | float | str | None"
Values: TypeAlias = "dict[str, Value]"
Raw: TypeAlias = "Mapping[str, object]"


@dataclass(frozen=True)
class Given:
    """What a receipt says of how it was counted."""

    atlas: Atlas
    told: Raw

    @property
    def level(self) -> Level:
        """Which edges were walked."""
        return Level(one_of(self.told, "evidence", Level))

    @property
    def attribution(self) -> Attribution:
        """What a family got of a divided derivative."""
        return Attribution(one_of(self.told, "attribution", Attribution))

    @property
    def threshold(self) -> int:
        """Where bulk began."""
        value = self.told.get("threshold")
        if isinstance(value, bool) or not isinstance(value, int):
            raise Fatal(f"The receipt's threshold is {value!r}, not a number. Take the answer as it was printed.")
        return value

    @property
    def as_of(self) -> date | None:
        """The day asked for; None where it is the snapshot's own moment."""
        said = datetime.fromisoformat(moment(self.told))
        said = said if said.tzinfo else said.replace(tzinfo=UTC)
        return None if said == self.atlas.snapshot.manifest.as_of else said.date()


@dataclass(frozen=True)
class Recipe:
    """How an answer is asked again, and which values of its document are compared."""

    again: Callable[[Atlas, Raw, Given], tuple[Receipt, Values]]
    said: Callable[[Raw], Values]


def found_here(settings: Settings, told: Raw) -> tuple[str | None, list[str]]:
    """The snapshot here with the rows that the receipt names, by id, else by digest; and what is wrong with it."""
    id, digest = text(told, "snapshot"), text(told, "snapshot_sha256")
    here = {manifest.id: manifest for manifest in snapshots.listed(settings)}
    same = [manifest.id for manifest in here.values() if manifest.sha256 == digest]
    if same:
        return (id if id in same else same[-1]), []
    if id in here:
        return id, [f"other snapshot: {id} here has the digest {here[id].sha256[:12]}, the receipt says {digest[:12]}"]
    return None, [f"other snapshot: {id} (sha {digest[:12]}) is not here; {len(here)} others are"]


def wrong(what: str) -> Fatal:
    """The refusal of a document that no question printed."""
    return Fatal(f"This is no answer that lineage printed with --json: {what}. Take the file as it was printed.")


def record(value: object, what: str) -> dict[str, object]:
    """An object."""
    if not isinstance(value, Mapping):
        raise wrong(f"{what} is no object")
    return {str(key): item for key, item in value.items()}


def entries(raw: Raw, name: str) -> list[object]:
    """A list."""
    value = raw.get(name)
    if not isinstance(value, list):
        raise wrong(f"{name!r} is no list")
    return value


def records(raw: Raw, name: str) -> list[dict[str, object]]:
    """The objects of a list."""
    return [record(item, f"an entry of {name!r}") for item in entries(raw, name)]


def text(raw: Raw, name: str) -> str:
    """A text that must be there."""
    value = raw.get(name)
    if not isinstance(value, str):
        raise wrong(f"{name!r} is no text")
    return value


def texts(raw: Raw, name: str) -> list[str]:
    """A list of texts."""
    return [str(item) for item in entries(raw, name)]


def one_of(raw: Raw, name: str, allowed: Iterable[str]) -> str:
    """A text that is one of a few words."""
    value = text(raw, name)
    if value not in set(allowed):
        raise wrong(f"{name} {value!r} is none of {', '.join(allowed)}")
    return value


def moment(raw: Raw) -> str:
    """`as_of` as it is written, once it reads as a time."""
    said = text(raw, "as_of")
    try:
        datetime.fromisoformat(said)
    except ValueError as error:
        raise wrong(f"as_of {said!r} is no time") from error
    return said


def day(raw: Raw, name: str) -> date | None:
    """A date, or None."""
    value = raw.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise wrong(f"{name} {value!r} is no date") from error


def numbers(raw: Raw, name: str) -> Iterable[tuple[str, Value]]:
    """Numbers by name."""
    return [(key, number(value)) for key, value in record(raw.get(name), f"{name!r}").items()]


def number(value: object) -> Value:
    """A number as the document writes it: whole, exact as p/q, or a float; other text stays, and then differs."""
    if isinstance(value, str):
        try:
            return Fraction(value) if "/" in value else value
        except (ValueError, ZeroDivisionError):
            return value
    return loose(value)


def loose(value: object) -> Value:
    """A plain value as it is; anything else by its text."""
    if value is None or (isinstance(value, (int, float, str)) and not isinstance(value, bool)):
        return value
    return repr(value)
