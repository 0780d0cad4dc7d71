"""From the ledger of an interview to the facts about the endpoint."""

from msgspec import UNSET

from hauberk.model.transport import Endpoint, SmtpSession, TlsHandshake
from hauberk.protocols.tls import hello as hellos
from hauberk.protocols.tls import preference
from hauberk.protocols.tls.facts import ChainFact, DhFact, GradeFact, GroupFact, SchemeFact, SuiteFact, TlsFacts, VersionFact
from hauberk.protocols.tls.grade import Grade
from hauberk.protocols.tls.groups import FINITE, POST_QUANTUM, WEAK_CURVES, group_grade, group_name, prime_grade
from hauberk.protocols.tls.hello import ClientHello
from hauberk.protocols.tls.interview import Interview, Outcome
from hauberk.protocols.tls.ledger import BELOW_13, Choice, Ledger
from hauberk.protocols.tls.registry import SSL2, TLS10, TLS12, TLS13, VERSIONS
from hauberk.protocols.tls.schemes import SHA1, SHA224, scheme_grade, scheme_name
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
)


def conclude(
    endpoint: Endpoint, depth: str, interview: Interview, ledger: Ledger, session: SmtpSession | None, asked: SmtpSession | None = None
) -> TlsFacts:
    """The facts; `session` is the one with the real handshake, `asked` that in which we asked for another."""
    handshake = session.tls if session else None
    below = [choice for choice in ledger.choices if TLS10 <= choice.version <= TLS12 and isinstance(choice.hello, ClientHello)]
    free = preference.free_choices(ledger.of(TLS12))
    revealed = [choice for choice in ledger.of(TLS13) if choice.flight.done]
    return TlsFacts(
        endpoint=endpoint,
        depth=depth,
        partial=interview.ended,
        connections=interview.connections + sum(held is not None for held in (session, asked)),
        listed=depth == "full" and not interview.ended,
        versions=tuple(VersionFact(name, ledger.version(number), _evidence(ledger, number)) for number, name in VERSIONS.items()),
        suites=_suites(ledger),
        suite_grades=tuple(GradeFact(grade, _grade(ledger, grade)) for grade in Grade),
        groups=_groups(ledger),
        dh=_dh(ledger),
        schemes=_schemes(ledger),
        chains=_chains(ledger),
        server_preference=preference.servers_own(free),
        order=preference.wrong(free),
        post_quantum=ledger.known(
            any(choice.flight.group in POST_QUANTUM for choice in ledger.of(TLS13)),
            (POST_QUANTUM_TOPIC,) if ledger.version(TLS13) is not False else (),
        ),
        weak_curves=_below(ledger, any(choice.flight.group in WEAK_CURVES for choice in below), WEAK_CURVES_TOPIC),
        finite_exchange=_finite_exchange(ledger),
        compression=_compression(ledger, below),
        secure_renegotiation=_signal(below, hellos.RENEGOTIATION),
        client_renegotiation=_renegotiated(asked),
        extended_master_secret=_signal(below, hellos.MASTER_SECRET),
        encrypt_then_mac=_signal([choice for choice in below if "_CBC_" in choice.suite.name], hellos.ENCRYPT_THEN_MAC),
        heartbeat=_signal(below, hellos.HEARTBEAT),
        fallback_protected=_behaved(ledger, "fallback", Outcome.DECLINED),
        early_data=_early_data(ledger, handshake),
        ocsp_stapling=_stapling([*below, *revealed]),
        resumption=handshake.resumption if handshake else None,
        without_name=_behaved(ledger, "without name", Outcome.CHOSEN),
        unknown_name=_behaved(ledger, "unknown name", Outcome.CHOSEN),
        name_matters=_name_matters(ledger),
        client_certificate=_client_certificate([*below, *revealed]),
        odd=tuple(interview.odd),
    )


