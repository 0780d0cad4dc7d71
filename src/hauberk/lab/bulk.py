"""Many varied domains with few mail servers, for benchmarks: in the lab's own name server, or as files for NSD and Unbound.

The numbers are like those of the internet: most domains share the MX hosts of a few providers. The same count and number give the
same domain every time.
"""

from collections.abc import Iterator
from random import Random

from hauberk.lab.declared import SERVERS, Declared
from hauberk.lab.mailspec import Behaviour, MailServerSpec
from hauberk.lab.pki import CertificateSpec
from hauberk.lab.webserver import PageSpec
from hauberk.lab.zones import Status, Zones
from hauberk.model.dns import Record

MX_ADDRESSES = tuple(f"203.0.113.{number}" for number in range(240, 248))
"""Where the shared MX hosts are; a benchmark that must connect without a route map gives loopback addresses in their place."""

# Of the shared servers most are good; one in eight has no STARTTLS, one an expired certificate.
_FAULTS = {5: "no-starttls", 7: "expired"}
_SPF = (
    ("v=spf1 include:_spf.mailhost.example ~all", 40),
    ("v=spf1 include:_spf.mailhost.example include:_spf.letters.example -all", 20),
    ("v=spf1 mx a -all", 15),
    ("v=spf1 a mx include:_spf.mailhost.example include:_spf.letters.example include:_many.letters.example ~all", 8),
    ("v=spf1 ip4:203.0.113.0/24 ?all", 5),
    ("v=spf1 +all", 2),
    ("v=spf1 ip4:203.0.113.300 -all", 2),
    ("", 8),
)
_DMARC = (
    ("v=DMARC1; p=none; rua=mailto:dmarc@{name}", 30),
    ("v=DMARC1; p=quarantine; rua=mailto:reports@letters.example", 15),
    ("v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@{name}", 20),
    ("v=DMARC1; p=none", 10),
    ("", 25),
)
_SELECTORS = (("default", 25), ("selector1", 25), ("google", 20), ("k1", 10), ("", 20))


def domains(count: int, mx_addresses: tuple[str, ...] = MX_ADDRESSES) -> tuple[Declared, ...]:
    """`d0001.test`, `d0002.test` ... and the two providers behind them."""
    width = max(4, len(str(count)))
    return (*_providers(mx_addresses), *(_domain(f"d{number:0{width}}.test", number, len(mx_addresses)) for number in range(1, count + 1)))


def names(count: int) -> tuple[str, ...]:
    """The names of those domains, without the providers."""
    width = max(4, len(str(count)))
    return tuple(f"d{number:0{width}}.test" for number in range(1, count + 1))


def zone_files(zones: Zones) -> Iterator[tuple[str, str]]:
    """Every zone as (apex, master file) for an authoritative server; unsigned, without the root and the faults."""
    for zone in zones:
        if zone.apex != ".":
            yield zone.apex, "".join(f"{_line(record)}\n" for record in _rendered(zone.records))


def local_data(zones: Zones) -> str:
    """Every zone as `local-zone` and `local-data` of Unbound's configuration; unsigned, aliases across zones are not followed."""
    lines: list[str] = []
    for zone in zones:
        if zone.apex != ".":
            lines.append(f'local-zone: "{zone.apex}." static')
            lines += [f"local-data: '{_line(record)}'" for record in _rendered(zone.records) if "'" not in record.data]
    return "\n".join(lines) + "\n"


def _rendered(records: tuple[Record, ...]) -> Iterator[Record]:
    # The SOA comes first in a master file; the lab's keys sign nothing.
    kept = [record for record in records if record.type not in ("DNSKEY", "NSEC")]
    yield from sorted(kept, key=lambda record: record.type != "SOA")


def _line(record: Record) -> str:
    return f"{record.name}. {record.ttl} IN {record.type} {record.data}"


def _providers(mx_addresses: tuple[str, ...]) -> tuple[Declared, ...]:
    hosts = tuple(f"mx{number}.mailhost.example" for number in range(1, len(mx_addresses) + 1))
    records = [f"{host}. {'AAAA' if ':' in address else 'A'} {address}" for host, address in zip(hosts, mx_addresses, strict=True)]
    records += ['_spf TXT "v=spf1 ip4:203.0.113.0/25 include:_spf2.mailhost.example ~all"', '_spf2 TXT "v=spf1 ip6:2001:db8::/40 ~all"']
    records += [f"{selector}._dkim TXT {{dkim-rsa2048}}" for selector, _ in _SELECTORS if selector]
    mailhost = Declared(
        "mailhost.example",
        records="\n".join(records),
        smtp=tuple(_server(host, address, number) for number, (host, address) in enumerate(zip(hosts, mx_addresses, strict=True))),
    )
    many = "\n".join(f'_m{number} TXT "v=spf1 ip4:203.0.113.{number} ~all"' for number in range(7))
    included = " ".join(f"include:_m{number}.letters.example" for number in range(7))
    letters = Declared(
        "letters.example",
        status=Status.SECURE,
        records=f'_spf TXT "v=spf1 ip4:203.0.113.128/27 ?all"\n_many TXT "v=spf1 {included} ~all"\n{many}\n*._report._dmarc TXT "v=DMARC1"',
    )
    return mailhost, letters


def _server(host: str, address: str, number: int) -> MailServerSpec:
    match _FAULTS.get(number % 8):
        case "no-starttls":
            return MailServerSpec(host, Behaviour.NO_STARTTLS, addresses=(address,))
        case "expired":
            return MailServerSpec(host, addresses=(address,), certificate=CertificateSpec((host,), days_left=-20))
        case _:
            return MailServerSpec(host, addresses=(address,))


def _domain(name: str, number: int, hosts: int) -> Declared:
    chance = Random(number)
    if chance.random() < 0.04:
        return Declared(name, "parked", records='@ MX 0 .\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"', servers=SERVERS)
    first = chance.randrange(hosts)
    lines = [f"@ MX {10 * (1 + step)} mx{(first + step) % hosts + 1}.mailhost.example." for step in range(chance.choice((1, 2, 2, 3)))]
    spf, dmarc, selector = (_chosen(table, chance) for table in (_SPF, _DMARC, _SELECTORS))
    lines.append("@ A 203.0.113.250")
    if spf:
        lines.append(f'@ TXT "{spf}"')
    if chance.random() < 0.5:
        lines.append(f'@ TXT "site-verification={chance.randrange(1 << 60):x}"')
    if dmarc:
        lines.append(f'_dmarc TXT "{dmarc.format(name=name)}"')
    if selector:
        lines.append(f"{selector}._domainkey CNAME {selector}._dkim.mailhost.example.")
    if chance.random() < 0.1:
        lines.append('@ CAA 0 issue "letsencrypt.org"')
    if chance.random() < 0.1:
        lines.append(f'_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}"')
    pages: tuple[PageSpec, ...] = ()
    if chance.random() < 0.02:
        lines += ['_mta-sts TXT "v=STSv1; id=1"', "mta-sts A 203.0.113.250"]
        policy = "version: STSv1\nmode: enforce\nmx: *.mailhost.example\nmax_age: 604800\n"
        pages = (PageSpec(f"https://mta-sts.{name}/.well-known/mta-sts.txt", body=policy),)
    status = Status.SECURE if chance.random() < 0.15 else Status.INSECURE
    return Declared(name, "one of many", status, records="\n".join(lines), https=pages)


def _chosen(table: tuple[tuple[str, int], ...], chance: Random) -> str:
    (value,) = chance.choices([value for value, _ in table], [weight for _, weight in table])
    return value
