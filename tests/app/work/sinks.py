"""Where alerts go in the tests: an SMTP server and a web server on loopback that keep what they get."""

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hauberk.lab.pki import CertificateSpec, Pki
from lab.ports import free_port


def server_context(pki: Pki, folder: Path, spec: CertificateSpec) -> ssl.SSLContext:
    issued = pki.issue(spec)
    file = folder / f"{spec.names[0]}-{spec.issuer}.pem"
    file.write_bytes(issued.key_pem + issued.chain_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@dataclass
class MailSink:
    """`refuse` is the answer to RCPT in place of 250."""

    port: int = 0
    refuse: str = ""
    letters: list[EmailMessage] = field(default_factory=list[EmailMessage])
    logins: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.refuse or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        octets = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        self.letters.append(message_from_bytes(octets, policy=policy.default))
        return "250 kept"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right")


@contextmanager
def mail_sink(context: ssl.SSLContext | None = None, *, login: bool = False) -> Generator[MailSink]:
    sink = MailSink(free_port())
    controller = Controller(
        sink, hostname="127.0.0.1", port=sink.port, tls_context=context, require_starttls=context is not None, auth_required=login,
        authenticator=sink.authenticate,
    )  # fmt: skip
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebSink:
    """`answers` are the statuses to come, then `status`."""

    port: int = 0
    status: int = 204
    answers: list[int] = field(default_factory=list[int])
    posted: list[Posted] = field(default_factory=list[Posted])


@contextmanager
def web_sink(context: ssl.SSLContext | None = None) -> Generator[WebSink]:
    sink = WebSink()

    class Keeping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.posted.append(Posted(self.path, dict(self.headers.items()), body))
            self.send_response(sink.answers.pop(0) if sink.answers else sink.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keeping)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
