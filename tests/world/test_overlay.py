import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, DnsExchange, Question, Record
from hauberk.model.observation import Observation, Vantage
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import txt
from hauberk.world.overlay import OverlayWorld, overlay, parse_publishable, parse_record, propose
from hauberk.world.recorded import RecordedWorld

DMARC = Question("_dmarc.example.com", "TXT")
TAPE = Observation(
    "example.com",
    datetime(2026, 11, 21, tzinfo=UTC),
    Vantage("hauberk test", "udp://127.0.0.1:53", True, "scanner.example"),
    dns=(
        DnsExchange(Question("example.com", "SOA"), DnsAnswer("NOERROR", (Record("example.com", "SOA", 60, "a. b. 1 2 3 4 5"),), True)),
        DnsExchange(Question("example.com", "MX"), DnsAnswer("NOERROR", (Record("example.com", "MX", 60, "10 mx.example.com."),), True)),
        DnsExchange(DMARC, DnsAnswer("NXDOMAIN", (), True)),
        DnsExchange(Question("s1._domainkey.example.com", "TXT"), DnsAnswer("NXDOMAIN", (), True)),
        DnsExchange(Question("_domainkey.example.com", "TXT"), DnsAnswer("NXDOMAIN", (), True)),
    ),
)


def _record(text: str) -> Record:
    record = parse_record(text)
    assert isinstance(record, Record)
    return record


def _answer(tape: Observation, question: Question) -> DnsAnswer:
    (found,) = (exchange.answer for exchange in tape.dns if exchange.question == question)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('_dmarc.Example.com. TXT "v=DMARC1; p=reject"', Record("_dmarc.example.com", "TXT", 3600, '"v=DMARC1; p=reject"')),
        ("_dmarc.example.com 300 IN TXT v=DMARC1; p=none", Record("_dmarc.example.com", "TXT", 300, '"v=DMARC1; p=none"')),
        ("example.com mx 10 mx.example.com.", Record("example.com", "MX", 3600, "10 mx.example.com.")),
    ],
)
def test_records_are_read_as_people_write_them(text: str, record: Record) -> None:
    assert parse_record(text) == record


UNPUBLISHABLE = (
    "",
    "example.com",
    "example.com MX",
    "example.com MX garbage",
    "example.com A 192.0.2.999",
    "example.com NONSENSE x",
    "_25._tcp.mx.example.com TLSA 3 1 1 zz",
    'example.com TXT "open',
    f"{'a' * 70}.com A 192.0.2.1",
)


@pytest.mark.parametrize("text", UNPUBLISHABLE)
def test_what_no_server_could_publish_is_refused(text: str) -> None:
    assert isinstance(parse_publishable(text), Malformed)


def test_a_long_text_is_cut_as_a_form_does() -> None:
    record = parse_publishable(f"s1._domainkey.example.com TXT v=DKIM1; p={'A' * 400}")
    assert isinstance(record, Record)
    assert txt(record) == f"v=DKIM1; p={'A' * 400}"


@given(st.text(max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(parse_record(text), (Record, Malformed))
    assert isinstance(parse_publishable(text), (Record, Malformed))


def test_a_proposed_record_is_answered_as_securely_as_its_zone() -> None:
    laid = overlay(TAPE, propose((_record('_dmarc.example.com TXT "v=DMARC1; p=reject"'),)))
    assert _answer(laid, DMARC) == DnsAnswer("NOERROR", (_record('_dmarc.example.com TXT "v=DMARC1; p=reject"'),), True)


def test_a_question_never_asked_is_answered_by_the_proposal() -> None:
    laid = overlay(TAPE, propose((_record('_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:a@example.com"'),)))
    assert _answer(laid, Question("_smtp._tls.example.com", "TXT")).authenticated is True


def test_names_above_a_new_record_come_to_exist() -> None:
    laid = overlay(TAPE, propose((_record('s1._domainkey.example.com TXT "v=DKIM1; p="'),)))
    assert _answer(laid, Question("_domainkey.example.com", "TXT")).rcode == "NOERROR"


def test_a_set_that_is_taken_away_is_gone() -> None:
    laid = overlay(TAPE, propose((), (("example.com", "MX"),)))
    assert _answer(laid, Question("example.com", "MX")) == DnsAnswer("NOERROR", (), True)


def test_a_live_overlay_answers_like_the_overlaid_tape() -> None:
    proposal = propose((_record('_dmarc.example.com TXT "v=DMARC1; p=reject"'),))

    async def ask() -> object:
        return await OverlayWorld(RecordedWorld(TAPE), proposal).ask(DMARC)

    assert asyncio.run(ask()) == _answer(overlay(TAPE, proposal), DMARC)
