"""Which DMARC policy governs a domain (RFC 9989, 4.10): the tree walk, the organisational domain, the effective policies."""

import re

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols.dmarc.legacy import LegacyView, parse_7489
from hauberk.protocols.dmarc.record import Dmarc, Policy, Psd, parse
from hauberk.protocols.dmarc.reporting import LONGEST_NAME, Destination, destinations
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import ancestors, registrable
from hauberk.protocols.rdata import target, txt
from hauberk.protocols.tags import begins_with, parse_tags
from hauberk.protocols.walk import Walk, ask, ask_each

MOST_QUERIES = 8
_ALMOST = re.compile(r"v\s*=\s*dmarc", re.IGNORECASE)


class Step(Struct, frozen=True):
    """One name of the walk. `texts` are the TXT records that begin with the version, `almost` those that were meant to,
    `others` counts TXT records that have nothing to do with DMARC (a wildcard, mostly); `aliases` are CNAME targets. `record` is the one
    record; several are all discarded (4.10, steps 2 and 6)."""

    domain: str
    answer: DnsAnswer | NoAnswer
    texts: tuple[str, ...] = ()
    almost: tuple[str, ...] = ()
    others: int = 0
    aliases: tuple[str, ...] = ()
    record: Dmarc | Malformed | None = None

    @property
    def name(self) -> str:
        return f"_dmarc.{self.domain}"

    @property
    def answered(self) -> bool:
        return isinstance(self.answer, DnsAnswer) and self.answer.rcode in ("NOERROR", "NXDOMAIN")

    @property
    def psd(self) -> Psd:
        return self.record.psd if isinstance(self.record, Dmarc) else Psd.UNDETERMINED


class Governing(Struct, frozen=True):
    """The record that governs some names: where it was found, and the policy it asks for them, before and after test mode.

    `policy` is None where no record applies, or one that receivers cannot act on. `tag` is the tag that the policy came from.
    """

    policy_domain: str = ""
    record: Dmarc | Malformed | None = None
    tag: str = ""
    policy: Policy | None = None
    applied: Policy | None = None


class DmarcDiscovery(Struct, frozen=True):
    """What the tree walk found for one domain. `steps` are the names as RFC 9989 walks them, until one stops the walk.

    `unanswered` are the steps whose silence leaves the policy for the domain open, `unanswered_below` the policies for its
    subdomains. `exists` is None when it was not asked or not answered.
    """

    domain: str
    steps: tuple[Step, ...]
    organisational: str
    own: Governing
    subdomains: Governing
    nonexistent: Governing
    legacy: LegacyView
    destinations: tuple[Destination, ...] = ()
    exists: bool | None = None
    unanswered: tuple[Step, ...] = ()
    unanswered_below: tuple[Step, ...] = ()

    @property
    def at_domain(self) -> Step:
        return self.steps[0]


def tree(domain: str) -> tuple[str, ...]:
    """The names the walk asks, the domain first: at most eight, long names being cut to seven labels after the first."""
    names = ancestors(domain)
    return names if len(names) <= MOST_QUERIES else (names[0], *names[-(MOST_QUERIES - 1) :])


def discover(domain: str, options: ScanOptions) -> Walk[DmarcDiscovery]:
    """Ask all names of the walk at once (eight at most, one round trip), read them as the walk does, then ask whether the
    domains that reports go to agree."""
    names = tree(domain)
    organisational_7489 = registrable(domain) or domain
    extra = () if organisational_7489 in names else (organisational_7489,)
    wanted = tuple(name for name in (*names, *extra) if len(f"_dmarc.{name}") <= LONGEST_NAME)
    answers = yield from ask_each(tuple(Question(f"_dmarc.{name}", "TXT") for name in wanted))
    by_name = dict(zip(wanted, answers, strict=True))
    # where the label does not fit in any more, no record can be
    asked = tuple(_step(name, by_name.get(name, DnsAnswer("NXDOMAIN"))) for name in (*names, *extra))
    steps = _walked(asked[: len(names)])
    exists = None
    if steps[0].record is None:
        exists = _exists((yield from ask(domain, "MX")))
    organisational = _organisational(domain, steps)
    own = _own(domain, steps, organisational, exists)
    subdomains = _below(domain, steps, "sp")
    found: tuple[Destination, ...] = ()
    if isinstance(own.record, Dmarc):
        found = yield from destinations(own.record, own.policy_domain, organisational)
    return DmarcDiscovery(
        domain,
        steps,
        organisational,
        own,
        subdomains,
        _below(domain, steps, "np"),
        _legacy(domain, organisational_7489, {step.domain: step for step in asked}),
        found,
        exists,
        () if steps[0].record is not None else _left_open(steps),
        _left_open(steps),
    )


