"""A user's own account: password, passkeys, sessions, linked providers. It is the same in every organisation."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.store import passkeys as registered
from hauberk.store import sessions, users
from hauberk.web.access import Reader, Visitor, require_recent
from hauberk.web.installation import Here, Installation
from hauberk.web.page import page, see
from hauberk.web.pages.places import Id
from hauberk.web.settings.told import said
from hauberk.web.sign_in import attempts, passkeys, passwords
from hauberk.web.sign_in.entry import begin, remember

router = APIRouter()


@router.get("/account")
async def show(request: Request, here: Here, visitor: Reader, done: str = "") -> Response:
    return await _page(request, here, visitor, {}, said(done))


@router.post("/account/password")
async def change_password(
    request: Request,
    here: Here,
    visitor: Reader,
    new: Annotated[str, Form(max_length=4096)],
    current: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """All sessions end with it; this browser gets a new one."""
    user = visitor.user
    if user.password_hash:
        await attempts.attempt(request, here, user.email)
        if not await passwords.matches(user.password_hash, current):
            return await _page(request, here, visitor, {"current": "This is not your password."})
        await attempts.forgive(request, here, user.email)
    else:
        require_recent(here, visitor)
    if objection := passwords.objection(new, user.name, user.email, user.email.partition("@")[0]):
        return await _page(request, here, visitor, {"new": objection})
    password_hash = await passwords.hashed(new)
    async with here.store.system() as session:
        await users.set_password(session, user.id, password_hash)
        secret = await begin(request, here, session, user, visitor.tenant.id)
    response = see("/account?done=password", request)
    remember(response, here, secret)
    return response


@router.post("/account/passkeys/challenge")
async def challenge(request: Request, here: Here, visitor: Reader) -> Response:
    require_recent(here, visitor)
    return Response(await passkeys.registration(request, here, visitor.user), media_type="application/json")


@router.post("/account/passkeys")
async def add_passkey(
    request: Request,
    here: Here,
    visitor: Reader,
    credential: Annotated[str, Form(max_length=20_000)],
    name: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    require_recent(here, visitor)
    await passkeys.register(request, here, visitor.user, credential, name.strip() or "Passkey")
    return see("/account?done=passkey", request)


@router.post("/account/passkeys/{id}/remove")
async def remove_passkey(request: Request, here: Here, visitor: Reader, id: Id) -> Response:
    async with here.store.system() as session:
        await registered.remove(session, visitor.user.id, id)
    return see("/account?done=removed", request)


@router.post("/account/sessions/{digest}/end")
async def end_session(request: Request, here: Here, visitor: Reader, digest: str) -> Response:
    async with here.store.system() as session:
        await sessions.end_one(session, visitor.user.id, digest)
    return see("/account?done=ended", request)


async def _page(request: Request, here: Installation, visitor: Visitor, wrong: dict[str, str], said: str = "") -> Response:
    async with here.store.system(writing=False) as session:
        keys = await registered.of_user(session, visitor.user.id)
        held = await sessions.of_user(session, visitor.user.id, here.clock())
    status = 422 if wrong else 200
    providers = here.settings.providers
    return page(
        request, "settings/account.html", visitor, status=status, passkeys=keys, sessions=held, providers=providers, wrong=wrong, said=said
    )
