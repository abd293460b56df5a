from __future__ import annotations

import httpx2
import orjson
import pytest
from huggingface_hub.utils import parse_ratelimit_headers

from ingest.simulated.faults import MALFORMED_ROWS, Fault, Kind, often, once, status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World

QUERY = "/api/models?sort=createdAt&direction=1&limit=500&expand=likes"


def ids(answer: httpx2.Response) -> list[str]:
    return [row["id"] for row in answer.json()]


def following(answer: httpx2.Response) -> str:
    return str(answer.links["next"]["url"])


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_statuses_strike_the_numbered_requests_only(small: World, web: httpx2.Client, code: int) -> None:
    with SimulatedHub(small, faults=[status(code, first=2, count=2, retry_after=4)]) as hub:
        answers = [web.get(hub.url + QUERY) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, code, code, 200]
    assert answers[1].headers["Retry-After"] == "4"


def test_a_storm_of_429_says_how_long_to_wait(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[status(429, count=3, seconds=17)]) as hub:
        answers = [web.get(hub.url + QUERY) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429] * 3 + [200]
    told = parse_ratelimit_headers(answers[0].headers)
    assert told is not None
    assert (told.remaining, told.reset_in_seconds) == (0, 17)


def test_a_stall_outlasts_the_clients_patience_but_not_the_server(small: World) -> None:
    with SimulatedHub(small, faults=[once(Kind.STALL, 1, seconds=600)]) as hub:
        with httpx2.Client(timeout=0.3) as web, pytest.raises(httpx2.ReadTimeout):
            web.get(hub.url + QUERY)
        with httpx2.Client(timeout=60) as web:
            assert web.get(hub.url + QUERY).status_code == 200


def test_a_truncated_body_and_a_reset_break_the_connection(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.TRUNCATED, 1), once(Kind.RESET, 2)]) as hub:
        for _ in range(2):
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                web.get(hub.url + QUERY)
        assert web.get(hub.url + QUERY).status_code == 200
        assert [logged.status for logged in hub.requests] == [200, 0, 200]


def test_html_with_status_200(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.HTML, 1)]) as hub:
        answer = web.get(hub.url + QUERY)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")


def test_malformed_rows_ride_on_a_whole_page(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.MALFORMED, 1)]) as hub:
        odd, sound = web.get(hub.url + QUERY), web.get(hub.url + QUERY)
    assert odd.json() == [*(orjson.loads(row) for row in MALFORMED_ROWS), *sound.json()]
    assert following(odd) == following(sound)


def test_a_page_comes_twice(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.DUPLICATE, 2)]) as hub:
        first = web.get(hub.url + QUERY)
        second = web.get(following(first))
        again = web.get(following(second))
        third = web.get(following(again))
    assert ids(second) == ids(again)
    assert not set(ids(third)) & set(ids(again))


def test_a_page_goes_missing(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.MISSING, 2)]) as hub:
        first = web.get(hub.url + QUERY)
        hole = web.get(following(first))
        second = web.get(following(first))
        third = web.get(following(second))
    assert ids(hole) == ids(third)


def test_a_cursor_is_rejected_and_a_first_page_is_not(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[Fault(Kind.REJECTED, count=99)]) as hub:
        first = web.get(hub.url + QUERY)
        refused = web.get(following(first))
    assert (first.status_code, refused.status_code) == (200, 400)


def test_the_list_ends_early(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[once(Kind.EARLY_END, 1)]) as hub:
        assert "Link" not in web.get(hub.url + QUERY).headers
        assert "Link" in web.get(hub.url + QUERY).headers


def test_chance_is_the_same_for_the_same_seed() -> None:
    fault = often(Kind.STATUS, 0.2, seed=5, code=502)
    struck = [number for number in range(1, 1_001) if fault.strikes(number)]
    assert 150 < len(struck) < 250
    assert struck == [n for n in range(1, 1_001) if often(Kind.STATUS, 0.2, seed=5, code=502).strikes(n)]
    assert struck != [n for n in range(1, 1_001) if often(Kind.STATUS, 0.2, seed=6, code=502).strikes(n)]


def test_a_fault_of_one_path_leaves_others_alone(small: World, web: httpx2.Client) -> None:
    with SimulatedHub(small, faults=[Fault(Kind.STATUS, count=9, path="/datasets/", status=503)]) as hub:
        assert web.get(hub.url + QUERY).status_code == 200
        assert web.get(f"{hub.url}/datasets/a/b/resolve/main/f").status_code == 503
