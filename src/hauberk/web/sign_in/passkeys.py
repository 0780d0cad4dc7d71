"""Passkeys (W3C Web Authentication, level 3): challenges that hold once, and what an authenticator answers to them.

A passkey stands for the password and the device together, so the authenticator has to have verified its user.
"""

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

import webauthn
from fastapi import HTTPException, Request
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hauberk.app.server_settings import host_of
from hauberk.store import ceremonies, passkeys, users
from hauberk.store.ceremonies import Kind
from hauberk.store.passkeys import Passkey
from hauberk.store.session import SystemSession
from hauberk.store.users import User
from hauberk.web.installation import Installation

_LASTS = timedelta(minutes=5)
_REFUSED = "The passkey was not accepted. Try again, or sign in with your password."


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom the authenticator deals with: the host name, and the origins under which pages of it are shown."""

    id: str
    origins: tuple[str, ...]


def relying_party(request: Request, here: Installation) -> RelyingParty:
    """By the name under which the page was opened. Raises 422 for an address, which passkeys cannot be bound to."""
    name = host_of(request.headers.get("host", ""))
    if _is_address(name):
        elsewhere = next((origin for origin in here.settings.origins if host_of(origin.partition("://")[2]) == "localhost"), "")
        hint = f" Open {elsewhere} instead." if elsewhere else ""
        raise HTTPException(422, f"Passkeys belong to a host name, and this page was opened by an IP address.{hint}")
    return RelyingParty(name, tuple(origin for origin in here.settings.origins if host_of(origin.partition("://")[2]) == name))


async def registration(request: Request, here: Installation, user: User) -> str:
    """The options (JSON) for making a passkey of the user's."""
    party, at = relying_party(request, here), here.clock()
    async with here.store.system() as session:
        known = await passkeys.of_user(session, user.id)
        challenge = await ceremonies.begin(session, Kind.REGISTER, str(user.id), at, at + _LASTS)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Hauberk",
        user_id=_handle(user.id),
        user_name=user.email,
        user_display_name=user.name or user.email,
        challenge=challenge.encode(),
        timeout=int(_LASTS.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in known],
    )
    return webauthn.options_to_json(options)


async def register(request: Request, here: Installation, user: User, credential: str, name: str) -> Passkey:
    """Keep what the authenticator made. Raises 422."""
    party, at = relying_party(request, here), here.clock()
    challenge = challenge_of(credential)
    async with here.store.system() as session:
        if await ceremonies.end(session, Kind.REGISTER, challenge, at) != str(user.id):
            raise HTTPException(422, "This took too long, or was begun elsewhere. Try again.")
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge.encode(),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except Exception as error:  # whatever a hostile browser sends must come to the same answer
        raise HTTPException(422, "The passkey was not accepted. Try again.") from error
    async with here.store.system() as session:
        return await passkeys.add(session, user.id, verified.credential_id, verified.credential_public_key, name, at)


async def authentication(request: Request, here: Installation) -> str:
    """The options (JSON) for signing in with any passkey of this server's."""
    party, at = relying_party(request, here), here.clock()
    async with here.store.system() as session:
        challenge = await ceremonies.begin(session, Kind.AUTHENTICATE, "", at, at + _LASTS)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge.encode(),
        timeout=int(_LASTS.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


async def authenticate(request: Request, here: Installation, credential: str) -> User:
    """Who signs in. Raises 401; the challenge is used up in any case."""
    party, at = relying_party(request, here), here.clock()
    challenge = challenge_of(credential)
    async with here.store.system() as session:
        begun = await ceremonies.end(session, Kind.AUTHENTICATE, challenge, at)
    async with here.store.system() as session:
        passkey = await passkeys.by_credential(session, _octets(_field(credential, "rawId")))
        user = None if passkey is None else await users.by_id(session, passkey.user_id)
        if begun is None or passkey is None or user is None or user.disabled_at is not None:
            raise HTTPException(401, _REFUSED)
        await _verify(session, here, party, passkey, challenge, credential)
    return user


async def _verify(
    session: SystemSession, here: Installation, party: RelyingParty, passkey: Passkey, challenge: str, credential: str
) -> None:
    handle = _field(credential, "response", "userHandle")
    if handle and _octets(handle) != _handle(passkey.user_id):
        raise HTTPException(401, _REFUSED)
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge.encode(),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # as above
        raise HTTPException(401, _REFUSED) from error
    await passkeys.used(session, passkey.id, verified.new_sign_count, here.clock())


def challenge_of(credential: str) -> str:
    """The challenge that the browser says it answers; empty where it says nothing sensible."""
    try:
        data: object = json.loads(_octets(_field(credential, "response", "clientDataJSON")))
    except (ValueError, RecursionError):
        return ""
    said = data.get("challenge") if isinstance(data, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return _octets(said).decode("ascii", "replace") if isinstance(said, str) else ""


def _field(credential: str, *path: str) -> str:
    """A text in what the browser sent; empty without one."""
    try:
        found: object = json.loads(credential)
    except (ValueError, RecursionError):
        return ""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found if isinstance(found, str) else ""


def _octets(text: str) -> bytes:
    """Base64url without padding (RFC 4648, 5); nothing for what is none."""
    try:
        return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (NotBase64, ValueError):
        return b""


def _handle(user_id: int) -> bytes:
    return f"hauberk-user-{user_id}".encode()


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
