"""What may work when tried again: which answers, after how many seconds, how often, and what is said meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import httpx2
import tenacity
from huggingface_hub.utils import parse_ratelimit_headers

from ingest.hub.pacing import LONGEST, Rate
from lineage.errors import HubBusy, Unreachable

BUSY = frozenset({408, 429, *range(500, 600)})
"""The statuses of a Hub that may answer otherwise later."""

FIRST_TRIES = 3
"""After so many an endpoint that has never answered is given up."""

_TRIES = 4
_log = logging.getLogger(__name__)


def rate(response: httpx2.Response) -> Rate | None:
    """What an answer says of the quota."""
    told = parse_ratelimit_headers(response.headers)
    return None if told is None else Rate(told.remaining, told.reset_in_seconds, told.limit, told.window_seconds)


def busy(host: str, response: httpx2.Response) -> HubBusy:
    """The error for an answer of the busy ones, with the seconds of rest that it asks for."""
    wait = _asked(response)
    until = "" if wait is None else f" and asks for {wait:.0f} s of rest"
    return HubBusy(
        f"{host} answered {response.status_code}{until}. What was fetched is kept; run the same command again later.",
        wait,
    )


def _asked(response: httpx2.Response) -> float | None:
    """Seconds to rest: to the reset where the quota is spent, else Retry-After in whole seconds, else not told."""
    told = rate(response)
    if response.status_code == 429 and told is not None and told.remaining == 0:
        return min(float(told.reset), LONGEST)
    after = response.headers.get("Retry-After", "").strip()
    return min(float(after), LONGEST) if after.isascii() and after.isdigit() else None


def failure(state: tenacity.RetryCallState) -> BaseException | None:
    """Why a try failed."""
    return state.outcome.exception() if state.outcome else None


def asked_rest(state: tenacity.RetryCallState) -> float | None:
    """The seconds before the next try where the Hub asked for a rest: that, and one more."""
    error = failure(state)
    return error.wait + 1.0 if isinstance(error, HubBusy) and error.wait is not None else None


def tell(state: tenacity.RetryCallState) -> None:
    """Say, as a warning, what failed and when it is tried again."""
    pause = state.next_action.sleep if state.next_action else 0.0
    what = str(failure(state)).partition(". ")[0].rstrip(".")
    _log.warning("%s; trying again in %.0f s (try %d)", what, pause, state.attempt_number + 1)


class Patience:
    """The tries that one command's calls of the Hub get: four, or three where the endpoint has never answered."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._answered = False

    def answered(self) -> None:
        """The endpoint gave a good answer."""
        self._answered = True

    def tries(self) -> tenacity.Retrying:
        """What calls again, with rests between, while the Hub is busy or does not answer; then the last error."""
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((HubBusy, Unreachable)),
            stop=self._enough,
            wait=self._rest,
            sleep=self._sleep,
            before_sleep=tell,
            reraise=True,
        )

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        alive = self._answered or isinstance(failure(state), HubBusy)
        return state.attempt_number >= (_TRIES if alive else FIRST_TRIES)

    def _rest(self, state: tenacity.RetryCallState) -> float:
        asked = asked_rest(state)
        return 2.0 ** (state.attempt_number - 1) if asked is None else asked
