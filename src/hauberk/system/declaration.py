"""What an organisation says about its mail system: one frozen value, read from `mail.toml` (declaration_reading.py).

Paths are absolute and on the host that they are about. Sizes are octets, times days unless the name says otherwise. Domains and host names
are A-labels in lower case. Everything else of the system (files, firewall, zone, probes) follows from this and from `Material`.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from hauberk.protocols.malformed import visible
from hauberk.system import ports

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


class Role(StrEnum):
    """The hosts that files are rendered for."""

    MTA = "mta"
    MDA = "mda"
    FIREWALL = "firewall"


class Zone(StrEnum):
    """Where one can stand. What is in no other zone is the internet."""

    INTERNET = "internet"
    DMZ = "dmz"
    INSIDE = "inside"
    WORKSTATION = "workstation"


@dataclass(frozen=True, slots=True)
class Host:
    """One machine. `name` is its full host name, `addresses` its own; `public` are those that the internet sees, if translated (NAT).

    `reach`: how apply gets there: empty for this machine, else as for ssh(1): `root@mx1.example.com`, with `:port` if need be.
    """

    name: str
    addresses: tuple[Address, ...]
    public: tuple[Address, ...] = ()
    reach: str = ""

    @property
    def seen(self) -> tuple[Address, ...]:
        """The addresses that go into the zone."""
        return self.public or self.addresses

    @property
    def ssh_port(self) -> int:
        """Where its sshd listens, by `reach`."""
        port = self.reach.partition(":")[2]
        return int(port) if port else ports.SSH


@dataclass(frozen=True, slots=True)
class Networks:
    """Which addresses are in which zone (the rest is the internet). From `administration` the hosts take SSH."""

    dmz: tuple[Network, ...]
    inside: tuple[Network, ...]
    workstation: tuple[Network, ...]
    administration: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Firewall:
    """The machine between the zones, by the name of its interface to each. `host` None: rules are rendered, somebody else loads them."""

    host: Host | None = None
    internet: str = "internet0"
    dmz: str = "dmz0"
    inside: str = "inside0"
    workstation: str = "workstation0"


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files on the host. `acme` names the client that renews them (`certbot`, `lego`, `acme.sh`; empty: somebody else does)."""

    certificate: str
    key: str
    acme: str = ""


@dataclass(frozen=True, slots=True)
class Certificates:
    """`mta`: for port 25 and the MTA-STS policy. `mda`: for people's 465 and 993. Links between the two: see `Material`.

    `authorities`: whom the MTA believes where the policy of another domain wants a certificate (PEM).
    """

    mta: Certificate
    mda: Certificate
    authorities: str = "/etc/ssl/certs/ca-certificates.crt"


