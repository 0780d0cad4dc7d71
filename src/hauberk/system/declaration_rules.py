"""What a declaration may say; unsafe choices are in risks.py, what is only worth a thought in warnings.py."""

import re
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.system.declaration import Address, Declaration, Host, Network, SourceKind
from hauberk.system.risks import RISKS, taken_risks
from hauberk.system.toml_lines import Path

Problem: TypeAlias = tuple[Path, str, str]  # where, what is wrong, what to write

ACME_CLIENTS: Final = ("certbot", "lego", "acme.sh")
_FILE: Final = re.compile(r"/[A-Za-z0-9._/@+-]*\Z")
_INTERFACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,14}\Z")
_REACH: Final = re.compile(r"(?:[a-z_][a-z0-9_-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?\Z")
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9.-]+\Z")
_SUFFIX: Final = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")
_FIELD: Final = re.compile(r"[A-Za-z0-9-]+\Z")
_ZONE: Final = re.compile(r"[a-z0-9.-]+\Z")
_SPF_TERM: Final = re.compile(r"[?~-]?(?:include|a|mx|ip4|ip6|exists)(?:[:/][A-Za-z0-9._:/%{}-]+)?\Z")


def flaws_of(declaration: Declaration) -> Iterator[Problem]:
    """Everything that has to be changed before anything is made from the declaration."""
    yield from _names(declaration)
    yield from _hosts(declaration)
    yield from _networks(declaration)
    yield from _paths(declaration)
    yield from _people(declaration)
    yield from _numbers(declaration)
    yield from _words(declaration)
    for risk in taken_risks(declaration):
        if risk.name not in declaration.confirm:
            yield risk.path, f"{risk.what}.", f'Choose otherwise, or take the risk: confirm = ["{risk.name}"].'
    known = {risk.name for risk in RISKS}
    for index, name in enumerate(declaration.confirm):
        if name not in known:
            yield ("confirm", index), f'"{name}" is no risk that is known.', f"There are {', '.join(sorted(known))}."


def _names(declaration: Declaration) -> Iterator[Problem]:
    if not declaration.organisation.strip() or not declaration.organisation.isprintable() or len(declaration.organisation) > 200:
        yield ("organisation",), "it is empty, longer than 200 characters, or has characters that do not print.", "Write the name."
    if not declaration.domains:
        yield ("domains",), "there is none.", 'Write what stands after the @ of your addresses: domains = ["example.com"].'
    for index, domain in enumerate(declaration.domains):
        yield from _domain(("domains", index), domain)
        if domain in declaration.domains[:index]:
            yield ("domains", index), f'"{domain}" stands there twice.', "Take one away."
    yield from _domain(("mta", "name"), declaration.mta.name)
    yield from _domain(("mda", "name"), declaration.mda.name)
    if declaration.mta.name == declaration.mda.name:
        yield ("mda", "name"), "MTA and MDA have the same name.", "They are two hosts, one in the DMZ and one inside: write two names."
    for domain in declaration.domains:
        if declaration.mta.name in (domain, f"mta-sts.{domain}"):
            yield (
                ("mta", "name"),
                f'"{declaration.mta.name}" is taken by the domain itself.',
                f'Write a host of its own, such as "mx1.{domain}".',
            )


def _domain(path: Path, text: str) -> Iterator[Problem]:
    found = parse_domain(text)
    if isinstance(found, Malformed):
        yield path, f'"{text[:80]}": {found.reason}.', 'Write a name such as "example.com".'
    elif found != text:
        yield path, f'"{text[:80]}" is not in its plain form.', f'Write "{found}".'


def _hosts(declaration: Declaration) -> Iterator[Problem]:
    walls = (("firewall", "host"), declaration.firewall.host)
    for path, host in ((("mta",), declaration.mta), (("mda",), declaration.mda), walls):
        if host is not None:
            yield from _host(path, host)
    shared = set(declaration.mta.addresses) & set(declaration.mda.addresses)
    if shared:
        yield (
            ("mda", "addresses"),
            f"{', '.join(map(str, shared))} is the MTA's too.",
            "MTA and MDA are two hosts: a break-in to one is none to both.",
        )
    outside = {one.version for one in declaration.mta.addresses}
    if not outside & {one.version for one in declaration.mda.addresses}:
        yield ("mda", "addresses"), "MTA and MDA have no version of IP in common.", "Give both an IPv4 or both an IPv6 address."


def _host(path: Path, host: Host) -> Iterator[Problem]:
    if not host.addresses:
        yield (*path, "addresses"), "there is none.", 'Write the host\'s own addresses: addresses = ["192.0.2.25"].'
    for index, one in enumerate(host.addresses):
        if one.is_loopback or one.is_unspecified or one.is_multicast or one.is_link_local or getattr(one, "scope_id", None):
            yield (*path, "addresses", index), f"{one} is no address that others reach.", "Write the address on the host's network."
    if host.reach and not _REACH.match(host.reach):
        yield (*path, "reach"), f'"{host.reach[:80]}" is not what ssh takes.', 'Write "root@host.example.com"; nothing for this machine.'


