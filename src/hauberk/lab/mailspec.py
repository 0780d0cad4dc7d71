"""What a mail server of the lab is like."""

from dataclasses import dataclass
from enum import StrEnum

from hauberk.lab.pki import CertificateSpec


class Behaviour(StrEnum):
    """What a server does; everything but `good` is a fault met on the internet."""

    GOOD = "good"
    NO_STARTTLS = "no-starttls"
    STARTTLS_454 = "starttls-454"
    CLOSES_AFTER_STARTTLS = "closes-after-starttls"
    GARBAGE_AFTER_STARTTLS = "garbage-after-starttls"
    HANDSHAKE_STALLS = "handshake-stalls"
    HANDSHAKE_FAILS = "handshake-fails"  # a fatal alert to every hello
    REFUSED = "refused"  # nothing listens
    TIMEOUT = "timeout"  # takes the connection and says nothing
    CLOSES_AT_ONCE = "closes-at-once"
    RESETS = "resets"
    GREETING_554 = "greeting-554"
    GREETING_421 = "greeting-421"
    GREYLISTED_GREETING = "greylisted-greeting"
    EHLO_REFUSED = "ehlo-refused"  # knows only HELO
    EHLO_STALLS = "ehlo-stalls"
    EHLO_CLOSES = "ehlo-closes"
    GARBAGE = "garbage"
    MEGABYTE_BANNER = "megabyte-banner"
    ENDLESS_BANNER = "endless-banner"
    OPEN_RELAY = "open-relay"
    FOLLOWS_PERCENT = "follows-percent"  # and so passes on what is addressed to user%elsewhere at its own domain
    GREYLISTS = "greylists"  # every recipient
    COUNTS_ERRORS = "counts-errors"  # hangs up at the fourth recipient that it refuses
    OBEYS_INJECTED = "obeys-injected"  # runs what was sent together with STARTTLS inside TLS (CVE-2011-0411)


@dataclass(frozen=True, slots=True)
class MailServerSpec:
    """One server.

    `addresses` are those it has; none means every address that the zones give the host. `name` is what it calls itself in the
    greeting and to EHLO, by default the host; `reverse` is what its addresses resolve back to, by default that name, nothing if empty.
    `greeting` are further lines before the last, `delay` is seconds before each line. `certificate` defaults to a trusted one
    for the host. `tls` are the lowest and highest versions (`TLSv1` ... `TLSv1.3`), `suites` is an OpenSSL list for versions below
    1.3, `group` the one elliptic curve for the key exchange by OpenSSL's name (empty: X25519; `any`: OpenSSL's choice),
    `dh` the size in bits of the prime for finite-field suites.
    """

    host: str
    behaviour: Behaviour = Behaviour.GOOD
    addresses: tuple[str, ...] = ()
    name: str = ""
    reverse: str | None = None
    greeting: tuple[str, ...] = ()
    delay: float = 0.0
    certificate: CertificateSpec | None = None
    tls: tuple[str, str] = ("TLSv1.2", "TLSv1.3")
    suites: str = ""
    group: str = ""
    dh: int = 0
    auth_in_clear: bool = False
