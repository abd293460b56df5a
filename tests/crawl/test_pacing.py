from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.hub.pacing import LONGEST, Pace, Rate


@given(
    limit=st.integers(1, 60),
    window=st.integers(1, 400),
    pauses=st.lists(st.floats(0, 30), min_size=1, max_size=80),
    interval=st.sampled_from([0.0, 1 / 3]),
)
def test_no_fixed_window_is_ever_overdrawn(limit, window, pauses, interval):
    """A server that counts in whole seconds, as the Hub's headers do, against a caller with pauses of its own."""
    pace, now, opened, used = Pace(interval), 100.0, None, 0
    for pause in pauses:
        now += pace.wait(now) + pause
        pace.sent(now)
        if opened is None or now >= opened + window:
            opened, used = now, 0
        used += 1
        assert used <= limit
        pace.told(Rate(limit - used, int(opened + window - now), limit), now)


@given(limit=st.integers(20, 6_000))
def test_a_twentieth_is_left_to_others(limit):
    assert not Rate(limit // 20 + 1, 10, limit).low
    assert Rate(limit // 20, 10, limit).low


def test_without_a_quota_told_only_its_end_is_low():
    assert Rate(0, 10).low
    assert not Rate(1, 10).low


def test_requests_keep_their_distance():
    pace = Pace(0.5)
    assert pace.wait(10.0) == 0
    pace.sent(10.0)
    assert pace.wait(10.1) == 0.5 - (10.1 - 10.0)
    assert pace.wait(11.0) == 0


def test_no_header_makes_it_wait_for_ever():
    pace = Pace()
    pace.told(Rate(0, 10**12, 500), 0.0)
    assert pace.wait(0.0) == LONGEST
