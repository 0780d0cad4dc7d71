"""What an interview's answers come to. A choice proves what was chosen; a no is written down as the question it answers.

Positive facts are read off every choice, whatever it was asked for. A negative fact needs its question: `deny` writes a topic down with
the answer that said no.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from hauberk.model.transport import SmtpSession
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls.flight import ServerFlight
from hauberk.protocols.tls.groups import group_number
from hauberk.protocols.tls.hello import ClientHello, Ssl2Hello
from hauberk.protocols.tls.interview import PROTOCOL_VERSION, Answer, Outcome
from hauberk.protocols.tls.registry import SSL2, SSL3, TLS10, TLS11, TLS12, TLS13, VERSIONS, Suite, suite, suites_by_name
from hauberk.protocols.x509.certificate import describe

BELOW_13 = (TLS12, TLS11, TLS10, SSL3)
_KEYS = {"RSA": "rsa", "EC": "ecdsa", "DSA": "dsa", "Ed25519": "ed25519", "Ed448": "ed448"}
NUMBERS = {name: number for number, name in VERSIONS.items()}


class Choice(Struct, frozen=True, gc=False):
    """One suite chosen in one version, with the answer it was read from (None: the real handshake)."""

    version: int
    suite: Suite
    flight: ServerFlight
    hello: ClientHello | Ssl2Hello | None = None

    @property
    def key(self) -> str:
        """The kind of key in the leaf shown; where none can be read, the one that the suite wants."""
        leaf = describe(self.flight.chain[0]) if self.flight.chain else None
        if leaf is None or isinstance(leaf, Malformed):
            return self.suite.authentication
        return _KEYS.get(leaf.key_kind, "unknown")


@dataclass(slots=True)
class Ledger:
    choices: list[Choice] = field(default_factory=list[Choice])
    spoken: set[int] = field(default_factory=set[int])  # versions, SSLv2 also where no cipher kind was left
    denied: dict[str, Answer] = field(default_factory=dict[str, Answer])

    behaviour: dict[str, Answer] = field(default_factory=dict[str, Answer])

    def note(self, answer: Answer) -> None:
        """Write down what an answer says by itself: the choice, and the versions that it rules out."""
        flight = answer.flight
        if answer.chosen and flight.version is not None:
            self.spoken.add(flight.version)
            if flight.version == SSL2:
                self.choices += [Choice(SSL2, suite(kind), flight, answer.hello) for kind in flight.kinds]
            else:
                self.choices.append(Choice(flight.version, suite(flight.suite or 0), flight, answer.hello))
            self._deny_versions(answer, above=flight.version)
        elif flight.alert == PROTOCOL_VERSION and answer.declined:
            self._deny_versions(answer, above=SSL2)

    def shake(self, session: SmtpSession | None) -> None:
        """Write down what the real handshake chose."""
        tls = session.tls if session else None
        chosen = suites_by_name().get(tls.suite) if tls else None
        if tls and tls.completed and chosen and tls.version in NUMBERS:
            version = NUMBERS[tls.version]
            self.spoken.add(version)
            self.choices.append(Choice(version, chosen, ServerFlight(version, chosen.number, group_number(tls.group), tls.chain)))
            for newer in (TLS12, TLS11):  # a real handshake offers both of these, with every suite that OpenSSL has
                if newer > version:
                    said = f"chose {tls.version} in the handshake"
                    self.deny(f"version {VERSIONS[newer]}", Answer(Ssl2Hello(()), ServerFlight(), Outcome.DECLINED, said))

    def _deny_versions(self, answer: Answer, above: int) -> None:
        """A hello that offers up to a version, and gets less or the alert protocol_version, rules out the versions between."""
        hello = answer.hello
        if isinstance(hello, Ssl2Hello):
            return
        offered = hello.versions or tuple(version for version in BELOW_13 if version <= hello.version)
        for version in offered:
            if version > above:
                self.deny(f"version {VERSIONS.get(version, '')}", answer)

    def deny(self, topic: str, answer: Answer) -> None:
        self.denied.setdefault(topic, answer)

    def forget_closings(self) -> None:
        """Take back each no that was only a closed connection."""
        self.denied = {topic: answer for topic, answer in self.denied.items() if not answer.by_closing}

    @property
    def has_closings(self) -> bool:
        return any(answer.by_closing for answer in self.denied.values())

    def version(self, number: int) -> bool | None:
        if number in self.spoken:
            return True
        return False if f"version {VERSIONS[number]}" in self.denied else None

    @property
    def retries(self) -> bool:
        """The server answers a TLS 1.3 hello without key share as it has to, so that its noes to such hellos mean something."""
        return any(choice.hello is not None for choice in self.of(TLS13))

    @property
    def highest_below_13(self) -> int | None:
        return next((version for version in BELOW_13 if self.version(version)), None)

    @property
    def speaks_13_alone(self) -> bool:
        """Then the certificates can be seen sealed only."""
        return self.version(TLS13) is True and self.version(TLS12) is False and self.highest_below_13 is None

    def of(self, version: int) -> list[Choice]:
        return [choice for choice in self.choices if choice.version == version]

    def known(self, yes: bool, topics: Iterable[str]) -> bool | None:
        """True when seen; False when every topic was denied; else not known."""
        return True if yes else False if all(topic in self.denied for topic in topics) else None

    @property
    def keys(self) -> set[str]:
        """The kinds of keys of the leaves seen."""
        return {choice.key for choice in self.choices if choice.flight.chain}
