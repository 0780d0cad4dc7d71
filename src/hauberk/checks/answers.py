"""Telling definite DNS answers from those that leave something unknown; shared by the checks of policies and of the DNS."""

from hauberk.model.dns import DnsAnswer, NoAnswer


def answered(reply: DnsAnswer | NoAnswer) -> bool:
    """Whether the DNS gave a definite answer: here it is, or there is none."""
    return isinstance(reply, DnsAnswer) and reply.rcode in ("NOERROR", "NXDOMAIN")


def has(reply: DnsAnswer | NoAnswer, type: str) -> bool:
    return isinstance(reply, DnsAnswer) and bool(reply.of(type))
