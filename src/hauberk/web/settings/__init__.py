"""Settings of an organisation: what an administrator sees to."""

from hauberk.web.settings.routes import router

__all__ = ["router"]
