"""Listing rows read a column at a time: the fast way, which says of each row whether its answer can be trusted.

Polars reads a number, a flag or a nested value as its text where the schema says String. So every scalar is read as
text and typed here; a row where that text leaves its type in doubt is marked odd and read again by `oddrows`.
The raw text must hold no text that reads like a list of texts (`"[\\"…`), no escaped ASCII and no half surrogates:
`doubtful` finds those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import TypeAlias

import polars as pl
from polars.exceptions import PolarsError

from ingest.parse.oddrows import LONGEST_ID, SPELLINGS, UNFIT
from lineage.schema import LISTING, TIME

Schema: TypeAlias = Mapping[str, pl.DataType | type[pl.DataType]]

ODD = "odd"

_BEGINNINGS = (b"{", b" ", b"\t", b"\r", b"\n")
_DOUBTFUL = r'\\u(00[0-7]|[dD][89a-fA-F])|"\[\\"'
_ESCAPED = re.compile(rb'\\(?:u(?:00[0-7]|[dD][89a-fA-F])|(?<="\[\\)")')
_TEXT: pl.DataType = pl.String()
_CARD = ("base_model", "base_model_relation", "license", "license_name", "license_link", "new_version")
NESTED: dict[str, pl.DataType] = {
    "cardData": pl.Struct(dict.fromkeys(_CARD, _TEXT)),
    "safetensors": pl.Struct({"total": _TEXT}),
    "baseModels": pl.Struct({"models": pl.List(pl.Struct({"id": _TEXT})), "relation": _TEXT}),
}
SCALARS = (
    "_id",
    "id",
    "author",
    "createdAt",
    "lastModified",
    "downloads",
    "downloadsAllTime",
    "likes",
    "trendingScore",
    "pipeline_tag",
    "library_name",
    "gated",
    "private",
    "disabled",
    "tags",
)
_WHOLE = r"^-?[0-9]{1,18}$"
_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,17})?$"
_NO_TEXT = r"^(-?[0-9][0-9.]*|true|false|[\[{](?s:.*))$"
_PLAIN_TAGS = r'^\["[^\[\]{}\\]*"\]$'
_PLAIN_LIST = r'^\["[^"\\\x00-\x1f]*"(, "[^"\\\x00-\x1f]*")*\]$'
_TO_MILLISECOND = r"^(19[7-9]|20[0-9])[0-9]-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$"
_ANY_UTC = (
    r"^(19[7-9]|20[0-9])[0-9]-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|\+00:00)$"
)


def doubtful(raw: bytes) -> bool:
    """Whether the text may hold what this reader gets wrong: lists written as text, escaped keys, half surrogates."""
    return _ESCAPED.search(raw) is not None


def listed(ndjson: bytes) -> pl.DataFrame | None:
    """LISTING rows and the flag `odd`, one for each line; None where Polars refuses the text."""
    rows = _read(ndjson, {})
    if rows is None:
        return None
    others = _other_spellings(ndjson) if rows["createdAt"].null_count() else {}
    rows = _read(ndjson, others) if others else rows
    return None if rows is None else _typed(_one_spelling(rows, others))


def paged(body: bytes) -> pl.DataFrame | None:
    """As `listed`, from one JSON array of rows; None where it is no such array or Polars refuses it."""
    others = _other_spellings(body)
    line = b'{"rows":' + body.replace(b"\n", b" ").replace(b"\r", b" ") + b"}"
    held = _parsed(line, {"rows": pl.List(pl.Struct(_schema(others)))})
    if held is None or held.height != 1 or held["rows"].null_count():
        return None
    rows = held.select(pl.col("rows").list.explode(empty_as_null=False)).unnest("rows")
    return _typed(_one_spelling(rows, others))


def cards(texts: pl.Series) -> pl.DataFrame | None:
    """The `card_*` columns of front matter given as JSON texts, and `odd`; None where Polars refuses one of them."""
    doubt = texts.str.contains(_DOUBTFUL).fill_null(False)
    blank = texts.is_null() | texts.str.strip_chars().is_in(["", "null"]).fill_null(False)
    lines = texts.str.replace_all("\n", " ", literal=True).zip_with(~(doubt | blank), pl.Series(["{}"]))
    read = _parsed("\n".join(lines).encode(), dict.fromkeys(_CARD, _TEXT))
    if read is None or read.height != len(texts):
        return None
    raw = read.rename({name: f"card_{name}" for name in _CARD})
    odd = doubt | raw.select(pl.any_horizontal(*_card_doubts())).to_series()
    return raw.select(
        *(_CARD_CELLS.get(name, pl.col(name)).alias(name) for name in LISTING if name.startswith("card_")), odd=odd
    )


def unfit_id() -> pl.Expr:
    """Where the column `id` holds nothing that can name a model."""
    name = pl.col("id")
    return pl.any_horizontal(
        name.is_null(),
        name.str.strip_chars() == "",
        name.str.len_chars() > LONGEST_ID,
        name.str.contains(f"[{UNFIT}]"),
    ).fill_null(True)


def _schema(others: Mapping[str, str]) -> dict[str, pl.DataType]:
    usual = dict.fromkeys(SCALARS, _TEXT) | NESTED
    return usual | {other: usual[name] for other, name in others.items()}


def _read(ndjson: bytes, others: Mapping[str, str]) -> pl.DataFrame | None:
    return _parsed(ndjson, _schema(others))


def _parsed(ndjson: bytes, schema: Schema) -> pl.DataFrame | None:
    """None too where the text begins like no object: Polars would unpack what begins like gzip, zlib or zstd."""
    if ndjson[:1] not in _BEGINNINGS:
        return None
    try:
        return pl.read_ndjson(BytesIO(ndjson), schema=dict(schema))
    except PolarsError:
        return None


def _other_spellings(raw: bytes) -> dict[str, str]:
    return {other: usual for usual, other in SPELLINGS if f'"{other}"'.encode() in raw}


def _one_spelling(rows: pl.DataFrame, others: Mapping[str, str]) -> pl.DataFrame:
    """Rows without `createdAt` read in the other spelling."""
    absent = pl.col("createdAt").is_null()
    chosen = [
        pl.when(absent & pl.col(usual).is_null()).then(other).otherwise(usual).alias(usual)
        for other, usual in others.items()
    ]
    return rows.with_columns(chosen).drop(others)


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """LISTING columns of the raw texts, and `odd`."""
    card = pl.col("cardData").struct.field
    base = pl.col("baseModels").struct.field
    tags = pl.col("tags")
    created, modified = moments(rows["createdAt"]), moments(rows["lastModified"])
    raw = rows.select(
        *(column for column in SCALARS if column not in ("createdAt", "lastModified")),
        total=pl.col("safetensors").struct.field("total"),
        license=tags.str.extract('"license:([^"]*)"'),
        base_tags=tags.str.extract_all('"base_model:[^"]*"').fill_null([]),
        **{f"card_{name}": card(name) for name in _CARD},
        dump_parents=base("models").list.eval(pl.element().struct.field("id").drop_nulls()),
        dump_relation=base("relation"),
        created_at=created,
        last_modified=modified,
        odd=(created.is_null() & rows["createdAt"].is_not_null())
        | (modified.is_null() & rows["lastModified"].is_not_null()),
    )
    return raw.select(*_cells(), odd=_doubt())


def _cells() -> list[pl.Expr]:
    flags = {"true": True, "false": False}
    cells = {
        "hub_id": pl.col("_id"),
        "downloads_all_time": pl.col("downloadsAllTime"),
        "trending_score": pl.col("trendingScore"),
        "library": pl.col("library_name"),
        "gated": pl.when(pl.col("gated").is_in(["false", "true", "auto", "manual"])).then("gated"),
        "private": pl.col("private").replace_strict(flags, default=None, return_dtype=pl.Boolean),
        "disabled": pl.col("disabled").replace_strict(flags, default=None, return_dtype=pl.Boolean),
        "parameters": pl.col("total"),
        "base_tags": pl.col("base_tags").list.eval(pl.element().str.slice(12).str.strip_suffix('"')),
        **_CARD_CELLS,
    }
    return [cells.get(name, pl.col(name)).cast(dtype, strict=False).alias(name) for name, dtype in LISTING.items()]


def _doubt() -> pl.Expr:
    """Rows where a text may stand for something that was no text, or is no number, or the id is unusable."""
    texts = ("id", "_id", "author", "pipeline_tag", "library_name", "dump_relation")
    wholes = ("downloads", "downloadsAllTime", "likes", "total")
    return pl.any_horizontal(
        pl.col(ODD),
        unfit_id(),
        ~pl.col("tags").str.contains(_PLAIN_TAGS).fill_null(True),
        *(pl.col(text).str.contains(_NO_TEXT).fill_null(False) for text in texts),
        *_card_doubts(),
        *(~pl.col(whole).str.contains(_WHOLE).fill_null(True) for whole in wholes),
        ~pl.col("trendingScore").str.contains(_DECIMAL).fill_null(True),
        pl.col("dump_parents").list.eval(pl.element().str.contains(_NO_TEXT)).list.any().fill_null(False),
    )


def _card_doubts() -> list[pl.Expr]:
    parents = pl.col("card_base_model")
    return [
        (parents.str.contains(_NO_TEXT) & ~parents.str.contains(_PLAIN_LIST)).fill_null(False),
        *(pl.col(f"card_{name}").str.contains(_NO_TEXT).fill_null(False) for name in _CARD[1:]),
    ]


def _card_parents() -> pl.Expr:
    """The card's base models as lists: what reads like a list of plain texts was one, other text stands alone."""
    text = pl.col("card_base_model")
    several = text.str.slice(2, text.str.len_chars() - 4).str.split('", "')
    return pl.when(text.str.contains(_PLAIN_LIST)).then(several).when(text.is_not_null()).then(pl.concat_list(text))


