"""Badges: a picture for whoever has the address, and nothing for anybody else."""

from datetime import timedelta
from xml.etree import ElementTree

import httpx

from hauberk.app import badges
from hauberk.store import domains, tenants, tokens
from hauberk.store.members import Role
from store.samples import keep_one_of_each
from web.site import Play, Site


async def _kept(site: Site) -> tuple[int, int, str]:
    tenant = await site.tenant("Acme")
    async with site.store.tenant(tenant.id) as session:
        kept = await keep_one_of_each(session)
    return tenant.id, kept.domain_id, f"/badge/{await badges.token_of(site.settings.work, site.store, tenant.id, kept.domain_id)}.svg"


def _said(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml"), answer.text
    drawing = ElementTree.fromstring(answer.content)
    texts = [one.text or "" for one in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert drawing.get("aria-label") == ": ".join(texts)
    return texts[-1]


def test_it_says_the_grade_to_anybody_anywhere(play: Play) -> None:
    async def scenario(site: Site) -> None:
        _, _, path = await _kept(site)
        answer = await site.browser().get(path)
        assert _said(answer) == "B · 87.5 of 100"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in answer.headers
        again = await site.browser().get(path, **{"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    play(scenario)


def test_what_counts_no_more_is_not_shown_as_good(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant, _, path = await _kept(site)
        async with site.store.tenant(tenant) as session:
            new = await domains.add(session, "new.example", site.clock())
        empty = f"/badge/{await badges.token_of(site.settings.work, site.store, tenant, new.id)}.svg"
        assert _said(await site.browser().get(empty)) == "not scanned yet"
        site.clock.move(days=90)
        assert _said(await site.browser().get(path)) == "expired"

    play(scenario)


def test_an_address_that_was_guessed_or_ended_is_not_there(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant, domain, path = await _kept(site)
        mac = path[-30:-4]
        for wrong in (
            f"{tenant}-{domain + 1}-{mac}",
            f"{tenant + 1}-{domain}-{mac}",
            f"{tenant}-{domain}-{'a' * 26}",
            f"0{tenant}-{domain}-{mac}",
            "x",
        ):
            assert (await site.browser().get(f"/badge/{wrong}.svg")).status_code == 404
        async with site.store.tenant(tenant) as session:
            await domains.remove(session, domain, site.clock())
        assert (await site.browser().get(path)).status_code == 404
        async with site.store.tenant(tenant) as session:
            await domains.add(session, "example.com", site.clock())
        assert (await site.browser().get(path)).status_code == 200
        async with site.store.system() as session:
            await tenants.archive(session, tenant, site.clock() + timedelta(seconds=1))
        assert (await site.browser().get(path)).status_code == 404

    play(scenario)


def test_a_key_that_is_lost_moves_no_badge_in_silence(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant, domain, path = await _kept(site)
        async with site.store.tenant(tenant) as session:
            _, secret = await tokens.issue(session, "ci", "read", "ada", site.clock())
        bearer = {"Authorization": f"Bearer {secret}"}
        async with site.store.system(writing=False) as session:
            (acme,) = await tenants.all_tenants(session)
        ada = await site.signed_in("ada@example.com", (acme, Role.AUDITOR))
        key = site.settings.work.data / "keys" / "sealing.key"
        kept = key.read_bytes()
        key.unlink()
        assert (await site.browser().get(path)).status_code == 404
        told = await site.browser().get("/api/v1/domains/example.com/badge", **bearer)
        assert (told.status_code, "put it back from a copy" in told.json()["detail"]) == (500, True)
        assert "put it back from a copy" in await ada.read(f"/domains/{domain}/about")
        assert not key.exists()
        key.write_bytes(kept)
        assert _said(await site.browser().get(path)) == "B · 87.5 of 100"
        assert path in await ada.read(f"/domains/{domain}/about")

    play(scenario)


def test_the_api_says_where_it_is(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant, _, path = await _kept(site)
        async with site.store.tenant(tenant) as session:
            _, secret = await tokens.issue(session, "ci", "read", "ada", site.clock())
        bearer = {"Authorization": f"Bearer {secret}"}
        told = (await site.browser().get("/api/v1/domains/example.com/badge", **bearer)).json()
        assert told["url"] == f"{site.settings.url}{path}"
        assert told["markdown"] == f"![mail security of example.com]({told['url']})"

    play(scenario)
