"""Listing rows as the Hub writes them, decoded straight into typed structs: the fast way, which refuses any other type.

A row that a struct does not take is read again, value by value, by `oddrows`. Of a key written twice the last counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from ingest.parse.oddrows import LONGEST_ID, SPELLINGS, Json

Whole: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None
Number: TypeAlias = Annotated[float, Meta(gt=-1e300, lt=1e300)] | None
Text: TypeAlias = str | None
Flag: TypeAlias = bool | None

_NUL = b"\\u0000"
_BROKEN = "\ufffd"


class Card(Struct, gc=False):
    """What is kept of a model card's front matter; people write lists and numbers for parents and licences."""

    base_model: Any = None
    base_model_relation: Text = None
    license: Any = None
    license_name: Text = None
    license_link: Text = None
    new_version: Text = None


class Weights(Struct, gc=False):
    """What safetensors files say of themselves."""

    total: Whole = None


class Parent(Struct, gc=False):
    """One parent by the Hub's own reckoning."""

    id: Text = None


class Parents(Struct, gc=False):
    """The parents by the Hub's own reckoning, as dumps have them."""

    models: list[Parent] | None = None
    relation: Text = None


class Row(Struct, gc=False, rename={"hub_id": "_id"}):
    """One listing row, in the Hub's names; those of `SPELLINGS` too. In the order asked for: keys are found soonest."""

    hub_id: Text = None
    id: Text = None
    author: Text = None
    createdAt: Text = None
    lastModified: Text = None
    downloads: Whole = None
    downloadsAllTime: Whole = None
    likes: Whole = None
    tags: list[str] | None = None
    library_name: Text = None
    pipeline_tag: Text = None
    gated: bool | str | None = None
    disabled: Flag = None
    private: Flag = None
    safetensors: Weights | None = None
    trendingScore: Number = None
    cardData: Card | None = None
    baseModels: Parents | None = None
    modelId: Text = None
    created_at: Text = None
    last_modified: Text = None
    downloads_all_time: Whole = None
    trending_score: Number = None
    libraryName: Text = None
    pipelineTag: Text = None
    card_data: Card | None = None
    base_models: Parents | None = None


_row = msgspec.json.Decoder(Row)
_page = msgspec.json.Decoder(list[Row])
_raw_page = msgspec.json.Decoder(list[msgspec.Raw])
_card = msgspec.json.Decoder(Card | None)
_cards = msgspec.json.Decoder(list[Card | None])
_NO_CARD = Card()
_REFUSALS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Read(NamedTuple):
    """Rows that were taken with their places in the input; of the others the places and the text, or the value."""

    rows: Sequence[Row]
    places: Sequence[int]
    odd: Sequence[tuple[int, bytes | Json]]


def page(body: bytes) -> Read | None:
    """The rows of a JSON array; None where it is none, or holds what only a lenient reader takes."""
    if not _decodes(body):
        return None
    rows = _together(body)
    if rows is not None:
        return Read(rows, range(len(rows)), [])
    try:
        return _one_by_one([bytes(raw) for raw in _raw_page.decode(body)])
    except _REFUSALS:
        return None


def each(lines: Sequence[bytes]) -> Read:
    """The rows of JSON Lines, none of them blank."""
    rows = _together(b"[" + b",".join(lines) + b"]") if _decodes(b"".join(lines)) else None
    if rows is not None and len(rows) == len(lines):
        return Read(rows, range(len(rows)), [])
    return _one_by_one(lines)


def cards(texts: Sequence[str | None]) -> Sequence[Card | None]:
    """The front matter of JSON texts, an empty one for null or no text. None where only a lenient reader takes it."""
    array = f"[{','.join([text or 'null' for text in texts])}]"
    try:
        read = _cards.decode(array) if _NUL.decode() not in array else []
    except _REFUSALS:
        read = []
    if len(read) == len(texts):
        return [one or _NO_CARD for one in read]
    return [_card_alone(text or "null") for text in texts]


def _card_alone(text: str) -> Card | None:
    try:
        return _card.decode(text) or _NO_CARD if _NUL.decode() not in text else None
    except _REFUSALS:
        return None


def _together(array: bytes) -> list[Row] | None:
    """All rows of an array, or None where one of them is odd."""
    if b"\\" in array and _NUL in array:
        return None
    try:
        rows = _page.decode(array)
    except _REFUSALS:
        return None
    return rows if _fit(rows) else None


def _one_by_one(texts: Sequence[bytes]) -> Read:
    rows, places, odd = [], [], []
    for place, text in enumerate(texts):
        row = _taken(text)
        if row is None:
            odd.append((place, text))
        else:
            rows.append(row)
            places.append(place)
    return Read(rows, places, odd)


def _taken(text: bytes) -> Row | None:
    if _NUL in text or not _decodes(text):
        return None
    try:
        row = _row.decode(text)
    except _REFUSALS:
        return None
    return row if _fit([row]) else None


def _decodes(raw: bytes) -> bool:
    """Whether all of it is UTF-8: the decoder does not look into what it skips."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fit(rows: Sequence[Row]) -> bool:
    """Whether each row has an id that names a model, once the other spellings of rows without `createdAt` are read."""
    for row in rows:
        if row.createdAt is None:
            _respell(row)
        if row.id is None:
            row.id = row.modelId
    ids = [row.id for row in rows if row.id is not None]
    text = "".join(ids)
    return (
        len(ids) == len(rows)
        and text.isprintable()
        and _BROKEN not in text
        and all(map(str.strip, ids))
        and max(map(len, ids), default=0) <= LONGEST_ID
    )


def _respell(row: Row) -> None:
    for usual, other in SPELLINGS:
        if getattr(row, usual) is None:
            setattr(row, usual, getattr(row, other))
