"""Drata: a file becomes an artifact of an item of the evidence library (public API v2, Evidence)."""

from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from hauberk.app.push.evidence import EvidenceFile, PushError, Receipt
from hauberk.app.push.exchange import Call, Exchange

BASES: Final = {
    "us": "https://public-api.drata.com/public/v2",
    "eu": "https://public-api.eu.drata.com/public/v2",
    "apac": "https://public-api.apac.drata.com/public/v2",
}
_LONGEST_NAME = 191
_MOST_PAGES = 40
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Library:
    """Which item of which workspace takes the file: the one with the id `evidence`, else the one called `name`, which is made if need be.

    `owner` (a user's id) and `controls` (ids) are for an item that is made.
    """

    workspace: int
    name: str
    evidence: int = 0
    owner: int = 0
    controls: tuple[int, ...] = ()


class _Uploaded(msgspec.Struct, rename="camel"):
    file_key: str


class _Item(msgspec.Struct):
    id: int
    name: str = ""


class _Pagination(msgspec.Struct):
    cursor: str | None = None


class _Items(msgspec.Struct):
    data: tuple[_Item, ...]
    pagination: _Pagination = msgspec.field(default_factory=_Pagination)


class _Artifact(msgspec.Struct, rename="camel"):
    type: str
    artifact_name: str
    file_key: str
    filed_at: str


class _Creation(msgspec.Struct, rename="camel", omit_defaults=True):
    name: str
    description: str
    artifacts: tuple[_Artifact, ...]
    renewal_schedule_type: str
    owner_id: int = 0
    control_ids: tuple[int, ...] = ()


class _NewArtifact(msgspec.Struct, rename="camel"):
    artifact_type: str
    artifact_name: str
    file_key: str
    filed_at: str


class _Change(msgspec.Struct, rename="camel"):
    new_artifacts: tuple[_NewArtifact, ...]


class _Changed(msgspec.Struct, rename="camel"):
    id: int
    artifacts_requested: int = 1
    artifacts_created: int = 1


class Drata:
    """`token` is an API key that may list, create and update evidence."""

    def __init__(self, exchange: Exchange, token: str, library: Library) -> None:
        self._exchange = exchange
        self._token = token
        self._library = library

    async def push(self, file: EvidenceFile) -> Receipt:
        """Upload, then attach. A scan of ours is fresh for 90 days, so an item that is made renews every three months."""
        library = self._library
        item = library.evidence or await self._named(library.name)
        upload = Call(
            "POST", f"/workspaces/{library.workspace}/evidence-files", file=(file.name, file.data, file.media_type), token=self._token
        )
        key = _read(await self._exchange.call(upload), _Uploaded).file_key
        name, day = file.name[:_LONGEST_NAME], file.on.isoformat()
        if item:
            change = _Change((_NewArtifact("S3_FILE", name, key, day),))
            call = Call("PUT", self._items(item), repeatable=False, json=change, token=self._token)
        else:
            creation = _Creation(
                name=library.name[:_LONGEST_NAME],
                description="Mail server assessment by Hauberk: DNS, SPF, DKIM, DMARC, transport encryption, certificates.",
                artifacts=(_Artifact("S3_FILE", name, key, day),),
                renewal_schedule_type="THREE_MONTHS",
                owner_id=library.owner,
                control_ids=library.controls,
            )
            call = Call("POST", self._items(), repeatable=False, json=creation, token=self._token)
        changed = _read(await self._exchange.call(call), _Changed)
        if changed.artifacts_created < changed.artifacts_requested:
            raise PushError(f"Drata has the evidence item {changed.id}, but did not attach the file to it")
        return Receipt(
            str(changed.id), f"{'added to' if item else 'made'} the evidence item {changed.id} in Drata's workspace {library.workspace}"
        )

    async def _named(self, name: str) -> int:
        """The id of the item of exactly that name, 0 if there is none; the API filters by the beginning of names."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            query = (("name", name[:_LONGEST_NAME]), ("size", "500"), *((("cursor", cursor),) if cursor else ()))
            page = _read(await self._exchange.call(Call("GET", self._items(), query=query, token=self._token)), _Items)
            for item in page.data:
                if item.name == name[:_LONGEST_NAME]:
                    return item.id
            cursor = page.pagination.cursor or ""
            if not cursor:
                return 0
        raise PushError(f"Drata lists too many evidence items whose name begins with {name[:80]!r}; give the item with --evidence")

    def _items(self, item: int = 0) -> str:
        return f"/workspaces/{self._library.workspace}/evidence" + (f"/{item}" if item else "")


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PushError(f"Drata's answer is not as its API says: {error}") from None
