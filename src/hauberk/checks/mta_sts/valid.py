"""MTA-STS is in force and true.

## What it means

MTA-STS is a promise to other mail systems: *our mail servers are these, they speak TLS, and their certificates are valid; if you find
otherwise, do not deliver.* It has two parts: a TXT record at `_mta-sts` that says that there is a policy and which version, and a small
text file that the web server `mta-sts.` your domain serves over HTTPS. The check reads both the way senders do, and then holds the policy
against the MX hosts, their STARTTLS and their certificates.

## Why it matters

Without it, mail servers use encryption only if nobody on the way objects: an attacker who removes the word STARTTLS reads the mail. With a
policy in mode `enforce`, large senders refuse to be fooled. The other side of the promise: a policy that does not fit your servers stops
mail from those senders, and a policy that cannot be fetched protects nobody.

## How to fix

Serve this file at `https://mta-sts.example.com/.well-known/mta-sts.txt`, as `text/plain`, with a certificate for `mta-sts.example.com`
and without a redirect, with one `mx` line for each of your mail hosts:

    version: STSv1
    mode: enforce
    mx: mx1.example.com
    mx: mx2.example.com
    max_age: 604800

Then publish the record. Give it a new `id` whenever the file changes:

    _mta-sts.example.com. TXT "v=STSv1; id=20261121120000;"

Begin with `mode: testing`, read the TLS reports (TLS-RPT) for two weeks, then change to `enforce`.
"""

from collections.abc import Iterator

from hauberk.checks.answers import answered
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import mail_route, takes_mail, unanswered
from hauberk.checks.mta_sts import policy_file, policy_hosts
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import mta_sts
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.mta_sts import Mode, StsDiscovery, StsPolicy, StsRecord
from hauberk.protocols.mx import Routing
from hauberk.protocols.rdata import render_txt

_WEEK = 604_800


def judge(reading: Reading) -> Iterator[Finding]:
    found = reading.walked(mta_sts.discover, reading.domain, reading.options)
    if not takes_mail(reading):
        return
    wrong = _judge_record(f"_mta-sts.{reading.domain}", found)
    if wrong:
        yield wrong
    if not found.records and not found.discarded:
        return
    file = policy_file.read(reading, found)
    yield from file.findings
    if file.policy is None or wrong:
        return
    yield from _judge_policy(reading, file.policy)
    if mail_route(reading).routing is Routing.UNKNOWN:
        message = f"Whether the policy covers the MX hosts is not known: the question for them {unanswered(mail_route(reading).answer)}."
        yield Finding(reading.domain, Verdict.UNKNOWN, message)
    elif file.policy.mode is not Mode.NONE:
        yield from policy_hosts.judge(reading, file.policy)


def _judge_record(name: str, found: StsDiscovery) -> Finding | None:
    """What is wrong with the record; None for a sound one."""
    shown = tuple(visible(text) for text in found.records or found.discarded)
    if not answered(found.answer):
        return Finding(name, Verdict.UNKNOWN, f"The question for the MTA-STS record {unanswered(found.answer)}.")
    if not found.records and not found.discarded:
        message = "There is no MTA-STS record: senders without DANE do not insist on encryption to you."
        return Finding(name, Verdict.WARN, message, code="mta-sts-missing")
    if not found.records:
        message = "The record does not begin with exactly v=STSv1; and senders pass over it (RFC 8461, 3.1)."
        return Finding(name, Verdict.FAIL, message, shown, "mta-sts-invalid")
    text, *others = found.records
    if others:
        message = f"There are {len(found.records)} MTA-STS records; with more than one, senders act as if there were none (RFC 8461, 3.1)."
        return Finding(name, Verdict.FAIL, message, shown, "mta-sts-invalid")
    record = mta_sts.parse_record(text)
    if isinstance(record, Malformed):
        message = f"The record is malformed and senders act as if there were none: {record.reason}."
        return Finding(name, Verdict.FAIL, message, (record.marked(),), "mta-sts-invalid")
    return None


