"""What a report says of an assessment."""

from dataclasses import replace
from datetime import timedelta

from hauberk.lab.casebook import Case, Smtp, observe
from hauberk.lab.casebook import Certificate as CaseCertificate
from hauberk.model.score import Band
from hauberk.model.verdict import CheckVerdict
from hauberk.report.compose import MOST_FIXES, compose
from hauberk.report.content import Mark, SummaryLine
from report.samples import CHECKS, DOMAIN, F, N, P, U, W, assessment, observation, report, typical, verdict


def line(name: str, lines: tuple[SummaryLine, ...]) -> SummaryLine:
    return next(one for one in lines if one.name == name)


def test_the_header_names_company_domain_times_and_evidence() -> None:
    tape = observation()
    content = report("Example Ltd", tape)
    header = content.header
    assert (header.company, header.domain, header.a_label) == ("Example Ltd", DOMAIN, "")
    assert (header.scanned_at, header.fresh_until) == ("21 November 2026, 12:00 UTC", "19 February 2027")
    assert header.evidence_id == assessment(tape).observation
    assert header.seconds == int(tape.at.timestamp())


def test_an_internationalised_domain_is_shown_both_ways() -> None:
    header = report("", observation(1, "xn--fiq228c.example")).header
    assert (header.domain, header.a_label, header.company) == ("中文.example", "xn--fiq228c.example", "中文.example")


def test_the_score_shows_its_sum_caps_and_coverage() -> None:
    score = report().score
    assert (score.shown, score.grade, score.mark, score.coverage) == ("49", "F", Mark("fail", "Red: act now"), "96 %")
    assert "By the rubric hauberk-2026 the checks sum up to 71.5 of 100 points." in score.account
    assert "At most 49 because of: SPF lets anybody send (spf.restrictive)." in score.account
    assert "4 % of the points could not be judged; what is unknown is not held against the domain." in score.account


def test_an_incomplete_result_says_so_first() -> None:
    tape = observation()
    done = assessment(tape)
    content = compose(replace(done, score=replace(done.score, coverage=0.896, incomplete=True, band=Band.AMBER)), tape, "", CHECKS)
    assert content.score.headline == "The result is incomplete: only 89 % of the points could be judged."
    assert content.score.mark == Mark("unknown", "Incomplete")


def test_red_flags_come_with_the_hardest_cap_first() -> None:
    tape = observation()
    failing = (*typical(tape), verdict("caa.present", F, "No CAA."))
    content = report(tape=tape, verdicts=failing)
    assert [flag.title for flag in content.flags] == ["SPF", "CAA"]
    assert content.flags[0].limits == "Caps the score at 49 (red)."
    assert content.flags[1].limits == ""


def test_without_a_failed_check_there_is_no_red_flag() -> None:
    content = report(verdicts=(verdict("spf.published", P, "One record."),))
    assert content.flags == () and content.flags_note == "No red flags: no check failed."


def test_an_incomplete_result_without_a_failed_check_does_not_claim_that_all_is_well() -> None:
    tape = observation()
    done = assessment(tape, (verdict("spf.published", U, "SERVFAIL."),))
    content = compose(replace(done, score=replace(done.score, coverage=0.1, incomplete=True)), tape, "", CHECKS)
    assert content.flags_note == "No check failed, but much could not be judged."


def test_many_failed_checks_are_counted_not_listed() -> None:
    content = report(verdicts=tuple(verdict(f"spf.check-{n}", F, f"Wrong {n}.") for n in range(9)))
    assert len(content.flags) == 6
    assert content.flags_note == "3 more checks failed; see “All checks”."


def test_every_topic_has_a_line_with_a_state_in_words() -> None:
    lines = report().lines
    assert [one.name for one in lines] == [
        *("Phishing and spoofing protection", "SPF", "DKIM", "DMARC", "TLS and STARTTLS", "Certificates", "DANE", "MTA-STS", "DNSSEC"),
    ]
    assert all(one.mark.word and one.sentence for one in lines)
    assert line("SPF", lines) == SummaryLine("SPF", Mark("fail", "Fail"), "The record ends in ?all, so it says nothing about strangers.")
    assert line("DMARC", lines).sentence == "The policy is none: receivers only watch. And 1 more point below."
    assert line("TLS and STARTTLS", lines).sentence.startswith("TLS 1.3 with")


