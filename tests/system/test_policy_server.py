"""The MTA-STS policy server: one path, any number of bad clients, files that change under it."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.policy_server import PATH, PolicyServer, Settings, answer
from hauberk.system.stage.pki import Authority

T = TypeVar("T")
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.corp.test\r\nmax_age: 604800\r\n"
GET = b"GET " + PATH + b" HTTP/1.1\r\nHost: mta-sts.corp.test\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Test", datetime.now(UTC))


@pytest.fixture
def settings(tmp_path: Path, authority: Authority) -> Settings:
    leaf = authority.issue("mta-sts.corp.test")
    files = {"policy": POLICY, "certificate": leaf.chain_pem, "key": leaf.key_pem, "root": authority.root_pem}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return Settings(tmp_path / "policy", tmp_path / "certificate", tmp_path / "key", ("127.0.0.1",), 0)


def served(settings: Settings, work: Callable[[PolicyServer, int], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with PolicyServer(settings) as server:
            return await work(server, server.ports[0])

    return asyncio.run(inside())


async def asked(settings: Settings, port: int, octets: bytes) -> bytes:
    context = ssl.create_default_context(cafile=str(settings.policy.with_name("root")))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="mta-sts.corp.test")
    writer.write(octets)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def test_the_policy_comes_over_verified_tls(settings: Settings) -> None:
    got = served(settings, lambda server, port: asked(settings, port, GET))
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK") and b"Content-Type: text/plain" in head and body == POLICY


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1", b"404"),
        (b"GET " + PATH + b"/../x HTTP/1.1", b"404"),
        (b"GET /etc/passwd HTTP/1.0", b"404"),
        (b"POST " + PATH + b" HTTP/1.1", b"405"),
        (b"nonsense", b"400"),
        (b"GET " + PATH + b" HTTP/9.9", b"400"),
    ],
)
def test_nothing_else_is_served(request_line: bytes, status: bytes) -> None:
    got = answer(request_line + b"\r\n\r\n", POLICY)
    assert got.startswith(b"HTTP/1.1 " + status) and POLICY not in got


def test_head_has_no_body() -> None:
    got = answer(GET.replace(b"GET", b"HEAD", 1), POLICY)
    assert got.startswith(b"HTTP/1.1 200") and got.endswith(b"\r\n\r\n") and f"Content-Length: {len(POLICY)}".encode() in got


@given(st.binary(max_size=300))
def test_any_octets_get_one_whole_answer_and_never_the_policy_by_accident(octets: bytes) -> None:
    got = answer(octets, POLICY)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ") and (POLICY not in body or octets.startswith((b"GET " + PATH + b" ", b"HEAD ")))


def test_a_request_without_end_is_cut_off(settings: Settings) -> None:
    assert b" 431 " in served(settings, lambda server, port: asked(settings, port, b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000))


def test_clear_text_gets_nothing(settings: Settings) -> None:
    def talk(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.sendall(GET)
            try:
                return plain.recv(100)
            except ConnectionError:
                return b""

    got = served(settings, lambda server, port: asyncio.to_thread(talk, port))
    assert b"STSv1" not in got


def test_a_new_policy_is_read_on_demand_and_a_broken_one_is_not(settings: Settings) -> None:
    changed = POLICY.replace(b"enforce", b"testing")

    async def work(server: PolicyServer, port: int) -> bytes:
        settings.policy.write_bytes(changed)
        server.load()
        settings.policy.write_bytes(b"")
        with pytest.raises(ValueError, match="no MTA-STS policy"):
            server.load()
        settings.key.write_bytes(b"broken")
        with pytest.raises((OSError, ValueError)):
            server.load()
        return await asked(settings, port, GET)

    assert served(settings, work).endswith(changed)
