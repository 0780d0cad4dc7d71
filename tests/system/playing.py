"""A stage for tests that are not asynchronous: it runs in a thread of its own, and the tests write and read mail as people do."""

import asyncio
import imaplib
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from hauberk.system.declaration import Declaration, Role, Zone
from hauberk.system.stage import play
from hauberk.system.stage.play import Person
from hauberk.system.stage.stage import Stage, stage
from hauberk.system.stage.standing import standing_in

T = TypeVar("T")


def letter(sender: str, recipient: str, text: str = "Good morning.\r\n", **fields: str) -> EmailMessage:
    """A message as a mail program writes it; its Message-ID is a token of its own."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = sender, recipient, fields.pop("Subject", "A letter")
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<{uuid4()}@{sender.rpartition('@')[2]}>"
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


class Playing:
    """A stage that runs, and what people do on it."""

    def __init__(self, running: Stage, loop: asyncio.AbstractEventLoop) -> None:
        self.stage = running
        self._loop = loop
        self.inside_anchors = ssl.create_default_context(cafile=str(running.props.root_pem))

    def do(self, work: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    @contextmanager
    def standing_in(self, zone: Zone) -> Generator[None]:
        with standing_in(self.stage.layout.namespace(zone)):
            yield

    @contextmanager
    def smtp(self, source: str = play.PARTNER_ADDRESSES[0], helo: str = play.PARTNER_HOST, to: str = "") -> Generator[smtplib.SMTP]:
        """To our MX from an address on the internet, with STARTTLS."""
        target = to or str(next(one for one in self.stage.declaration.mta.addresses if (":" in str(one)) == (":" in source)))
        with standing_in(self.stage.layout.namespace(Zone.INTERNET)):
            session = smtplib.SMTP(target, 25, helo, timeout=60, source_address=(source, 0))
        try:
            session.starttls(context=_unverified())
            yield session
        finally:
            session.close()

    @contextmanager
    def submission(self, person: Person, password: str = "") -> Generator[smtplib.SMTP_SSL]:
        """From the workstation, signed in."""
        with standing_in(self.stage.layout.namespace(Zone.WORKSTATION)):
            session = _Submission(self._mda, 465, "workstation.corp.test", timeout=60, context=self.inside_anchors)
        try:
            session.ehlo()
            session.user, session.password = person.login, password or person.password
            session.auth("PLAIN", session.auth_plain)  # `login` would go through all mechanisms, and each failure takes seconds
            yield session
        finally:
            session.close()

    @contextmanager
    def imap(self, person: Person, password: str = "") -> Generator[imaplib.IMAP4_SSL]:
        """From the workstation, signed in, in the inbox."""
        with standing_in(self.stage.layout.namespace(Zone.WORKSTATION)):
            session = _Imap(self._mda, 993, ssl_context=self.inside_anchors, timeout=30)
        try:
            session.login(person.login, password or person.password)
            session.select("INBOX")
            yield session
        finally:
            session.shutdown()

    def read(self, person: Person, message: EmailMessage | str, seconds: float = 20) -> EmailMessage:
        """The message that arrives in somebody's inbox, by its Message-ID (or another field's value), read over IMAP."""
        wanted = message if isinstance(message, str) else str(message["Message-ID"])
        end = time.monotonic() + seconds
        with self.imap(person) as session:
            while time.monotonic() < end:
                session.noop()
                for number in session.search(None, "ALL")[1][0].split():
                    fetched = session.fetch(number, "(RFC822)")[1][0]
                    octets = fetched[1] if isinstance(fetched, tuple) else b""
                    if wanted.encode() in octets:
                        return parsed(octets)
                time.sleep(0.1)
        raise AssertionError(f"{wanted} has not come to {person.login} after {seconds:g} s")

    def sunk(self, address: str, message: EmailMessage | str, seconds: float = 20) -> EmailMessage:
        """The message that arrives outside."""
        found = self.in_folder(self.stage.sink(address), message, seconds)
        if found is None:
            raise AssertionError(f"nothing has come to {address} after {seconds:g} s")
        return found

    def in_folder(self, maildir: Path, message: EmailMessage | str, seconds: float) -> EmailMessage | None:
        wanted = (message if isinstance(message, str) else str(message["Message-ID"])).encode()
        end = time.monotonic() + seconds
        while True:
            for path in (*maildir.glob("new/*"), *maildir.glob("cur/*")):
                octets = path.read_bytes()
                if wanted in octets:
                    return parsed(octets)
            if time.monotonic() >= end:
                return None
            time.sleep(0.1)

    def log(self, role: Role) -> str:
        return (Path(self.stage.props.places[role].log) / "postfix.log").read_text(errors="replace")

    def logged(self, role: Role, text: str, seconds: float = 20) -> str:
        """The first line of Postfix's log that has the text in it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.log(role).splitlines():
                if text in line:
                    return line
            time.sleep(0.1)
        raise AssertionError(f"{text!r} is not in the log of {role.value} after {seconds:g} s")

    @property
    def _mda(self) -> str:
        return str(self.stage.declaration.mda.addresses[0])


class _Submission(smtplib.SMTP_SSL):
    """To an address, with a certificate for a name."""

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:
        plain = smtplib.SMTP._get_socket(self, host, port, timeout)  # pyright: ignore
        return self.context.wrap_socket(plain, server_hostname="mail.corp.test")  # pyright: ignore


class _Imap(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = imaplib.IMAP4._create_socket(self, timeout)  # pyright: ignore
        return self.ssl_context.wrap_socket(plain, server_hostname="mail.corp.test")  # pyright: ignore


def parsed(octets: bytes) -> EmailMessage:
    found = message_from_bytes(octets, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def played(declare: Callable[[Declaration], Declaration] = lambda declared: declared) -> Generator[Playing]:
    """A stage, entered in another thread's loop and left with the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stage", daemon=True)
    thread.start()
    held = stage(datetime.now(UTC), declare=declare)
    try:
        running = asyncio.run_coroutine_threadsafe(held.__aenter__(), loop).result(300)
        try:
            yield Playing(running, loop)
        finally:
            asyncio.run_coroutine_threadsafe(held.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