def test_a_topic_that_was_not_scanned_is_not_a_pass() -> None:
    lines = report(verdicts=(verdict("spf.published", P, "One record."), verdict("dane.valid", N, "", subjects=()))).lines
    assert line("DKIM", lines).mark == Mark("none", "Not tested")
    assert line("DANE", lines).mark == Mark("none", "Not applicable")


def test_protection_against_spoofing_is_said_in_one_sentence() -> None:
    def said(*verdicts: tuple[str, object]) -> str:
        judged = tuple(verdict(check, state, "Because.") for check, state in verdicts)  # pyright: ignore[reportArgumentType]
        return report(verdicts=judged).lines[0].sentence

    assert said(("dmarc.published", F)).startswith("Anyone can forge mail from example.com")
    assert "is delivered" in said(("dmarc.published", P), ("dmarc.policy-enforced", W))
    assert "could not be found out" in said(("dmarc.published", P), ("dmarc.policy-enforced", U))
    assert said(("dmarc.published", P), ("dmarc.policy-enforced", P), ("spf.restrictive", W)).endswith("but SPF needs attention.")
    assert said(("dmarc.published", P), ("dmarc.policy-enforced", P), ("spf.restrictive", P)).startswith(
        "Receivers that check DMARC refuse"
    )


def test_every_endpoint_has_a_row() -> None:
    content = report(tape=observation(12))
    assert len(content.endpoints) == 24
    first = content.endpoints[0]
    assert (first.host, first.address) == ("mx1.example.com", "192.0.2.10")
    assert (first.reached, first.starttls, first.version) == (Mark("pass", "Reachable"), Mark("pass", "Yes"), "TLS 1.3")
    assert first.certificate == Mark("pass", "Trusted")


def test_the_certificate_of_an_endpoint_is_judged_in_two_words() -> None:
    tape = observation(1)
    endpoints = tuple(str(exchange.endpoint) for exchange in tape.smtp)

    def said(*verdicts: CheckVerdict) -> Mark:
        return report(tape=tape, verdicts=verdicts).endpoints[0].certificate

    trusted = verdict("cert.trusted", P, "Trusted.", subjects=endpoints)
    assert said(trusted) == Mark("pass", "Trusted")
    assert said(verdict("cert.trusted", P, "Excused by DANE.", subjects=endpoints)) == Mark("pass", "By DANE")
    assert said(verdict("cert.trusted", F, "Wrong.", subjects=endpoints, code="wrong-name")) == Mark("fail", "Wrong name")
    soon = verdict("cert.expiry", W, "Soon.", subjects=endpoints, code="expires-30")
    assert said(trusted, soon) == Mark("warn", "Expires soon")
    assert said(verdict("spf.valid", P, "Fine.")) == Mark("unknown", "Unknown")


def test_endpoints_that_did_not_talk_to_us_say_why() -> None:
    hosts = ("timeout", "refused", "greylisted-greeting", "no-starttls", "handshake-fails", "garbage")
    records = "\n".join(f"example.com. MX 10 {n}-mx.example.com.\n{n}-mx.example.com. A 192.0.2.{10 + n}" for n in range(len(hosts)))
    smtp = tuple(Smtp(f"{n}-mx.example.com", preset=preset) for n, preset in enumerate(hosts))
    tape = observe(Case("silent", "unknown", records=records, smtp=smtp))
    rows = report(tape=tape).endpoints
    assert [row.reached.word for row in rows] == ["Timed out", "Refused", "Greylisted", "Reachable", "Reachable", "Broke off"]
    assert [row.starttls.word for row in rows] == ["Not seen", "Not seen", "Not seen", "No", "Yes", "Not seen"]
    assert rows[4].version == "Handshake failed"


def test_a_dns_only_scan_says_that_endpoints_were_not_tested() -> None:
    tape = observe(Case("dns", "unknown", records="example.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.1", scan_smtp=False))
    content = report(tape=tape)
    assert [row.reached.word for row in content.endpoints] == ["Not tested"]
    assert "No mail server was contacted: this was a scan of the DNS only." in content.untested


