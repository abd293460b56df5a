"""What a crawl cost and how near it came to the least time that the quota allows, for people and for programs.

A crawl may be the work of several processes: `pages` and `requests` are those of all, `spent` is what this one did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage.export import json
from lineage.export.plain import plural

if TYPE_CHECKING:
    from ingest.hub.spending import Spent


def sentence(spent: Spent, *, pages: int, requests: int) -> str:
    """One line: what this process asked for, how long that took, how long of it the quota held it back, the floor."""
    asked = f"{plural(spent.requests, 'request')} for {plural(spent.pages, 'page')}"
    if _resumed(spent, pages, requests):
        asked = f"this run: {asked}, in all {plural(requests, 'request')} for the {plural(pages, 'page')} kept"
    waits = f"{spent.seconds:,.0f} s, held back by the quota for {spent.waited:,.0f} s of them"
    retried = plural(spent.retries, "retry", "retries")
    if spent.floor is None:
        least = f"no floor: {spent.no_floor}"
    else:
        least = f"where {spent.quota:,} requests in {spent.window:,} s make {spent.floor:,.0f} s the floor"
    if spent.ratio is not None:
        least += f" ({spent.ratio:.2f} of it)"
    held = f"; fetching waited {spent.held} times for the parse" if spent.held else ""
    return f"{asked}; {spent.bytes / 1e6:,.1f} MB, {retried}; {waits}, {least}{held}"


def facts(spent: Spent, *, pages: int, requests: int) -> dict[str, json.Json]:
    """The same as JSON; `floor` and `ratio` null where no quota bounds the time, and then `no_floor` says why."""
    return {
        "requests": spent.requests,
        "pages": spent.pages,
        "resumed": _resumed(spent, pages, requests),
        "requests_in_all": requests,
        "pages_in_all": pages,
        "retries": spent.retries,
        "bytes": spent.bytes,
        "waited": round(spent.waited, 3),
        "rested": round(spent.rested, 3),
        "held": spent.held,
        "seconds": round(spent.seconds, 3),
        "quota": spent.quota,
        "window": spent.window,
        "floor": None if spent.floor is None else round(spent.floor, 3),
        "no_floor": spent.no_floor,
        "ratio": None if spent.ratio is None else round(spent.ratio, 4),
    }


def _resumed(spent: Spent, pages: int, requests: int) -> bool:
    """Whether an earlier process did a part: a chain may ask for a page more than is kept, never for one less."""
    return pages > spent.pages or requests > spent.requests