def _step(domain: str, answer: DnsAnswer | NoAnswer) -> Step:
    if isinstance(answer, NoAnswer):
        return Step(domain, answer)
    texts: list[str] = []
    almost: list[str] = []
    records = answer.of("TXT")
    for text in map(txt, records):
        if begins_with(text, parse_tags(text), "DMARC1"):
            texts.append(text)
        elif _ALMOST.search(text):
            almost.append(text)
    aliases = tuple(target(record) for record in answer.of("CNAME"))
    record = parse(texts[0]) if len(texts) == 1 else None
    return Step(domain, answer, tuple(texts), tuple(almost), len(records) - len(texts) - len(almost), aliases, record)


def _walked(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps until the first whose record says whether it is a public suffix (4.10, steps 2 and 6)."""
    for at, step in enumerate(steps):
        if step.psd is not Psd.UNDETERMINED:
            return steps[: at + 1]
    return steps


def _organisational(start: str, steps: tuple[Step, ...]) -> str:
    """The organisational domain for a walk that began at `start`, whose own step may be among `steps` (4.10.2)."""
    with_record = tuple(step for step in steps if step.record is not None)
    for step in with_record:
        if step.psd is Psd.NO:
            return step.domain
        if step.psd is Psd.YES and step.domain != start:
            labels = start.split(".")
            return ".".join(labels[-(step.domain.count(".") + 2) :])
    return with_record[-1].domain if with_record else start


def _own(domain: str, steps: tuple[Step, ...], organisational: str, exists: bool | None) -> Governing:
    """The policy for mail from the domain itself (4.10.1): its own record, the organisational domain's, the public suffix's."""
    if steps[0].record is not None:
        return _governing(steps[0], "p")
    return _inherited(steps, organisational, "np" if exists is False else "sp")


def _below(domain: str, steps: tuple[Step, ...], tag: str) -> Governing:
    """The policy for mail from names below the domain that have no record of their own."""
    return _inherited(steps, _organisational(f"*.{domain}", steps), tag)


def _inherited(steps: tuple[Step, ...], organisational: str, tag: str) -> Governing:
    for step in steps:
        if step.record is not None and (step.domain == organisational or step.psd is Psd.YES):
            return _governing(step, tag)
    return Governing()


def _governing(step: Step, tag: str) -> Governing:
    record = step.record
    if not isinstance(record, Dmarc):
        return Governing(step.domain, record, tag)
    policies = {"p": record.for_domain, "sp": record.for_subdomains, "np": record.for_nonexistent}
    said = {"p": "p", "sp": "sp" if record.sp else "p", "np": "np" if record.np else "sp" if record.sp else "p"}
    policy = policies[tag]
    return Governing(step.domain, record, said[tag], policy, record.applied(policy))


def _legacy(domain: str, organisational: str, steps: dict[str, Step]) -> LegacyView:
    for name in dict.fromkeys((domain, organisational)):
        step = steps[name]
        if len(step.texts) == 1:
            return LegacyView(organisational, name, parse_7489(step.texts[0]))
    return LegacyView(organisational)


def _exists(answer: DnsAnswer | NoAnswer) -> bool | None:
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return None
    return answer.rcode == "NOERROR"


def _left_open(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The silent steps that could change an inherited policy: where a record was found, the silence of a public suffix above
    it does not count, since hardly one publishes anything."""
    silent = tuple(step for step in steps if not step.answered)
    if any(step.record is not None for step in steps):
        return tuple(step for step in silent if step is steps[0] or registrable(step.domain) is not None)
    return silent