def _judge_policy(reading: Reading, policy: StsPolicy) -> Iterator[Finding]:
    subject = mta_sts.policy_url(reading.domain).url
    shown = tuple(line for line in mta_sts.render_policy(policy).decode().split("\r\n") if line)
    match policy.mode:
        case Mode.ENFORCE:
            yield Finding(subject, Verdict.PASS, f"The policy is in force for {_duration(policy.max_age)} after each fetch.", shown)
        case Mode.TESTING:
            message = "The policy is in mode testing: senders report what fails, and deliver all the same. Change it to enforce."
            yield Finding(subject, Verdict.WARN, message, shown, "mta-sts-testing")
        case Mode.NONE:
            message = "The policy is in mode none: MTA-STS is switched off."
            yield Finding(subject, Verdict.WARN, message, shown, "mta-sts-none")
    if policy.mode is not Mode.NONE and policy.max_age < _WEEK:
        short = policy.max_age < 86_400
        message = (
            f"max_age is {policy.max_age} seconds; senders forget the policy so soon that an attacker need only wait. A week is 604800."
        )
        yield Finding(subject, Verdict.WARN if short else Verdict.INFO, message, code="mta-sts-short-age")
    if policy.blank_lines:
        message = f"The file has {policy.blank_lines} blank lines, which the grammar has no room for (RFC 8461, 3.2)."
        yield Finding(subject, Verdict.INFO, message, code="mta-sts-blank-lines")


def _duration(seconds: int) -> str:
    return f"{seconds // 86_400} days" if seconds >= 2 * 86_400 else f"{seconds} seconds"


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    found = reading.walked(mta_sts.discover, reading.domain, reading.options)
    codes = {finding.code for finding in verdict.findings}
    known = policy_file.read(reading, found).policy
    policy = _fitting(policy_hosts.to_name(reading), known, _safest_mode(reading, known))
    if not policy.mx:
        yield Remedy("mta-sts.valid", "First let the MX records lead to mail servers (see mx.resolves); the policy has to name them.")
        return
    record = StsRecord(reading.observation.at.strftime("%Y%m%d%H%M%S"))
    name = f"_mta-sts.{reading.domain}."
    lines = tuple(line for line in mta_sts.render_policy(policy).decode().split("\r\n") if line)
    yield Remedy(
        "mta-sts.valid",
        _what(reading.domain, codes, policy.mode),
        (f"{name} TXT {render_txt(mta_sts.render_record(record))}",),
        (f"{name} TXT",) if found.records or found.discarded else (),
        lines,
    )


def _fitting(hosts: tuple[str, ...], known: StsPolicy | None, mode: Mode) -> StsPolicy:
    """The policy that is served, made to fit the hosts; a new one where there is none."""
    kept = tuple(one for one in known.mx if any(mta_sts.matches(one, host) for host in hosts)) if known else ()
    patterns = (*kept, *(host for host in hosts if not any(mta_sts.matches(one, host) for one in kept)))
    age = known.max_age if known and known.max_age >= _WEEK else _WEEK
    return StsPolicy(mode, age, patterns, known.extensions if known else ())


def _safest_mode(reading: Reading, known: StsPolicy | None) -> Mode:
    """Enforce only where every server was seen to pass, or where it is in force already and none was seen to fail:
    it stops mail to servers that do not."""
    in_force = known is not None and known.mode is Mode.ENFORCE and not policy_hosts.broken(reading)
    return Mode.ENFORCE if in_force or policy_hosts.proven(reading) else Mode.TESTING


def _what(domain: str, codes: set[str], mode: Mode) -> str:
    where = f"https://mta-sts.{domain}/.well-known/mta-sts.txt"
    if mode is Mode.TESTING:
        then = "publish the record" if "mta-sts-missing" in codes else "renew the id"
        later = "Change it to mode: enforce, with a new id, once every server has STARTTLS and a valid certificate"
        return f"Serve this file at {where}, as text/plain, with a valid certificate for mta-sts.{domain}; then {then}. {later}."
    if codes & {"mta-sts-mismatch", "mta-sts-testing-mismatch"}:
        return f"Make policy and servers agree: every MX host named in {where}, with STARTTLS and a valid certificate; then renew the id."
    if "mta-sts-missing" in codes:
        return f"Serve this file at {where}, as text/plain (begin with mode: testing and read the TLS reports), then publish the record."
    return f"Serve exactly this file at {where}, as text/plain, with a valid certificate for mta-sts.{domain}; then renew the id."


CHECK = Check(
    id="mta-sts.valid",
    title="MTA-STS is in force and true",
    sources=(Source("RFC 8461", "3"), Source("RFC 8461", "4.1"), Source("RFC 8461", "5")),
    judge=judge,
    remedy=remedy,
)
