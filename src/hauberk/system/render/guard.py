"""No value can become more than the one value: the last line of defence behind the declaration's validation."""

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_WORD: Final = re.compile(r"[A-Za-z0-9._/:@+=\[\]-]+")


def plain(value: str) -> str:
    """`value`, which has to fit on one line. Raises `ValueError`."""
    if _CONTROL.search(value):
        raise ValueError(f"a control character in {value!r}")
    return value


def word(value: str) -> str:
    """`value`, which has to be one word that no configuration language reads anything into. Raises `ValueError`."""
    if not _WORD.fullmatch(value):
        raise ValueError(f"{value!r} is not one plain word")
    return value


def quoted(value: str) -> str:
    """In double quotes, as Unbound, Rspamd (UCL) and Dovecot read them. Raises `ValueError`."""
    return '"' + plain(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
