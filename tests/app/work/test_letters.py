"""Letters and webhooks of whatever the network said, and payloads and outcomes of whatever lies in the database."""

import json
from email import message_from_bytes, policy

from hypothesis import given
from hypothesis import strategies as st

from app.work.kit import START
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.letters import From, Message, invitation, mail, webhook_body
from hauberk.app.work.orders import Outcome, Stage, outcome, outcome_of, stage, stage_of
from hauberk.protocols.malformed import visible

SOURCE = From("acme", "Acme Ltd", "https://hauberk.example", "hauberk@example.net")
# With line ends and lone surrogates, which strategies leave out otherwise.
TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\r\n\x00\ud800\u202e\u2028"), max_size=300)
EVENTS = st.sampled_from(tuple(Event))


def _message(text: str, event: str = Event.RED_FLAG) -> Message:
    return Message("0" * 32, event, visible(text), START, "example.com", 7)


@given(st.lists(TEXTS, min_size=1, max_size=4), EVENTS)
def test_a_mail_has_its_own_headers_and_no_others_whatever_it_tells(texts: list[str], event: Event) -> None:
    letter = mail(tuple(_message(text, event) for text in texts), SOURCE, "ada@example.com", START)
    read = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert (read["To"], read["From"]) == ("ada@example.com", "Hauberk <hauberk@example.net>")
    assert "\r" not in read["Subject"] and "\n" not in read["Subject"]
    assert "https://hauberk.example/domains/7" in read.get_content()
    assert letter.as_bytes().isascii()
    assert max(map(len, letter.as_bytes().split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1


@given(TEXTS, TEXTS)
def test_an_invitation_has_its_link_whole_and_no_headers_of_others(by: str, organisation: str) -> None:
    link = f"https://hauberk.example/invitation/{'x' * 43}"
    source = From("acme", organisation, "https://hauberk.example", "hauberk@example.net")
    letter = invitation(link, "member", by, START, source, "bob@example.com", START)
    read = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert len(read.keys()) == 9
    assert (read["To"], read["From"]) == ("bob@example.com", "Hauberk <hauberk@example.net>")
    assert link in read.get_content().splitlines()
    assert letter.as_bytes().isascii()
    assert max(map(len, letter.as_bytes().split(b"\r\n"))) <= 998


@given(TEXTS, EVENTS)
def test_a_webhook_gets_json_with_the_text_as_it_is_shown(text: str, event: Event) -> None:
    assert json.loads(webhook_body(_message(text, event), SOURCE)) == {
        "id": "0" * 32, "event": event.value, "organisation": {"slug": "acme", "name": "Acme Ltd"}, "domain": "example.com",
        "message": visible(text), "raised_at": "2026-11-23T12:00:00Z", "url": "https://hauberk.example/domains/7",
    }  # fmt: skip


@given(TEXTS)
def test_what_a_job_left_is_read_whatever_it_is(text: str) -> None:
    assert isinstance(outcome_of(text), Outcome)
    assert isinstance(stage_of(text), Stage)


@given(st.builds(Outcome, scan=st.none() | st.integers(1, 10**9), reports=st.tuples(st.integers(1, 99)), said=st.text(max_size=50)))
def test_an_outcome_is_read_back(done: Outcome) -> None:
    assert outcome_of(outcome(done)) == done
    assert stage_of(stage(Stage("looking", 0.5))) == Stage("looking", 0.5)


@given(TEXTS)
def test_a_fingerprint_is_read_or_is_none(text: str) -> None:
    found = Fingerprint.read(text)
    assert found is None or found.event in Event
