"""What the content gateway costs: the time that it adds to a message, and messages a second with and without it.

python -m benchmarks.gateway
"""

import base64
import io
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from pysequoia import Profile, Tsk

from hauberk.system.gateway import milter
from hauberk.system.gateway.config import Confidentiality, DirectoryKind, GatewayConfig, Keys, SenderDirectory, Side, Tcp
from hauberk.system.gateway.config_file import render
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.openpgp import key_of

_ROUNDS = 60
_AT_ONCE = 4
_EACH = 60


@dataclass(frozen=True, slots=True)
class Row:
    """Median and 95th percentile of the time from the end of a message to its verdict, in milliseconds."""

    what: str
    octets: int
    median: float
    slow: float


@dataclass(frozen=True, slots=True)
class Figures:
    rows: tuple[Row, ...]
    a_second: float
    megabytes: float


def figures() -> Figures:
    """Everything, measured on a gateway of its own on loopback."""
    with tempfile.TemporaryDirectory(prefix="hauberk-bench-") as name, _gateway(Path(name)) as (port, pid):
        rows = tuple(_row(what, message, port) for what, message in _messages())
        return Figures(rows, _rate(port, _messages()[1][1]), _memory(pid))


def table(found: Figures) -> str:
    lines = ["| message | size | added, median | added, 95 of 100 |", "|---|---:|---:|---:|"]
    lines += [f"| {row.what} | {row.octets / 1000:,.0f} kB | {row.median:.1f} ms | {row.slow:.1f} ms |" for row in found.rows]
    rate = f"Messages a second of the second kind, {_AT_ONCE} connections at once: {found.a_second:,.0f}."
    return "\n".join((*lines, "", f"{rate} Memory of the gateway with two workers: {found.megabytes:.0f} MB (proportional set size)."))


@contextmanager
def _gateway(folder: Path) -> Generator[tuple[int, int]]:
    (folder / "owners").write_text("alice@corp.test alice@corp.test\n")
    key = Tsk.generate("X <x@partner.test>", profile=Profile.RFC4880)
    KeyStore(folder / "keys").add_openpgp(key_of(key.extract_certificate()))
    senders = SenderDirectory(DirectoryKind.FILE, str(folder / "owners"))
    config = GatewayConfig(
        Side.SUBMISSION, Tcp("127.0.0.1", 0), "Corp", ("corp.test",), senders,
        confidentiality=Confidentiality(True), keys=Keys(str(folder / "keys")), log_file=str(folder / "log"),
    )  # fmt: skip
    (folder / "gateway.toml").write_text(render(config))
    command = (sys.executable, "-m", "hauberk.system.gateway", str(folder / "gateway.toml"))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().decode().rpartition(":")[2])
        try:
            yield port, process.pid
        finally:
            process.terminate()


def _messages() -> tuple[tuple[str, EmailMessage], ...]:
    chance = random.Random(7)
    plain = _letter("A short letter.\n" * 100)
    report = _letter("See the report.\n", ("report.pdf", b"%PDF-1.7\n" + chance.randbytes(60_000)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"table-{number}.csv", base64.b64encode(chance.randbytes(40_000)))
    secret = _letter("The price is 4711.\n" * 100)
    secret["Sensitivity"] = "Company-Confidential"
    return (
        ("a text", plain),
        ("with a PDF", report),
        ("with a zip archive of twenty files", _letter("See the tables.\n", ("tables.zip", packed.getvalue()))),
        ("with 10 MB of pictures", _letter("See the pictures.\n", ("pictures.jpg", b"\xff\xd8\xff" + chance.randbytes(10_000_000)))),
        ("confidential, encrypted by OpenPGP", secret),
    )


def _letter(text: str, attachment: tuple[str, bytes] | None = None) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Alice <alice@corp.test>", "x@partner.test", "A letter"
    made.set_content(text)
    if attachment:
        made.add_attachment(attachment[1], "application", "octet-stream", filename=attachment[0])
    return made


class _Postfix:
    """As much of Postfix as talks to a milter."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._framer = milter.Framer()
        self._socket.sendall(milter.packet(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF)))
        self._until(b"O")

    def deliver(self, message: EmailMessage) -> float:
        """Seconds from the end of the message to its verdict."""
        head, _, body = message.as_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        body = body.replace(b"\n", b"\r\n")
        self._socket.sendall(milter.packet(b"D", b"M{auth_authen}\0alice@corp.test\0") + milter.packet(b"M", b"<alice@corp.test>\0"))
        self._until(b"c")
        self._socket.sendall(milter.packet(b"R", b"<x@partner.test>\0"))
        self._until(b"c")
        for line in head.replace(b"\n ", b" ").split(b"\n"):
            name, _, value = line.partition(b":")
            self._socket.sendall(milter.packet(b"L", name + b"\0" + value + b"\0"))
        started = time.perf_counter()
        for at in range(0, len(body), milter.CHUNK):
            self._socket.sendall(milter.packet(b"B", body[at : at + milter.CHUNK]))
        self._socket.sendall(milter.packet(b"E"))
        self._until(b"a")
        return time.perf_counter() - started

    def _until(self, kind: bytes) -> None:
        while True:
            for packet in self._framer.feed(self._socket.recv(1_000_000)):
                if packet.kind == kind:
                    return
                if packet.kind in b"yrt":
                    raise RuntimeError(f"refused: {packet.data!r}")

    def close(self) -> None:
        self._socket.close()


def _row(what: str, message: EmailMessage, port: int) -> Row:
    postfix = _Postfix(port)
    taken = sorted(postfix.deliver(message) * 1000 for _ in range(_ROUNDS + 5))
    postfix.close()
    return Row(what, len(message.as_bytes()), statistics.median(taken), taken[int(len(taken) * 0.95)])


def _rate(port: int, message: EmailMessage) -> float:
    def deliver() -> None:
        postfix = _Postfix(port)
        for _ in range(_EACH):
            postfix.deliver(message)
        postfix.close()

    threads = [threading.Thread(target=deliver) for _ in range(_AT_ONCE)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _AT_ONCE * _EACH / (time.perf_counter() - started)


def _memory(pid: int) -> float:
    """Megabytes of the process and its workers; what they share is counted once."""
    pids = [pid, *(int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split())]
    return sum(proportional(one) for one in pids) / 1e6


def proportional(pid: int) -> int:
    """Octets of the proportional set size of a process; nothing for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores\n\n{table(figures())}")