def test_a_domain_without_mail_says_so_instead_of_rows() -> None:
    content = report(tape=observe(Case("parked", "pass", records="example.com. MX 0 .")))
    assert content.endpoints == () and content.certificates == ()
    assert "null MX" in content.endpoints_note


def test_certificates_show_who_when_and_how_long() -> None:
    records = "example.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.1\nmx.example.com. AAAA 2001:db8::1"
    marks = {60: Mark("pass", "60 days"), 20: Mark("warn", "20 days"), 3: Mark("fail", "3 days"), -2: Mark("fail", "Expired 2 days ago")}
    for days, mark in marks.items():
        smtp = (Smtp("mx.example.com", certificate=CaseCertificate(days_left=days)),)
        tape = observe(Case("certificate", "pass", records=records, smtp=smtp))
        tape = replace(tape, at=tape.at + timedelta(seconds=-1 if days > 0 else 1))
        (row,) = report(tape=tape).certificates
        assert row.subject == "mx.example.com" and row.seen_at == "mx.example.com" and row.key == "EC secp256r1"
        assert row.left == mark


def test_the_fix_plan_has_text_to_copy_and_what_it_brings() -> None:
    content = report()
    first, *_, last = content.fixes
    assert "A record is one line however long it is" in content.fixes_note
    assert first.publish == ('example.com. TXT "v=spf1 include:_spf.example.net ~all"',)
    assert (first.gain, first.after) == ("+23.5 points", "then 72.5, grade C")
    assert (last.gain, last.after) == ("+1 point", "then 84.5, grade B (assumed)")


def test_where_nothing_is_attached_the_fix_plan_is_whole() -> None:
    tape = observation()
    done = assessment(tape)
    long = replace(done, fix_plan=done.fix_plan * 10)
    printed, shown = (compose(long, tape, "", CHECKS, attached=attached) for attached in (True, False))
    assert len(printed.fixes) == MOST_FIXES < len(shown.fixes) == len(long.fix_plan)
    assert "in the attached assessment" in printed.fixes_note
    assert "attached" not in shown.fixes_note


def test_of_a_domain_that_does_not_exist_nothing_else_is_said() -> None:
    nowhere = report(tape=observe(Case("nowhere", "fail", records="example.org. TXT here")))
    assert not nowhere.exists
    assert nowhere.score.headline.startswith("example.com does not exist (NXDOMAIN)")
    assert (nowhere.score.account, nowhere.lines, nowhere.flags_note, nowhere.fixes_note, nowhere.areas) == ((), (), "", "", ())
    assert report().exists
    assert "NXDOMAIN" not in report().score.headline


def test_the_appendix_tells_alike_findings_once_and_the_worst_first() -> None:
    areas = report(tape=observation(3)).areas
    spf = areas[0]
    assert (spf.name, spf.checks[0].id, spf.checks[0].mark.word) == ("SPF", "spf.restrictive", "Fail")
    tls = next(area for area in areas if area.name == "TLS and STARTTLS")
    assert tls.checks[0].findings[0].subjects == "mx1.example.com 192.0.2.10 and 5 more"


def test_evidence_is_shortened_and_counted() -> None:
    noisy = verdict("spf.published", F, "Many.", *(f"{n}" * 1000 for n in range(9)))
    (part,) = report(verdicts=(noisy,)).areas[0].checks[0].findings
    assert len(part.evidence) == 4 and part.evidence[-1] == "… and 6 more"
    assert part.evidence[0].endswith("(760 characters left out)")


def test_the_method_names_vantage_resolver_versions_and_what_was_left_out() -> None:
    content = report()
    facts = {fact.name: fact.value for fact in content.method}
    assert "trusted" in facts["Resolver"] and "scanner.example.net" in facts["Vantage"]
    assert "checks 2026.11; rubric hauberk-2026" in facts["Program"]
    assert any("dnssec.mx-signed" in one for one in content.untested)
    assert any("not a result of CSA" in one for one in content.statement)


def test_an_untrusted_resolver_is_said_to_be_one() -> None:
    tape = observe(Case("udp", "unknown", records="example.com. MX 0 .", resolver_trusted=False))
    facts = {fact.name: fact.value for fact in report(tape=tape).method}
    assert "not trusted" in facts["Resolver"]
