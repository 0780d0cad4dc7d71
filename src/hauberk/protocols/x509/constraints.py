"""What certificates forbid: basic constraints, key usage, extended key usage, name constraints, critical extensions (RFC 5280, 4.2)."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.x509.certificate import describe

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.TLS_FEATURE,
    }
)


def leaf_objections(leaf: x509.Certificate) -> Iterator[str]:
    """Why this certificate may not stand for a server."""
    yield from _critical_unknown(leaf)
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in usages and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in usages:
        yield "The certificate is not meant for servers (its extended key usage lacks serverAuth)."


def issuer_objections(issuer: x509.Certificate, below: tuple[bytes, ...], *, anchor: bool) -> Iterator[str]:
    """Why this certificate may not have issued the path below it (DER, leaf first); old anchors of version 1 have no extensions."""
    shown = visible(issuer.subject.rfc4514_string())
    yield from _critical_unknown(issuer)
    yield from _basic_constraints(issuer, below, shown, anchor=anchor)
    try:
        if not issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
            yield f"The key of {shown} may not sign certificates (its key usage lacks keyCertSign)."
    except x509.ExtensionNotFound:
        pass
    yield from _name_constraints(issuer, below[0], shown)


def _critical_unknown(certificate: x509.Certificate) -> Iterator[str]:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            yield f"The certificate has a critical extension that is not understood ({extension.oid.dotted_string})."


def _basic_constraints(issuer: x509.Certificate, below: tuple[bytes, ...], shown: str, *, anchor: bool) -> Iterator[str]:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        if not (anchor and issuer.version is x509.Version.v1):
            yield f"{shown} is no authority (it has no basic constraints)."
        return
    if not constraints.ca:
        yield f"{shown} is no authority (CA is false in its basic constraints)."
    elif constraints.path_length is not None and _authorities(below) > constraints.path_length:
        yield f"Under {shown} at most {constraints.path_length} further authorities are allowed."


def _authorities(below: tuple[bytes, ...]) -> int:
    """Intermediates under an issuer that count for its path length: those that are not self-issued, the leaf left out."""
    described = tuple(describe(der) for der in below[1:])
    return sum(1 for one in described if not isinstance(one, Malformed) and not one.self_issued)


def _name_constraints(issuer: x509.Certificate, leaf: bytes, shown: str) -> Iterator[str]:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return
    permitted = tuple(one.value for one in constraints.permitted_subtrees or () if isinstance(one, x509.DNSName))
    excluded = tuple(one.value for one in constraints.excluded_subtrees or () if isinstance(one, x509.DNSName))
    read = describe(leaf)
    for name in () if isinstance(read, Malformed) else read.dns_names:
        bare = name.removeprefix("*.")
        if permitted and not any(_within(bare, subtree) for subtree in permitted):
            yield f"{shown} may not issue for {name} (its name constraints)."
        elif any(_within(bare, subtree) for subtree in excluded):
            yield f"{shown} is excluded from issuing for {name} (its name constraints)."


def _within(name: str, subtree: str) -> bool:
    wanted = subtree.lower().removesuffix(".")
    if wanted.startswith("."):
        return name.endswith(wanted)
    return wanted == "" or name == wanted or name.endswith("." + wanted)
