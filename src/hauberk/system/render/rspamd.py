"""Rspamd 3.4: on the MTA the spam filter, authentication, signing and the first virus engine; on the MDA that engine alone.

Its virus module lets mail pass when the scanner is gone; a forced action and `soft_reject_on_timeout` turn that into "come again".
Everything is in `local.d`, over the package's own defaults.
"""

from collections.abc import Iterator
from typing import Final

from hauberk.system import ports
from hauberk.system.declaration import Declaration, Role
from hauberk.system.material import DkimKey, Material
from hauberk.system.places import Places
from hauberk.system.render import clamav
from hauberk.system.render.guard import quoted, word
from hauberk.system.render.signing import signing_keys
from hauberk.system.tree import Component, Folder, RenderedFile

# Modules that ask strangers about our mail over ports that the firewall keeps closed, or that want Redis.
_OFF_ALWAYS: Final = ("fuzzy_check", "neural", "history_redis", "greylist", "ratelimit", "replies", "mx_check", "url_redirector", "elastic")
# What a person of ours writes is not judged by where it comes from.
_OFF_INSIDE: Final = (
    *("spf", "dkim", "dkim_signing", "arc", "dmarc", "rbl", "asn", "hfilter", "mid", "once_received", "forged_recipients", "phishing"),
    *("whitelist", "bayes_expiry", "known_senders", "emails", "surbl", "spamtrap", "reputation", "maillist", "trie", "dcc"),
)


