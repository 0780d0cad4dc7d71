"""The organisation of the demo, and the small internet around it: addresses of RFC 5737, RFC 2544 and RFC 3849. Pure.

Outside there are a partner with DANE, domains of the partner's with a wrong TLSA record and with MTA-STS, and an attacker. All are ours.
"""

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network

from hauberk.system.accounts.account import State
from hauberk.system.declaration import (
    Certificate,
    Certificates,
    Declaration,
    Dns,
    Engine,
    Engines,
    Firewall,
    Host,
    Networks,
    Policy,
    Zone,
)
from hauberk.system.stage.layout import Layout, Segment

ORGANISATION, DOMAIN = "Corp Ltd", "corp.test"
PARTNER, WRONG_TLSA, ATTACKER = "partner.test", "wrong-tlsa.test", "evil.test"
PARTNER_HOST, WRONG_TLSA_HOST, ATTACKER_HOST = "mx.partner.test", "mx.wrong-tlsa.test", "mx.evil.test"
# Two of the partner's domains without DNSSEC, with MTA-STS: the certificate is for the host of the first, and not of the second.
MTA_STS, BROKEN_MTA_STS = "sts.test", "broken-sts.test"
POLICY_ADDRESSES = {MTA_STS: "198.51.100.22", BROKEN_MTA_STS: "198.51.100.23"}
SIGNATURE_HOST = "signatures.partner.test"
NAME_SERVER = "ns.nic.test."

PARTNER_ADDRESSES = ("198.51.100.20", "2001:db8:51::20")
WRONG_TLSA_ADDRESSES = ("198.51.100.21", "2001:db8:51::21")
ATTACKER_ADDRESSES = ("198.51.100.66", "2001:db8:51::66")
NAME_SERVER_ADDRESSES = ("198.51.100.53", "2001:db8:51::53")
OUTSIDE_NETWORKS = ("198.51.100.0/24", "2001:db8:51::/64")
RESOLVER_ADDRESS = "198.51.100.54"  # the play's public resolver, where a scanner on the internet asks
WORKSTATION_ADDRESSES = ("198.18.2.10", "2001:db8:18:2::10")

# Names that Unbound would answer itself (RFC 6303, RFC 6761).
PRIVATE_ZONES = ("test.", "113.0.203.in-addr.arpa.", "100.51.198.in-addr.arpa.", "18.198.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa.")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the organisation. `password` is what the play's people type; an empty one cannot log in with it."""

    login: str
    name: str
    password: str = ""
    aliases: tuple[str, ...] = ()
    state: State = State.ACTIVE


ALICE = Person(f"alice@{DOMAIN}", "Alice Archer", "alice-reads-her-mail-2026", (f"sales@{DOMAIN}",))
BOB = Person(f"bob@{DOMAIN}", "Bob Baker", "bob-bakes-bread-at-dawn")
CAROL = Person(f"carol@{DOMAIN}", "Carol Chandler, on leave", "carol-is-on-leave-2026", state=State.SUSPENDED)
DAVE = Person(f"dave@{DOMAIN}", "Dave Draper, about to leave", "dave-leaves-this-winter", (f"dispatch@{DOMAIN}",))
ERIN = Person(f"erin@{DOMAIN}", "Erin Eastman, left long ago", "erin-left-in-the-spring", (f"events@{DOMAIN}",), State.DEACTIVATED)
MAIL_TEAM = Person(f"postmaster@{DOMAIN}", "The mail team", "", (f"abuse@{DOMAIN}",))
PEOPLE = (ALICE, BOB, CAROL, DAVE, ERIN, MAIL_TEAM)


def declaration(mta: str, mda: str) -> Declaration:
    """What the demo's organisation declares; `mta` and `mda` are the folders of the two hosts."""
    return Declaration(
        organisation=ORGANISATION,
        domains=(DOMAIN,),
        mta=Host("mx1.corp.test", (ip_address("203.0.113.25"), ip_address("2001:db8:113::25"))),
        mda=Host("mail.corp.test", (ip_address("198.18.1.10"), ip_address("2001:db8:18:1::10"))),
        networks=Networks(
            dmz=(ip_network("203.0.113.0/24"), ip_network("2001:db8:113::/64")),
            inside=(ip_network("198.18.1.0/24"), ip_network("2001:db8:18:1::/64")),
            workstation=(ip_network("198.18.2.0/24"), ip_network("2001:db8:18:2::/64")),
        ),
        certificates=Certificates(
            Certificate(f"{mta}/tls/mta.pem", f"{mta}/tls/mta.key"),
            Certificate(f"{mda}/tls/mda.pem", f"{mda}/tls/mda.key"),
            authorities=f"{mta}/tls/authorities.pem",
        ),
        firewall=Firewall(host=Host("fw.corp.test", (ip_address("203.0.113.1"),))),
        engines=Engines(signatures=(f"http://{SIGNATURE_HOST}/hauberk.ndb",)),
        workstation_products=(Engine("Microsoft Defender Antivirus", "microsoft"),),
        # All probes come from one address of the attacker's, in seconds.
        policy=Policy(client_connections_a_minute=5000, client_messages_a_minute=5000),
        dns=Dns(trust_anchor=f"{mta}/dns/root.anchor", root_hints=f"{mta}/dns/root.hints", private_zones=PRIVATE_ZONES, ttl=300),
    )


def layout(run: str, declared: Declaration) -> Layout:
    """Every network of the play is a /24 or a /64 and the firewall its first address."""
    outside = (
        *PARTNER_ADDRESSES,
        *WRONG_TLSA_ADDRESSES,
        *ATTACKER_ADDRESSES,
        *NAME_SERVER_ADDRESSES,
        *POLICY_ADDRESSES.values(),
        RESOLVER_ADDRESS,
    )
    internal = tuple(str(one) for one in declared.mta.addresses)
    firewall = declared.firewall
    return Layout(
        run,
        (
            _segment(Zone.INTERNET, firewall.internet, outside, ("127.0.0.1",)),
            _segment(Zone.DMZ, firewall.dmz, internal, ("127.0.0.1",)),
            _segment(Zone.INSIDE, firewall.inside, tuple(str(one) for one in declared.mda.addresses), internal),
            _segment(Zone.WORKSTATION, firewall.workstation, WORKSTATION_ADDRESSES, internal, _names(declared)),
        ),
    )


def _names(declared: Declaration) -> tuple[tuple[str, str], ...]:
    """The MDA's name is nobody's business outside: workstations know it by other means than the public DNS."""
    return tuple((str(one), declared.mda.name) for one in declared.mda.addresses)


def _segment(
    zone: Zone, port: str, addresses: tuple[str, ...], resolvers: tuple[str, ...], hosts: tuple[tuple[str, str], ...] = ()
) -> Segment:
    interfaces = tuple(ip_interface(f"{one}/{64 if ':' in one else 24}") for one in addresses)
    gateways = {one.network: ip_interface(f"{one.network[1]}/{one.network.prefixlen}") for one in interfaces}
    return Segment(zone, port, interfaces, tuple(gateways.values()), resolvers, hosts)
