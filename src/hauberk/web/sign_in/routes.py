"""All routes of signing in."""

from fastapi import APIRouter

from hauberk.web.sign_in import invitations, openid_routes, passkey_routes, password_routes, set_up, share

router = APIRouter()
for part in (password_routes, passkey_routes, openid_routes, set_up, invitations, share):
    router.include_router(part.router)
