"""mail.toml: what is sound is read as it was written; what is not is refused with its line, and nothing crashes the reader."""

import dataclasses
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.declaration import Declaration, DmarcPolicy, Engine, OnEncrypted
from hauberk.system.declaration_reading import read
from hauberk.system.declaration_writing import write
from hauberk.system.risks import RISKS
from hauberk.system.toml_lines import key_lines, line_of
from system.render import rendered

SOUND = """organisation = "Corp"
domains = ["corp.test"]   # the main one
confirm = [
]
[mta]
name = "mx1.corp.test"
addresses = ["203.0.113.25", "2001:db8:113::25"]
[mda]
name = "mail.corp.test"
addresses = [
  "198.18.1.10"
]
[networks]
dmz = ["203.0.113.0/24", "2001:db8:113::/64"]
inside = ["198.18.1.0/24"]
workstation = ["198.18.2.0/24"]
[certificates.mta]
certificate = "/etc/ssl/mx1.pem"
key = "/etc/ssl/mx1.key"
[certificates.mda]
certificate = "/etc/ssl/mail.pem"
key = "/etc/ssl/mail.key"
[[workstation_products]]
product = "One"
family = "one"
[[workstation_products]]
product = "Two"
family = "two"
[policy]
message_octets = 1_000_000
attachments = { on_refused = "quarantine" }
[dns]
dmarc = "reject"
"""


def test_a_sound_declaration_is_read() -> None:
    found = read(SOUND)
    assert isinstance(found, Declaration)
    assert found.mta.name == "mx1.corp.test"
    assert found.workstation_products == (Engine("One", "one"), Engine("Two", "two"))
    assert found.policy.message_octets == 1_000_000
    assert found.dns.dmarc is DmarcPolicy.REJECT


