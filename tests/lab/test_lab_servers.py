"""The lab's mail and web servers behave and misbehave as they are meant to. smtplib and ssl look."""

import http.client
import smtplib
import socket
import ssl
import warnings

import pytest

from hauberk.lab.internet import Lab


def place(lab: Lab, address: str, port: int = 25) -> tuple[str, int]:
    return lab.routes[(address, port)]


def at(lab: Lab, host: str) -> tuple[str, int]:
    return "127.0.0.1", lab.mail[host][0].port


def trusting(lab: Lab) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(lab.anchor_pem_path))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def starttls(lab: Lab, host: str, context: ssl.SSLContext) -> str | None:
    """The version agreed upon; raises what ssl and smtplib raise."""
    with socket.create_connection(at(lab, host), timeout=5) as connection:
        file = connection.makefile("rwb")
        file.readline()
        for command in (b"EHLO scanner.example\r\n", b"STARTTLS\r\n"):
            file.write(command)
            file.flush()
            while file.readline()[3:4] == b"-":
                pass
        with context.wrap_socket(connection, server_hostname=host) as encrypted:
            encrypted.sendall(b"EHLO scanner.example\r\n")
            assert encrypted.recv(4096).startswith(b"250-")
            encrypted.sendall(b"QUIT\r\n")
            return encrypted.version()


@pytest.mark.parametrize("address", ["192.0.2.11", "2001:db8::11", "198.51.100.11", "2001:db8:51::11"])
def test_exemplary_is_reachable_at_every_address_and_verifies(lab: Lab, address: str) -> None:
    host = "mx1.exemplary.test" if (address.endswith("::11") and "51" not in address) or address == "192.0.2.11" else "mx2.exemplary.test"
    with smtplib.SMTP(*place(lab, address), timeout=5) as client:
        code, greeting = client.ehlo("scanner.example")
        assert code == 250 and greeting.startswith(host.encode()) and client.has_extn("starttls")
        client._host = host  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
        client.starttls(context=trusting(lab))
        assert client.ehlo("scanner.example")[0] == 250 and not client.has_extn("starttls")


