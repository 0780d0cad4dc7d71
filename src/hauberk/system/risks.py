"""Unsafe choices by name: each is refused, unless `confirm` names it, and then shown loudly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hauberk.system.declaration import Declaration, DmarcPolicy, MtaStsMode, OnEncrypted
from hauberk.system.toml_lines import Path


@dataclass(frozen=True, slots=True)
class Risk:
    """An unsafe choice. `name` stands in `confirm` where the organisation takes it; `what` says what can then happen."""

    name: str
    path: Path
    what: str
    taken: Callable[[Declaration], bool]


def _same_engines(declaration: Declaration) -> bool:
    ours = {declaration.engines.first.family, declaration.engines.second.family}
    return bool(declaration.workstation_products) and ours <= {one.family for one in declaration.workstation_products}


def _unlimited(declaration: Declaration) -> bool:
    policy = declaration.policy
    return 0 in (policy.client_connections_a_minute, policy.client_messages_a_minute, policy.submissions_a_minute)


RISKS: Final = (
    Risk(
        "same-engine-as-workstations",
        ("workstation_products",),
        "the server's virus engines are those of the workstations: what one misses, the other misses too (measure M2)",
        _same_engines,
    ),
    Risk("dmarc-none", ("dns", "dmarc"), "anybody can write in the organisation's name", lambda d: d.dns.dmarc is DmarcPolicy.NONE),
    Risk(
        "mta-sts-off",
        ("dns", "mta_sts"),
        "senders without DANE can be made to send mail to us in clear",
        lambda d: d.dns.mta_sts is MtaStsMode.NONE,
    ),
    Risk(
        "encrypted-archives-pass",
        ("policy", "attachments", "encrypted_archives"),
        "what is in an encrypted archive reaches people unscanned",
        lambda d: d.policy.attachments.encrypted_archives is OnEncrypted.ACCEPT,
    ),
    Risk(
        "no-attachment-policy",
        ("policy", "attachments", "refused"),
        "programs and scripts reach people as attachments",
        lambda d: d.policy.attachments.refused == (),
    ),
    Risk(
        "confidential-in-clear",
        ("confidentiality", "enabled"),
        "what people mark as confidential leaves without encryption of its content (measure M9)",
        lambda d: not d.confidentiality.enabled,
    ),
    Risk(
        "way-out-of-the-inside",
        ("confidentiality", "wkd"),
        "the host with the mailboxes may connect to port 443 of any host, and so may whoever breaks into it (measure M5)",
        lambda d: d.confidentiality.enabled and d.confidentiality.wkd,
    ),
    Risk("no-rate-limits", ("policy",), "one stolen password or one client can send without limit", _unlimited),
    Risk("short-dkim-keys", ("dkim", "bits"), "keys of less than 2048 bits are within reach (RFC 8301, 3.2)", lambda d: d.dkim.bits < 2048),
    Risk(
        "spam-passes",
        ("policy", "spam_reject"),
        "hardly any spam has a score so high, so hardly any is refused (measure M3)",
        lambda d: d.policy.spam_reject > 30,
    ),
    Risk(
        "old-signatures",
        ("engines", "updates_days"),
        "signatures older than a week miss what is going round (measure M1)",
        lambda d: d.engines.updates_days > 7,
    ),
)


def taken_risks(declaration: Declaration) -> tuple[Risk, ...]:
    """The risks that this declaration takes, confirmed or not."""
    return tuple(risk for risk in RISKS if risk.taken(declaration))
