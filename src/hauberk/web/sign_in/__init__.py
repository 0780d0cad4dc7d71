"""Signing in and out: passwords, passkeys, OpenID providers, invitations, the first administrator, share links."""

from hauberk.web.sign_in.routes import router

__all__ = ["router"]
