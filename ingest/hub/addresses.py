"""Addresses of the Hub's listing: what is asked for, and whether an address the Hub hands out may be followed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

from lineage.errors import Refused

PAGE_ROWS = 1000
"""Rows a page; the Hub gives no more."""

FIELDS = (
    "author",
    "createdAt",
    "lastModified",
    "downloads",
    "downloadsAllTime",
    "likes",
    "tags",
    "library_name",
    "pipeline_tag",
    "gated",
    "disabled",
    "private",
    "safetensors",
    "trendingScore",
)
"""What is asked of every model; `_id` and `id` come by themselves, licence and parents are in the tags."""

CARD = "cardData"


def fields(card: bool) -> tuple[str, ...]:
    """The fields to expand, with or without the front matter of the card."""
    return (*FIELDS, CARD) if card else FIELDS


def everything(endpoint: str, asked: Sequence[str], *, newest_first: bool = False) -> str:
    """The first page of all models by creation: the one order that neither loses nor repeats a row."""
    return _listing(endpoint, (), asked, order=("createdAt", "-1" if newest_first else "1"))


def changes(endpoint: str, asked: Sequence[str]) -> str:
    """The first page of all models, last changed first: the only way the Hub lists by change."""
    return _listing(endpoint, (), asked, order=("lastModified", "-1"))


def by_author(endpoint: str, namespace: str, asked: Sequence[str]) -> str:
    """The first page of a namespace's models."""
    return _listing(endpoint, (("author", namespace),), asked)


def children(endpoint: str, id: str, asked: Sequence[str]) -> str:
    """The first page of the models that name this one as their base, by whatever relation."""
    return _listing(endpoint, (("filter", f"base_model:{id}"),), asked)


def model(endpoint: str, id: str, asked: Sequence[str]) -> str:
    """One model by its id."""
    return f"{endpoint}/api/models/{quote(id, safe='/')}?{urlencode([('expand', field) for field in asked])}"


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises Refused where it is none of the web's."""
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme not in ("http", "https") or not host or any(c in address for c in "\\ \t\r\n") or "@" in parts.netloc:
        raise Refused(
            f"{address[:200]!r} is no web address. An endpoint looks like https://huggingface.co (HF_ENDPOINT)."
        )
    return scheme, host, port or (443 if scheme == "https" else 80)


def is_local(address: str) -> bool:
    """Whether the address is this machine's."""
    return origin(address)[1] in ("localhost", "127.0.0.1", "::1")


def _listing(
    endpoint: str, only: Sequence[tuple[str, str]], asked: Sequence[str], order: tuple[str, str] = ("createdAt", "1")
) -> str:
    how = (("sort", order[0]), ("direction", order[1]), ("limit", str(PAGE_ROWS)))
    return f"{endpoint}/api/models?{urlencode([*only, *how, *(('expand', field) for field in asked)])}"
