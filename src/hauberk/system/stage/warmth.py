"""Rspamd's compiled expressions, kept from one stage to the next: compiling them takes ten seconds, loading them half of one.

Rspamd checks each file against its own version and build before it uses it; what does not fit is compiled anew.
"""

import shutil
from contextlib import suppress
from pathlib import Path

KEPT = Path("/var/cache/hauberk/stage/rspamd")
_KINDS = ("*.hs", "*.hsmp", "*.map", "*.unser")


def bring(data: Path) -> None:
    """Into the data folder of an Rspamd that has not started yet."""
    for path in _compiled(KEPT):
        with suppress(OSError):
            shutil.copyfile(path, data / path.name)
            shutil.chown(data / path.name, "_rspamd", "_rspamd")


def keep(data: Path) -> None:
    """From one that has started."""
    with suppress(OSError):
        KEPT.mkdir(mode=0o755, parents=True, exist_ok=True)
        for path in _compiled(data):
            if not (KEPT / path.name).exists():
                partial = KEPT / f".{path.name}.partial"
                shutil.copyfile(path, partial)
                partial.replace(KEPT / path.name)


def _compiled(folder: Path) -> tuple[Path, ...]:
    return tuple(path for kind in _KINDS for path in folder.glob(kind))
