"""ClamAV on either host: the daemon that Rspamd asks, and the updating of its signatures (clamd.conf(5), freshclam.conf(5))."""

from collections.abc import Iterator
from typing import Final

from hauberk.system import ports
from hauberk.system.declaration import Declaration, Role
from hauberk.system.places import Places
from hauberk.system.render.guard import plain
from hauberk.system.tree import Component, Folder, RenderedFile

_MIRROR: Final = "database.clamav.net"


def files(declaration: Declaration, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """clamd.conf and freshclam.conf."""
    return (
        RenderedFile(f"{places.clamav}/clamd.conf", _daemon(declaration, places).encode(), Component.CLAMAV),
        RenderedFile(f"{places.clamav}/freshclam.conf", "".join(_updating(declaration, role, places)).encode(), Component.FRESHCLAM),
    )


def folders(places: Places) -> tuple[Folder, ...]:
    return (
        Folder(places.clamav),
        Folder(places.clamav_database, 0o755, "clamav:clamav"),
        *(() if places.installed else (Folder(places.clamav_log),)),
        *((Folder(places.clamav_run, 0o755, "clamav:clamav"),) if places.installed else (Folder(places.clamav_run, 0o777),)),
    )


def greatest(declaration: Declaration) -> int:
    """What the scanner takes at least: the greatest message, decoded and unpacked, with room to spare (octets)."""
    return declaration.policy.message_octets * 2


def _daemon(declaration: Declaration, places: Places) -> str:
    most = greatest(declaration)
    return f"""LocalSocket {places.clamav_run}/clamd.sock
LocalSocketMode 666
FixStaleSocket yes
DatabaseDirectory {places.clamav_database}
User clamav
LogFile {places.clamav_log}/{"clamav" if places.installed else "clamd"}.log
LogTime yes
PidFile {places.clamav_run}/clamd.pid
MaxThreads 8
StreamMaxLength {most}
MaxFileSize {most}
MaxScanSize {most * 4}
MaxRecursion 16
MaxFiles 5000
AlertExceedsMax yes
AlertEncrypted yes
AlertOLE2Macros no
AlertBrokenMedia no
SelfCheck 600
ConcurrentDatabaseReload no
"""


def _updating(declaration: Declaration, role: Role, places: Places) -> Iterator[str]:
    yield f"DatabaseDirectory {places.clamav_database}\n"
    yield "DatabaseOwner clamav\n"
    yield f"UpdateLogFile {places.clamav_log}/freshclam.log\n"
    yield "LogTime yes\n"
    yield "Checks 24\n"
    yield f"NotifyClamd {places.clamav}/clamd.conf\n"
    if role is Role.MDA:
        yield from _from_mta(declaration)
        return
    if not declaration.engines.signatures:
        yield f"DatabaseMirror {_MIRROR}\n"
        return
    # freshclam wants a mirror even where every database has an address of its own; without DNS it does not ask for versions.
    yield "ScriptedUpdates no\n"
    yield from (f"DatabaseCustomURL {plain(one)}\n" for one in declaration.engines.signatures)


def _from_mta(declaration: Declaration) -> Iterator[str]:
    """The inside has no way to the internet: what the MTA has fetched is fetched there (signature_server.py)."""
    address = declaration.mta.addresses[0]
    mirror = f"http://{f'[{address}]' if address.version == 6 else address}:{ports.SIGNATURES}"
    if not declaration.engines.signatures:
        yield f"PrivateMirror {mirror}\n"
        return
    yield "ScriptedUpdates no\n"
    yield from (f"DatabaseCustomURL {mirror}/{plain(one.rpartition('/')[2])}\n" for one in declaration.engines.signatures)
