"""Names of report files."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.report.filename import file_name

DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("company", "start"),
    [
        ("Example Ltd", "ExampleLtd"),
        ("Müller & Söhne GmbH", "MüllerSöhneGmbH"),
        ("上海科技（集团）有限公司", "上海科技集团有限公司"),
        ("தமிழ் நிறுவனம்", "தமிழ்நிறுவனம்"),
        ("3M", "3M"),
        ("../../etc/passwd", "etcpasswd"),
        ("a\x00b\\c:d*?\n", "abcd"),
        ("\u202eexe", "exe"),
        ("\u0301\u0301x", "x"),
        ("", "example.com"),
        ("  ...  ", "example.com"),
        ("\ud800", "example.com"),
        ("😀", "example.com"),
    ],
)
def test_the_name_keeps_letters_and_digits_of_every_script(company: str, start: str) -> None:
    assert file_name(company, "example.com", DAY, "pdf") == f"{start}_MailServerIHP_2026-11-21.pdf"


def test_without_a_company_and_with_a_hostile_domain_there_is_still_a_name() -> None:
    assert file_name("", "../..", DAY, "png") == "domain_MailServerIHP_2026-11-21.png"
    assert file_name("", "../x.example", DAY, "png") == "x.example_MailServerIHP_2026-11-21.png"


@given(st.text(st.characters(codec=None), max_size=400), st.text(max_size=300))
def test_every_name_is_one_safe_path_component(company: str, domain: str) -> None:
    name = file_name(company, domain, DAY, "jpg")
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|\x00') and not name.startswith((".", "-"))
    assert name.endswith("_MailServerIHP_2026-11-21.jpg")