def moments(texts: pl.Series) -> pl.Series:
    """UTC moments of texts as the Hub writes them, then of other spellings of UTC; null for the rest.

    Days repeat and are looked up; the time of day is added up from its digits. That takes half of what a parser does.
    """
    exact = texts.set((~texts.str.contains(_TO_MILLISECOND)).fill_null(False), None)
    day = exact.str.head(10).str.to_date("%Y-%m-%d", strict=False, cache=True).cast(pl.Datetime("ms"))
    units = ((11, 2, 3_600_000), (14, 2, 60_000), (17, 2, 1_000), (20, 3, 1))
    clock = [exact.str.slice(start, length).cast(pl.Int64) * unit for start, length, unit in units]
    found = day + (clock[0] + clock[1] + clock[2] + clock[3]).cast(pl.Duration("ms"))
    if found.null_count() > texts.null_count():
        other = texts.set((~texts.str.contains(_ANY_UTC)).fill_null(False), None)
        bare = other.str.replace(r"(Z|\+00:00)$", "")
        rest = bare.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
        found = pl.select(pl.coalesce(found, rest.cast(pl.Datetime("ms")))).to_series()
    return found.dt.replace_time_zone("UTC").cast(TIME)


_CARD_CELLS = {"card_base_model": _card_parents(), "card_relation": pl.col("card_base_model_relation")}
