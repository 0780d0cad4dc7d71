import itertools

import pytest

from hauberk.protocols.dane import Match, Published
from hauberk.protocols.sender import DaneView, Delivery, Encryption, EndpointView, StsView, outcome

ENFORCED = StsView(enforced=True, listed=True)
SECURE = DaneView(Published.SECURE, Match.MATCHED)


def deliveries(view: EndpointView) -> tuple[str, str, str]:
    result = outcome(view)
    return result.opportunistic.value, result.mta_sts.value, result.dane.value


def test_without_policy_all_three_are_opportunistic() -> None:
    assert deliveries(EndpointView(Encryption.MODERN)) == ("encrypted", "encrypted", "encrypted")
    assert deliveries(EndpointView(Encryption.NONE)) == ("in-clear", "in-clear", "in-clear")
    assert deliveries(EndpointView(Encryption.UNKNOWN)) == ("unknown", "unknown", "unknown")


def test_a_server_with_everything_is_proven_to_both() -> None:
    view = EndpointView(Encryption.MODERN, trusted=True, dane=SECURE, sts=ENFORCED)
    assert deliveries(view) == ("encrypted", "authenticated", "authenticated")


@pytest.mark.parametrize("encryption", [Encryption.NONE, Encryption.BROKEN, Encryption.OLD])
def test_without_modern_tls_the_verifying_senders_defer(encryption: Encryption) -> None:
    view = EndpointView(encryption, trusted=True, dane=DaneView(Published.SECURE), sts=ENFORCED)
    assert deliveries(view) == ("in-clear", "defer", "defer")
    assert outcome(view).deferring == ("MTA-STS", "DANE")


def test_mta_sts_wants_a_listed_host_and_a_trusted_certificate() -> None:
    assert outcome(EndpointView(Encryption.MODERN, trusted=False, sts=ENFORCED)).mta_sts is Delivery.DEFER
    assert outcome(EndpointView(Encryption.MODERN, trusted=True, sts=StsView(enforced=True))).mta_sts is Delivery.DEFER
    assert outcome(EndpointView(Encryption.MODERN, sts=StsView(known=False))).mta_sts is Delivery.UNKNOWN


@pytest.mark.parametrize(
    ("dane", "delivery"),
    [
        (DaneView(Published.SECURE, Match.MISMATCH), Delivery.DEFER),
        (DaneView(Published.SECURE, Match.WEAKER_ONLY), Delivery.DEFER),
        (DaneView(Published.SECURE, Match.UNUSABLE), Delivery.ENCRYPTED),
        (DaneView(Published.SECURE), Delivery.UNKNOWN),
        (DaneView(Published.BOGUS), Delivery.DEFER),
        (DaneView(Published.FAILING), Delivery.DEFER),
        (DaneView(Published.UNANSWERED), Delivery.UNKNOWN),
        (DaneView(Published.UNTRUSTED), Delivery.UNKNOWN),
        (DaneView(Published.INSECURE_MX), Delivery.ENCRYPTED),
    ],
)
def test_a_dane_sender_follows_the_records(dane: DaneView, delivery: Delivery) -> None:
    assert outcome(EndpointView(Encryption.MODERN, dane=dane)).dane is delivery


def test_every_deferral_has_a_reason() -> None:
    every = itertools.product(Encryption, (True, False), Published, (*Match, None), (True, False), (True, False))
    for encryption, trusted, published, match, enforced, listed in every:
        result = outcome(EndpointView(encryption, trusted, DaneView(published, match), StsView(enforced, listed)))
        assert bool(result.mta_sts_reason) == (result.mta_sts is Delivery.DEFER)
        assert bool(result.dane_reason) == (result.dane is Delivery.DEFER)
        assert result.opportunistic is not Delivery.DEFER
