"""Postfix on the MDA: takes mail from people who have signed in, as themselves, and hands it to the MTA."""

from hauberk.system import ports
from hauberk.system.declaration import Declaration
from hauberk.system.directory import SENDER
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render import postfix
from hauberk.system.render.postfix import Section, Service, Settings, listen
from hauberk.system.tree import Component, RenderedFile

# The gateway comes last: it may encrypt, and then nothing after it could look inside.
MILTERS = (f"inet:127.0.0.1:{ports.RSPAMD_MILTER}", f"inet:127.0.0.1:{ports.GATEWAY}")

# Where a workstation stands in the network, and who signed in, is nobody's business outside.
_HEADER_CHECKS = "/^Received: .*\\(Authenticated sender:/ IGNORE\n"


def files(declaration: Declaration, material: Material, places: Places) -> tuple[RenderedFile, ...]:
    """main.cf, master.cf and the tables."""
    senders, sender_table = postfix.lookup("senders", SENDER, places, declaration.accounts, material)
    sections = (
        *postfix.host_sections(declaration.mda, declaration, places),
        Section(
            "Everything goes through the MTA, over a link that both ends prove; what it cannot take now it is offered again soon",
            (
                ("relay_domains", ""),
                ("relayhost", f"[{declaration.mta.addresses[0]}]:{ports.RELAY}"),
                ("header_checks", f"regexp:{places.postfix}/header_checks"),
                # Else a few refusals to begin (a filter that restarts) hold up everything for five minutes, also what comes after.
                ("smtp_destination_concurrency_failed_cohort_limit", "0"),
                ("queue_run_delay", "30s"),
                ("minimal_backoff_time", "30s"),
                ("maximal_backoff_time", "10m"),
            ),
        ),
        _access(declaration, sender_table),
        postfix.strict_smtp(declaration),
        Section("TLS", (*postfix.tls(), *_people_tls(declaration), *_link_tls(declaration, places))),
        postfix.filters(MILTERS),
    )
    return (
        *postfix.files(places, postfix.main_cf(sections), postfix.master_cf(_services(declaration))),
        senders,
        RenderedFile(f"{places.postfix}/header_checks", _HEADER_CHECKS.encode(), Component.POSTFIX),
    )


def _access(declaration: Declaration, senders: str) -> Section:
    return Section(
        "Nobody without signing in, and nobody as somebody else",
        (
            ("smtpd_relay_restrictions", "permit_sasl_authenticated, reject"),
            ("smtpd_client_restrictions", "reject_unauth_pipelining"),
            ("smtpd_helo_restrictions", ""),
            ("smtpd_sender_restrictions", "reject_non_fqdn_sender, reject_sender_login_mismatch, permit_sasl_authenticated, reject"),
            ("smtpd_recipient_restrictions", "reject_non_fqdn_recipient, permit_sasl_authenticated, reject"),
            ("smtpd_sender_login_maps", senders),
            ("smtpd_sasl_type", "dovecot"),
            ("smtpd_sasl_path", "private/auth"),
            ("smtpd_sasl_security_options", "noanonymous"),
            ("smtpd_sasl_authenticated_header", "yes"),
            ("smtpd_sasl_auth_enable", "no"),
            # Nothing here is decided by the name of a workstation, and the DNS would be one thing more to wait for.
            ("smtpd_peername_lookup", "no"),
            ("smtpd_client_connection_rate_limit", str(declaration.policy.client_connections_a_minute)),
            ("smtpd_client_message_rate_limit", str(declaration.policy.submissions_a_minute)),
        ),
    )


def _people_tls(declaration: Declaration) -> Settings:
    held = declaration.certificates.mda
    return (
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_tls_auth_only", "yes"),
        ("smtpd_tls_chain_files", f"{held.key}, {held.certificate}"),
    )


def _link_tls(declaration: Declaration, places: Places) -> Settings:
    return (
        ("smtp_tls_security_level", "secure"),
        ("smtp_tls_CAfile", f"{places.inner}/authority.pem"),
        ("smtp_tls_secure_cert_match", declaration.mta.name),
        ("smtp_tls_chain_files", f"{places.inner}/link.key, {places.inner}/link.pem"),
    )


def _services(declaration: Declaration) -> tuple[Service, ...]:
    """Submissions with implicit TLS only (RFC 8314, 3.3)."""
    options: Settings = (
        ("syslog_name", "postfix/submissions"),
        ("smtpd_tls_wrappermode", "yes"),
        ("smtpd_sasl_auth_enable", "yes"),
    )
    doors = (
        Service(listen(one, ports.SUBMISSIONS), "smtpd", kind="inet", private="n", options=options) for one in declaration.mda.addresses
    )
    return (*doors, *postfix.INNER_SERVICES)
