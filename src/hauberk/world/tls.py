"""One real TLS handshake that accepts everything and writes down what the server chose.

Theory of operation: OpenSSL (the one inside the cryptography wheel) works on memory buffers, we carry the octets. Nothing is verified
here: a certificate is evidence, and judging comes later. Everything that the server sends in the clear is read from the octets as well
(`protocols.tls.flight`), so that a handshake that fails still tells what was learnt until then.
"""

import re
from dataclasses import replace
from functools import cache

from cryptography.hazmat.bindings.openssl.binding import Binding
from msgspec import UNSET, UnsetType
from OpenSSL import SSL, crypto

from hauberk.model.transport import TlsHandshake
from hauberk.protocols.tls.flight import ServerFlight, alert_name, read_flight
from hauberk.protocols.tls.groups import group_name
from hauberk.protocols.tls.registry import VERSIONS, suite_name
from hauberk.world.dial import Stream

_CHUNK = 16_384
_MOST_IN_CLEAR = 262_144
_MOST_CERTIFICATES = 20
_MOST_CHAIN_OCTETS = 131_072
_OP_LEGACY_SERVER_CONNECT = 0x4
_OP_IGNORE_UNEXPECTED_EOF = 0x80
_REFUSAL = re.compile(r"\balert\b|no renegotiation")  # in OpenSSL's words
_TICKET_STATE = b"read server session ticket"
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_OLD_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2")


class TlsFailure(Exception):
    """The handshake or the protected stream broke; the text says how."""


class ClosedFailure(TlsFailure):
    """The other side closed the connection where its part of a handshake should have come."""


class NotTlsFailure(TlsFailure):
    """What came is not TLS at all."""


@cache
def _context(protocol: bytes, short_hello: bool) -> SSL.Context:
    """All that this OpenSSL can do, old and weak included, but with a certificate: anonymous suites would show us none."""
    context = SSL.Context(SSL.TLS_METHOD)
    if short_hello:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    else:
        context.set_info_callback(_note_ticket)  # those of TLS 1.2 come in clear
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"ALL:!aNULL:!eNULL:@SECLEVEL=0")
    context.set_options(_OP_LEGACY_SERVER_CONNECT | _OP_IGNORE_UNEXPECTED_EOF)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    if protocol:
        context.set_alpn_protos([protocol])
    return context


def _note_ticket(connection: SSL.Connection, where: int, _value: int) -> None:
    if where & SSL.SSL_CB_LOOP and connection.get_state_string().endswith(_TICKET_STATE):
        connection.set_app_data(True)


def _may_be_sni(name: str) -> bool:
    """RFC 6066, 3: a host name in ASCII and no address literal."""
    return bool(_HOST_NAME.fullmatch(name)) and not name.replace(".", "").isdigit()


