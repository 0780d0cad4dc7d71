"""Names that look like a name."""

from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.lookalikes import MOST_CANDIDATES, Change, candidates, neighbours
from hauberk.protocols.names import parse_domain
from hauberk.protocols.walk import Ask, Reply, replay

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)


@given(LABELS, st.sampled_from(["com", "co.uk", "example", "xn--p1ai"]))
def test_candidates_are_other_names_and_bounded(label: str, ending: str) -> None:
    domain = f"{label}.{ending}"
    found = candidates(domain)
    names = [one.name for one in found]
    assert len(names) == len(set(names)) <= MOST_CANDIDATES
    assert domain not in names
    assert all(parse_domain(name) == name for name in names)


def test_each_kind_of_change_is_made() -> None:
    found = {one.name: one.change for one in candidates("modern-bank.com")}
    expected = {
        "rnodern-bank.com": Change.HOMOGLYPH,
        "modern-bank.net": Change.ENDING,
        "modrn-bank.com": Change.OMISSION,
        "omdern-bank.com": Change.TRANSPOSITION,
        "moodern-bank.com": Change.DOUBLING,
        "modernbank.com": Change.HYPHEN,
        "m-odern-bank.com": Change.HYPHEN,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_letters_of_other_scripts_are_a_labels() -> None:
    assert any(one.name.startswith("xn--") and one.change is Change.HOMOGLYPH for one in candidates("example.com"))
    assert candidates("xn--bcher-kva.example")


def test_nothing_is_asked_without_the_operators_wish() -> None:
    def refuse(ask: Ask) -> Reply:
        raise AssertionError(ask)

    assert not replay(neighbours("example.com", ScanOptions()), refuse).asked


def test_neighbours_of_the_registrable_domain_are_asked_for_mail() -> None:
    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        answers = {
            "exarnple.com": DnsAnswer("NOERROR", (Record(ask.name, "MX", 60, "10 mx.attacker.example."),)),
            "example.net": DnsAnswer("NOERROR", (Record(ask.name, "MX", 60, "0 ."),)),
            "example.org": NoAnswer(Silence.TIMEOUT),
        }
        return answers.get(ask.name, DnsAnswer("NXDOMAIN"))

    found = replay(neighbours("www.example.com", ScanOptions(lookalikes=True)), reply)
    assert found.domain == "example.com"
    by_name = {one.candidate.name: one for one in found.neighbours}
    assert by_name["exarnple.com"].exchanges == ("mx.attacker.example",)
    assert by_name["example.net"].registered and not by_name["example.net"].exchanges
    assert by_name["example.org"].registered is None
