from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.transport import Ending, SmtpSession, Speaker, Turn
from hauberk.protocols.lines import MOST_LINE_OCTETS, MOST_OCTETS, MOST_REPLY_LINES, LineReader, line_text
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.smtp import (
    Capability,
    Ehlo,
    Refusal,
    Reply,
    SmtpFacts,
    parse_ehlo,
    quoted,
    read_session,
    refusal_of,
    render_reply,
    smtp_line,
)

# A line is recorded without the CRs at its end, so a text that ends in one cannot come back.
TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60)
REPLIES = st.builds(Reply, st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=5).map(tuple))


def session(script: str) -> SmtpSession:
    """`s 220 hello`, `c EHLO x`; capital letters mean that the line went through TLS."""
    turns: list[Turn] = []
    for line in script.strip().splitlines():
        speaker, _, text = line.strip().partition(" ")
        turns.append(Turn(Speaker(speaker.lower()), text, encrypted=speaker.isupper()))
    return SmtpSession(tuple(turns), Ending.QUIT)


class ReplyReader(LineReader):
    """Takes lines until they are a reply."""

    def __init__(self, most_octets: int = MOST_OCTETS) -> None:
        super().__init__(most_octets)
        self.begin()

    def begin(self) -> None:
        super().begin()
        self.texts: list[str] = []
        self.reply: Reply | Malformed | None = None


def taken(reader: ReplyReader) -> Reply | Malformed | None:
    while reader.reply is None and (line := reader.take_line()) is not None:
        reader.reply = smtp_line(reader.texts, line)
    return reader.reply


@given(REPLIES, st.integers(1, 50))
def test_a_rendered_reply_is_read_back_however_it_is_cut(reply: Reply, size: int) -> None:
    reader = ReplyReader()
    data = render_reply(reply)
    for start in range(0, len(data), size):
        assert taken(reader) is None
        reader.feed(data[start : start + size])
    assert taken(reader) == reply
    assert reader.remainder == b""


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_no_octets_make_the_reader_raise(pieces: list[bytes]) -> None:
    reader = ReplyReader(most_octets=2_000)
    for piece in pieces:
        reader.feed(piece)
        taken(reader)
        if isinstance(reader.reply, Reply):
            assert isinstance(parse_ehlo(reader.reply), (Ehlo, Malformed))
            assert len(quoted(reader.reply)) <= 200
            assert isinstance(refusal_of(reader.reply), Refusal)
        reader.begin()


@given(st.lists(st.builds(Turn, st.sampled_from(Speaker), st.text(max_size=40), st.integers(0, 9), st.booleans()), max_size=20))
def test_no_dialogue_makes_the_reading_raise(turns: list[Turn]) -> None:
    assert isinstance(read_session(SmtpSession(tuple(turns), Ending.CLOSED)), SmtpFacts)


def test_bare_line_feeds_end_lines() -> None:
    reader = ReplyReader()
    reader.feed(b"220-one\n220 two\n")
    assert taken(reader) == Reply(220, ("one", "two"))


def test_octets_that_are_not_utf8_are_written_out() -> None:
    assert line_text(b"220 caf\xe9 \xc3\xa9\r\n") == "220 caf\\xe9 é"


def test_a_code_alone_is_a_reply() -> None:
    reader = ReplyReader()
    reader.feed(b"220\r\n")
    assert taken(reader) == Reply(220, ("",))


def test_text_that_is_no_reply_is_malformed() -> None:
    for line in (b"HTTP/1.1 400 Bad Request\r\n", b"\r\n", b"22\r\n", b"2200 hello\r\n", b"999 x\r\n", b"\x15\x03\x01\x00\x02\x02\x46\n"):
        reader = ReplyReader()
        reader.feed(line)
        assert isinstance(taken(reader), Malformed), line


def test_what_follows_a_reply_stays_in_the_remainder() -> None:
    reader = ReplyReader()
    reader.feed(b"220 go ahead\r\n250 injected\r\n")
    assert taken(reader) == Reply(220, ("go ahead",))
    assert reader.remainder == b"250 injected\r\n"
    reader.drop_remainder()
    reader.begin()
    assert taken(reader) is None


def test_a_line_without_end_is_an_overrun() -> None:
    reader = ReplyReader()
    reader.feed(b"220 " + b"x" * MOST_LINE_OCTETS)
    assert taken(reader) is None
    assert "line" in reader.overrun


