"""Signing in with an OpenID provider that runs on loopback, and the lies that are not believed."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from hauberk.app.server_settings import Provider
from hauberk.store import closing, members, users
from hauberk.store.members import Role
from web.openid_provider import CLIENT, SECRET, OpenIdProvider, provider
from web.site import NOW, Browser, Site, site


@dataclass
class Meeting:
    """A server, the provider that it knows, and a browser that nobody has used."""

    site: Site
    provider: OpenIdProvider
    browser: Browser

    async def visit(self, path: str = "/sign-in/with/sso?next=/account", browser: Browser | None = None) -> httpx.Response:
        """To the provider and back."""
        used = browser or self.browser
        return await used.get(self.provider.allow((await used.get(path)).headers["location"]))


Play = Callable[..., None]


@pytest.fixture
def meet(tmp_path: Path, migrated_file: Path) -> Play:
    def run(scenario: Callable[[Meeting], Coroutine[object, object, None]], tenant: str = "") -> None:
        async def whole() -> None:
            async with provider(NOW.timestamp) as running:
                known = Provider("sso", running.issuer, CLIENT, SECRET, "Example SSO", tenant)
                async with site(tmp_path, migrated_file, providers=(known,)) as opened:
                    await scenario(Meeting(opened, running, opened.browser()))

        asyncio.run(whole())

    return run


async def _invited(met: Meeting, email: str = "ada@example.com") -> None:
    tenant = await met.site.tenant("Acme")
    await met.site.user("boss@example.com", (tenant, Role.ADMINISTRATOR))
    async with met.site.store.tenant(tenant.id) as session:
        await members.invite(session, email, Role.MEMBER, NOW, NOW.replace(year=2027))


def test_who_was_invited_comes_in_and_comes_back(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        assert "Sign in with Example SSO" in await met.browser.read("/sign-in")
        answer = await met.visit()
        assert answer.headers["location"] == "/account"
        page = await met.browser.read("/account")
        assert "Ada L" in page
        assert "ada@example.com" in page
        met.provider.person["email"] = "other@example.com"  # the subject is who it is, not the address
        assert (await met.visit(browser=met.site.browser())).status_code == 303
        async with met.site.store.system() as session:
            assert await users.count(session) == 2

    meet(scenario)


def test_the_people_of_a_provider_may_be_let_into_an_organisation(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await met.site.tenant("Acme")
        await met.visit()
        async with met.site.store.system() as session:
            (seat,) = await members.seats_of(session, 1)
        assert (seat.tenant.name, seat.role) == ("Acme", Role.MEMBER)

    meet(scenario, "acme")


def test_whose_account_was_closed_does_not_come_back_even_under_another_address(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await met.site.tenant("Acme")
        await met.visit()
        async with met.site.store.system() as session:
            (user,) = await users.page(session)
            boss = await users.add(session, "boss@example.com", "Boss", met.site.clock())
            await closing.close(session, user, boss, met.site.clock())
        for subject, email in (("", ""), ("", "other@example.com"), ("another", user.email)):
            met.provider.person |= {"sub": subject or str(met.provider.person["sub"]), "email": email or user.email}
            answer = await met.visit(browser=met.site.browser())
            assert (answer.status_code, "This account was closed." in answer.text) == (403, True), (subject, email)

    meet(scenario, "acme")


def test_the_address_may_come_from_the_userinfo_endpoint(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await met.site.tenant("Acme")
        met.provider.twist = {"email": None, "email_verified": None}
        assert (await met.visit()).status_code == 303

    meet(scenario, "acme")


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({"email_verified": False}, "does not say that your mail address is verified"),
        ({"email_verified": "true"}, "does not say that your mail address is verified"),
        ({"email": "stranger@example.com"}, "Nobody has invited"),
        ({"email": "boss@example.com"}, "There is an account for boss@example.com"),
        ({"email": "not an address"}, "does not say"),
    ],
)  # fmt: skip
def test_who_is_not_known_is_told_why(meet: Play, person: dict[str, object], said: str) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        met.provider.person |= person
        answer = await met.visit()
        assert answer.status_code == 403
        assert said in answer.text
        assert "hauberk_session" not in met.browser.cookies

    meet(scenario)


@pytest.mark.parametrize(
    "twist",
    [
        {"iss": "https://evil.example"}, {"aud": "another client"}, {"aud": ["hauberk", "another"]}, {"aud": ["hauberk", "x"], "azp": "x"},
        {"exp": 1}, {"exp": None}, {"iat": int(NOW.timestamp()) + 3600}, {"nonce": "replayed"}, {"nonce": None}, {"sub": ""}, {"sub": None},
        {"sub": "x" * 300},
    ],
)  # fmt: skip
def test_an_id_token_that_is_not_for_this_visit_is_not_believed(meet: Play, twist: dict[str, object]) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        met.provider.twist = twist
        answer = await met.visit()
        assert answer.status_code == 502
        assert "could not confirm who you are" in answer.text
        assert "hauberk_session" not in met.browser.cookies

    meet(scenario)


def test_an_id_token_of_another_key_is_not_believed(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        met.provider.published = RSAKey.generate_key(2048, {"kid": "1"})
        assert (await met.visit()).status_code == 502

    meet(scenario)


def test_a_visit_ends_once_in_the_browser_that_began_it(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        back = met.provider.allow((await met.browser.get("/sign-in/with/sso")).headers["location"])
        victim = met.site.browser()
        await victim.read("/sign-in")
        assert (await victim.get(back)).status_code == 400
        assert "hauberk_session" not in victim.cookies
        assert (await met.browser.get(back)).status_code == 400  # the attempt has used it up
        late = met.provider.allow((await met.browser.get("/sign-in/with/sso")).headers["location"])
        met.site.clock.move(minutes=11)
        assert (await met.browser.get(late)).status_code == 400

    meet(scenario)


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?error=access_denied", "?code=" + "a" * 5000])
def test_an_answer_that_nobody_asked_for_is_refused(meet: Play, query: str) -> None:
    async def scenario(met: Meeting) -> None:
        assert (await met.browser.get(f"/sign-in/back/sso{query}")).status_code == 400
        assert (await met.browser.get(f"/sign-in/back/nobody{query}")).status_code == 404
        assert (await met.browser.get("/sign-in/with/nobody")).status_code == 404

    meet(scenario)


def test_who_changes_his_mind_there_is_told_so(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        there = (await met.browser.get("/sign-in/with/sso")).headers["location"]
        state = re.search(r"state=([\w-]+)", there)
        assert state is not None
        answer = await met.browser.get(f"/sign-in/back/sso?error=access_denied&state={state[1]}")
        assert answer.status_code == 403
        assert "did not let you in" in answer.text

    meet(scenario)


def test_after_signing_in_there_nobody_is_sent_elsewhere(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        await _invited(met)
        assert (await met.visit("/sign-in/with/sso?next=https://evil.example")).headers["location"] == "/"

    meet(scenario)


def test_an_account_is_linked_by_its_owner(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        boss = await met.site.signed_in("boss@example.com", (await met.site.tenant("Acme"), Role.ADMINISTRATOR))
        met.provider.person["email"] = "boss@example.com"
        assert (await met.visit("/account/link/sso", boss)).headers["location"] == "/account?done=linked"
        assert (await met.visit()).headers["location"] == "/account"
        assert "boss@example.com" in await met.browser.read("/account")
        forged = await boss.get("/account/link/sso", **{"Sec-Fetch-Site": "cross-site"})
        assert forged.status_code == 403

    meet(scenario)


def test_a_provider_that_is_away_is_named(meet: Play) -> None:
    async def scenario(met: Meeting) -> None:
        met.provider.issuer = "http://127.0.0.1:1"
        answer = await met.browser.get("/sign-in/with/sso")
        assert answer.status_code == 502
        assert "Example SSO cannot be reached" in answer.text

    meet(scenario)
