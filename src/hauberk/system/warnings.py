"""What plan says about a declaration that is in order: risks that were confirmed, and what is left to others or to later."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from hauberk.system.declaration import Declaration, DmarcPolicy, Host, MtaStsMode
from hauberk.system.material import Material
from hauberk.system.render.signing import next_due, retired
from hauberk.system.render.zone import home
from hauberk.system.risks import RISKS, taken_risks

_UNBOUND_READS: Final = ("/etc/unbound/", "/var/lib/unbound/", "/usr/share/dns/root.")


@dataclass(frozen=True, slots=True)
class Notice:
    """`loud`: a risk that the organisation takes. `about` is a key of the declaration, as one would say it."""

    about: str
    what: str
    loud: bool = False


def notices(declaration: Declaration, material: Material | None, today: date) -> tuple[Notice, ...]:
    """Loud ones first. `material` None: no keys have been made yet."""
    return (
        *_risks(declaration),
        *_hosts(declaration),
        *_measures(declaration),
        *_names(declaration),
        *(_keys(declaration, material, today) if material else (Notice("keys", "none have been made yet: `hauberk system init`"),)),
    )


def _risks(declaration: Declaration) -> Iterator[Notice]:
    taken = taken_risks(declaration)
    for risk in taken:
        yield Notice(".".join(map(str, risk.path)), f"RISK TAKEN ({risk.name}): {risk.what}", loud=True)
    needless = {one.name for one in RISKS} & set(declaration.confirm) - {one.name for one in taken}
    for name in sorted(needless):
        yield Notice("confirm", f'"{name}" is not needed any more: take it away, or it will hide the risk when it comes back')


def _hosts(declaration: Declaration) -> Iterator[Notice]:
    if not declaration.networks.administration:
        yield Notice("networks.administration", "it is empty: the hosts take no SSH from anywhere, only their consoles are left")
    if declaration.firewall.host is None:
        yield Notice("firewall.host", "there is none: the rules between the zones are rendered, and loading them is left to you")
    if not any(_global(one) for one in declaration.mta.seen):
        yield Notice("mta.public", f"the internet cannot reach {_said(declaration.mta)}: is it translated? Then write the outer address")
    if any(_global(one) for one in declaration.mda.addresses):
        yield Notice("mda.addresses", "an address that the internet can route to; only the firewall keeps it away")
    if {one.version for one in declaration.mta.seen} == {4}:
        yield Notice("mta.addresses", "there is no IPv6 address")
    for role in ("mta", "mda"):
        held = declaration.certificates.mta if role == "mta" else declaration.certificates.mda
        if not held.acme:
            yield Notice(f"certificates.{role}.acme", "nobody is named who renews the certificate: it will end one day")


def _global(address: object) -> bool:
    return bool(getattr(address, "is_global", False))


def _said(host: Host) -> str:
    return ", ".join(map(str, host.seen))


def _measures(declaration: Declaration) -> Iterator[Notice]:
    if not declaration.workstation_products:
        yield Notice("workstation_products", "none is named: whether the engines differ cannot be judged (measure M2)")
    if declaration.confidentiality.enabled and not declaration.confidentiality.keeper:
        yield Notice("confidentiality.keeper", "nobody keeps copies of content keys: what is encrypted to a lost key is lost")
    rule = declaration.confidentiality
    if rule.enabled and rule.wkd and not any(_global(one) for one in declaration.mda.addresses):
        yield Notice("confidentiality.wkd", f"no answer finds {_said(declaration.mda)}: translate it on its way out")
    if declaration.policy.forwarding:
        yield Notice("policy.forwarding", "aliases may lead outside: mail then leaves without anybody's doing")
    if declaration.dns.mta_sts is MtaStsMode.TESTING:
        yield Notice("dns.mta_sts", "testing: nobody is held to it yet")
    if declaration.dns.dmarc is DmarcPolicy.QUARANTINE:
        yield Notice("dns.dmarc", "quarantine: forged mail lands in the folder for spam; reject is the aim")


def _names(declaration: Declaration) -> Iterator[Notice]:
    if not declaration.mta.name.endswith(tuple(f".{one}" for one in declaration.domains)):
        yield Notice(
            "mta.name", f"it is in none of the domains: the records of the host belong into its own zone, not into {home(declaration)}"
        )
    wanted = [declaration.mta.name]
    if declaration.dns.mta_sts is not MtaStsMode.NONE:
        wanted += [f"mta-sts.{one}" for one in declaration.domains]
    yield Notice("certificates.mta", f"it has to be valid for {', '.join(wanted)}")
    yield Notice("mta.addresses", f"whoever gave you {_said(declaration.mta)} has to let reverse DNS say {declaration.mta.name}")
    for setting, path in (("dns.trust_anchor", declaration.dns.trust_anchor), ("dns.root_hints", declaration.dns.root_hints)):
        if path and not path.startswith(_UNBOUND_READS):
            yield Notice(setting, f"Debian's AppArmor profile does not let Unbound read {path}: put it into /etc/unbound")
    reports = declaration.dns.reports_to.rpartition("@")[2]
    if reports and reports not in declaration.domains:
        yield Notice("dns.reports_to", f"{reports} has to say that it takes reports for others (RFC 9990): a record there")
    if not declaration.dns.issuers:
        yield Notice("dns.issuers", "every authority may issue certificates for the domains")


def _keys(declaration: Declaration, material: Material, today: date) -> Iterator[Notice]:
    for domain in declaration.domains:
        due = next_due(material.dkim, domain, declaration.dkim, today)
        if due is not None:
            yield Notice(
                "dkim", f"{domain}: a key that signs from {due:%Y-%m-%d} has to be made and published now: `hauberk system rotate`"
            )
    for key in retired(material.dkim, declaration.dkim, today):
        yield Notice("dkim", f"{key.domain}: {key.selector} is not used any more: `hauberk system rotate` takes its record out")
    if not material.tls_keys:
        yield Notice("certificates.mta", "its public key is not known here: no TLSA record (put the certificate into the key folder, tls/)")
    elif len(material.tls_keys) == 1:
        yield Notice("dns.next_tls_key", "no key is made for the next certificate: its TLSA record cannot be published ahead")
