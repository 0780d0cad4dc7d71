"""Postfix on the MTA: takes mail from everybody for our own domains, and from the MDA for everybody else. It keeps no mailbox."""

from hauberk.system import ports
from hauberk.system.declaration import Declaration
from hauberk.system.directory import ALIAS, RECIPIENT
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render import postfix
from hauberk.system.render.fingerprint import public_key_fingerprint
from hauberk.system.render.postfix import Section, Service, Settings, listen
from hauberk.system.tree import Component, RenderedFile

MILTERS = (f"inet:127.0.0.1:{ports.RSPAMD_MILTER}", f"inet:127.0.0.1:{ports.GATEWAY}")


def files(declaration: Declaration, material: Material, places: Places) -> tuple[RenderedFile, ...]:
    """main.cf, master.cf and the tables."""
    recipients, recipient_table = postfix.lookup("recipients", RECIPIENT, places, None, material)
    aliases, alias_table = postfix.lookup("aliases", ALIAS, places, None, material)
    sections = (
        *postfix.host_sections(declaration.mta, declaration, places),
        _routing(declaration, places, recipient_table, alias_table),
        _access(declaration),
        postfix.strict_smtp(declaration),
        Section("TLS", (*postfix.tls(), *_port_25_tls(declaration), *_outward_tls(declaration), *_inward_tls(declaration, places))),
        postfix.filters(MILTERS, bounces=MILTERS[0]),
        *((_sender_rewriting(),) if declaration.policy.forwarding else ()),
    )
    clients = f"{public_key_fingerprint(material.mda_link.certificate)} {declaration.mda.name}\n"
    return (
        *postfix.files(places, postfix.main_cf(sections), postfix.master_cf(_services(declaration, places))),
        recipients,
        aliases,
        RenderedFile(f"{places.postfix}/transport", _transport(declaration).encode(), Component.POSTFIX),
        RenderedFile(f"{places.postfix}/relay_clientcerts", clients.encode(), Component.POSTFIX),
    )


def _transport(declaration: Declaration) -> str:
    """Mail for our domains goes to the MDA's first address; an MX record or a name would be one more thing to forge."""
    inward = f"lmtp:inet:[{declaration.mda.addresses[0]}]:{ports.LMTP}"
    return "".join(f"{domain} {inward}\n" for domain in declaration.domains)


def _routing(declaration: Declaration, places: Places, recipients: str, aliases: str) -> Section:
    return Section(
        "Our domains, and who is in them",
        (
            ("relay_domains", ", ".join(declaration.domains)),
            ("relay_recipient_maps", recipients),
            ("virtual_alias_maps", aliases),
            ("virtual_alias_domains", ""),
            ("transport_maps", f"texthash:{places.postfix}/transport"),
        ),
    )


def _access(declaration: Declaration) -> Section:
    return Section(
        "Who may send what to whom: nobody relays through port 25",
        (
            ("smtpd_relay_restrictions", "reject_unauth_destination"),
            ("smtpd_client_restrictions", "reject_unauth_pipelining"),
            ("smtpd_helo_restrictions", "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname"),
            ("smtpd_sender_restrictions", "reject_non_fqdn_sender, reject_unknown_sender_domain"),
            ("smtpd_recipient_restrictions", "reject_non_fqdn_recipient, reject_unlisted_recipient"),
            ("smtpd_sasl_auth_enable", "no"),
            ("smtpd_client_connection_rate_limit", str(declaration.policy.client_connections_a_minute)),
            ("smtpd_client_message_rate_limit", str(declaration.policy.client_messages_a_minute)),
        ),
    )


def _port_25_tls(declaration: Declaration) -> Settings:
    held = declaration.certificates.mta
    return (
        ("smtpd_tls_security_level", "may"),
        ("smtpd_tls_auth_only", "yes"),
        ("smtpd_tls_chain_files", f"{held.key}, {held.certificate}"),
    )


def _outward_tls(declaration: Declaration) -> Settings:
    """DANE where the recipient's domain has it (RFC 7672); the policy table adds MTA-STS where it has that instead."""
    return (
        ("smtp_dns_support_level", "dnssec"),
        ("smtp_tls_security_level", "dane"),
        ("smtp_tls_policy_maps", f"socketmap:inet:127.0.0.1:{ports.MTA_STS}:mta-sts"),
        ("smtp_tls_CAfile", declaration.certificates.authorities),
    )


def _inward_tls(declaration: Declaration, places: Places) -> Settings:
    return (
        ("lmtp_tls_security_level", "secure"),
        ("lmtp_tls_CAfile", f"{places.inner}/authority.pem"),
        ("lmtp_tls_secure_cert_match", declaration.mda.name),
        ("lmtp_tls_mandatory_protocols", ">=TLSv1.2"),
        ("lmtp_tls_mandatory_ciphers", "high"),
        ("lmtp_tls_loglevel", "1"),
        ("lmtp_connection_cache_on_demand", "yes"),
        # Else a few refusals to begin hold up everything for five minutes, also what comes after.
        ("lmtp_destination_concurrency_failed_cohort_limit", "0"),
    )


def _sender_rewriting() -> Section:
    """SRS: what is forwarded outside leaves under an address of ours, or SPF would refuse it there (postsrsd(8))."""
    return Section(
        "Forwarding: the envelope sender is rewritten (SRS)",
        (
            ("sender_canonical_maps", f"tcp:127.0.0.1:{ports.SRS_FORWARD}"),
            ("sender_canonical_classes", "envelope_sender"),
            ("recipient_canonical_maps", f"tcp:127.0.0.1:{ports.SRS_REVERSE}"),
            ("recipient_canonical_classes", "envelope_recipient, header_recipient"),
        ),
    )


def _services(declaration: Declaration, places: Places) -> tuple[Service, ...]:
    """Port 25 for the world; the relay port for the one client whose key is known."""
    relay: Settings = (
        ("syslog_name", "postfix/relay"),
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_tls_req_ccert", "yes"),
        ("smtpd_tls_chain_files", f"{places.inner}/link.key, {places.inner}/link.pem"),
        ("smtpd_tls_CAfile", f"{places.inner}/authority.pem"),
        ("relay_clientcerts", f"texthash:{places.postfix}/relay_clientcerts"),
        ("smtpd_client_restrictions", "permit_tls_clientcerts, reject"),
        ("smtpd_peername_lookup", "no"),  # who it is, the certificate says
        ("smtpd_helo_restrictions", ""),
        ("smtpd_sender_restrictions", ""),
        ("smtpd_relay_restrictions", "permit_tls_clientcerts, reject"),
        ("smtpd_recipient_restrictions", "reject_non_fqdn_recipient, reject_unlisted_recipient, permit_tls_clientcerts, reject"),
        ("smtpd_client_connection_rate_limit", "0"),
        ("smtpd_client_message_rate_limit", "0"),
        # The MDA's gateway has looked at it, and has encrypted what is confidential: here it is signed and its virus scan repeated.
        ("smtpd_milters", MILTERS[0]),
    )
    addresses = declaration.mta.addresses
    return (
        *(Service(listen(one, ports.SMTP), "smtpd", kind="inet", private="n") for one in addresses),
        *(Service(listen(one, ports.RELAY), "smtpd", kind="inet", private="n", options=relay) for one in addresses),
        *postfix.INNER_SERVICES,
    )
