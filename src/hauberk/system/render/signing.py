"""Which DKIM key signs on a day, which are published, and when the next one is due."""

from datetime import date, timedelta

from hauberk.system.declaration import Dkim
from hauberk.system.material import DkimKey, Material


def signing_keys(material: Material) -> tuple[DkimKey, ...]:
    """For each domain the key that signs on `signing_on`: the newest whose turn has come, by domain. A later one is only published."""
    chosen: dict[str, DkimKey] = {}
    for key in sorted(material.dkim, key=lambda one: one.made):
        if key.made <= material.signing_on or key.domain not in chosen:
            chosen[key.domain] = key
    return tuple(chosen[domain] for domain in sorted(chosen))


def selector(made: date) -> str:
    """The name of a key that begins to sign on a day."""
    return f"h{made:%Y%m%d}"


def next_due(keys: tuple[DkimKey, ...], domain: str, rotation: Dkim, today: date) -> date | None:
    """The day from which a new key of the domain shall sign, if it is time to make and publish it; None while there is time."""
    own = [one.made for one in keys if one.domain == domain]
    if not own:
        return today
    turn = max(own) + timedelta(days=rotation.rotate_days)
    return max(turn, today + timedelta(days=rotation.ahead_days)) if today >= turn - timedelta(days=rotation.ahead_days) else None


def retired(keys: tuple[DkimKey, ...], rotation: Dkim, today: date) -> tuple[DkimKey, ...]:
    """Keys whose successor has signed for `ahead_days`: what they signed has arrived, and they need not be published any more."""
    limit = today - timedelta(days=rotation.ahead_days)
    return tuple(one for one in keys if any(other.domain == one.domain and one.made < other.made <= limit for other in keys))
