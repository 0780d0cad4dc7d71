"""The zones of the play: ours as it was rendered, the partner's, the attacker's, and the way back from addresses to names. Pure."""

import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hauberk.system.declaration import Declaration
from hauberk.system.stage import play
from hauberk.system.stage.dnstree import ZoneText, reverse_zones


def zones(declared: Declaration, ours: dict[str, str], partner: x509.Certificate) -> tuple[ZoneText, ...]:
    """`ours` are the rendered records of our domains, by domain."""
    hosts: dict[str, str] = {}
    for host, addresses in (
        (f"{declared.mta.name}.", tuple(str(one) for one in declared.mta.seen)),
        (f"{play.PARTNER_HOST}.", play.PARTNER_ADDRESSES),
        (f"{play.WRONG_TLSA_HOST}.", play.WRONG_TLSA_ADDRESSES),
        (f"{play.ATTACKER_HOST}.", play.ATTACKER_ADDRESSES),
    ):
        hosts |= dict.fromkeys(addresses, host)
    return (
        *(ZoneText(f"{domain}.", text) for domain, text in ours.items()),
        ZoneText(f"{play.PARTNER}.", _partner(partner)),
        ZoneText(f"{play.WRONG_TLSA}.", _wrong_tlsa()),
        *(ZoneText(f"{domain}.", _mta_sts(domain), signed=False) for domain in (play.MTA_STS, play.BROKEN_MTA_STS)),
        ZoneText(f"{play.ATTACKER}.", _attacker(), signed=False),
        *reverse_zones(hosts),
    )


def _partner(certificate: x509.Certificate) -> str:
    """What a careful correspondent publishes: DANE, and DMARC that refuses."""
    senders = " ".join(f"ip{ipaddress.ip_address(one).version}:{one}" for one in play.PARTNER_ADDRESSES)
    return "\n".join(
        (
            f"{play.PARTNER}. 300 IN MX 10 {play.PARTNER_HOST}.",
            *_addresses(play.PARTNER_HOST, play.PARTNER_ADDRESSES),
            *_addresses(play.SIGNATURE_HOST, play.PARTNER_ADDRESSES[:1]),
            f'{play.PARTNER}. 300 IN TXT "v=spf1 {senders} -all"',
            f'{play.PARTNER_HOST}. 300 IN TXT "v=spf1 a -all"',
            f'_dmarc.{play.PARTNER}. 300 IN TXT "v=DMARC1; p=reject"',
            f"_25._tcp.{play.PARTNER_HOST}. 300 IN TLSA 3 1 1 {_key_digest(certificate)}",
        )
    )


def _wrong_tlsa() -> str:
    """A TLSA record for a key that nobody has: mail must wait, or somebody in the middle would get it (RFC 7672, 2.2)."""
    return "\n".join(
        (
            f"{play.WRONG_TLSA}. 300 IN MX 10 {play.WRONG_TLSA_HOST}.",
            *_addresses(play.WRONG_TLSA_HOST, play.WRONG_TLSA_ADDRESSES),
            f"_25._tcp.{play.WRONG_TLSA_HOST}. 300 IN TLSA 3 1 1 {hashlib.sha256(b'nobody has this key').hexdigest()}",
        )
    )


def _mta_sts(domain: str) -> str:
    """No DNSSEC, and so no DANE: the policy is all that keeps somebody in the middle out (RFC 8461)."""
    return "\n".join(
        (
            f"{domain}. 300 IN MX 10 mx.{domain}.",
            *_addresses(f"mx.{domain}", play.PARTNER_ADDRESSES),
            f'_mta-sts.{domain}. 300 IN TXT "v=STSv1; id=20261122"',
            *_addresses(f"mta-sts.{domain}", (play.POLICY_ADDRESSES[domain],)),
        )
    )


def _attacker() -> str:
    return "\n".join((f"{play.ATTACKER}. 300 IN MX 10 {play.ATTACKER_HOST}.", *_addresses(play.ATTACKER_HOST, play.ATTACKER_ADDRESSES)))


def _addresses(host: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{host}. 300 IN {'AAAA' if ':' in one else 'A'} {one}" for one in addresses)


def _key_digest(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
