"""Postfix: what both hosts have in common, and how main.cf and master.cf are written (postconf(5), master(5))."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hauberk.system.declaration import AccountSource, Address, Declaration, Host, SourceKind
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render import openssl
from hauberk.system.render.guard import plain
from hauberk.system.tree import Component, Folder, RenderedFile

Settings = tuple[tuple[str, str], ...]

# Debian's defaults accept anonymous suites. SHA1, SHA256 and SHA384 mean the CBC suites with these checksums.
EXCLUDED: Final = (
    "aNULL, eNULL, EXPORT, LOW, MD5, RC4, 3DES, SEED, IDEA, kRSA, kDHE, SHA1, SHA256, SHA384, ARIA, CAMELLIA, AESCCM8, PSK, SRP"
)
CURVES: Final = "X25519 prime256v1 secp384r1"
PROCESSES: Final = 100  # of one service: as many people or servers are listened to at the same time, on each address


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together, under one line of comment."""

    about: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Service:
    """One line of master.cf; nothing runs in a chroot, which here would only hide the resolver and the sockets."""

    name: str
    command: str
    kind: str = "unix"
    private: str = "-"
    wakeup: str = "-"
    maximum: str = "-"
    options: Settings = ()


INNER_SERVICES: Final = (
    Service("pickup", "pickup", private="n", wakeup="60", maximum="1"),
    Service("cleanup", "cleanup", private="n", maximum="0"),
    Service("qmgr", "qmgr", private="n", wakeup="300", maximum="1"),
    Service("tlsmgr", "tlsmgr", wakeup="1000?", maximum="1"),
    Service("rewrite", "trivial-rewrite"),
    Service("bounce", "bounce", maximum="0"),
    Service("defer", "bounce", maximum="0"),
    Service("trace", "bounce", maximum="0"),
    Service("verify", "verify", maximum="1"),
    Service("flush", "flush", private="n", wakeup="1000?", maximum="0"),
    Service("proxymap", "proxymap"),
    Service("proxywrite", "proxymap", maximum="1"),
    Service("smtp", "smtp"),
    Service("relay", "smtp"),
    Service("showq", "showq", private="n"),
    Service("error", "error"),
    Service("retry", "error"),
    Service("discard", "discard"),
    Service("lmtp", "lmtp"),
    Service("anvil", "anvil", maximum="1"),
    Service("scache", "scache", maximum="1"),
    Service("postlog", "postlogd", kind="unix-dgram", private="n", maximum="1"),
)


def main_cf(sections: Iterable[Section]) -> bytes:
    """The text of main.cf. Raises `ValueError` where a setting is given twice."""
    seen: set[str] = set()
    lines: list[str] = ["# Written by `hauberk system apply`; changes made here are lost."]
    for section in sections:
        lines += ["", f"# {section.about}"]
        for name, value in section.settings:
            if name in seen:
                raise ValueError(f"main.cf: {name} twice")
            seen.add(name)
            lines.append(f"{name} = {plain(value)}".rstrip())
    return ("\n".join(lines) + "\n").encode()


def master_cf(services: Iterable[Service]) -> bytes:
    lines = ["# service type private unpriv chroot wakeup maxproc command"]
    for one in services:
        lines.append(f"{one.name:<24} {one.kind:<10} {one.private} - n {one.wakeup:<5} {one.maximum} {one.command}")
        # A value with white space in it is written in braces (master(5), 3.0 and later).
        lines += [f"  -o {{ {name} = {plain(value)} }}" for name, value in one.options]
    return ("\n".join(lines) + "\n").encode()


