"""Signing in with a password, and signing out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from hauberk.store import users
from hauberk.web.access import Guest
from hauberk.web.installation import Here, Installation
from hauberk.web.page import local, page
from hauberk.web.sign_in import attempts, passwords
from hauberk.web.sign_in.entry import enter, leave

router = APIRouter()
_WRONG = "The address or the password is wrong."


@router.get("/sign-in")
async def ask(request: Request, here: Here, next: str = "/") -> Response:
    async with here.store.system(writing=False) as session:
        if not await users.count(session):
            return page(request, "sign_in/not_set_up.html", Guest())
    return _form(request, here, next)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    here: Here,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=4096)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    account = email.strip().lower()
    await attempts.attempt(request, here, account)
    async with here.store.system(writing=False) as session:
        user = await users.by_email(session, account)
    kept = "" if user is None or user.disabled_at else user.password_hash
    if not await passwords.matches(kept, password) or user is None:
        attempts.failed(request, account)
        return _form(request, here, next, email=email, wrong=_WRONG)
    await attempts.forgive(request, here, account)
    if passwords.is_outdated(kept):
        renewed = await passwords.hashed(password)
        async with here.store.system() as session:
            await users.renew_hash(session, user.id, renewed)
    return await enter(request, here, user, local(next))


@router.post("/sign-out")
async def sign_out(request: Request, here: Here) -> Response:
    return await leave(request, here)


def _form(request: Request, here: Installation, next: str, *, email: str = "", wrong: str = "") -> Response:
    status = 401 if wrong else 200
    providers = here.settings.providers
    return page(request, "sign_in/sign_in.html", Guest(), status=status, next=local(next), email=email, wrong=wrong, providers=providers)
