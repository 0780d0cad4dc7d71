"""A declaration from a few answers, with sound defaults for the rest."""

import dataclasses
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from hauberk.app.mail_system import DeclarationError
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.system.declaration import Address, Certificate, Certificates, Declaration, Engine, Host, Network, Networks
from hauberk.system.declaration_reading import read
from hauberk.system.declaration_writing import write


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked, as it was typed. Empty names and networks follow from the others."""

    organisation: str
    domains: tuple[str, ...]
    mta_name: str
    mta_addresses: tuple[str, ...]
    mda_name: str
    mda_addresses: tuple[str, ...]
    dmz: tuple[str, ...]
    inside: tuple[str, ...]
    workstations: tuple[str, ...]
    administration: tuple[str, ...]
    workstation_products: tuple[str, ...]


def draft(answers: Answers) -> Declaration:
    """The declaration. Raises `DeclarationError` with what is wrong, in the words of the file's own keys."""
    domains = tuple(_domain(one) for one in answers.domains)
    if not domains:
        raise DeclarationError("domains: there is none")
    mta = Host(_domain(answers.mta_name or f"mx1.{domains[0]}"), tuple(_address(one) for one in answers.mta_addresses))
    mda = Host(_domain(answers.mda_name or f"mail.{domains[0]}"), tuple(_address(one) for one in answers.mda_addresses))
    found = Declaration(
        organisation=answers.organisation.strip(),
        domains=domains,
        mta=mta,
        mda=mda,
        networks=Networks(
            tuple(_network(one) for one in answers.dmz) or _around(mta),
            tuple(_network(one) for one in answers.inside) or _around(mda),
            tuple(_network(one) for one in answers.workstations),
            tuple(_network(one) for one in answers.administration),
        ),
        certificates=Certificates(_letsencrypt(mta), _letsencrypt(mda)),
        workstation_products=tuple(_engine(one) for one in answers.workstation_products),
    )
    checked = read(write(found))
    if not isinstance(checked, Declaration):
        raise DeclarationError("\n".join(f"{one.key}: {one.problem} {one.remedy}" for one in checked))
    return dataclasses.replace(found)


def _domain(text: str) -> str:
    found = parse_domain(text)
    if isinstance(found, Malformed):
        raise DeclarationError(f'"{text[:80]}": {found.reason}')
    return found


def _address(text: str) -> Address:
    try:
        return ip_address(text.strip())
    except ValueError:
        raise DeclarationError(f'"{text[:80]}" is no IP address; write one such as 192.0.2.25 or 2001:db8::25') from None


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise DeclarationError(f'"{text[:80]}" is no network; write one such as 192.0.2.0/24 or 2001:db8::/64') from None


def _around(host: Host) -> tuple[Network, ...]:
    """The usual network around each address: 256 of IPv4, a /64 of IPv6."""
    return tuple(dict.fromkeys(ip_network(f"{one}/{24 if one.version == 4 else 64}", strict=False) for one in host.addresses))


def _letsencrypt(host: Host) -> Certificate:
    folder = f"/etc/letsencrypt/live/{host.name}"
    return Certificate(f"{folder}/fullchain.pem", f"{folder}/privkey.pem", "certbot")


def _engine(text: str) -> Engine:
    product, _, family = text.partition("=")
    if not product.strip() or not family.strip():
        raise DeclarationError(f'"{text[:80]}": write the product and the family of its engine: "Microsoft Defender=microsoft"')
    return Engine(product.strip(), family.strip().lower())
