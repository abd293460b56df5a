"""What must not leave this machine: texts that look like tokens, and rows of private models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import polars as pl

from lineage.errors import Refused
from lineage.export.plain import plural
from lineage.snapshots import Snapshot

_SHAPE = r"(?:hf|api_org)_[A-Za-z0-9]{17,}"
"""What a token of the Hub looks like; a repository's name with so long a word in it is taken for one too."""

_PRIVATE = r'"private"\s*:\s*true'
_ANYWHERE = re.compile(_SHAPE)


def screen(snapshot: Snapshot, secret: str | None) -> None:
    """Raise `Refused` where a row or a note holds what looks like a token, or a row is of a private model.

    `secret` is the token in use, which is looked for word for word whatever it looks like. The sentence names the
    first model, never the token.
    """
    shown = f"Snapshot {snapshot.manifest.id}"
    if _speaks(snapshot.manifest.to_json(), secret):
        raise Refused(f"{shown} holds what looks like a token in its manifest, so it is not published.")
    rows = snapshot.rows()
    private = rows.filter(pl.col("private")).select("id").collect()["id"]
    if len(private):
        held = plural(len(private), "row")
        raise Refused(
            f"{shown} holds {held} of private models ({private[0]} first), so it is not published. Crawl "
            "again with a token that does not see them, or without one."
        )
    for column, found in _tokens(rows, secret):
        raise Refused(
            f"{shown} holds what looks like a token, in {column} of {_masked(found, secret)}, so it is not published. "
            "If it is one its owner must revoke it; once the model's page no longer has it lineage crawl makes a "
            "snapshot without it."
        )
    _screen_refused(snapshot, secret)


def screen_text(text: str, secret: str | None, what: str) -> None:
    """Raise `Refused` where a text holds what looks like a token."""
    if _speaks(text, secret):
        raise Refused(f"{what} holds what looks like a token, so nothing is published.")


def _screen_refused(snapshot: Snapshot, secret: str | None) -> None:
    raw = snapshot.quarantined()["raw"]
    for what, found in (
        ("what looks like a token", _holding(raw, secret)),
        ("a private model's row", raw.str.contains(_PRIVATE)),
    ):
        if found.any():
            raise Refused(
                f"Snapshot {snapshot.manifest.id} holds {what} among the rows that could not be read, so it is not "
                "published."
            )


def _tokens(rows: pl.LazyFrame, secret: str | None) -> Iterator[tuple[str, str]]:
    """The columns that hold a token, with the id of the first such row."""
    schema: Mapping[str, pl.DataType] = rows.collect_schema()
    texts = [name for name, kind in schema.items() if kind in (pl.String, pl.List(pl.String))]
    for name in texts:
        text = pl.col(name) if schema[name] == pl.String else pl.col(name).list.join("\n", ignore_nulls=True)
        hit = text.str.contains(_SHAPE)
        if secret:
            hit = hit | text.str.contains(secret, literal=True)
        found = rows.filter(hit).select("id").head(1).collect()["id"]
        if len(found):
            yield name, found[0]


def _holding(texts: pl.Series, secret: str | None) -> pl.Series:
    hit = texts.str.contains(_SHAPE)
    return hit | texts.str.contains(secret, literal=True) if secret else hit


def _speaks(text: str, secret: str | None) -> bool:
    return bool(_ANYWHERE.search(text) or (secret and secret in text))


def _masked(id: str, secret: str | None) -> str:
    """An id in which nothing looks like a token."""
    shown = id.replace(secret, "hf_…") if secret else id
    return _ANYWHERE.sub("hf_…", shown)
