"""What the content gateway is told: one frozen value, written as `gateway.toml` (config_file.py reads and renders it).

Paths are absolute. Sizes are octets, times seconds. The private half of a content key is in no setting: the gateway needs public keys only.
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Where the gateway stands: what people of ours submit (inside), or what comes from the internet (DMZ)."""

    SUBMISSION = "submission"
    INBOUND = "inbound"


class Action(StrEnum):
    """What becomes of a message that a rule caught. Quarantine is Postfix's hold queue; note leaves a header field and the log."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    NOTE = "note"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Tcp:
    """Where to listen: an IPv4 or IPv6 address of this machine and a port (0: whichever is free)."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """Where to listen: a socket in the file system, `mode` as in chmod."""

    path: str
    mode: int = 0o660


Listen = Tcp | UnixSocket


class DirectoryKind(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SenderDirectory:
    """Who may write as whom. The question is Postfix's `smtpd_sender_login_maps`: which logins own this address?

    `where`: the path of an SQLite file, a PostgreSQL URL, or the path of a text file (`address login[,login...]`, one a line).
    `query` has one parameter, the address in lower case (`?` for SQLite, `$1` for PostgreSQL), and gives rows of one login each.
    `password_file`: for PostgreSQL, a file whose first line is the password.
    """

    kind: DirectoryKind
    where: str
    query: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message and all messages together may cost; beyond it a message is deferred (451), or refused where it can never pass."""

    message_octets: int = 50_000_000
    held_octets: int = 200_000_000
    header_fields: int = 1000
    header_octets: int = 512_000
    recipients: int = 1000
    connections: int = 100
    inspection_seconds: float = 60.0
    workers: int = 2
    idle_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Engine:
    """The second engine. `rules`: a folder of YARA files (`*.yar`, `*.yara`); rules of our own come with the program and always apply.

    `macros`: what becomes of Office macros that run by themselves or call the system; `any_macros`: of all others. `scan_seconds`
    is for one file, `memory_octets` for each of the processes that look into messages (`Limits.workers`).
    """

    name: str = "hauberk-yara"
    rules: str = ""
    on_match: Action = Action.REJECT
    macros: Action = Action.REJECT
    any_macros: Action = Action.NOTE
    scan_seconds: float = 20.0
    memory_octets: int = 600_000_000


@dataclass(frozen=True, slots=True)
class Attachments:
    """The attachment policy. Suffixes are in lower case without a dot and hold inside archives too, and for what the content says it is."""

    refused_suffixes: tuple[str, ...] = tuple(
        """ade adp appref-ms bat chm cmd com cpl dll exe hta img inf ins iso isp jar js jse lnk mde msc msi msix msp mst pif ps1 psm1 reg
        scf scr sct settingcontent-ms shb sys url vb vbe vbs vhd vhdx wsc wsf wsh xll""".split()
    )
    on_refused: Action = Action.REJECT
    encrypted_archives: Action = Action.REJECT
    unreadable_archives: Action = Action.REJECT
    ambiguous_mime: Action = Action.REJECT
    encrypted_mail: Action = Action.NOTE
    archive_depth: int = 5
    archive_members: int = 2000
    unpacked_octets: int = 200_000_000
    unpacked_ratio: int = 200


class WithoutKey(StrEnum):
    """What becomes of a confidential message when a recipient has no usable key. There is no third way that sends it in clear."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """Which messages are confidential, and what is done with them.

    A message is confidential if its Sensitivity field (RFC 4021, 2.1.55) has one of `sensitivities`, if its subject begins with one of
    `subject_tags` (case aside), or if one of the header fields `fields` is there at all. `outer_subject` stands in clear outside.
    """

    enabled: bool = False
    sensitivities: tuple[str, ...] = ("Company-Confidential",)
    subject_tags: tuple[str, ...] = ("[confidential]",)
    fields: tuple[str, ...] = ()
    outer_subject: str = "[...]"
    without_key: WithoutKey = WithoutKey.REFUSE
    blind_copies: bool = False
    encrypt_to_sender: bool = True


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys and certificates of recipients: `store` is a folder (keys.py says what is in it).

    `wkd`: look up an OpenPGP key with the recipient's domain when the store has none (draft-koch-openpgp-webkey-service).
    `authorities`: PEM file of those whose S/MIME certificates are believed. `trust_anchors`: PEM file for WKD's HTTPS, empty: the system's.
    """

    store: str = ""
    wkd: bool = False
    wkd_seconds: float = 5.0
    authorities: str = ""
    trust_anchors: str = ""


@dataclass(frozen=True, slots=True)
class Escrow:
    """The keeper to whom a copy of every content key that is generated here is encrypted. Empty: generating keys is refused.

    `keeper` names the person or office, `certificate` is the path of their OpenPGP certificate, `folder` where the copies lie.
    """

    keeper: str = ""
    certificate: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All of it. `help_address` is named in refusals, for whoever reads one. `ready_file` is written when the gateway listens."""

    side: Side
    listen: Listen
    organisation: str
    domains: tuple[str, ...]
    senders: SenderDirectory | None = None
    limits: Limits = Limits()
    engine: Engine = Engine()
    attachments: Attachments = Attachments()
    confidentiality: Confidentiality = Confidentiality()
    keys: Keys = Keys()
    escrow: Escrow = Escrow()
    help_address: str = ""
    ready_file: str = ""
    log_file: str = ""