def listen(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def host_sections(host: Host, declaration: Declaration, places: Places) -> tuple[Section, ...]:
    """Who this is and where its files are."""
    versions = {one.version for one in host.addresses}
    loopback = ("127.0.0.1",) if versions == {4} else ("[::1]",) if versions == {6} else ("127.0.0.1", "[::1]")
    sources = tuple((f"smtp_bind_address{'6' if one.version == 6 else ''}", str(one)) for one in _first_of_each(host.addresses))
    # Installed, it is the only Postfix there, and the system's log is its log.
    own = (
        ("maillog_file", f"{places.log}/postfix.log"),
        ("maillog_file_prefixes", places.log),
        ("multi_instance_enable", "yes"),
        ("multi_instance_name", f"postfix-{host.name.partition('.')[0]}"),
    )
    return (
        Section(
            "Where it lives",
            (
                ("compatibility_level", "3.6"),
                ("queue_directory", places.postfix_spool),
                ("data_directory", places.postfix_data),
                ("command_directory", "/usr/sbin"),
                ("daemon_directory", "/usr/lib/postfix/sbin"),
                ("mail_owner", "postfix"),
                ("setgid_group", "postdrop"),
                ("import_environment", openssl.environment(places)),
                ("default_process_limit", str(PROCESSES)),
                *(() if places.installed else own),
            ),
        ),
        Section(
            "Who it is",
            (
                ("mail_name", "ESMTP"),
                ("myhostname", host.name),
                ("mydomain", declaration.domains[0]),
                ("myorigin", declaration.domains[0]),
                ("smtpd_banner", "$myhostname ESMTP"),
                ("inet_protocols", "all" if len(versions) == 2 else f"ipv{versions.pop()}"),
                ("inet_interfaces", ", ".join((*(f"[{one}]" if one.version == 6 else str(one) for one in host.addresses), *loopback))),
                ("proxy_interfaces", ", ".join(f"[{one}]" if one.version == 6 else str(one) for one in host.public)),
                *sources,
            ),
        ),
        Section(
            "No mail is local here, and no network is trusted because of its address",
            (
                ("mydestination", ""),
                ("local_transport", "error:5.1.1 no local delivery on this host"),
                ("local_recipient_maps", ""),
                ("alias_maps", ""),
                ("alias_database", ""),
                ("mynetworks_style", "host"),
                ("mynetworks", " ".join(loopback).replace("127.0.0.1", "127.0.0.1/32").replace("[::1]", "[::1]/128")),
                ("authorized_submit_users", "root"),
            ),
        ),
    )


def _first_of_each(addresses: Iterable[Address]) -> tuple[Address, ...]:
    found: dict[int, Address] = {}
    for one in addresses:
        found.setdefault(one.version, one)
    return tuple(found.values())


def strict_smtp(declaration: Declaration) -> Section:
    """Against smuggling (bare newlines, early pipelining), odd addresses and curiosity."""
    return Section(
        "SMTP to the letter: no smuggling, no relay forms, nothing to find out",
        (
            ("smtpd_forbid_bare_newline", "reject"),
            ("smtpd_forbid_bare_newline_exclusions", ""),
            ("smtpd_forbid_unauth_pipelining", "yes"),
            ("smtpd_data_restrictions", "reject_unauth_pipelining, reject_multi_recipient_bounce"),
            ("strict_rfc821_envelopes", "yes"),
            ("allow_percent_hack", "no"),
            ("swap_bangpath", "no"),
            ("allow_untrusted_routing", "no"),
            ("resolve_dequoted_address", "yes"),
            ("disable_vrfy_command", "yes"),
            ("smtpd_etrn_restrictions", "reject"),
            ("smtpd_discard_ehlo_keywords", "chunking, etrn, dsn, silent-discard"),
            ("smtpd_helo_required", "yes"),
            ("smtpd_delay_reject", "yes"),
            ("smtpd_reject_unlisted_recipient", "yes"),
            ("smtpd_hard_error_limit", "10"),
            ("smtpd_soft_error_limit", "5"),
            ("smtpd_timeout", "${stress?{10}:{120}}s"),
            ("message_size_limit", str(declaration.policy.message_octets)),
            ("mailbox_size_limit", "0"),
            ("recipient_delimiter", "+"),
            # A returned message could bring its virus back with it, and then nobody would be told: headers only.
            ("bounce_size_limit", "1"),
            ("maximal_queue_lifetime", f"{declaration.retention.queue}d"),
            ("bounce_queue_lifetime", f"{declaration.retention.bounce}d"),
            ("delay_warning_time", "4h"),
            ("unknown_local_recipient_reject_code", "550"),
            ("unverified_recipient_reject_code", "550"),
        ),
    )


def filters(milters: Iterable[str], bounces: str = "") -> Section:
    """Content is looked at before the queue; what cannot be is asked to come again. `bounces` signs what Postfix itself writes."""
    return Section(
        "Content filters before the queue; without them nothing is taken",
        (
            ("smtpd_milters", ", ".join(milters)),
            ("non_smtpd_milters", bounces),
            ("internal_mail_filter_classes", "bounce" if bounces else ""),
            ("milter_protocol", "6"),
            ("milter_default_action", "tempfail"),
            ("milter_connect_timeout", "10s"),
            ("milter_command_timeout", "30s"),
            ("milter_content_timeout", "180s"),
            ("milter_mail_macros", "i {mail_addr} {client_addr} {client_name} {auth_authen} {auth_type}"),
        ),
    )


def tls() -> Settings:
    """What holds for every connection."""
    return (
        ("tls_preempt_cipherlist", "yes"),
        ("tls_ssl_options", "NO_RENEGOTIATION"),
        ("tls_eecdh_auto_curves", CURVES),
        ("smtpd_tls_ciphers", "medium"),
        ("smtpd_tls_mandatory_ciphers", "medium"),
        ("smtpd_tls_exclude_ciphers", EXCLUDED),
        ("smtpd_tls_protocols", ">=TLSv1.2"),
        ("smtpd_tls_mandatory_protocols", ">=TLSv1.2"),
        ("smtpd_tls_fingerprint_digest", "sha256"),
        ("smtpd_tls_received_header", "yes"),
        ("smtpd_tls_loglevel", "1"),
        ("smtp_tls_protocols", ">=TLSv1.2"),
        ("smtp_tls_mandatory_protocols", ">=TLSv1.2"),
        ("smtp_tls_mandatory_ciphers", "high"),
        ("smtp_tls_loglevel", "1"),
        ("smtp_host_lookup", "dns"),
    )


def lookup(name: str, query: str, places: Places, source: AccountSource | None, material: Material) -> tuple[RenderedFile, str]:
    """A file of a table that is asked in SQL, and how main.cf names it. `source` None: the list pushed to the MTA (sqlite_table(5))."""
    path = f"{places.postfix}/{name}.cf"
    if source is not None and source.kind is SourceKind.POSTGRESQL:
        from hauberk.system.render.postgresql import postfix_table

        text = postfix_table(source.where, material.directory_password, query)
        return _table(path, text, secret=True), f"proxy:pgsql:{path}"
    where = places.recipients if source is None else source.where or places.accounts
    return _table(path, f"dbpath = {plain(where)}\nquery = {query}\n", secret=False), f"sqlite:{path}"


def _table(path: str, text: str, *, secret: bool) -> RenderedFile:
    return RenderedFile(
        path, text.encode(), Component.POSTFIX, 0o640 if secret else 0o644, "root:postfix" if secret else "root:root", secret
    )


def files(places: Places, main: bytes, master: bytes) -> tuple[RenderedFile, ...]:
    return (
        RenderedFile(f"{places.postfix}/main.cf", main, Component.POSTFIX),
        RenderedFile(f"{places.postfix}/master.cf", master, Component.POSTFIX),
    )


def folders(places: Places) -> tuple[Folder, ...]:
    return (Folder(places.postfix), Folder(places.postfix_spool), Folder(places.postfix_data, 0o700, "postfix:root"), Folder(places.log))
