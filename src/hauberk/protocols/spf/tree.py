"""The include and redirect tree of a domain, with everything it costs receivers and everyone it lets in.

Static: no message, no client. What hangs on the message (`%{i}`) is marked, not guessed. `gathering` asks, this module builds.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import islice

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.protocols.names import is_at_or_below, registrable
from hauberk.protocols.spf.answers import addresses_in, exchanges_in
from hauberk.protocols.spf.gathering import (
    MOST_DEPTH,
    MOST_HOSTS,
    Answers,
    denied_name,
    gather,
    is_answer,
    questions_of,
    target_of,
    the_record,
)
from hauberk.protocols.spf.nodes import Lookup, Node, SpfTree, State
from hauberk.protocols.spf.record import SpfRecord, parse
from hauberk.protocols.spf.selection import Selection, select
from hauberk.protocols.spf.space import Network, address_space, network
from hauberk.protocols.spf.terms import A, Asking, Include, Ip4, Ip6, MxHosts, Qualifier, Redirect, render_term
from hauberk.protocols.walk import Walk

MOST_NODES = 500
MOST_NETWORKS = 20_000


def tree(domain: str, options: ScanOptions) -> Walk[SpfTree]:
    """The SPF tree of a domain; at most `gathering.MOST_QUESTIONS` questions, all of a level at the same time."""
    del options  # every walk of a survey takes them
    answers = yield from gather(domain)
    root = _Builder(answers, domain).node(domain, (), passing=True)
    selection = select(root.answer) if isinstance(root.answer, DnsAnswer) else Selection()
    nodes = tuple(root.walk())
    networks = tuple([one for node in nodes for one in node.networks])
    last = _end_of_redirects(root)
    qualifier = last.record.all.qualifier if last.record and last.record.all else None
    return SpfTree(root, nodes, selection, networks, address_space(networks), qualifier, last.domain)


def _end_of_redirects(node: Node) -> Node:
    while node.lookups and isinstance(node.lookups[-1].term, Redirect) and node.lookups[-1].child:
        node = node.lookups[-1].child
    return node


class _Builder:
    """Builds nodes out of gathered answers; counts them, since a few names can make a huge tree."""

    def __init__(self, answers: Answers, origin: str) -> None:
        self._answers = answers
        self._origin = origin
        self._nodes = 0
        self._networks_left = MOST_NETWORKS
        self._exchanges = dict[str, tuple[str, ...]]()
        self._resolved = dict[tuple[str, bool], tuple[IPv4Address | IPv6Address, ...]]()
        self._leaves = dict[tuple[Asking, str], Lookup]()

    def node(self, domain: str, path: tuple[str, ...], *, passing: bool) -> Node:
        self._nodes += 1
        question = Question(domain, "TXT")
        answer = self._answers.get(question)
        if domain in path:
            return Node(domain, State.LOOP, passing=passing)
        if answer is None or len(path) > MOST_DEPTH or self._nodes > MOST_NODES:
            return Node(domain, State.LEFT_OUT, passing=passing)
        record = the_record(answer)
        if record is None:
            return Node(domain, _state(answer), answer=answer, passing=passing)
        lookups = tuple(self._lookup(term, domain, (*path, domain), passing) for term in record.asking)
        networks = self._networks(record, domain) if passing else ()
        cost = sum(lookup.cost for lookup in lookups)
        return Node(domain, State.RECORD, record, answer, lookups, networks, passing, cost)

    def _lookup(self, term: Asking, owner: str, path: tuple[str, ...], passing: bool) -> Lookup:
        if isinstance(term, (Include, Redirect)):
            below = passing and (isinstance(term, Redirect) or term.qualifier is Qualifier.PASS)
            target = target_of(term.domain, owner, self._origin)
            unnamed = Node(term.domain.text, State.MACRO if target.by_macro else State.NO_NAME, passing=below)
            return self._asked(term, owner, self.node(target.name, path, passing=below) if target.name else unnamed)
        known = self._leaves.get((term, owner))
        return known or self._leaves.setdefault((term, owner), self._asked(term, owner, None))

    def _asked(self, term: Asking, owner: str, child: Node | None) -> Lookup:
        questions = questions_of(term, owner, self._origin)
        name = questions[0].name if questions else ""
        hosts = self._hosts(name) if isinstance(term, MxHosts) else ()
        looped = child is not None and child.state is State.LOOP
        gone, gone_unknown = self._gone(questions)
        return Lookup(
            term, name, child, hosts, () if looped else self._void(questions, hosts), self._unanswered(questions, hosts), gone, gone_unknown
        )

    def _hosts(self, name: str) -> tuple[str, ...]:
        if name not in self._exchanges:
            self._exchanges[name] = exchanges_in(self._answers.get(Question(name, "MX")))
        return self._exchanges[name]

    def _void(self, questions: tuple[Question, ...], hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Of A and AAAA a client sees one; both must be empty to be held against the name."""
        groups = (questions, *((Question(host, "A"), Question(host, "AAAA")) for host in hosts[:MOST_HOSTS])) if questions else ()
        return tuple(said for group in groups if (said := self._in_vain(group)))

    def _in_vain(self, questions: tuple[Question, ...]) -> str:
        said = ""
        for question in questions:
            answer = self._answers.get(question)
            if not isinstance(answer, DnsAnswer) or not is_answer(answer) or answer.of(question.type):
                return ""
            said = "NXDOMAIN" if answer.rcode == "NXDOMAIN" else "no records"
        return f"{questions[0].name} {'/'.join(one.type for one in questions)}: {said}"

    def _unanswered(self, questions: tuple[Question, ...], hosts: tuple[str, ...]) -> tuple[str, ...]:
        every = (*questions, *(Question(host, kind) for host in hosts[:MOST_HOSTS] for kind in ("A", "AAAA")))
        given = ((one, self._answers.get(one)) for one in every)
        return tuple(f"{one.name} {one.type}: {_why(answer)}" for one, answer in given if not is_answer(answer))

    def _gone(self, questions: tuple[Question, ...]) -> tuple[str, bool]:
        """The registrable domain of the target that does not exist, and whether that is not known."""
        for question in questions[:1]:
            answer = self._answers.get(question)
            if not isinstance(answer, DnsAnswer) or answer.rcode != "NXDOMAIN":
                return "", False
            denied = denied_name(question, answer)
            registered = registrable(denied)
            if registered is None or is_at_or_below(self._origin, registered):
                return "", False
            proof = answer if registered == denied else self._answers.get(Question(registered, "NS"))
            if isinstance(proof, DnsAnswer) and is_answer(proof):
                return (registered if proof.rcode == "NXDOMAIN" else ""), False
            return "", True
        return "", False

    def _networks(self, record: SpfRecord, owner: str) -> tuple[Network, ...]:
        resolved = (
            network(address, term.prefix4 if address.version == 4 else term.prefix6, owner, render_term(term))
            for term in dict.fromkeys(record.asking)
            if isinstance(term, (A, MxHosts)) and term.qualifier is Qualifier.PASS
            for address in self._addresses(term, target_of(term.domain, owner, self._origin).name)
        )
        found = (*_literal_networks(record.text, owner), *islice(resolved, self._networks_left))
        self._networks_left = max(0, self._networks_left - len(found))
        return found

    def _addresses(self, term: A | MxHosts, name: str) -> tuple[IPv4Address | IPv6Address, ...]:
        """The distinct addresses behind an `a` or `mx` term."""
        key = (name, isinstance(term, A))
        if key not in self._resolved:
            hosts = (name,) if isinstance(term, A) else self._hosts(name)[:MOST_HOSTS]
            every = (one for host in hosts for kind in ("A", "AAAA") for one in addresses_in(self._answers.get(Question(host, kind)), kind))
            self._resolved[key] = tuple(dict.fromkeys(every))
        return self._resolved[key]


@lru_cache(maxsize=8192)
def _literal_networks(text: str, owner: str) -> tuple[Network, ...]:
    """The networks of the `ip4` and `ip6` terms of a record; cached, since the same few includes stand behind most domains."""
    record = parse(text)
    terms = record.effective if isinstance(record, SpfRecord) else ()
    return tuple(
        network(term.address, term.prefix, owner, render_term(term))
        for term in terms
        if isinstance(term, (Ip4, Ip6)) and term.qualifier is Qualifier.PASS
    )


def _state(answer: DnsAnswer | NoAnswer) -> State:
    if isinstance(answer, NoAnswer) or not is_answer(answer):
        return State.UNANSWERED
    if answer.rcode == "NXDOMAIN":
        return State.NXDOMAIN
    return State.DUPLICATE if len(select(answer).records) > 1 else State.NONE


def _why(answer: DnsAnswer | NoAnswer | None) -> str:
    if answer is None:
        return "not asked, the tree is too large"
    return answer.reason.value if isinstance(answer, NoAnswer) else answer.rcode
