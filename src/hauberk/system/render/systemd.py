"""Units for the parts that no package brings, and what else an installed host needs (systemd.exec(5), resolv.conf(5))."""

from hauberk.system import ports
from hauberk.system.declaration import Declaration, Role
from hauberk.system.places import Places
from hauberk.system.render.guard import plain
from hauberk.system.tree import Component, Folder, RenderedFile

# What a daemon of ours may do: nothing that reading mail, keys and the network does not need.
_CONFINED = """NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
UMask=0027
Restart=on-failure
RestartSec=2
"""

# Debian's unit does not start without the project's own databases, and does not try again once they have come.
_SCANNER = """[Unit]
ConditionPathExistsGlob=
StartLimitIntervalSec=0

[Service]
Restart=on-failure
RestartSec=30
"""


def files(declaration: Declaration, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """Of the MTA or the MDA. Nothing below a root of its own: there nobody but the caller starts anything."""
    if not places.installed:
        return ()
    found = [
        _unit("hauberk-gateway.service", Component.GATEWAY, _gateway(role, places), places),
        _unit("hauberk-quarantine.service", Component.SYSTEM, _quarantine(declaration, places), places),
        _unit("hauberk-quarantine.timer", Component.SYSTEM, _daily("Deletes what has been on hold for too long"), places),
        RenderedFile("/etc/resolv.conf", _resolver(declaration, role).encode(), Component.SYSTEM),
        RenderedFile("/etc/systemd/journald.conf.d/hauberk.conf", _journal(declaration).encode(), Component.SYSTEM),
        _unit("clamav-daemon.service.d/hauberk.conf", Component.CLAMAV, _SCANNER, places),
        _renewal(declaration, role, places),
    ]
    if role is Role.MTA:
        found += [
            _unit("hauberk-policy-server.service", Component.POLICY_SERVER, _policy_server(declaration, places), places),
            _unit("hauberk-mta-sts.service", Component.MTA_STS, _mta_sts(declaration, places), places),
            _unit("hauberk-signature-server.service", Component.SIGNATURE_SERVER, _signature_server(declaration, places), places),
        ]
    return tuple(found)


def folders(role: Role, places: Places) -> tuple[Folder, ...]:
    return (Folder(places.mta_sts, 0o750, "hauberk:hauberk" if places.installed else "root:root"),) if role is Role.MTA else ()


def _unit(name: str, component: Component, text: str, places: Places) -> RenderedFile:
    return RenderedFile(f"{places.systemd}/{name}", text.encode(), component)


def _service(what: str, command: str, user: str, more: str = "") -> str:
    return f"""[Unit]
Description={plain(what)}
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={plain(command)}
ExecReload=/bin/kill -HUP $MAINPID
User={user}
{_CONFINED}{more}
[Install]
WantedBy=multi-user.target
"""


def _gateway(role: Role, places: Places) -> str:
    # The directory of accounts belongs to Postfix's group, which has no member.
    groups = "SupplementaryGroups=postfix\n" if role is Role.MDA else ""
    more = f"{groups}RuntimeDirectory=hauberk\nReadWritePaths={places.hauberk_data}\nMemoryMax=2G\n"
    return _service("Hauberk's content gateway", f"{places.python} -m hauberk.system.gateway {places.gateway}", "hauberk", more)


def _policy_server(declaration: Declaration, places: Places) -> str:
    held = declaration.certificates.mta
    listen = " ".join(f"--listen {one}" for one in declaration.mta.addresses)
    given = f"--policy {places.policy_server} --certificate {held.certificate} --key {held.key} {listen} --port {ports.HTTPS}"
    # It begins as root, for the port and the key, and goes on as nobody's user.
    return _service("Serves the MTA-STS policy", f"{places.python} -m hauberk.system.policy_server {given} --user hauberk", "root")


def _mta_sts(declaration: Declaration, places: Places) -> str:
    given = f"--port {ports.MTA_STS} --keep {places.mta_sts}/policies.json --authorities {declaration.certificates.authorities}"
    more = f"ReadWritePaths={places.mta_sts}\n"
    return _service("Tells Postfix about MTA-STS policies", f"{places.python} -m hauberk.system.outward {given}", "hauberk", more)


def _signature_server(declaration: Declaration, places: Places) -> str:
    listen = " ".join(f"--listen {one}" for one in declaration.mta.addresses)
    given = f"--folder {places.clamav_database} {listen} --port {ports.SIGNATURES}"
    return _service("Gives virus signatures to the MDA", f"{places.python} -m hauberk.system.signature_server {given}", "hauberk")


def _quarantine(declaration: Declaration, places: Places) -> str:
    # Postfix keeps the age of a message on hold in its file's modification time; the file's name is the queue id.
    days = declaration.retention.quarantine
    return f"""[Unit]
Description=Deletes what has been on hold for more than {days} days

[Service]
Type=oneshot
ExecStart=/bin/sh -c "find {places.postfix_spool}/hold -type f -mtime +{days} -printf '%%f\\n' | postsuper -d - hold"
"""


def _daily(what: str) -> str:
    return f"""[Unit]
Description={what}

[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=yes

[Install]
WantedBy=timers.target
"""


def _renewal(declaration: Declaration, role: Role, places: Places) -> RenderedFile:
    """What the ACME client runs after a renewal: certbot finds it by its folder; lego and acme.sh are told (run-hook, reloadcmd)."""
    held = declaration.certificates.mta if role is Role.MTA else declaration.certificates.mda
    units = ("postfix", "hauberk-policy-server") if role is Role.MTA else ("postfix", "dovecot")
    path = "/etc/letsencrypt/renewal-hooks/deploy/hauberk" if held.acme == "certbot" else f"{places.hauberk}/certificate-renewed"
    text = f"#!/bin/sh\nexec systemctl restart {' '.join(units)}\n"
    return RenderedFile(path, text.encode(), Component.SYSTEM, 0o755)


def _resolver(declaration: Declaration, role: Role) -> str:
    """`trust-ad`: without it libc drops the AD bit, and Postfix finds no DANE (resolv.conf(5))."""
    servers = ("127.0.0.1",) if role is Role.MTA else tuple(str(one) for one in declaration.mta.addresses)
    return "# Written by `hauberk system apply`.\n" + "".join(f"nameserver {one}\n" for one in servers) + "options trust-ad edns0\n"


def _journal(declaration: Declaration) -> str:
    return f"[Journal]\nStorage=persistent\nMaxRetentionSec={declaration.retention.log}day\n"
