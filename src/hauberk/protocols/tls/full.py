"""The questions of full depth: every version, suite, group, signature scheme and certificate by name, and the finer points of behaviour."""

from collections.abc import Iterator

from msgspec.structs import replace

from hauberk.protocols.tls.elimination import Dimension, Offer, eliminate
from hauberk.protocols.tls.groups import CURVES, FINITE, POST_QUANTUM, groups_of
from hauberk.protocols.tls.hello import ClientHello, latest_hello, legacy_hello, modern_hello
from hauberk.protocols.tls.interview import Answer, Job, put
from hauberk.protocols.tls.ledger import BELOW_13
from hauberk.protocols.tls.registry import FALLBACK_SCSV, SSL3, TLS11, TLS12, TLS13, VERSIONS, suite, worst_first
from hauberk.protocols.tls.schemes import ALL, MD5, SHA1, SHA224, SIGNING_13
from hauberk.protocols.tls.standard import (
    ALL_13_TOPIC,
    FINITE_TOPIC,
    INSUFFICIENT_FINITE_TOPIC,
    INSUFFICIENT_TOPIC,
    OTHER_TOPIC,
    POST_QUANTUM_TOPIC,
    SHA1_TOPIC,
    SHA224_TOPIC,
    SOUND_TOPIC,
    WEAK_13_TOPIC,
    WEAK_CURVES_TOPIC,
    Standard,
    numbered,
)
from hauberk.protocols.walk import Walk

MOST_CONNECTIONS = 400
FOREIGN_NAME = "no-such-host.invalid"


