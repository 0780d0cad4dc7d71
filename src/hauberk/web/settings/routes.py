"""All routes of the settings."""

from fastapi import APIRouter

from hauberk.web.settings import (
    account,
    accounts,
    alerting,
    api_tokens,
    clients,
    organisation,
    people,
    scheduling,
    share_links,
    signing_key,
)

router = APIRouter()
for part in (organisation, people, scheduling, alerting, signing_key, api_tokens, share_links, account, accounts, clients):
    router.include_router(part.router)
