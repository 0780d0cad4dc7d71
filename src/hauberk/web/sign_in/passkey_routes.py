"""Signing in with a passkey: the script asks for a challenge, the authenticator answers it, the form brings the answer."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from hauberk.web.installation import Here
from hauberk.web.page import local
from hauberk.web.sign_in import attempts, passkeys
from hauberk.web.sign_in.entry import enter

router = APIRouter()


@router.post("/sign-in/passkey/challenge")
async def challenge(request: Request, here: Here) -> Response:
    await attempts.attempt(request, here)
    return Response(await passkeys.authentication(request, here), media_type="application/json")


@router.post("/sign-in/passkey")
async def sign_in(
    request: Request, here: Here, credential: Annotated[str, Form(max_length=20_000)], next: Annotated[str, Form()] = "/"
) -> Response:
    try:
        user = await passkeys.authenticate(request, here, credential)
    except HTTPException:
        attempts.failed(request, "(passkey)")
        raise
    await attempts.forgive(request, here)
    return await enter(request, here, user, local(next))