class SourceKind(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class AccountSource:
    """The directory on the MDA that Postfix, Dovecot and the gateway read. `where`: an SQLite file, or a PostgreSQL URL without password.

    `password_file`: on the MDA, for PostgreSQL. Empty `where`: the place that `Places` gives.
    """

    kind: SourceKind = SourceKind.SQLITE
    where: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """A virus scanner: its product and its family (engines that share signatures are one family)."""

    product: str
    family: str


@dataclass(frozen=True, slots=True)
class Engines:
    """`first` scans behind Rspamd, `second` in the gateway. `signatures`: freshclam's URLs; empty: the ClamAV project's mirror.

    `rules`: a folder of YARA files on both hosts; rules of our own always apply. `updates_days`: older signatures are a finding.
    """

    first: Engine = Engine("ClamAV", "clamav")
    second: Engine = Engine("Hauberk gateway (YARA-X, oletools)", "hauberk-yara")
    signatures: tuple[str, ...] = ()
    rules: str = ""
    updates_days: int = 2


class OnCaught(StrEnum):
    """What becomes of a message that a rule caught."""

    REJECT = "reject"
    QUARANTINE = "quarantine"


class OnEncrypted(StrEnum):
    """What becomes of an archive that nobody can look into."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Attachments:
    """`refused` are suffixes in lower case without dot; None: the gateway's own list."""

    refused: tuple[str, ...] | None = None
    on_refused: OnCaught = OnCaught.REJECT
    encrypted_archives: OnEncrypted = OnEncrypted.REJECT


@dataclass(frozen=True, slots=True)
class Policy:
    """`message_octets`: greatest message. `spam_*`: Rspamd's scores. `forwarding`: aliases may lead outside (then SRS)."""

    message_octets: int = 26_214_400
    spam_reject: float = 15.0
    spam_mark: float = 6.0
    attachments: Attachments = Attachments()
    forwarding: bool = False
    client_connections_a_minute: int = 60
    client_messages_a_minute: int = 120
    submissions_a_minute: int = 60
    help_address: str = ""


class WithoutKey(StrEnum):
    """What becomes of a confidential message when a recipient has no usable key."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """Which messages are confidential (the gateway's config.py says how they are recognised) and what is done with them.

    `wkd`: ask a recipient's domain for an OpenPGP key that is not known; it opens the MDA a way out to port 443 anywhere.
    """

    enabled: bool = True
    sensitivities: tuple[str, ...] = ("Company-Confidential",)
    subject_tags: tuple[str, ...] = ("[confidential]",)
    fields: tuple[str, ...] = ()
    without_key: WithoutKey = WithoutKey.REFUSE
    wkd: bool = False
    authorities: str = ""
    keeper: str = ""
    keeper_certificate: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """Days. `queue`: how long undelivered mail is tried; `quarantine`, `log`: kept; `trash`: in people's folders (0: for ever)."""

    queue: int = 3
    bounce: int = 1
    quarantine: int = 30
    log: int = 90
    trash: int = 0


@dataclass(frozen=True, slots=True)
class DkimSelector:
    """One selector: `name` is `h` and the day that its key was made on (`h20261122`)."""

    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class Dkim:
    """`rotate_days`: how long a key signs. The next one is published `ahead_days` before; the last one stays as long after."""

    bits: int = 2048
    rotate_days: int = 180
    ahead_days: int = 14


class MtaStsMode(StrEnum):
    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class DmarcPolicy(StrEnum):
    REJECT = "reject"
    QUARANTINE = "quarantine"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Dns:
    """What goes into the zones. `forwarders`: empty means that Unbound asks the root. `trust_anchor`, `root_hints`: files, empty: IANA's.

    `private_zones`: names that Unbound would otherwise answer itself (RFC 6303), such as those of a test network.
    """

    dmarc: DmarcPolicy = DmarcPolicy.REJECT
    mta_sts: MtaStsMode = MtaStsMode.ENFORCE
    mta_sts_max_age: int = 604_800  # seconds
    reports_to: str = ""
    issuers: tuple[str, ...] = ("letsencrypt.org",)
    caa_contact: str = ""
    also_send: tuple[str, ...] = ()  # further SPF terms, such as "include:_spf.example.net"
    next_tls_key: str = ""
    ttl: int = 3600  # seconds
    forwarders: tuple[Address, ...] = ()
    trust_anchor: str = ""
    root_hints: str = ""
    private_zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """All of it. `domains[0]` is the main one. `workstation_products` are the virus scanners on people's machines.

    `confirm` are the names of the risks that the organisation says it takes.
    """

    organisation: str
    domains: tuple[str, ...]
    mta: Host
    mda: Host
    networks: Networks
    certificates: Certificates
    firewall: Firewall = Firewall()
    accounts: AccountSource = AccountSource()
    engines: Engines = Engines()
    workstation_products: tuple[Engine, ...] = ()
    policy: Policy = Policy()
    confidentiality: Confidentiality = Confidentiality()
    retention: Retention = Retention()
    dkim: Dkim = Dkim()
    dns: Dns = Dns()
    confirm: tuple[str, ...] = ()

    @property
    def postmaster(self) -> str:
        return f"postmaster@{self.domains[0]}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a declaration: where (`line` counts from 1; 0: the file as a whole), what, and what to write instead."""

    name: str
    line: int
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.name}:{self.line}" if self.line else self.name
        return visible(f"{where}: {self.key}: {self.problem} {self.remedy}")