def _networks(declaration: Declaration) -> Iterator[Problem]:
    of = declaration.networks
    zones = (("dmz", of.dmz), ("inside", of.inside), ("workstation", of.workstation))
    for (name, ones), (other, others) in combinations(zones, 2):
        for index, one in enumerate(ones):
            yield from _overlaps(("networks", name, index), one, other, others)
    for name, ones in zones:
        if not ones:
            yield ("networks", name), "there is none.", f'Write which addresses are in this zone: {name} = ["192.0.2.0/24"].'
    for role, host, name, ones in (("mta", declaration.mta, "dmz", of.dmz), ("mda", declaration.mda, "inside", of.inside)):
        for index, address in enumerate(host.addresses):
            if ones and not _among(address, ones):
                yield (
                    (role, "addresses", index),
                    f"{address} is in none of networks.{name}.",
                    f"The {role.upper()} stands in that zone: mend one or the other.",
                )
    hosts = (declaration.mta, declaration.mda, declaration.firewall.host)
    if not of.administration and any(host and host.reach for host in hosts):
        yield (
            ("networks", "administration"),
            "hosts are reached by SSH, and no network may use it: the firewall would lock you out.",
            'Write from where: administration = ["192.0.2.0/24"].',
        )


def _overlaps(path: Path, one: Network, zone: str, others: Iterable[Network]) -> Iterator[Problem]:
    for other in others:
        if one.version == other.version and one.overlaps(other):  # pyright: ignore[reportArgumentType]
            yield (
                path,
                f"{one} and {other} of networks.{zone} have addresses in common.",
                "A firewall stands between zones: write networks apart.",
            )


def _among(address: Address, networks: Iterable[Network]) -> bool:
    return any(one.version == address.version and address in one for one in networks)


def _paths(declaration: Declaration) -> Iterator[Problem]:
    held = declaration.certificates
    for role, one in (("mta", held.mta), ("mda", held.mda)):
        for key, value in (("certificate", one.certificate), ("key", one.key)):
            yield from _file(("certificates", role, key), value)
        if one.acme and one.acme not in ACME_CLIENTS:
            yield (
                ("certificates", role, "acme"),
                f'"{one.acme[:40]}" is no client that is known.',
                f"Write one of {', '.join(ACME_CLIENTS)}, or nothing.",
            )
    optional = (
        (("certificates", "authorities"), declaration.certificates.authorities),
        (("engines", "rules"), declaration.engines.rules),
        (("accounts", "password_file"), declaration.accounts.password_file),
        (("confidentiality", "authorities"), declaration.confidentiality.authorities),
        (("confidentiality", "keeper_certificate"), declaration.confidentiality.keeper_certificate),
        (("dns", "trust_anchor"), declaration.dns.trust_anchor),
        (("dns", "root_hints"), declaration.dns.root_hints),
        (("dns", "next_tls_key"), declaration.dns.next_tls_key),
    )
    for path, value in optional:
        if value:
            yield from _file(path, value)


def _file(path: Path, value: str) -> Iterator[Problem]:
    if not _FILE.match(value) or "/../" in f"{value}/":
        yield path, f'"{value[:80]}" is no plain absolute path.', 'Write one such as "/etc/ssl/mail.pem", without spaces.'


def _people(declaration: Declaration) -> Iterator[Problem]:
    source = declaration.accounts
    if source.kind is SourceKind.POSTGRESQL:
        split = _url(source.where)
        if split is None or split.scheme not in ("postgresql", "postgres"):
            yield (
                ("accounts", "where"),
                f'"{source.where[:40]}" is no PostgreSQL URL.',
                'Write where = "postgresql://hauberk@db.example.com/mail".',
            )
        elif split.password:
            yield (
                ("accounts", "where"),
                "there is a password in it.",
                "Take it out: it belongs in the file `directory.password` of the key folder.",
            )
    elif source.where:
        yield from _file(("accounts", "where"), source.where)
    for path, value in (
        (("policy", "help_address"), declaration.policy.help_address),
        (("dns", "reports_to"), declaration.dns.reports_to),
        (("dns", "caa_contact"), declaration.dns.caa_contact),
        (("confidentiality", "keeper"), declaration.confidentiality.keeper),
    ):
        if value and not _MAILBOX.match(value):
            yield path, f'"{value[:80]}" is no mail address.', 'Write one such as "postmaster@example.com".'
    rule = declaration.confidentiality
    if bool(rule.keeper) != bool(rule.keeper_certificate):
        yield ("confidentiality", "keeper"), "keeper and keeper_certificate go together.", "Write both, or neither."


