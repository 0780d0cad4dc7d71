"""The trees that the golden tests compare: two declarations with fixed keys. `python tests/system/render/rendered.py` writes them anew."""

import dataclasses
import shutil
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path

from hauberk.system.declaration import AccountSource, Certificate, Declaration, Policy, Retention, Role, SourceKind
from hauberk.system.material import DkimKey, KeyPair, Material
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.render.zone import zone
from hauberk.system.stage import play
from hauberk.system.tree import Tree

GOLDEN = Path(__file__).with_name("golden")
TODAY = date(2026, 11, 22)

# A certificate of a key on P-256; what it says does not matter here, only that it is one.
CERTIFICATE = b"""-----BEGIN CERTIFICATE-----
MIIBpDCCAUugAwIBAgIUcjYzsFynwD6eRFncKLahgTRrL/AwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUY29ycC50ZXN0IG1haWwgbGlua3MwHhcNMjYxMTIxMDAwMDAw
WhcNMzYxMTE4MDAwMDAwWjAZMRcwFQYDVQQDDA5tYWlsLmNvcnAudGVzdDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABI5Ns2SBMZAF1YQH9mWZ9adiDLyMdDe93ua1
Yrmt4TEX1xjW0bXMxijhLL3h1pvi52ES9YNwqoqQC2eFRccRxX+jazBpMBkGA1Ud
EQQSMBCCDm1haWwuY29ycC50ZXN0MAwGA1UdEwEB/wQCMAAwHQYDVR0lBBYwFAYI
KwYBBQUHAwEGCCsGAQUFBwMCMB8GA1UdIwQYMBaAFJy8Mc9TD7fqtLsXWV2WPozV
00SJMAoGCCqGSM49BAMCA0cAMEQCIA3StBykSVzB23Dh9GG4W0q7KR+YgRw9r/w8
QPkdnt58AiBF8g+Cp5UPYgkLgWhrW0emnFbXgElN/0aa61UQ2EbhuA==
-----END CERTIFICATE-----
"""


def material() -> Material:
    """Keys that sign nothing: the content is words."""
    made = (date(2026, 5, 1), date(2026, 11, 1), date(2026, 12, 1))
    keys = tuple(
        DkimKey(domain, f"h{day:%Y%m%d}", day, b"public half, " * 25, b"the private half of a key\n")
        for domain in ("corp.test", "corp.example")
        for day in made
    )
    return Material(
        authority=b"the authority\n",
        mta_link=KeyPair(CERTIFICATE, b"a private key\n"),
        mda_link=KeyPair(CERTIFICATE, b"a private key\n"),
        dkim=keys,
        signing_on=TODAY,
        tls_keys=(b"the key of today", b"the key of tomorrow"),
        directory_password="it's a pass\\word",
        srs_secret="a secret of SRS",
    )


def small() -> Declaration:
    """What the stage plays, all defaults."""
    return play.declaration("/srv/mta", "/srv/mda")


def large() -> Declaration:
    """Everything that can be asked for: two domains, PostgreSQL, forwarding, WKD, certificates by ACME, addresses that are translated."""
    declared = small()
    return dataclasses.replace(
        declared,
        domains=("corp.test", "corp.example"),
        mta=dataclasses.replace(declared.mta, public=(ip_address("192.0.2.25"),), reach="root@mx1.corp.test:2222"),
        networks=dataclasses.replace(declared.networks, administration=(ip_network("198.18.2.64/26"),)),
        certificates=dataclasses.replace(
            declared.certificates,
            mta=Certificate(
                "/etc/letsencrypt/live/mx1.corp.test/fullchain.pem", "/etc/letsencrypt/live/mx1.corp.test/privkey.pem", "certbot"
            ),
        ),
        accounts=AccountSource(SourceKind.POSTGRESQL, "postgresql://hauberk@db.corp.test/mail"),
        engines=dataclasses.replace(declared.engines, signatures=("https://signatures.corp.test/main.cvd",), rules="/etc/hauberk/rules"),
        policy=Policy(forwarding=True, help_address="help@corp.test"),
        confidentiality=dataclasses.replace(declared.confidentiality, wkd=True),
        retention=Retention(trash=30),
        dns=dataclasses.replace(
            declared.dns, trust_anchor="", root_hints="", private_zones=(), forwarders=(ip_address("192.0.2.53"),),
            caa_contact="ca@corp.test", also_send=("include:_spf.example.net",),
        ),
        confirm=("way-out-of-the-inside",),
    )  # fmt: skip


def trees() -> dict[str, Tree]:
    """Name -> tree: each host on a scratch root, and on Debian's places."""
    found: dict[str, Tree] = {}
    for role in Role:
        found[f"small/{role.value}"] = render(small(), material(), role, Places.under(f"/scratch/{role.value}"))
        found[f"large/{role.value}"] = render(large(), material(), role, Places())
    return found


def texts() -> dict[str, str]:
    """Path below `golden` -> what should stand there."""
    found = {f"{name}{one.path}": one.content.decode() for name, tree in trees().items() for one in tree.files}
    found |= {f"{name}/MANIFEST.json": tree.manifest() for name, tree in trees().items()}
    return found | {"small/zone": zone(small(), material()), "large/zone": zone(large(), material())}


def write() -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for path, text in texts().items():
        target = GOLDEN / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


if __name__ == "__main__":
    write()
