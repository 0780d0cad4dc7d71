"""What stands on the play's internet: name servers, a public resolver and the partner's mail server, as files and daemons. Pure.

Postfix and Unbound here are the partner's, not ours: plain settings that are no part of what is proved.
"""

import sys
from dataclasses import dataclass

from hauberk.system.declaration import Zone
from hauberk.system.stage import play, signatures
from hauberk.system.stage.daemons import Daemon, Door
from hauberk.system.stage.dnstree import NameServer, Tree, file_name, nsd_conf
from hauberk.system.stage.pki import Leaf
from hauberk.system.tree import Component, Folder, RenderedFile
from hauberk.system.tree import Tree as HostTree
from hauberk.system.tree import tree as host_tree

_DOMAINS = (play.PARTNER, play.WRONG_TLSA, play.MTA_STS, play.BROKEN_MTA_STS, play.ATTACKER)
SERVER = NameServer(play.NAME_SERVER, play.NAME_SERVER_ADDRESSES)
_SINK = 5000  # user and group of the partner's mailboxes


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything below one folder, `root`."""

    root: str

    @property
    def mail(self) -> str:
        """One mailbox a domain outside, as DOMAIN/all (maildir)."""
        return f"{self.root}/mail"

    @property
    def www(self) -> str:
        """What the partner's web server serves in clear: virus signatures."""
        return f"{self.root}/www"

    @property
    def dns(self) -> str:
        return f"{self.root}/dns"

    @property
    def log(self) -> str:
        return f"{self.root}/log"

    @property
    def postfix(self) -> str:
        return f"{self.root}/postfix"

    @property
    def run(self) -> str:
        return f"{self.root}/run"


def tree(outside: Outside, zones: Tree, partner: Leaf, policies: Leaf) -> HostTree:
    """The files of the zone `internet`."""
    texts = {
        f"{outside.dns}/nsd.conf": nsd_conf(zones, SERVER, f"{outside.dns}/zones", outside.run, outside.log),
        f"{outside.dns}/unbound.conf": _resolver(outside),
        f"{outside.dns}/root.anchor": zones.anchor,
        f"{outside.dns}/root.hints": zones.hints,
        f"{outside.postfix}/main.cf": _main_cf(outside),
        f"{outside.postfix}/master.cf": _MASTER_CF,
        f"{outside.postfix}/mailboxes": "".join(f"@{one} {one}/all/\n" for one in _DOMAINS),
        **{f"{outside.root}/{domain}.policy": _policy(domain) for domain in play.POLICY_ADDRESSES},
        f"{outside.root}/policies.pem": policies.chain_pem.decode(),
        f"{outside.root}/policies.key": policies.key_pem.decode(),
        f"{outside.postfix}/partner.pem": partner.key_pem.decode() + partner.chain_pem.decode(),
        **{f"{outside.www}/{name}": text for name, text in signatures.files().items()},
        **{f"{outside.dns}/zones/{file_name(apex)}": text for apex, text in zones.zones.items()},
    }
    folders = (
        *(
            Folder(one)
            for one in (outside.root, outside.log, outside.run, outside.dns, f"{outside.dns}/zones", outside.postfix, outside.www)
        ),
        Folder(f"{outside.root}/spool"),
        Folder(f"{outside.root}/data", 0o700, "postfix:postfix"),
        Folder(outside.mail, 0o700, f"{_SINK}:{_SINK}"),
    )
    return host_tree((RenderedFile(path, text.encode(), Component.SYSTEM) for path, text in texts.items()), folders)


def daemons(outside: Outside) -> tuple[Daemon, ...]:
    return (
        Daemon(
            "outside.nsd",
            Zone.INTERNET,
            ("nsd", "-d", "-c", f"{outside.dns}/nsd.conf"),
            tuple(Door(one, 53) for one in SERVER.addresses),
        ),
        Daemon("outside.unbound", Zone.INTERNET, ("unbound", "-d", "-c", f"{outside.dns}/unbound.conf"), (Door("127.0.0.1", 53),)),
        Daemon(
            "outside.web",
            Zone.INTERNET,
            (sys.executable, "-m", "http.server", "80", "--bind", play.PARTNER_ADDRESSES[0], "--directory", outside.www),
            (Door(play.PARTNER_ADDRESSES[0], 80),),
        ),
        *(_policy_server(outside, domain, address) for domain, address in play.POLICY_ADDRESSES.items()),
        Daemon(
            "outside.postfix",
            Zone.INTERNET,
            ("postfix", "-c", outside.postfix, "start-fg"),
            tuple(Door(one, 25) for one in (*play.PARTNER_ADDRESSES, *play.WRONG_TLSA_ADDRESSES)),
        ),
    )


def _resolver(outside: Outside) -> str:
    private = "".join(f'  local-zone: "{one}" nodefault\n' for one in play.PRIVATE_ZONES)
    return f"""server:
  verbosity: 1
  num-threads: 1
  interface: 127.0.0.1
  interface: {play.RESOLVER_ADDRESS}
  access-control: 0.0.0.0/0 allow
  use-syslog: no
  logfile: "{outside.log}/unbound.log"
  pidfile: "{outside.run}/unbound.pid"
  username: ""
  chroot: ""
  directory: "{outside.dns}"
  root-hints: "{outside.dns}/root.hints"
  trust-anchor-file: "{outside.dns}/root.anchor"
  module-config: "validator iterator"
  val-log-level: 2
  harden-dnssec-stripped: yes
  qname-minimisation: yes
  cache-max-negative-ttl: 5
{private}remote-control:
  control-enable: no
"""


def _main_cf(outside: Outside) -> str:
    listening = ", ".join(f"[{one}]" if ":" in one else one for one in (*play.PARTNER_ADDRESSES, *play.WRONG_TLSA_ADDRESSES))
    domains = ", ".join(_DOMAINS)
    return f"""compatibility_level = 3.6
queue_directory = {outside.root}/spool
data_directory = {outside.root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
multi_instance_enable = yes
multi_instance_name = postfix-outside
maillog_file = {outside.log}/postfix.log
maillog_file_prefixes = {outside.log}
mail_owner = postfix
setgid_group = postdrop
myhostname = {play.PARTNER_HOST}
myorigin = {play.PARTNER_HOST}
inet_interfaces = {listening}
inet_protocols = all
smtp_bind_address = {play.PARTNER_ADDRESSES[0]}
smtp_bind_address6 = {play.PARTNER_ADDRESSES[1]}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks =
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {outside.mail}
virtual_mailbox_maps = texthash:{outside.postfix}/mailboxes
virtual_uid_maps = static:{_SINK}
virtual_gid_maps = static:{_SINK}
recipient_delimiter = +
message_size_limit = 52428800
virtual_mailbox_limit = 0
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {outside.postfix}/partner.pem
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
"""


def _policy(domain: str) -> str:
    return f"version: STSv1\r\nmode: enforce\r\nmx: mx.{domain}\r\nmax_age: 86400\r\n"


def _policy_server(outside: Outside, domain: str, address: str) -> Daemon:
    given = ("--policy", f"{outside.root}/{domain}.policy", "--listen", address)
    held = ("--certificate", f"{outside.root}/policies.pem", "--key", f"{outside.root}/policies.key")
    command = (sys.executable, "-m", "hauberk.system.policy_server", *given, *held)
    return Daemon(f"outside.policy.{domain}", Zone.INTERNET, command, (Door(address, 443),))


_MASTER_CF = """smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
