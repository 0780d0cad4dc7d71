"""What the TLS probe found out about each endpoint, in words: the full listing for the appendix, and what is weak for the first pages."""

from collections.abc import Iterable

from hauberk.model.assessment import EndpointTls, TlsChoice
from hauberk.model.transport import Endpoint
from hauberk.protocols.names import to_unicode
from hauberk.report.content import Fact, TlsDetail
from hauberk.report.wording import counted, listed

MOST_DETAILS = 20
MOST_NAMES = 30  # of endpoints alike
_VERSIONS = {"SSLv2": "SSL 2.0", "SSLv3": "SSL 3.0", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}
_GRADES = ("insufficient", "phase-out", "sufficient", "good")


def version_name(version: str) -> str:
    return _VERSIONS.get(version, version)


def weakness(endpoints: tuple[EndpointTls, ...], endpoint: Endpoint) -> str:
    """The worst that this endpoint accepts besides what one handshake shows, in a few words; empty when nothing is weak or known."""
    found = next((one for one in endpoints if one.endpoint == endpoint), None)
    if found is None:
        return ""
    weak = [version_name(version) for version in found.accepted if version not in ("TLSv1.2", "TLSv1.3")]
    for grade in _GRADES[:2]:
        if any(one.grade == grade for one in found.suites):
            weak.append(f"{grade} suites")
            break
    if any(one.grade == "insufficient" for one in (*found.groups, *found.finite_fields)):
        weak.append("weak groups")
    return f"also accepts {listed(tuple(weak), 5)}" if weak else ""


def details(endpoints: tuple[EndpointTls, ...]) -> tuple[TlsDetail, ...]:
    """One listing for all endpoints of which the same is to be told, each with a certificate of its own or not."""
    alike: dict[tuple[tuple[Fact, ...], str], list[EndpointTls]] = {}
    for one in endpoints:
        alike.setdefault((_facts(one), _how(one)), []).append(one)
    return tuple(_detail(facts, group) for (facts, _), group in list(alike.items())[:MOST_DETAILS])


def _detail(facts: tuple[Fact, ...], group: list[EndpointTls]) -> TlsDetail:
    names = tuple(to_unicode(str(one.endpoint)) for one in group)
    return TlsDetail(listed(names, MOST_NAMES), (*facts, Fact("Probe", _probe(group))))


def _facts(one: EndpointTls) -> tuple[Fact, ...]:
    facts = (
        Fact("Versions", _versions(one)),
        *(Fact(f"Suites of {version_name(version)}", _by_grade(one.suites, version)) for version in _versions_in(one.suites)),
        Fact("Groups", _by_grade(one.groups)),
        Fact("Finite fields", _by_grade(one.finite_fields)),
        Fact("Signatures", _by_grade(one.signatures)),
        Fact("Certificate chains", "; ".join(f"{chain.key}, {counted(len(chain.certificates), 'certificate')}" for chain in one.chains)),
        Fact("Handshake", _traits(one)),
        Fact("Odd", "; ".join(one.odd)),
    )
    return tuple(fact for fact in facts if fact.value)


def _versions(one: EndpointTls) -> str:
    parts = (("accepted", one.accepted), ("refused", one.refused))
    return "; ".join(f"{word} {', '.join(map(version_name, versions))}" for word, versions in parts if versions)


def _versions_in(choices: tuple[TlsChoice, ...]) -> tuple[str, ...]:
    return tuple(version for version in _VERSIONS if any(one.version == version for one in choices))


def _by_grade(choices: Iterable[TlsChoice], version: str = "") -> str:
    """The worst first: `insufficient: A, B; good: C`."""
    by_grade: dict[str, dict[str, None]] = {}
    for one in choices:
        if version in ("", one.version):
            by_grade.setdefault(one.grade, {})[one.name] = None
    return "; ".join(f"{grade}: {', '.join(by_grade[grade])}" for grade in _GRADES if grade in by_grade)


def _traits(one: EndpointTls) -> str:
    traits = (
        ("server’s order", one.server_preference),
        ("secure renegotiation", one.secure_renegotiation),
        ("extended master secret", one.extended_master_secret),
        ("encrypt-then-MAC", one.encrypt_then_mac),
        ("fallback protection", one.fallback_protected),
        ("OCSP stapling", one.ocsp_stapling),
        ("resumption", one.resumption),
        ("0-RTT", one.early_data),
        ("compression", one.compression),
        ("client renegotiation", one.client_renegotiation),
        ("heartbeat", one.heartbeat),
        ("asks for a client certificate", one.client_certificate),
        ("certificate depends on the name asked for", one.name_matters),
    )
    parts = (
        ("yes", tuple(name for name, there in traits if there)),
        ("no", tuple(name for name, there in traits if there is False)),
        ("not found out", tuple(name for name, there in traits if there is None) if one.listed or one.partial else ()),
    )
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names)


def _probe(group: list[EndpointTls]) -> str:
    most = max(one.connections for one in group)
    each = " each" if len(group) > 1 else ""
    return f"{group[0].depth} depth, {'at most ' if len(group) > 1 else ''}{counted(most, 'connection')}{each}; {_how(group[0])}"


def _how(one: EndpointTls) -> str:
    lists = "listed is everything that is accepted" if one.listed else "listed is what was seen (--depth full names everything)"
    return f"{lists}; ended early: {one.partial}" if one.partial else lists
