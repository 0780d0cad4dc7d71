"""Settings and accounts by id: what is another organisation's, or another user's, is not there."""

import re

from hauberk.store import alerts, ceremonies, channels, members, passkeys, sessions, shares, tokens
from hauberk.store.columns import METADATA
from hauberk.store.members import Role
from hauberk.store.tenants import Tenant
from web.site import Play, Site, form_of
from web.test_protection import routes_of

FORM = {"role": "auditor", "name": "x", "new": "another long password", "current": "x"}
# Addresses of the pages proper; tests/web/test_pages.py tries them.
PAGES = ("/domains/", "/reports/", "/work/", "/shared/", "/catalogue/", "/badge/")
# A secret or the name of a provider, not the id of a row.
SECRETS = ("/set-up/", "/invitation/", "/share/", "/sign-in/with/", "/sign-in/back/", "/account/link/")


async def _theirs(site: Site, tenant: Tenant) -> dict[str, str]:
    """One of everything that an address of mine can name, by the address without its ids."""
    at, later = site.clock(), site.clock().replace(year=2027)
    user = await site.user("victim@example.com", (tenant, Role.ADMINISTRATOR))
    await site.user("second@example.com", (tenant, Role.MEMBER))
    async with site.store.system() as system:
        passkey = await passkeys.add(system, user.id, b"id", b"key", "Laptop", at)
        await sessions.begin(system, user.id, tenant.id, at, later)
        (session,) = await sessions.of_user(system, user.id, at)
        await ceremonies.begin(system, ceremonies.Kind.REGISTER, str(user.id), at, later)
    async with site.store.tenant(tenant.id) as own:
        invitation, _ = await members.invite(own, "b@example.com", Role.MEMBER, at, later)
        channel = await channels.add(own, channels.Kind.EMAIL, "ops@example.com", at)
        silence = await alerts.silence(own, at, later, "move", "victim")
        token, _ = await tokens.issue(own, "ci", "read", "victim", at)
        share, _ = await shares.create(own, "auditor", "victim", at, later)
    return {
        "/settings/people/": str(user.id),
        "/settings/accounts/": str(user.id),
        "/settings/invitations/": str(invitation.id),
        "/settings/alerts/channels/": str(channel.id),
        "/settings/alerts/silences/": str(silence.id),
        "/settings/tokens/": str(token.id),
        "/settings/shares/": str(share.id),
        "/turn-to/": str(tenant.id),
        "/account/passkeys/": str(passkey.id),
        "/account/sessions/": session.digest,
    }


async def _dump(site: Site) -> dict[str, list[str]]:
    async with site.store.system(writing=False) as system:
        return {table.name: sorted(map(repr, await system.rows(table.select()))) for table in METADATA.sorted_tables}


def test_what_is_anothers_is_not_there_and_stays_as_it_is(play: Play) -> None:
    async def scenario(site: Site) -> None:
        theirs = await _theirs(site, await site.tenant("Victim"))
        eve = await site.signed_in("eve@example.com", (await site.tenant("Other"), Role.ADMINISTRATOR))
        csrf = form_of(await eve.read("/account"), "/account/password").values["csrf"]
        before, tried = await _dump(site), set[str]()
        for route in routes_of(site.app.routes):
            if "{" not in route.path or route.path.startswith((*PAGES, *SECRETS)):
                continue
            start = route.path[: route.path.index("{")]
            path = re.sub(r"\{\w+\}", theirs[start], route.path)
            for method in route.methods or ():
                answer = await eve.client.request(method, path, data={**FORM, "csrf": csrf}, headers=eve.sent_by_page)
                # Who does not see to the installation is not told which accounts there are.
                wanted = 403 if start == "/settings/accounts/" else 404
                assert answer.status_code == wanted, (method, path, answer.status_code)
            tried.add(start)
        assert tried == set(theirs)
        assert await _dump(site) == before

    play(scenario)


def test_a_number_that_no_row_can_have_is_not_there(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await site.signed_in("ada@example.com", (await site.tenant("Own"), Role.ADMINISTRATOR))
        csrf = form_of(await ada.read("/account"), "/account/password").values["csrf"]
        tried = 0
        for route in routes_of(site.app.routes):
            if "{" not in route.path or "POST" not in (route.methods or ()) or route.path.startswith((*SECRETS, "/domains/")):
                continue
            path = re.sub(r"\{\w+\}", "9" * 30, route.path)
            answer = await ada.client.post(path, data={**FORM, "csrf": csrf}, headers=ada.sent_by_page)
            assert answer.status_code == 404, (path, answer.status_code)
            tried += 1
        assert tried >= 11

    play(scenario)


def test_the_owner_of_the_same_ids_is_let_through(play: Play) -> None:
    """So that the test above cannot pass for the wrong reason."""

    async def scenario(site: Site) -> None:
        theirs = await _theirs(site, await site.tenant("Victim"))
        owner = await site.browser().sign_in("victim@example.com")
        csrf = form_of(await owner.read("/account"), "/account/password").values["csrf"]
        for route in routes_of(site.app.routes):
            if "{" not in route.path or route.path.startswith((*PAGES, *SECRETS, "/turn-to/", "/settings/people/", "/settings/accounts/")):
                continue
            path = re.sub(r"\{\w+\}", theirs[route.path[: route.path.index("{")]], route.path)
            answer = await owner.client.post(path, data={**FORM, "csrf": csrf}, headers=owner.sent_by_page)
            assert answer.status_code == 303, (path, answer.status_code)

    play(scenario)
