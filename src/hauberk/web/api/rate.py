"""How often somebody may ask: a bucket for each key that fills steadily (the generic cell rate algorithm), kept in the process."""

from dataclasses import dataclass, field
from math import ceil

_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Quota:
    """`burst` requests at once, and `per_minute` in the long run."""

    name: str
    burst: int
    per_minute: float

    @property
    def seconds_each(self) -> float:
        return 60 / self.per_minute


@dataclass(frozen=True, slots=True)
class Allowance:
    """What asking came to: `left` requests may follow at once, `wait` seconds are to pass before the next where it was refused."""

    quota: Quota
    left: int
    wait: float

    @property
    def granted(self) -> bool:
        return self.wait == 0

    @property
    def headers(self) -> dict[str, str]:
        """As in draft-ietf-httpapi-ratelimit-headers-10: `q` requests in `w` seconds; `r` are left, all again after `t` seconds."""
        quota = self.quota
        window = ceil(quota.burst * quota.seconds_each)
        full = ceil((quota.burst - self.left) * quota.seconds_each)
        told = {
            "RateLimit-Policy": f'"{quota.name}";q={quota.burst};w={window}',
            "RateLimit": f'"{quota.name}";r={self.left};t={full}',
        }
        return told if self.granted else {**told, "Retry-After": str(ceil(self.wait))}


@dataclass(slots=True)
class Limiter:
    """For each key the moment when its bucket is full again."""

    _full_at: dict[str, float] = field(default_factory=dict[str, float])

    def __len__(self) -> int:
        return len(self._full_at)

    def ask(self, key: str, quota: Quota, now: float) -> Allowance:
        """Take one, if there is one; `now` in seconds of a clock that never goes back."""
        each = quota.seconds_each
        full_at = max(self._full_at.get(key, now), now)
        room = quota.burst - (full_at - now) / each
        if room < 1:
            return Allowance(quota, 0, max((1 - room) * each, 0.001))
        if len(self._full_at) >= _MOST_KEYS:
            self._forget(now)
        self._full_at[key] = full_at + each
        return Allowance(quota, int(room - 1 + 1e-9), 0)

    def _forget(self, now: float) -> None:
        """Full buckets are as good as new ones; where all are in use, the fullest half goes."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) >= _MOST_KEYS:
            self._full_at = dict(sorted(self._full_at.items(), key=lambda one: one[1])[_MOST_KEYS // 2 :])