def _evidence(ledger: Ledger, version: int) -> str:
    chosen = ledger.of(version)
    if chosen or version in ledger.spoken:
        return f"chose {chosen[0].suite.name}" if chosen else "answers, though with no cipher left"
    answer = ledger.denied.get(f"version {VERSIONS[version]}")
    if answer is None:
        return ""
    return answer.evidence or f"chose {VERSIONS.get(answer.flight.version or 0, 'another version')} instead"


def _suites(ledger: Ledger) -> tuple[SuiteFact, ...]:
    facts = {
        (-choice.version, choice.suite.number): SuiteFact(
            VERSIONS.get(choice.version, ""), choice.suite.name, choice.suite.grade, choice.key, choice.suite.why
        )
        for choice in ledger.choices
        if choice.version in VERSIONS
    }
    return tuple(facts[key] for key in sorted(facts, key=lambda key: (key[0], facts[key].grade.rank, key[1])))


def _grade(ledger: Ledger, grade: Grade) -> bool | None:
    seen = any(choice.suite.grade is grade for choice in ledger.choices)
    if seen:
        return True
    old = any(ledger.version(version) is not False for version in BELOW_13)
    new = ledger.version(TLS13) is not False
    match grade:
        case Grade.INSUFFICIENT:
            if ledger.version(SSL2) is None:
                return None
            topics = ([INSUFFICIENT_TOPIC] if old else []) + ([WEAK_13_TOPIC] if new else [])
        case Grade.PHASE_OUT:
            topics = [FINITE_TOPIC, OTHER_TOPIC] if old else []
        case Grade.SUFFICIENT:
            topics = ([SOUND_TOPIC] if old else []) + ([ALL_13_TOPIC] if new else [])
        case Grade.GOOD:
            topics = [ALL_13_TOPIC] if new else []
    return ledger.known(False, topics)


def _below(ledger: Ledger, seen: bool, *topics: str) -> bool | None:
    """A fact that only TLS 1.2 and older can have."""
    return ledger.known(seen, () if all(ledger.version(version) is False for version in BELOW_13) else topics)


def _finite_exchange(ledger: Ledger) -> bool | None:
    poor = INSUFFICIENT_TOPIC if INSUFFICIENT_TOPIC in ledger.denied else INSUFFICIENT_FINITE_TOPIC
    seen = any(choice.suite.finite for choice in ledger.choices)
    return _below(ledger, seen, FINITE_TOPIC, poor)


def _groups(ledger: Ledger) -> tuple[GroupFact, ...]:
    facts: dict[tuple[int, int], GroupFact] = {}
    for choice in ledger.choices:
        number = choice.flight.group
        if number is None or not (choice.version == TLS13 or choice.suite.elliptic):
            continue
        grade, why = group_grade(number)
        facts[choice.version, number] = GroupFact(VERSIONS.get(choice.version, ""), group_name(number), grade, True, why)
    if ledger.version(TLS13):
        for number in FINITE:
            grade, why = group_grade(number)
            accepted = ledger.known(False, (f"group {number}",))
            facts.setdefault((TLS13, number), GroupFact(VERSIONS[TLS13], group_name(number), grade, accepted, why))
    return tuple(facts[key] for key in sorted(facts, key=lambda key: (-key[0], facts[key].grade.rank, key[1])))


def _dh(ledger: Ledger) -> tuple[DhFact, ...]:
    """One fact for each prime, with the newest version it was seen in."""
    facts: dict[int, DhFact] = {}
    for choice in sorted(ledger.choices, key=lambda choice: -choice.version):
        prime = choice.flight.prime
        if prime is not None and prime not in facts:
            group, grade, why = prime_grade(prime)
            facts[prime] = DhFact(VERSIONS.get(choice.version, ""), choice.suite.name, prime.bit_length(), group, grade, why)
    return tuple(facts.values())


