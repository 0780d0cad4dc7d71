"""What the routes work with: the installation, a clock that never goes back, the limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from fastapi import Request

from hauberk.store.store import Store
from hauberk.web.api.rate import Limiter, Quota
from hauberk.web.api.scope import Scope
from hauberk.web.installation import Installation

MEBIBYTE = 1024 * 1024
_STRANGERS = Quota("strangers", 30, 30)


@dataclass(frozen=True, slots=True)
class Limits:
    """How often somebody may ask: a token, by the scope that the route wants; and, by address, whoever has no valid token."""

    quotas: dict[Scope, Quota] = field(
        default_factory=lambda: {
            Scope.READ: Quota("read", 600, 1200),
            Scope.METRICS: Quota("metrics", 60, 60),
            Scope.SCAN: Quota("scan", 120, 120),
            Scope.REPORT: Quota("report", 60, 60),
            Scope.VERIFY: Quota("verify", 10, 20),
            Scope.MANAGE: Quota("manage", 300, 300),
        }
    )
    strangers: Quota = _STRANGERS


@dataclass(frozen=True, slots=True)
class Service:
    """`ticks` counts seconds, for the limits."""

    installation: Installation
    limits: Limits
    ticks: Callable[[], float] = monotonic
    limiter: Limiter = field(default_factory=Limiter)

    @property
    def store(self) -> Store:
        return self.installation.store

    @property
    def now(self) -> datetime:
        return self.installation.clock()


def service_of(request: Request) -> Service:
    """The service of the application that the request came to."""
    service: Service = request.app.state.service
    return service
