"""The library's own HTTP client with its retries off, for the calls that go through it: dumps and datasets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
from huggingface_hub import get_session, set_client_factory

from ingest.hub.patience import BUSY, busy
from ingest.parse import NotAPage
from lineage.errors import Unreachable

LONGEST = 60.0
"""Seconds without a byte after which an answer is not waited for any more."""

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What the library trips over where an answer is none of a Hub's."""

_log = logging.getLogger(__name__)
_STEPS = ("connect", "read", "write", "pool")


class _Once(httpx2.Client):
    """Sends each request once: what may be tried again is an error of ours, which no loop of the library's knows."""

    def __init__(self, hooks: Mapping[str, list[Callable[..., Any]]], longest: float) -> None:
        super().__init__(event_hooks=hooks, follow_redirects=True, timeout=None)
        self._longest = longest

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """The answer; raises `HubBusy` and `Unreachable`. Where the library would wait without end it does not."""
        limits = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {step: limits.get(step) or self._longest for step in _STEPS}
        host = request.url.netloc.decode("ascii")
        try:
            response = super().send(request, **how)
        except httpx2.TransportError as error:
            raise unanswered(host, error) from error
        if response.status_code in BUSY:
            response.close()
            raise busy(host, response)
        return response


def unanswered(where: str, error: BaseException) -> Unreachable:
    """The error for an answer that did not come, or not whole; without the library's own text."""
    return Unreachable(
        f"No whole answer from {where} ({type(error).__name__}). Check the network, the proxy and HF_ENDPOINT, then "
        "run the same command again: what was transferred is kept."
    )


def no_hub(where: str, error: BaseException, what: str = "") -> NotAPage:
    """The error for an answer that is none of a Hub's, ` for` something; the library's reason goes to the debug log."""
    _log.debug("the library's reason", exc_info=error)
    return NotAPage(
        f"{where} answered{what} what no Hub answers ({type(error).__name__}). Check HF_ENDPOINT, a proxy, or the "
        "log-in page of the network, then run the same command again."
    )


@contextmanager
def once(longest: float = LONGEST) -> Iterator[None]:
    """Inside, the library sends each request once and says nothing of its own on stderr; `longest` seconds a silence.

    A body that is cut it still goes on with, where it was. Where these are nested the outermost holds.
    """
    before = get_session()
    if isinstance(before, _Once):
        yield
        return
    hooks, library = before.event_hooks, logging.getLogger("huggingface_hub")
    level = library.level
    library.setLevel(logging.ERROR)
    set_client_factory(lambda: _Once(hooks, longest))
    try:
        yield
    finally:
        set_client_factory(lambda: httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=None))
        library.setLevel(level)
