import asyncio
import base64
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from msgspec import UNSET

from hauberk.lab.pki import CertificateSpec
from hauberk.model.transport import TlsHandshake
from hauberk.protocols.ffdhe import named_prime
from hauberk.world.dial import Stream
from hauberk.world.tls import TlsFailure, TlsStream
from lab.ports import free_port
from world.byte_server import Line, Stall, StartTls, Step, dialer_to, issued, server_context, serving

V = ssl.TLSVersion
RSA = CertificateSpec(("mx.example.com",), key="rsa2048")


def ffdhe2048() -> bytes:
    """The parameters in PEM."""
    der = bytes.fromhex("3082010802820101") + named_prime(2048).to_bytes(257) + bytes.fromhex("020102")
    return b"-----BEGIN DH PARAMETERS-----\n" + base64.encodebytes(der) + b"-----END DH PARAMETERS-----\n"


def first_flight() -> bytes:
    """What a TLS 1.2 server sends in answer to the first hello."""
    client_out, server_in, server_out = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    client = context.wrap_bio(ssl.MemoryBIO(), client_out)
    server = server_context(issued(RSA), (V.TLSv1_2, V.TLSv1_2)).wrap_bio(server_in, server_out, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    server_in.write(client_out.read())
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    return server_out.read()


FIRST_FLIGHT = first_flight()


async def shake_hands(steps: tuple[Step, ...], seconds: float = 5.0) -> TlsHandshake:
    async with serving(*steps) as place, dialer_to(place).dial("192.0.2.25", 25) as stream:
        assert isinstance(stream, Stream)
        tls = TlsStream(stream, "mx.example.com")
        heard = b""
        try:
            async with asyncio.timeout(seconds):
                await tls.handshake()
                tls.send(b"hello\r\n")
                heard = await tls.receive()
        except (TlsFailure, TimeoutError, OSError):
            pass
        tls.close()
        return tls.observed(waited=bool(heard))


def observed(context: ssl.SSLContext) -> TlsHandshake:
    return asyncio.run(shake_hands((StartTls(context), Line(), b"hello\r\n", Line())))


@pytest.mark.parametrize(
    ("version", "ciphers", "key", "name", "suite", "group"),
    (
        (V.TLSv1_3, "ALL", "ec256", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519"),
        (V.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "ec256", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "x25519"),
        (V.TLSv1_2, "ECDHE-RSA-CHACHA20-POLY1305", "rsa2048", "TLSv1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "x25519"),
        (V.TLSv1_2, "AES128-SHA", "rsa2048", "TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", ""),
        (V.TLSv1_2, "CAMELLIA256-SHA", "rsa2048", "TLSv1.2", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA", ""),
        (V.TLSv1_1, "ALL", "rsa2048", "TLSv1.1", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "x25519"),
        (V.TLSv1, "ALL", "rsa2048", "TLSv1", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "x25519"),
    ),
)
def test_version_suite_and_group_have_their_iana_names(
    version: ssl.TLSVersion, ciphers: str, key: str, name: str, suite: str, group: str
) -> None:
    certificate = issued(CertificateSpec(("mx.example.com",), key=key))
    seen = observed(server_context(certificate, (version, version), f"{ciphers}:@SECLEVEL=0"))
    assert (seen.completed, seen.version, seen.suite, seen.group, seen.error) == (True, name, suite, group, "")
    assert seen.server_name == "mx.example.com"
    assert seen.chain == certificate.chain


@pytest.mark.parametrize("curve", ("prime256v1", "secp384r1", "secp521r1"))
@pytest.mark.parametrize("version", (V.TLSv1_2, V.TLSv1_3))
def test_the_servers_curve_is_named(curve: str, version: ssl.TLSVersion) -> None:
    context = server_context(issued(RSA), (version, version))
    context.set_ecdh_curve(curve)
    assert observed(context).group == curve.replace("prime256v1", "secp256r1")


def test_finite_field_groups_are_named_where_they_have_a_name(tmp_path: Path) -> None:
    context = server_context(issued(RSA), (V.TLSv1_2, V.TLSv1_2), "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0")
    file = tmp_path / "dh.pem"
    file.write_bytes(ffdhe2048())
    context.load_dh_params(str(file))
    seen = observed(context)
    assert (seen.completed, seen.suite, seen.group) == (True, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "ffdhe2048")


@pytest.mark.parametrize("version", (V.TLSv1_2, V.TLSv1_3))
@pytest.mark.parametrize("tickets", (True, False))
def test_an_offer_to_resume_is_seen(version: ssl.TLSVersion, tickets: bool) -> None:
    context = server_context(versions=(version, version), session_tickets=tickets)
    # A TLS 1.2 server without tickets keeps sessions by id and offers one.
    assert observed(context).resumption is (tickets or version is V.TLSv1_2)


def test_what_a_ticket_says_of_early_data_is_read() -> None:
    without = observed(server_context(versions=(V.TLSv1_3, V.TLSv1_3)))
    assert without.max_early_data == 0
    assert observed(server_context(versions=(V.TLSv1_3, V.TLSv1_3), session_tickets=False)).max_early_data is UNSET
    assert observed(server_context(versions=(V.TLSv1_2, V.TLSv1_2))).max_early_data is UNSET


def test_openssls_offer_of_early_data_is_seen(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "both.pem").write_bytes(issued(RSA).key_pem + issued(RSA).chain_pem)
    port = free_port()
    command = ("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "both.pem", "-early_data", "-max_early_data", "16384")

    async def scenario(server: "subprocess.Popen[bytes]") -> TlsHandshake:
        assert server.stdout is not None and server.stdin is not None
        for _ in iter(server.stdout.readline, b"ACCEPT\n"):  # it listens then
            assert server.poll() is None
        async with dialer_to(("127.0.0.1", port)).dial("192.0.2.25", 25) as stream:
            assert isinstance(stream, Stream)
            tls = TlsStream(stream, "mx.example.com")
            async with asyncio.timeout(5.0):
                await tls.handshake()
                server.stdin.write(b"hello\n")
                server.stdin.flush()
                await tls.receive()
            return tls.observed(waited=True)

    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            seen = asyncio.run(scenario(server))
        finally:
            server.kill()
    assert (seen.version, seen.resumption, seen.max_early_data) == ("TLSv1.3", True, 16_384)


def test_without_application_data_a_missing_ticket_says_nothing() -> None:
    context = server_context(versions=(V.TLSv1_3, V.TLSv1_3), session_tickets=False)
    assert asyncio.run(shake_hands((StartTls(context), Stall()), 0.2)).resumption is None


@pytest.mark.parametrize("cut", range(5, 700, 97))
def test_a_handshake_cut_anywhere_gives_what_was_learnt(cut: int) -> None:
    seen = asyncio.run(shake_hands((FIRST_FLIGHT[:cut],)))
    assert not seen.completed and seen.error
    assert seen.suite == ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" if cut > 100 else "")
    assert seen.version == ("TLSv1.2" if cut > 100 else "")


def test_a_version_that_is_too_old_for_us_is_named() -> None:
    hello = b"\x03\x00" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"
    message = b"\x02" + len(hello).to_bytes(3) + hello
    seen = asyncio.run(shake_hands((Line(), b"\x16\x03\x00" + len(message).to_bytes(2) + message), 0.5))
    assert not seen.completed and seen.version == ""
    assert "the server chose SSLv3" in seen.error


def test_a_flood_during_the_handshake_is_cut() -> None:
    record = b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(16_380)
    seen = asyncio.run(shake_hands((record * 40,)))
    assert not seen.completed and seen.error
