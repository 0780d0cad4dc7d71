"""A Hauberk server as its API shows it (`/api/v1`): orders, jobs, results and files. Wants httpx (the `server` extra)."""

import asyncio
import hashlib
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import msgspec

from hauberk import __version__
from hauberk.app.push.evidence import PushError
from hauberk.app.push.exchange import checked_base
from hauberk.app.scanning import Scan
from hauberk.model.assessment import Assessment
from hauberk.protocols.malformed import visible
from hauberk.world.tape import LARGEST, TapeError, decode, evidence_id

T = TypeVar("T")
TRIES = 6
LONGEST_PAUSE = 60.0
_LARGEST = LARGEST + 1024 * 1024
_TIMEOUT = httpx.Timeout(60, connect=10)


class RemoteError(Exception):
    """The server did not do what was asked; the message says why, for people. `may_pass`: trying again later can help."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.may_pass = status in (0, 429, 502, 503, 504, 507)


class Outcome(msgspec.Struct, frozen=True):
    scan_id: int | None
    assessment_id: int | None
    report_ids: tuple[int, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """As `/jobs/{id}` gives it, as far as it is wanted."""

    id: int
    state: str
    stage: str = ""
    fraction: float = 0.0
    outcome: Outcome | None = None
    reason: str = ""


class Report(msgspec.Struct, frozen=True):
    id: int
    name: str
    format: str
    sha256: str


class _Tenant(msgspec.Struct):
    name: str


class _Full(msgspec.Struct):
    assessed_at: datetime
    assessment: Assessment


class _Problem(msgspec.Struct):
    type: str = ""
    title: str = ""
    detail: str = ""


class _Formats(msgspec.Struct):
    formats: tuple[str, ...]
    fresh: bool = True


class _Names(msgspec.Struct):
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: msgspec.Struct | None = None
    key: str = ""


class Remote:
    """The API at `url`, the server's own address. Every call can be sent again: orders have a key. Closed by `async with`."""

    def __init__(
        self, url: str, token: str, *, ca_file: Path | None = None, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Raises `RemoteError` for an address that a token is not sent to."""
        try:
            self._base = checked_base(url).removesuffix("/api/v1") + "/api/v1"
        except PushError as error:
            raise RemoteError(str(error), 400) from None
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
        headers = {"User-Agent": f"hauberk/{__version__}", "Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, headers=headers, verify=context)
        self._pause = pause

    async def __aenter__(self) -> "Remote":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def company(self) -> str:
        """The organisation's name. Asked once only: whether there is a server at all is best known at once."""
        return _read(await self._call(_Call("GET", "/tenant"), tries=1), _Tenant).name

    async def order(self, domain: str, formats: tuple[str, ...] = ()) -> Job:
        """A scan of the domain, or a new scan with reports on it. A domain that the server does not look after is added first."""
        body, what = (_Formats(formats), "reports") if formats else (None, "scans")
        call = _Call("POST", f"/domains/{domain}/{what}", body, uuid4().hex)
        try:
            return _read(await self._call(call), Job)
        except RemoteError as error:
            if error.status != 404:
                raise
        try:
            await self._call(_Call("POST", "/domains", _Names((domain,))))
        except RemoteError as error:
            if error.status != 403:
                raise
            raise RemoteError(f"the server does not look after {domain}, and the token may not add it (scope manage)", 403) from None
        return _read(await self._call(call), Job)

    async def ended(self, job: Job, told: Callable[[Job], None]) -> Job:
        """The job once it has ended; until then `told` hears how far it is."""
        wait = 0.2
        while job.state in ("waiting", "running"):
            told(job)
            await self._pause(wait)
            wait = min(wait * 1.5, 2.0)
            job = _read(await self._call(_Call("GET", f"/jobs/{job.id}")), Job)
        told(job)
        return job

    async def scan(self, outcome: Outcome) -> Scan:
        """What a job came to: the tape and what was made of it, which have to belong together."""
        kept = await self._call(_Call("GET", f"/scans/{outcome.scan_id}/tape"))
        full = _read(await self._call(_Call("GET", f"/assessments/{outcome.assessment_id}")), _Full)
        try:
            observation = decode(kept)
        except TapeError as error:
            raise RemoteError(f"the server's tape cannot be read: {error}", 500) from None
        if evidence_id(observation) != full.assessment.observation:
            raise RemoteError("the server's result is of another tape than the one it gave", 500)
        return Scan(observation, full.assessment)

    async def report(self, id: int) -> tuple[Report, bytes]:
        """A report and its octets, which have the digest that the server gave."""
        report = _read(await self._call(_Call("GET", f"/reports/{id}")), Report)
        content = await self._call(_Call("GET", f"/reports/{id}/content"))
        if hashlib.sha256(content).hexdigest() != report.sha256:
            raise RemoteError(f"the report {visible(report.name)} arrived damaged", 500)
        return report, content

    async def _call(self, call: _Call, *, tries: int = TRIES) -> bytes:
        """The body of the answer. What may pass is waited for, as long as the server asks."""
        for attempt in range(1, tries + 1):
            asked = 0.0
            try:
                status, after, body = await self._once(call)
            except httpx.HTTPError as error:
                refused = RemoteError(f"{self._base} cannot be reached: {visible(str(error)) or type(error).__name__}")
            else:
                if 200 <= status < 300:
                    return body
                refused, asked = _refusal(status, body), float(after[:6]) if after.isascii() and after.isdigit() else 0.0
            if not refused.may_pass or attempt == tries or asked > LONGEST_PAUSE:
                raise refused
            await self._pause(asked or min(LONGEST_PAUSE, 0.5 * 2.0**attempt * random.uniform(0.75, 1.25)))
        raise AssertionError("the last try returns or raises")

    async def _once(self, call: _Call) -> tuple[int, str, bytes]:
        headers = {"Idempotency-Key": call.key} if call.key else {}
        content = None if call.body is None else msgspec.json.encode(call.body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with self._client.stream(call.method, self._base + call.path, content=content, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    raise RemoteError(f"the server answered with more than {_LARGEST // 1024 // 1024} MiB", 500)
            return response.status_code, response.headers.get("Retry-After", ""), bytes(body)


def _refusal(status: int, body: bytes) -> RemoteError:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = _Problem()
    words = problem.detail or problem.title or "no Hauberk server answers there"
    return RemoteError(f"the server refused ({status}): {visible(words[:300])}", status)


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RemoteError(f"the server's answer is none of this version's API: {visible(str(error)[:200])}", 500) from None
