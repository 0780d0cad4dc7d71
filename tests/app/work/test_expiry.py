"""When certificates and evidence are said to come to an end."""

from datetime import timedelta

import pytest

from app.work.kit import START
from hauberk.app.work.expiry import Shown, certificate_message, days_left, evidence_days_left, evidence_message

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("lifetime", "left", "days"),
    [
        (90 * DAY, 31 * DAY, None),
        (90 * DAY, 30 * DAY + MINUTE, None),
        (90 * DAY, 30 * DAY, 30),
        (90 * DAY, 7 * DAY + MINUTE, 30),
        (90 * DAY, 7 * DAY, 7),
        (90 * DAY, DAY, 1),
        (90 * DAY, timedelta(0), 0),
        (90 * DAY, -5 * DAY, 0),
        (398 * DAY, 30 * DAY, 30),
        (47 * DAY, 20 * DAY, None),  # a third of its life is not 30 days
        (47 * DAY, 7 * DAY, 7),
        (6 * DAY, 5 * DAY, None),
        (6 * DAY, DAY, 1),
    ],
)
def test_a_certificate_is_told_of_at_30_7_and_1_days_and_when_it_is_over(lifetime: timedelta, left: timedelta, days: int | None) -> None:
    shown = Shown("mx.example.com", START + left - lifetime, START + left)
    assert days_left(shown, START) == days


@pytest.mark.parametrize(("age", "days"), [(59, None), (60, 30), (83, 7), (88, 7), (89, 1), (90, 0), (400, 0)])
def test_evidence_is_told_of_at_30_7_and_1_days_and_when_it_is_too_old(age: int, days: int | None) -> None:
    assert evidence_days_left(START - age * DAY, START) == days


def test_the_messages_say_when() -> None:
    shown = Shown("mx.example.com", START - 80 * DAY, START + 7 * DAY)
    assert certificate_message("example.com", shown, START) == (
        "example.com: the certificate of mx.example.com ends in 7 days, at 2026-11-30 12:00 UTC"
    )
    assert "expired at 2026-11-30" in certificate_message("example.com", shown, START + 8 * DAY)
    assert evidence_message("example.com", START, START + 89 * DAY + MINUTE).endswith(
        "the evidence is too old in less than a day; the last scan was on 2026-11-23"
    )
    assert "more than 90 days old" in evidence_message("example.com", START, START + 91 * DAY)
