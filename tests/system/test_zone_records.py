"""The records that are rendered say to the scanner's own parsers what the declaration says; DKIM keys turn in time."""

import base64
import dataclasses
import hashlib
from datetime import date, timedelta
from pathlib import Path

import dns.zone
import pytest
from dns.rdtypes.ANY.TXT import TXT

from hauberk.protocols import caa, mta_sts, tls_rpt
from hauberk.protocols.dane import tlsa
from hauberk.protocols.dkim import key as dkim_key
from hauberk.protocols.dmarc import record as dmarc
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.spf import record as spf
from hauberk.system import material_folder
from hauberk.system.declaration import Declaration, Dkim, MtaStsMode
from hauberk.system.render import mta_sts as policy_file
from hauberk.system.render.signing import next_due, retired, selector, signing_keys
from hauberk.system.render.zone import records, zone
from system.render import rendered


def texts(declared: Declaration, name: str, kind: str = "TXT") -> tuple[str, ...]:
    """The data of all records of a name, as a resolver gives it: character strings joined."""
    snippet = "\n".join(str(one) for domain in declared.domains for one in records(declared, rendered.material(), domain))
    found = dns.zone.from_text(f"$ORIGIN .\n$TTL 60\n{snippet}", origin=".", check_origin=False, relativize=False)
    node = found.get_rdataset(f"{name}.", kind)
    rows: list[object] = list(node or ())
    return tuple(b"".join(one.strings).decode() if isinstance(one, TXT) else str(one) for one in rows)


@pytest.mark.parametrize("declared", [rendered.small(), rendered.large()], ids=["small", "large"])
class TestEveryDomain:
    def test_spf(self, declared: Declaration) -> None:
        for domain in (*declared.domains, declared.mta.name):
            (text,) = texts(declared, domain)
            found = spf.parse(text)
            assert isinstance(found, spf.SpfRecord)
            assert not found.faults
            assert found.all is not None
            assert text.endswith("-all")

    def test_dkim(self, declared: Declaration) -> None:
        for key in rendered.material().dkim:
            if key.domain in declared.domains:
                (text,) = texts(declared, f"{key.selector}._domainkey.{key.domain}")
                found = dkim_key.parse_key(text)
                assert isinstance(found, dkim_key.DkimKey)
                assert found.public == key.public
                assert not found.faults

    def test_dmarc(self, declared: Declaration) -> None:
        for domain in declared.domains:
            found = dmarc.parse(texts(declared, f"_dmarc.{domain}")[0])
            assert isinstance(found, dmarc.Dmarc)
            assert (found.p, found.sp) == (dmarc.Policy.REJECT, dmarc.Policy.REJECT)
            assert not found.faults
            assert found.rua

    def test_mta_sts(self, declared: Declaration) -> None:
        policy = mta_sts.parse_policy(policy_file.policy(declared))
        assert isinstance(policy, mta_sts.StsPolicy)
        assert policy == mta_sts.StsPolicy(mta_sts.Mode.ENFORCE, 604_800, (declared.mta.name,))
        for domain in declared.domains:
            found = mta_sts.parse_record(texts(declared, f"_mta-sts.{domain}")[0])
            assert isinstance(found, mta_sts.StsRecord)
            assert texts(declared, f"mta-sts.{domain}", "A") == tuple(str(one) for one in declared.mta.seen if one.version == 4)

    def test_tls_rpt(self, declared: Declaration) -> None:
        for domain in declared.domains:
            found = tls_rpt.parse(texts(declared, f"_smtp._tls.{domain}")[0])
            assert isinstance(found, tls_rpt.TlsRptRecord)
            assert found.rua == (f"mailto:{declared.postmaster}",)

    def test_tlsa_of_today_and_tomorrow(self, declared: Declaration) -> None:
        found = [tlsa.parse(one) for one in texts(declared, f"_25._tcp.{declared.mta.name}", "TLSA")]
        assert not any(isinstance(one, Malformed) for one in found)
        wanted = {hashlib.sha256(key).digest() for key in rendered.material().tls_keys}
        assert {one.data for one in found if isinstance(one, tlsa.Tlsa)} == wanted

    def test_caa(self, declared: Declaration) -> None:
        for domain in declared.domains:
            found = [caa.parse(one) for one in texts(declared, domain, "CAA")]
            assert {(one.tag, one.value) for one in found if isinstance(one, caa.CaaRecord)} >= {
                ("issue", "letsencrypt.org"),
                ("issuewild", ";"),
            }


