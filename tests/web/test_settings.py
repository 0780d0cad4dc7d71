"""The settings: each does what its page says, for administrators only."""

import asyncio
import io
import re
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from PIL import Image

from app.work.sinks import mail_sink
from hauberk.app.work.organisation_key import key_path
from hauberk.app.work.work_settings import Relay, Security, WorkSettings
from hauberk.store import alerts, channels, domains, members, reports, schedule, shares, tenants, tokens
from hauberk.store.members import Role
from hauberk.web.api.rate import Quota
from hauberk.web.sign_in.set_up import set_up_link
from lab.ports import free_port
from web.kept import OPEN, keep
from web.site import PASSWORD, Browser, Play, Site, form_of

CHANNELS = ("/settings/alerts", "/settings/alerts/channels")


async def _ada(site: Site) -> Browser:
    return await site.signed_in("ada@example.com", (await site.tenant("Acme Ltd"), Role.ADMINISTRATOR))


def _secret(page: str) -> str:
    found = re.search(r"<pre[^>]*>([^<]+)</pre>", page)
    assert found is not None, page
    return found[1]


def _picture(kind: str = "PNG", size: tuple[int, int] = (1000, 500)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#1f4f86").save(out, kind)
    return out.getvalue()


def test_every_page_of_the_settings_is_there(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        for path in ("", "/people", "/schedule", "/alerts", "/key", "/tokens", "/shares"):
            assert "<h1>Settings</h1>" in await ada.read(f"/settings{path}")
        assert "<h1>Your account</h1>" in await ada.read("/account")
        assert "<h1>Clients</h1>" in await ada.read("/clients")

    play(scenario)


def test_an_organisation_gets_another_name_as_it_was_typed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        assert (await ada.send("/settings", name='  Müller &  "Söhne" <b>  ')).headers["location"] == "/settings?done=saved"
        assert "Müller &amp; &#34;Söhne&#34; &lt;b&gt;" in await ada.read("/settings?done=saved")
        assert (await ada.send("/settings", name="  ")).status_code == 422
        assert (await ada.send("/settings", name="a\u202eb")).status_code == 422

    play(scenario)


def test_a_logo_is_drawn_anew_and_shown_to_the_own_organisation_only(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        eve = await site.signed_in("eve@example.com", (await site.tenant("Other"), Role.ADMINISTRATOR))
        sent = _picture("JPEG") + b"<script>alert(1)</script>"
        assert (await ada.upload("/settings", "/settings/logo", "logo", ("x.svg", sent, "image/svg+xml"))).status_code == 303
        got = await ada.get("/settings/logo.png")
        assert got.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(got.content)) as picture:
            assert (picture.format, picture.size) == ("PNG", (400, 200))
        assert b"script" not in got.content
        assert (await eve.get("/settings/logo.png")).status_code == 404
        assert (await ada.send("/settings", "/settings/logo/remove")).status_code == 303
        assert (await ada.get("/settings/logo.png")).status_code == 404

    play(scenario)


def test_what_is_no_picture_is_no_logo(play: Play) -> None:
    def bomb() -> bytes:
        out = io.BytesIO()
        Image.new("1", (20_000, 20_000)).save(out, "PNG")
        return out.getvalue()

    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    wrong = {"svg": svg, "text": b"no picture", "cut": _picture()[:200], "large": b"\x89PNG" + bytes(3_000_000), "bomb": bomb()}

    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        for name, content in wrong.items():
            answer = await ada.upload("/settings", "/settings/logo", "logo", ("logo.png", content, "image/png"))
            assert answer.status_code == 422, name
            assert 'id="logo-wrong"' in answer.text
        assert (await ada.get("/settings/logo.png")).status_code == 404

    play(scenario)


def test_an_invitation_makes_a_member_once(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        page = (await ada.send("/settings/people", "/settings/people/invite", email="Bob@Example.com", role="auditor")).text
        link = _secret(page)
        assert link.startswith("http://127.0.0.1:8025/invitation/")
        bob = site.browser()
        assert "Join Acme Ltd" in await bob.read(link)
        assert (await bob.send(link, name="Bob", password="short")).status_code == 422
        assert (await bob.send(link, name="Bob", password=PASSWORD)).status_code == 303
        assert "Acme Ltd" in await bob.read("/")
        assert (await site.browser().get(link)).status_code == 404
        assert (await bob.get("/settings/people")).status_code == 403

    play(scenario)


def test_an_invitation_goes_out_by_mail_and_its_link_is_shown_all_the_same(play: Play, tmp_path: Path) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        form = ("/settings/people", "/settings/people/invite")
        page = (await ada.send(*form, email="Bob@Example.com", role="auditor")).text
        (letter,) = sink.letters
        assert "went out by mail" in page
        assert (letter["To"], letter["Subject"]) == ("bob@example.com", "Invitation to Acme Ltd")
        assert "Ada <ada@example.com> invites you to join Acme Ltd, as auditor." in letter.get_content()
        assert _secret(page) in letter.get_content().splitlines()
        assert (await site.browser().send(_secret(page), name="Bob", password=PASSWORD)).status_code == 303
        found = form_of(await ada.read("/settings/people"), form[1])
        del found.values["mail"]
        assert "Send this link on" in (await ada.send(form[0], found, email="eve@example.com")).text
        assert len(sink.letters) == 1
        sink.refuse = "550 no such <b>mailbox</b>"
        page = (await ada.send(*form, email="nobody@example.com")).text
        assert "could not be sent: the relay refuses the address: 550 no such &lt;b&gt;mailbox&lt;/b&gt;." in page
        assert "/invitation/" in _secret(page)

    with mail_sink() as sink:
        relay = Relay("127.0.0.1", sink.port, Security.NONE, "hauberk@example.net")
        play(scenario, work=WorkSettings(tmp_path, relay=relay))


def test_an_invitation_is_made_though_the_relay_is_away_and_mailboxes_are_not_filled(play: Play, tmp_path: Path) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        form = form_of(await ada.read("/settings/people"), "/settings/people/invite")
        page = (await ada.send("/settings/people", form, email="b@example.com")).text
        assert "could not be sent: the relay 127.0.0.1 cannot be reached" in page and "/invitation/" in _secret(page)
        for _ in range(29):
            site.installation.mails.ask("1", Quota("", 30, 0.5), monotonic())
        assert "30 invitations went out by mail lately" in (await ada.send("/settings/people", form, email="b@example.com")).text

    play(scenario, work=WorkSettings(tmp_path, relay=Relay("127.0.0.1", free_port(), Security.NONE)))


def test_without_a_relay_no_mail_is_offered(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        page = await ada.read("/settings/people")
        assert "by mail" not in page
        forced = await ada.send("/settings/people", "/settings/people/invite", email="b@example.com", mail="yes")
        assert "the server has no mail relay" in forced.text and "/invitation/" in _secret(forced.text)

    play(scenario)


def test_somebody_with_an_account_joins_with_it_and_nobody_else_does(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        bob = await site.signed_in("bob@example.com", (await site.tenant("Other"), Role.MEMBER))
        link = _secret((await ada.send("/settings/people", "/settings/people/invite", email="bob@example.com", role="member")).text)
        stranger = site.browser()
        assert "Sign in with it to join" in await stranger.read(link)
        token = {"csrf": re.search(r'"X-CSRF-Token": "(\w+)"', await stranger.read(link))[1]}  # type: ignore[index]
        forced = await stranger.client.post(link, data={**token, "password": PASSWORD})
        assert forced.headers["location"].startswith("/sign-in")
        assert (await bob.send(link)).status_code == 303
        assert "Acme Ltd" in await bob.read("/")

    play(scenario)


def test_an_invitation_that_was_withdrawn_or_is_old_is_none(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        first = _secret((await ada.send("/settings/people", "/settings/people/invite", email="b@example.com", role="member")).text)
        await ada.send("/settings/people", "/settings/invitations/1/withdraw")
        second = _secret((await ada.send("/settings/people", "/settings/people/invite", email="b@example.com", role="member")).text)
        assert (await site.browser().get(first)).status_code == 404
        site.clock.move(days=8)
        assert (await site.browser().get(second)).status_code == 404

    play(scenario)


def test_a_new_invitation_takes_the_place_of_the_one_before(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        first, second = [
            _secret((await ada.send("/settings/people", "/settings/people/invite", email="b@example.com", role=role)).text)
            for role in ("administrator", "auditor")
        ]
        assert (await site.browser().get(first)).status_code == 404
        assert "invited as auditor" in await site.browser().read(second)

    play(scenario)


def test_the_last_administrator_stays(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        assert (await ada.send("/settings/people", "/settings/people/1/role", role="auditor")).status_code == 409
        assert (await ada.send("/settings/people", "/settings/people/1/remove")).status_code == 409
        assert (await ada.get("/settings/people")).status_code == 200

    play(scenario)


def test_who_is_removed_is_out_at_once(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        tenant = (await _tenants(site))[0]
        bob = await site.signed_in("bob@example.com", (tenant, Role.MEMBER))
        assert (await ada.send("/settings/people", "/settings/people/2/remove")).status_code == 303
        assert (await bob.get("/")).headers["location"] == "/sign-in"

    play(scenario)


async def _tenants(site: Site) -> tuple[tenants.Tenant, ...]:
    async with site.store.system() as session:
        return await tenants.all_tenants(session)


def test_all_domains_are_planned_in_a_rhythm(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        async with site.store.tenant(1) as session:
            await domains.add_all(session, ("a.example", "b.example"), site.clock())
        await ada.send("/settings/schedule", rhythm="daily")
        async with site.store.tenant(1) as session:
            assert [one.every for one in await schedule.of_tenant(session)] == [86400, 86400]
        assert "Daily: 2" in await ada.read("/settings/schedule")
        added = await ada.send("/domains/add", names="c.example")
        assert "From now on it is checked daily" in added.text
        await ada.send("/reports", domain="d.example", kinds="pdf")
        assert "Daily: 4" in await ada.read("/settings/schedule")
        await ada.send("/settings/schedule", "/settings/schedule/added", added="by-order")
        assert "Until then it is checked only when somebody asks" in (await ada.send("/domains/add", names="e.example")).text
        page = await ada.read("/settings/schedule")
        assert "Daily: 4" in page
        assert "Only when somebody asks: 1" in page
        await ada.send("/settings/schedule", "/settings/schedule/added", added="weekly")
        assert '<option value="weekly" selected>' in (await ada.read("/settings/schedule")).partition('name="added"')[2]

    play(scenario)


def test_a_webhook_gets_a_secret_that_is_shown_once_and_sealed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        answer = await ada.send(
            "/settings/alerts", "/settings/alerts/channels", kind="webhook", target="https://example.com/hook", events="recovered"
        )
        secret = _secret(answer.text)
        assert secret not in await ada.read("/settings/alerts")
        async with site.store.tenant(1) as session:
            (channel,) = await channels.all_channels(session)
        assert (channel.target, channel.events) == ("https://example.com/hook", "recovered")
        assert secret not in channel.secret
        assert (await ada.send("/settings/alerts", "/settings/alerts/channels/1/test")).headers["location"] == "/settings/alerts?test=1"
        assert "under way" in await ada.read("/settings/alerts?test=1")
        assert (await ada.send("/settings/alerts", "/settings/alerts/channels/1/off")).status_code == 303
        assert "Nobody yet" in await ada.read("/settings/alerts")

    play(scenario)


@pytest.mark.parametrize("target", ["not an address", "a@b@c", "ada@example.com\r\nBcc: eve@example.com", "javascript:alert(1)", ""])
def test_a_channel_that_leads_nowhere_is_refused(play: Play, target: str) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        for kind in ("email", "webhook"):
            assert (
                await ada.send("/settings/alerts", "/settings/alerts/channels", kind=kind, target=target, events="recovered")
            ).status_code == 422
        async with site.store.tenant(1) as session:
            assert await channels.all_channels(session) == ()

    play(scenario)


def test_a_silence_is_planned_and_ended(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        where = ("/settings/alerts", "/settings/alerts/silences")
        assert (await ada.send(*where, begins="2026-11-22T10:00", ends="2026-11-22T09:00")).status_code == 422
        for begins, ends in (("2026-11-22T10:00", "soon"), ("0001-01-01T00:00+14:00", "2027-01-01")):
            assert (await ada.send(*where, begins=begins, ends=ends)).status_code == 422
        assert (await ada.send(*where, begins="2026-11-22T10:00", ends="2026-11-22T12:00", domain="nobody.example")).status_code == 422
        assert (await ada.send(*where, begins="2026-11-22T10:00", ends="2026-11-22T12:00", reason="<new> server")).status_code == 303
        assert "&lt;new&gt; server" in await ada.read("/settings/alerts")
        assert (await ada.send("/settings/alerts", "/settings/alerts/silences/1/end")).status_code == 303

    play(scenario)


def test_the_certificate_is_that_of_the_key_whose_fingerprint_is_shown(play: Play) -> None:
    async def scenario(site: Site) -> None:
        from cryptography import x509

        from hauberk.report.signature.key import fingerprint, grouped

        ada = await _ada(site)
        pem = await ada.get("/settings/key/certificate.pem")
        assert b"PRIVATE" not in pem.content
        assert grouped(fingerprint(x509.load_pem_x509_certificate(pem.content))) in await ada.read("/settings/key")

    play(scenario)


def test_a_key_that_is_lost_is_made_anew_by_an_administrator_only(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        bob = await site.signed_in("bob@example.com", ((await _tenants(site))[0], Role.MEMBER))
        before = await ada.read("/settings/key")
        kept = await keep(site, (await _tenants(site))[0], "example.com", site.clock())
        async with site.store.tenant(1) as session:
            await reports.issue(session, kept.id, reports.Rendered("a.pdf", "pdf", b"%PDF-1.7"), "ada", site.clock())
        key_path(site.settings.work, 1).unlink()
        assert "The signing key is lost" in await ada.read("/settings/key")
        assert "Make a new key" not in await bob.read("/settings/key")
        assert (await ada.get("/settings/key/certificate.pem")).status_code == 404
        assert (await bob.client.post("/settings/key", data=await _token(bob))).status_code == 403
        assert not key_path(site.settings.work, 1).exists()
        assert (await ada.send("/settings/key")).status_code == 303
        after = await ada.read("/settings/key")
        shown = re.compile(r"[0-9a-f]{8}( [0-9a-f]{8}){7}")
        assert shown.search(before) and shown.search(after) and shown.search(before)[0] != shown.search(after)[0]  # pyright: ignore[reportOptionalSubscript]

    play(scenario)


def test_a_token_is_shown_once_works_and_can_be_revoked(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        assert (await ada.send("/settings/tokens", name="", scopes="read")).status_code == 422
        secret = _secret((await ada.send("/settings/tokens", name="ci", scopes="read", days="30")).text)
        assert secret not in await ada.read("/settings/tokens")
        bearer = {"Authorization": f"Bearer {secret}"}
        assert (await site.browser().client.get("/api/v1/domains", headers=bearer)).status_code == 200
        await ada.send("/settings/tokens", "/settings/tokens/1/revoke")
        assert (await site.browser().client.get("/api/v1/domains", headers=bearer)).status_code == 401
        async with site.store.tenant(1) as session:
            assert (await tokens.all_tokens(session))[0].scopes == "read"

    play(scenario)


def test_a_share_link_lets_an_auditor_read_until_it_is_taken_back(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        for typed in ("nobody.example", "no domain"):
            assert (await ada.send("/settings/shares", domain=typed)).status_code == 422
        link = _secret((await ada.send("/settings/shares", label="Ms Audit")).text)
        auditor = site.browser()
        opened = await auditor.get(link)
        assert opened.headers["location"] == "/shared"
        assert (await auditor.get("/shared")).status_code == 200
        assert (await auditor.get("/")).headers["location"] == "/sign-in"
        await ada.send("/settings/shares", "/settings/shares/1/revoke")
        assert (await auditor.get("/shared")).status_code == 404
        assert (await site.browser().get(link)).status_code == 404
        async with site.store.tenant(1) as session:
            assert (await shares.all_shares(session))[0].label == "Ms Audit"

    play(scenario)


@pytest.mark.parametrize("typed", ["bücher.example", "xn--bcher-kva.example", "https://BÜCHER.example/", "bücher.example."])
def test_a_domain_is_found_however_it_is_typed(play: Play, typed: str) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        async with site.store.tenant(1) as session:
            added = await domains.add(session, "xn--bcher-kva.example", site.clock())
        _secret((await ada.send("/settings/shares", domain=typed)).text)
        silence = {"begins": "2026-11-22T10:00", "ends": "2026-11-22T12:00", "domain": typed}
        assert (await ada.send("/settings/alerts", "/settings/alerts/silences", **silence)).status_code == 303
        async with site.store.tenant(1) as session:
            assert [one.domain_id for one in await shares.all_shares(session)] == [added.id]
            assert [one.domain_id for one in await alerts.silences_of(session)] == [added.id]

    play(scenario)


def test_a_new_password_ends_the_other_sessions_only(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        other = await site.browser().sign_in("ada@example.com")
        fresh = "another long password"
        assert (await ada.send("/account", "/account/password", current="wrong", new=fresh)).status_code == 422
        assert (await ada.send("/account", "/account/password", current=PASSWORD, new="ada@example.com")).status_code == 422
        before = ada.cookies["hauberk_session"]
        assert (await ada.send("/account", "/account/password", current=PASSWORD, new=fresh)).status_code == 303
        assert ada.cookies["hauberk_session"] != before
        assert (await ada.get("/account")).status_code == 200
        assert (await other.get("/account")).status_code == 303
        await site.browser().sign_in("ada@example.com", fresh)

    play(scenario)


def test_another_session_is_ended_from_the_account_page(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        other = await site.browser().sign_in("ada@example.com")
        action = re.search(r'action="(/account/sessions/\w+/end)"', await ada.read("/account"))
        assert action is not None
        assert (await ada.send("/account", action[1])).status_code == 303
        assert (await other.get("/")).status_code == 303

    play(scenario)


def test_a_provider_takes_on_clients_and_turns_to_them(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        founded = await ada.send("/clients", name="Zürich Mail & Co")
        async with site.store.tenant(2, writing=False) as session:
            assert await schedule.default(session) == timedelta(days=7)
        assert founded.status_code == 303
        page = await ada.read(founded.headers["location"])
        assert ("Turn to Zürich Mail &amp; Co" in page, "Turn to it to add its domains" in page, "you are here" in page) == (
            True,
            True,
            False,
        )
        assert (await ada.send("/clients", "/turn-to/2")).headers["location"] == "/"
        assert "Zürich Mail &amp; Co" in await ada.read("/settings")
        assert [one.slug for one in await _tenants(site)] == ["acme-ltd", "zurich-mail-co"]
        eve = await site.signed_in("eve@example.com", ((await _tenants(site))[1], Role.ADMINISTRATOR))
        assert "Take on a client" not in await eve.read("/clients")
        forced = await eve.client.post("/clients", data={"name": "x", **await _token(eve)})
        assert forced.status_code == 403
        assert (await eve.client.post("/turn-to/1", data=await _token(eve))).status_code == 404

    play(scenario)


def test_one_of_many_clients_is_found_and_all_can_be_sorted(play: Play) -> None:
    async def scenario(site: Site) -> None:
        at = site.clock()
        ada = await _ada(site)
        async with site.store.system() as session:
            for number in range(1, 60):
                tenant = await tenants.add(session, f"client-{number}", f"Client {number:02}", at)
                await members.enrol(session, tenant.id, 1, Role.ADMINISTRATOR, at)
        async with site.store.system(writing=False) as session:
            by_name = {one.name: one for one in await tenants.all_tenants(session)}
        for number in (41, 42):
            await keep(site, by_name[f"Client {number}"], f"example-{number}.com", at, OPEN)
        first = await ada.read("/clients")
        assert "60 organisations" in first
        assert first.index("Client 41") < first.index("Client 42") < first.index("Client 01")
        assert "1 to 50 of 60" in first
        assert "51 to 60 of 60" in await ada.read("/clients?page=9")
        found = await ada.read("/clients?q=CLIENT+4")
        assert (found.count("Turn to it</button>"), "Client 39" in found) == (10, False)
        downwards = await ada.read("/clients?sort=name&down=1")
        assert downwards.index("Client 59") < downwards.index("Client 58")
        assert "No organisation matches" in await ada.read("/clients?q=nobody")
        assert "Client 41" not in await ada.read("/clients?sort=score&down=1")  # it is on the last page then
        assert await ada.read("/clients?sort=nonsense") == first

    play(scenario)


async def _token(browser: Browser) -> dict[str, str]:
    found = re.search(r'"X-CSRF-Token": "(\w+)"', await browser.read("/account"))
    assert found is not None
    return {"csrf": found[1]}


def test_on_postgresql_it_is_the_same(play: Play, postgresql_url: str) -> None:
    """The roles of the database let a session of one tenant do what the pages do, and the installation what signing in does."""

    async def scenario(site: Site) -> None:
        link = await set_up_link(site.installation)
        ada = site.browser()
        typed = {"organisation": "Acme Ltd", "name": "Ada", "email": "ada@example.com", "password": PASSWORD}
        assert (await ada.send(link, **typed)).status_code == 303
        await ada.send("/settings", name="Acme plc")
        await ada.upload("/settings", "/settings/logo", "logo", ("x.png", _picture(), "image/png"))
        invited = _secret((await ada.send("/settings/people", "/settings/people/invite", email="bob@example.com", role="auditor")).text)
        bob = site.browser()
        assert (await bob.send(invited, name="Bob", password=PASSWORD)).status_code == 303
        assert "Acme plc" in await bob.read("/")
        await ada.send(*CHANNELS, kind="webhook", target="https://example.com/hook", events="recovered")
        await ada.send("/settings/tokens", name="ci", scopes="read", days="30")
        shared = _secret((await ada.send("/settings/shares", label="Ms Audit")).text)
        auditor = site.browser()
        await auditor.get(shared)
        assert (await auditor.get("/shared/logo.png")).headers["content-type"] == "image/png"
        await ada.send("/clients", name="Second Ltd")
        assert (await ada.send("/clients", "/turn-to/2")).status_code == 303
        assert (await ada.send("/account", "/account/password", current=PASSWORD, new="another long password")).status_code == 303
        for path in ("/", "/settings/people", "/settings/schedule", "/settings/alerts", "/settings/key", "/settings/tokens", "/clients"):
            await ada.read(path)
        assert (await bob.send("/", "/sign-out")).status_code == 303

    play(scenario, database=postgresql_url)


def test_two_administrators_who_remove_each_other_at_once_leave_one(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        bob = await site.signed_in("bob@example.com", ((await _tenants(site))[0], Role.ADMINISTRATOR))
        answers = await asyncio.gather(
            ada.send("/settings/people", "/settings/people/2/remove"), bob.send("/settings/people", "/settings/people/1/remove")
        )
        assert sorted(answer.status_code for answer in answers)[0] == 303
        async with site.store.tenant(1) as session:
            assert len(await members.all_members(session)) == 1

    play(scenario)


def test_an_organisation_out_of_service_lets_nobody_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        ada = await _ada(site)
        link = _secret((await ada.send("/settings/shares", label="Ms Audit")).text)
        auditor = site.browser()
        await auditor.get(link)
        async with site.store.system() as session:
            await tenants.archive(session, 1, site.clock())
        assert (await auditor.get("/shared")).status_code == 404
        refused = await ada.get("/")
        assert refused.status_code == 403
        assert "a member of no organisation" in refused.text

    play(scenario)
