"""An OpenID provider on loopback: real HTTP, real signatures, and whatever lies a test wants it to tell."""

import asyncio
import hashlib
import secrets
import socket
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

ADA: dict[str, object] = {"sub": "42", "email": "Ada@Example.com", "email_verified": True, "name": "Ada L"}
CLIENT, SECRET = "hauberk", "client secret/+"


@dataclass
class OpenIdProvider:
    """`person` is who signs in there; `twist` changes the claims of the next ID token; `key` signs it, `published` are the keys shown."""

    issuer: str
    now: Callable[[], float]
    person: dict[str, object] = field(default_factory=lambda: dict(ADA))
    twist: dict[str, object] = field(default_factory=dict[str, object])
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    algorithm: str = "RS256"
    published: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    said: list[str] = field(default_factory=list[str])

    def allow(self, url: str) -> str:
        """What the user's click on "allow" does: where the browser is sent back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self.codes[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.get("/.well-known/openid-configuration")(self._metadata)
        app.get("/keys")(self._keys)
        app.post("/token")(self._token)
        app.get("/userinfo")(self._userinfo)
        return app

    async def _metadata(self) -> Response:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys", "userinfo_endpoint": "/userinfo"}
        return JSONResponse({"issuer": self.issuer, **{name: self.issuer + path for name, path in places.items()}})

    async def _keys(self) -> Response:
        return JSONResponse({"keys": [(self.published or self.key).as_dict(private=False)]})

    async def _userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        return JSONResponse(self.person)

    async def _token(self, request: Request) -> Response:
        form = dict(await request.form())
        asked = self.codes.pop(str(form["code"]), None)
        basic = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        challenge = urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        if asked is None or basic != "hauberk:client%20secret%2F%2B" or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(self.now())
        claims = {**self.person, "iss": self.issuer, "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": asked["nonce"], **self.twist}
        header = {"alg": self.algorithm, "kid": "1"}
        token = jwt.encode(
            header, {name: value for name, value in claims.items() if value is not None}, self.key, algorithms=[self.algorithm]
        )
        self.said.append(token)
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def provider(now: Callable[[], float] = time.time) -> AsyncGenerator[OpenIdProvider]:
    """A provider that runs in the test's own loop."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        made = OpenIdProvider(f"http://127.0.0.1:{listener.getsockname()[1]}", now)
        server = uvicorn.Server(uvicorn.Config(made.app(), lifespan="off", log_config=None))
        serving = asyncio.create_task(server._serve([listener]))  # pyright: ignore[reportPrivateUsage] - without taking the signals
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn tells by a flag only
                await asyncio.sleep(0.01)
            yield made
        finally:
            server.should_exit = True
            await serving
