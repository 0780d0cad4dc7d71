"""The daemons of the two hosts, each in the foreground, from the places that their configuration was rendered for. Pure."""

from collections.abc import Mapping

from hauberk.system import ports
from hauberk.system.declaration import Declaration, Role, Zone
from hauberk.system.places import Places
from hauberk.system.render import postsrsd
from hauberk.system.stage import play
from hauberk.system.stage.daemons import Daemon, Door
from hauberk.system.tree import Component

_COMPILING = 240.0  # seconds: the first Rspamd of a busy machine compiles its expressions
_RSPAMD_MAIN = "/etc/rspamd/rspamd.conf"  # Debian's; what is ours comes in by LOCAL_CONFDIR

ZONES: Mapping[Role, Zone] = {Role.MTA: Zone.DMZ, Role.MDA: Zone.INSIDE}


def name(role: Role, component: Component) -> str:
    """What a daemon of a host is called on the stage: `mta.postfix`."""
    return f"{role.value}.{component.value}"


def mta(declaration: Declaration, places: Places) -> tuple[Daemon, ...]:
    addresses = tuple(str(one) for one in declaration.mta.addresses)
    return (
        _unbound(places),
        _clamd(Role.MTA, places),
        _rspamd(Role.MTA, places),
        _gateway(Role.MTA, places),
        _postfix(Role.MTA, places, tuple(Door(one, port) for one in addresses for port in (ports.SMTP, ports.RELAY))),
        _policy_server(declaration, places),
        _mta_sts(declaration, places),
        _signature_server(declaration, places),
        *((_postsrsd(declaration, places),) if declaration.policy.forwarding else ()),
    )


def mda(declaration: Declaration, places: Places) -> tuple[Daemon, ...]:
    addresses = tuple(str(one) for one in declaration.mda.addresses)
    return (
        _clamd(Role.MDA, places),
        _rspamd(Role.MDA, places),
        _gateway(Role.MDA, places),
        Daemon(
            name(Role.MDA, Component.DOVECOT),
            Zone.INSIDE,
            ("dovecot", "-F", "-c", f"{places.dovecot}/dovecot.conf"),
            tuple(Door(one, port) for one in addresses for port in (ports.IMAPS, ports.LMTP)),
        ),
        _postfix(Role.MDA, places, tuple(Door(one, ports.SUBMISSIONS) for one in addresses)),
    )


def _policy_server(declaration: Declaration, places: Places) -> Daemon:
    addresses = tuple(str(one) for one in declaration.mta.addresses)
    held = declaration.certificates.mta
    files = ("--policy", places.policy_server, "--certificate", held.certificate, "--key", held.key)
    listen = tuple(word for one in addresses for word in ("--listen", one))
    command = (places.python, "-m", "hauberk.system.policy_server", *files, *listen, "--port", str(ports.HTTPS))
    return Daemon(name(Role.MTA, Component.POLICY_SERVER), Zone.DMZ, command, tuple(Door(one, ports.HTTPS) for one in addresses))


def _mta_sts(declaration: Declaration, places: Places) -> Daemon:
    """It dials the play's addresses, which are nobody's on the real internet."""
    kept = ("--keep", f"{places.mta_sts}/policies.json", "--authorities", declaration.certificates.authorities)
    allowed = tuple(word for network in play.OUTSIDE_NETWORKS for word in ("--allow", network))
    command = (places.python, "-m", "hauberk.system.outward", "--port", str(ports.MTA_STS), *kept, *allowed)
    return Daemon(name(Role.MTA, Component.MTA_STS), Zone.DMZ, command, (Door("127.0.0.1", ports.MTA_STS),), reload=None)


def _signature_server(declaration: Declaration, places: Places) -> Daemon:
    addresses = tuple(str(one) for one in declaration.mta.addresses)
    listen = tuple(word for one in addresses for word in ("--listen", one))
    command = (places.python, "-m", "hauberk.system.signature_server", "--folder", places.clamav_database, *listen)
    doors = tuple(Door(one, ports.SIGNATURES) for one in addresses)
    return Daemon(name(Role.MTA, Component.SIGNATURE_SERVER), Zone.DMZ, command, doors, reload=None)


def _postsrsd(declaration: Declaration, places: Places) -> Daemon:
    """With the settings of its rendered file, which Debian's service reads for its own command line."""
    ports_given = ("-f", str(ports.SRS_FORWARD), "-r", str(ports.SRS_REVERSE), "-4")
    known = tuple(f"-X{one}" for one in declaration.domains)
    command = ("postsrsd", "-s", postsrsd.secret_path(places), "-d", declaration.domains[0], "-n8", "-N8", *ports_given, *known)
    doors = tuple(Door("127.0.0.1", port) for port in (ports.SRS_FORWARD, ports.SRS_REVERSE))
    return Daemon(name(Role.MTA, Component.POSTSRSD), Zone.DMZ, command, doors, reload=None)


def _unbound(places: Places) -> Daemon:
    return Daemon(
        name(Role.MTA, Component.UNBOUND),
        Zone.DMZ,
        ("unbound", "-d", "-c", f"{places.unbound}/unbound.conf"),
        (Door("127.0.0.1", ports.DNS),),
    )


def _clamd(role: Role, places: Places) -> Daemon:
    command = ("clamd", "--foreground", "-c", f"{places.clamav}/clamd.conf")
    return Daemon(name(role, Component.CLAMAV), ZONES[role], command, (Door(path=places.clamd_socket),), reload=None)


def _rspamd(role: Role, places: Places) -> Daemon:
    folders = {
        "LOCAL_CONFDIR": places.rspamd,
        "DBDIR": places.rspamd_data,
        "RUNDIR": places.rspamd_run,
        "LOGDIR": places.log,
    }
    command = (
        "rspamd",
        "-f",
        "-u",
        "_rspamd",
        "-g",
        "_rspamd",
        "-c",
        _RSPAMD_MAIN,
        *(f"--var={key}={value}" for key, value in folders.items()),
    )
    return Daemon(name(role, Component.RSPAMD), ZONES[role], command, (Door("127.0.0.1", ports.RSPAMD_MILTER),), start_seconds=_COMPILING)


def _gateway(role: Role, places: Places) -> Daemon:
    command = (places.python, "-m", "hauberk.system.gateway", places.gateway)
    return Daemon(name(role, Component.GATEWAY), ZONES[role], command, (Door("127.0.0.1", ports.GATEWAY),))


def _postfix(role: Role, places: Places, doors: tuple[Door, ...]) -> Daemon:
    return Daemon(name(role, Component.POSTFIX), ZONES[role], ("postfix", "-c", places.postfix, "start-fg"), doors)
