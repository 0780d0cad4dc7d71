"""A zone-like world from text: one record a line, answered as a resolver would (RFC 1034, 4.3.2)."""

from dataclasses import dataclass

from hauberk.model.dns import DnsAnswer, Question, Record
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import ancestors, is_at_or_below
from hauberk.protocols.rdata import target
from hauberk.world.overlay import parse_record

_LONGEST_CHAIN = 10


@dataclass(frozen=True, slots=True)
class ZoneText:
    """`sets` by (name, type); `names` holds every name that exists, empty non-terminals included."""

    sets: dict[tuple[str, str], tuple[Record, ...]]
    names: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> "ZoneText":
        """`name TYPE data` a line; empty lines and those that begin with `;` or `#` are passed over. Raises `ValueError`."""
        sets: dict[tuple[str, str], tuple[Record, ...]] = {}
        for line in text.splitlines():
            if not line.strip() or line.lstrip()[0] in ";#":
                continue
            record = parse_record(line)
            if isinstance(record, Malformed):
                raise ValueError(f"{line.strip()!r}: {record.reason}")
            key = (record.name, record.type)
            sets[key] = (*sets.get(key, ()), record)
        names = frozenset(above for name, _ in sets for above in ancestors(name)) | {"."}
        return cls(sets, names)

    def answer(self, question: Question, *, secure: tuple[str, ...] | None) -> DnsAnswer:
        """The answer; `secure` lists the names at or below which answers carry AD, None stands for an untrusted path."""
        name, found, passed = question.name, list[Record](), [question.name]
        for _ in range(_LONGEST_CHAIN):
            held = self._held(name, question.type)
            if held:
                found += held
                return DnsAnswer("NOERROR", tuple(found), _authenticated(passed, secure))
            aliases = self._held(name, "CNAME")
            if not aliases:
                break
            found += aliases[:1]
            name = target(aliases[0])
            passed.append(name)
        else:
            return DnsAnswer("SERVFAIL", (), None if secure is None else False)
        rcode = "NOERROR" if self._exists(name) else "NXDOMAIN"
        return DnsAnswer(rcode, tuple(found), _authenticated(passed, secure))

    def _held(self, name: str, type: str) -> tuple[Record, ...]:
        if name in self.names:
            return self.sets.get((name, type), ())
        for above in ancestors(name)[1:]:
            wild = self.sets.get((f"*.{above}", type))
            if wild:
                return tuple(Record(name, record.type, record.ttl, record.data) for record in wild)
            if above in self.names:
                break
        return ()

    def _exists(self, name: str) -> bool:
        if name in self.names:
            return True
        closest = next((above for above in ancestors(name)[1:] if above in self.names), ".")
        return f"*.{closest}" in self.names


def _authenticated(names: list[str], secure: tuple[str, ...] | None) -> bool | None:
    if secure is None:
        return None
    return all(any(is_at_or_below(name, apex) for apex in secure) for name in names)
