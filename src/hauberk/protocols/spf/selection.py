"""Which TXT records of a name are SPF records, and which were meant to be (RFC 7208, 4.5)."""

import re
from functools import lru_cache

from msgspec import Struct

from hauberk.model.dns import DnsAnswer
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.rdata import txt_strings
from hauberk.protocols.spf.record import is_record

_INVISIBLE_OR_QUOTE = re.compile(r"[^\x21-\x7e]|[\"'`\\]")
_VERSION_LIKE = re.compile(r"\W*(?:v\W*spf\W?\w?|spf\W?[0-9l])(?=\s|\Z)", re.IGNORECASE)
_INSIDE = re.compile(r"v=spf1\s", re.IGNORECASE)


class Selection(Struct, frozen=True):
    """`records` are the texts of the SPF records; `near_misses` those that look meant as one and that no receiver takes for one."""

    records: tuple[str, ...] = ()
    near_misses: tuple[Malformed, ...] = ()


@lru_cache(maxsize=8192)
def select(answer: DnsAnswer) -> Selection:
    """The SPF records among the TXT records of an answer."""
    texts = tuple(spf_text(record.data) for record in answer.of("TXT"))
    misses = (near_miss(text) for text in texts if not is_record(text))
    return Selection(tuple(text for text in texts if is_record(text)), tuple(miss for miss in misses if miss is not None))


@lru_cache(maxsize=8192)
def spf_text(data: str) -> str:
    """The strings of a TXT record joined without spaces (3.3); octets that are not UTF-8 become U+FFFD, which no record may hold."""
    return b"".join(txt_strings(data)).decode("utf-8", "replace")


@lru_cache(maxsize=8192)
def near_miss(text: str) -> Malformed | None:
    """Why a text that is no SPF record looks like one; None if it does not."""
    if "spf" not in text.lower():
        return None
    if text[:6].lower() == "v=spf1":
        if not text[6].isprintable() or text[6].isspace() or not text[6].isascii():
            return Malformed(text, 6, f"after v=spf1 comes {visible(text[6])}, which looks like a space and is none")
        return Malformed(text, 6, "a space is missing after v=spf1")
    plain = _INVISIBLE_OR_QUOTE.sub("", text[:60])
    if plain[:6].lower() == "v=spf1":
        odd = _INVISIBLE_OR_QUOTE.search(text)
        at = odd.start() if odd else 0
        return Malformed(text, at, f"'{visible(text[at])}' stands before the end of v=spf1, where nothing may stand")
    if plain.lower().startswith("spf2.0"):  # Sender ID (RFC 4406), another protocol
        return None
    if _VERSION_LIKE.match(text):
        return Malformed(text, 0, "the version must read v=spf1", min(len(text), 7))
    if inside := _INSIDE.search(text):
        return Malformed(text, inside.start(), "an SPF record must begin its TXT record; here other text stands before it", 6)
    return None
