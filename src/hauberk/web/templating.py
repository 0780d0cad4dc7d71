"""Templates: everything that is written into a page is escaped, and a name that is not there is an error."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from hauberk.protocols.malformed import visible
from hauberk.protocols.names import to_unicode
from hauberk.report.wording import day
from hauberk.web import charts
from hauberk.web.views.words import ago, octets


def moment(at: datetime) -> str:
    """`2026-11-22 02:14 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("hauberk.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        enable_async=False,
    )
    filters = cast("dict[str, Callable[..., object]]", made.filters)
    filters.update(day=day, moment=moment, visible=visible, domain=to_unicode, ago=ago, octets=octets)
    filters.update(bar=charts.bar, gauge=charts.gauge, spark=charts.spark, trend=charts.trend)
    return made


TEMPLATES = environment()
