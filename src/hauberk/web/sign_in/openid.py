"""An OpenID provider: the visit there (authorization code flow with PKCE, RFC 7636) and what it says about who came back.

OpenID Connect Core 1.0, section 3.1; what the provider says is checked as 3.1.3.7 asks.
"""

import hashlib
import secrets
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hauberk.app.server_settings import Provider

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # signatures that only the provider can make
_LARGEST = 256 * 1024
_LEEWAY = 60
_TIME_OUT = 10.0
M = TypeVar("M")


class ProviderError(Exception):
    """The provider cannot be used, or what it says is not to be believed; the message says why, for the log."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What discovery says (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class Visit:
    """What is remembered while somebody is at the provider. `guest` ties it to the browser; `user` is the account to be linked, or 0."""

    provider: str
    nonce: str
    verifier: str
    guest: str
    next: str = "/"
    user: int = 0


@dataclass(frozen=True, slots=True)
class Tokens:
    id_token: str
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """What is said of somebody, in an ID token or by the userinfo endpoint (OpenID Connect Core 1.0, 5.1)."""

    sub: str
    email: str | None = None
    email_verified: bool | str = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class IdToken:
    """The claims of an ID token (OpenID Connect Core 1.0, 2); times in seconds since 1970."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nonce: str = ""
    azp: str = ""
    email: str | None = None
    email_verified: bool | str = False
    name: str | None = None

    @property
    def person(self) -> Person:
        return Person(self.sub, self.email, self.email_verified, self.name)


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of somebody. `email` is there only where the provider has verified it."""

    issuer: str
    subject: str
    email: str
    name: str


def new_visit(provider: Provider, guest: str, path: str, user: int = 0) -> Visit:
    return Visit(provider.name, secrets.token_urlsafe(32), secrets.token_urlsafe(48), guest, path, user)


async def discover(provider: Provider) -> Metadata:
    """Raises `ProviderError`."""
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    found = await _fetched(Metadata, httpx.Request("GET", url))
    if found.issuer != provider.issuer:
        raise ProviderError(f"{url} is of the issuer {found.issuer!r}, not {provider.issuer!r}")
    for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
        _require_safe(address)
    return found


def authorization_url(provider: Provider, metadata: Metadata, visit: Visit, state: str, back: str) -> str:
    """Where the browser goes."""
    challenge = urlsafe_b64encode(hashlib.sha256(visit.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": "openid email profile",
        "state": state,
        "nonce": visit.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{metadata.authorization_endpoint}{'&' if '?' in metadata.authorization_endpoint else '?'}{urlencode(query)}"


async def claims_of(provider: Provider, visit: Visit, code: str, back: str, at: datetime) -> Claims:
    """Who came back with the code. Raises `ProviderError`."""
    metadata = await discover(provider)
    tokens = await _exchange(provider, metadata, visit, code, back)
    said = await _verified(provider, metadata, visit, tokens.id_token, at)
    person = said.person
    if not person.email and metadata.userinfo_endpoint and tokens.access_token:
        bearer = {"Authorization": f"Bearer {tokens.access_token}"}
        more = await _fetched(Person, httpx.Request("GET", metadata.userinfo_endpoint, headers=bearer))
        if more.sub == said.sub:  # OpenID Connect Core 1.0, 5.3.2
            person = more
    email = (person.email or "").strip().lower() if person.email_verified is True else ""
    return Claims(metadata.issuer, said.sub, email, (person.name or "")[:120])


async def _exchange(provider: Provider, metadata: Metadata, visit: Visit, code: str, back: str) -> Tokens:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": visit.verifier}
    headers = {"Accept": "application/json"}
    if not provider.client_secret:
        form["client_id"] = provider.client_id
    elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"  # RFC 6749, 2.3.1
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    return await _fetched(Tokens, httpx.Request("POST", metadata.token_endpoint, data=form, headers=headers))


async def _verified(provider: Provider, metadata: Metadata, visit: Visit, id_token: str, at: datetime) -> IdToken:
    """What the ID token says, if it is to be believed."""
    keys = await _fetched(dict[str, object], httpx.Request("GET", metadata.jwks_uri))
    try:
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # pyright: ignore[reportArgumentType]
        said = msgspec.convert(token.claims, IdToken)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"the ID token is not one of the provider's ({type(error).__name__}: {error})") from error
    if objection := _objection(said, provider, metadata, visit, at):
        raise ProviderError(f"the ID token {objection}")
    return said


def _objection(said: IdToken, provider: Provider, metadata: Metadata, visit: Visit, at: datetime) -> str:
    """Why it is not for us, or not for this visit (OpenID Connect Core 1.0, 3.1.3.7); empty when it is."""
    meant = (said.aud,) if isinstance(said.aud, str) else said.aud
    if said.iss != metadata.issuer:
        return "is of another issuer"
    if provider.client_id not in meant or (said.azp or (len(meant) == 1 and meant[0])) != provider.client_id:
        return "is for another client"
    if said.exp <= at.timestamp() - _LEEWAY:
        return "has expired"
    if said.iat >= at.timestamp() + _LEEWAY:
        return "is from the future"
    if not secrets.compare_digest(said.nonce.encode(), visit.nonce.encode()):
        return "answers another question"
    return "" if 0 < len(said.sub) <= 255 else "names nobody"


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        raise ProviderError(f"{url} is not https")


async def _fetched(kind: type[M], request: httpx.Request) -> M:
    """The JSON of an answer of bearable size. A provider has no reason to redirect us."""
    _require_safe(str(request.url))
    try:
        async with httpx.AsyncClient(timeout=_TIME_OUT, follow_redirects=False, trust_env=False) as client:
            answer = await client.send(request, stream=True)
            octets = bytearray()
            async for part in answer.aiter_bytes():
                octets += part
                if len(octets) > _LARGEST:
                    raise ProviderError(f"{request.url} answers with more than {_LARGEST} octets")
    except httpx.HTTPError as error:
        raise ProviderError(f"{request.url} cannot be reached ({type(error).__name__})") from error
    if answer.status_code != 200:
        raise ProviderError(f"{request.url} answers {answer.status_code}: {bytes(octets[:200])!r}")
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.MsgspecError as error:
        raise ProviderError(f"{request.url} answers with something else than was asked for: {error}") from error
