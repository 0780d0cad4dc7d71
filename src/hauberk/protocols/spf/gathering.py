"""What the include tree asks: every answer it is built from, gathered level by level with all questions of a level at once."""

from functools import lru_cache

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import is_at_or_below, registrable
from hauberk.protocols.rdata import target
from hauberk.protocols.spf.answers import exchanges_in
from hauberk.protocols.spf.macros import MacroString, expand, target_name
from hauberk.protocols.spf.record import SpfRecord, parse
from hauberk.protocols.spf.selection import select
from hauberk.protocols.spf.terms import A, Asking, Exists, Include, MxHosts, Redirect
from hauberk.protocols.walk import Walk, ask_each

MOST_DEPTH = 20
MOST_QUESTIONS = 200
MOST_HOSTS = 20  # of one mx term; receivers stop after ten

Answers = dict[Question, DnsAnswer | NoAnswer]

# The sender's domain is the scanned one; everything else about a message is not known before it comes.
_KNOWN_LETTERS = frozenset("do")


class Target(Struct, frozen=True):
    """Where a term points. `name` is empty when it hangs on the message (`by_macro`), or when it is no DNS name."""

    name: str
    by_macro: bool = False


def target_of(spec: MacroString | None, owner: str, origin: str) -> Target:
    """The target of a term in the record of `owner`, when mail claims to be from `origin`."""
    if spec is None:
        return Target(owner)
    letters = spec.letters
    if not letters <= _KNOWN_LETTERS:
        return Target("", by_macro=True)
    expanded = expand(spec, lambda letter: owner if letter == "d" else origin) if letters else "".join(map(str, spec.parts))
    return Target(target_name(expanded) or "")


def is_answer(answer: DnsAnswer | NoAnswer | None) -> bool:
    """Whether the name servers said something definite."""
    return isinstance(answer, DnsAnswer) and answer.rcode in ("NOERROR", "NXDOMAIN")


@lru_cache(maxsize=8192)
def the_record(answer: DnsAnswer | NoAnswer | None) -> SpfRecord | None:
    """The SPF record of an answer to a TXT question; None without one, and with several."""
    if not isinstance(answer, DnsAnswer) or answer.rcode != "NOERROR":
        return None
    texts = select(answer).records
    record = parse(texts[0]) if len(texts) == 1 else None
    return None if isinstance(record, Malformed) else record


def denied_name(question: Question, answer: DnsAnswer) -> str:
    """The name that an NXDOMAIN is about: the end of the chain of CNAMEs (RFC 6604)."""
    name = question.name
    aliases = {record.name: target(record) for record in answer.of("CNAME")}
    for _ in range(len(aliases)):
        name = aliases.get(name, name)
    return name


def gather(origin: str) -> Walk[Answers]:
    """Every answer the tree of `origin` needs, at most `MOST_QUESTIONS` of them."""
    answers: Answers = {}
    wanted = (Question(origin, "TXT"),)
    for _ in range(2 * MOST_DEPTH):
        new = tuple(dict.fromkeys(one for one in wanted if one not in answers))
        asked = sorted(new, key=lambda one: one.type != "TXT")[: MOST_QUESTIONS - len(answers)]
        if not asked:
            break
        replies = yield from ask_each(tuple(asked))
        answers.update(zip(asked, replies, strict=True))
        wanted = tuple(following for one in asked for following in _follow(one, answers[one], origin))
    return answers


def _follow(question: Question, answer: DnsAnswer | NoAnswer, origin: str) -> tuple[Question, ...]:
    """The questions that an answer raises."""
    if isinstance(answer, NoAnswer):
        return ()
    if answer.rcode == "NXDOMAIN" and question.type != "NS":
        registered = registrable(denied_name(question, answer))
        known = registered is None or registered == question.name or is_at_or_below(origin, registered)
        return () if known or registered is None else (Question(registered, "NS"),)
    if question.type == "MX":
        return tuple(Question(name, kind) for name in exchanges_in(answer)[:MOST_HOSTS] for kind in ("A", "AAAA"))
    if question.type != "TXT":
        return ()
    record = the_record(answer)
    return tuple(one for term in record.asking for one in questions_of(term, question.name, origin)) if record else ()


def questions_of(term: Asking, owner: str, origin: str) -> tuple[Question, ...]:
    """What a term of `owner`'s record asks first; nothing if that hangs on the message."""
    return _questions_of(term, owner, origin if term.domain and term.domain.letters else "")


@lru_cache(maxsize=8192)
def _questions_of(term: Asking, owner: str, origin: str) -> tuple[Question, ...]:
    """Kept, since the same few includes stand behind most domains; `origin` is empty where it makes no difference."""
    match term:
        case Include(domain) | Redirect(domain):
            kinds: tuple[str, ...] = ("TXT",)
        case A(domain):
            kinds = ("A", "AAAA")
        case MxHosts(domain):
            kinds = ("MX",)
        case Exists(domain):
            kinds = ("A",)
        case _:
            return ()
    name = target_of(domain, owner, origin).name
    return tuple(Question(name, kind) for kind in kinds) if name else ()
