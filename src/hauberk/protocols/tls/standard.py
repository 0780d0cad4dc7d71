"""The questions of standard depth: what every verdict needs, in at most nineteen hellos.

Each function is a job of one theme. Jobs of the first round find out what there is (TLS 1.3, TLS 1.2); the later ones ask only what can
matter on such a server. A tier of suites is offered in one hello: no choice means that the server has none of them.
"""

from collections.abc import Iterator

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import CURVES, FINITE, P256, P384, POST_QUANTUM, WEAK_CURVES, group_number, groups_of
from hauberk.protocols.tls.hello import ClientHello, Ssl2Hello, latest_hello, legacy_hello, modern_hello, revealing_hello
from hauberk.protocols.tls.interview import Answer, Interview, Job, put
from hauberk.protocols.tls.ledger import BELOW_13, Ledger
from hauberk.protocols.tls.registry import SSL2, SSL3, TLS11, TLS12, TLS13, VERSIONS, Suite, suite, suites, worst_first
from hauberk.protocols.tls.schemes import ALL, MD5, SHA1, SHA224, SIGNING_13, scheme_key
from hauberk.protocols.walk import Walk
from hauberk.protocols.x509.certificate import describe

MOST_CONNECTIONS = 19  # and the real handshake
SOUND, POOR = (Grade.GOOD, Grade.SUFFICIENT), (Grade.PHASE_OUT, Grade.INSUFFICIENT)
# What a no may be said to. A topic that was denied, with nothing of it ever chosen, is known to be absent.
SOUND_TOPIC, ALL_13_TOPIC, WEAK_13_TOPIC = "sound suites", "suites of TLS 1.3", "insufficient suites of TLS 1.3"
FINITE_TOPIC, OTHER_TOPIC, INSUFFICIENT_TOPIC = "finite-field suites", "phase-out suites", "insufficient suites"
INSUFFICIENT_FINITE_TOPIC = "insufficient finite-field suites"
POST_QUANTUM_TOPIC, WEAK_CURVES_TOPIC = "post-quantum groups", "weak curves"
SHA1_TOPIC, SHA224_TOPIC = "SHA-1 signatures", "SHA-224 signatures"


def numbered(chosen: tuple[Suite, ...]) -> tuple[int, ...]:
    return tuple(one.number for one in chosen)


