"""Signing in with a password: who is let in, what the cookie is like, and what an attacker gets."""

import asyncio
import re
import time

import httpx
import pytest

from hauberk.store import closing, sessions, users
from hauberk.store.members import Role
from hauberk.web.sign_in import attempts
from hauberk.web.sign_in.set_up import set_up_link
from web.site import PASSWORD, Browser, Play, Site


async def _ada(site: Site) -> Browser:
    return await site.signed_in("ada@example.com", (await site.tenant("Acme Ltd"), Role.ADMINISTRATOR))


def _cookie(answer: httpx.Response, name: str) -> str:
    return next((value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{name}=")), "")


def test_the_first_administrator_sets_the_server_up_once(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser = site.browser()
        assert "Nobody can sign in yet" in await browser.read("/sign-in")
        old = await set_up_link(site.installation)
        link = await set_up_link(site.installation)
        assert (await browser.get(old)).status_code == 404
        typed = {"organisation": "Acme <Ltd>", "name": "Ada", "email": "Ada@Example.com", "password": PASSWORD}
        short = await browser.send(link, **{**typed, "password": "short"})
        assert short.status_code == 422
        assert "at least 12 characters" in short.text
        assert "short" not in short.text.replace("at least", "")
        done = await browser.send(link, **typed)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert "Acme &lt;Ltd&gt;" in await browser.read("/")
        assert (await site.browser().get(link)).status_code == 404
        assert await set_up_link(site.installation) == ""
        await site.browser().sign_in("ada@example.com")

    play(scenario)


def test_of_two_who_open_the_set_up_link_at_once_one_is_the_administrator(play: Play) -> None:
    async def scenario(site: Site) -> None:
        link = await set_up_link(site.installation)
        typed = [{"organisation": f"Org {n}", "name": "x", "email": f"x{n}@example.com", "password": PASSWORD} for n in range(3)]
        answers = await asyncio.gather(*(site.browser().send(link, **one) for one in typed))
        assert sorted(answer.status_code for answer in answers) == [303, 404, 404]
        async with site.store.system() as session:
            assert await users.count(session) == 1

    play(scenario)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        wrong = await site.browser().send("/sign-in", email="ada@example.com", password="not the password")
        unknown = await site.browser().send("/sign-in", email="eve@example.com", password="not the password")
        assert wrong.status_code == unknown.status_code == 401
        assert "The address or the password is wrong." in wrong.text
        strip = 'value="{}"'.format
        assert _masked(wrong.text, strip("ada@example.com")) == _masked(unknown.text, strip("eve@example.com"))

    play(scenario)


def _masked(page: str, own: str) -> str:
    return re.sub(r"[0-9a-f]{64}", "TOKEN", page.replace(own, "OWN"))


def test_a_user_without_a_password_or_with_a_closed_account_is_not_let_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        async with site.store.system() as session:
            await users.add(session, "bob@example.com", "Bob", site.clock())
        assert (await site.browser().send("/sign-in", email="bob@example.com", password="")).status_code in (401, 422)
        assert (await site.browser().send("/sign-in", email="bob@example.com", password="anything at all")).status_code == 401
        async with site.store.system() as session:
            await closing.close(session, ada, await users.add(session, "eve@example.com", "Eve", site.clock()), site.clock())
        assert (await site.browser().send("/sign-in", email="ada@example.com", password=PASSWORD)).status_code == 401

    play(scenario)


def test_cookies_are_kept_from_scripts_and_other_sites(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        answer = await site.browser().send("/sign-in", email="ada@example.com", password=PASSWORD)
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(_cookie(answer, "hauberk_session").split("; "))

    play(scenario)


def test_with_https_cookies_are_bound_to_the_host_and_to_https(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        answer = await site.browser().send("/sign-in", email="ada@example.com", password=PASSWORD)
        flags = set(_cookie(answer, "__Host-hauberk_session").split("; "))
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)
        assert "max-age" in answer.headers["strict-transport-security"]

    play(scenario, url="https://hauberk.example.com", host="0.0.0.0")


def test_a_session_that_was_planted_before_is_not_the_one_after_signing_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        browser = site.browser()
        browser.client.cookies.set("hauberk_session", "planted-by-an-attacker", domain="127.0.0.1", path="/")
        await browser.sign_in("ada@example.com")
        assert browser.cookies["hauberk_session"] != "planted-by-an-attacker"
        eve = site.browser()
        eve.client.cookies.set("hauberk_session", "planted-by-an-attacker")
        assert (await eve.get("/")).status_code == 303

    play(scenario)


def test_signing_in_again_ends_the_session_before_and_gives_another_token(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser = await _ada(site)
        before = browser.cookies["hauberk_session"]
        await browser.sign_in("ada@example.com")
        assert browser.cookies["hauberk_session"] != before
        async with site.store.system() as session:
            assert await sessions.find(session, before, site.clock()) is None

    play(scenario)


def test_signing_out_ends_the_session_on_the_server(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser = await _ada(site)
        secret = browser.cookies["hauberk_session"]
        assert (await browser.send("/", "/sign-out")).headers["location"] == "/sign-in"
        thief = site.browser()
        thief.client.cookies.set("hauberk_session", secret)
        assert (await thief.get("/")).headers["location"] == "/sign-in"

    play(scenario)


def test_a_session_ends_when_it_is_not_used_and_after_its_whole_time(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser = await _ada(site)
        for _ in range(3):
            site.clock.move(hours=11)
            assert (await browser.get("/")).status_code == 200
        site.clock.move(hours=13)
        assert (await browser.get("/")).status_code == 303
        await browser.sign_in("ada@example.com")
        for _ in range(30):
            site.clock.move(hours=11)
            await browser.get("/")
        assert (await browser.get("/")).status_code == 200
        site.clock.move(hours=7)
        assert (await browser.get("/")).status_code == 303

    play(scenario)


def test_guessing_one_account_is_stopped_and_its_owner_elsewhere_is_not(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        eve = site.browser("198.51.100.7")
        answers = await asyncio.gather(
            *(
                eve.send("/sign-in", email="ADA@example.com", password=f"a wrong guess {n}")
                for n in range(attempts.PER_ACCOUNT_AND_ADDRESS + 4)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [401] * attempts.PER_ACCOUNT_AND_ADDRESS + [429] * 4
        closed = await eve.send("/sign-in", email="ada@example.com", password=PASSWORD)
        assert closed.status_code == 429
        assert closed.headers["retry-after"] == "900"
        await site.browser("203.0.113.9").sign_in("ada@example.com")
        site.clock.move(minutes=16)
        await eve.sign_in("ada@example.com")

    play(scenario)


def test_one_address_cannot_try_one_password_on_many_accounts(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PER_ADDRESS", 6)

    async def scenario(site: Site) -> None:
        await site.tenant("Acme")
        await site.user("ada@example.com")
        guesses = [
            await site.browser(f"2001:db8::{n}").send("/sign-in", email=f"u{n}@example.com", password="Summer2026!!") for n in range(8)
        ]
        assert [answer.status_code for answer in guesses] == [401] * 6 + [429] * 2

    play(scenario)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil.example",
        "/\r\nX: y",
        "",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(play: Play, target: str) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        answer = await site.browser().send("/sign-in", email="ada@example.com", password=PASSWORD, next=target)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"

    play(scenario)


def test_who_asks_for_a_page_comes_to_it_after_signing_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        browser = site.browser()
        first = await browser.get("/account?a=1&b=%2F")
        assert first.headers["location"] == "/sign-in?next=/account%3Fa%3D1%26b%3D%252F"
        answer = await browser.send(first.headers["location"], "/sign-in", email="ada@example.com", password=PASSWORD)
        assert answer.headers["location"] == "/account?a=1&b=%2F"

    play(scenario)


def test_a_password_is_the_same_however_the_keyboard_composes_it(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER), password="Zoë's lange Straße")
        await site.browser().sign_in("ada@example.com", "Zoe\u0308's lange Straße")

    play(scenario)


def test_an_unknown_address_costs_as_much_as_a_known_one(play: Play) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        browser = site.browser()
        spent: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
        await browser.send("/sign-in", email="nobody@example.com", password="a wrong guess")
        for _ in range(3):
            for email, times in spent.items():
                begun = time.process_time()
                await browser.send("/sign-in", email=email, password="a wrong guess")
                times.append(time.process_time() - begun)
        known, unknown = (min(times) for times in spent.values())
        assert 0.6 < unknown / known < 1.7, spent

    play(scenario)


def test_a_failed_attempt_is_one_line_of_the_log_whatever_was_typed(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(site: Site) -> None:
        await site.user("ada@example.com", (await site.tenant("Acme"), Role.MEMBER))
        await site.browser("198.51.100.7").send("/sign-in", email="x\r\nroot signed in\x1b[2J", password="a wrong guess")

    play(scenario)
    (line,) = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert "198.51.100.7" in line
    assert line.isprintable()
    assert "a wrong guess" not in caplog.text
