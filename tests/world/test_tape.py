import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Record, Silence
from hauberk.model.observation import Observation, ScanOptions, Vantage
from hauberk.model.routing import Coverage, CoverageExchange, Covering, Vrp, VrpSource
from hauberk.model.transport import (
    Ending,
    Endpoint,
    SmtpExchange,
    SmtpSession,
    Speaker,
    TlsHandshake,
    Trial,
    TrialExchange,
    TrialMatter,
    Turn,
)
from hauberk.world.tape import TapeError, compress, decode, encode, evidence_id

VANTAGE = Vantage("hauberk test", "udp://127.0.0.1:53", True, "scanner.example")
TAPE = Observation(
    "example.com",
    datetime(2026, 11, 21, 12, tzinfo=UTC),
    VANTAGE,
    dns=(
        DnsExchange(Question("example.com", "MX"), DnsAnswer("NOERROR", (Record("example.com", "MX", 60, "10 mx.example.com."),), True)),
        DnsExchange(Question("example.com", "TXT"), no_answer=NoAnswer(Silence.TIMEOUT, "no answer")),
    ),
    smtp=(
        SmtpExchange(
            Endpoint("mx.example.com", "2001:db8::1"),
            SmtpSession((Turn(Speaker.SERVER, "220 \x1b[31m mx", 5),), Ending.QUIT, tls=TlsHandshake(True, chain=(b"\x30\x00\xff",))),
        ),
    ),
)
MX = Endpoint("mx.example.com", "192.0.2.10")
ON_REQUEST = replace(
    TAPE,
    vantage=replace(VANTAGE, vrps=VrpSource("vrps.json", datetime(2026, 11, 21, 6, tzinfo=UTC), 2, "00")),
    options=ScanOptions(relay=True, origins=("origin.example", "origin6.example")),
    trials=(TrialExchange(Trial(MX, TrialMatter.RELAYING, "example.com"), SmtpSession((), Ending.CLOSED)),),
    coverage=(
        CoverageExchange(Coverage("192.0.2.10"), Covering((Vrp("192.0.2.0/24", 24, 64496),))),
        CoverageExchange(Coverage("192.0.2.11"), no_answer=NoAnswer(Silence.NOT_ASKED, "none")),
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("tape", [TAPE, ON_REQUEST])
def test_a_tape_comes_back_as_it_was(tape: Observation) -> None:
    assert decode(encode(tape)) == tape
    assert decode(compress(encode(tape))) == tape
    assert rfc8785.dumps(json.loads(encode(tape))) == encode(tape)


def test_what_was_not_asked_for_leaves_the_evidence_id_as_it_was_before_it_could_be() -> None:
    assert evidence_id(TAPE) == "sha256:107087e180a05afd5a05e9abe74b9fd848199375340d5890c5d6059282c9fe8f"


@given(texts, st.binary(max_size=60))
def test_the_form_is_canonical_json(text: str, octets: bytes) -> None:
    session = SmtpSession((Turn(Speaker.SERVER, text),), Ending.CLOSED, text, TlsHandshake(False, chain=(octets,), error=text))
    tape = replace(TAPE, smtp=(SmtpExchange(Endpoint("a", "192.0.2.1"), session),))
    assert rfc8785.dumps(json.loads(encode(tape))) == encode(tape)
    assert decode(encode(tape)) == tape


def test_the_evidence_id_changes_with_one_character() -> None:
    assert evidence_id(TAPE).startswith("sha256:")
    assert evidence_id(TAPE) != evidence_id(replace(TAPE, domain="example.org"))


NO_TAPES = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"\x1f\x8b broken",
    b'{"format":"other","observation":{}}',
    encode(TAPE)[:-5],
    b"[" * 100_000,
    encode(TAPE).replace(b"2026-11-21T12:00:00Z", b"2026-11-21T12:00:00"),
    encode(ON_REQUEST).replace(b"2026-11-21T06:00:00Z", b"2026-11-21T06:00:00"),
    encode(TAPE).replace(b"2026-11-21T12:00:00Z", b"9999-12-31T12:00:00Z"),
    encode(TAPE).replace(b"10 mx.example.com.", b"mx.example.com."),
    compress(encode(TAPE))[:-9],
)


@pytest.mark.parametrize("data", NO_TAPES)
def test_what_is_no_tape_is_refused(data: bytes) -> None:
    with pytest.raises(TapeError):
        decode(data)


def test_a_bomb_is_refused() -> None:
    with pytest.raises(TapeError, match="larger"):
        decode(compress(b" " * (65 * 1024 * 1024)))


@given(st.binary(max_size=200))
def test_no_octets_make_the_reader_raise_anything_else(data: bytes) -> None:
    with pytest.raises(TapeError):
        decode(data)
