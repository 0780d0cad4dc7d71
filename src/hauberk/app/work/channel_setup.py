"""Setting up where alerts go: addresses and URLs are looked at before they are kept, secrets are made and sealed."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from hauberk.app.work.events import CHOICES
from hauberk.app.work.sealing import Sealer
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.store import channels
from hauberk.store.channels import Channel, Kind
from hauberk.store.errors import Fault, StoreError
from hauberk.store.session import TenantSession

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # Dot-string, RFC 5321, 4.1.2
_URL = re.compile(r"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`secret` is told this once: it checks the signatures of what a webhook gets. Empty for mail."""

    channel: Channel
    secret: str


async def add_channel(
    session: TenantSession, sealer: Sealer, kind: Kind, target: str, at: datetime, *, events: tuple[str, ...] = ()
) -> NewChannel:
    """A channel for the events named, or for all. Raises `StoreError` (invalid) when the target or an event is none."""
    unknown = set(events) - {event.value for event in CHOICES}
    if unknown:
        raise StoreError(Fault.INVALID, f"the events are {', '.join(CHOICES)}; not {', '.join(sorted(unknown))[:80]}")
    wanted = " ".join(event.value for event in CHOICES if event.value in events)
    if kind is Kind.EMAIL:
        return NewChannel(await channels.add(session, kind, mail_address(target), at, events=wanted), "")
    url, secret = webhook_url(target), secrets.token_urlsafe(32)
    sealed = sealer.seal(secret, session.tenant)
    return NewChannel(await channels.add(session, kind, url, at, secret=sealed, events=wanted), secret)


def mail_address(text: str) -> str:
    """The address with its domain in A-label form (RFC 5321, 4.1.2, without quoted strings). Raises `StoreError` (invalid)."""
    local, at, domain = text.strip().rpartition("@")
    parsed = parse_domain(domain)
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        raise StoreError(Fault.INVALID, "this is no mail address: it looks like ada@example.com")
    if isinstance(parsed, Malformed):
        raise StoreError(Fault.INVALID, f"this is no mail address: {parsed.reason}")
    return f"{local}@{parsed}"


def webhook_url(text: str) -> str:
    """An http or https URL without user and fragment. Where it leads is looked at whenever something is sent. Raises `StoreError`."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and parts.username is None
    except ValueError:
        whole = False
    if not whole or not _URL.fullmatch(url) or "#" in url or "\\" in url:
        raise StoreError(Fault.INVALID, "this is no URL for a webhook: it looks like https://example.com/hook, without user and #")
    return url
