"""What holds for every route of the pages: headers, forged requests, foreign hosts, roles, sizes."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from hauberk.store.engine import engine
from hauberk.store.members import Role
from hauberk.store.store import Store
from hauberk.store.url import parse
from hauberk.web import access, forgery
from hauberk.web.application import create_app
from hauberk.web.protection import CONTENT_POLICY
from hauberk.world.live import LiveWorld
from web.site import PASSWORD, Browser, Clock, Play, Site, settings_for

# Without an account these are of use; everything else wants to know who asks.
PUBLIC = {
    "/sign-in", "/sign-out", "/sign-in/passkey", "/sign-in/passkey/challenge", "/sign-in/with/{name}", "/sign-in/back/{name}",
    "/set-up/{secret}", "/invitation/{secret}", "/share/{secret}", "/theme", "/badge/{token}.svg",
    "/catalogue", "/catalogue/{check}", "/health",
}  # fmt: skip
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)
CHECKED = {access.reader, access.member, access.administrator, access.auditor}


def routes_of(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from routes_of(original.routes)


def _calls(dependant: Dependant) -> set[object]:
    return {dependant.call}.union(*(_calls(one) for one in dependant.dependencies))


def _path(route: APIRoute) -> str:
    """An address of the route, with an id in each place."""
    return re.sub(r"\{(\w+)(:\w+)?\}", "1", route.path)


def test_every_page_asks_who_is_there_unless_it_is_meant_for_all(play: Play) -> None:
    async def scenario(site: Site) -> None:
        routes = list(routes_of(site.app.routes))
        assert len(routes) > 40
        open_to_all = {route.path for route in routes if not CHECKED & _calls(route.dependant)}
        assert open_to_all <= PUBLIC, open_to_all - PUBLIC

    play(scenario)


def test_every_page_that_changes_something_refuses_what_another_site_sends(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        token = {"csrf": await _token(ada)}
        asked = 0
        for route in routes_of(site.app.routes):
            for method in sorted((route.methods or set()) - forgery.SAFE):
                asked += 1
                path = _path(route)
                bare = await ada.client.request(method, path, data={"a": "b"})
                assert bare.status_code == 403, (method, path)
                assert "no longer valid" in bare.text
                guessed = await ada.client.request(method, path, data={"csrf": "0" * 64})
                assert guessed.status_code == 403, (method, path)
                for headers in FOREIGN:
                    forged = await ada.client.request(method, path, data=token, headers=headers)
                    assert forged.status_code == 403, (method, path, headers)
                    assert "another site" in forged.text
        assert asked > 20
        assert (await ada.get("/account")).status_code == 200

    play(scenario)


async def _token(browser: Browser) -> str:
    found = re.search(r'"X-CSRF-Token": "(\w+)"', await browser.read("/account"))
    assert found is not None
    return found[1]


def test_the_token_of_one_session_is_none_for_another(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant = await site.tenant("Acme")
        ada = await site.signed_in("ada@example.com", (tenant, Role.ADMINISTRATOR))
        eve = await site.signed_in("eve@example.com", (tenant, Role.MEMBER))
        forged = await ada.client.post("/settings", data={"csrf": await _token(eve), "name": "Eve Ltd"})
        assert forged.status_code == 403
        right = await ada.client.post("/settings", data={"name": "Ada Ltd"}, headers={"X-CSRF-Token": await _token(ada)})
        assert right.status_code == 303

    play(scenario)


def test_nobody_is_signed_in_as_an_attacker_by_a_foreign_form(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("eve@example.com", (await site.tenant("Acme"), Role.MEMBER))
        victim = site.browser()
        forged = await victim.client.post(
            "/sign-in", data={"email": "eve@example.com", "password": PASSWORD, "csrf": forgery.token_of("known")}
        )
        assert forged.status_code == 403
        assert "hauberk_session" not in victim.cookies

    play(scenario)


def test_every_answer_keeps_a_page_to_itself(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        for browser in (ada, site.browser()):
            for path in sorted(
                {_path(route) for route in routes_of(site.app.routes)} | {"/nowhere", "/static/hauberk.css", "/static/nothing"}
            ):
                if not path.startswith("/badge/"):
                    _check(await browser.get(path))

    play(scenario)


def _check(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["content-security-policy"] == CONTENT_POLICY, answer.url
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "x-powered-by" not in headers
    assert answer.status_code < 500, (answer.url, answer.text)
    if answer.url.path.startswith("/static/"):
        return
    assert headers["cache-control"] == "no-store", answer.url
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", answer.text), answer.url
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
        assert address.startswith(("/", "#", "?", "data:")) or not address or "://" not in address or _is_reference(address), address


def _is_reference(address: str) -> bool:
    """A link that a reader may follow, as those to RFCs in the catalogue; never something that the page itself fetches."""
    return address.startswith("https://")


def test_a_page_fetches_nothing_from_elsewhere(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        for path in ("/", "/sign-in", "/settings", "/catalogue", "/account"):
            page = await ada.read(path)
            fetched = re.findall(r'<(?:script|link|img|iframe|object|embed|source|form)\b[^>]*\s(?:src|href|action|data)="([^"]*)"', page)
            assert fetched
            assert all(address.startswith("/") and not address.startswith("//") for address in fetched), fetched

    play(scenario)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8025", "127.0.0.1.evil.example", "", "[::2]", "localhost@evil.example", "127.0.0.2"]
)
def test_a_request_for_another_host_is_refused(play: Play, host: str) -> None:
    async def scenario(site: Site) -> None:
        for path in ("/", "/sign-in", "/api/v1/domains", "/static/hauberk.css"):
            answer = await site.browser().get(path, host=host)
            assert answer.status_code == 421, (path, answer.status_code)
            assert not host or host not in answer.text

    play(scenario)


def test_a_link_that_is_shown_begins_with_the_servers_own_address_whatever_host_was_asked(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        headers = {**ada.sent_by_page, "Host": "localhost:8025", "Origin": "http://localhost:8025", "X-Forwarded-Host": "evil.example"}
        data = {"csrf": await _token(ada), "label": "x", "days": "7"}
        answer = await ada.client.post("/settings/shares", data=data, headers=headers)
        assert "http://127.0.0.1:8025/share/" in answer.text
        assert "evil.example" not in answer.text

    play(scenario)


def test_a_public_name_is_the_only_one_when_the_server_listens_to_all(play: Play) -> None:
    async def scenario(site: Site) -> None:
        assert (await site.browser().get("/sign-in")).status_code == 200
        assert (await site.browser().get("/sign-in", host="HAUBERK.example.com:443")).status_code == 200
        for host in ("localhost", "127.0.0.1"):
            assert (await site.browser().get("/sign-in", host=host)).status_code == 421

    play(scenario, url="https://hauberk.example.com", host="0.0.0.0")


def test_what_an_administrator_changes_a_member_and_an_auditor_do_not(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant = await site.tenant("Acme")
        await site.user("ada@example.com", (tenant, Role.ADMINISTRATOR))
        for role in (Role.MEMBER, Role.AUDITOR):
            browser = await site.signed_in(f"{role.value}@example.com", (tenant, role))
            headers = {**browser.sent_by_page, "X-CSRF-Token": await _token(browser)}
            for route in routes_of(site.app.routes):
                wanted = CHECKED & _calls(route.dependant)
                allowed = access.administrator not in wanted and (role is Role.MEMBER or access.member not in wanted)
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    if not allowed:
                        answer = await browser.client.request(method, _path(route), headers=headers)
                        assert answer.status_code == 403, (role, method, route.path, answer.status_code)

    play(scenario)


def test_who_is_not_signed_in_is_sent_to_sign_in_by_every_page(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        browser = site.browser()
        page = await browser.read("/sign-in")
        found = re.search(r'"X-CSRF-Token": "(\w+)"', page)
        assert found is not None
        headers = {**browser.sent_by_page, "X-CSRF-Token": found[1]}
        for route in routes_of(site.app.routes):
            calls = _calls(route.dependant)
            for method in sorted((route.methods or set()) - {"HEAD"}):
                if access.reader in calls:
                    answer = await browser.client.request(method, _path(route), headers=headers)
                    assert answer.status_code == 303, (method, route.path, answer.status_code)
                    assert answer.headers["location"].startswith("/sign-in")
                elif access.auditor in calls:
                    assert (await browser.client.request(method, _path(route), headers=headers)).status_code == 404

    play(scenario)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        headers = {**ada.sent_by_page, "X-CSRF-Token": await _token(ada)}
        declared = await ada.client.post(
            "/settings", content=b"a" * 3000, headers={**headers, "Content-Type": "application/x-www-form-urlencoded"}
        )
        assert declared.status_code == 413
        assert "<h1>Too large</h1>" in declared.text

        async def trickle() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b"a" * 1000

        undeclared = await ada.client.post(
            "/settings", content=trickle(), headers={**headers, "Content-Type": "application/x-www-form-urlencoded"}
        )
        assert undeclared.status_code == 413

    play(scenario, largest_body=2000)


def test_what_crashes_is_told_in_plain_words_with_all_headers(play: Play) -> None:
    async def scenario(site: Site) -> None:
        async def crash() -> None:
            raise RuntimeError("the secret inside")

        site.app.get("/crash")(crash)
        answer = await site.browser().get("/crash")
        assert answer.status_code == 500
        assert "the secret inside" not in answer.text
        assert "This went wrong" in answer.text
        assert answer.headers["content-security-policy"] == CONTENT_POLICY

    play(scenario)


def test_a_database_that_is_away_is_said_to_be_and_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        away = Store(engine(parse("postgresql://nobody@127.0.0.1:1/none"), connections=1))
        app = create_app(settings_for(tmp_path), away, Clock(), LiveWorld)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
            for path in ("/sign-in", "/share/x"):
                answer = await client.get(path)
                assert answer.status_code == 503, path
                assert "The database cannot be reached" in answer.text
                assert "127.0.0.1:1" not in answer.text
                assert answer.headers["retry-after"] == "30"
            assert (await client.get("/static/hauberk.css")).status_code == 200
            assert (await client.get("/health")).status_code == 503
        await away.close()

    asyncio.run(scenario())


def test_head_is_answered_as_get_is_without_the_page(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        for path in ("/sign-in", "/", "/health", "/static/hauberk.css", "/nowhere"):
            got, head = await site.browser().get(path), await site.browser().client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers["content-security-policy"] == CONTENT_POLICY
        assert (await site.browser().get("/health")).text == "ok\n"

    play(scenario)
