"""Passkeys: registered by their owner, used once per challenge, and nothing else is let in."""

import json

import httpx
import pytest

from hauberk.store import passkeys
from hauberk.store.members import Role
from web.authenticator import PRESENT, Authenticator, Options
from web.site import Browser, Play, Site, form_of

URL = "http://localhost:8025"


async def _ada(site: Site) -> Browser:
    await site.user("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
    return await site.browser(base_url=URL).sign_in("ada@example.com")


async def _options(browser: Browser, page: str, path: str) -> Options:
    token = form_of(await browser.read(page), path.removesuffix("/challenge")).values["csrf"]
    answer = await browser.client.post(path, headers={**browser.sent_by_page, "X-CSRF-Token": token})
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


async def _register(browser: Browser, made: Authenticator) -> httpx.Response:
    options = await _options(browser, "/account", "/account/passkeys/challenge")
    return await browser.send("/account", "/account/passkeys", credential=made.create(options), name="Laptop")


async def _sign_in(browser: Browser, made: Authenticator) -> httpx.Response:
    options = await _options(browser, "/sign-in", "/sign-in/passkey/challenge")
    return await browser.send("/sign-in", "/sign-in/passkey", credential=made.get(options), next="/account")


def test_a_passkey_is_registered_and_signs_in_without_a_name(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada, made = await _ada(site), Authenticator(URL)
        assert (await _register(ada, made)).headers["location"] == "/account?done=passkey"
        assert "Laptop" in await ada.read("/account")
        browser = site.browser(base_url=URL)
        answer = await _sign_in(browser, made)
        assert answer.headers["location"] == "/account"
        assert "ada@example.com" in await browser.read("/account")
        async with site.store.system() as session:
            assert (await passkeys.of_user(session, 1))[0].sign_count == 1
        assert (await ada.send("/account", "/account/passkeys/1/remove")).status_code == 303
        assert (await _sign_in(site.browser(base_url=URL), made)).status_code == 401

    play(scenario)


def test_an_answer_counts_once_and_in_time(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada, made = await _ada(site), Authenticator(URL)
        await _register(ada, made)
        browser = site.browser(base_url=URL)
        options = await _options(browser, "/sign-in", "/sign-in/passkey/challenge")
        answer = made.get(options)
        assert (await browser.send("/sign-in", "/sign-in/passkey", credential=answer)).status_code == 303
        assert (await site.browser(base_url=URL).send("/sign-in", "/sign-in/passkey", credential=answer)).status_code == 401
        late = made.get(await _options(browser, "/sign-in", "/sign-in/passkey/challenge"))
        site.clock.move(minutes=6)
        assert (await browser.send("/sign-in", "/sign-in/passkey", credential=late)).status_code == 401

    play(scenario)


@pytest.mark.parametrize("lie", ["origin", "unverified", "other key", "other user", "copied", "own challenge"])
def test_an_answer_that_is_not_right_is_refused(play: Play, lie: str) -> None:
    async def scenario(site: Site) -> None:
        ada, made = await _ada(site), Authenticator(URL)
        await _register(ada, made)
        browser = site.browser(base_url=URL)
        match lie:
            case "origin":
                made.origin = "https://hauberk.evil.example"
            case "unverified":
                made.flags = PRESENT
            case "other key":
                made.key = Authenticator(URL).key
            case "other user":
                made.handle = b"hauberk-user-2"
            case "copied":
                assert (await _sign_in(browser, made)).status_code == 303
                made.count -= 1
            case _:
                options: Options = {"rpId": "localhost", "challenge": "bXkgb3duIGNoYWxsZW5nZQ"}
                refused = await browser.send("/sign-in", "/sign-in/passkey", credential=made.get(options))
                assert refused.status_code == 401
                return
        refused = await _sign_in(browser, made)
        assert refused.status_code == 401
        assert "not accepted" in refused.text

    play(scenario)


@pytest.mark.parametrize(
    "credential",
    ["", "{}", "[1]", "null", '{"rawId": 1, "response": []}', "[" * 5000, '{"rawId": "AA", "response": {"clientDataJSON": "e30"}}'],
)
def test_what_is_no_answer_is_refused(play: Play, credential: str) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        browser = site.browser(base_url=URL)
        assert (await browser.send("/sign-in", "/sign-in/passkey", credential=credential)).status_code in (401, 422)
        assert (await ada.send("/account", "/account/passkeys", credential=credential)).status_code == 422

    play(scenario)


def test_a_challenge_of_one_user_registers_nothing_for_another(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        await site.user("eve@example.com", (await site.tenant("Other"), Role.MEMBER))
        eve = await site.browser(base_url=URL).sign_in("eve@example.com")
        options = await _options(eve, "/account", "/account/passkeys/challenge")
        refused = await ada.send("/account", "/account/passkeys", credential=Authenticator(URL).create(options))
        assert refused.status_code == 422
        async with site.store.system() as session:
            assert await passkeys.of_user(session, 1) == await passkeys.of_user(session, 2) == ()

    play(scenario)


def test_a_passkey_is_added_only_shortly_after_signing_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        options = await _options(ada, "/account", "/account/passkeys/challenge")
        site.clock.move(minutes=61)
        refused = await ada.send("/account", "/account/passkeys", credential=Authenticator(URL).create(options))
        assert refused.status_code == 403

    play(scenario)


def test_by_an_ip_address_passkeys_say_where_they_work(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Acme"), Role.ADMINISTRATOR))
        token = form_of(await ada.read("/account"), "/account/passkeys").values["csrf"]
        answer = await ada.client.post("/account/passkeys/challenge", headers={"X-CSRF-Token": token})
        assert answer.status_code == 422
        assert "Open http://localhost:8025 instead" in answer.text

    play(scenario)