@pytest.mark.parametrize("declared", [rendered.small(), rendered.large()])
def test_what_is_written_is_read_as_the_same(declared: Declaration) -> None:
    known = dataclasses.replace(declared, networks=dataclasses.replace(declared.networks, administration=declared.networks.inside))
    assert read(write(known)) == known


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said"),
    [
        ('"203.0.113.25"', '"203.0.113.256"', 7, "mta.addresses[0]", "no IP address"),
        ('"203.0.113.25"', '"127.0.0.1"', 7, "mta.addresses[0]", "no address that others reach"),
        ('"203.0.113.25"', '"198.18.1.10"', 7, "mta.addresses[0]", "in none of networks.dmz"),
        ('name = "mail.corp.test"', 'name = "mx1.corp.test"', 9, "mda.name", "the same name"),
        ('name = "mx1.corp.test"', 'name = "mta-sts.corp.test"', 6, "mta.name", "taken by the domain itself"),
        ('name = "mx1.corp.test"', 'name = "MX1.corp.test."', 6, "mta.name", 'Write "mx1.corp.test"'),
        ('"198.18.1.0/24"', '"198.18.1.7/24"', 15, "networks.inside[0]", 'Write "198.18.1.0/24"'),
        ('"198.18.1.0/24"', '"198.18.0.0/15"', 15, "networks.inside[0]", "have addresses in common"),
        ('key = "/etc/ssl/mx1.key"', 'kye = "/etc/ssl/mx1.key"', 19, "certificates.mta.kye", "`key` is meant"),
        ('"/etc/ssl/mx1.key"', '"mx1.key"', 19, "certificates.mta.key", "no plain absolute path"),
        ('"/etc/ssl/mx1.key"', '"/etc/ssl/mx1.key\\nsmtpd_relay_restrictions = permit"', 19, "certificates.mta.key", "no plain abs"),
        ('family = "two"', "family = 2", 28, "workstation_products[1].family", "Write a text in quotes"),
        ("message_octets = 1_000_000", "message_octets = true", 30, "policy.message_octets", "a whole number"),
        ("message_octets = 1_000_000", "message_octets = 10", 30, "policy.message_octets", "out of range"),
        ('on_refused = "quarantine"', 'on_refused = "ignore"', 31, "policy.attachments.on_refused", '"reject" or "quarantine"'),
        ('dmarc = "reject"', 'also_send = ["+all"]', 33, "dns.also_send[0]", "no SPF term that may stand here"),
        ('organisation = "Corp"', 'organisation = ""', 1, "organisation", "it is empty"),
        ('["corp.test"]', "[]", 2, "domains", "there is none"),
        ('["corp.test"]', '["corp.test", "corp.test"]', 2, "domains[1]", "stands there twice"),
        ("confirm = [\n]", 'confirm = [\n"dmarc-nome"]', 3, "confirm[0]", "no risk that is known"),
        ("[mda]", "[mda", 8, "TOML", "Expected"),
        ("[mda]", "a" + ".a" * 60_000 + " = 1\n[mda]", 8, "file", "go too deep"),
        ("[mda]", "[" + '"a" . ' * 30_000 + "b]\n[mda]", 8, "file", "go too deep"),
        ('dmarc = "reject"', 'caa_contact = "a@b\\u001b[2J"', 33, "dns.caa_contact", "no mail address"),
        ('[dns]', '[engines]\nsignatures = ["http://[x"]\n[dns]', 33, "engines.signatures[0]", "no URL for freshclam"),
        ('[dns]', '[accounts]\nkind = "postgresql"\nwhere = "postgresql://[::1"\n[dns]', 34, "accounts.where", "no PostgreSQL URL"),
        ('dmarc = "reject"', 'dmarc = "none"', 33, "dns.dmarc", 'confirm = ["dmarc-none"]'),
        ('[dns]', '[accounts]\nkind = "postgresql"\nwhere = "postgresql://u:secret@db/mail"\n[dns]', 34, "accounts.where", "a password"),
        ('key = "/etc/ssl/mail.key"', 'key = "/etc/ssl/mail.key"\nacme = "certbot; rm"', 23, "certificates.mda.acme", "no client that is"),
        ('name = "mx1.corp.test"', 'name = "mx1.corp.test"\nreach = "-oProxyCommand=x"', 7, "mta.reach", "not what ssh takes"),
        ('[dns]', '[firewall]\ndmz = "eth0\\"; accept"\n[dns]', 33, "firewall.dmz", "no name of a network interface"),
    ],
)  # fmt: skip
def test_a_flaw_names_its_line(old: str, new: str, line: int, key: str, said: str) -> None:
    assert SOUND.count(old) == 1
    found = read(SOUND.replace(old, new), "x.toml")
    assert isinstance(found, tuple)
    told = [one for one in found if one.key == key]
    assert told, found
    assert told[0].line == line
    assert said in str(told[0])
    assert str(told[0]).startswith(f"x.toml:{line}: ")
    assert str(told[0]).isprintable()


@pytest.mark.parametrize(
    ("line", "said"),
    (("a = " + "[" * 5000 + "]" * 5000, "go too deep"), ("a = 1" + "0" * 5000, "5001 digits"), ("# " + "a" * 200_000, "has 2")),
)
def test_what_has_no_end_is_not_read(line: str, said: str) -> None:
    found = read(f"{line}\n{SOUND}")
    assert isinstance(found, tuple)
    assert said in str(found[0])


def test_all_flaws_are_told_at_once_and_in_order() -> None:
    text = SOUND.replace("203.0.113.25", "nowhere").replace('dmarc = "reject"', "dmarc = 1").replace('product = "One"', "product = 1")
    found = read(text)
    assert isinstance(found, tuple)
    assert [one.line for one in found] == [7, 24, 33]


def test_what_is_missing_is_named() -> None:
    found = read("")
    assert isinstance(found, tuple)
    assert {one.key for one in found} == {"organisation", "domains", "mta", "mda", "networks", "certificates"}


def test_hosts_behind_ssh_want_a_way_in() -> None:
    found = read(SOUND.replace("[mda]", 'reach = "root@mx1.corp.test"\n[mda]'))
    assert isinstance(found, tuple)
    assert "lock you out" in str(found[0])


