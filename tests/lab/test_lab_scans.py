"""Every domain of the lab is scanned as a user would, and has the fault that its sentence tells of: the whole program against the lab."""

import asyncio
from dataclasses import dataclass

import pytest

from hauberk.app.scanning import Scan, ScanOrder, assess, now, scan_domains
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.model.observation import ScanOptions
from hauberk.model.score import Band
from hauberk.model.transport import Speaker, TrialMatter
from hauberk.model.verdict import Verdict
from hauberk.scoring.rubric import load
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.https import HttpsPatience
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.tape import encode

# What sets each domain apart from a sound, unsigned one without DANE and MTA-STS.
FAULTS = {
    "exemplary.test": "",
    "typical.test": "caa.present=warn dmarc.policy-enforced=warn dmarc.subdomains-enforced=warn ipv6.mail-reachable=warn",
    "bad.test": "spf.restrictive=fail dmarc.published=fail tls.starttls-offered=fail cert.trusted=fail dane.valid=fail",
    "spf-none.test": "spf.published=fail",
    "spf-two.test": "spf.published=fail",
    "spf-ten-lookups.test": "spf.lookup-limit=fail",
    "spf-loop.test": "spf.valid=fail",
    "spf-void.test": "spf.void-lookups=fail",
    "spf-glued.test": "spf.valid=fail",
    "spf-invisible.test": "spf.published=fail",
    "spf-glued-version.test": "spf.published=fail",
    "spf-newline.test": "spf.valid=fail",
    "spf-typing-errors.test": "spf.valid=fail",
    "spf-everybody.test": "spf.address-space=fail",
    "dangling-include.test": "spf.no-dangling-includes=fail",
    "dmarc-none.test": "dmarc.published=fail",
    "dmarc-monitoring.test": "dmarc.policy-enforced=warn",
    "dmarc-two.test": "dmarc.published=fail",
    "dmarc-unauthorised.test": "dmarc.reports-received=warn",
    "dmarc-silent.test": "dmarc.published=unknown",
    "revoked-dkim.test": "dkim.key-published=unknown",
    "weak-dkim.test": "dkim.key-strength=warn",
    "damaged-dkim.test": "dkim.key-usable=fail",
    "no-dkim.test": "dkim.key-published=fail",
    "hidden-dkim.test": "dkim.key-published=unknown",
    "bogus.test": "dnssec.domain-signed=fail spf.published=unknown",
    "all-lame.test": "dnssec.domain-signed=unknown spf.published=unknown dmarc.published=unknown mx.resolves=unknown",
    "nsec3-iterated.test": "dnssec.nsec3-parameters=fail dnssec.domain-signed=pass",
    "lame.test": "dns.consistent=warn",
    "inconsistent.test": "dns.consistent=warn",
    "servfail-caa.test": "caa.present=unknown",
    "silent-txt.test": "spf.published=unknown",
    "cname-loop.test": "mx.resolves=unknown",
    "wildcard-txt.test": "dmarc.published=fail",
    "no-starttls.test": "tls.starttls-offered=fail",
    "helo-only.test": "tls.starttls-offered=fail",
    "closing.test": "tls.starttls-offered=fail",
    "handshake-fails.test": "tls.starttls-offered=fail",
    "tls-garbage.test": "tls.starttls-offered=fail",
    "expired.test": "cert.expiry=fail cert.trusted=fail",
    "expiring.test": "cert.expiry=fail",
    "self-signed.test": "cert.trusted=fail",
    "unknown-issuer.test": "cert.trusted=fail",
    "no-intermediate.test": "cert.trusted=fail",
    "wrong-name.test": "cert.trusted=fail",
    "weak-key.test": "cert.key-strength=fail",
    "sha1.test": "cert.key-strength=fail",
    "tls10.test": "tls.modern-version=fail",
    "tls-legacy.test": "tls.no-legacy-versions=fail tls.cipher-suites=warn tls.modern-version=pass",
    "rsa-exchange.test": "tls.cipher-suites=fail tls.no-legacy-versions=pass",
    "cbc.test": "tls.cipher-suites=warn tls.cipher-order=pass",
    "anonymous-tls.test": "tls.cipher-suites=fail",
    "weak-dh.test": "tls.groups=fail tls.cipher-suites=warn",
    "weak-groups.test": "tls.groups=fail tls.cipher-suites=pass",
    "auth-in-clear.test": "smtp.no-plain-auth=fail",
    "wrong-tlsa.test": "dane.valid=fail",
    "dane.test": "dane.rollover=warn",
    "tlsa-bogus.test": "dane.sound-denial=fail",
    "tlsa-servfail.test": "dane.sound-denial=fail",
    "greylisting.test": "tls.starttls-offered=unknown",
    "blocked.test": "tls.starttls-offered=unknown",
    "busy.test": "tls.starttls-offered=unknown",
    "stalling.test": "tls.starttls-offered=unknown",
    "ehlo-stalls.test": "tls.starttls-offered=unknown",
    "tls-unavailable.test": "tls.starttls-offered=unknown",
    "handshake-stalls.test": "tls.starttls-offered=unknown",
    "garbage.test": "tls.starttls-offered=unknown",
    "megabyte-banner.test": "tls.starttls-offered=unknown",
    "endless-banner.test": "tls.starttls-offered=unknown",
    "resetting.test": "tls.starttls-offered=unknown",
    "hanging-up.test": "tls.starttls-offered=unknown",
    "down.test": "mx.reachable=fail",
    "half-down.test": "mx.reachable=warn",
    "ipv6-down.test": "mx.reachable=warn ipv6.mail-reachable=warn",
    "ipv4-only.test": "ipv6.mail-reachable=warn",
    "no-reverse.test": "ptr.confirmed=warn",
    "reverse-mismatch.test": "ptr.confirmed=warn",
    "implicit-mx.test": "mx.resolves=warn",
    "mx-cname.test": "mx.resolves=fail",
    "mx-missing.test": "mx.resolves=fail",
    "mx-dangling.test": "mx.resolves=fail",
    "mx-literal.test": "mx.resolves=fail",
    "mx-private.test": "mx.resolves=fail",
    "listed.test": "blocklist.clean=warn",
    "mta-sts-mismatch.test": "mta-sts.valid=fail",
    "mta-sts-redirect.test": "mta-sts.valid=fail",
    "mta-sts-endless.test": "mta-sts.valid=fail",
    "mta-sts-untrusted.test": "mta-sts.valid=fail",
    "mta-sts-absent.test": "mta-sts.valid=fail",
    "mta-sts-down.test": "mta-sts.valid=fail",
    "mta-sts-testing.test": "mta-sts.valid=warn",
    "hostile-txt.test": "dkim.key-usable=fail spf.valid=fail",
}
SOUND = (
    "spf-split",
    "dmarc-cname",
    "hosted-dkim",
    "no-ds",
    "upper-case",
    "big-txt",
    "xn--bcher-kva",
    "tls12",
    "tls13-only",
    "dane",
    "dane-self-signed",
    "slow",
    "ipv6-only",
    "null-mx",
    "twelve-mx",
    "mta-sts-enforce",
    "sixty-mx",
    "certificate-zoo",
    "split-dmarc",
    *("open-relay", "percent-relay", "rcpt-greylisting", "impatient"),  # whether they relay was not asked
)
RELAYING = {
    "exemplary.test": ("pass", ""),
    "open-relay.test": ("fail", "open-relay"),
    "percent-relay.test": ("fail", "open-relay"),
    "rcpt-greylisting.test": ("unknown", "unfinished"),
    "impatient.test": ("unknown", "unfinished"),
    "helo-only.test": ("pass", ""),
    "blocked.test": ("unknown", "refused-us"),
}
IMPATIENT_SMTP = SmtpPatience(greeting=12.0, reply=6.0, handshake=6.0, farewell=2.0, session=30.0)  # a busy machine is no reason to fail


