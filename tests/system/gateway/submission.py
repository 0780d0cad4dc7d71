"""A submission service of Debian's Postfix on loopback with the gateway as its milter: sign-in, and a sink that its mail goes to."""

import asyncio
import base64
import shutil
import smtplib
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from hauberk.system.gateway.config import DirectoryKind, GatewayConfig, SenderDirectory, Side, Tcp
from hauberk.system.gateway.config_file import render
from lab.ports import free_ports
from lab.real_postfix import DAEMONS

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {daemons}
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.corp.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_recipient_maps =
local_transport = error:no local delivery
alias_maps =
alias_database =
mynetworks =
relayhost = [127.0.0.1]:{sink}
smtp_host_lookup = native
smtputf8_enable = yes
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_milters = {milters}
milter_default_action = tempfail
milter_mail_macros = i {{mail_addr}} {{client_addr}} {{auth_authen}} {{auth_type}}
message_size_limit = 100000000
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass
class Sink:
    """What Postfix delivered: (sender, recipients, octets)."""

    messages: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list[tuple[str, tuple[str, ...], bytes]])
    came: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        with self.came:
            self.messages.append((envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
            self.came.notify_all()
        return "250 2.0.0 Ok"

    def wait(self, mark: bytes, seconds: float = 15.0) -> bytes:
        """The message with these octets in it, once it is delivered."""

        def found() -> bytes | None:
            return next((octets for _, _, octets in self.messages if mark in octets), None)

        with self.came:
            octets = self.came.wait_for(found, seconds)
        assert octets, f"{mark!r} was not delivered"
        return octets


@dataclass(frozen=True)
class Submission:
    """`port` takes mail from those who sign in as `NAME@corp.test` with any password."""

    port: int
    sink: Sink
    folder: Path
    gateway: subprocess.Popen[bytes] | None

    def send(self, login: str, recipients: tuple[str, ...], message: bytes, sender: str | None = None) -> tuple[int, str]:
        """The reply to the end of the data, as a mail client has it."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.ehlo("client.test")
            secret = base64.b64encode(f"\0{login}\0secret".encode()).decode()
            assert client.docmd("AUTH", f"PLAIN {secret}")[0] == 235
            client.mail(login if sender is None else sender)
            for recipient in recipients:
                client.rcpt(recipient)
            code, text = client.data(message)
            return code, text.decode()


async def _sign_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Dovecot's authentication protocol, as much of it as Postfix speaks: everybody may, under the name that they give."""
    writer.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")
    while line := await reader.readline():
        words = line.decode().rstrip("\n").split("\t")
        if words[0] == "AUTH":
            response = next(word.removeprefix("resp=") for word in words if word.startswith("resp="))
            name = base64.b64decode(response).split(b"\0")[1].decode()
            writer.write(f"OK\t{words[1]}\tuser={name}\n".encode())
    writer.close()


@contextmanager
def _authenticating(port: int) -> Generator[None]:
    started = threading.Event()
    ends: list[Callable[[], object]] = []

    async def serve() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        server = await asyncio.start_server(_sign_in, "127.0.0.1", port)
        started.set()
        await over.wait()
        server.close()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    started.wait(10)
    yield
    ends[0]()
    thread.join(10)


@contextmanager
def gateway_process(folder: Path, config: GatewayConfig) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    """The gateway as its own process, ready; where it listens, as Postfix writes it."""
    path = folder / "gateway.toml"
    path.write_text(render(config))
    command = (sys.executable, "-m", "hauberk.system.gateway", str(path))
    with (folder / "gateway.err").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout is not None
    ready = process.stdout.readline().decode().split()
    assert ready[:1] == ["ready"], (folder / "gateway.err").read_text()
    try:
        yield process, ready[1] if ready[1].startswith("unix:") else f"inet:{ready[1]}"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def running(folder: Path, milters: str, gateway: subprocess.Popen[bytes] | None = None) -> Generator[Submission]:
    """Postfix with these milters, a sign-in service and a sink."""
    folder.chmod(0o755)
    for part in ("etc", "spool", "data", "log"):
        (folder / part).mkdir()
    shutil.chown(folder / "data", "postfix")
    port, auth, sink_port = free_ports(3)
    values = {"folder": folder, "daemons": DAEMONS, "sink": sink_port, "auth": auth, "milters": milters, "port": port}
    (folder / "etc" / "main.cf").write_text(_MAIN.format(**values))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(**values))
    sink = Sink()
    controller = Controller(sink, "127.0.0.1", sink_port, data_size_limit=200_000_000)
    controller.start()
    with _authenticating(auth):
        _command(folder, "start")
        try:
            yield Submission(port, sink, folder, gateway)
        finally:
            _command(folder, "stop")
            controller.stop()


def _command(folder: Path, verb: str) -> None:
    command = ("postfix", "-c", str(folder / "etc"), verb)
    nowhere = subprocess.DEVNULL  # Postfix's daemons keep what they inherit open
    subprocess.run(command, check=verb == "start", timeout=60, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def config(folder: Path) -> GatewayConfig:
    """A submission gateway for alice, bob and the office (alice's and bob's) of corp.test."""
    owners = folder / "owners"
    owners.write_text(
        "alice@corp.test alice@corp.test\nbob@corp.test bob@corp.test\noffice@corp.test alice@corp.test,bob@corp.test # shared\n"
    )
    return GatewayConfig(Side.SUBMISSION, Tcp("127.0.0.1", 0), "Corp", ("corp.test",), SenderDirectory(DirectoryKind.FILE, str(owners)))
