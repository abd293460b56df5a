"""What can go wrong between a crawler and the Hub, on a schedule: switchable faults of the simulated Hub."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ingest.simulated.chance import uniform


class Kind(StrEnum):
    """How an answer goes wrong."""

    STATUS = "status"
    STALL = "stall"
    TRUNCATED = "truncated"
    HTML = "html"
    RESET = "reset"
    MALFORMED = "malformed"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    REJECTED = "rejected"
    EARLY_END = "early_end"


@dataclass(frozen=True)
class Fault:
    """One kind of failure of some requests: those numbered `first` to `first + count - 1`, each with `probability`.

    Requests are numbered from 1 among those whose path starts with `path` and whose query holds `query`. `status` is
    the answer of a STATUS fault, `seconds` the length of a STALL, `retry_after` the header of a STATUS fault. STATUS
    429 says that the quota is spent for `seconds`. DUPLICATE serves the page before once more, MISSING skips the page,
    EARLY_END leaves out the `Link`, MALFORMED puts odd rows into the page, REJECTED refuses a cursor with 400.
    """

    kind: Kind
    first: int = 1
    count: int = 1
    probability: float = 1.0
    seed: int = 0
    path: str = "/api/models"
    query: str = ""
    status: int = 500
    seconds: float = 30.0
    retry_after: int | None = None

    def strikes(self, number: int) -> bool:
        """Whether the request of that number fails."""
        if not self.first <= number < self.first + self.count:
            return False
        return self.probability >= 1.0 or bool(uniform(self.seed, f"{self.kind}:{number}", 1)[0] < self.probability)


def status(code: int, *, first: int = 1, count: int = 1, retry_after: int | None = None, seconds: float = 1.0) -> Fault:
    """`count` answers with an HTTP status from request `first` on: a 429 storm, 500, 502, 503, 504."""
    return Fault(Kind.STATUS, first, count, status=code, retry_after=retry_after, seconds=seconds)


def once(kind: Kind, number: int, *, seconds: float = 30.0) -> Fault:
    """One failure of one request."""
    return Fault(kind, number, 1, seconds=seconds)


def often(kind: Kind, probability: float, *, seed: int = 0, code: int = 500, seconds: float = 30.0) -> Fault:
    """Failures of any request with a probability, the same for the same seed."""
    return Fault(kind, 1, 1 << 60, probability, seed, status=code, seconds=seconds)


MALFORMED_ROWS = (
    b"null",
    b'{"downloads":3}',
    b'{"_id":"zz","id":7,"tags":[]}',
    b'{"_id":"zz","id":"sim-odd/tags","tags":"base_model:x"}',
    b'{"_id":"zz","id":"sim-odd/date","createdAt":"yesterday","tags":[null,3]}',
    b'"a row that is text"',
)
"""Rows that no crawler should stumble over; MALFORMED puts all of them at the head of the page."""
