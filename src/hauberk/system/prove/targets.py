"""Whom the probes may touch: the hosts of the declaration, test accounts, and a sink outside that is ours. Pure.

Nothing here is guessed: what is not named is not probed, and no probe ever addresses a host or a domain outside this.
"""

from dataclasses import dataclass

import msgspec

from hauberk.system.prove.probe import Vantage


@dataclass(frozen=True, slots=True)
class Service:
    """`host` is the name that its certificate bears; `addresses` IPv4 and IPv6."""

    host: str
    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True, slots=True)
class Account:
    """A test account. `password` is what it logs in with: an app password where only those are taken."""

    address: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that the declaration opens: TCP or UDP from a zone to a host of another."""

    source: Vantage
    destination: Vantage
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Zone:
    """The hosts of a zone that stand for it when flows are tried."""

    vantage: Vantage
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """Our own foothold outside: the mailbox that a relayed message would reach, and who writes to us from there.

    `address` is the sink's; `wrong_tlsa` a domain whose MX has a TLSA record that does not fit; `stranger` an address at a domain
    without SPF and DMARC (the attacker's own), `helo` the name of its host; `impersonated` an address at a domain of ours that
    publishes p=reject and whose mail the stranger's host may not send. `sources`: the addresses of this machine to come from, if not any.
    """

    address: str
    stranger: str
    helo: str
    impersonated: str = ""
    wrong_tlsa: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Canaries:
    """Harmless texts that exactly one engine knows: `first` the MTA's, `second` the gateway's. Empty where there is none."""

    first: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Engines:
    """Families of the virus engines: on the way in, behind submission, and on workstations."""

    gateway: tuple[str, ...] = ()
    workstations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """What is looked at on the host where a probe stands; empty means not looked at.

    `signatures` folder of the virus signatures and `signature_days` how old they may be; `tree` folders that the DMZ host holds;
    `queue` the command that lists the MTA's queue as JSON lines.
    """

    signatures: str = ""
    signature_days: int = 7
    tree: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A DKIM key in our zone; `public` as in the tag `p`."""

    selector: str
    public: bytes


@dataclass(frozen=True, slots=True)
class Targets:
    """`anchors` is PEM: the CA of the inside services, empty for the system's; `confidential` the header field that marks a message.

    `administration`: open to some addresses of a zone only, so that of the zone neither open nor closed can be said.
    """

    organisation: str
    domain: str
    mx: Service
    relay: Service
    submission: Service
    imap: Service
    lmtp: Service
    resolver: Service
    policy: Service | None
    anchors: str
    flows: tuple[Flow, ...]
    zones: tuple[Zone, ...]
    mailbox: Account
    colleague: Account
    outside: Outside
    alias: str = ""
    suspended: Account | None = None
    leaver: Account | None = None
    leaver_alias: str = ""
    leaver_app: Account | None = None
    mover: Account | None = None
    keyed: str = ""
    keyed_secret: str = ""
    certified: str = ""
    certified_secret: str = ""
    unkeyed: str = ""
    confidential: str = "Sensitivity: Company-Confidential"
    dkim: tuple[PublishedKey, ...] = ()
    canaries: Canaries = Canaries()
    engines: Engines = Engines()
    files: Files = Files()
    administration: tuple[Flow, ...] = ()


def encode(targets: Targets) -> bytes:
    return msgspec.json.encode(targets)


def decode(data: bytes) -> Targets:
    """Raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(data, type=Targets)
