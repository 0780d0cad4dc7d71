"""Who is told of alerts, and when nobody is."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.app.work import ordering
from hauberk.app.work.channel_setup import add_channel
from hauberk.app.work.events import CHOICES, SAYS
from hauberk.app.work.sealing import SealError, sealer
from hauberk.store import alerts, channels, domains
from hauberk.store.channels import Kind
from hauberk.store.errors import StoreError
from hauberk.web.access import Administrator, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id, domain_typed
from hauberk.web.settings.told import said
from hauberk.web.views.words import sentence

router = APIRouter()


@router.get("/settings/alerts")
async def show_alerts(request: Request, here: Here, visitor: Administrator, done: str = "") -> Response:
    return await _alerts_page(request, here, visitor, said=said(done))


@router.post("/settings/alerts/channels")
async def new_channel(
    request: Request,
    here: Here,
    visitor: Administrator,
    kind: Annotated[Kind, Form()],
    target: Annotated[str, Form(max_length=2000)],
    events: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """A webhook's secret is shown this once. Where all events are chosen, kinds that are yet to come will be told too."""
    wanted = tuple(events or ())
    if not wanted:
        return await _alerts_page(request, here, visitor, wrong={"events": "Choose at least one."}, target=target)
    try:
        seal = await sealer(here.settings.work, here.store)
        async with here.store.tenant(visitor.tenant.id) as session:
            chosen = () if len(set(wanted)) == len(CHOICES) else wanted
            made = await add_channel(session, seal, kind, target, here.clock(), events=chosen)
    except SealError as error:
        raise HTTPException(500, sentence(error)) from error
    except StoreError as error:
        return await _alerts_page(request, here, visitor, wrong={"target": sentence(error)}, target=target)
    if made.secret:
        return await _alerts_page(request, here, visitor, secret=made.secret, secret_of=made.channel.target)
    return see("/settings/alerts?done=saved", request)


@router.post("/settings/alerts/channels/{id}/test")
async def test_channel(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    job = await ordering.order_channel_test(here.store, visitor.tenant.id, id, visitor.name, here.clock())
    return see(f"/settings/alerts?test={job.id}", request)


@router.post("/settings/alerts/channels/{id}/off")
async def switch_off(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await channels.disable(session, id, here.clock())
    return see("/settings/alerts?done=switched-off", request)


@router.post("/settings/alerts/silences")
async def new_silence(
    request: Request,
    here: Here,
    visitor: Administrator,
    begins: Annotated[str, Form(max_length=40)],
    ends: Annotated[str, Form(max_length=40)],
    reason: Annotated[str, Form(max_length=500)] = "",
    domain: Annotated[str, Form(max_length=253)] = "",
) -> Response:
    """`begins` and `ends` in UTC, as a browser's date and time field sends them; `domain` empty for all."""
    first, last, wanted = _moment(begins), _moment(ends), domain.strip()
    if first is None or last is None or last <= first:
        return await _alerts_page(request, here, visitor, wrong={"ends": "The end is a moment that comes after the beginning."})
    async with here.store.tenant(visitor.tenant.id) as session:
        found = await domain_typed(session, wanted) if wanted else None
        known = found is not None or not wanted
        if known:
            await alerts.silence(session, first, last, reason.strip(), visitor.name, domain_id=found.id if found else None)
    if not known:
        return await _alerts_page(request, here, visitor, wrong={"domain": "The organisation has no such domain."})
    return see("/settings/alerts?done=silence", request)


@router.post("/settings/alerts/silences/{id}/end")
async def end_silence(request: Request, here: Here, visitor: Administrator, id: Id) -> Response:
    async with here.store.tenant(visitor.tenant.id) as session:
        await alerts.end_silence(session, id, here.clock())
    return see("/settings/alerts?done=silence-ended", request)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: no year of ours in UTC
        return None


async def _alerts_page(
    request: Request,
    here: Installation,
    visitor: Visitor,
    *,
    wrong: dict[str, str] | None = None,
    target: str = "",
    secret: str = "",
    secret_of: str = "",
    said: str = "",
) -> Response:
    at = here.clock()
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        told = [one for one in await channels.all_channels(session) if one.disabled_at is None]
        silent = [one for one in await alerts.silences_of(session) if one.ends_at > at]
        names = await domains.names_of(session, [one.domain_id for one in silent if one.domain_id])
    test = request.query_params.get("test", "")
    tested = await ordering.progress(here.store, visitor.tenant.id, int(test)) if test.isdecimal() and len(test) < 12 else None
    return page(
        request,
        "settings/alerts.html",
        visitor,
        status=422 if wrong else 200,
        channels=told,
        silences=[(one, names.get(one.domain_id or 0, "")) for one in silent],
        events=[(event.value, SAYS[event]) for event in CHOICES],
        relay=here.settings.work.relay is not None,
        tested=tested,
        wrong=wrong or {},
        target=target,
        secret=secret,
        secret_of=secret_of,
        said=said,
    )
