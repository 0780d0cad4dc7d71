"""Where things live on a host: Debian's normal places, or all under one folder, so that several hosts live on one machine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """Folders (absolute, without a slash at the end). `installed`: Debian's places, under systemd."""

    postfix: str = "/etc/postfix"
    postfix_spool: str = "/var/spool/postfix"
    postfix_data: str = "/var/lib/postfix"
    dovecot: str = "/etc/dovecot"
    dovecot_run: str = "/run/dovecot"
    dovecot_state: str = "/var/lib/dovecot"
    rspamd: str = "/etc/rspamd"
    rspamd_data: str = "/var/lib/rspamd"
    rspamd_run: str = "/run/rspamd"
    rspamd_log: str = "/var/log/rspamd"
    clamav: str = "/etc/clamav"
    clamav_database: str = "/var/lib/clamav"
    clamav_run: str = "/run/clamav"
    clamav_log: str = "/var/log/clamav"
    unbound: str = "/etc/unbound"
    unbound_data: str = "/var/lib/unbound"
    unbound_run: str = "/run"
    nftables: str = "/etc"
    postsrsd: str = "/etc/default"
    hauberk: str = "/etc/hauberk"
    hauberk_data: str = "/var/lib/hauberk"
    hauberk_run: str = "/run/hauberk"
    systemd: str = "/etc/systemd/system"
    log: str = "/var/log/hauberk"
    mail: str = "/var/vmail"
    python: str = "/opt/hauberk/bin/python"
    installed: bool = True

    @classmethod
    def under(cls, root: str, python: str = "/usr/bin/python3") -> "Places":
        """A host of its own below `root`; nothing of it lies elsewhere. The path should be short: sockets have at most 107 octets."""
        return cls(
            postfix=f"{root}/postfix",
            postfix_spool=f"{root}/spool",
            postfix_data=f"{root}/data",
            dovecot=f"{root}/dovecot",
            dovecot_run=f"{root}/run/dovecot",
            dovecot_state=f"{root}/state/dovecot",
            rspamd=f"{root}/rspamd",
            rspamd_data=f"{root}/state/rspamd",
            rspamd_run=f"{root}/run/rspamd",
            clamav=f"{root}/clamav",
            clamav_database=f"{root}/state/clamav",
            clamav_run=f"{root}/run/clamav",
            clamav_log=f"{root}/log/clamav",
            rspamd_log=f"{root}/log/rspamd",
            unbound=f"{root}/unbound",
            unbound_data=f"{root}/state/unbound",
            unbound_run=f"{root}/run",
            nftables=f"{root}/nftables",
            postsrsd=f"{root}/postsrsd",
            hauberk=f"{root}/hauberk",
            hauberk_data=f"{root}/state/hauberk",
            hauberk_run=f"{root}/run/hauberk",
            systemd=f"{root}/systemd",
            log=f"{root}/log",
            mail=f"{root}/mail",
            python=python,
            installed=False,
        )

    @property
    def clamd_socket(self) -> str:
        """Installed, it is systemd that opens it, and clamd's own setting has no say: Debian's name, then."""
        return f"{self.clamav_run}/{'clamd.ctl' if self.installed else 'clamd.sock'}"

    @property
    def applied(self) -> str:
        """What apply remembers on the host: the manifest, and the files as they were before."""
        return f"{self.hauberk_data}/applied"

    @property
    def accounts(self) -> str:
        """The account directory of the MDA (SQLite), in a folder that only the daemons which ask it can enter."""
        return f"{self.directory}/accounts.sqlite"

    @property
    def directory(self) -> str:
        return f"{self.hauberk_data}/directory"

    @property
    def mta_sts(self) -> str:
        """The MTA-STS policies of others that the MTA has seen."""
        return f"{self.hauberk_data}/mta-sts"

    @property
    def recipients(self) -> str:
        """The list of recipients that is pushed to the MTA (SQLite)."""
        return f"{self.hauberk_data}/recipients.sqlite"

    @property
    def content_keys(self) -> str:
        """Public keys of correspondents, on the MDA only."""
        return f"{self.hauberk_data}/keys"

    @property
    def dkim(self) -> str:
        return f"{self.hauberk}/dkim"

    @property
    def inner(self) -> str:
        """Certificate, key and authority of the links between MTA and MDA."""
        return f"{self.hauberk}/inner"

    @property
    def gateway(self) -> str:
        return f"{self.hauberk}/gateway.toml"

    @property
    def policy_server(self) -> str:
        """The MTA-STS policy that is served on port 443."""
        return f"{self.hauberk}/mta-sts.txt"
