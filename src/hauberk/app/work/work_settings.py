"""How a worker works: how much at once, how patiently, and how people are told."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeAlias

from hauberk.survey.domain import DEFAULT_LIMIT
from hauberk.world.world import World

Clock: TypeAlias = Callable[[], datetime]
# A new world for every use, as `LiveWorld(config)` is one.
WorldFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[World]]


class Security(StrEnum):
    """How the connection to a relay is protected: from its first octet (RFC 8314), by STARTTLS which must succeed, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Relay:
    """The SMTP server that takes alerts, from `sender`. `user` empty: without authentication. `ca_file` adds trust anchors (PEM)."""

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    sender: str = "hauberk@localhost"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    time_out: float = 30.0


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """`data` holds the keys; `key` is one signing key for all (PEM or PKCS#12), else each organisation has its own, made at first use.

    `at_once` scans run at a time, and `urgent` more of those that somebody waits for. `depth` and `limit` (seconds) are those of a scan.
    A report is made of a scan that is at most `recent` old. What got worse is looked at again after `retest_after` before anybody is told;
    what is to be told within `gather` goes out as one message.
    `base_url` is where people find the pages; webhooks may go to `allow` whatever the address guard says, and to http:// there.
    """

    data: Path
    key: Path | None = None
    key_password: bytes | None = field(default=None, repr=False)
    relay: Relay | None = None
    base_url: str = ""
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    ca_file: Path | None = None
    at_once: int = 40
    urgent: int = 8
    depth: str = "standard"
    blocklists: bool = True
    limit: float = DEFAULT_LIMIT
    recent: timedelta = timedelta(minutes=10)
    retest_after: timedelta = timedelta(minutes=10)
    gather: timedelta = timedelta(seconds=20)
    lease: timedelta = timedelta(minutes=2)
    poll: float = 0.5
    grace: float = 10.0
    keep_jobs: timedelta = timedelta(days=30)
