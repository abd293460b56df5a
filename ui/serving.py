"""The page's server: Streamlit's own, with the headers that keep the page on this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
"""What a browser may load for the page: nothing from another host, whatever a text of the Hub says."""

LIBRARY = "/vis-network-9.1.2.min.js"
"""Where pyvis's own copy of vis-network is served: as a file, which a browser reads once and keeps."""


class Page(st.App):
    """Streamlit's application, whose documents say what they may load; and vis-network."""

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer as Streamlit does; a document gets our headers."""
        if scope["type"] == "http" and scope["path"] == LIBRARY:
            await send({"type": "http.response.start", "status": 200, "headers": _LIBRARY_HEADERS})
            await send({"type": "http.response.body", "body": _library()})
            return

        async def sent(message: Message) -> None:
            """Send with the page's own headers."""
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers(message.get("headers", ()))]
            await send(message)

        await super().__call__(scope, receive, sent if scope["type"] == "http" else send)


_LIBRARY_HEADERS = [
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cache-control", b"public, immutable, max-age=31536000"),
]


@cache
def _library() -> bytes:
    return (files("pyvis") / "lib/vis-9.1.2/vis-network.min.js").read_bytes()


def headers(answered: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Our headers for an answer with those headers; none where it is no document."""
    kind = next((value for name, value in answered if name.lower() == b"content-type"), b"")
    if not kind.startswith(b"text/html"):
        return []
    return [
        (b"content-security-policy", POLICY.encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]
