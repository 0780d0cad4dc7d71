"""How the fetch of an MTA-STS policy went, judged as a sender would (RFC 8461, 3.3)."""

from dataclasses import dataclass

from hauberk.checks.answers import answered, has
from hauberk.checks.authentication import trust_store_known
from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import HttpsAnswer
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import mta_sts
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.mta_sts import StsDiscovery, StsPolicy
from hauberk.protocols.x509 import verify


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """The policy, None where senders get none; `findings` say what is wrong with its host or file."""

    policy: StsPolicy | None = None
    findings: tuple[Finding, ...] = ()


def read(reading: Reading, found: StsDiscovery) -> PolicyFile:
    """The file as it was fetched, held against certificate, status, type, size and grammar, in the order a sender meets them."""
    url = mta_sts.policy_url(reading.domain).url
    match found.file:
        case HttpsAnswer() as answer:
            return _read_answer(reading, url, answer)
        case NoAnswer() as silence:
            return PolicyFile(None, (_unreachable(reading, url, found, silence),))
        case None:
            return PolicyFile()


def _unreachable(reading: Reading, url: str, found: StsDiscovery, silence: NoAnswer) -> Finding:
    host = f"mta-sts.{reading.domain}"
    addresses = tuple(one for one in (found.ipv4, found.ipv6) if one is not None)
    if len(addresses) == 2 and all(answered(one) and not (has(one, "A") or has(one, "AAAA")) for one in addresses):
        message = f"There is a record but the host {host} has no address: senders get no policy."
        return Finding(host, Verdict.FAIL, message, code="mta-sts-unreachable")
    if silence.reason is Silence.REFUSED:
        message = f"There is a record but {host} refuses connections to port 443: senders get no policy."
        return Finding(url, Verdict.FAIL, message, (silence.detail,), "mta-sts-unreachable")
    return Finding(url, Verdict.UNKNOWN, f"The request for the policy file {unanswered(silence)}.", code="mta-sts-unreachable")


def _read_answer(reading: Reading, url: str, answer: HttpsAnswer) -> PolicyFile:
    wrong = _wrong_transport(reading, url, answer) or _wrong_response(url, answer)
    if wrong:
        return PolicyFile(None, (wrong,))
    policy = mta_sts.parse_policy(answer.body)
    if isinstance(policy, Malformed):
        message = f"The policy file is malformed and senders act as if there were none: {policy.reason}."
        return PolicyFile(None, (Finding(url, Verdict.FAIL, message, (policy.marked(),), "mta-sts-invalid"),))
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind != "text/plain":
        message = f"The policy file is served as {visible(kind)[:80] or 'nothing'}; senders may insist on text/plain (RFC 8461, 3.2)."
        return PolicyFile(policy, (Finding(url, Verdict.WARN, message, code="mta-sts-media-type"),))
    return PolicyFile(policy)


def _wrong_transport(reading: Reading, url: str, answer: HttpsAnswer) -> Finding | None:
    """TLS and the certificate of the policy host (RFC 8461, 3.3: it must be valid for the host, trusted and not expired)."""
    host = f"mta-sts.{reading.domain}"
    if not answer.tls.completed:
        message = f"TLS with {host} does not come about, so that senders get no policy."
        return Finding(url, Verdict.FAIL, message, (visible(answer.tls.error or answer.error),), "mta-sts-unreachable")
    if not trust_store_known(reading):
        return Finding(url, Verdict.UNKNOWN, f"The certificate of {host} cannot be judged: the scan had no trust store.")
    verdict = verify(answer.tls.chain, host, reading.observation.at, reading.observation.trust.anchors)
    if verdict.trusted:
        return None
    message = f"The certificate of {host} is not valid and senders get no policy: {verdict.faults[0].detail}"
    return Finding(url, Verdict.FAIL, message, tuple(fault.detail for fault in verdict.faults), "mta-sts-certificate")


def _wrong_response(url: str, answer: HttpsAnswer) -> Finding | None:
    if 300 <= answer.status < 400:
        message = f"The policy URL redirects (status {answer.status}); senders must not follow (RFC 8461, 3.3) and get no policy."
        return Finding(url, Verdict.FAIL, message, (visible(answer.location)[:300],), "mta-sts-unreachable")
    if answer.status != 200:
        message = f"The policy URL answers with status {answer.status or 'nothing'} instead of 200: senders get no policy."
        return Finding(url, Verdict.FAIL, message, (visible(answer.error)[:300],) if answer.error else (), "mta-sts-unreachable")
    if answer.truncated:
        message = f"The policy file is larger than {mta_sts.LARGEST_POLICY} octets, which is where senders stop (RFC 8461, 3.3)."
        return Finding(url, Verdict.FAIL, message, code="mta-sts-invalid")
    return None
