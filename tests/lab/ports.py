"""Ports for servers that are given theirs when they start."""

import contextlib
import secrets
import socket


def free_ports(count: int) -> tuple[int, ...]:
    """Free over UDP and TCP at 127.0.0.1, and below the range that outgoing connections are given theirs from."""
    found: dict[int, None] = {}
    while len(found) < count:
        port = 10_000 + secrets.randbelow(22_000)  # not `random`, which a test seeds: other processes would try the same ports
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
            found[port] = None
    return tuple(found)


def free_port() -> int:
    return free_ports(1)[0]