@dataclass(frozen=True)
class Scans:
    usual: dict[str, Scan]
    of_relaying: dict[str, Scan]


@pytest.fixture(scope="module")
def both() -> Scans:
    async def scanned() -> Scans:
        async with Lab(at=now()) as lab:
            config = LiveConfig(
                resolver=lab.resolver_url,
                helo=LAB_HELO,
                routes=lab.routes,
                ca_file=lab.anchor_pem_path,
                dns=3.0,
                smtp=IMPATIENT_SMTP,
                https=HttpsPatience(4.0, 8.0),
            )
            async with LiveWorld(config) as world:
                order = ScanOrder(load(), ScanOptions(depth="standard"), plan=False)
                usual = {scan.assessment.domain: scan async for scan in scan_domains(world, lab.domains, order, at_once=100)}
                order = ScanOrder(load(), ScanOptions(areas=("relay",), relay=True), plan=False)
                return Scans(usual, {scan.assessment.domain: scan async for scan in scan_domains(world, RELAYING, order, at_once=100)})

    return asyncio.run(scanned())


@pytest.fixture(scope="module")
def scans(both: Scans) -> dict[str, Scan]:
    return both.usual


@pytest.mark.parametrize(
    ("domain", "band", "grade"), [("exemplary.test", "green", "A+"), ("typical.test", "amber", "C"), ("bad.test", "red", "F")]
)
def test_the_three_of_the_demo(scans: dict[str, Scan], domain: str, band: str, grade: str) -> None:
    score = scans[domain].assessment.score
    assert (score.band.value, score.grade) == (band, grade)


