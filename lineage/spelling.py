"""Other ways to write a model's id that name it beyond doubt: its address on the Hub, a slash at the end. Pure."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

_HUB = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_NO_MODELS = frozenset({"api", "blog", "chat", "collections", "datasets", "docs", "models", "papers", "spaces"})
_VIEWS = frozenset({"blame", "blob", "commit", "commits", "discussions", "edit", "raw", "resolve", "tree"})


def text(typed: str) -> str:
    """What was typed as text that can be looked up; bytes of an argument that are none become U+FFFD."""
    return typed.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def id_of(typed: str, endpoint: str) -> str:
    """The id that an address on the Hub or on `endpoint` shows, else the text without a slash at its end."""
    written = text(typed).strip()
    scheme, apart, rest = written.partition("://")
    if apart and scheme.lower() not in ("http", "https"):
        return written
    host, slash, path = (rest if apart else written).partition("/")
    if not slash or host.lower() not in _HUB | {urlsplit(endpoint).netloc.lower()}:
        return written if apart else written.rstrip("/")
    parts = [part for part in unquote(urlsplit(f"/{path}").path).split("/") if part]
    if not parts or parts[0] in _NO_MODELS:
        return written
    return "/".join(parts[: 1 if parts[1:2] and parts[1] in _VIEWS else 2])
