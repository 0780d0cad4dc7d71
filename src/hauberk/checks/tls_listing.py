"""The full listing of what the probe found out, for the assessment: no verdicts, only what is accepted and how it is graded."""

from collections.abc import Iterable
from hashlib import sha256

from hauberk.checks.probed import probed
from hauberk.checks.reading import Reading
from hauberk.model.assessment import EndpointTls, TlsChain, TlsChoice
from hauberk.protocols import x509
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.tls.facts import ChainFact, TlsFacts


def tls_listing(reading: Reading) -> tuple[EndpointTls, ...]:
    """Every endpoint that showed TLS, in their order."""
    return tuple(_listed(facts) for facts in sorted(probed(reading), key=lambda facts: facts.endpoint) if facts.starttls)


def _listed(facts: TlsFacts) -> EndpointTls:
    fields = (TlsChoice(one.version, f"{one.bits} bits, {one.group or 'a prime of its own'}", one.grade.value, one.why) for one in facts.dh)
    return EndpointTls(
        endpoint=facts.endpoint,
        depth=facts.depth,
        partial=visible(facts.partial),
        connections=facts.connections,
        listed=facts.listed,
        accepted=facts.accepted_versions,
        refused=tuple(fact.version for fact in facts.versions if fact.accepted is False),
        suites=_each_once(TlsChoice(one.version, one.suite, one.grade.value, one.why) for one in facts.suites),
        groups=_each_once(TlsChoice(one.version, one.group, one.grade.value, one.why) for one in facts.groups if one.accepted),
        finite_fields=_each_once(fields),
        signatures=_each_once(TlsChoice(one.version, one.scheme, one.grade.value) for one in facts.schemes if one.accepted),
        chains=tuple(_chain(fact) for fact in facts.chains),
        server_preference=facts.server_preference,
        post_quantum=facts.post_quantum,
        compression=facts.compression,
        secure_renegotiation=facts.secure_renegotiation,
        client_renegotiation=facts.client_renegotiation,
        extended_master_secret=facts.extended_master_secret,
        encrypt_then_mac=facts.encrypt_then_mac,
        fallback_protected=facts.fallback_protected,
        heartbeat=facts.heartbeat,
        early_data=facts.early_data,
        ocsp_stapling=facts.ocsp_stapling,
        resumption=facts.resumption,
        without_name=facts.without_name,
        unknown_name=facts.unknown_name,
        name_matters=facts.name_matters,
        client_certificate=facts.client_certificate,
        odd=tuple(visible(one) for one in facts.odd),
    )


def _each_once(choices: Iterable[TlsChoice]) -> tuple[TlsChoice, ...]:
    return tuple(dict.fromkeys(choices))


def _chain(fact: ChainFact) -> TlsChain:
    leaf = x509.describe(fact.chain[0]) if fact.chain else None
    key = fact.key if leaf is None or isinstance(leaf, Malformed) else leaf.key
    return TlsChain(key, tuple(sha256(one).hexdigest() for one in fact.chain))
