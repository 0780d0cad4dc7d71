"""A server without sockets for the tests, and a browser that keeps cookies and sends forms as they stand on the page."""

import html
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from hauberk.app.server_settings import ServerSettings
from hauberk.app.work.work_settings import WorkSettings
from hauberk.store import members, tenants, users
from hauberk.store.members import Role
from hauberk.store.store import Store
from hauberk.store.tenants import Tenant
from hauberk.store.users import User
from hauberk.web.application import create_app
from hauberk.web.installation import Installation
from hauberk.web.sign_in import passwords
from hauberk.world.live import LiveWorld

Scenario: TypeAlias = "Callable[[Site], Coroutine[object, object, None]]"
Play: TypeAlias = Callable[..., None]  # of a scenario, and of settings that are not the usual ones
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
_INPUT = re.compile(r"<input\b[^>]*>|<select\b.*?</select>|<textarea\b.*?</textarea>", re.S)
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
_kept: list[str] = []


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **how: float) -> None:
        self.now += timedelta(**how)


@dataclass
class Site:
    app: FastAPI
    installation: Installation
    clock: Clock
    _open: list[httpx.AsyncClient] = field(default_factory=list[httpx.AsyncClient])

    @property
    def store(self) -> Store:
        return self.installation.store

    @property
    def settings(self) -> ServerSettings:
        return self.installation.settings

    def browser(self, address: str = "127.0.0.1", *, base_url: str = "") -> "Browser":
        """A new browser without cookies, at an address."""
        transport = httpx.ASGITransport(self.app, client=(address, 40000), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=base_url or self.settings.url)
        self._open.append(client)
        return Browser(client)

    async def tenant(self, name: str) -> Tenant:
        async with self.store.system() as session:
            return await tenants.add(session, name.lower().replace(" ", "-"), name, self.clock())

    async def user(self, email: str, *roles: tuple[Tenant, Role], password: str = PASSWORD) -> User:
        """A user with a password, a member of the tenants."""
        hashed = await _hashed(password)
        async with self.store.system() as session:
            user = await users.add(session, email, email.partition("@")[0].capitalize(), self.clock(), password_hash=hashed)
            for tenant, role in roles:
                await members.enrol(session, tenant.id, user.id, role, self.clock())
        return user

    async def signed_in(self, email: str, *roles: tuple[Tenant, Role]) -> "Browser":
        """The browser of a new user who has just signed in."""
        await self.user(email, *roles)
        browser = self.browser()
        await browser.sign_in(email)
        return browser

    async def close(self) -> None:
        for client in self._open:
            await client.aclose()


async def _hashed(password: str) -> str:
    """Hashing is slow on purpose, and most users of the tests have the same password."""
    if password != PASSWORD:
        return await passwords.hashed(password)
    if not _kept:
        _kept.append(await passwords.hashed(password))
    return _kept[0]


@dataclass
class Form:
    """A form of a page with the values that it would send as it stands."""

    action: str
    values: dict[str, str]


@dataclass
class Browser:
    client: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def read(self, path: str) -> str:
        """The page, after all redirects; it has to be there."""
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    async def send(self, path: str, form: "Form | str" = "", **values: str) -> httpx.Response:
        """Fill in a form of the page at the path and send it as a browser does: the one with that action, or the only one in `main`."""
        found = form if isinstance(form, Form) else form_of(await self.read(path), form or urlsplit(path).path)
        return await self.client.post(found.action, data={**found.values, **values}, headers=self.sent_by_page)

    async def upload(self, path: str, form: str, name: str, file: tuple[str, bytes, str], **values: str) -> httpx.Response:
        """The same for a form with a file: its name, content and media type."""
        found = form_of(await self.read(path), form)
        return await self.client.post(found.action, data={**found.values, **values}, files={name: file}, headers=self.sent_by_page)

    @property
    def sent_by_page(self) -> dict[str, str]:
        """What a browser says about a request that a page of ours sends."""
        return {"Origin": str(self.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}

    async def sign_in(self, email: str, password: str = PASSWORD) -> Self:
        answer = await self.send("/sign-in", email=email, password=password)
        assert answer.status_code == 303, answer.text
        return self

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}


def form_of(page: str, action: str) -> Form:
    """The form of that action; one without an action leads to the page itself."""
    for attributes, inside in _FORM.findall(page):
        target = _attribute(attributes, "action") or action
        if target == action:
            return Form(target, {name: value for name, value in map(_field, _INPUT.findall(inside)) if name})
    raise AssertionError(f"there is no form for {action} in {page}")


def _field(text: str) -> tuple[str, str]:
    kind = _attribute(text, "type")
    if kind in ("file", "submit") or (kind in ("checkbox", "radio") and " checked" not in text):
        return "", ""
    if text.startswith("<select"):
        chosen = re.search(r'<option value="([^"]*)"[^>]* selected', text) or re.search(r'<option value="([^"]*)"', text)
        return _attribute(text, "name"), html.unescape(chosen[1]) if chosen else ""
    if text.startswith("<textarea"):
        return _attribute(text, "name"), html.unescape(text[text.index(">") + 1 : text.rindex("<")])
    return _attribute(text, "name"), _attribute(text, "value") or ("on" if kind in ("checkbox", "radio") else "")


def _attribute(text: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', text)
    return html.unescape(found[1]) if found else ""


def settings_for(folder: Path, **changed: object) -> ServerSettings:
    values: dict[str, object] = {"database": f"sqlite:///{folder / 'hauberk.db'}", "work": WorkSettings(folder), "works": False, **changed}
    return ServerSettings(**values)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def site(folder: Path, migrated: Path, **changed: object) -> AsyncGenerator[Site]:
    """A server on a new database; `migrated` is a file with all tables to begin with, unless the settings name a `database`."""
    if "database" not in changed:
        shutil.copy(migrated, folder / "hauberk.db")
    settings, clock = settings_for(folder, **changed), Clock()
    store = await Store.open(settings.database)
    app = create_app(settings, store, clock, LiveWorld)
    opened = Site(app, app.state.installation, clock)
    try:
        yield opened
    finally:
        await opened.close()
        await store.close()