def test_typical_verifies_with_tls_12_and_13(lab: Lab) -> None:
    assert starttls(lab, "mail.typical.test", trusting(lab)) == "TLSv1.3"
    old = trusting(lab)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert starttls(lab, "mail.typical.test", old) == "TLSv1.2"


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("mx.expired.test", "expired"),
        ("mx.self-signed.test", "self-signed"),
        ("mx.unknown-issuer.test", "unable to get local issuer|self-signed certificate in certificate chain"),
        ("mx.no-intermediate.test", "unable to get local issuer"),
        ("mx.wrong-name.test", "Hostname mismatch"),
        ("mx2.bad.test", "self-signed|expired|too weak"),
    ],
)
def test_certificates_fail_for_the_reason_given(lab: Lab, host: str, reason: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        starttls(lab, host, trusting(lab))


def test_a_server_of_tls_10_speaks_nothing_else(lab: Lab) -> None:
    with pytest.raises(ssl.SSLError):
        starttls(lab, "mx.tls10.test", trusting(lab))
    old = trusting(lab)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
    assert starttls(lab, "mx.tls10.test", old) == "TLSv1"


@pytest.mark.parametrize(
    ("host", "code"), [("mx.greylisting.test", 450), ("mx.blocked.test", 554), ("mx.busy.test", 421), ("mx1.exemplary.test", 220)]
)
def test_greetings(lab: Lab, host: str, code: int) -> None:
    client = smtplib.SMTP(timeout=8)
    assert client.connect(*at(lab, host))[0] == code
    client.close()


def test_starttls_can_be_absent_or_refused(lab: Lab) -> None:
    with smtplib.SMTP(*at(lab, "mx.no-starttls.test"), timeout=5) as client:
        client.ehlo("scanner.example")
        assert not client.has_extn("starttls") and client.docmd("STARTTLS")[0] == 500
    with smtplib.SMTP(*at(lab, "mx.tls-unavailable.test"), timeout=5) as client:
        assert client.docmd("EHLO", "scanner.example")[0] == 250 and client.docmd("STARTTLS")[0] == 454


@pytest.mark.parametrize("host", ["mx.closing.test", "mx.handshake-fails.test", "mx.tls-garbage.test"])
def test_handshakes_that_do_not_come_about(lab: Lab, host: str) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        starttls(lab, host, trusting(lab))


def test_a_handshake_can_stall(lab: Lab) -> None:
    with socket.create_connection(at(lab, "mx.handshake-stalls.test"), timeout=0.5) as connection:
        connection.recv(1000)
        connection.sendall(b"STARTTLS\r\n")
        assert connection.recv(1000).startswith(b"220 ")
        connection.sendall(b"\x16\x03\x01\x00\x05hello")
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_servers_that_misbehave_from_the_start(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(at(lab, "mx.down.test"), timeout=5)
    with socket.create_connection(at(lab, "mx.stalling.test"), timeout=0.2) as connection, pytest.raises(TimeoutError):
        connection.recv(1)
    with socket.create_connection(at(lab, "mx.hanging-up.test"), timeout=5) as connection:
        assert connection.recv(100) == b""
    with socket.create_connection(at(lab, "mx.resetting.test"), timeout=5) as connection, pytest.raises(ConnectionResetError):
        connection.recv(100)
    with socket.create_connection(at(lab, "mx.garbage.test"), timeout=5) as connection:
        assert connection.recv(100)[:2] == b"\x00\xff"
    with socket.create_connection(at(lab, "mx.megabyte-banner.test"), timeout=5) as connection:
        received = 0
        while received < 1_000_000:
            received += len(connection.recv(65_536))
    with socket.create_connection(at(lab, "mx.endless-banner.test"), timeout=5) as connection:
        assert b"\r\n220 " not in connection.recv(100_000)


@pytest.mark.parametrize("host", ["mx1.exemplary.test", "mx.injection.test"])
def test_text_sent_with_starttls_is_obeyed_only_by_the_faulty_server(lab: Lab, host: str) -> None:
    with socket.create_connection(at(lab, host), timeout=5) as connection:
        connection.recv(1000)
        connection.sendall(b"EHLO scanner.example\r\n")
        connection.recv(1000)
        connection.sendall(b"STARTTLS\r\nRSET\r\n")
        assert connection.recv(1000).startswith(b"220 ")
        with trusting(lab).wrap_socket(connection, server_hostname=host) as encrypted:
            encrypted.settimeout(0.3)
            if host == "mx.injection.test":
                assert encrypted.recv(100).startswith(b"250 ")
            else:
                with pytest.raises(TimeoutError):
                    encrypted.recv(100)


def test_a_mail_server_does_not_relay(lab: Lab) -> None:
    with smtplib.SMTP(*at(lab, "mx1.exemplary.test"), timeout=5) as client:
        client.ehlo("scanner.example")
        assert client.mail("a@scanner.example")[0] == 250
        assert client.rcpt("b@elsewhere.example")[0] == 554


def fetch(lab: Lab, host: str, path: str = "/.well-known/mta-sts.txt", context: ssl.SSLContext | None = None) -> http.client.HTTPResponse:
    address = {"mta-sts.exemplary.test": "192.0.2.80", "brand.exemplary.test": "2001:db8::80"}.get(host, "203.0.113.80")
    connection = (context or trusting(lab)).wrap_socket(socket.create_connection(place(lab, address, 443), timeout=5), server_hostname=host)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    connection.close()  # the response keeps its own file
    return response


def test_policies_are_served_by_name(lab: Lab) -> None:
    policy = fetch(lab, "mta-sts.exemplary.test")
    assert policy.status == 200 and policy.getheader("Content-Type") == "text/plain" and b"mode: enforce\r\n" in policy.read()
    assert b"mode: testing\n" in fetch(lab, "mta-sts.mta-sts-testing.test").read()
    logo = fetch(lab, "brand.exemplary.test", "/logo.svg")
    assert logo.getheader("Content-Type") == "image/svg+xml" and b"tiny-ps" in logo.read()


def test_policies_with_faults(lab: Lab) -> None:
    redirect = fetch(lab, "mta-sts.mta-sts-redirect.test")
    assert redirect.status == 301 and redirect.getheader("Location") == "https://www.mta-sts-redirect.test/mta-sts.txt"
    assert fetch(lab, "mta-sts.mta-sts-html.test").getheader("Content-Type") == "text/html"
    assert fetch(lab, "mta-sts.mta-sts-absent.test").status == 404
    endless = fetch(lab, "mta-sts.mta-sts-endless.test")
    assert len(endless.read(200_000)) == 200_000
    endless.close()
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        fetch(lab, "mta-sts.mta-sts-untrusted.test")


def test_sessions_are_counted(lab: Lab) -> None:
    log = lab.mail["mx.ipv4-only.test"][0].log
    before = log.connections
    with smtplib.SMTP(*at(lab, "mx.ipv4-only.test"), timeout=5) as client:
        client.ehlo("scanner.example")
        assert log.at_once == 1
    assert log.connections == before + 1 and log.said[:2] == ["ehlo scanner.example", "QUIT"]