class TlsStream:
    """TLS over a stream, client side. `server_name` goes into SNI if it is a host name; `protocol` (ALPN) is empty for SMTP.

    A hello with a post-quantum key share has some 1,500 octets; `short_hello` offers TLS 1.2 at most and has a few hundred.
    """

    def __init__(self, stream: Stream, server_name: str, protocol: bytes = b"", *, short_hello: bool = False) -> None:
        self._stream = stream
        self._server_name = server_name if _may_be_sni(server_name) else ""
        self._connection = SSL.Connection(_context(protocol, short_hello), None)
        if self._server_name:
            self._connection.set_tlsext_host_name(self._server_name.encode())
        self._connection.set_connect_state()
        self._in_clear: bytearray | None = bytearray()
        self._handshake = TlsHandshake(completed=False, server_name=self._server_name, error="the handshake did not end")

    async def handshake(self) -> None:
        """Shake hands. Raises `TlsFailure` or `OSError` when it does not come about; what was learnt is in `observed` either way."""
        error = "the handshake did not end in time"
        try:
            await self._shake_hands()
            error = ""
        except SSL.Error as failure:
            error = _words(failure)
            raise (TlsFailure if self._flight().is_tls else NotTlsFailure)(error) from None
        except (TlsFailure, OSError) as failure:
            error = (failure.strerror if isinstance(failure, OSError) else None) or str(failure)
            raise
        finally:
            self._handshake = self._observe(error)
            self._in_clear = None

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._connection.do_handshake()
                self._flush()
                return
            except SSL.WantReadError:
                self._flush()
                if not await self._refill():
                    raise ClosedFailure("the server closed the connection during the handshake") from None
            except SSL.Error:
                self._flush()
                raise

    async def renegotiate(self) -> None:
        """Ask for one more handshake. Raises as `handshake`; whether the server went along is in `observed`, if it made itself clear."""
        taken: bool | UnsetType = UNSET
        self._connection.renegotiate()
        try:
            await self._shake_hands()
            taken = True
        except SSL.Error as failure:
            words = _words(failure)
            if isinstance(failure, SSL.ZeroReturnError) or _REFUSAL.search(words):
                taken = False
            raise TlsFailure(words) from None
        except ClosedFailure:
            taken = False
            raise
        finally:
            self._handshake = replace(self._handshake, renegotiated=taken)

    def observed(self, waited: bool = False) -> TlsHandshake:
        """The handshake so far. `waited` says that application data came since, so that a TLS 1.3 ticket would have been seen."""
        seen = self._handshake
        if not seen.completed or seen.version in _OLD_VERSIONS:
            return seen
        if self._connection.get_app_data():
            return replace(seen, resumption=True, max_early_data=_max_early_data(self._connection))
        return replace(seen, resumption=False if waited else None)

    def send(self, data: bytes) -> None:
        """Raises `TlsFailure`."""
        try:
            self._connection.sendall(data)
        except SSL.Error as failure:
            raise TlsFailure(_words(failure)) from None
        self._flush()

    async def receive(self) -> bytes:
        """What has come, at least one octet; empty once the other side has closed. Raises `TlsFailure`, `OSError`."""
        while True:
            try:
                data = self._connection.recv(_CHUNK)
                self._flush()
                return data
            except SSL.WantReadError:
                self._flush()
                if not await self._refill():
                    return b""
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return b""
            except SSL.Error as failure:
                self._flush()
                raise TlsFailure(_words(failure)) from None

    def close(self) -> None:
        """Say goodbye with an alert; the stream itself stays to be closed by who opened it."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return
        self._flush()

    async def _refill(self) -> bool:
        data = await self._stream.receive()
        if self._in_clear is not None:
            if len(self._in_clear) + len(data) > _MOST_IN_CLEAR:
                raise TlsFailure("the server sent too much during the handshake")
            self._in_clear += data
        for start in range(0, len(data), _CHUNK):
            self._connection.bio_write(data[start : start + _CHUNK])
        return bool(data)

    def _flush(self) -> None:
        while True:
            try:
                self._stream.send(self._connection.bio_read(_CHUNK))
            except SSL.WantReadError:
                return

    def _flight(self) -> ServerFlight:
        return read_flight(bytes(self._in_clear or b""))

    def _observe(self, error: str) -> TlsHandshake:
        flight = self._flight()
        version = VERSIONS.get(flight.version or 0, "")
        if version not in (*_OLD_VERSIONS, "TLSv1.3"):
            error, version = f"{error}; the server chose {version}" if version else error, ""
        if flight.alert is not None and error:
            said = f"the server sent the alert {alert_name(flight.alert)}"
            error = said if " alert " in f" {error} " else f"{error}; {said}"  # OpenSSL's words may be nothing but the alert's
        elif error and not flight.is_tls:
            error = f"{error}; what the server sent is not TLS"
        return TlsHandshake(
            completed=not error,
            server_name=self._server_name,
            version=version,
            suite="" if flight.suite is None else suite_name(flight.suite),
            group="" if flight.group is None else group_name(flight.group),
            chain=_bounded(flight.chain or (() if error else _chain(self._connection))),
            resumption=flight.session_id or flight.ticket if not error and version in _OLD_VERSIONS else None,
            error=error,
        )


def _max_early_data(connection: SSL.Connection) -> int | UnsetType:
    """What the newest ticket allows; pyOpenSSL holds the session but does not tell."""
    session = connection.get_session()
    return UNSET if session is None else Binding.lib.SSL_SESSION_get_max_early_data(session._session)  # pyright: ignore[reportPrivateUsage]


def _chain(connection: SSL.Connection) -> tuple[bytes, ...]:
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in connection.get_peer_cert_chain() or ())


def _bounded(chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The first certificates of a chain, as many as a tape should hold."""
    kept: list[bytes] = []
    octets = 0
    for certificate in chain[:_MOST_CERTIFICATES]:
        octets += len(certificate)
        if octets > _MOST_CHAIN_OCTETS:
            break
        kept.append(certificate)
    return tuple(kept)


def _words(failure: SSL.Error) -> str:
    """OpenSSL's reason, the innermost first."""
    if isinstance(failure, SSL.ZeroReturnError):
        return "the server closed the TLS session"
    for argument in failure.args:
        if isinstance(argument, list) and argument:
            return "; ".join(str(entry[-1]) for entry in argument if entry[-1]) or "TLS failed"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(failure) or "TLS failed"
