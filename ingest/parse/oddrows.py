"""One listing row read value by value: for the few rows that hold other types than the Hub writes.

Where a key is written twice the first one counts. A number or a truth value where text belongs is its text; an optional
field of any other odd type is null.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

import orjson

from lineage.errors import BadRecord

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Cell: TypeAlias = "bool | int | float | str | datetime | list[str] | None"

SPELLINGS: tuple[tuple[str, str], ...] = (
    ("createdAt", "created_at"),
    ("lastModified", "last_modified"),
    ("downloadsAllTime", "downloads_all_time"),
    ("trendingScore", "trending_score"),
    ("library_name", "libraryName"),
    ("pipeline_tag", "pipelineTag"),
    ("cardData", "card_data"),
    ("baseModels", "base_models"),
)
"""The Hub's key and another spelling of it, read in rows without `createdAt` where the first is null."""

UNFIT = "\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd"
"""Characters that no id may hold, for a character class: controls, line separators, and what stands for broken text."""

NO_TAG = r"[\[\]{}\",;\s]"
"""What a text holds that is no single tag but several, in whatever form."""

LONGEST_ID = 512
RAW = 4096
LARGEST = 1e300
"""Numbers from there on are no numbers of anything."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_NO_TAG = re.compile(NO_TAG)
_UNFIT = re.compile(f"[{UNFIT}]")
_INT64 = 2**63


def loads(text: str) -> Json:
    """The JSON value of a text; NaN and infinities are null. Raises ValueError where it is no JSON."""
    try:
        value: Json = json.loads(text, parse_constant=lambda _: None, parse_int=_integer, object_pairs_hook=_first)
    except RecursionError:
        value = orjson.loads(text.encode("utf-8", "replace"))
    return value


def cells(value: Json) -> dict[str, Cell]:
    """The LISTING cells of one row; raises BadRecord where the row has no usable id, or tags that are no list."""
    if not isinstance(value, dict):
        raise BadRecord("not-an-object")
    if value.get("createdAt") is None:
        value |= {usual: value.get(other) for usual, other in SPELLINGS if value.get(usual) is None}
    name = value.get("id")
    tags = _tags(value.get("tags"))
    return {
        "hub_id": _text(value.get("_id")),
        "id": _id(value.get("modelId") if name is None else name),
        "author": _text(value.get("author")),
        "created_at": moment(_text(value.get("createdAt"))),
        "last_modified": moment(_text(value.get("lastModified"))),
        "downloads": _whole(value.get("downloads")),
        "downloads_all_time": _whole(value.get("downloadsAllTime")),
        "likes": _whole(value.get("likes")),
        "trending_score": _number(value.get("trendingScore")),
        "pipeline_tag": _text(value.get("pipeline_tag")),
        "library": _text(value.get("library_name")),
        "gated": _gated(value.get("gated")),
        "private": _flag(value.get("private")),
        "disabled": _flag(value.get("disabled")),
        "parameters": _whole(_inside(value.get("safetensors"), "total")),
        "license": next((tag[8:] for tag in tags if tag.startswith("license:")), None),
        "base_tags": [tag[11:] for tag in tags if tag.startswith("base_model:")],
        **card_cells(value.get("cardData")),
        **_dump_cells(value.get("baseModels")),
    }


def card_cells(card: Json) -> dict[str, Cell]:
    """The `card_*` cells of front matter, given as an object or as its JSON text; anything else says nothing."""
    if isinstance(card, str):
        try:
            card = loads(card)
        except ValueError:
            card = None
    return {
        "card_base_model": parents(_inside(card, "base_model")),
        "card_relation": _text(_inside(card, "base_model_relation")),
        "card_license": licence(_inside(card, "license")),
        "card_license_name": _text(_inside(card, "license_name")),
        "card_license_link": _text(_inside(card, "license_link")),
        "card_new_version": _text(_inside(card, "new_version")),
    }


def parents(value: Json) -> list[str] | None:
    """A card's base models as a list, what is no text as its JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return [clean(value)]
    values = value if isinstance(value, list) else [value]
    return [written(one) for one in values if one is not None]


def licence(value: Json) -> str | None:
    """A card's licence, a list of one as that one, several as their JSON."""
    if isinstance(value, list) and len(value) == 1 and value[0] is not None:
        value = value[0]
    return None if value is None else written(value)


def written(value: Json) -> str:
    """A JSON value as text; a text is itself."""
    return json_text(value) if isinstance(value, list | dict) or value is None else _scalar(value)


def json_text(value: Json) -> str:
    """The JSON of a value."""
    return clean(json.dumps(value, ensure_ascii=False))


def clean(text: str) -> str:
    """The text with half surrogate pairs and NUL replaced by U+FFFD, so that every store takes it."""
    whole = text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\ufffd")


def _integer(digits: str) -> Json:
    return int(digits) if len(digits) <= 1000 else digits


def _inside(value: Json, key: str) -> Json:
    return value.get(key) if isinstance(value, dict) else None


def _first(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    return dict(reversed(pairs))


def _text(value: Json) -> str | None:
    return None if value is None or isinstance(value, list | dict) else _scalar(value)


def _scalar(value: bool | int | float | str) -> str:
    """A text as it is, another value as JSON has it, without exponent or needless zeros."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float) or not isfinite(value):
        return clean(str(value))
    digits = format(Decimal(repr(value)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _id(value: Json) -> str:
    if value is None:
        raise BadRecord("no-id")
    if not isinstance(value, str):
        raise BadRecord("bad-id-type")
    name = clean(value)
    if not name.strip():
        raise BadRecord("no-id")
    if len(name) > LONGEST_ID or _UNFIT.search(name):
        raise BadRecord("bad-id")
    return name


def _tags(value: Json) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        tag = _text(value)
        if tag is None or _NO_TAG.search(tag):
            raise BadRecord("bad-tags")
        return [tag]
    return [clean(tag) for tag in value if isinstance(tag, str)]


def _whole(value: Json) -> int | None:
    if isinstance(value, str):
        value = int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_INT64 <= value < _INT64:
        return None
    return int(value) if value == int(value) else None


def _number(value: Json) -> float | None:
    if isinstance(value, str):
        value = float(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < LARGEST else None


def _flag(value: Json) -> bool | None:
    return {"true": True, "false": False}.get(_text(value) or "")


def _gated(value: Json) -> str | None:
    text = _text(value)
    return text if text in ("false", "true", "auto", "manual") else None


def moment(value: Json) -> datetime | None:
    """A time written in ISO 8601, in UTC and cut to milliseconds; without a zone it is UTC. None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _dump_cells(value: Json) -> dict[str, Cell]:
    models = _inside(value, "models")
    names = [_text(_inside(model, "id")) for model in models] if isinstance(models, list) else None
    return {
        "dump_parents": None if names is None else [name for name in names if name is not None],
        "dump_relation": _text(_inside(value, "relation")),
    }
