import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import HttpsAnswer, Url
from hauberk.world.dial import Dialer
from hauberk.world.guard import AddressGuard
from hauberk.world.https import HttpsPatience, get
from hauberk.world.politeness import Manners, Politeness
from world.byte_server import Flood, Line, Reset, Stall, StartTls, Step, Wait, dialer_to, issued, server_context, serving

Answer: TypeAlias = HttpsAnswer | NoAnswer
PATIENCE = HttpsPatience(exchange=30.0, fetch=60.0)  # a busy machine is no reason to fail
HURRY = HttpsPatience(exchange=1.0, fetch=4.0)  # for servers that never end
URL = Url("https://mta-sts.example.com/.well-known/mta-sts.txt")
SPEC = CertificateSpec(("mta-sts.example.com",), days_left=-1)
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(POLICY)
REQUEST = (Line(),) * 6  # the request line, four headers, the empty line


async def resolved(_host: str) -> tuple[str, ...]:
    return ("2001:db8::443", "192.0.2.44")


async def fetch(*steps: Step, url: Url = URL, tls: bool = True, patience: HttpsPatience = PATIENCE) -> Answer:
    start: tuple[Step, ...] = (StartTls(server_context(issued(SPEC))), *REQUEST) if tls else ()
    async with serving(*start, *steps) as place:
        return await get(dialer_to(place, "192.0.2.44", 443), url, resolved, patience)


def fetched(*steps: Step, url: Url = URL, tls: bool = True, patience: HttpsPatience = PATIENCE) -> HttpsAnswer:
    answer = asyncio.run(fetch(*steps, url=url, tls=tls, patience=patience))
    assert isinstance(answer, HttpsAnswer)
    return answer


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_a_policy_is_fetched_with_the_chain_that_was_shown(run: Callable[[Coroutine[object, object, Answer]], Answer]) -> None:
    got = run(fetch(OK + POLICY, Wait(0.05)))
    assert isinstance(got, HttpsAnswer)
    assert (got.address, got.status, got.content_type, got.body) == ("192.0.2.44", 200, "text/plain; charset=utf-8", POLICY)
    assert (got.truncated, got.error, got.location) == (False, "", "")
    assert got.tls.completed and got.tls.chain == issued(SPEC).chain and got.tls.server_name == "mta-sts.example.com"


def test_chunks_and_interim_responses_are_understood() -> None:
    got = fetched(
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nvers\r\n3\r\nion\r\n0\r\n\r\n"
    )
    assert (got.status, got.body, got.error) == (200, b"version", "")


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert fetched(b"HTTP/1.0 200 OK\r\n\r\n" + POLICY).body == POLICY


def test_a_redirect_is_recorded_and_not_followed() -> None:
    got = fetched(b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")
    assert (got.status, got.location, got.body) == (301, "https://elsewhere.example/", b"")


def test_a_body_that_is_too_big_is_cut() -> None:
    got = fetched(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", Flood(b"x" * 10_000), url=Url(URL.url, limit=1_000))
    assert (got.status, got.body, got.truncated) == (200, b"x" * 1_000, True)
    assert "1000 octets" in got.error


def test_a_body_of_just_the_limit_is_whole() -> None:
    got = fetched(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100, url=Url(URL.url, limit=100))
    assert (len(got.body), got.truncated, got.error) == (100, False, "")


def test_a_body_that_never_ends_ends_in_time() -> None:
    drips = [step for _ in range(80) for step in (b"x", Wait(0.05))]
    got = fetched(b"HTTP/1.1 200 OK\r\n\r\n", *drips, patience=HURRY)
    assert got.status == 200 and got.body and "did not end within 1 s" in got.error


def test_a_stall_at_any_place_ends_in_time() -> None:
    for steps in ((Stall(),), (b"HTTP/1.1 200 OK\r\nCont", Stall()), (OK + POLICY[:10], Stall())):
        assert "did not end within" in fetched(*steps, patience=HURRY).error
    stalled = fetched(Stall(), tls=False, patience=HURRY)
    assert stalled.status == 0 and not stalled.tls.completed


def test_a_close_or_reset_at_any_place_is_an_error() -> None:
    for steps in ((), (b"HTTP/1.1 200 OK\r\nCont",), (OK + POLICY[:10],), (OK + POLICY[:10], Reset())):
        assert fetched(*steps).error
    closed = fetched(tls=False)
    assert closed.status == 0 and not closed.tls.completed and closed.error


def test_headers_without_end_are_cut() -> None:
    for flood in (b"X-Header: value\r\n" * 100, b"x" * 5_000):
        got = fetched(b"HTTP/1.1 200 OK\r\n", Flood(flood))
        assert got.status == 0 and got.error


def test_interim_responses_without_end_are_cut() -> None:
    got = fetched(Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100))
    assert got.status == 0 and got.error


def test_chunk_framing_without_end_is_cut() -> None:
    got = fetched(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Flood(b"1;" + b"e" * 500 + b"\r\nx\r\n"))
    assert got.truncated and got.error


def test_what_is_no_http_is_said_to_be_none() -> None:
    assert "not HTTP" in fetched(b"220 mx.example.com ESMTP\r\n\r\n").error


def test_what_is_no_tls_has_no_status() -> None:
    got = fetched(b"HTTP/1.1 400 Bad Request\r\n\r\n", tls=False)
    assert got.status == 0 and not got.tls.completed and "not TLS" in got.tls.error


def test_hostile_header_values_are_text_and_bounded() -> None:
    got = fetched(b"HTTP/1.1 200 OK\r\nContent-Type: caf\xe9\r\nLocation: " + b"x" * 9_000 + b"\r\nContent-Length: 0\r\n\r\n")
    assert got.content_type == "caf\\xe9" and len(got.location) == 2_000


@pytest.mark.parametrize(
    "url",
    (
        "http://mta-sts.example.com/",
        "https://mta-sts.example.com:8443/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://user@mta-sts.example.com/",
        "https:///x",
        "https://mta-sts.example.com/ x",
        "https://mta-sts.example.com/é",
        "https://mta_sts..example.com:x/",
        "file:///etc/passwd",
        "",
    ),
)
def test_only_plain_https_urls_are_fetched(url: str) -> None:
    answer = asyncio.run(get(Dialer(AddressGuard(), Politeness(Manners())), Url(url), resolved, HURRY))
    assert isinstance(answer, NoAnswer) and answer.reason is Silence.FORBIDDEN


@given(st.text(max_size=60))
def test_no_text_makes_the_reading_of_a_url_raise(text: str) -> None:
    async def nowhere(_host: str) -> tuple[str, ...] | NoAnswer:
        return ()

    answer = asyncio.run(get(Dialer(AddressGuard(), Politeness(Manners())), Url(f"https://{text}"), nowhere, HURRY))
    assert isinstance(answer, NoAnswer)


def test_guarded_addresses_are_not_fetched_from() -> None:
    async def inside(_host: str) -> tuple[str, ...]:
        return ("169.254.169.254",)

    answer = asyncio.run(get(Dialer(AddressGuard(), Politeness(Manners())), URL, inside, HURRY))
    assert isinstance(answer, NoAnswer) and answer.reason is Silence.FORBIDDEN


def test_a_resolver_that_stalls_is_a_time_out() -> None:
    async def never(_host: str) -> tuple[str, ...]:
        await asyncio.sleep(60)
        return ()

    answer = asyncio.run(get(Dialer(AddressGuard(), Politeness(Manners())), URL, never, HttpsPatience(fetch=0.1)))
    assert isinstance(answer, NoAnswer) and answer.reason is Silence.TIMEOUT
