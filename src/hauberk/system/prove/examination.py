"""What a message that has come says for itself. Pure; the recipient's key, where there is one, is an argument."""

import re
from email import message_from_bytes
from email.message import Message
from ipaddress import ip_address

from hauberk.system.prove import dkim_signature
from hauberk.system.prove.probe import Awaited, Look
from hauberk.system.prove.targets import Targets, Vantage

_RESULTS = re.compile(r"\b(spf|dkim|dmarc)=([a-z]+)")


def examine(raw: bytes, awaited: Awaited, targets: Targets) -> tuple[str, str]:
    """What is right about it and what is wrong; one of the two is empty."""
    match awaited.look:
        case Look.PRESENCE:
            return "arrived", ""
        case Look.AUTHENTICATED:
            return _authenticated(raw, targets.mx.host)
        case Look.DKIM:
            keys = {key.selector: key.public for key in targets.dkim}
            flaw = dkim_signature.holds(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), targets.domain, keys)
            return ("", flaw) if flaw else (f"the DKIM signature of {targets.domain} holds", "")
        case Look.SEALED:
            certified = bool(targets.certified) and awaited.owner == targets.certified
            return _sealed(raw, awaited.secret, targets.certified_secret if certified else targets.keyed_secret)
        case Look.INNER_TLS:
            return _inner_tls(raw, targets.mx.host)
        case Look.NO_TRACE:
            return _no_trace(raw, targets)


def _authenticated(raw: bytes, host: str) -> tuple[str, str]:
    for value in message_from_bytes(raw).get_all("Authentication-Results") or ():
        if str(value).split(";")[0].split()[:1] == [host]:
            results = ", ".join(f"{name}={result}" for name, result in _RESULTS.findall(str(value)))
            return f"arrived; {host} found {results or 'nothing to authenticate'}", ""
    return "", f"it arrived without Authentication-Results of {host} (RFC 8601)"


def _inner_tls(raw: bytes, mta: str) -> tuple[str, str]:
    """The MDA's own Received field is the first (RFC 3848 names the protocols)."""
    first = " ".join(str((message_from_bytes(raw).get_all("Received") or [""])[0]).split())
    if f"from {mta}" in first and "with LMTPS" in first:
        return "the MDA received it from the MTA through TLS", ""
    return "", f"the MDA did not receive it from the MTA through TLS: {first[:200]}"


def _no_trace(raw: bytes, targets: Targets) -> tuple[str, str]:
    header = raw.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in raw else raw.partition(b"\n\n")[0]
    addresses = [address for zone in targets.zones if zone.vantage is Vantage.WORKSTATION for address in zone.addresses]
    for address in addresses:
        if str(ip_address(address)).encode() in header:
            return "", f"the submitter's address {address} stands in the header"
    return "the submitter's address is not in it", ""


def _sealed(raw: bytes, secret: str, key: str) -> tuple[str, str]:
    message = message_from_bytes(raw)
    kind = message.get_content_type()
    if kind not in ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"):
        return "", f"it is {kind}, which is not encrypted"
    if secret and (secret.encode() in raw or any(secret.encode() in part for part in _decoded(message))):
        return "", "its text, or its subject, stands in clear in it"
    if not key:
        return f"{kind}; nothing of the text is in clear", ""
    try:
        opened = _opened(message, key)
    except Exception as error:  # libraries raise many kinds for what they cannot open
        return "", f"the recipient's key does not open it: {type(error).__name__}: {error}"
    if secret.encode() not in opened:
        return "", "it opens with the recipient's key, but the text is not in it"
    return f"{kind}; it opens with the recipient's key, and nothing of the text is in clear", ""


def _decoded(message: Message) -> list[bytes]:
    payloads = [part.get_payload(decode=True) for part in message.walk()]
    return [payload for payload in payloads if isinstance(payload, bytes)]


def _opened(message: Message, key: str) -> bytes:
    """OpenPGP (RFC 3156) or S/MIME (RFC 8551), by the kind of key: armoured or PEM."""
    if "BEGIN PGP" in key:
        from pysequoia import Tsk, decrypt

        sealed = _decoded(message)[-1]
        return bytes(decrypt(decryptor=Tsk.from_bytes(key.encode()).decryptor(), bytes=sealed).bytes or b"")
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der
    from cryptography.x509 import load_pem_x509_certificate

    private = load_pem_private_key(key.encode(), None)
    if not isinstance(private, RSAPrivateKey):
        raise ValueError("only RSA keys open S/MIME here")
    return pkcs7_decrypt_der(_decoded(message)[-1], load_pem_x509_certificate(key.encode()), private, [])
