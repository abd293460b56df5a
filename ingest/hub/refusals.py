"""What the Hub's refusals mean, in a sentence with something to try; never with the token in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import httpx2
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, RepositoryNotFoundError

from lineage.errors import LineageError, NotFound, Refused

_SHOWN = 300
_FEW = 2


class Secret:
    """The token of a set of headers, to be kept out of every text."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        sent = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        self._token = sent.removeprefix("Bearer ")
        if not self._token.isprintable() or not self._token.isascii() or " " in self._token:
            raise Refused("The token holds characters that no token has. Check HF_TOKEN, or run: hf auth login")

    @property
    def known(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._token)

    def hidden(self, text: str) -> str:
        """The text on one line, cut, and with the token struck out."""
        bare = text.replace(self._token, "[token]") if self._token else text
        line = " ".join("".join(c if c.isprintable() else " " for c in bare).split())
        return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def refusal(host: str, response: httpx2.Response, error: Exception, secret: Secret) -> LineageError:
    """The error for an answer that no retry mends: a token, a model, a field or an address that is not accepted."""
    status, path = response.status_code, response.url.path
    told = secret.hidden(response.headers.get("X-Error-Message") or _told(response))
    one_model = "/api/models/" in path
    closed = isinstance(error, RepositoryNotFoundError | GatedRepoError | DisabledRepoError) or status in (
        401,
        403,
        404,
    )
    if one_model and closed and not _bad_token(response):
        return NotFound(f"{host} shows no model {secret.hidden(path.rpartition('/api/models/')[2])!r} ({status}).")
    if status == 401:
        if secret.known:
            return Refused(
                f"{host} does not accept the token (401: {told}). Make a new one at "
                "https://huggingface.co/settings/tokens and set HF_TOKEN, or unset HF_TOKEN and run hf auth logout to "
                "go on without one."
            )
        return Refused(f"{host} wants a token (401: {told}). Set HF_TOKEN or run: hf auth login")
    if status == 403:
        return Refused(f"{host} forbids this (403: {told}). Check what the token may read, or go on without one.")
    if status == 400:
        return Refused(_bad_request(host, response, told))
    return Refused(f"{host} answered {status} at {secret.hidden(path)} ({told}). Check HF_ENDPOINT.")


def refused_fields(asked: Sequence[str], message: str) -> tuple[str, ...]:
    """Which of the asked fields a 400 is about: by index, by name, or by not being among the names listed."""
    places = {int(place) for place in re.findall(r"expand\W{0,3}(\d+)", message)}
    if places and max(places) < len(asked):
        return tuple(asked[place] for place in sorted(places))
    quoted = {name for _, name in re.findall(r"(['\"`])([\w-]+)\1", message)}.intersection(asked)
    if 0 < len(quoted) <= _FEW:
        return tuple(field for field in asked if field in quoted)
    named = set(re.findall(r"\w+", message))
    unnamed = tuple(field for field in asked if field not in named)
    if len(unnamed) * 2 < len(asked):
        return unnamed
    return tuple(field for field in asked if field in named)


def _bad_request(host: str, response: httpx2.Response, told: str) -> str:
    asked = response.url.params.get_list("expand")
    fields = refused_fields(asked, response.text) if "expand" in response.text or len(asked) == 1 else ()
    if fields:
        names = ", ".join(fields)
        remedy = "Try --no-card, or" if fields == ("cardData",) else "Please"
        return (
            f"{host} refuses the field {names} (400: {told}). {remedy} update lineage. Nothing fetched before is lost."
        )
    return (
        f"{host} refuses the request (400: {told}). If a crawl was being resumed its cursor may be refused: "
        "--fresh starts over."
    )


def _bad_token(response: httpx2.Response) -> bool:
    return response.status_code == 401 and "credentials" in response.headers.get("X-Error-Message", "").lower()


def _told(response: httpx2.Response) -> str:
    text = response.text
    if "<html" in text[:1000].lower() or not text.strip():
        return response.reason_phrase or "no more was said"
    match = re.search(r'"error"\s*:\s*"((?:[^"\\]|\\.)*)"', text)
    return match.group(1) if match else text
