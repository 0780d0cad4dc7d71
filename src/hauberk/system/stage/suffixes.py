"""The play's Public Suffix List. On its internet `test` is a top-level domain; Rspamd's list does not know it.

Without it Rspamd takes a.corp.test for an organisational domain of its own and never comes to the DMARC record of corp.test.
"""

from collections.abc import Iterator
from pathlib import Path

_DEBIAN = Path("/usr/share/rspamd/effective_tld_names.dat")


def suffixes(rspamd: str) -> Iterator[tuple[str, str]]:
    """The list, and the setting that names it, as path and text; `rspamd` is the folder of its settings."""
    if not _DEBIAN.exists():
        return
    known = f"{rspamd}/suffixes.dat"
    yield known, f"{_DEBIAN.read_text()}\ntest\n"
    yield f"{rspamd}/override.d/options.inc", f'url_tld = "{known}";\n'
