"""What an answer's AD bit is worth, and whether the resolver can be believed (RFC 4035; RFC 6840, 5.7; RFC 8914).

Theory of operation: Hauberk does not validate signatures, it asks a validating resolver over a path that nobody can tamper with. AD
set means secure. Not set means insecure, provided that the resolver validates at all, which the signed root shows. SERVFAIL alone
means nothing: only when the same question with checking disabled (CD) gets its answer, or the resolver says so in an extended error,
is the zone bogus.
"""

from enum import StrEnum

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols import mx
from hauberk.protocols.walk import Walk, ask, ask_each

# RFC 8914, 4.7-4.13: DNSSEC Bogus, Signature Expired, Signature Not Yet Valid, DNSKEY Missing, RRSIGs Missing, No Zone Key Bit Set,
# NSEC Missing.
BOGUS_ERRORS = frozenset(range(6, 13))
ERROR_NAMES = (
    (6, "DNSSEC bogus"),
    (7, "signature expired"),
    (8, "signature not yet valid"),
    (9, "DNSKEY missing"),
    (10, "RRSIGs missing"),
    (11, "no zone key bit set"),
    (12, "NSEC missing"),
)
# RFC 6761, 6.4: no name under `invalid` exists.
NO_SUCH_NAME = "hauberk-asks-whether-you-lie.invalid"


class State(StrEnum):
    """The security states of RFC 4033, 5; a lame or silent server and an untrusted path leave it unknown."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNKNOWN = "unknown"


class Validated(Struct, frozen=True):
    """A question's answer, and the answer with checking disabled where the first was SERVFAIL."""

    question: Question
    answer: DnsAnswer | NoAnswer
    unchecked: DnsAnswer | NoAnswer | None = None

    @property
    def state(self) -> State:
        return state(self.answer, self.unchecked)


class Resolver(Struct, frozen=True):
    """What the resolver is like; None where it did not say.

    `trusted_path` is false when AD bits mean nothing here; `validates`: the signed root comes with AD; `lies`: a name that cannot
    exist is given addresses.
    """

    root: DnsAnswer | NoAnswer
    no_such_name: DnsAnswer | NoAnswer

    @property
    def trusted_path(self) -> bool:
        return not (isinstance(self.root, DnsAnswer) and self.root.authenticated is None)

    @property
    def validates(self) -> bool | None:
        if isinstance(self.root, NoAnswer) or self.root.rcode != "NOERROR":
            return None
        return self.root.authenticated

    @property
    def lies(self) -> bool | None:
        if isinstance(self.no_such_name, NoAnswer) or self.no_such_name.rcode not in ("NOERROR", "NXDOMAIN"):
            return None
        return bool(self.no_such_name.records)


def state(answer: DnsAnswer | NoAnswer, unchecked: DnsAnswer | NoAnswer | None = None) -> State:
    """The security state of an answer from a resolver that validates; `unchecked` is the reply to the same question with CD."""
    if isinstance(answer, NoAnswer) or answer.authenticated is None:
        return State.UNKNOWN
    if answer.rcode in ("NOERROR", "NXDOMAIN"):
        return State.SECURE if answer.authenticated else State.INSECURE
    if answer.rcode == "SERVFAIL":
        if BOGUS_ERRORS.intersection(answer.extended_errors):
            return State.BOGUS
        if isinstance(unchecked, DnsAnswer) and unchecked.rcode in ("NOERROR", "NXDOMAIN"):
            return State.BOGUS
    return State.UNKNOWN


def why_bogus(answer: DnsAnswer | NoAnswer) -> str:
    """The resolver's reasons in words, as far as it gave any."""
    errors = answer.extended_errors if isinstance(answer, DnsAnswer) else ()
    return ", ".join(name for code, name in ERROR_NAMES if code in errors)


def validated(questions: tuple[Question, ...]) -> Walk[tuple[Validated, ...]]:
    """Ask; ask again with checking disabled what was answered SERVFAIL."""
    answers = yield from ask_each(questions)
    failed = tuple(
        question
        for question, answer in zip(questions, answers, strict=True)
        if isinstance(answer, DnsAnswer) and answer.rcode == "SERVFAIL"
    )
    if not failed:
        return tuple(map(Validated, questions, answers))
    again = yield from ask_each(tuple(Question(one.name, one.type, one.server, checking_disabled=True) for one in failed))
    unchecked = dict(zip(failed, again, strict=True))
    return tuple(Validated(question, answer, unchecked.get(question)) for question, answer in zip(questions, answers, strict=True))


def resolver(domain: str, options: ScanOptions) -> Walk[Resolver]:
    """Two questions whose true answers are known: the root is signed, and nothing is called `.invalid`."""
    root, no_such_name = yield from ask_each((Question(".", "SOA"), Question(NO_SUCH_NAME, "A")))
    return Resolver(root, no_such_name)


def of_domain(domain: str, options: ScanOptions) -> Walk[tuple[Validated, ...]]:
    """The domain's SOA, MX and TXT sets; and DNSKEY and DS, to tell a zone without signatures from one whose parent has no DS.

    Where there are keys NSEC3PARAM too, last.
    """
    found = yield from validated(tuple(Question(domain, kind) for kind in ("SOA", "MX", "TXT", "DNSKEY", "DS")))
    keys = next(one.answer for one in found if one.question.type == "DNSKEY")
    if isinstance(keys, NoAnswer) or not any(record.name == domain for record in keys.of("DNSKEY")):
        return found
    parameters = yield from ask(domain, "NSEC3PARAM")
    return (*found, Validated(Question(domain, "NSEC3PARAM"), parameters))


def of_hosts(domain: str, options: ScanOptions) -> Walk[tuple[Validated, ...]]:
    """The address sets of the domain's MX hosts, two for each."""
    route = yield from mx.route(domain)
    return (yield from validated(tuple(Question(host.name, kind) for host in route.hosts for kind in ("A", "AAAA"))))
