"""The MTA-STS policy (RFC 8461, 3.2) and the id that the DNS says it by."""

import hashlib

from hauberk.system.declaration import Declaration, MtaStsMode
from hauberk.system.places import Places
from hauberk.system.tree import Component, RenderedFile


def policy(declaration: Declaration) -> bytes:
    """Lines end with CRLF; senders take a lone LF too, but the grammar has it so."""
    dns = declaration.dns
    mx = () if dns.mta_sts is MtaStsMode.NONE else (f"mx: {declaration.mta.name}",)
    lines = ("version: STSv1", f"mode: {dns.mta_sts.value}", *mx, f"max_age: {dns.mta_sts_max_age}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def identifier(declaration: Declaration) -> str:
    """Another policy has another id; the same one keeps it (RFC 8461, 3.1: at most 32 letters and digits)."""
    return hashlib.sha256(policy(declaration)).hexdigest()[:16]


def files(declaration: Declaration, places: Places) -> tuple[RenderedFile, ...]:
    return (RenderedFile(places.policy_server, policy(declaration), Component.POLICY_SERVER),)