class Full(Standard):
    """Standard depth's questions where they decide what there is, then everything by elimination."""

    def walk(self) -> Walk[None]:
        yield from self.interview.hold((self.latest(), self.sound()))
        yield from self.interview.hold(self._versions())
        yield from self.interview.hold(self._everything())
        yield from self.interview.hold(self._behaviour())

    def _versions(self) -> Iterator[Job]:
        if self.ledger.version(SSL3) is not False:
            yield self.legacy()
            if not self.ledger.version(TLS12):
                yield self.poor()
        yield self.ssl2()

    def _everything(self) -> Iterator[Job]:
        if self.ledger.retries:
            yield self.all_of_13()
        if self.ledger.speaks_13_alone:
            yield self.signatures_of_13()
        below = [version for version in BELOW_13 if self.ledger.version(version)]
        for version in below:
            yield self.all_of(version, newest=version == below[0])

    def _behaviour(self) -> Iterator[Job]:
        if self.ledger.version(TLS12):
            yield self.order()
            yield self.prime_without_curves()
        yield self.fallback()
        yield self.names()

    def all_of_13(self) -> Job:
        seen = self.ledger.of(TLS13)
        suites = Dimension("suites", _without(numbered(worst_first(TLS13)[::-1]), {one.suite.number for one in seen}), _suite)
        groups = Dimension("groups", _without(groups_of(TLS13), {one.flight.group for one in seen}), _group)

        def word(offer: Offer) -> ClientHello:
            chosen = offer["suites"] if "suites" in offer else self._known(TLS13)
            return latest_hello(chosen, self.name, offer.get("groups", groups_of(TLS13)))

        yield from eliminate((suites, groups), word, self._note, "TLS 1.3, what is left")
        self._close(suites, WEAK_13_TOPIC, ALL_13_TOPIC)
        self._close(groups, *(f"group {number}" for number in FINITE))
        if any(one.flight.group in FINITE for one in self.ledger.of(TLS13)):
            self._forget(*(f"group {one.flight.group}" for one in self.ledger.of(TLS13)))
        if groups.refusal and not any(one.flight.group in POST_QUANTUM for one in self.ledger.of(TLS13)):
            self.ledger.deny(POST_QUANTUM_TOPIC, groups.refusal)

    def signatures_of_13(self) -> Job:
        """How a server that speaks TLS 1.3 alone signs, with the certificate of each kind of key."""
        schemes = Dimension("schemes", SIGNING_13, _scheme)

        def word(offer: Offer) -> ClientHello:
            return self._revealing(offer["schemes"])

        yield from eliminate((schemes,), word, self._note, "TLS 1.3, signatures")

    def all_of(self, version: int, newest: bool) -> Job:
        """All suites of a version; in the newest below TLS 1.3 the curves (which SSLv3 cannot name) and signature schemes as well."""
        seen = self.ledger.of(version)
        suites = Dimension("suites", _without(numbered(worst_first(version)[::-1]), {one.suite.number for one in seen}), _suite)
        groups = Dimension("groups", _without(CURVES, {one.flight.group for one in seen}) if newest and version > SSL3 else (), _curve)
        schemes = Dimension("schemes", _without(ALL, {one.flight.scheme for one in seen}) if newest and version == TLS12 else (), _scheme)

        def word(offer: Offer) -> ClientHello:
            chosen = offer["suites"] if "suites" in offer else self._known(version)
            if "suites" not in offer and "groups" in offer:
                chosen = tuple(number for number in chosen if suite(number).elliptic)
            if "suites" not in offer and "schemes" in offer:
                chosen = tuple(number for number in chosen if suite(number).signed)
            curves = (*offer["groups"], *self._curves_of_keys()) if "groups" in offer else CURVES
            if version == TLS12:
                return modern_hello(chosen, self.name, curves, offer.get("schemes", ALL))
            return legacy_hello(version, chosen, self.name, curves)

        yield from eliminate((suites, groups, schemes), word, self._note, f"{VERSIONS[version]}, what is left")
        if newest:
            self._close(suites, SOUND_TOPIC, FINITE_TOPIC, OTHER_TOPIC, INSUFFICIENT_TOPIC, INSUFFICIENT_FINITE_TOPIC)
            self._close(groups, WEAK_CURVES_TOPIC)
        taken = {one.flight.scheme for one in self.ledger.of(TLS12)}
        for topic, numbers in ((SHA1_TOPIC, {*SHA1, *MD5}), (SHA224_TOPIC, {*SHA224})):
            if schemes.refusal and not taken & numbers:
                self.ledger.deny(topic, schemes.refusal)

    def prime_without_curves(self) -> Job:
        """The prime for a client that knows no curves and no named fields, as old ones do not."""
        finite = tuple({one.suite.number: None for one in self.ledger.of(TLS12) if one.suite.finite})
        if finite:
            self._note((yield from put(self._below_13(finite, ()), "finite fields without curves")))

    def fallback(self) -> Job:
        """A client that says that it stepped back without need is to be stopped (RFC 7507)."""
        have = [version for version in (TLS13, *BELOW_13) if self.ledger.version(version)]
        if len(have) < 2:
            return
        offered = (*self._known(have[1]), FALLBACK_SCSV)
        hello = self._below_13(offered) if have[1] == TLS12 else legacy_hello(have[1], offered, self.name, CURVES)
        answer = yield from put(hello, f"stepping back to {VERSIONS[have[1]]}")
        self.ledger.behaviour["fallback"] = answer

    def names(self) -> Job:
        """A hello without a name, and one with a name that the server cannot have."""
        taken = next((one.hello for one in self.ledger.choices if isinstance(one.hello, ClientHello) and one.version >= TLS11), None)
        chained = next((one.hello for one in self.ledger.choices if isinstance(one.hello, ClientHello) and one.flight.chain), taken)
        if chained is None:
            return
        self.ledger.behaviour["without name"] = yield from put(replace(chained, server_name=""), "no name in the hello")
        self.ledger.behaviour["unknown name"] = yield from put(replace(chained, server_name=FOREIGN_NAME), "a foreign name in the hello")

    def _known(self, version: int) -> tuple[int, ...]:
        """The suites that the server chose in this version."""
        return tuple({one.suite.number: None for one in self.ledger.of(version)})

    def _close(self, dimension: Dimension, *topics: str) -> None:
        """What a dimension run dry denies: whatever of these topics was never chosen; `known` looks at the choices first."""
        if dimension.refusal:
            for topic in topics:
                self.ledger.deny(topic, dimension.refusal)

    def _forget(self, *topics: str) -> None:
        for topic in topics:
            self.ledger.denied.pop(topic, None)


def _without(numbers: tuple[int, ...], seen: set[int] | set[int | None]) -> tuple[int, ...]:
    return tuple(number for number in numbers if number not in seen)


def _suite(answer: Answer) -> int | None:
    return answer.flight.suite


def _group(answer: Answer) -> int | None:
    return answer.flight.group


def _curve(answer: Answer) -> int | None:
    return answer.flight.group if suite(answer.flight.suite or 0).elliptic else None


def _scheme(answer: Answer) -> int | None:
    return answer.flight.scheme
