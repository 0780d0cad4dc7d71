"""`/channels`: where alerts go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from hauberk.app.work import ordering
from hauberk.app.work.channel_setup import add_channel
from hauberk.app.work.events import Event
from hauberk.app.work.sealing import SealError, sealer
from hauberk.store import channels
from hauberk.store.channels import Kind
from hauberk.web.api.bearer import Reader, Steward
from hauberk.web.api.jobs import ACCEPTED, LOCATED, Job, ordered
from hauberk.web.api.paging import Page, whole
from hauberk.web.api.places import Id, at
from hauberk.web.api.problem import Kind as Problems
from hauberk.web.api.problem import Refused, not_found

router = APIRouter(prefix="/channels", tags=["alerts"])
Events = Annotated[tuple[Event, ...], Field(max_length=20, description="Only these events; empty for all.")]


@dataclass(frozen=True, slots=True)
class ChannelOrder:
    """A mail address, or the URL of a webhook, and which events it is told."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: Kind
    target: Annotated[str, Field(min_length=1, max_length=2000, examples=["https://example.com/hooks/hauberk", "ops@example.com"])]
    events: Events = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts go."""

    id: int
    kind: Kind
    target: str
    events: Events
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`secret` is told this once: what a webhook gets is signed with it. Empty for mail."""

    channel: Channel
    secret: str


@router.get("")
async def list_channels(caller: Reader) -> Page[Channel]:
    """All channels, with those that were switched off."""
    async with caller.reading() as session:
        return whole(await channels.all_channels(session), _shown)


@router.post("", status_code=201, responses={201: LOCATED})
async def create_channel(caller: Steward, body: ChannelOrder, request: Request, response: Response) -> NewChannel:
    """Be told of alerts. A webhook's target is looked at whenever something is sent: private addresses get nothing."""
    try:
        seal = await sealer(caller.service.installation.settings.work, caller.service.store)
    except SealError as error:
        raise Refused(Problems.INTERNAL, str(error)) from error
    events = tuple(event.value for event in body.events)
    async with caller.writing() as session:
        new = await add_channel(session, seal, body.kind, body.target, caller.at, events=events)
    response.headers["Location"] = at(request, "channels", new.channel.id)
    return NewChannel(_shown(new.channel), new.secret)


@router.get("/{id}", responses={404: {}})
async def get_channel(caller: Reader, id: Id) -> Channel:
    """Look at one channel."""
    async with caller.reading() as session:
        found = await channels.by_id(session, id)
    if found is None:
        raise not_found("channel")
    return _shown(found)


@router.delete("/{id}", status_code=204, responses={404: {}})
async def disable_channel(caller: Steward, id: Id) -> None:
    """Tell this channel nothing more. What it was told stays on record."""
    async with caller.writing() as session:
        found = await channels.by_id(session, id)
        if found is None:
            raise not_found("channel")
        if found.disabled_at is None:
            await channels.disable(session, id, caller.at)


@router.post("/{id}/test", status_code=202, responses={202: ACCEPTED, 404: {}, 409: {}})
async def test_channel(caller: Steward, id: Id, request: Request, response: Response) -> Job:
    """Send the channel a test. The job says whether it arrived."""
    job = await ordering.order_channel_test(caller.service.store, caller.tenant, id, caller.by, caller.at)
    return ordered(request, response, job)


def _shown(channel: channels.Channel) -> Channel:
    known = {event.value: event for event in Event}
    events = tuple(known[word] for word in channel.events.split() if word in known)
    return Channel(channel.id, channel.kind, channel.target, events, channel.created_at, channel.disabled_at)