def test_the_host_is_published_once_at_its_outer_address() -> None:
    declared = rendered.large()
    assert texts(declared, declared.mta.name, "A") == ("192.0.2.25",)
    assert zone(declared, rendered.material()).count(f"{declared.mta.name}. 300 IN A ") == 1


def test_another_policy_has_another_id_and_the_same_one_keeps_it() -> None:
    declared = rendered.small()
    testing = dataclasses.replace(declared, dns=dataclasses.replace(declared.dns, mta_sts=MtaStsMode.TESTING))
    assert policy_file.identifier(declared) == policy_file.identifier(rendered.small())
    assert policy_file.identifier(declared) != policy_file.identifier(testing)


def test_a_value_that_would_be_a_second_record_is_refused() -> None:
    declared = rendered.small()
    wicked = dataclasses.replace(declared, dns=dataclasses.replace(declared.dns, caa_contact="a@b\nevil.test. IN A 192.0.2.1"))
    with pytest.raises(ValueError, match="control character"):
        zone(wicked, rendered.material())


def test_keys_turn_in_time(tmp_path: Path) -> None:
    """A year and a half of days: always one key that signs, published for as long as `ahead_days` before and after."""
    declared = dataclasses.replace(rendered.small(), dkim=Dkim(bits=1024, rotate_days=100, ahead_days=10))
    start, signed = date(2026, 1, 1), dict[str, list[date]]()
    published = dict[str, list[date]]()
    known: tuple[rendered.DkimKey, ...] = ()
    for passed in range(540):
        today = start + timedelta(days=passed)
        if next_due(known, "corp.test", declared.dkim, today) or retired(known, declared.dkim, today):
            material_folder.make(declared, tmp_path, today)
            material_folder.retire(declared, tmp_path, today)
            known = material_folder.dkim_keys(tmp_path)
        (signer,) = signing_keys(dataclasses.replace(rendered.material(), dkim=known, signing_on=today))
        signed.setdefault(signer.selector, []).append(today)
        for one in known:
            published.setdefault(one.selector, []).append(today)
    assert list(signed) == [selector(start + timedelta(days=100 * turn)) for turn in range(6)]
    for name, days in list(signed.items())[1:-1]:
        assert len(days) == 100
        assert (days[0] - published[name][0]).days == 10
        assert (published[name][-1] - days[-1]).days == 10


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    declared, today = rendered.small(), date(2026, 11, 22)
    made = material_folder.make(declared, tmp_path / "keys", today)
    before = {name: (tmp_path / "keys" / name).read_bytes() for name in made}
    assert material_folder.make(declared, tmp_path / "keys", today) == ()
    assert {name: (tmp_path / "keys" / name).read_bytes() for name in made} == before
    assert {(tmp_path / "keys" / name).stat().st_mode & 0o777 for name in made} == {0o600}
    material = material_folder.load(tmp_path / "keys", today)
    assert base64.b64encode(material.dkim[0].public).decode() in zone(declared, material).replace('" "', "")


def test_what_is_no_key_is_named(tmp_path: Path) -> None:
    declared, today = rendered.small(), date(2026, 11, 22)
    material_folder.make(declared, tmp_path, today)
    (tmp_path / "dkim/corp.test/h20261122.key").write_text("nothing")
    with pytest.raises(material_folder.MaterialError, match=r"h20261122\.key: not a private key"):
        material_folder.load(tmp_path, today)
    with pytest.raises(material_folder.MaterialError, match="hauberk system rotate"):
        material_folder.load(tmp_path / "elsewhere", today)
