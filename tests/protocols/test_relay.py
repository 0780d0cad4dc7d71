"""What is asked of a server that might relay, and what is read out of its answers, whatever they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, Endpoint, SmtpSession, Speaker, Trial, TrialMatter, Turn
from hauberk.protocols import relay
from hauberk.protocols.relay import CONTROLS, PATTERNS, conversation, questions, read_relaying
from hauberk.protocols.smtp import Reply
from hauberk.protocols.walk import NOT_ASKED, replay

TRIAL = Trial(Endpoint("mx.example.com", "192.0.2.10"), TrialMatter.RELAYING, "example.com")
HELO = "scanner.example.net"
OK, NO = Reply(250, ("Ok",)), Reply(554, ("5.7.1 Relay access denied",))


def commands(answer: Reply) -> list[str]:
    said: list[str] = []
    talk = conversation(TRIAL, HELO)
    try:
        command = next(talk)
        while True:
            said.append(command)
            command = talk.send(OK if command == "RSET" or command.startswith("MAIL") else answer)
    except StopIteration:
        return said


def test_nothing_is_ever_sent_and_each_sender_is_taken_back_before_the_next() -> None:
    verbs = [line.partition(" ")[0] for line in commands(OK)]
    assert verbs.count("RCPT") == len(CONTROLS) + len(PATTERNS)
    assert set(verbs) == {"MAIL", "RCPT", "RSET"}
    assert [before for before, verb in zip(["RSET", *verbs], verbs, strict=False) if verb == "MAIL"] == ["RSET"] * verbs.count("MAIL")


def test_a_refused_sender_is_the_answer_to_all_his_recipients() -> None:
    refused = Reply(553, ("5.1.8 who?",))
    talk = conversation(TRIAL, HELO)
    command, turns = next(talk), [Turn(Speaker.CLIENT, f"EHLO {HELO}")]
    try:
        while True:
            reply = OK if command.startswith(("MAIL FROM:<>", "RSET")) else NO if command.startswith("RCPT") else refused
            turns += [Turn(Speaker.CLIENT, command), Turn(Speaker.SERVER, str(reply))]
            command = talk.send(reply)
    except StopIteration:
        facts = read_relaying(TRIAL, SmtpSession(tuple(turns), Ending.QUIT))
    assert [turn.text.partition(":")[0] for turn in turns].count("RCPT TO") == 1
    assert facts.complete and [one.reply.code for one in facts.answered].count(554) == 1


def test_recipients_are_of_the_domain_itself_or_of_a_reserved_one() -> None:
    for one in questions(TRIAL, HELO):
        assert one.rcpt.endswith(("@example.com>", "@example.org>", "@example.org.>"))


def test_a_session_stays_below_what_servers_put_up_with() -> None:
    """Postfix hangs up at the twentieth error; Exim at the eleventh RSET, and at the fourth error of syntax, which come last."""
    assert len(CONTROLS) + len(PATTERNS) < 20 and commands(NO).count("RSET") < 10
    assert [one.name for one in PATTERNS[-3:]] == ["two at signs", "source route with an address", "trailing dot"]


def test_who_puts_postmaster_off_is_left_alone() -> None:
    assert len(commands(Reply(450, ("4.2.0 Greylisted",)))) == 2
    assert len(commands(Reply(421, ("4.7.0 too many errors",)))) == 2
    assert len(commands(NO)) == len(commands(OK))


@pytest.mark.parametrize(
    ("helo", "sender"), [("scanner.example.net", "relay-test@scanner.example.net"), ("[192.0.2.1]", "relay-test@example.net")]
)
def test_the_stranger_is_of_the_scanners_own_name_where_it_has_one(helo: str, sender: str) -> None:
    assert questions(TRIAL, helo)[2].mail == f"MAIL FROM:<{sender}>"


def test_an_ipv6_address_is_written_as_a_literal() -> None:
    trial = Trial(Endpoint("mx.example.com", "2001:db8::10"), TrialMatter.RELAYING, "example.com")
    assert "RCPT TO:<@[IPv6:2001:db8::10]:relay-test@example.org>" in [one.rcpt for one in questions(trial, HELO)]


@given(st.lists(st.tuples(st.integers(0, 13), st.sampled_from(["250 Ok", "250-", "554 5.7.1 no", "421 bye", "450 later", "x", ""]))))
def test_no_dialogue_makes_it_stumble(answers: list[tuple[int, str]]) -> None:
    asked = questions(TRIAL, HELO)
    turns = [Turn(Speaker.CLIENT, f"EHLO {HELO}")]
    for number, answer in answers:
        turns += [Turn(Speaker.CLIENT, asked[number].mail), Turn(Speaker.SERVER, "250 Ok"), Turn(Speaker.CLIENT, asked[number].rcpt)]
        turns.append(Turn(Speaker.SERVER, answer))
    facts = read_relaying(TRIAL, SmtpSession(tuple(turns), Ending.CLOSED))
    assert len(facts.accepted) <= len(facts.answered) <= len(PATTERNS)
    assert not facts.accepted or "250 Ok" in [answer for _, answer in answers]


def test_nothing_is_tried_without_the_owners_word() -> None:
    def never(_ask: object) -> None:
        raise AssertionError("nothing may be asked")

    for options in (ScanOptions(), ScanOptions(own=True), ScanOptions(relay=True, smtp=False), ScanOptions(relay=UNSET)):
        assert replay(relay.relaying("example.com", options), never) == ()  # type: ignore[arg-type]
    assert replay(relay.relaying("example.com", ScanOptions(relay=True)), lambda _: NOT_ASKED) == ()
