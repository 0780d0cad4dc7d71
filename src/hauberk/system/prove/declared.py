"""Whom to probe, from what is declared and a few test accounts. Pure.

The flows that must be open are those of the firewall's table; that table is compared with the written matrix by a test.
"""

from dataclasses import dataclass

from hauberk.system import ports
from hauberk.system.declaration import Declaration, Host
from hauberk.system.prove.probe import Vantage
from hauberk.system.prove.targets import Account, Canaries, Engines, Files, Flow, Outside, PublishedKey, Service, Targets, Zone
from hauberk.system.render import nftables

_NO_CANARIES, _NO_FILES = Canaries(), Files()


@dataclass(frozen=True, slots=True)
class Testers:
    """Accounts and addresses made for probing; all but the first three may be missing, and then their probes are too.

    `mailbox` and `colleague` are active; `mover` is active and will be deactivated while it is logged in; `leaver` has left.
    `keyed` is an address at the sink whose public key the gateway has, `keyed_secret` its private key; `certified` one with an S/MIME
    certificate, `certified_secret` that and its private key in PEM; `unkeyed` one without a key.
    `internet` and `workstations` are addresses that stand for these zones when flows are tried.
    """

    mailbox: Account
    colleague: Account
    outside: Outside
    alias: str = ""
    suspended: Account | None = None
    leaver: Account | None = None
    leaver_alias: str = ""
    leaver_app: Account | None = None
    mover: Account | None = None
    keyed: str = ""
    keyed_secret: str = ""
    certified: str = ""
    certified_secret: str = ""
    unkeyed: str = ""
    canaries: Canaries = _NO_CANARIES
    internet: tuple[str, ...] = ()
    workstations: tuple[str, ...] = ()
    anchors: str = ""
    files: Files = _NO_FILES


def targets(declared: Declaration, accounts: Testers, keys: tuple[PublishedKey, ...] = ()) -> Targets:
    """`keys` are the DKIM keys that are published for the main domain."""
    mta, mda = declared.mta, declared.mda
    return Targets(
        organisation=declared.organisation,
        domain=declared.domains[0],
        mx=_service(mta, ports.SMTP),
        relay=_service(mta, ports.RELAY),
        submission=_service(mda, ports.SUBMISSIONS),
        imap=_service(mda, ports.IMAPS),
        lmtp=_service(mda, ports.LMTP),
        resolver=_service(mta, ports.DNS),
        policy=_service(mta, ports.HTTPS),
        anchors=accounts.anchors,
        flows=flows(declared),
        zones=(
            Zone(Vantage.INTERNET, accounts.internet),
            Zone(Vantage.DMZ, _addresses(mta)),
            Zone(Vantage.INSIDE, _addresses(mda)),
            Zone(Vantage.WORKSTATION, accounts.workstations),
        ),
        mailbox=accounts.mailbox,
        colleague=accounts.colleague,
        outside=accounts.outside,
        alias=accounts.alias,
        suspended=accounts.suspended,
        leaver=accounts.leaver,
        leaver_alias=accounts.leaver_alias,
        leaver_app=accounts.leaver_app,
        mover=accounts.mover,
        keyed=accounts.keyed,
        keyed_secret=accounts.keyed_secret,
        certified=accounts.certified,
        certified_secret=accounts.certified_secret,
        unkeyed=accounts.unkeyed,
        confidential=_marking(declared),
        dkim=keys,
        canaries=accounts.canaries,
        engines=Engines(
            (declared.engines.first.family, declared.engines.second.family), tuple(one.family for one in declared.workstation_products)
        ),
        files=accounts.files,
        administration=_administration(declared),
    )


def flows(declared: Declaration) -> tuple[Flow, ...]:
    """The matrix, one entry a port; a datagram service answers over TCP too (DNS)."""
    return tuple(
        Flow(Vantage(one.origin), Vantage(one.target), protocol, port)
        for one in nftables.flows(declared)
        for port in one.ports
        for protocol in (("udp", "tcp") if one.datagrams else ("tcp",))
    )


def _administration(declared: Declaration) -> tuple[Flow, ...]:
    """SSH from the zones in which an administrators' network is, to either host."""
    of = declared.networks
    zones = ((Vantage.DMZ, of.dmz), (Vantage.INSIDE, of.inside), (Vantage.WORKSTATION, of.workstation))
    origins = {
        next(
            (zone for zone, networks in zones if any(one.overlaps(own) for own in networks if own.version == one.version)), Vantage.INTERNET
        )
        for one in of.administration
    }
    return tuple(
        Flow(origin, target, "tcp", host.ssh_port)
        for target, host in ((Vantage.DMZ, declared.mta), (Vantage.INSIDE, declared.mda))
        for origin in sorted(origins)
    )


def _marking(declared: Declaration) -> str:
    """The header field that marks a message as confidential."""
    rule = declared.confidentiality
    if not rule.enabled:
        return ""
    return f"Sensitivity: {rule.sensitivities[0]}" if rule.sensitivities else f"{rule.fields[0]}: yes" if rule.fields else ""


def _service(host: Host, port: int) -> Service:
    return Service(host.name, _addresses(host), port)


def _addresses(host: Host) -> tuple[str, ...]:
    return tuple(str(one) for one in host.addresses)
