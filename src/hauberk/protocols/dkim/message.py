"""The selectors that a signed message names (RFC 6376, 3.5): what confirms that a domain really signs."""

import re
from email import message_from_bytes

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.protocols.tags import parse_tags

MOST_SIGNATURES = 50

_SPACE = re.compile(r"\s+")


def selectors_of_message(raw: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs (domain, selector) of the DKIM-Signature header fields, in their order, without repetition.

    The domain is in A-label form. A field that cannot be read is passed over; a message without any gives nothing.
    """
    pairs: list[tuple[str, str]] = []
    for value in (message_from_bytes(raw).get_all("DKIM-Signature") or ())[:MOST_SIGNATURES]:
        tags = parse_tags(str(value))
        domain, selector = tags.first("d"), tags.first("s")
        if domain is None or selector is None:
            continue
        signer = parse_domain(_SPACE.sub("", domain.value))
        name = _SPACE.sub("", selector.value).lower().removesuffix(".")
        if not isinstance(signer, Malformed) and is_selector(name):
            pairs.append((signer, name))
    return tuple(dict.fromkeys(pairs))


def is_selector(name: str) -> bool:
    """Whether a name can stand before `_domainkey`: labels of letters, digits, hyphens, underscores (RFC 6376, 3.1)."""
    return len(name) <= 200 and all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", label) for label in name.split("."))
