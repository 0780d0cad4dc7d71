"""Who calls: a bearer token (RFC 6750) with the scope that the route wants, within its rate."""

from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from hauberk.store import tokens
from hauberk.store.errors import StoreError
from hauberk.store.session import TenantSession
from hauberk.store.tokens import Token
from hauberk.web.api.problem import Complaint, Kind, Refused
from hauberk.web.api.rate import Allowance
from hauberk.web.api.scope import Scope, parse_scopes
from hauberk.web.api.service import Service, service_of

_REALM = 'Bearer realm="hauberk"'
_NOTED_EVERY = timedelta(minutes=10)  # noting each use would make every reading request a writing one
_bearer = HTTPBearer(
    scheme_name="token", auto_error=False, description="A token of one organisation, from Settings → API tokens or `hauberk server token`."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A valid token, and the moment of the request."""

    service: Service
    token: Token
    at: datetime

    @property
    def by(self) -> str:
        """Who did it, as the evidence says it."""
        return f"API token {self.token.name}"

    @property
    def tenant(self) -> int:
        return self.token.tenant_id

    def reading(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.service.store.tenant(self.tenant, writing=False)

    def writing(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.service.store.tenant(self.tenant)


async def caller(
    request: Request, scopes: SecurityScopes, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller, if the token holds, has the route's scope and is within its rate."""
    service = service_of(request)
    token = await _token_behind(request, service, credentials)
    for scope in map(Scope, scopes.scopes):
        if scope not in parse_scopes(token.scopes):
            wanted = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
            raise Refused(Kind.INSUFFICIENT_SCOPE, f"this wants the scope {scope}", headers={"WWW-Authenticate": wanted})
        _within(request, service.limiter.ask(f"{scope} {token.id}", service.limits.quotas[scope], service.ticks()))
    _known_parameters_only(request)
    return Caller(service, token, service.now)


async def _token_behind(request: Request, service: Service, credentials: HTTPAuthorizationCredentials | None) -> Token:
    stranger = f"stranger {request.client.host if request.client else ''}"
    if credentials is None:
        _within(request, service.limiter.ask(stranger, service.limits.strangers, service.ticks()))
        raise Refused(Kind.UNAUTHENTICATED, "there is no bearer token", headers={"WWW-Authenticate": _REALM})
    at = service.now
    async with service.store.system(writing=False) as session:
        token = await tokens.find(session, credentials.credentials, at)
    if token is None:
        _within(request, service.limiter.ask(stranger, service.limits.strangers, service.ticks()))
        challenge = f'{_REALM}, error="invalid_token"'
        raise Refused(Kind.UNAUTHENTICATED, "the token is unknown, has expired or was revoked", headers={"WWW-Authenticate": challenge})
    if token.used_at is None or at - token.used_at >= _NOTED_EVERY:
        with suppress(StoreError):  # a full disk is no reason to refuse a reader
            async with service.store.system() as session:
                await tokens.used(session, token.id, at)
    return token


def _within(request: Request, allowance: Allowance) -> None:
    request.state.allowance = allowance
    if not allowance.granted:
        detail = f"the quota {allowance.quota.name} is used up: {allowance.quota.per_minute:g} a minute"
        raise Refused(Kind.TOO_MANY_REQUESTS, detail, headers={"Retry-After": allowance.headers["Retry-After"]})


def _known_parameters_only(request: Request) -> None:
    """A misspelt filter must not quietly select everything."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _query_names(route.dependant)
    strange = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if strange:
        complaints = [Complaint("there is no such parameter", parameter=name[:80]) for name in strange[:10]]
        raise Refused(Kind.INVALID, f"{complaints[0].parameter}: there is no such parameter", *complaints)


def _query_names(dependant: Dependant) -> set[str]:
    return {field.alias for field in dependant.query_params}.union(*(_query_names(one) for one in dependant.dependencies))


Reader = Annotated[Caller, Security(caller, scopes=[Scope.READ])]
Scanner = Annotated[Caller, Security(caller, scopes=[Scope.SCAN])]
Reporter = Annotated[Caller, Security(caller, scopes=[Scope.REPORT])]
Checker = Annotated[Caller, Security(caller, scopes=[Scope.VERIFY])]
Steward = Annotated[Caller, Security(caller, scopes=[Scope.MANAGE])]
Monitor = Annotated[Caller, Security(caller, scopes=[Scope.METRICS])]
Anyone = Annotated[Caller, Security(caller, scopes=[])]
