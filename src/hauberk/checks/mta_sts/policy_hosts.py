"""Whether the MX hosts keep the promise of an MTA-STS policy: named, with STARTTLS, with a valid certificate (RFC 8461, 4.1 and 4.2)."""

from collections.abc import Iterator

from hauberk.checks.authentication import chain_verdict, leads_nowhere, trust_store_known
from hauberk.checks.endpoints import Seen, Starttls, State, mail_route, nothing_there, seen, starttls_trouble, vacant
from hauberk.checks.reading import Reading
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import mta_sts
from hauberk.protocols.mta_sts import Mode, StsPolicy
from hauberk.protocols.special_addresses import special_kind


def judge(reading: Reading, policy: StsPolicy) -> Iterator[Finding]:
    """A finding for each host and for each endpoint that breaks the promise; a pass where a host keeps it."""
    names = tuple(host.name for host in mail_route(reading).hosts)
    for name in names:
        covering = next((one for one in policy.mx if mta_sts.matches(one, name)), None)
        if covering is None:
            message = f"No mx line of the policy covers {name}{_near(policy, name)}; {_effect(policy)}."
            yield _broken(policy, name, message, tuple(f"mx: {one}" for one in policy.mx[:10]))
        else:
            yield from _judge_host(reading, policy, name, covering)
    for pattern in policy.mx:
        if not any(mta_sts.matches(pattern, name) for name in names):
            yield Finding(
                f"mx: {pattern}", Verdict.INFO, f"The line mx: {pattern} covers no MX host of today.", code="mta-sts-stale-pattern"
            )


def to_name(reading: Reading) -> tuple[str, ...]:
    """The hosts that a policy should name: those that mail can get to. A line for a host that leads nowhere vouches for a stranger."""
    hosts = (one for one in mail_route(reading).hosts if not leads_nowhere(one))
    return tuple(one.name for one in hosts if not one.addresses or not all(map(special_kind, one.addresses)))


def proven(reading: Reading) -> bool:
    """Every endpoint was seen to keep the promise that mode enforce makes."""
    return bool(seen(reading)) and all(_wrong(reading, one) == "" for one in seen(reading))


def broken(reading: Reading) -> bool:
    """An endpoint was seen to break the promise."""
    return any(_wrong(reading, one) for one in seen(reading))


def _near(policy: StsPolicy, host: str) -> str:
    if any(one.startswith("*.") and host.endswith(one[1:].lower()) for one in policy.mx):
        return " (*. stands for exactly one label)"
    return ""


def _effect(policy: StsPolicy) -> str:
    return (
        "senders that read the policy do not deliver there" if policy.mode is Mode.ENFORCE else "in mode enforce nobody would deliver there"
    )


def _broken(policy: StsPolicy, subject: str, message: str, evidence: tuple[str, ...] = ()) -> Finding:
    if policy.mode is Mode.ENFORCE:
        return Finding(subject, Verdict.FAIL, message, evidence, "mta-sts-mismatch")
    return Finding(subject, Verdict.WARN, message, evidence, "mta-sts-testing-mismatch")


def _judge_host(reading: Reading, policy: StsPolicy, name: str, covering: str) -> Iterator[Finding]:
    endpoints = tuple(one for one in seen(reading) if one.endpoint.host == name)
    kept, unknown = 0, list[str]()
    for one in endpoints:
        wrong = _wrong(reading, one)
        if wrong is None:
            unknown.append(starttls_trouble(one) if one.state is State.REACHABLE else one.detail)
        elif wrong:
            yield _broken(policy, str(one.endpoint), f"{wrong}; {_effect(policy)}.", one.evidence)
        else:
            kept += 1
    if endpoints and all(vacant(reading, one) for one in endpoints):
        yield from map(nothing_there, endpoints)
    elif kept:
        yield Finding(name, Verdict.PASS, f"{name} is covered by the line mx: {covering}, and its certificate is valid.")
    elif not endpoints or len(unknown) == len(endpoints):
        reason = unknown[0] if unknown else "it was not talked to"
        yield Finding(name, Verdict.UNKNOWN, f"{name} is covered by the line mx: {covering}, but its certificate was not seen: {reason}.")


def _wrong(reading: Reading, one: Seen) -> str | None:
    """What breaks the promise at an endpoint, empty where nothing does, None where that is not known."""
    if one.state is not State.REACHABLE:
        return None
    match one.starttls:
        case Starttls.WORKS:
            if not trust_store_known(reading):
                return None
            verdict = chain_verdict(reading, one)
            return "" if verdict.trusted else f"The certificate is not valid: {verdict.faults[0].detail.rstrip('.')}"
        case Starttls.ABSENT | Starttls.HANDSHAKE_FAILED | Starttls.REJECTED:
            trouble = starttls_trouble(one)
            return trouble[0].upper() + trouble[1:]
        case Starttls.DEFERRED | Starttls.UNHEARD:
            return None