def test_a_reply_without_end_is_an_overrun() -> None:
    reader = ReplyReader()
    reader.feed(b"220-x\r\n" * 2 * MOST_REPLY_LINES)
    assert taken(reader) is None
    assert "lines" in reader.overrun


def test_a_megabyte_is_not_kept() -> None:
    reader = ReplyReader()
    for _ in range(1_000):
        reader.feed(b"x" * 1_000)
    assert len(reader.remainder) <= MOST_OCTETS
    assert reader.overrun


def test_enhanced_codes_count_when_their_class_agrees() -> None:
    assert Reply(454, ("4.7.0 TLS not available",)).enhanced == "4.7.0"
    assert Reply(250, ("4.7.0 odd",)).enhanced == ""
    assert Reply(220, ("2.0.0.1 odd",)).enhanced == ""


def test_ehlo_gives_domain_and_capabilities() -> None:
    reply = Reply(250, ("MX.Example.COM. greets you", "PIPELINING", "size 10240000", "AUTH=LOGIN PLAIN", "", "STARTTLS"))
    parsed = parse_ehlo(reply)
    assert parsed == Ehlo(
        "mx.example.com",
        (Capability("PIPELINING"), Capability("SIZE", ("10240000",)), Capability("AUTH", ("LOGIN", "PLAIN")), Capability("STARTTLS")),
    )


def test_a_whole_session_is_read() -> None:
    facts = read_session(
        session("""
        s 220-mx.example.com ESMTP
        s 220 no spam
        c EHLO probe.example.net
        s 250-mx.example.com
        s 250 STARTTLS
        c STARTTLS
        s 220 2.0.0 Ready
        C EHLO probe.example.net
        S 250-mx.example.com
        S 250 SIZE 100
        C QUIT
        S 221 Bye
        """)
    )
    assert facts.banner_host == "mx.example.com"
    assert facts.starttls_offered and facts.served and not facts.refused_us
    assert facts.starttls_reply == Reply(220, ("2.0.0 Ready",))
    assert facts.ehlo_encrypted == Ehlo("mx.example.com", (Capability("SIZE", ("100",)),))


def test_a_greeting_that_refuses_us_is_no_missing_starttls() -> None:
    facts = read_session(session("s 554 5.7.1 Your address is on a block list\nc QUIT\ns 221 Bye"))
    assert facts.refusal is Refusal.BLOCKED
    assert facts.refused_us and not facts.served


def test_ehlo_refused_and_helo_accepted_is_service() -> None:
    facts = read_session(session("s 220 mx\nc EHLO a\ns 502 what\nc HELO a\ns 250 mx"))
    assert facts.served and not facts.refused_us and not facts.starttls_offered


def test_ehlo_put_off_is_a_refusal() -> None:
    assert read_session(session("s 220 mx\nc EHLO a\ns 451 4.7.1 Greylisting in action")).refusal is Refusal.GREYLISTED


def test_a_starttls_that_is_put_off_is_kept_apart() -> None:
    facts = read_session(session("s 220 mx\nc EHLO a\ns 250-mx\ns 250 STARTTLS\nc STARTTLS\ns 454 4.7.0 TLS not available"))
    assert facts.starttls_offered and facts.starttls_reply is not None and facts.starttls_reply.transient
    assert not facts.refused_us


def test_a_cut_reply_is_no_reply() -> None:
    assert read_session(session("s 220-mx")).greeting is None


def test_garbage_is_shown() -> None:
    facts = read_session(session("s SSH-2.0-OpenSSH_9.2"))
    assert facts.garbled is not None and facts.garbled.text == "SSH-2.0-OpenSSH_9.2"


def test_refusals_are_told_apart() -> None:
    table = (
        (421, "4.7.0 mx.example.com Error: too many connections from 192.0.2.1", Refusal.RATE_LIMITED),
        (421, "4.3.2 Service shutting down", Refusal.UNAVAILABLE),
        (450, "4.3.2 Service currently unavailable", Refusal.GREYLISTED),
        (451, "4.3.0 Local error", Refusal.UNAVAILABLE),
        (451, "4.7.1 Greylisted, come back in 5 minutes", Refusal.GREYLISTED),
        (521, "mx.example.com", Refusal.NO_SERVICE),
        (554, "No SMTP service here", Refusal.NO_SERVICE),
        (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Refusal.BLOCKED),
        (554, "go away", Refusal.BLOCKED),
        (550, "5.7.25 no reverse DNS", Refusal.BLOCKED),
    )
    for code, text, refusal in table:
        assert refusal_of(Reply(code, (text,))) is refusal, text