class Standard:
    """The jobs for one endpoint; what they learn goes into `ledger`."""

    def __init__(self, interview: Interview, ledger: Ledger, server_name: str) -> None:
        self.interview = interview
        self.ledger = ledger
        self.name = server_name

    def walk(self) -> Walk[None]:
        yield from self.interview.hold((self.latest(), self.sound()))
        yield from self.interview.hold(self._second())
        yield from self.interview.hold(self._third())
        yield from self.interview.hold(self._fourth())

    def _second(self) -> Iterator[Job]:
        ledger = self.ledger
        if ledger.version(SSL3) is not False:
            yield self.poor()
            yield self.legacy()
        yield self.ssl2()
        if ledger.retries:
            yield self.post_quantum()
            yield self.finite_fields()
            yield self.weak_suites()

    def _third(self) -> Iterator[Job]:
        if self.ledger.version(TLS12):
            yield self.hashes()
            yield self.order()
        if self.ledger.highest_below_13:
            if self.ledger.highest_below_13 > SSL3:
                yield self.curves()
            yield self.insufficient_finite()

    def _fourth(self) -> Iterator[Job]:
        if self.ledger.speaks_13_alone:
            yield self.keys_of_13()
        if self.ledger.highest_below_13:
            yield self.other_key()
            yield self.insufficient_in_legacy()
            yield self.name_insufficient()

    def _below_13(self, chosen: tuple[int, ...], groups: tuple[int, ...] = CURVES, schemes: tuple[int, ...] = ALL) -> ClientHello:
        """A hello for the newest version below TLS 1.3 that the server can have."""
        newest = self.ledger.highest_below_13 or TLS12
        if newest == TLS12:
            return modern_hello(chosen, self.name, groups, schemes)
        return legacy_hello(newest, chosen, self.name, groups)

    def _note(self, answer: Answer, *topics: str) -> bool:
        """Take the answer in; a no denies the topics. Whether the server chose."""
        self.ledger.note(answer)
        if answer.declined:
            for topic in topics:
                self.ledger.deny(topic, answer)
        return answer.chosen

    def latest(self) -> Job:
        """TLS 1.3 with everything: its suite and the group preferred."""
        answer = yield from put(latest_hello(numbered(worst_first(TLS13)[::-1]), self.name, groups_of(TLS13)), "TLS 1.3")
        self._note(answer, f"version {VERSIONS[TLS13]}")

    def sound(self) -> Job:
        """TLS 1.2 with sound suites: extensions, certificate, curve."""
        chosen = numbered(worst_first(TLS12, SOUND)[::-1])
        answer = yield from put(modern_hello(chosen, self.name, CURVES, ALL), "TLS 1.2 with sound suites")
        self._note(answer, SOUND_TOPIC)

    def poor(self) -> Job:
        """TLS 1.2 or older with all suites below sufficient at once; then each tier that the choice does not answer for."""
        tiers = {FINITE_TOPIC: _finite(), OTHER_TOPIC: _other_phase_out(), INSUFFICIENT_TOPIC: worst_first(TLS12, (Grade.INSUFFICIENT,))}
        everything = numbered(tuple(one for tier in tiers.values() for one in tier))
        answer = yield from put(self._below_13(everything), "TLS 1.2 or older with all poor suites")
        chosen = self._note(answer, *tiers)
        if answer.declined and SOUND_TOPIC in self.ledger.denied:
            self.ledger.deny(f"version {VERSIONS[TLS12]}", answer)
        if not chosen:
            return
        for topic, tier in tiers.items():
            if not {answer.flight.suite} & set(numbered(tier)):
                again = yield from put(self._below_13(numbered(tier)), f"TLS 1.2 or older with {topic}")
                self._note(again, topic)

    def insufficient_finite(self) -> Job:
        """A prime to be seen where only insufficient suites could use one."""
        if INSUFFICIENT_TOPIC in self.ledger.denied or any(choice.suite.finite for choice in self.ledger.choices):
            return
        tier = tuple(one for one in worst_first(TLS12, (Grade.INSUFFICIENT,)) if one.finite)
        answer = yield from put(self._below_13(numbered(tier)), f"TLS 1.2 or older with {INSUFFICIENT_FINITE_TOPIC}")
        self._note(answer, INSUFFICIENT_FINITE_TOPIC)

    def legacy(self) -> Job:
        """TLS 1.1, 1.0 and SSLv3, each until it is known."""
        for version in BELOW_13:
            if version > TLS11 or self.ledger.version(version) is not None:
                continue
            hello = legacy_hello(version, numbered(worst_first(version)), self.name, CURVES)
            answer = yield from put(hello, VERSIONS[version])
            self._note(answer, f"version {VERSIONS[version]}")

    def ssl2(self) -> Job:
        kinds = tuple(number for number in suites() if number > 0xFFFF)
        answer = yield from put(Ssl2Hello(kinds), "SSLv2")
        self._note(answer, f"version {VERSIONS[SSL2]}")

    def post_quantum(self) -> Job:
        if any(choice.flight.group in POST_QUANTUM for choice in self.ledger.of(TLS13)):
            return
        hello = latest_hello(numbered(worst_first(TLS13)[::-1]), self.name, POST_QUANTUM)
        self._note((yield from put(hello, f"TLS 1.3 with {POST_QUANTUM_TOPIC}")), POST_QUANTUM_TOPIC)

    def finite_fields(self) -> Job:
        """Finite fields in TLS 1.3: the smallest is the one that matters."""
        known = numbered(worst_first(TLS13)[::-1])
        answer = yield from put(latest_hello(known, self.name, FINITE), "TLS 1.3 with finite fields")
        if not self._note(answer, *(f"group {number}" for number in FINITE)) or answer.flight.group == FINITE[0]:
            return
        smallest = yield from put(latest_hello(known, self.name, FINITE[:1]), "TLS 1.3 with ffdhe2048")
        self._note(smallest, f"group {FINITE[0]}")

    def weak_suites(self) -> Job:
        hello = latest_hello(numbered(worst_first(TLS13, POOR)), self.name, groups_of(TLS13))
        self._note((yield from put(hello, WEAK_13_TOPIC)), WEAK_13_TOPIC)

    def hashes(self) -> Job:
        """Which hash signs the key exchange when the client knows only old ones."""
        signed = tuple(one for one in worst_first(TLS12)[::-1] if one.signed)
        weak = (*SHA224, *SHA1, *MD5)
        answer = yield from put(self._below_13(numbered(signed), schemes=weak), "TLS 1.2 with SHA-1 and SHA-224 signatures")
        self._note(answer, SHA1_TOPIC, SHA224_TOPIC)
        if not answer.chosen:
            return
        for topic, wanted in ((SHA1_TOPIC, (*SHA1, *MD5)), (SHA224_TOPIC, SHA224)):
            alone = answer
            if answer.flight.scheme in weak and answer.flight.scheme not in wanted:
                hello = self._below_13(numbered(signed), schemes=wanted)
                alone = yield from put(hello, f"TLS 1.2 with {topic}")
                self._note(alone, topic)
            if alone.chosen and alone.flight.scheme not in (*wanted, None):
                self.ledger.deny(topic, alone)  # it signs with what was not offered, and so not with the old hash

    def order(self) -> Job:
        """The worse suites in front of the better: does the server keep its own order?"""
        here = {choice.suite.number: choice.suite for choice in self.ledger.of(TLS12)}
        better = [number for number, one in here.items() if one.grade in SOUND]
        worse = [number for number, one in here.items() if one.grade in POOR]
        if not better:
            better, worse = _split(here)
        if not better or not worse:
            return
        answer = yield from put(self._below_13((*worse, *better)), "TLS 1.2, the worse suites first")
        if self._note(answer) and answer.flight.suite in worse:
            self._note((yield from put(self._below_13((*better, *worse)), "TLS 1.2, the better suites first")))

    def curves(self) -> Job:
        """Weak curves; those of an ECDSA certificate have to stand in the list as well, or its suites vanish (RFC 8422, 5.1)."""
        elliptic = tuple(one for one in worst_first(self.ledger.highest_below_13 or TLS12)[::-1] if one.elliptic)
        groups = (*WEAK_CURVES, *self._curves_of_keys())
        answer = yield from put(self._below_13(numbered(elliptic), groups), WEAK_CURVES_TOPIC)
        self._note(answer, WEAK_CURVES_TOPIC)
        if answer.chosen and answer.flight.group not in WEAK_CURVES:
            self.ledger.deny(WEAK_CURVES_TOPIC, answer)

    def _curves_of_keys(self) -> tuple[int, ...]:
        """The curves of ECDSA keys where the server has no other kind; the usual ones where they cannot be read."""
        if self.ledger.keys != {"ecdsa"}:
            return ()
        leaves = [describe(choice.flight.chain[0]) for choice in self.ledger.choices if choice.flight.chain]
        curves = [group_number(leaf.key_curve) for leaf in leaves if not isinstance(leaf, Malformed)]
        return tuple(dict.fromkeys(curve for curve in curves if curve is not None)) or (P256, P384)

    def insufficient_in_legacy(self) -> Job:
        """Insufficient suites that only an old version takes; servers keep one list for all versions, so this is for the odd one."""
        oldest = next((version for version in BELOW_13[::-1] if self.ledger.version(version)), TLS12)
        seen = any(choice.suite.grade is Grade.INSUFFICIENT for choice in self.ledger.choices)
        if oldest == self.ledger.highest_below_13 or seen or not self.interview.left:
            return
        hello = legacy_hello(oldest, numbered(worst_first(oldest, (Grade.INSUFFICIENT,))), self.name, CURVES)
        self._note((yield from put(hello, f"{VERSIONS[oldest]} with {INSUFFICIENT_TOPIC}")))

    def other_key(self) -> Job:
        """A certificate with the other kind of key."""
        keys = self.ledger.keys
        if len(keys & {"rsa", "ecdsa"}) != 1 or not self.interview.left:
            return
        wanted = "ecdsa" if "rsa" in keys else "rsa"
        fitting = tuple(one for one in worst_first(self.ledger.highest_below_13 or TLS12)[::-1] if one.authentication == wanted)
        answer = yield from put(self._below_13(numbered(fitting)), f"a certificate for {wanted.upper()}")
        self._note(answer, f"key {wanted}")

    def keys_of_13(self) -> Job:
        """The same of a server that speaks TLS 1.3 alone, where certificates are sealed."""
        for _ in range(2):
            keys = self.ledger.keys
            schemes = tuple(number for number in SIGNING_13 if scheme_key(number) not in keys)
            known = " and ".join(sorted(key.upper() for key in keys))
            if not self.interview.left or not self._note(
                (yield from put(self._revealing(schemes), f"TLS 1.3, a certificate{f' for something else than {known}' if known else ''}"))
            ):
                return

    def _revealing(self, schemes: tuple[int, ...]) -> ClientHello:
        return revealing_hello(numbered(worst_first(TLS13)[::-1]), self.name, schemes)

    def name_insufficient(self) -> Job:
        """As long as connections are left: one suite of each kind of insufficiency, so that the finding can name it."""
        while self.interview.left > 2:
            reasons = {choice.suite.why for choice in self.ledger.choices if choice.suite.grade is Grade.INSUFFICIENT}
            newest = self.ledger.highest_below_13
            others = tuple(one for one in worst_first(newest or TLS12, (Grade.INSUFFICIENT,)) if one.why not in reasons)
            if not reasons or not others:
                return
            answer = yield from put(self._below_13(numbered(others)), f"{INSUFFICIENT_TOPIC} of another kind, {len(reasons)}")
            if not self._note(answer) or suite(answer.flight.suite or 0).why in reasons:
                return


def _finite() -> tuple[Suite, ...]:
    return tuple(one for one in worst_first(TLS12, (Grade.PHASE_OUT,))[::-1] if one.finite)


def _other_phase_out() -> tuple[Suite, ...]:
    return tuple(one for one in worst_first(TLS12, (Grade.PHASE_OUT,))[::-1] if not one.finite)


def _split(here: dict[int, Suite]) -> tuple[list[int], list[int]]:
    """The better and the worse where no suite is sound: phase-out before insufficient."""
    return (
        [number for number, one in here.items() if one.grade is Grade.PHASE_OUT],
        [number for number, one in here.items() if one.grade is Grade.INSUFFICIENT],
    )
