"""Spread over the interval, always at the same time of it."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.work.kit import START
from hauberk.app.work.patrol import rounds
from hauberk.app.work.planning import Rhythm, first_due

MOMENTS = st.integers(-(10**8), 10**9).map(lambda seconds: START + timedelta(seconds=seconds))


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.sampled_from(Rhythm), MOMENTS)
def test_the_first_time_is_within_the_interval_and_on_the_domains_own_beat(tenant: int, domain: int, rhythm: Rhythm, at: datetime) -> None:
    due = first_due(tenant, domain, rhythm.every, at)
    assert at < due <= at + rhythm.every + timedelta(seconds=1)
    later = first_due(tenant, domain, rhythm.every, due)
    assert later - due == rhythm.every
    assert due.microsecond == 0


def test_a_thousand_domains_are_spread_over_the_day() -> None:
    hours = Counter(first_due(1, domain, Rhythm.DAILY.every, START).hour for domain in range(1000))
    assert len(hours) == 24
    assert max(hours.values()) < 80


@given(MOMENTS)
def test_a_round_has_begun_and_the_digest_is_on_a_monday_to_come(at: datetime) -> None:
    (watch, watch_at), (digest, digest_at) = rounds(at)
    assert timedelta(0) <= at - watch_at < timedelta(hours=6)
    assert timedelta(0) < digest_at - at <= timedelta(days=7)
    assert (digest_at.weekday(), digest_at.hour) == (0, 7)
    assert watch.key.startswith("watch:") and digest.key.startswith("digest:")
