"""The pages: overview, domain, report centre, catalogue, shared."""

from hauberk.web.pages.router import router

__all__ = ["router"]