def _url(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:  # half a bracket
        return None


def _numbers(declaration: Declaration) -> Iterator[Problem]:
    policy, keep, dkim, dns = declaration.policy, declaration.retention, declaration.dkim, declaration.dns
    ranges: tuple[tuple[Path, float, float, float, str], ...] = (
        (("policy", "message_octets"), policy.message_octets, 65_536, 200_000_000, "octets"),
        (("policy", "spam_mark"), policy.spam_mark, 1, policy.spam_reject, "and not above spam_reject"),
        (("policy", "spam_reject"), policy.spam_reject, 2, 1000, "points"),
        (("policy", "client_connections_a_minute"), policy.client_connections_a_minute, 0, 1_000_000, "(0: no limit)"),
        (("policy", "client_messages_a_minute"), policy.client_messages_a_minute, 0, 1_000_000, "(0: no limit)"),
        (("policy", "submissions_a_minute"), policy.submissions_a_minute, 0, 1_000_000, "(0: no limit)"),
        (("engines", "updates_days"), declaration.engines.updates_days, 1, 365, "days"),
        (("retention", "queue"), keep.queue, 1, 30, "days"),
        (("retention", "bounce"), keep.bounce, 1, 30, "days"),
        (("retention", "quarantine"), keep.quarantine, 1, 3650, "days"),
        (("retention", "log"), keep.log, 1, 3650, "days"),
        (("retention", "trash"), keep.trash, 0, 3650, "days (0: for ever)"),
        (("dkim", "bits"), dkim.bits, 1024, 4096, "bits"),
        (("dkim", "rotate_days"), dkim.rotate_days, 7, 730, "days"),
        (("dkim", "ahead_days"), dkim.ahead_days, 2, max(2, dkim.rotate_days // 2), "days, at most half of rotate_days"),
        (("dns", "mta_sts_max_age"), dns.mta_sts_max_age, 86_400, 31_557_600, "seconds (RFC 8461, 3.2)"),
        (("dns", "ttl"), dns.ttl, 60, 86_400, "seconds"),
    )
    for path, value, least, most, unit in ranges:
        if not least <= value <= most:
            yield path, f"{value:g} is out of range.", f"Write {least:g} to {most:g} {unit}."


def _words(declaration: Declaration) -> Iterator[Problem]:
    wall = declaration.firewall
    names = {"internet": wall.internet, "dmz": wall.dmz, "inside": wall.inside, "workstation": wall.workstation}
    for zone, name in names.items():
        if not _INTERFACE.match(name):
            yield (
                ("firewall", zone),
                f'"{name[:40]}" is no name of a network interface.',
                'Write one such as "eth1" (at most 15 characters).',
            )
    if len(set(names.values())) < len(names):
        yield ("firewall",), "two zones have the same interface.", "Give each zone an interface of its own."
    rule, dns = declaration.confidentiality, declaration.dns
    yield from _each(
        ("dns", "also_send"),
        dns.also_send,
        _SPF_TERM,
        "no SPF term that may stand here",
        'Write one such as "include:_spf.example.net" or "ip4:192.0.2.7".',
    )
    refused = declaration.policy.attachments.refused or ()
    yield from _each(("policy", "attachments", "refused"), refused, _SUFFIX, "no suffix", 'Write it in lower case without the dot: "exe".')
    yield from _each(
        ("confidentiality", "fields"), rule.fields, _FIELD, "no name of a header field", 'Write it without colon: "X-Confidential".'
    )
    yield from _each(("dns", "private_zones"), dns.private_zones, _ZONE, "no name of a zone", 'Write one such as "corp.test.".')
    for index, issuer in enumerate(dns.issuers):
        yield from _domain(("dns", "issuers", index), issuer)
    for index, one in enumerate(declaration.engines.signatures):
        split = _url(one)
        if split is None or split.scheme not in ("http", "https", "file") or not one.isprintable() or " " in one:
            yield (
                ("engines", "signatures", index),
                f'"{one[:80]}" is no URL for freshclam.',
                "Write http://, https:// or file:// and where.",
            )
    for key, words in (("sensitivities", rule.sensitivities), ("subject_tags", rule.subject_tags)):
        for index, one in enumerate(words):
            if not one.strip() or not one.isprintable() or len(one) > 100:
                yield (
                    ("confidentiality", key, index),
                    "it is empty, too long, or has characters that do not print.",
                    "Write what people write.",
                )


def _each(path: Path, words: tuple[str, ...], wanted: re.Pattern[str], what: str, remedy: str) -> Iterator[Problem]:
    """Those of the words that are not as `wanted`."""
    for index, one in enumerate(words):
        if not wanted.match(one):
            yield (*path, index), f'"{one[:80]}" is {what}.', remedy
