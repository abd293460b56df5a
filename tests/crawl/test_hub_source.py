from __future__ import annotations

import gzip
import json
import logging
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest import parse
from ingest.hub import HubSource, addresses, bodies
from ingest.hub.refusals import refused_fields
from ingest.parse import NotAPage
from ingest.simulated.faults import Kind, once, status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage.errors import HubBusy, LineageError, NotFound, Refused, Unreachable
from tests.crawl.worlds import crowd

SECRET = "hf_averysecrettokenofmine"
FIELDS = addresses.fields(card=True)


@contextmanager
def serving(*answers):
    """A server that gives these (status, headers, body) in turn, the last one for ever; yields its url and log."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, dict(self.headers)))
            code, headers, body = answers[min(len(seen), len(answers)) - 1]
            self.send_response(code)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def first(url):
    return addresses.everything(url, FIELDS)


def test_a_page_its_link_and_what_the_hub_says_of_itself(source_of):
    with SimulatedHub(rows_world(crowd(1_500), label="seed=7; models=1500"), quota=500) as hub:
        source = source_of(hub.url)
        page = source.fetch(first(hub.url), parse.page)
        assert page.content.rows.height == 1_000
        assert page.content.rows["id"][0] == "org0/m0"
        assert page.rate.limit == 500
        assert page.rate.remaining == 499
        assert page.simulated == "seed=7; models=1500"
        assert page.sent is not None
        last = source.fetch(page.next_url, parse.page)
        assert (last.content.rows.height, last.next_url) == (500, None)
        assert source.requests == 2
        assert 0 < source.spending.so_far.bytes < 100_000


@pytest.mark.parametrize("quota", [1, 7, 20, 100])
def test_the_quota_is_never_overdrawn(source_of, clock, quota):
    with SimulatedHub(rows_world(crowd(3)), quota=quota, window=300, clock=clock) as hub:
        source = source_of(hub.url)
        for _ in range(3 * quota):
            source.fetch(first(hub.url), parse.page)
        assert {request.status for request in hub.requests} == {200}
        assert source.requests == 3 * quota
        windows = 3 * quota / (quota - quota // 20)
        assert clock.seconds - 1_000 < 302 * windows + 5


def test_a_429_is_sat_out_to_the_reset_and_not_a_request_earlier(source_of, clock):
    with SimulatedHub(rows_world(crowd(3)), faults=[status(429, first=1, count=2, seconds=57)]) as hub:
        source_of(hub.url).fetch(first(hub.url), parse.page)
        assert [request.status for request in hub.requests] == [429, 429, 200]
        assert clock.slept == [58.0, 58.0]


def test_a_quota_that_others_spent_costs_one_429(source_of, clock):
    with SimulatedHub(rows_world(crowd(3)), quota=5, window=300, clock=clock) as hub:
        spender = source_of(hub.url)
        for _ in range(5):
            spender.fetch(first(hub.url), parse.page)
        other = source_of(hub.url)
        other.fetch(first(hub.url), parse.page)
        assert [request.status for request in hub.requests] == [200] * 5 + [429, 200]


def test_retry_after_is_obeyed(source_of, clock):
    with SimulatedHub(rows_world(crowd(3)), faults=[status(503, first=1, retry_after=17)]) as hub:
        source_of(hub.url).fetch(first(hub.url), parse.page)
        assert clock.slept == [18.0]


def test_waits_double_and_end_after_an_hour(source_of, clock):
    with SimulatedHub(rows_world(crowd(3)), faults=[status(502, first=1, count=10_000)]) as hub:
        source = source_of(hub.url)
        with pytest.raises(HubBusy, match=r"502.*same command"):
            source.fetch(first(hub.url), parse.page)
        assert clock.slept[:4] == [1.0, 2.0, 4.0, 8.0]
        assert max(clock.slept) == 300.0
        assert 3_000 < sum(clock.slept) <= 3_600


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504])
def test_busy_answers_are_tried_again(source_of, code):
    with SimulatedHub(rows_world(crowd(3)), faults=[status(code, first=1, count=3)]) as hub:
        assert source_of(hub.url).fetch(first(hub.url), parse.page).content.rows.height == 3
        assert [request.status for request in hub.requests] == [code] * 3 + [200]


@pytest.mark.parametrize("kind", [Kind.STALL, Kind.TRUNCATED, Kind.HTML, Kind.RESET])
@pytest.mark.parametrize("at", [1, 2])
def test_broken_answers_are_tried_again(source_of, kind, at):
    with SimulatedHub(rows_world(crowd(1_500)), faults=[once(kind, at, seconds=60.0)]) as hub:
        source = source_of(hub.url, timeout=1.5 if kind is Kind.STALL else 60.0)
        page = source.fetch(first(hub.url), parse.page)
        assert source.fetch(page.next_url, parse.page).content.rows.height == 500
        assert source.requests == 3


def test_a_body_cut_inside_a_good_answer_is_tried_again(source_of):
    with serving((200, {}, b'[{"id":"a/b"},{"id":'), (200, {}, b'[{"id":"a/b"}]')) as (url, seen):
        assert source_of(url).fetch(first(url), parse.page).content.rows["id"].to_list() == ["a/b"]
        assert len(seen) == 2


@pytest.mark.parametrize("harm", [lambda good: good[:-9], lambda good: good[:20] + b"?" + good[21:], lambda good: b""])
def test_an_answer_whose_packing_broke_is_tried_again(source_of, harm):
    packing = {"Content-Encoding": "gzip"}
    good = gzip.compress(b'[{"id":"a/b"}, {"id":"c/d"}]')
    with serving((200, packing, harm(good)), (200, packing, good)) as (url, seen):
        got = source_of(url).fetch(first(url), parse.page)
        assert got.content.rows["id"].to_list() == ["a/b", "c/d"]
        assert got.packed == good
        assert len(seen) == 2


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_an_answer_that_unpacks_to_more_than_a_page_can_be_is_dropped(source_of, monkeypatch, packing):
    monkeypatch.setattr(bodies, "MOST", 1 << 20)
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}[packing]
    bomb = pack(b"[" + b" " * (4 << 20) + b"]")
    with serving((200, {"Content-Encoding": packing}, bomb), (200, {}, b'[{"id":"a/b"}]')) as (url, seen):
        assert source_of(url).fetch(first(url), parse.page).content.rows["id"].to_list() == ["a/b"]
        assert len(seen) == 2
    with (
        serving((200, {"Content-Encoding": packing}, bomb)) as (url, _),
        pytest.raises(Unreachable, match="more than 1 MB"),
    ):
        source_of(url).fetch(first(url), parse.page)


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", gzip.compress(b"x" * 100)[:-9], gzip.compress(b" " * (4 << 20))],
    ids=["other", "cut", "large"],
)
def test_a_status_holds_whatever_its_body_is(source_of, clock, monkeypatch, body):
    monkeypatch.setattr(bodies, "MOST", 1 << 20)
    told = {"Content-Encoding": "gzip", "Retry-After": "17"}
    with serving((429, told, body), (200, {}, b'[{"id":"a/b"}]')) as (url, seen):
        source_of(url).fetch(first(url), parse.page)
        assert (len(seen), clock.slept) == (2, [18.0])
    with serving((403, told, body)) as (url, seen):
        with pytest.raises(Refused):
            source_of(url).fetch(first(url), parse.page)
        assert len(seen) == 1


def test_html_for_ever_ends_soon_where_no_good_answer_ever_came(source_of, clock):
    with serving((200, {"Content-Type": "text/html"}, b"<html>Please log in to the hotel's network")) as (url, seen):
        with pytest.raises(NotAPage, match=r"HF_ENDPOINT, a proxy.*kept"):
            source_of(url).fetch(first(url), parse.page)
        assert len(seen) == 3
        assert sum(clock.slept) < 10


def test_nobody_behind_the_address(source_of, clock):
    with serving((200, {}, b"[]")) as (url, _):
        pass
    with pytest.raises(Unreachable, match=r"cannot be reached.*HF_ENDPOINT"):
        source_of(url).fetch(first(url), parse.page)
    assert sum(clock.slept) < 10


def test_silence_is_told_as_such(source_of):
    with SimulatedHub(rows_world(crowd(3)), latency=5.0) as hub, pytest.raises(Unreachable, match="no answer within"):
        source_of(hub.url, timeout=0.1).fetch(first(hub.url), parse.page)


@pytest.mark.parametrize(
    "address", ["", "huggingface.co", "ftp://x", "http://", "http://a b", "https://u@h", "http://h\\@x"]
)
def test_an_endpoint_that_is_no_address(address):
    with pytest.raises(Refused, match="HF_ENDPOINT"):
        HubSource(address, False)


def test_the_token_goes_to_its_endpoint(source_of):
    with SimulatedHub(rows_world(crowd(3)), tokens=[SECRET]) as hub:
        source_of(hub.url, SECRET).fetch(first(hub.url), parse.page)
        assert [request.had_token for request in hub.requests] == [True]


@pytest.mark.parametrize("way", ["link", "redirect", "scheme", "port", "user"])
def test_the_token_goes_nowhere_else(source_of, way):
    with serving((200, {}, b"[]")) as (other, heard):
        place = {
            "link": (200, {"Link": f'<{other}/api/models?cursor=x>; rel="next"'}, b"[]"),
            "redirect": (307, {"Location": f"{other}/api/models"}, b""),
            "scheme": (200, {"Link": '<https://127.0.0.1/api/models>; rel="next"'}, b"[]"),
            "port": (302, {"Location": "//127.0.0.1:1/api/models"}, b""),
            "user": (302, {"Location": f"http://127.0.0.1@{other[7:]}/api/models"}, b""),
        }[way]
        with serving(place) as (url, seen):
            with pytest.raises(Refused) as caught:
                source_of(url, SECRET).fetch(first(url), parse.page)
            assert len(seen) == 1
        assert heard == []
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 500, 302])
def test_the_token_is_in_no_text_whatever_the_server_echoes(source_of, caplog, code):
    caplog.set_level(logging.INFO)
    echo = json.dumps({"error": f"Bearer {SECRET} expand is bad"}).encode()
    headers = {"X-Error-Message": f"no {SECRET}", "X-Request-Id": SECRET}
    if code == 302:
        headers["Location"] = f"http://elsewhere/{SECRET}"
    with serving((code, headers, echo)) as (url, _), pytest.raises(LineageError) as caught:
        source_of(url, SECRET).fetch(first(url), parse.page)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in caplog.text


def test_a_token_that_can_be_none_is_refused_without_showing_it():
    for token in (f"{SECRET}\r\nX-More: 1", f"{SECRET}é", f"two {SECRET}"):
        with pytest.raises(Refused, match="HF_TOKEN") as caught:
            HubSource("http://127.0.0.1:1", token)
        assert SECRET not in str(caught.value)


def test_a_bad_token_says_what_to_try_and_is_not_tried_again(source_of):
    with SimulatedHub(rows_world(crowd(3))) as hub:
        for url in (first(hub.url), addresses.model(hub.url, "org0/m0", FIELDS)):
            with pytest.raises(Refused, match=r"does not accept the token.*HF_TOKEN") as caught:
                source_of(hub.url, SECRET).fetch(url, parse.page)
            assert "Invalid credentials" in str(caught.value)
        assert len(hub.requests) == 2


def test_a_model_that_is_not_shown_is_not_found(source_of):
    with SimulatedHub(rows_world(crowd(3))) as hub:
        with pytest.raises(NotFound, match="nobody/nothing"):
            source_of(hub.url).fetch(addresses.model(hub.url, "nobody/nothing", FIELDS), parse.page)
        assert len(hub.requests) == 1


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"", b"\xff"])
def test_odd_error_bodies_are_still_sentences(source_of, body):
    with serving((404, {}, body)) as (url, _), pytest.raises(Refused, match="404"):
        source_of(url).fetch(first(url), parse.page)


def test_a_renamed_model_is_followed_on_the_same_host(source_of):
    world = rows_world(crowd(3), redirects={"old/name": "org1/m1"})
    with SimulatedHub(world) as hub:
        got = source_of(hub.url).fetch(addresses.model(hub.url, "old/name", FIELDS), json.loads)
        assert got.content["id"] == "org1/m1"
        assert got.hops == 1


def test_redirects_in_a_circle_end(source_of):
    with serving((302, {"Location": "/api/models"}, b"")) as (url, seen):
        with pytest.raises(Refused, match="circle"):
            source_of(url).fetch(first(url), parse.page)
        assert len(seen) == 5


def test_a_refused_field_is_named(source_of):
    with SimulatedHub(rows_world(crowd(3))) as hub:
        with pytest.raises(Refused, match="refuses the field baseModels "):
            source_of(hub.url).fetch(addresses.everything(hub.url, (*FIELDS, "baseModels")), parse.page)
        assert len(hub.requests) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('"expand[1]" must be one of [a, b]', ("two",)),
        ("Invalid option → at expand.2", ("three",)),
        ("expand must be one of one, three, four", ("two",)),
        ("Invalid expand value 'two'. Expected one of: one, three, four", ("two",)),
        ("expand: two is heavy", ("two",)),
        ("expand is wrong", ()),
    ],
)
def test_what_a_400_is_about(message, expected):
    assert refused_fields(("one", "two", "three"), message) == expected


def test_other_bad_requests_are_told_and_not_tried_again(source_of):
    with SimulatedHub(rows_world(crowd(1_500)), faults=[once(Kind.REJECTED, 2)]) as hub:
        source = source_of(hub.url)
        page = source.fetch(first(hub.url), parse.page)
        with pytest.raises(Refused, match=r"Invalid cursor.*--fresh"):
            source.fetch(page.next_url, parse.page)
        assert len(hub.requests) == 2


def test_a_page_that_leads_back_is_asked_for_again(source_of):
    back = (200, {"Link": '</api/models?again>; rel="next"'}, b"[]")
    onward = (200, {"Link": '</api/models?on>; rel="next"'}, b"[]")
    with serving(back, onward) as (url, seen):
        page = source_of(url).fetch(first(url), parse.page, {f"{url}/api/models?again"})
        assert page.next_url == f"{url}/api/models?on"
        assert len(seen) == 2


def test_the_real_hub_gets_three_requests_a_second_at_most(clock):
    assert HubSource(token=False, clock=clock, sleep=clock.sleep)._pace.take(clock()) == 0
    pace = HubSource(token=False)._pace
    assert pace.take(10.0) == 0
    assert pace.take(10.0) == pytest.approx(1 / 3)


def test_offline_mode_is_respected(source_of, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with serving((200, {}, b"[]")) as (url, seen):
        with pytest.raises(Refused, match="HF_HUB_OFFLINE"):
            source_of(url).fetch(first(url), parse.page)
        assert seen == []
