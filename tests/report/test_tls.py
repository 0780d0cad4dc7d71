"""The TLS part of a report: what is weak in a few words, and the full listing."""

from dataclasses import replace

from hauberk.app.scanning import assess
from hauberk.lab.casebook import Case, Smtp, observe
from hauberk.lab.casetls import TlsServer
from hauberk.model import json
from hauberk.model.assessment import Assessment, EndpointTls, TlsChain, TlsChoice
from hauberk.model.transport import Endpoint
from hauberk.report.compose import compose
from hauberk.report.content import ReportContent
from hauberk.report.pdf import build_pdf
from hauberk.report.tls import details, weakness
from hauberk.scoring.rubric import load

V4, V6 = Endpoint("mx.example.com", "192.0.2.10"), Endpoint("mx.example.com", "2001:db8::10")
OLD = EndpointTls(
    V4,
    "standard",
    "",
    18,
    accepted=("TLSv1", "TLSv1.2"),
    refused=("SSLv2", "SSLv3"),
    suites=(
        TlsChoice("TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "sufficient"),
        TlsChoice("TLSv1", "TLS_RSA_WITH_AES_128_CBC_SHA", "insufficient", "RSA key exchange"),
    ),
    finite_fields=(TlsChoice("TLSv1", "1024 bits, a prime of its own", "insufficient"),),
    chains=(TlsChain("RSA 2048", ("ab" * 32, "cd" * 32)),),
    compression=False,
    secure_renegotiation=True,
)
RECORDS = "example.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.10\nmx.example.com. AAAA 2001:db8::10"
LEGACY = TlsServer(
    versions=("TLSv1", "TLSv1.2"), suites=("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"), keys=("rsa2048",)
)


def facts(endpoints: tuple[EndpointTls, ...]) -> dict[str, str]:
    (detail,) = details(endpoints)
    return {fact.name: fact.value for fact in detail.facts}


def scanned(depth: str = "standard") -> tuple[Assessment, ReportContent]:
    tape = observe(Case("legacy", "fail", records=RECORDS, depth=depth, smtp=(Smtp("mx.example.com", tls_server=LEGACY),)))
    assessment = assess(tape, load(), plan=False)
    return assessment, compose(assessment, tape, "Example Ltd")


def test_what_is_weak_is_said_in_a_few_words() -> None:
    assert weakness((OLD,), V4) == "also accepts TLS 1.0, insufficient suites, weak groups"
    assert weakness((OLD,), V6) == ""
    assert weakness((replace(OLD, accepted=("TLSv1.3",), suites=(), finite_fields=()),), V4) == ""


def test_the_listing_has_the_worst_first_and_skips_what_is_empty() -> None:
    told = facts((OLD,))
    assert told["Versions"] == "accepted TLS 1.0, TLS 1.2; refused SSL 2.0, SSL 3.0"
    assert told["Suites of TLS 1.0"] == "insufficient: TLS_RSA_WITH_AES_128_CBC_SHA"
    assert told["Finite fields"] == "insufficient: 1024 bits, a prime of its own"
    assert told["Certificate chains"] == "RSA 2048, 2 certificates"
    assert told["Handshake"] == "yes: secure renegotiation; no: compression"
    assert "18 connections" in told["Probe"]
    assert "Groups" not in told


def test_endpoints_that_are_alike_are_told_once() -> None:
    (detail,) = details((OLD, replace(OLD, endpoint=V6, connections=19)))
    assert detail.endpoints == "mx.example.com 192.0.2.10, mx.example.com [2001:db8::10]"
    assert any("at most 19 connections each" in fact.value for fact in detail.facts)
    assert len(details((OLD, replace(OLD, endpoint=V6, compression=True)))) == 2
    assert len(details((OLD, replace(OLD, endpoint=V6, chains=(TlsChain("RSA 2048", ("ef" * 32, "cd" * 32)),))))) == 1
    assert len(details((OLD, replace(OLD, endpoint=V6, partial="it hung up")))) == 2


def test_of_many_endpoints_alike_each_is_named() -> None:
    (detail,) = details(tuple(replace(OLD, endpoint=Endpoint(f"mx{n}.example.com", "192.0.2.10")) for n in range(12)))
    assert all(f"mx{n}.example.com 192.0.2.10" in detail.endpoints for n in range(12))


def test_a_probe_that_ended_early_says_so() -> None:
    told = facts((replace(OLD, partial="the server sent us away: 421 4.7.0 later"),))
    assert "ended early: the server sent us away: 421 4.7.0 later" in told["Probe"]
    assert "not found out" in told["Handshake"]


def test_a_scan_lists_its_endpoints_in_json_and_report() -> None:
    assessment, content = scanned()
    assert [one.endpoint for one in assessment.endpoints] == [V4, V6]
    assert assessment.endpoints[0].accepted == ("TLSv1", "TLSv1.2")
    assert json.decode(json.encode(assessment)) == assessment
    assert len(content.tls) == 1
    assert {row.weakness for row in content.endpoints} == {"also accepts TLS 1.0, insufficient suites"}
    tls = next(line for line in content.lines if line.name == "TLS and STARTTLS")
    assert tls.mark.state == "fail" and tls.sentence.startswith("Insufficient cipher suites are accepted")
    asked = next(fact.value for fact in content.method if fact.name == "Asked")
    assert "TLS hellos without a handshake" in asked and "(standard depth)" in asked


def test_a_scan_of_one_handshake_says_what_was_not_tried() -> None:
    assessment, content = scanned("handshake")
    assert assessment.endpoints == () and content.tls == ()
    assert any("Each endpoint got one TLS handshake" in line for line in content.untested)


def test_the_listing_is_set() -> None:
    _, content = scanned()
    assert build_pdf(content).startswith(b"%PDF")


def test_a_second_certificate_is_in_the_table() -> None:
    server = TlsServer(keys=("ec256", "rsa3072"))
    tape = observe(Case("two", "pass", records=RECORDS, depth="standard", smtp=(Smtp("mx.example.com", tls_server=server),)))
    content = compose(assess(tape, load(), plan=False), tape, "Example Ltd")
    assert [row.key for row in content.certificates] == ["EC secp256r1", "RSA 3072"]


def test_what_ended_early_can_be_completed() -> None:
    server = TlsServer(refuses_after=4)
    tape = observe(Case("early", "pass", records=RECORDS, depth="standard", smtp=(Smtp("mx.example.com", tls_server=server),)))
    content = compose(assess(tape, load(), plan=False), tape, "Example Ltd")
    (line, _) = (line for line in content.untested if "Part of the TLS" in line)
    assert "421 4.7.0" in line and "--only mx.example.com" in line
