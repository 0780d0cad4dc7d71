"""Vanta: a file is uploaded to a document, which may then be submitted (Manage Vanta API, Documents)."""

from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from hauberk.app.push.evidence import EvidenceFile, PushError, Receipt
from hauberk.app.push.exchange import Call, Exchange

BASES: Final = {"commercial": "https://api.vanta.com", "gov": "https://api.vanta-gov.com"}
SCOPES = "vanta-api.all:read vanta-api.all:write vanta-api.documents:upload"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An application's id and secret (a token of one hour is asked for), or such a token."""

    client_id: str = ""
    client_secret: str = ""
    token: str = ""


class _Grant(msgspec.Struct):
    client_id: str
    client_secret: str
    scope: str
    grant_type: str


class _Token(msgspec.Struct):
    access_token: str


class _Uploaded(msgspec.Struct):
    id: str


class Vanta:
    """`document` is the id in the address of the document's page; `submit` says that the document is complete with this file."""

    def __init__(self, exchange: Exchange, credentials: Credentials, document: str, *, submit: bool = False) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._document = f"/v1/documents/{quote(document, safe='')}"
        self._submit = submit

    async def push(self, file: EvidenceFile) -> Receipt:
        """Upload with the scan's day as the day from which the evidence holds."""
        token = self._credentials.token or await self._granted()
        upload = Call(
            "POST",
            f"{self._document}/uploads",
            file=(file.name, file.data, file.media_type),
            fields=(
                ("effectiveAtDate", f"{file.on.isoformat()}T00:00:00.000Z"),
                ("description", f"Mail server assessment by Hauberk, scanned on {file.on.isoformat()}"),
            ),
            token=token,
        )
        uploaded = _read(await self._exchange.call(upload), _Uploaded)
        if self._submit:
            await self._exchange.call(Call("POST", f"{self._document}/submit", token=token))
        return Receipt(uploaded.id, f"uploaded to Vanta as {uploaded.id}{' and submitted' if self._submit else ''}")

    async def _granted(self) -> str:
        """A token by the client credentials grant (RFC 6749, 4.4), with the JSON body that Vanta wants."""
        grant = _Grant(self._credentials.client_id, self._credentials.client_secret, SCOPES, "client_credentials")
        return _read(
            await self._exchange.call(Call("POST", "/oauth/token", json=grant, secret=self._credentials.client_secret)), _Token
        ).access_token


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PushError(f"Vanta's answer is not as its API says: {error}") from None
