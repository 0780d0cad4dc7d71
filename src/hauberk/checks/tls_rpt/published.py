"""TLS reports are asked for.

## What it means

A TLS-RPT record tells other mail systems where to send a daily summary of how encryption to your servers went: how many sessions
succeeded, how many failed, and why. The record is a TXT record at `_smtp._tls` below your domain. Senders look only at records that begin
with `v=TLSRPTv1;`, and ignore TLS-RPT altogether when there are several or when the one is malformed.

## Why it matters

With MTA-STS or DANE a mistake of yours (an expired certificate, a forgotten host) makes senders hold your mail back. They know, you do
not, unless they can report it. The same reports show an attacker who strips encryption.

## How to fix

Publish one record with an address that somebody, or a program, reads:

    _smtp._tls.example.com. TXT "v=TLSRPTv1; rua=mailto:tls-reports@example.com"

Reports may also go to a web service: `rua=https://reports.example.net/tls`. Several addresses are separated by commas. The mailbox may
lie in another domain; unlike DMARC, no permission record is needed there.
"""

import re
from collections.abc import Iterator

from hauberk.checks.answers import answered
from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import takes_mail, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import tls_rpt
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.rdata import render_txt

_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


def judge(reading: Reading) -> Iterator[Finding]:
    found = reading.walked(tls_rpt.discover, reading.domain, reading.options)
    name = f"_smtp._tls.{reading.domain}"
    if not takes_mail(reading):
        return
    if not answered(found.answer):
        yield Finding(name, Verdict.UNKNOWN, f"The question for the TLS-RPT record {unanswered(found.answer)}.")
    elif not found.records and not found.discarded:
        yield Finding(
            name, Verdict.WARN, "There is no TLS-RPT record: nobody tells you when encryption to you fails.", code="tls-rpt-missing"
        )
    elif not found.records:
        message = "The record does not begin with exactly v=TLSRPTv1; and senders pass over it (RFC 8460, 3)."
        yield Finding(name, Verdict.FAIL, message, tuple(map(visible, found.discarded)), "tls-rpt-invalid")
    elif len(found.records) != 1:
        message = f"There are {len(found.records)} TLS-RPT records; with more than one, senders act as if there were none (RFC 8460, 3)."
        yield Finding(name, Verdict.FAIL, message, tuple(map(visible, found.records)), "tls-rpt-invalid")
    else:
        yield from (_judge_record(name, text) for text in found.records)


def _judge_record(name: str, text: str) -> Finding:
    match tls_rpt.parse(text):
        case Malformed() as wrong:
            return Finding(name, Verdict.FAIL, f"The record is malformed: {wrong.reason}.", (wrong.marked(),), "tls-rpt-invalid")
        case record:
            return Finding(name, Verdict.PASS, f"Reports on failed encryption go to {', '.join(record.rua)}.", (visible(text),))


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    found = reading.walked(tls_rpt.discover, reading.domain, reading.options)
    addresses = dict.fromkeys(address for text in (*found.records, *found.discarded) for address in _ADDRESS.findall(text))
    record = tls_rpt.TlsRptRecord(tuple(f"mailto:{address}" for address in addresses) or (f"mailto:tls-reports@{reading.domain}",))
    name = f"_smtp._tls.{reading.domain}."
    what = (
        "Publish one sound TLS-RPT record in place of what is there."
        if found.records or found.discarded
        else "Ask senders for TLS reports."
    )
    yield Remedy(
        "tls-rpt.published",
        what,
        (f"{name} TXT {render_txt(tls_rpt.render(record))}",),
        (f"{name} TXT",) if found.records or found.discarded else (),
    )


CHECK = Check(
    id="tls-rpt.published",
    title="TLS reports are asked for",
    sources=(Source("RFC 8460", "3"),),
    judge=judge,
    remedy=remedy,
)