def _schemes(ledger: Ledger) -> tuple[SchemeFact, ...]:
    name = VERSIONS[TLS12]
    seen = sorted({choice.flight.scheme for choice in ledger.of(TLS12) if choice.flight.scheme is not None})
    facts = {number: SchemeFact(name, scheme_name(number), scheme_grade(number)) for number in seen}
    absent = ledger.version(TLS12) is False
    for topic, numbers in ((SHA1_TOPIC, SHA1), (SHA224_TOPIC, SHA224)):
        accepted = False if absent or topic in ledger.denied else None
        for number in numbers:
            facts.setdefault(number, SchemeFact(name, scheme_name(number), scheme_grade(number), accepted))
    revealed = sorted({choice.flight.scheme for choice in ledger.of(TLS13) if choice.flight.scheme is not None})
    return (*facts.values(), *(SchemeFact(VERSIONS[TLS13], scheme_name(number), scheme_grade(number)) for number in revealed))


def _chains(ledger: Ledger) -> tuple[ChainFact, ...]:
    """Every chain that was shown. SSLv2 has room for a leaf alone, which is no chain of its own where the whole one was seen."""
    facts: dict[tuple[bytes, ...], ChainFact] = {}
    leaves = {choice.flight.chain[0] for choice in ledger.choices if choice.flight.chain and choice.version != SSL2}
    for choice in ledger.choices:
        if choice.flight.chain and (choice.version != SSL2 or choice.flight.chain[0] not in leaves):
            facts.setdefault(choice.flight.chain, ChainFact(choice.key, choice.flight.chain, VERSIONS.get(choice.version, "")))
    return tuple(facts.values())


def _signal(choices: list[Choice], kind: int) -> bool | None:
    """Whether the ServerHello echoes an extension that the hello had, always."""
    echoes = [kind in choice.flight.extensions for choice in choices if _signalled(choice, kind)]
    return all(echoes) if echoes else None


def _signalled(choice: Choice, kind: int) -> bool:
    return isinstance(choice.hello, ClientHello) and kind in choice.hello.signals


def _compression(ledger: Ledger, choices: list[Choice]) -> bool | None:
    taken = [
        bool(choice.flight.compression) for choice in choices if isinstance(choice.hello, ClientHello) and 1 in choice.hello.compressions
    ]
    if any(taken):
        return True
    return False if taken or all(ledger.version(version) is False for version in BELOW_13) else None


def _renegotiated(session: SmtpSession | None) -> bool | None:
    said = session.tls.renegotiated if session and session.tls else UNSET
    return None if said is UNSET else said


def _early_data(ledger: Ledger, handshake: TlsHandshake | None) -> bool | None:
    """Only a ticket of TLS 1.3 can allow it (RFC 8446, 4.6.1)."""
    if ledger.version(TLS13) is False:
        return False
    allowed = handshake.max_early_data if handshake else UNSET
    return None if allowed is UNSET else allowed > 0


def _stapling(choices: list[Choice]) -> bool | None:
    asked = [choice for choice in choices if _signalled(choice, hellos.STATUS_REQUEST) and choice.flight.chain and choice.flight.done]
    return any(choice.flight.stapled for choice in asked) if asked else None


def _client_certificate(choices: list[Choice]) -> bool | None:
    whole = [choice.flight.certificate_request for choice in choices if choice.flight.done]
    return any(whole) if whole else None


def _behaved(ledger: Ledger, matter: str, yes: Outcome) -> bool | None:
    answer = ledger.behaviour.get(matter)
    if answer is None or answer.outcome is Outcome.UNKNOWN or answer.by_closing:
        return None
    return answer.outcome is yes


def _name_matters(ledger: Ledger) -> bool | None:
    """Whether the leaf without a name is one that the server does not show under its name."""
    answer = ledger.behaviour.get("without name")
    if answer is None or not answer.flight.chain:
        return None
    return answer.flight.chain[0] not in {choice.flight.chain[0] for choice in ledger.choices if choice.flight.chain}
