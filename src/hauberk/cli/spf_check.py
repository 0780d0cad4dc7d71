"""The running of `hauberk spf check`."""

import sys
from ipaddress import IPv4Address, IPv6Address

from hauberk.app.scanning import now
from hauberk.cli import exits
from hauberk.cli.network import live_world
from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import parse_domain
from hauberk.protocols.spf import Result, SpfResult, check_host
from hauberk.protocols.walk import Ask, Reply
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig

_CODES = {Result.PASS: exits.FINE, Result.TEMPERROR: exits.INCOMPLETE}


async def show_check(config: LiveConfig, ip: IPv4Address | IPv6Address, mail_from: str, helo: str) -> int:
    """Print the questions and the result; 0 for pass, 3 for temperror, else 1."""
    domain = parse_domain(mail_from or helo)
    if isinstance(domain, Malformed):
        exits.refuse(f"'{visible((mail_from or helo)[:80])}' has no domain: {domain.reason}")
    sender = mail_from if "@" in mail_from else f"postmaster@{domain}"
    async with live_world(config) as world:
        recorder = Recorder(world, _told)
        result = await recorder.drive(check_host(ip, domain, sender, helo or domain, at=now()))
    sys.stdout.write(_in_words(result))
    return _CODES.get(result.result, exits.FINDINGS)


def _told(ask: Ask, reply: Reply) -> None:
    if not isinstance(ask, Question):
        return
    match reply:
        case DnsAnswer():
            said = "; ".join(record.data for record in reply.records) or reply.rcode
        case NoAnswer():
            said = f"no answer ({reply.reason})"
        case _:
            return
    sys.stderr.write(f"  {visible(ask.name)} {ask.type}: {visible(said)[:300]}\n")


def _in_words(result: SpfResult) -> str:
    lines = [f"result: {result.result.value}", f"decided by: {visible(result.mechanism) or 'no mechanism'} in {visible(result.domain)}"]
    if result.reason:
        lines.append(f"reason: {visible(result.reason)}")
    if result.explanation:
        lines.append(f"explanation: {visible(result.explanation)}")
    lines.append(f"lookups: {result.lookups} of 10, void lookups: {result.void_lookups} of 2")
    return "\n".join(lines) + "\n"
