"""Dovecot 2.3 on the MDA: mailboxes over IMAP, delivery over LMTP, and who people are, for Postfix too."""

from hauberk.system import ports
from hauberk.system.declaration import Declaration, SourceKind
from hauberk.system.directory import APP_PASSWORD, MAILBOX, MAILBOXES, PASSWORD
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render.guard import plain
from hauberk.system.render.postgresql import libpq
from hauberk.system.tree import Component, Folder, RenderedFile

VMAIL = 5000  # user and group that own all mail
_SESSIONS = 1000  # of IMAP, of all people together

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def files(declaration: Declaration, material: Material, places: Places) -> tuple[RenderedFile, ...]:
    """dovecot.conf and the two SQL files (they hold the directory's password, if it has one)."""
    return (
        RenderedFile(f"{places.dovecot}/dovecot.conf", _main(declaration, places).encode(), Component.DOVECOT),
        _sql(f"{places.dovecot}/accounts.conf", declaration, material, places, PASSWORD),
        _sql(f"{places.dovecot}/app-passwords.conf", declaration, material, places, APP_PASSWORD),
        RenderedFile(f"{places.dovecot}/spam-to-junk.sieve", _JUNK.encode(), Component.DOVECOT),
    )


def folders(places: Places) -> tuple[Folder, ...]:
    return (
        Folder(places.dovecot),
        Folder(places.dovecot_run),
        Folder(places.dovecot_state),
        Folder(places.mail, 0o700, f"{VMAIL}:{VMAIL}"),
        # Postfix has no group but its own, so that it is the one that reads the directory.
        Folder(places.directory, 0o2750, "root:postfix"),
        Folder(places.log),
    )


_JUNK = """require ["fileinto", "mailbox"];
if header :contains "X-Spam" "Yes" { fileinto :create "Junk"; }
"""


def _main(declaration: Declaration, places: Places) -> str:
    listeners = ", ".join(str(one) for one in declaration.mda.addresses)
    held = declaration.certificates.mda
    return f"""# Written by `hauberk system apply`; changes made here are lost.
instance_name = {declaration.mda.name}
base_dir = {places.dovecot_run}
state_dir = {places.dovecot_state}
log_path = {"syslog" if places.installed else f"{places.log}/dovecot.log"}
protocols = imap lmtp
listen = {listeners}
login_greeting = ready
mail_location = maildir:{places.mail}/%Lu
mail_uid = {VMAIL}
mail_gid = {VMAIL}
first_valid_uid = {VMAIL}
recipient_delimiter = +
lmtp_rcpt_check_quota = yes

# TLS, and no password without it
ssl = required
ssl_cert = <{plain(held.certificate)}
ssl_key = <{plain(held.key)}
ssl_min_protocol = TLSv1.2
ssl_cipher_list = {_CIPHERS}
ssl_prefer_server_ciphers = yes
disable_plaintext_auth = yes
auth_mechanisms = plain login

# Whoever is shut out is shut out at once: nothing is remembered of earlier answers
auth_cache_size = 0
auth_username_format = %Lu
auth_verbose = yes
passdb {{
  driver = sql
  args = {places.dovecot}/accounts.conf
}}
passdb {{
  driver = sql
  args = {places.dovecot}/app-passwords.conf
}}
userdb {{
  driver = sql
  args = {places.dovecot}/accounts.conf
  override_fields = uid={VMAIL} gid={VMAIL} home={places.mail}/%Lu
}}

namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe{_expunge(declaration.retention.trash)}
  }}
}}

# A process for each open session, so that none can look into another; Dovecot's own limit is a hundred in all.
service imap-login {{
  process_limit = {_SESSIONS}
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {ports.IMAPS}
    ssl = yes
  }}
}}
service lmtp {{
{_lmtp(declaration)}
}}
service anvil {{
  client_limit = {_SESSIONS * 2}
}}
service auth {{
  client_limit = {_SESSIONS * 3}
  unix_listener {places.postfix_spool}/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service auth-worker {{
  extra_groups = postfix
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
protocol lmtp {{
  ssl_cert = <{places.inner}/link.pem
  ssl_key = <{places.inner}/link.key
  postmaster_address = {declaration.postmaster}
  mail_plugins = $mail_plugins sieve
}}
plugin {{
  sieve_before = {places.dovecot}/spam-to-junk.sieve
}}
"""


def _expunge(days: int) -> str:
    return f"\n    autoexpunge = {days}d" if days else ""


def _lmtp(declaration: Declaration) -> str:
    """One listener an address; the MTA knows the first one."""
    return "\n".join(
        f"  inet_listener lmtp{number or ''} {{\n    address = {one}\n    port = {ports.LMTP}\n  }}"
        for number, one in enumerate(declaration.mda.addresses)
    )


def _sql(path: str, declaration: Declaration, material: Material, places: Places, password_query: str) -> RenderedFile:
    source = declaration.accounts
    remote = source.kind is SourceKind.POSTGRESQL
    driver, connect = ("pgsql", libpq(source.where, material.directory_password)) if remote else ("sqlite", source.where or places.accounts)
    text = f"""driver = {driver}
connect = {plain(connect)}
default_pass_scheme = ARGON2ID
password_query = {password_query}
user_query = {MAILBOX}
iterate_query = {MAILBOXES}
"""
    return RenderedFile(path, text.encode(), Component.DOVECOT, 0o600, secret=remote)
