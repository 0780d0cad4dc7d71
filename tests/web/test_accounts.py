"""All accounts of the installation: who sees them, and what closing one comes to."""

import re

import pytest

from hauberk.store import members, tokens, users
from hauberk.store.members import Role
from hauberk.store.tenants import Tenant
from hauberk.store.users import User
from web.site import PASSWORD, Browser, Play, Site

PATH = "/settings/accounts"


async def _operator(site: Site) -> Browser:
    return await site.signed_in("ada@example.com", (await site.tenant("Acme Ltd"), Role.ADMINISTRATOR))


async def _user(site: Site, email: str) -> User:
    async with site.store.system(writing=False) as session:
        found = await users.by_email(session, email)
    assert found is not None
    return found


async def _token(browser: Browser) -> dict[str, str]:
    found = re.search(r'"X-CSRF-Token": "(\w+)"', await browser.read("/account"))
    assert found is not None
    return {"csrf": found[1]}


def test_only_administrators_of_the_first_organisation_see_and_close_accounts(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _operator(site)
        acme = (await _seats(site, "ada@example.com"))[0].tenant
        client = await site.tenant("Client")
        bob = await _user_id(site, "bob@example.com", (acme, Role.MEMBER))
        others = {
            "auditor": await site.signed_in("auditor@example.com", (acme, Role.AUDITOR), (client, Role.ADMINISTRATOR)),
            "member": await site.signed_in("member@example.com", (acme, Role.MEMBER)),
            "administrator of a client": await site.signed_in("eve@example.com", (client, Role.ADMINISTRATOR)),
        }
        for who, browser in others.items():
            assert (await browser.get(PATH)).status_code == 403, who
            assert "All accounts" not in await browser.read("/settings"), who
            forced = await browser.client.post(f"{PATH}/{bob}/close", data=await _token(browser), headers=browser.sent_by_page)
            assert forced.status_code == 403, who
        guest = site.browser()
        assert (await guest.get(PATH)).headers["location"].startswith("/sign-in")
        assert (await guest.client.post(f"{PATH}/{bob}/close")).status_code == 403
        assert (await ada.client.post(f"{PATH}/{bob}/close", headers=ada.sent_by_page)).status_code == 403  # without the form's token
        assert (await _user(site, "bob@example.com")).disabled_at is None
        assert "All accounts" in await ada.read("/settings")
        assert (await ada.send(PATH, f"{PATH}/{bob}/close")).status_code == 303
        assert (await _user(site, "bob@example.com")).disabled_at == site.clock()

    play(scenario)


def test_whoever_is_closed_is_out_at_once_everywhere(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(site: Site) -> None:
        ada = await _operator(site)
        acme, client = (await _seats(site, "ada@example.com"))[0].tenant, await site.tenant("Client")
        bob = await site.signed_in("bob@example.com", (acme, Role.MEMBER), (client, Role.ADMINISTRATOR))
        user = await _user(site, "bob@example.com")
        async with site.store.tenant(client.id) as session:
            _, secret = await tokens.issue(session, "ci", "read", user.known_as, site.clock())
        bearer = {"Authorization": f"Bearer {secret}"}
        assert (await site.browser().get("/api/v1/domains", **bearer)).status_code == 200
        done = await ada.send(PATH, f"{PATH}/{user.id}/close")
        page = await ada.read(done.headers["location"])
        assert "closed on 21 November 2026 by Ada &lt;ada@example.com&gt;" in page
        assert "The account is closed." in page
        assert (await bob.get("/")).headers["location"].startswith("/sign-in")
        assert (await site.browser().send("/sign-in", email="bob@example.com", password=PASSWORD)).status_code == 401
        assert (await site.browser().get("/api/v1/domains", **bearer)).status_code == 401
        assert {seat.tenant.id: seat.role for seat in await _seats(site, "ada@example.com")} == {
            acme.id: Role.ADMINISTRATOR,
            client.id: Role.ADMINISTRATOR,  # nobody else was left to
        }
        (line,) = [one.message for one in caplog.records if one.name == "hauberk.web.settings.accounts"]
        assert line == (
            "Ada <ada@example.com> closed the account of Bob <bob@example.com>: "
            "1 tokens, 0 share links and 0 invitations hold no longer; administers client now"
        )

    play(scenario)


def test_the_own_account_one_that_is_closed_and_none_at_all_are_not_closed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _operator(site)
        bob = await _user_id(site, "bob@example.com")
        own = (await _user(site, "ada@example.com")).id
        assert f"{PATH}/{own}/close" not in await ada.read(PATH)
        token = await _token(ada)
        for id, wanted in ((own, 422), (bob, 303), (bob, 409), (999, 404)):
            answer = await ada.client.post(f"{PATH}/{id}/close", data=token, headers=ada.sent_by_page)
            assert answer.status_code == wanted, (id, answer.text)
        assert (await ada.get(PATH)).status_code == 200

    play(scenario)


def test_whoever_is_invited_again_begins_anew(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _operator(site)
        client = await site.tenant("Client")
        await site.user("eve@example.com", (client, Role.ADMINISTRATOR))
        bob = await _user_id(site, "bob@example.com", (client, Role.MEMBER))
        await ada.send(PATH, f"{PATH}/{bob}/close")
        invited = (await ada.send("/settings/people", "/settings/people/invite", email="bob@example.com", role="auditor")).text
        link = re.search(r"<pre[^>]*>([^<]+)</pre>", invited)
        assert link is not None
        again = site.browser()
        assert (await again.send(link[1], name="Robert", password="another long password")).status_code == 303
        assert "Acme Ltd" in await again.read("/")
        assert [(seat.tenant.name, seat.role) for seat in await _seats(site, "bob@example.com")] == [("Acme Ltd", Role.AUDITOR)]
        assert (await site.browser().send("/sign-in", email="bob@example.com", password=PASSWORD)).status_code == 401
        assert (await _user(site, "bob@example.com")).known_as == "Robert <bob@example.com>"

    play(scenario)


def test_accounts_are_found_and_hostile_names_are_text(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _operator(site)
        async with site.store.system() as session:
            await users.add(session, "mallory@example.com", "<script>alert(1)</script>", site.clock())
            for number in range(201):
                await users.add(session, f"u{number:03}@example.net", "", site.clock())
        assert "&lt;script&gt;" in await ada.read(f"{PATH}?find=MALLORY")
        page = await ada.read(PATH)
        assert "<script>alert" not in page
        assert "These are the first 200." in page
        assert "u200@example.net" in await ada.read(f"{PATH}?find=u200")
        assert "No account holds this." in await ada.read(f"{PATH}?find=%25%25")

    play(scenario)


async def _user_id(site: Site, email: str, *roles: tuple[Tenant, Role]) -> int:
    return (await site.user(email, *roles)).id


async def _seats(site: Site, email: str) -> tuple[members.Seat, ...]:
    async with site.store.system(writing=False) as session:
        return await members.seats_of(session, (await _user(site, email)).id)
