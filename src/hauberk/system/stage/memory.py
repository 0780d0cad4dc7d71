"""How much memory everything on a stage takes."""

from contextlib import suppress
from pathlib import Path

from hauberk.system.stage.leftovers import inhabitants


def proportional(namespaces: tuple[str, ...]) -> int:
    """Octets, shared pages counted once in all (proc(5), smaps_rollup: Pss)."""
    total = 0
    for process in inhabitants(namespaces):
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
