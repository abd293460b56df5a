"""A published LMArena table, CSV or Parquet, to the small dated table that answers lean on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from lineage.arena import TABLE, folder
from lineage.errors import Damaged, Fatal
from lineage.settings import Settings

_SPELT = {
    "name": ("model", "modelname", "name", "key", "modelid"),
    "rank": ("rank", "rankub", "finalranking", "arenarank", "overallrank", "rankstylecontrol"),
    "score": ("score", "arenascore", "rating", "elo", "arenaelo", "arenaelorating", "elorating"),
    "votes": ("votes", "numbattles", "votecount", "numvotes", "battles"),
    "organization": ("organization", "organisation", "company", "provider", "developer"),
    "license": ("license", "licence"),
    "day": ("leaderboardpublishdate", "publishdate", "date", "lastupdated", "updated"),
    "category": ("category", "subset"),
}
"""How published tables head their columns, in the order tried; case, blanks and signs aside."""

_LINK = r"<a[^>]*>([^<]*)</a>|\[([^\]]*)\]\("
_OVERALL = ("overall", "text", "full")


def import_arena(settings: Settings, path: Path, *, now: Callable[[], datetime]) -> tuple[date, pl.DataFrame]:
    """Keep a published table under home; returns its day and rows. A table of the same day is replaced.

    Its day is what a column says, else its file's name, else the file's own time. Raises `Fatal` where it has no names,
    or neither rank nor score; `Damaged` where it is neither CSV nor Parquet.
    """
    raw = _read(path)
    there = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(raw.columns)}
    found = {ours: next((there[spelt] for spelt in names if spelt in there), None) for ours, names in _SPELT.items()}
    if found["name"] is None or (found["rank"] is None and found["score"] is None):
        raise Fatal(
            f"{path.name} is no leaderboard: a column with the model's name and one with rank or score are needed, and "
            f"it has {', '.join(raw.columns[:12]) or 'none'}."
        )
    raw = _overall(raw, found["category"])
    day = min(_day(raw, found["day"], path), now().date())
    table = _table(raw, found)
    if table.is_empty():
        raise Fatal(f"{path.name} has no line with a name and a rank or score.")
    _keep(settings, day, table.with_columns(source=pl.lit(path.name)))
    return day, table


def _read(path: Path) -> pl.DataFrame:
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PAR1":
                return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Damaged(f"{path.name} can be read neither as CSV nor as Parquet ({type(error).__name__}).") from error


def _overall(raw: pl.DataFrame, column: str | None) -> pl.DataFrame:
    """The table of all prompts, where the file holds one for each category."""
    if column is None:
        return raw
    kinds = raw[column].cast(pl.String).str.to_lowercase()
    for wanted in _OVERALL:
        if (kinds == wanted).any():
            return raw.filter(kinds == wanted)
    return raw.filter(kinds == kinds[0]) if len(kinds) else raw


def _day(raw: pl.DataFrame, column: str | None, path: Path) -> date:
    said = raw[column].cast(pl.String).drop_nulls().max() if column else None
    for text in (said, path.stem):
        spelt = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)", text) if isinstance(text, str) else None
        if spelt:
            try:
                return date(int(spelt[1]), int(spelt[2]), int(spelt[3]))
            except ValueError:
                continue
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _table(raw: pl.DataFrame, found: dict[str, str | None]) -> pl.DataFrame:
    def text(ours: str) -> pl.Series:
        """A column of ours as stripped text, null throughout where the table lacks it."""
        column = found[ours]
        values = raw[column].cast(pl.String) if column else pl.Series([None] * raw.height, dtype=pl.String)
        return values.str.strip_chars().alias(ours)

    def number(ours: str) -> pl.Series:
        """The number that each text of a column begins with."""
        return text(ours).str.replace_all(r"[,\s]", "").str.extract(r"^#?(-?\d+(?:\.\d+)?)", 1).cast(pl.Float64)

    name = text("name")
    shown = pl.DataFrame({"name": name, "link": name.str.extract(_LINK, 1), "other": name.str.extract(_LINK, 2)})
    plain = shown.select(pl.coalesce("link", "other", "name").str.strip_chars().alias("name"))["name"]
    table = pl.DataFrame(
        {
            "name": plain,
            "rank": number("rank").cast(pl.Int64, strict=False),
            "score": number("score"),
            "votes": number("votes").cast(pl.Int64, strict=False),
            "organization": text("organization"),
            "license": text("license"),
        },
        schema=dict(TABLE),
    ).filter(pl.col("name").is_not_null() & (pl.col("name") != ""))
    if found["rank"] is None:
        table = table.with_columns(rank=pl.col("score").rank("min", descending=True).cast(pl.Int64))
    kept = table.filter(pl.col("rank").is_not_null() | pl.col("score").is_not_null())
    return kept.sort("rank", "name", nulls_last=True).unique("name", keep="first", maintain_order=True)


def _keep(settings: Settings, day: date, table: pl.DataFrame) -> None:
    place = folder(settings)
    place.mkdir(parents=True, exist_ok=True)
    beside = place / f".{day.isoformat()}.new"
    table.write_parquet(beside)
    beside.replace(place / f"{day.isoformat()}.parquet")
