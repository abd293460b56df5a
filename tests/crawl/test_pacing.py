from __future__ import annotations

import threading

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
        while wait := pace.take(now):
            now += wait
        if opened is None or now >= opened + window:
            opened, used = now, 0
        used += 1
        assert used <= limit
        pace.told(Rate(limit - used, int(opened + window - now), limit), now)
        now += pause


@given(
    limit=st.integers(2, 60),
    window=st.integers(1, 400),
    steps=st.lists(st.tuples(st.floats(0, 30), st.booleans(), st.booleans()), min_size=1, max_size=80),
)
def test_nor_by_two_whose_answers_cross(limit, window, steps):
    """Up to two requests under way; the server counts each as it is sent or only when it is answered."""
    pace, now, opened, used = Pace(), 100.0, None, 0
    under_way: list[Rate | None] = []

    def counted() -> Rate:
        nonlocal opened, used
        if opened is None or now >= opened + window:
            opened, used = now, 0
        used += 1
        assert used <= limit
        return Rate(limit - used, int(opened + window - now), limit)

    def answer() -> None:
        told = under_way.pop(0)
        pace.told(told or counted(), now)

    for pause, at_once, both in steps:
        while len(under_way) > both or (under_way and pace.exclusive):
            answer()
        while wait := pace.take(now):
            now += wait
        under_way.append(counted() if at_once else None)
        now += pause
    while under_way:
        answer()


def test_the_last_of_a_quota_is_not_taken_twice():
    pace, taken = Pace(), []
    assert pace.take(0.0) == 0
    pace.told(Rate(1, 60, 3), 0.0)
    assert pace.take(1.0) == 0
    second = threading.Thread(target=lambda: taken.append(pace.take(2.0)))
    second.start()
    second.join(0.1)
    assert second.is_alive()
    pace.told(Rate(0, 59, 3), 2.0)
    second.join(10)
    assert taken == [60.0]


@given(limit=st.integers(50, 6_000))
def test_a_fiftieth_is_left_to_others(limit):
    assert not Rate(limit // 50 + 1, 10, limit).low
    assert Rate(limit // 50, 10, limit).low


def test_without_a_quota_told_only_its_end_is_low():
    assert Rate(0, 10).low
    assert not Rate(1, 10).low


def test_requests_keep_their_distance():
    pace = Pace(0.5)
    assert pace.take(10.0) == 0
    assert pace.take(10.1) == 10.5 - 10.1
    assert pace.take(11.0) == 0


def test_no_header_makes_it_wait_for_ever():
    pace = Pace()
    assert pace.take(0.0) == 0
    pace.told(Rate(0, 10**12, 500), 0.0)
    assert pace.take(0.0) == LONGEST