def files(declaration: Declaration, material: Material, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """`local.d` and, on the MTA, the keys that sign."""
    texts = dict(_common(declaration, role, places))
    off = _OFF_ALWAYS
    keys: tuple[RenderedFile, ...] = ()
    if role is Role.MTA:
        signers = signing_keys(material)
        texts |= dict(_authentication(declaration, places, signers))
        keys = tuple(
            RenderedFile(_key_path(places, one), one.private, Component.RSPAMD, 0o640, "root:_rspamd", secret=True) for one in signers
        )
    else:
        off += _OFF_INSIDE
    texts |= {f"{module}.conf": "enabled = false;\n" for module in off}
    return (
        *(RenderedFile(f"{places.rspamd}/local.d/{name}", text.encode(), Component.RSPAMD) for name, text in sorted(texts.items())),
        *keys,
    )


def folders(places: Places) -> tuple[Folder, ...]:
    run = Folder(places.rspamd_run, 0o755, "_rspamd:_rspamd") if places.installed else Folder(places.rspamd_run, 0o777)
    return (
        Folder(places.rspamd),
        Folder(f"{places.rspamd}/local.d"),
        Folder(f"{places.rspamd}/override.d"),
        Folder(places.rspamd_data, 0o750, "_rspamd:_rspamd"),
        run,
        Folder(places.log),
        Folder(places.rspamd_log, 0o750, "_rspamd:_rspamd"),
    )


def key_folders(material: Material, places: Places) -> tuple[Folder, ...]:
    """Where the keys that sign lie: on the MTA only."""
    domains = sorted({one.domain for one in material.dkim})
    return tuple(Folder(path, 0o750, "root:_rspamd") for path in (places.dkim, *(f"{places.dkim}/{word(one)}" for one in domains)))


def _key_path(places: Places, key: DkimKey) -> str:
    return f"{places.dkim}/{word(key.domain)}/{word(key.selector)}.key"


def _common(declaration: Declaration, role: Role, places: Places) -> Iterator[tuple[str, str]]:
    """The worker that Postfix asks, and the virus scanner behind it."""
    yield "worker-proxy.inc", _proxy()
    yield "worker-normal.inc", "enabled = false;\n"
    controller = f"{places.rspamd_run}/controller.sock mode=0660 owner=_rspamd group=_rspamd"
    yield "worker-controller.inc", f"bind_socket = {quoted(controller)};\ncount = 1;\n"
    yield "logging.inc", f'type = "file";\nfilename = {quoted(f"{places.rspamd_log}/rspamd.log")};\nlevel = "info";\n'
    yield "options.inc", _options(declaration, role, places)
    yield "antivirus.conf", _antivirus(declaration, places)
    yield "force_actions.conf", _forced(role)
    reject, mark = declaration.policy.spam_reject, declaration.policy.spam_mark
    if role is Role.MDA:
        yield "actions.conf", "reject = null;\nadd_header = null;\nrewrite_subject = null;\ngreylist = null;\n"
        yield "milter_headers.conf", "use = [];\n"
    else:
        yield "actions.conf", f"reject = {reject:g};\nadd_header = {mark:g};\nrewrite_subject = null;\ngreylist = null;\n"


def _proxy() -> str:
    return f"""bind_socket = "127.0.0.1:{ports.RSPAMD_MILTER}";
milter = yes;
timeout = 120s;
count = 2;
upstream "local" {{
  default = yes;
  self_scan = yes;
}}
reject_message = "Message refused: it looks like spam";
quarantine_on_reject = false;
"""


def _options(declaration: Declaration, role: Role, places: Places) -> str:
    local = ["127.0.0.0/8", "::1/128", *(str(one) for one in declaration.mda.addresses)]
    resolver = "127.0.0.1" if role is Role.MTA else str(declaration.mta.addresses[0])
    # The few expressions of the MDA are not worth the seconds that Hyperscan needs to compile them.
    compiled = "" if role is Role.MTA else "disable_hyperscan = true;\n"
    return f"""dns {{
  nameserver = [{quoted(f"{resolver}:{ports.DNS}:10")}];
  timeout = 2s;
  retransmits = 3;
}}
local_addrs = [{", ".join(quoted(one) for one in local)}];
control_socket = {quoted(f"{places.rspamd_run}/rspamd.sock mode=0600")};
task_timeout = 60s;
soft_reject_on_timeout = true;
max_message = {clamav.greatest(declaration)};
{compiled}"""


def _antivirus(declaration: Declaration, places: Places) -> str:
    """Two looks at every message, both of which have to be answered.

    Part by part, Rspamd leaves out what is no attachment: a virus in the text passes, and where there is no attachment a dead scanner
    is not noticed. As a whole, ClamAV decodes the parts itself, but only what it takes for mail by its first line, which a sender can
    choose. Nothing is too big to be scanned: Postfix takes no message that is.
    """
    return "".join(
        f"""{name} {{
  type = "clamav";
  servers = {quoted(places.clamd_socket)};
  symbol = "{symbol}";
  action = "reject";
  message = 'virus found by ClamAV: "${{VIRUS}}"';
  scan_mime_parts = {parts};
  scan_image_mime = {parts};
  max_size = {clamav.greatest(declaration)};
  timeout = 20;
  retransmits = 1;
  log_clean = true;
}}
"""
        for name, symbol, parts in (("clamav", "CLAM_VIRUS", "false"), ("clamav_parts", "CLAM_VIRUS_PARTS", "true"))
    )


def _forced(role: Role) -> str:
    """What the score has no say in. A forger learns no more than a spammer; an honest sender learns what is wrong with the domain."""
    rules = [
        ("SCANNER_GONE", "soft reject", "CLAM_VIRUS_FAIL | CLAM_VIRUS_PARTS_FAIL", "The virus scanner does not answer, try again later")
    ]
    if role is Role.MTA:
        rules.append(("FORGED", "reject", "DMARC_POLICY_REJECT", "Refused by the DMARC policy of the domain in the From field"))
    written = (
        f"  {name} {{\n    action = {quoted(action)};\n    expression = {quoted(symbol)};\n    message = {quoted(said)};\n  }}\n"
        for name, action, symbol, said in rules
    )
    return f"rules {{\n{''.join(written)}}}\n"


def _authentication(declaration: Declaration, places: Places, signers: tuple[DkimKey, ...]) -> Iterator[tuple[str, str]]:
    """SPF, DKIM and DMARC of what comes in; DKIM of what goes out; ARC of what is passed on."""
    domains = "\n".join(
        f"  {word(one.domain)} {{\n    path = {quoted(_key_path(places, one))};\n    selector = {quoted(one.selector)};\n  }}"
        for one in signers
    )
    networks = ", ".join(quoted(str(one)) for one in declaration.mda.addresses)
    yield (
        "dkim_signing.conf",
        f"""enabled = true;
sign_local = true;
sign_authenticated = false;
sign_inbound = false;
sign_networks = [{networks}];
allow_username_mismatch = true;
use_domain = "header";
use_domain_sign_local = "header";
use_domain_sign_networks = "header";
use_esld = false;
try_fallback = false;
domain {{
{domains}
}}
""",
    )
    forwarding = "true" if declaration.policy.forwarding else "false"
    yield (
        "arc.conf",
        f"""enabled = {forwarding};
sign_inbound = {forwarding};
sign_local = false;
sign_authenticated = false;
allow_username_mismatch = true;
use_domain = "recipient";
use_domain_sign_inbound = "recipient";
use_esld = false;
try_fallback = false;
domain {{
{domains}
}}
""",
    )
    yield "dmarc.conf", 'actions = {\n  quarantine = "add_header";\n  reject = "reject";\n}\nsend_reports = false;\n'
    # `x-rspamd-action` is not among them: with it Rspamd 3.4 drops Authentication-Results without a word.
    yield (
        "milter_headers.conf",
        """use = ["authentication-results", "x-spam-status", "x-virus", "spam-header"];
skip_local = true;
routines {
  authentication-results {
    remove = 0;
  }
}
""",
    )
