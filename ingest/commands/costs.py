"""What a crawl cost and how near it came to the least time that the quota allows, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage.export import json
from lineage.export.plain import plural

if TYPE_CHECKING:
    from ingest.hub.spending import Spent


def sentence(spent: Spent) -> str:
    """One line, of this process's part of the crawl."""
    asked = f"{plural(spent.requests, 'request')} for {plural(spent.pages, 'page')}, {spent.bytes / 1e6:,.1f} MB"
    waits = f"waited {spent.waited:,.0f} s for the quota, {plural(spent.retries, 'retry', 'retries')}"
    took = f"{spent.seconds:,.0f} s"
    if spent.floor is not None:
        took += f", where {spent.quota:,} requests in {spent.window:,} s make {spent.floor:,.0f} s the floor"
    if spent.ratio is not None:
        took += f" ({spent.ratio:.2f} of it)"
    held = f"; fetching waited {spent.held} times for the parse" if spent.held else ""
    return f"{asked}; {waits}; {took}{held}"


def facts(spent: Spent) -> dict[str, json.Json]:
    """The same as JSON; `floor` and `ratio` null where no quota bounds the time."""
    return {
        "requests": spent.requests,
        "pages": spent.pages,
        "retries": spent.retries,
        "bytes": spent.bytes,
        "waited": round(spent.waited, 3),
        "rested": round(spent.rested, 3),
        "held": spent.held,
        "seconds": round(spent.seconds, 3),
        "quota": spent.quota,
        "window": spent.window,
        "floor": None if spent.floor is None else round(spent.floor, 3),
        "ratio": None if spent.ratio is None else round(spent.ratio, 4),
    }
