"""The state of a conversation: what is answered, what a message costs at most, and what never gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.gateway import milter
from hauberk.system.gateway.config import Limits
from hauberk.system.gateway.conversation import Budget, Complete, Conversation
from hauberk.system.gateway.message import AddField, ChangeField, Defer, DropField, Hold, Message, Pass, Refuse, ReplaceBody
from hauberk.system.gateway.milter import Command, Framer, Garbled, HeaderField, Packet, Steps

OFFER = milter.Negotiate(6, 0x1FF, 0x1FFFFF)
SMALL = Limits(message_octets=1000, held_octets=1500, header_fields=5, header_octets=300, recipients=3)


NORMAL = Limits()


def begun(limits: Limits = NORMAL, budget: Budget | None = None, offer: milter.Negotiate = OFFER) -> Conversation:
    conversation = Conversation(limits, budget or Budget(limits.held_octets))
    conversation.take(offer)
    return conversation


def complete(conversation: Conversation, *commands: Command) -> Complete:
    for command in commands:
        conversation.take(command)
    found = conversation.take(milter.EndOfMessage(b""))
    assert isinstance(found, Complete)
    return found


def packets(octets: bytes) -> list[Packet]:
    return list(Framer().feed(octets))


def test_a_whole_message_with_what_is_known_of_the_session() -> None:
    found = complete(
        begun(),
        milter.Connect("client.test", "198.51.100.7"),
        milter.Macros(b"M", (("{auth_authen}", "alice"), ("i", "Q1"))),
        milter.MailFrom("<alice@corp.test>", ("SIZE=1",)),
        milter.RcptTo("<x@partner.test>", ()),
        milter.RcptTo("y@partner.test", ()),
        HeaderField(b"From", b" alice@corp.test"),
        milter.BodyChunk(b"one\r\n"),
        milter.BodyChunk(b"two\r\n"),
    )
    fields = (HeaderField(b"From", b" alice@corp.test"),)
    recipients = ("x@partner.test", "y@partner.test")
    assert found.settled is None
    assert found.message == Message("alice@corp.test", recipients, fields, b"one\r\ntwo\r\n", "alice", "Q1", "198.51.100.7")


def test_the_login_of_one_message_is_not_that_of_the_next() -> None:
    conversation = begun()
    first = (milter.Macros(b"M", (("{auth_authen}", "alice"),)), milter.MailFrom("<a@x>", ()))
    assert complete(conversation, *first).message.login == "alice"
    conversation.answer(Pass())
    assert complete(conversation, milter.MailFrom("<a@x>", ())).message.login == ""


@pytest.mark.parametrize("before", (milter.Abort(), milter.NewConnection()))
def test_what_is_given_up_leaves_nothing_behind(before: Command) -> None:
    budget = Budget(1000)
    conversation = begun(budget=budget)
    conversation.take(milter.Macros(b"M", (("{auth_authen}", "alice"),)))
    conversation.take(milter.MailFrom("<a@x>", ()))
    conversation.take(milter.BodyChunk(b"x" * 500))
    assert budget.left == 500
    conversation.take(before)
    assert budget.left == 1000
    assert complete(conversation, milter.MailFrom("<b@x>", ())).message == Message("b@x", (), (), b"")


def test_only_steps_that_the_mail_server_offers_are_left_out() -> None:
    conversation = Conversation(Limits(), Budget(10))
    assert conversation.take(milter.Negotiate(6, 0x1FF, 0)) == milter.negotiated(6, milter.Actions(0x33), 0)
    for command in (milter.Other(b"H"), milter.Other(b"T"), milter.Connect("", ""), milter.MailFrom("<>", ()), HeaderField(b"A", b"b")):
        assert conversation.take(command) == milter.CONTINUE
    quiet = begun()
    quiet.take(milter.MailFrom("<>", ()))
    for command in (HeaderField(b"A", b"b"), milter.Other(b"N"), milter.BodyChunk(b"")):
        assert quiet.take(command) == b""


@pytest.mark.parametrize("offer", (milter.Negotiate(1, 0x1FF, 0), milter.Negotiate(6, 0x01, 0), milter.Negotiate(6, 0x13, 0)))
def test_a_mail_server_that_allows_too_little_is_not_served(offer: milter.Negotiate) -> None:
    with pytest.raises(Garbled):
        begun(offer=offer)


@pytest.mark.parametrize("command", (milter.RcptTo("<a>", ()), HeaderField(b"A", b"b"), milter.BodyChunk(b"x"), milter.EndOfMessage(b"")))
def test_nothing_of_a_message_comes_before_its_sender(command: Command) -> None:
    with pytest.raises(Garbled):
        begun().take(command)


def test_nothing_comes_before_the_negotiation() -> None:
    with pytest.raises(Garbled):
        Conversation(Limits(), Budget(10)).take(milter.MailFrom("<>", ()))


@pytest.mark.parametrize(
    ("commands", "expected"),
    (
        ((milter.BodyChunk(b"x" * 1001),), Refuse("the message has more than 1,000 octets", "size", 552, "5.3.4")),
        ((HeaderField(b"A", b"x" * 300),), Refuse("the message header is too long", "header", 552, "5.3.4")),
        ((HeaderField(b"A", b""),) * 6, Refuse("the message header is too long", "header", 552, "5.3.4")),
        ((milter.RcptTo("<a@b>", ()),) * 4, Defer("more than 3 recipients: send it in parts", "recipients")),
        ((milter.RcptTo("a" * 2000, ()),), Defer("the content gateway is busy, try again later", "busy")),
    ),
)
def test_each_limit_settles_the_verdict_and_frees_the_body(commands: tuple[Command, ...], expected: Refuse | Defer) -> None:
    budget = Budget(1500)
    conversation = begun(SMALL, budget)
    found = complete(conversation, milter.MailFrom("<>", ()), *commands, milter.BodyChunk(b"x" * 900))
    assert found.settled == expected and len(found.message.body) <= 900
    conversation.answer(Pass())
    assert budget.left == 1500


def test_all_messages_together_hold_no_more_than_the_budget() -> None:
    budget = Budget(1500)
    first, second = begun(SMALL, budget), begun(SMALL, budget)
    first.take(milter.MailFrom("<>", ()))
    first.take(milter.BodyChunk(b"x" * 900))
    found = complete(second, milter.MailFrom("<>", ()), milter.BodyChunk(b"x" * 900), milter.BodyChunk(b"x"))
    assert isinstance(found.settled, Defer) and found.settled.rule == "busy" and found.message.body == b""
    first.drop()
    second.answer(found.settled)
    assert budget.left == 1500


def test_the_packets_of_a_verdict() -> None:
    changes = (AddField("A", "b"), ChangeField("C", 2, "d\n e"), DropField("F", 1), ReplaceBody(b"x"))
    spaced = begun()
    assert packets(spaced.answer(Pass(changes))) == [
        Packet(b"h", b"A\0 b\0"),
        Packet(b"m", b"\0\0\0\x02C\0 d\n e\0"),
        Packet(b"m", b"\0\0\0\x01F\0\0"),
        Packet(b"b", b"x"),
        Packet(b"a", b""),
    ]
    plain = begun(offer=milter.Negotiate(6, 0x1FF, OFFER.steps & ~Steps.LEADING_SPACE))
    assert packets(plain.answer(Pass((AddField("A", "b"),))))[0] == Packet(b"h", b"A\0b\0")
    assert packets(plain.answer(Hold("look", "r"))) == [Packet(b"q", b"look\0"), Packet(b"a", b"")]
    assert packets(plain.answer(Refuse("no", "r"))) == [Packet(b"y", b"550 5.7.1 no\0")]
    assert packets(plain.answer(Defer("later", "r"))) == [Packet(b"y", b"451 4.7.1 later\0")]


@pytest.mark.parametrize("value", ("a\nBcc: x", "a\0b", "a\r\n b", "a\n"))
def test_no_value_begins_a_field_of_its_own(value: str) -> None:
    with pytest.raises(ValueError, match="not the value"):
        begun().answer(Pass((AddField("A", value),)))


PARTS = st.one_of(
    st.builds(milter.MailFrom, st.text(max_size=5), st.just(())),
    st.builds(milter.RcptTo, st.text(max_size=5), st.just(())),
    st.builds(HeaderField, st.binary(min_size=1, max_size=80), st.binary(max_size=80)),
    st.builds(milter.BodyChunk, st.binary(max_size=600)),
    st.builds(milter.EndOfMessage, st.binary(max_size=600)),
    st.builds(milter.Macros, st.sampled_from([b"M", b"C", b"E"]), st.just((("i", "x"),))),
    st.builds(milter.Connect, st.text(max_size=3), st.text(max_size=3)),
    st.sampled_from([milter.Abort(), milter.NewConnection(), milter.Quit(), milter.Other(b"H"), OFFER]),
)


@given(st.lists(PARTS, max_size=40))
def test_the_budget_is_never_overdrawn_and_always_given_back(commands: list[Command]) -> None:
    budget = Budget(SMALL.held_octets)
    conversation = begun(SMALL, budget)
    for command in commands:
        try:
            found = conversation.take(command)
        except Garbled:
            break
        assert 0 <= budget.left <= SMALL.held_octets
        if isinstance(found, Complete):
            assert len(found.message.body) <= SMALL.message_octets and len(found.message.fields) <= SMALL.header_fields
            conversation.answer(found.settled or Refuse("x", "y"))
            assert budget.left == SMALL.held_octets
    conversation.drop()
    assert budget.left == SMALL.held_octets
