"""The lab's servers speak TLS on every Python that Hauberk runs on."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.lab.tls import restrict

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Python3112(ssl.SSLContext):
    """Debian 12's: the curves of RFC 7748 are unknown to `set_ecdh_curve`."""

    def set_ecdh_curve(self, name: str, /) -> None:
        if name in ("X25519", "X448"):
            raise ssl.SSLError("[EC: UNKNOWN_GROUP] unknown group")
        super().set_ecdh_curve(name)


def agree(server: ssl.SSLContext) -> None:
    """A handshake with a client that has P-256 only. Raises `ssl.SSLError` where the server has not got it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ecdh_curve("prime256v1")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True))
    for end in (*ends, *ends):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue


@pytest.mark.parametrize(("kind", "has_p256"), [(ssl.SSLContext, False), (Python3112, True)])
def test_a_server_has_x25519_alone_or_p256_where_python_does_not_take_it(
    kind: type[ssl.SSLContext], has_p256: bool, tmp_path: Path
) -> None:
    context = kind(ssl.PROTOCOL_TLS_SERVER)
    issued = Pki(AT).issue(CertificateSpec(("mx.example.com",)))
    (tmp_path / "chain.pem").write_bytes(issued.key_pem + issued.chain_pem)
    context.load_cert_chain(tmp_path / "chain.pem")
    if kind is ssl.SSLContext:
        try:
            context.set_ecdh_curve("X25519")
        except ssl.SSLError:
            pytest.skip("this Python does not take X25519")
    restrict(context, "X25519")
    if has_p256:
        agree(context)
    else:
        with pytest.raises(ssl.SSLError):
            agree(context)


def test_a_curve_that_was_asked_for_is_not_exchanged_for_another() -> None:
    with pytest.raises(ssl.SSLError):
        restrict(Python3112(ssl.PROTOCOL_TLS_SERVER), "X448")
