"""Every HTTP call to the Hub's listing: one page at a time, paced by the quota, retried by one policy."""

from __future__ import annotations

import copy
import random
import time
import weakref
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import httpx2
import tenacity
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from ingest.hub import addresses, bodies
from ingest.hub.bodies import Answer, Broken, unpacked
from ingest.hub.pacing import Pace, Rate
from ingest.hub.patience import BUSY, FIRST_TRIES, asked_rest, busy, failure, rate, tell
from ingest.hub.refusals import Secret, refusal
from ingest.hub.spending import Spending
from ingest.parse import NotAPage
from lineage import __version__
from lineage.errors import HubBusy, Refused, Retriable, Unreachable
from lineage.settings import HUB

__all__ = ["Fetched", "HubSource"]

PATIENCE = 3600.0
"""Seconds after which a page that keeps failing is given up."""

_REDIRECTS = 5
_PER_SECOND = 3.0
T = TypeVar("T")


@dataclass(frozen=True)
class Fetched(Generic[T]):
    """One answer of the Hub, read.

    `next_url` is the Link to follow, None on the last page. `url` is where the answer came from, after redirects.
    `sent` is the server's clock, `hops` counts those redirects. `simulated` is what a simulated Hub says of itself.
    `packed` is the answer as it came, a tenth of its size, for `bodies.unpacked`; None where it came otherwise than in
    gzip.
    """

    content: T
    next_url: str | None
    rate: Rate | None
    url: str
    sent: datetime | None
    simulated: str | None
    hops: int = 0
    packed: bytes | None = None


