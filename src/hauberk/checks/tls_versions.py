"""The TLS version that a handshake shows, also where it failed; shared by the checks of tls and sender."""

import re
from dataclasses import dataclass

from hauberk.model.transport import TlsHandshake

MODERN = ("TLSv1.3", "TLSv1.2")
_OLDER_CHOSEN = re.compile(r"the server chose (SSL ?v?[23](?:\.0)?)", re.IGNORECASE)
# The scanner offers TLS 1.0 to 1.3, so a server that finds none of these acceptable is older than all of them.
_NONE_ACCEPTABLE = re.compile(r"\bprotocol_version\b|alert protocol version|unsupported protocol", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VersionShown:
    """`name` as people write it, empty when nothing is evident; `old` is below TLS 1.2 (RFC 8996)."""

    name: str = ""
    old: bool = False


def version_shown(tls: TlsHandshake) -> VersionShown:
    """The best version that client and server have in common; the client offers everything from TLS 1.0 to 1.3."""
    if tls.version:
        number = tls.version.removeprefix("TLSv")
        return VersionShown(f"TLS {number if '.' in number else number + '.0'}", tls.version not in MODERN)
    older = _OLDER_CHOSEN.search(tls.error)
    if older:
        return VersionShown(older[1], old=True)
    if _NONE_ACCEPTABLE.search(tls.error):
        return VersionShown("something older than TLS 1.0", old=True)
    return VersionShown()
