"""The mail server's side of a conversation, by hand and over a socket."""

import socket
import struct
from dataclasses import dataclass
from types import TracebackType

from hauberk.system.gateway.milter import Framer, Packet, packet

OFFER = packet(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF))


@dataclass(frozen=True)
class Letter:
    login: str = "alice@corp.test"
    sender: str = "alice@corp.test"
    recipients: tuple[str, ...] = ("x@partner.test",)
    fields: tuple[tuple[str, str], ...] = (("From", " alice@corp.test"), ("To", " x@partner.test"))
    body: bytes = b"Hello\r\n"


class MilterClient:
    """One connection to the gateway."""

    def __init__(self, where: tuple[str, int] | str, seconds: float = 30) -> None:
        self.socket = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.socket.settimeout(seconds)
        self.socket.connect(where)
        self._framer = Framer()
        self._waiting: list[Packet] = []

    def __enter__(self) -> "MilterClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def next(self) -> Packet | None:
        """The next packet; None at the end of the connection."""
        while not self._waiting:
            octets = self.socket.recv(65_536)
            if not octets:
                return None
            self._waiting += self._framer.feed(octets)
        return self._waiting.pop(0)

    def negotiate(self) -> None:
        self.send(OFFER)
        answer = self.next()
        assert answer is not None and answer.kind == b"O"

    def start(self, letter: Letter) -> None:
        """All of a message but its end."""
        macros = b"M{auth_authen}\0" + letter.login.encode() + b"\0i\0Q123\0"
        self.send(packet(b"D", macros) + packet(b"M", f"<{letter.sender}>\0".encode()))
        assert self.next() == Packet(b"c", b"")
        for recipient in letter.recipients:
            self.send(packet(b"R", f"<{recipient}>\0".encode()))
            assert self.next() == Packet(b"c", b"")
        for name, value in letter.fields:
            self.send(packet(b"L", f"{name}\0{value}\0".encode()))
        for at in range(0, len(letter.body), 65_000):
            self.send(packet(b"B", letter.body[at : at + 65_000]))

    def end(self) -> list[Packet]:
        """The packets from the end of the message to the verdict; fewer where the connection ended."""
        self.send(packet(b"E"))
        found: list[Packet] = []
        while (answer := self.next()) is not None:
            found.append(answer)
            if answer.kind in b"acrty":
                break
        return found

    def deliver(self, letter: Letter) -> list[Packet]:
        self.start(letter)
        return self.end()


def reply(packets: list[Packet]) -> str:
    """The SMTP reply of a verdict; `accept` where there is none."""
    assert packets, "the connection ended"
    return packets[-1].data[:-1].decode() if packets[-1].kind == b"y" else {b"a": "accept", b"t": "tempfail"}[packets[-1].kind]
