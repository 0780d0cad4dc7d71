"""A whole server on loopback that looks at the lab, and a Chromium to use it with."""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import uvicorn
from axe_playwright_python.sync_playwright import Axe  # pyright: ignore[reportMissingTypeStubs]
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from app.work.sinks import MailSink, mail_sink
from hauberk.app.server_settings import ServerSettings, SessionLimits
from hauberk.app.work.work_settings import Relay, Security, WorkSettings
from hauberk.lab.background import in_background
from hauberk.lab.declared import Declared, shipped
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.lab.zones import Zone, parse_records
from hauberk.store.store import Store
from hauberk.web.application import create_app
from hauberk.web.sign_in.set_up import set_up_link
from hauberk.world.live import LiveConfig, LiveWorld

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
_LONG = SessionLimits(timedelta(days=30), timedelta(days=30))  # the clock is moved by days
_SCHEMES = ("light", "dark")
_NARROW = {"width": 375, "height": 800}
_WIDE = {"width": 1280, "height": 900}


@dataclass
class MovingClock:
    """The time, moved ahead by `ahead`."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Stage:
    """The server at `url`; `set_up` is the link for the first administrator, `mail` gets its alerts."""

    url: str
    set_up: str
    lab: Lab
    clock: MovingClock
    mail: MailSink

    def change_zone(self, apex: str, records: str, *without: str) -> None:
        """Publish records in a zone of the lab and take sets (`name TYPE`) away."""
        zone = self.lab.zones.zone_of(apex)
        kept = [one for one in zone.records if f"{one.name} {one.type}" not in without and one.type not in ("NSEC", "DNSKEY")]
        self.lab.zones.add(Zone(apex, [*kept, *parse_records(records, apex)], zone.status, zone.servers))
        self.lab.resolver.forget()


@contextmanager
def stage(folder: Path, migrated: Path, *names: str) -> Generator[Stage]:
    """A server on a new database in `folder`, before its first administrator; the lab has the domains of these names only."""
    shutil.copy(migrated, folder / "hauberk.db")
    chosen: tuple[Declared, ...] = tuple(one for one in shipped() if not one.says or one.name in names)
    clock = MovingClock()
    with in_background(Lab(clock(), chosen)) as lab, mail_sink() as mail, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://localhost:{listening.getsockname()[1]}"
        relay = Relay("127.0.0.1", mail.port, Security.NONE, "hauberk@example.net")
        work = WorkSettings(folder, relay=relay, base_url=url, retest_after=timedelta(seconds=1), poll=0.1, gather=timedelta(0))
        settings = ServerSettings(f"sqlite:///{folder / 'hauberk.db'}", work, url=url, session=_LONG)
        looking = LiveConfig(resolver=lab.resolver_url, helo=LAB_HELO, routes=lab.routes, ca_file=lab.anchor_pem_path)
        with _served(settings, listening, clock, lambda: LiveWorld(looking)) as link:
            yield Stage(url, link, lab, clock, mail)


@contextmanager
def _served(settings: ServerSettings, listening: socket.socket, clock: MovingClock, world: Callable[[], LiveWorld]) -> Generator[str]:
    """The server in a thread of its own; the link for the first administrator."""
    ready, told, servers = threading.Event(), list[str](), list[uvicorn.Server]()

    async def serve() -> None:
        store = await Store.open(settings.database)
        try:
            app = create_app(settings, store, clock, world)
            told.append(await set_up_link(app.state.installation))
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
            servers.append(server)
            ready.set()
            await server.serve(sockets=[listening])
        finally:
            ready.set()
            await store.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="served", daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield told[0]
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(30)


@contextmanager
def chromium() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = _launched(playwright)
        try:
            yield browser
        finally:
            browser.close()


def _launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)


@dataclass
class Inspector:
    """Looks at pages: no violation of WCAG that axe-core knows, in light and dark; no sideways scrolling at 375 px; nothing third-party.

    With the variable `HAUBERK_SCREENSHOTS` (a folder) it keeps a picture of each page.
    """

    seen: list[str] = field(default_factory=list[str])
    axe: Axe = field(default_factory=Axe)

    def look(self, page: Page, name: str) -> None:
        self.seen.append(name)
        folder = os.environ.get("HAUBERK_SCREENSHOTS")
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
            only = {"runOnly": ["color-contrast"]} if scheme == "dark" else None  # the rest is the same in the dark
            answer = cast("dict[str, Any]", self.axe.run(page, options=only).response)  # pyright: ignore[reportUnknownMemberType]
            found = [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in answer["violations"]]
            assert not found, (name, scheme, found)
            if folder:
                page.screenshot(path=Path(folder) / f"{len(self.seen):02}-{name}-{scheme}.png", full_page=True)
        page.set_viewport_size(_NARROW)  # pyright: ignore[reportArgumentType]
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, (name, wider)
        if folder:
            page.screenshot(path=Path(folder) / f"{len(self.seen):02}-{name}-narrow.png", full_page=True)
        page.set_viewport_size(_WIDE)  # pyright: ignore[reportArgumentType]
        page.emulate_media(color_scheme="light")
