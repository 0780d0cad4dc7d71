"""How each component is checked before it is told, and how it is told. Pure: commands for sh(1)."""

import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from hauberk.system.apply.changes import Change
from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.tree import Component

# Debian 12; what brings what every host of a role needs.
_PACKAGES: Final[Mapping[Role, tuple[str, ...]]] = {
    Role.MTA: (
        "postfix",
        "postfix-sqlite",
        "rspamd",
        "clamav-daemon",
        "clamav-freshclam",
        "unbound",
        "dns-root-data",
        "nftables",
    ),
    Role.MDA: (
        *("postfix", "postfix-sqlite", "postfix-pgsql", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sqlite", "dovecot-pgsql"),
        *("dovecot-sieve", "rspamd", "clamav-daemon", "clamav-freshclam", "nftables"),
        "openssh-client",  # pushes the list of recipients
    ),
    Role.FIREWALL: ("nftables",),
}

# What brings a component that not every declaration has: Debian starts it when it is installed, and without settings it fails.
OPTIONAL: Final[Mapping[Component, str]] = {Component.POSTSRSD: "postsrsd"}

_UNITS: Final[Mapping[Component, str]] = {
    Component.POSTFIX: "postfix",
    Component.DOVECOT: "dovecot",
    Component.RSPAMD: "rspamd",
    Component.CLAMAV: "clamav-daemon",
    Component.FRESHCLAM: "clamav-freshclam",
    Component.UNBOUND: "unbound",
    Component.NFTABLES: "nftables",
    Component.GATEWAY: "hauberk-gateway",
    Component.POSTSRSD: "postsrsd",
    Component.POLICY_SERVER: "hauberk-policy-server",
    Component.MTA_STS: "hauberk-mta-sts",
    Component.SIGNATURE_SERVER: "hauberk-signature-server",
}

# What reads its configuration again while it runs; the others are started anew. Unbound would forget its cache either way, and keep
# to the addresses that it began with.
_RELOADABLE: Final = (Component.POSTFIX, Component.DOVECOT, Component.RSPAMD, Component.NFTABLES, Component.GATEWAY)


def packages(role: Role, wanted: Collection[Component]) -> tuple[str, ...]:
    """Debian's packages for a host with these components."""
    return (*_PACKAGES[role], *(package for component, package in OPTIONAL.items() if component in wanted))


def check(component: Component, places: Places) -> str:
    """The component's own checker on what now stands in its place; empty where it has none."""
    match component:
        case Component.POSTFIX:
            folder = shlex.quote(places.postfix)
            known = f"! postconf -c {folder} -n 2>&1 >/dev/null | grep ."
            if not places.installed:
                return known  # `postfix check` wants the host's own addresses
            # It says nothing where no terminal is, and an address that the host has not got is what it mostly stumbles over.
            hint = "echo 'postfix check: is every address of inet_interfaces here?'; false"
            return f"{known} && {{ postfix -c {folder} check || {{ {hint}; }}; }}"
        case Component.DOVECOT:
            return f"doveconf -c {shlex.quote(f'{places.dovecot}/dovecot.conf')} -n > /dev/null"
        case Component.RSPAMD:
            # As its own user: what it compiles on the way would else belong to root, where the daemon could not renew it.
            user = "runuser -u _rspamd -- " if places.installed else ""
            folders = f"--var=LOCAL_CONFDIR={shlex.quote(places.rspamd)} --var=DBDIR={shlex.quote(places.rspamd_data)}"
            return f"{user}rspamadm {folders} configtest -q"
        case Component.CLAMAV | Component.FRESHCLAM:
            return f"! clamconf -c {shlex.quote(places.clamav)} 2>&1 | grep '^ERROR'"
        case Component.UNBOUND:
            anchor = shlex.quote(f"{places.unbound_data}/root.key")
            # Unbound keeps the anchor up to date by itself (RFC 5011) once it has a first one: the distribution's.
            first = f"{{ [ -f {anchor} ] || install -m 0644 -o unbound -g unbound /usr/share/dns/root.key {anchor}; }}"
            return f"{first} && unbound-checkconf {shlex.quote(f'{places.unbound}/unbound.conf')} > /dev/null"
        case Component.NFTABLES:
            return f"nft -c -f {shlex.quote(f'{places.nftables}/nftables.conf')}"
        case Component.GATEWAY:
            return f"{shlex.quote(places.python)} -m hauberk.cli.main system gateway --check {shlex.quote(places.gateway)} > /dev/null"
        case _:
            return ""


def program(component: Component) -> str:
    """What has to be there for `check`; where it is not, there is nothing to check (the package comes later)."""
    programs = {
        Component.POSTFIX: "postfix",
        Component.DOVECOT: "doveconf",
        Component.RSPAMD: "rspamadm",
        Component.CLAMAV: "clamconf",
        Component.FRESHCLAM: "clamconf",
        Component.UNBOUND: "unbound-checkconf",
        Component.NFTABLES: "nft",
    }
    return programs.get(component, "")


def brings_unit(component: Component) -> bool:
    """Whether its unit is a file of ours, which a way back takes away, and no package's."""
    return component is Component.SYSTEM or _UNITS[component].startswith("hauberk-")


def withdraw(component: Component) -> str:
    """What ends a component that is not wanted any more, while its unit is still there."""
    unit = "hauberk-quarantine.timer" if component is Component.SYSTEM else _UNITS[component]
    return f"systemctl disable --quiet --now {unit}"


def as_packaged(component: Component) -> str:
    """What tells a component that it has only its package's files again, or the machine that units of ours are gone."""
    if component is Component.SYSTEM:
        return "systemctl daemon-reload && systemctl restart systemd-journald"
    return "systemctl daemon-reload" + ("" if brings_unit(component) else f" && systemctl restart {_UNITS[component]}")


def reload(component: Component, found: tuple[Change, ...]) -> str:
    """What tells a component under systemd. Postfix opens its sockets only when it starts, so that other doors want a restart."""
    if component is Component.SYSTEM:
        return "systemctl daemon-reload && systemctl enable --quiet --now hauberk-quarantine.timer && systemctl restart systemd-journald"
    unit = _UNITS[component]
    anew = _unit_differs(component, found) or (component is Component.POSTFIX and _doors_differ(found))
    softly = component in _RELOADABLE and not anew
    return f"systemctl daemon-reload && systemctl enable --quiet {unit} && systemctl {'reload-or-restart' if softly else 'restart'} {unit}"


def running(told: Iterable[Component]) -> str:
    """Prints a line for each of these units that does not stay up for five seconds: its name and the last thing that it said."""
    units = " ".join(_UNITS[one] for one in told if one is not Component.SYSTEM)
    return (
        f"look() {{ for u in {units}; do echo $u $(systemctl is-active $u) $(systemctl show -p MainPID --value $u); done; }}\n"
        'before=$(look); sleep 5; look | while read -r u state pid; do case "$state $before" in "active "*"$u active $pid"*) ;; '
        '*) echo "$u does not run: $(journalctl _SYSTEMD_UNIT=$u.service --lines 1 --output cat --no-pager 2>/dev/null)";; esac; done'
    )


def _unit_differs(component: Component, found: tuple[Change, ...]) -> bool:
    """What a daemon may do is settled when it starts."""
    return any(one.component is component and "/systemd/" in one.path for one in found)


def _doors_differ(found: tuple[Change, ...]) -> bool:
    for one in found:
        if one.path.endswith(("/main.cf", "/master.cf")) and one.wanted is not None:
            before = one.before.content if one.before and one.before.content is not None else b""
            if _doors(before) != _doors(one.wanted.content):
                return True
    return False


def _doors(octets: bytes) -> tuple[bytes, ...]:
    return tuple(line for line in octets.splitlines() if line.startswith(b"inet_") or b" inet " in line)
