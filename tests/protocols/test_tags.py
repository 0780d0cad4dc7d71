"""Tag lists keep what is right, in order, and mark what is not."""

from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.tags import Tag, TagList, begins_with, parse_tags, render_tags

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True)
VALUES = st.text(st.characters(codec="ascii", exclude_characters=";", categories=["L", "N", "P", "S"]), max_size=20)
TAGS = st.lists(st.builds(Tag, NAMES, VALUES)).map(lambda tags: TagList(tuple(tags)))


@given(st.text())
def test_any_text_gives_a_list(text: str) -> None:
    listed = parse_tags(text)
    for fault in listed.faults:
        assert 0 <= fault.position <= len(text)
        fault.marked()


@given(TAGS)
def test_rendering_and_parsing_are_inverse(tags: TagList) -> None:
    assert parse_tags(render_tags(tags)) == tags


def test_positions_point_at_the_values() -> None:
    text = "v=DMARC1 ;\tp = reject; rua=mailto:a@example.com"
    assert [text[tag.position :][:6] for tag in parse_tags(text).tags] == ["DMARC1", "reject", "mailto"]


def test_a_piece_without_equals_sign_is_marked_and_left_out() -> None:
    listed = parse_tags("v=DMARC1; reject; p=none")
    assert [tag.name for tag in listed.tags] == ["v", "p"]
    assert "reject" in listed.faults[0].marked()


def test_a_set_tag_keeps_its_place_or_goes_behind_the_one_named() -> None:
    listed = parse_tags("v=DMARC1; p=none; rua=mailto:a@example.com")
    assert render_tags(listed.with_tag("p", "reject")) == "v=DMARC1; p=reject; rua=mailto:a@example.com"
    assert render_tags(listed.with_tag("sp", "reject", after="p")) == "v=DMARC1; p=none; sp=reject; rua=mailto:a@example.com"


def test_the_version_is_first_and_spelled_exactly() -> None:
    for text, begins in (("V=DMARC1; p=none", True), ("v=dmarc1", False), (" v=DMARC1", False), ("p=none; v=DMARC1", False)):
        assert begins_with(text, parse_tags(text), "DMARC1") is begins
