"""What a trial of the operator's own hosts says, whatever a server answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Ending, SmtpSession, Speaker, Turn
from hauberk.protocols import trial
from hauberk.protocols.trial import COMMANDS, FOLLOWING, Obeyed, read_trial
from hauberk.protocols.walk import NOT_ASKED, replay


def session(text: str) -> SmtpSession:
    turns = [line.partition(": ") for line in text.strip().splitlines()]
    return SmtpSession(tuple(Turn(Speaker(who.lower()), said, 0, who.isupper()) for who, _, said in turns), Ending.QUIT)


IN_CLEAR = "s: 220 mx ESMTP\nc: EHLO me\ns: 250-mx\ns: 250 STARTTLS\nc: STARTTLS\nc: NOOP\n"
SOUND = "s: 220 go\nC: EHLO me\nS: 250-mx\nS: 250 SIZE\nC: QUIT\nS: 221 bye\n"
VULNERABLE = "s: 220 go\nC: EHLO me\nS: 250 2.0.0 Ok\nC: QUIT\nS: 250-mx\nS: 250 SIZE\n"
VULNERABLE_SHORT = "s: 220 go\nC: EHLO me\nS: 250 2.0.0 Ok\nC: QUIT\nS: 250 mx\n"
UNKNOWN_NOOP = "s: 220 go\nC: EHLO me\nS: 502 what\nC: QUIT\nS: 250-mx\nS: 250 SIZE\n"


@pytest.mark.parametrize(
    ("after", "obeyed"),
    [
        (SOUND, Obeyed.NO),
        ("s: 220 go\nC: EHLO me\nS: 250 mx\nC: QUIT\nS: 221 bye\n", Obeyed.NO),
        (VULNERABLE, Obeyed.YES),
        (VULNERABLE_SHORT, Obeyed.YES),
        ("s: 554 SMTP synchronization error\n", Obeyed.REFUSED),
        ("s: 454 not now\n", Obeyed.UNKNOWN),
        ("s: 220 go\n", Obeyed.UNKNOWN),
        ("s: 220 go\nC: EHLO me\nS: 421 no\n", Obeyed.UNKNOWN),
        ("", Obeyed.UNKNOWN),
        (UNKNOWN_NOOP, Obeyed.YES),
    ],
)
def test_an_obeyed_command_shifts_the_replies(after: str, obeyed: Obeyed) -> None:
    assert read_trial(session(IN_CLEAR + after)).obeyed is obeyed


def test_the_replies_to_vrfy_and_expn_are_read() -> None:
    asked = "s: 220 mx\nc: EHLO me\ns: 250 mx\n" + "".join(
        f"c: {command}\ns: {code} x\n" for command, code in zip(COMMANDS, (252, 550, 502), strict=True)
    )
    facts = read_trial(session(asked))
    assert [reply.code if reply else None for reply in (facts.somebody, facts.nobody, facts.list_members)] == [252, 550, 502]


LINES = st.lists(
    st.tuples(
        st.sampled_from("csCS"), st.sampled_from(["250 x", "250-x", "220 go", "STARTTLS", FOLLOWING, "EHLO me", *COMMANDS, "\\x00", ""])
    )
)


@given(LINES)
def test_no_dialogue_makes_it_stumble(lines: list[tuple[str, str]]) -> None:
    turns = tuple(Turn(Speaker(who.lower()), said, 0, who.isupper()) for who, said in lines)
    assert read_trial(SmtpSession(turns, Ending.CLOSED)).obeyed in Obeyed


def test_nothing_is_tried_without_the_owners_word() -> None:
    def never(_ask: object) -> None:
        raise AssertionError("nothing may be asked")

    assert replay(trial.trials("example.com", ScanOptions(own=False)), never) == ()  # type: ignore[arg-type]
    assert replay(trial.trials("example.com", ScanOptions(own=True)), lambda _: NOT_ASKED) == ()
