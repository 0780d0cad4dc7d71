"""Templates: everything that is written into a page is escaped, and a name that is not there is an error."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from hauberk.protocols.malformed import visible
from hauberk.protocols.names import to_unicode
from hauberk.report.wording import day


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
    made.filters.update(day=day, moment=moment, visible=visible, domain=to_unicode)
    return made


TEMPLATES = environment()