@pytest.mark.parametrize("risk", RISKS, ids=lambda risk: risk.name)
def test_a_risk_is_refused_until_it_is_confirmed_by_name(risk: object) -> None:
    """Each risk of the list, taken by one change of a sound declaration."""
    name = getattr(risk, "name", "")
    taken = _taking()[name]
    refused = read(write(taken))
    assert isinstance(refused, tuple)
    assert [one.remedy for one in refused if f'"{name}"' in one.remedy]
    assert read(write(dataclasses.replace(taken, confirm=(name,)))) == dataclasses.replace(taken, confirm=(name,))


def _taking() -> dict[str, Declaration]:
    sound = rendered.small()
    policy, dns = sound.policy, sound.dns
    weak = dataclasses.replace(policy.attachments, encrypted_archives=OnEncrypted.ACCEPT)
    nothing = dataclasses.replace(policy.attachments, refused=())
    ours = (sound.engines.first, sound.engines.second)
    return {
        "same-engine-as-workstations": dataclasses.replace(sound, workstation_products=ours),
        "dmarc-none": dataclasses.replace(sound, dns=dataclasses.replace(dns, dmarc=DmarcPolicy.NONE)),
        "mta-sts-off": dataclasses.replace(sound, dns=dataclasses.replace(dns, mta_sts=type(dns.mta_sts)("none"))),
        "encrypted-archives-pass": dataclasses.replace(sound, policy=dataclasses.replace(policy, attachments=weak)),
        "no-attachment-policy": dataclasses.replace(sound, policy=dataclasses.replace(policy, attachments=nothing)),
        "confidential-in-clear": dataclasses.replace(sound, confidentiality=dataclasses.replace(sound.confidentiality, enabled=False)),
        "way-out-of-the-inside": dataclasses.replace(sound, confidentiality=dataclasses.replace(sound.confidentiality, wkd=True)),
        "no-rate-limits": dataclasses.replace(sound, policy=dataclasses.replace(policy, submissions_a_minute=0)),
        "short-dkim-keys": dataclasses.replace(sound, dkim=dataclasses.replace(sound.dkim, bits=1024)),
        "spam-passes": dataclasses.replace(sound, policy=dataclasses.replace(policy, spam_reject=99.0)),
        "old-signatures": dataclasses.replace(sound, engines=dataclasses.replace(sound.engines, updates_days=30)),
    }


@given(st.text())
def test_no_text_crashes_the_reader(text: str) -> None:
    found = read(text)
    assert isinstance(found, tuple)
    assert found


@given(st.data())
def test_no_damage_to_a_sound_text_crashes_the_reader(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SOUND)))
    length = data.draw(st.integers(0, 40))
    inserted = data.draw(
        st.one_of(st.text(max_size=20), st.sampled_from(["[", "]", '"', "'''", '"""', "=", "{", "}", "\n", "1e999", "-1", "nan"]))
    )
    found = read(SOUND[:start] + inserted + SOUND[start + length :])
    assert isinstance(found, Declaration) or all(one.line >= 0 and one.problem for one in found)


_KEY = st.sampled_from(["a", "b", "c-d", "e_f"])
_VALUE = st.sampled_from(
    ["1", '"x = 1"', "'[y]'", "[\n 1,\n 2, # ]\n]", '"""\n[z]\nb = 2\n"""', "'''\na = 3'''", "{ b = 1 }", "[[1], [2]]"]
)


@given(st.lists(st.tuples(_KEY, _VALUE, st.integers(0, 2)), max_size=12))
def test_the_line_of_a_key_is_where_it_stands(entries: list[tuple[str, str, int]]) -> None:
    lines, wanted, seen, table = [""], dict[tuple[str | int, ...], int](), set[tuple[str, ...]](), ""
    for number, (key, value, kind) in enumerate(entries):
        if kind == 0:
            table = f"t{number}"
            lines.append(f"[ {table} ] # a table")
            wanted[(table,)] = len(lines)
        path = (table, key) if table else (key,)
        if path in seen:
            continue
        seen.add(path)
        wanted[path] = len(lines) + 1
        lines += f"{key} = {value}  # {key} = 9".split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)
    places = key_lines(text)
    assert {path: line_of(path, places) for path in wanted} == wanted
