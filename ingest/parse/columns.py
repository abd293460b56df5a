"""Decoded listing rows to LISTING columns, a column at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from ingest.parse import oddrows
from ingest.parse.oddrows import LONGEST_ID, UNFIT
from ingest.parse.rows import Card, Parents, Row
from lineage.schema import LISTING, TIME

_WORDS = {False: "false", True: "true", "false": "false", "true": "true", "auto": "auto", "manual": "manual"}
_HUB_TIME = len("2026-01-02T03:04:05.678Z")
_TIME = pa.timestamp("ms", "UTC")
_NO_CARD, _NO_PARENTS = Card(), Parents()

Cells: TypeAlias = "Sequence[object] | pa.Array[Any]"


def table(rows: Sequence[Row]) -> pl.DataFrame:
    """The LISTING table of rows, in their order."""
    if not rows:
        return pl.DataFrame(schema=LISTING)
    of = dict(zip(Row.__struct_fields__, zip(*map(astuple, rows), strict=True), strict=True))
    parents = [one or _NO_PARENTS for one in of["baseModels"]]
    named = [None if one.models is None else [p.id for p in one.models if p.id is not None] for one in parents]
    cells = {
        "hub_id": of["hub_id"],
        "id": of["id"],
        "author": of["author"],
        "created_at": _times(of["createdAt"]),
        "last_modified": _times(of["lastModified"]),
        "downloads": of["downloads"],
        "downloads_all_time": of["downloadsAllTime"],
        "likes": of["likes"],
        "trending_score": of["trendingScore"],
        "pipeline_tag": of["pipeline_tag"],
        "library": of["library_name"],
        "gated": [_WORDS.get(gated) for gated in of["gated"]],
        "private": of["private"],
        "disabled": of["disabled"],
        "parameters": [None if weights is None else weights.total for weights in of["safetensors"]],
        **_tagged([tags or () for tags in of["tags"]]),
        **_of_cards([card or _NO_CARD for card in of["cardData"]]),
        "dump_parents": _lists(named),
        "dump_relation": [one.relation for one in parents],
    }
    return pl.DataFrame([pl.Series(name, cells[name], dtype) for name, dtype in LISTING.items()])


def cards(read: Sequence[Card]) -> pl.DataFrame:
    """The `card_*` columns of front matter."""
    return pl.DataFrame([pl.Series(name, cells, LISTING[name]) for name, cells in _of_cards(read).items()])


def unfit_id() -> pl.Expr:
    """Where the column `id` holds nothing that can name a model."""
    name = pl.col("id")
    return pl.any_horizontal(
        name.is_null(),
        name.str.strip_chars() == "",
        name.str.len_chars() > LONGEST_ID,
        name.str.contains(f"[{UNFIT}]"),
    ).fill_null(True)


def moments(texts: pl.Series) -> pl.Series:
    """UTC moments of ISO texts, cut to milliseconds; without a zone they are UTC. Null for what is no moment."""
    return pl.Series(texts.name, _times(texts.to_list()), dtype=TIME)


def _times(texts: Sequence[str | None]) -> pa.Array[Any]:
    """The Hub's own form by columns, where all have it; else one by one."""
    written = pa.array(texts, pa.string())
    if pc.all(pc.equal(pc.binary_length(written), pa.scalar(_HUB_TIME, pa.int32()))).as_py():
        try:
            return pc.cast(written, _TIME)
        except pa.ArrowInvalid:
            pass
    return pa.array([oddrows.moment(text) for text in texts], _TIME)


def _lists(values: Iterable[Sequence[str] | None]) -> pa.Array[Any]:
    return pa.array(values, pa.list_(pa.string()))


def _tagged(tags: Sequence[Sequence[str]]) -> dict[str, Cells]:
    """The `base_model:` tags of each row without that prefix, and its first `license:` tag."""
    flat = pa.array([tag for some in tags for tag in some], pa.string())
    row = np.repeat(np.arange(len(tags)), np.fromiter(map(len, tags), np.int64, len(tags)))
    base, said = pc.starts_with(flat, "base_model:"), pc.starts_with(flat, "license:")
    starts = np.append(0, np.cumsum(np.bincount(row[base.to_numpy(False)], minlength=len(tags))))
    rows, first = np.unique(row[said.to_numpy(False)], return_index=True)
    place = np.full(len(tags), -1)
    place[rows] = first
    licences = pc.utf8_slice_codeunits(flat.filter(said), len("license:"))
    return {
        "license": licences.take(pa.array(place, mask=place < 0)),
        "base_tags": pa.ListArray.from_arrays(
            pa.array(starts, pa.int32()), pc.utf8_slice_codeunits(flat.filter(base), len("base_model:"))
        ),
    }


def _of_cards(read: Sequence[Card]) -> dict[str, Cells]:
    base, relation, licence, licence_name, licence_link, version = zip(*map(astuple, read), strict=True)
    return {
        "card_base_model": _lists(
            [None if one is None else [one] if isinstance(one, str) else oddrows.parents(one) for one in base]
        ),
        "card_relation": relation,
        "card_license": [one if one is None or isinstance(one, str) else oddrows.licence(one) for one in licence],
        "card_license_name": licence_name,
        "card_license_link": licence_link,
        "card_new_version": version,
    }