class HubSource:
    """The Hub behind `endpoint`, or something that answers like it.

    `token` is sent to that endpoint and nowhere else; None takes HF_TOKEN or the saved login as huggingface_hub does,
    False sends none. `clock` gives seconds that only grow; `sleep` waits. What it does is counted in `spending`. The
    real Hub gets at most 3 requests a second; one on this machine as many as its quota allows, and is tried again after
    1 s where the Hub gets 30 s. A page that keeps failing is given up after `patience` seconds.
    """

    def __init__(
        self,
        endpoint: str = HUB,
        token: str | bool | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        timeout: float = 60.0,
        patience: float = PATIENCE,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._origin = addresses.origin(self.endpoint)
        self._headers = build_hf_headers(token=token, library_name="lineage", library_version=__version__)
        self._secret = Secret(self._headers)
        self.clock, self._sleep, self._chance = clock, sleep, chance
        self._timeout, self.patience = timeout, patience
        self._pace = Pace(1 / _PER_SECOND if self.real else 0.0)
        self._first_wait = 1.0 if addresses.is_local(self.endpoint) else 30.0
        self._answered = False
        self._client: httpx2.Client | None = None
        self.spending = Spending()

    def beside(self) -> HubSource:
        """Another of the same Hub with an HTTP client of its own, for another thread: one pace, one account."""
        other = copy.copy(self)
        other._client = None
        return other

    @property
    def requests(self) -> int:
        """Requests sent, by those beside it too."""
        return self.spending.so_far.requests

    @property
    def real(self) -> bool:
        """Whether this is the Hugging Face Hub itself."""
        return self._origin[1] == "huggingface.co"

    @property
    def host(self) -> str:
        """The endpoint's host, for people."""
        _, host, port = self._origin
        return host if port in (80, 443) else f"{host}:{port}"

    def fetch(self, url: str, read: Callable[[bytes], T], before: Container[str] = ()) -> Fetched[T]:
        """One page, read by `read`; a `Retriable` error, be it the network's, the Hub's or `read`'s, is tried again.

        So is an answer whose Link leads back to itself or to one of the pages fetched `before`.
        Gives up after an hour; where this endpoint has never given a good answer, after three tries, unless it says
        that it is busy. Raises `Refused` (token, field, foreign address), `NotFound` (no such model), or the last
        `Retriable`.
        """
        began = self.clock()
        policy = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Retriable),
            wait=self._wait,
            stop=lambda state: self._spent(state, self.clock() - began),
            sleep=self._retried,
            before_sleep=tell,
            reraise=True,
        )
        return policy(self._once, url, read, before)

    def _once(self, url: str, read: Callable[[bytes], T], before: Container[str]) -> Fetched[T]:
        answer, hops = self._answer(url)
        response, packed = answer.response, answer.packed
        content = self._read(response.content if packed is None else self._unpacked(packed), read)
        self._answered = True
        self.spending.read(self.clock())
        link = response.links.get("next", {}).get("url")
        following = None if link is None else self._own(response, link)
        if following is not None and (following == url or following in before):
            raise Retriable(
                f"{self.host} leads back to a page already fetched. What was fetched is kept; try again later."
            )
        return Fetched(
            content,
            following,
            rate(response),
            str(response.url),
            _date(response),
            None if self.real else response.headers.get("X-Simulated-Hub"),
            hops,
            packed,
        )

    def _unpacked(self, packed: bytes) -> bytes:
        try:
            return unpacked(packed)
        except Broken as error:
            raise Unreachable(self._broke(error)) from None

    def _read(self, body: bytes, read: Callable[[bytes], T]) -> T:
        try:
            return read(body)
        except NotAPage as error:
            what = str(error).partition(";")[0].rstrip(".")
            raise NotAPage(
                f"{what} ({self.host}). Check HF_ENDPOINT, a proxy, or the log-in page of the network; what was "
                "fetched is kept, and the same command goes on."
            ) from None

    def _answer(self, url: str) -> tuple[Answer, int]:
        """The good answer at the end of redirects within this endpoint, and how many redirects there were."""
        for hops in range(_REDIRECTS):
            answer = self._request(url)
            if not answer.response.has_redirect_location:
                return answer, hops
            url = self._own(answer.response, answer.response.headers["Location"])
        raise Refused(f"{self.host} redirects in a circle at {url[:200]}. Nothing was lost; try again later.")

    def _request(self, url: str) -> Answer:
        while (pause := self._pace.take(self.clock())) > 0:
            with self.spending.waiting(self.clock):
                self._sleep(pause)
        told = None
        try:
            answer = self._sent(url)
            told = rate(answer.response)
        finally:
            self._pace.told(told, self.clock())
        self.spending.received(answer.size, told)
        self._check(answer.response)
        return answer

    def _sent(self, url: str) -> Answer:
        self.spending.sent(self.clock())
        try:
            with self._own_client().stream("GET", url) as response:
                return bodies.read(response)
        except OfflineModeIsEnabled:
            raise Refused("HF_HUB_OFFLINE is set, so the Hub may not be asked. Unset it, or import a file.") from None
        except Broken as error:
            raise Unreachable(self._broke(error)) from None
        except httpx2.RequestError as error:
            raise Unreachable(self._no_answer(error)) from None
        except httpx2.InvalidURL:
            raise Refused(f"{self._secret.hidden(url)!r} is no address that can be asked for.") from None

    def _own_client(self) -> httpx2.Client:
        """A client that nobody else closes, with the hooks of the library's (which know of HF_HUB_OFFLINE)."""
        if self._client is None:
            hooks = get_session().event_hooks
            self._client = httpx2.Client(event_hooks=hooks, headers=self._headers, timeout=self._timeout)
            weakref.finalize(self, self._client.close)
        return self._client

    def _check(self, response: httpx2.Response) -> None:
        if response.status_code in BUSY:
            raise busy(self.host, response)
        try:
            hf_raise_for_status(response)
        except (HfHubHTTPError, AttributeError, TypeError, ValueError, RecursionError) as error:
            # the client itself trips over error bodies that are no JSON object
            raise refusal(self.host, response, error, self._secret) from None

    def _own(self, response: httpx2.Response, link: str) -> str:
        """An address that the Hub handed out, absolute, if it is this endpoint's: else the token would travel."""
        try:
            url = str(response.url.join(link))
        except httpx2.InvalidURL:
            url = link
        if addresses.origin(url) != self._origin:
            raise Refused(
                f"{self.host} points to another host ({self._secret.hidden(url)!r}), which would get your token, "
                "so it was not followed. If you trust that host, set HF_ENDPOINT to it."
            )
        return url

    def _broke(self, error: Broken) -> str:
        return (
            f"{self.host} sent an answer that broke on its way ({error}). Check the network; what was fetched is kept."
        )

    def _no_answer(self, error: httpx2.RequestError) -> str:
        kind = type(error).__name__
        if isinstance(error, httpx2.TimeoutException):
            return f"{self.host} gave no answer within {self._timeout:.0f} s ({kind}). Check the network and try again."
        return (
            f"{self.host} cannot be reached ({kind}: {self._secret.hidden(str(error)) or 'no more is known'}). "
            "Check the network, the proxy and HF_ENDPOINT; what was fetched is kept."
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next try: what the Hub asked for, and a second; else doubling, with jitter."""
        asked, error = asked_rest(state), failure(state)
        if asked is not None:
            return asked
        first = self._first_wait if self._answered or isinstance(error, HubBusy) else 1.0
        return min(first * 2.0 ** (state.attempt_number - 1), 300.0) * (0.75 + 0.5 * self._chance())

    def _spent(self, state: tenacity.RetryCallState, elapsed: float) -> bool:
        if not self._answered and not isinstance(failure(state), HubBusy):
            return state.attempt_number >= FIRST_TRIES
        return elapsed + self._wait(state) > self.patience

    def _retried(self, seconds: float) -> None:
        with self.spending.resting(self.clock):
            self._sleep(seconds)


def _date(response: httpx2.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment.astimezone(UTC)
