"""Keys from the recipient's own domain: where they lie, over TLS that verifies, and that no answer is no key."""

import asyncio
import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pysequoia
import pytest

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.system.gateway.openpgp import OpenPgpKey, key_of
from hauberk.system.gateway.wkd import Place, Wkd, places, route, zbase32

ADDRESS = "joe.doe@example.org"
ADVANCED, DIRECT = places(ADDRESS)


@cache
def pki() -> Pki:
    return Pki(datetime.now(UTC))


@cache
def key(address: str = ADDRESS) -> pysequoia.Cert:
    return pysequoia.Tsk.generate(f"Joe <{address}>", profile=pysequoia.Profile.RFC4880).extract_certificate()


def response(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """A web server on loopback for one host; names that are `missing` do not exist."""

    def __init__(
        self, folder: Path, answer: bytes, host: str = ADVANCED.host, issuer: str = "trusted", missing: tuple[str, ...] = ()
    ) -> None:
        issued = pki().issue(CertificateSpec((host,), issuer=issuer))
        (folder / "own.pem").write_bytes(issued.key_pem + issued.chain_pem)
        (folder / "ca.pem").write_bytes(pki().anchor_pem)
        self.asked: list[str] = []
        self._anchors = str(folder / "ca.pem")
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "own.pem")
        self._answer = answer
        self._missing = missing

    def find(self, *addresses: str, seconds: float = 5) -> list[tuple[OpenPgpKey, ...]]:
        """What is found for each address, one after the other."""

        async def ask() -> list[tuple[OpenPgpKey, ...]]:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
            port: int = server.sockets[0].getsockname()[1]

            async def way(name: str) -> tuple[tuple[str, int], ...]:
                if name in self._missing:
                    raise OSError("no such name")
                return (("127.0.0.1", port),)

            looked = Wkd(seconds, self._anchors, way)
            async with server:
                return [await looked.keys(address) for address in addresses]

        return asyncio.run(ask())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self._answer)
            await writer.drain()
            if not self._answer:
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def test_the_places_of_the_drafts_own_example() -> None:
    advanced, direct = places("Joe.Doe@example.org")
    assert direct == Place("example.org", "/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe")
    assert advanced.host == "openpgpkey.example.org"
    assert advanced.path == "/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"
    assert zbase32(b"") == "" and zbase32(b"\0") == "yy" and zbase32(b"\xf0\xbf\xc7") == "6n9hq"


def test_a_published_key_is_found_and_asked_for_once(tmp_path: Path) -> None:
    server = Server(tmp_path, response(bytes(key())))
    first, second = server.find(ADDRESS, ADDRESS)
    assert [one.fingerprint for one in first] == [key().fingerprint] and second == first
    (request,) = server.asked
    assert request.startswith(f"GET {ADVANCED.path} HTTP/1.1\r\n") and "Host: openpgpkey.example.org" in request


def test_the_direct_place_counts_where_the_other_host_does_not_exist(tmp_path: Path) -> None:
    server = Server(tmp_path, response(bytes(key())), host=DIRECT.host, missing=(ADVANCED.host,))
    assert [one.fingerprint for one in server.find(ADDRESS)[0]] == [key().fingerprint]
    assert server.asked[0].startswith(f"GET {DIRECT.path} ")


@pytest.mark.parametrize(
    "answer",
    (
        response(bytes(key("somebody@example.org"))),
        response(b"<html>"),
        response(b""),
        response(bytes(key()), b"404 Not Found"),
        b"HTTP/1.1 302 Found\r\nLocation: https://example.org/key\r\nContent-Length: 0\r\n\r\n",
        response(bytes(1_100_000)),
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\ncut off",
        b"220 mail.example.org ESMTP\r\n",
    ),
    ids=("another-address", "a-page", "nothing", "not-found", "redirect", "too-long", "cut-off", "not-http"),
)
def test_what_is_no_key_for_the_address_is_none(tmp_path: Path, answer: bytes) -> None:
    assert Server(tmp_path, answer).find(ADDRESS) == [()]


def test_a_server_that_cannot_prove_who_it_is_is_not_believed(tmp_path: Path) -> None:
    for server in (
        Server(tmp_path, response(bytes(key())), issuer="unknown"),
        Server(tmp_path, response(bytes(key())), host="other.example.org"),
    ):
        assert server.find(ADDRESS) == [()] and server.asked == []


def test_silence_ends_and_is_remembered(tmp_path: Path) -> None:
    server = Server(tmp_path, b"")
    assert server.find(ADDRESS, ADDRESS, seconds=2) == [(), ()] and len(server.asked) == 1
    assert Server(tmp_path, b"", missing=(ADVANCED.host, DIRECT.host)).find(ADDRESS) == [()]


@pytest.mark.parametrize("address", (f"joe@{'a' * 64}.example", "joe@example..org", "jo\udcffe@example.org"))
def test_an_address_that_no_host_can_be_named_after_has_no_key(address: str) -> None:
    assert asyncio.run(Wkd(5).keys(address)) == ()


def test_no_address_of_ones_own_network_is_dialled() -> None:
    assert asyncio.run(route("localhost")) == ()


def test_a_private_key_that_somebody_publishes_is_none(tmp_path: Path) -> None:
    secret = pysequoia.Tsk.generate(f"Joe <{ADDRESS}>")
    assert Server(tmp_path, response(bytes(secret))).find(ADDRESS) == [()]
    assert key_of(secret.extract_certificate()).addresses == (ADDRESS,)
