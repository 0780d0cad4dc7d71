from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.transport import Ending, SmtpSession, Speaker, Turn
from hauberk.protocols.mailbox import (
    MailboxFacts,
    MailboxReply,
    MailProtocol,
    imap_farewell,
    imap_greeting,
    imap_line,
    pop_line,
    pop_listing,
    read_mailbox,
    service_on,
)
from hauberk.protocols.malformed import Malformed

GRAMMARS = (imap_greeting, imap_line, imap_farewell, pop_line, pop_listing)
WORDS = ("", *"a CAPABILITY|a STARTTLS|CAPA|STLS|* OK hi|a OK|a NO|* BYE|* CAPABILITY X|+OK|-ERR no|.|a|*".split("|"))


@given(st.integers(0, len(GRAMMARS) - 1), st.lists(st.one_of(st.text(max_size=30), st.sampled_from(WORDS)), max_size=6))
def test_no_line_makes_a_grammar_raise(number: int, lines: list[str]) -> None:
    before: list[str] = []
    for line in lines:
        reply = GRAMMARS[number](before, line)
        assert reply is None or isinstance(reply, (MailboxReply, Malformed))
        if reply is not None:
            return


TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(WORDS))
TURNS = st.lists(st.builds(Turn, st.sampled_from(Speaker), TEXTS, st.just(0), st.booleans()), max_size=20)


@given(TURNS, st.sampled_from((MailProtocol.IMAP, MailProtocol.POP3)))
def test_no_dialogue_makes_the_reading_raise(turns: list[Turn], protocol: MailProtocol) -> None:
    assert isinstance(read_mailbox(SmtpSession(tuple(turns), Ending.CLOSED), protocol), MailboxFacts)


def test_an_untagged_no_is_not_the_end() -> None:
    before: list[str] = []
    assert imap_line(before, "* NO disk is full") is None
    assert imap_line(before, "b OK not ours") == Malformed("b OK not ours", 0, _REASON, 2)
    assert imap_line(before, "A ok done") == MailboxReply(True, ("* NO disk is full", "b OK not ours", "A ok done"), "A ok done")


_REASON = "not an IMAP response: it begins with `* `, `+ ` or our tag (RFC 9051, 7)"


def test_a_listing_that_is_refused_has_one_line() -> None:
    assert pop_listing([], "-ERR unknown") == MailboxReply(False, ("-ERR unknown",), "-ERR unknown")


def test_unknown_ports_speak_smtp() -> None:
    assert (service_on(2525).protocol, service_on(2525).tls_at_once) == (MailProtocol.SMTP, False)
    assert service_on(993).tls_at_once and not service_on(143).tls_at_once