def test_exemplary_has_nothing_to_mend(scans: dict[str, Scan]) -> None:
    bad = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN, Verdict.ERROR)
    assert [verdict for verdict in scans["exemplary.test"].assessment.verdicts if verdict.verdict in bad] == []


@pytest.mark.parametrize("domain", FAULTS)
def test_each_domain_has_its_fault(scans: dict[str, Scan], domain: str) -> None:
    verdicts = {f"{one.check}={one.verdict.value}" for one in scans[domain].assessment.verdicts}
    assert set(FAULTS[domain].split()) <= verdicts


@pytest.mark.parametrize("name", SOUND)
def test_oddities_that_are_no_faults_stay_green(scans: dict[str, Scan], name: str) -> None:
    assert scans[f"{name}.test"].assessment.score.band is Band.GREEN


def test_no_check_crashes_and_every_scan_ends(scans: dict[str, Scan]) -> None:
    for domain, scan in scans.items():
        assert scan.observation.finished, domain
        assert not [verdict for verdict in scan.assessment.verdicts if verdict.verdict is Verdict.ERROR], domain


def test_what_the_survey_walked_is_what_the_tape_says(scans: dict[str, Scan]) -> None:
    """A scan judges by the results that its survey came to; whoever judges the tape later walks it again."""
    for domain, scan in scans.items():
        assert assess(scan.observation, load(), plan=False) == scan.assessment, domain


@pytest.mark.parametrize("domain", RELAYING)
def test_who_relays_is_found_out_by_asking_and_never_by_sending(both: Scans, domain: str) -> None:
    scan = both.of_relaying[domain]
    (judged,) = scan.assessment.verdicts
    assert (judged.check, judged.verdict.value) == ("relay.closed", RELAYING[domain][0])
    assert {finding.code for finding in judged.findings} == {RELAYING[domain][1]}
    said = [
        turn.text for trial in scan.observation.trials if trial.session for turn in trial.session.dialogue if turn.speaker is Speaker.CLIENT
    ]
    assert {line.partition(" ")[0] for line in said} <= {"EHLO", "HELO", "MAIL", "RCPT", "RSET", "QUIT"}


def test_nobody_is_asked_to_relay_unless_it_is_wanted(both: Scans) -> None:
    scan = both.usual["open-relay.test"]
    assert not [trial for trial in scan.observation.trials if trial.question.matter is TrialMatter.RELAYING]
    assert "relay.closed" not in {verdict.check for verdict in scan.assessment.verdicts}
    tape = encode(scan.observation).replace(b"open-relay.test", b"")
    assert not [word for word in (b"relay", b"vrps", b"origins", b"coverage") if word in tape]  # as before there were such things
