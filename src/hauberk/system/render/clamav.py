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
        *(() if places.installed else (Folder(places.log), Folder(places.clamav_log, 0o755, "clamav:clamav"))),
        *((Folder(places.clamav_run, 0o755, "clamav:clamav"),) if places.installed else (Folder(places.clamav_run, 0o777),)),
    )


def greatest(declaration: Declaration) -> int:
    """What the scanner takes at least: the greatest message, decoded and unpacked, with room to spare (octets)."""
    return declaration.policy.message_octets * 2


def _daemon(declaration: Declaration, places: Places) -> str:
    """New signatures are loaded beside the old ones: else scanning, and so all mail, would wait half a minute for idle threads."""
    most = greatest(declaration)
    return f"""LocalSocket {places.clamd_socket}
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
ConcurrentDatabaseReload yes
"""


def _updating(declaration: Declaration, role: Role, places: Places) -> Iterator[str]:
    yield f"DatabaseDirectory {places.clamav_database}\n"
    yield "DatabaseOwner clamav\n"
    yield f"UpdateLogFile {places.clamav_log}/freshclam.log\n"
    yield "LogTime yes\n"
    yield "Checks 24\n"
    yield f"NotifyClamd {places.clamav}/clamd.conf\n"
    own = _mirror_inside(declaration) if role is Role.MDA else ""
    yield f"PrivateMirror {own}\n" if own else f"DatabaseMirror {_MIRROR}\n"
    if not declaration.engines.signatures:
        return
    # A mirror is asked for even where nothing comes from it (freshclam.conf(5)).
    yield "ScriptedUpdates no\n"
    yield from (f"ExcludeDatabase {one}\n" for one in ("main", "daily", "bytecode"))
    for one in declaration.engines.signatures:
        yield f"DatabaseCustomURL {own}/{plain(one.rpartition('/')[2])}\n" if own else f"DatabaseCustomURL {plain(one)}\n"


def _mirror_inside(declaration: Declaration) -> str:
    """The inside has no way to the internet: what the MTA has fetched is fetched there (signature_server.py)."""
    address = declaration.mta.addresses[0]
    return f"http://{f'[{address}]' if address.version == 6 else address}:{ports.SIGNATURES}"
