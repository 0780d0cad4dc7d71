"""The pages as a browser without scripts uses them: adding, reading, comparing, attaching, accepting, sharing; and who may not."""

import io
import re
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from hauberk.app.work import orders
from hauberk.store import assessments, attachments, domains, exceptions, jobs, reports, shares
from hauberk.store.attachments import Upload
from hauberk.store.jobs import State
from hauberk.store.members import Role
from hauberk.store.reports import Rendered
from hauberk.store.tenants import Tenant
from web.kept import OPEN, SOUND, keep
from web.site import Browser, Play, Site, form_of
from web.test_protection import routes_of

DAY = timedelta(days=1)
PDF = ("result.pdf", b"%PDF-1.7 official", "application/pdf")


async def _ada(site: Site, role: Role = Role.ADMINISTRATOR) -> tuple[Browser, Tenant]:
    tenant = await site.tenant("Acme Ltd")
    return await site.signed_in("ada@example.com", (tenant, role)), tenant


def test_a_new_organisation_is_told_what_to_do(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, _ = await _ada(site)
        assert "No domains yet" in await browser.read("/")
        assert "No reports yet" in await browser.read("/reports")
        assert "Nothing to tell" in await browser.read("/alerts")

    play(scenario)


def test_ten_thousand_domains_are_added_at_once_and_bad_lines_are_listed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        names = "\n".join(f"d{n}.example" for n in range(10_000)) + "\n<script>alert(1)</script>\nlocalhost\nd1.example"
        answer = await browser.send("/domains/add", names=names)
        assert answer.status_code == 200
        for said in (
            "10,000 domains were added",
            "10,000 scans are under way",
            'href="/settings/schedule">plan one',
            "2 could not be read",
            "stood in the list more than once",
        ):
            assert said in answer.text, said
        assert "<script>alert" not in answer.text
        async with site.store.tenant(tenant.id, writing=False) as session:
            assert len(await jobs.open_of(session, orders.SCAN)) == 10_000
        again = await browser.send("/domains/add", names="D1.example, new.example")
        assert "1 domain was added; 1 was there already" in re.sub(r"\s+", " ", again.text)
        page = await browser.read("/?q=d99&sort=name&page=2")
        assert "51 to 100 of 111" in page
        assert "10,001 checks are under way" in page
        assert 'hx-get="/?q=d99&amp;page=2" hx-trigger="every' in page

    play(scenario)


def test_of_a_domain_that_is_gone_the_pages_say_that_alone(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "gone.example", site.clock(), plan=True, gone=True)
        page = await browser.read(f"/domains/{kept.domain_id}")
        assert "gone.example does not exist (NXDOMAIN)" in page
        assert "What to mend" not in page and "Red flags" not in page and "In short" not in page
        assert '<span class="strong">–</span>' in await browser.read(f"/domains/{kept.domain_id}/history")
        overview = await browser.read("/")
        assert "Incomplete" in overview and '<span class="strong"></span> <span class="quiet">–</span>' in overview

    play(scenario)


def test_nothing_is_added_where_nothing_is_a_domain(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        answer = await browser.send("/domains/add", names="192.0.2.1\n\x00\n---")
        assert answer.status_code == 422
        assert "Nothing was added" in answer.text
        assert "this is an IP address" in answer.text
        async with site.store.tenant(tenant.id) as session:
            assert await domains.page(session) == ()

    play(scenario)


def test_two_who_click_at_once_get_one_scan_whose_progress_they_see(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock())
        page = await browser.read(f"/domains/{kept.domain_id}")
        form = form_of(page, f"/domains/{kept.domain_id}/scan")
        first, second = [await browser.send("", form) for _ in range(2)]
        assert first.headers["location"] == second.headers["location"]
        place = first.headers["location"]
        assert "Waiting for its turn" in await browser.read(place)
        partial = await browser.get(place, **{"hx-request": "true"})
        assert partial.text.lstrip().startswith("<div")
        assert 'hx-trigger="load delay' in partial.text
        assert "Waiting for its turn" in await browser.read(f"/domains/{kept.domain_id}")
        assert "1 check is under way" in await browser.read("/")
        done = await browser.send(place, f"{place}/cancel")
        assert "under way" not in await browser.read("/")
        assert done.headers["location"] == f"/domains/{kept.domain_id}"
        assert "Cancelled" in await browser.read(place)

    play(scenario)


def test_what_is_looked_after_no_more_is_found_and_comes_back(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock(), plan=True)
        base = f"/domains/{kept.domain_id}"
        assert "looked after no more" not in await browser.read("/")
        await browser.send(f"{base}/about", f"{base}/remove")
        assert 'href="/domains/removed"' in await browser.read("/")
        assert base in await browser.read("/domains/removed")
        page = await browser.read(base)
        assert "Its evidence stays" in page and "+all" not in page
        assert f'action="{base}/scan"' not in page  # it would lead to a page that is not there
        answer = await browser.send("/domains/removed", "/domains/add")
        assert "1 domain was added" in answer.text and "1 scan is under way" in answer.text
        assert base not in await browser.read("/domains/removed")
        assert f'action="{base}/scan"' in await browser.read(base)

    play(scenario)


def test_a_result_is_shown_with_its_trend_and_what_changed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        at = site.clock()
        old = await keep(site, tenant, "example.com", at - 30 * DAY, SOUND)
        new = await keep(site, tenant, "example.com", at, OPEN, plan=True)
        base = f"/domains/{new.domain_id}"
        page = await browser.read(base)
        for said in ("Red flags", "What to mend", "90 days left", "+all", f"{base}/difference?before={old.id}&amp;after={new.id}"):
            assert said in page, said
        assert "This is the result of" in await browser.read(f"{base}/results/{old.id}")
        changed = await browser.read(f"{base}/difference?before={new.id}&after={old.id}")
        assert changed.index("v=spf1 mx -all") < changed.index("v=spf1 +all")
        assert "Worse (" in changed
        history = await browser.read(f"{base}/history")
        assert history.count("/tape") == 2
        assert "Compare the two" in history
        alone = await keep(site, tenant, "example.org", at, SOUND)
        assert "Compare the two" not in await browser.read(f"/domains/{alone.domain_id}/history")
        tape = await browser.get(f"{base}/scans/{new.scan_id}/tape")
        assert tape.content.startswith(b"\x1f\x8b")
        assert 'filename="example.com_2026-11-21_1200.tape.json.gz"' in tape.headers["content-disposition"]
        assert (await browser.get(f"{base}/difference?before={old.id}&after=99")).status_code == 404
        assert (await browser.get(f"{base}/scans/99/tape")).status_code == 404

    play(scenario)


def test_hostile_text_from_the_network_stays_text(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        evil = "v=spf1 +all <script>alert(1)</script><img src=x onerror=alert(2)>"
        kept = await keep(site, tenant, "example.com", site.clock(), evil, plan=True)
        async with site.store.tenant(tenant.id) as session:
            await domains.describe(session, kept.domain_id, note='"><script>alert(3)</script>', own=False, selectors="")
        for path in ("/", f"/domains/{kept.domain_id}", f"/domains/{kept.domain_id}/about", f"/domains/{kept.domain_id}/history"):
            page = await browser.read(path)
            assert "<script>alert" not in page, path
            assert "<img src=x" not in page, path
        assert "&lt;script&gt;alert(1)" in await browser.read(f"/domains/{kept.domain_id}")

    play(scenario)


def test_an_official_result_is_attached_to_the_scan_and_given_back_as_it_was(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock())
        place = f"/domains/{kept.domain_id}/evidence"
        form = f"/domains/{kept.domain_id}/attachments"
        assert (await browser.upload(place, form, "file", PDF)).status_code == 303
        page = await browser.read(place)
        assert "Official IHP result" in page
        async with site.store.tenant(tenant.id) as session:
            (attached,) = await attachments.of_domain(session, kept.domain_id)
        assert attached.scan_id == kept.scan_id
        back = await browser.get(f"{form}/{attached.id}")
        assert back.content == PDF[1]
        assert back.headers["content-disposition"].startswith("attachment;")
        assert back.headers["content-security-policy"] == "default-src 'none'; sandbox"
        refused = await browser.upload(place, form, "file", ("result.pdf", b"<html><script>alert(1)</script>", "application/pdf"))
        assert refused.status_code == 422
        assert "has to be what its name says" in refused.text

    play(scenario)


def test_an_exception_stands_beside_the_finding_until_it_ends(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock(), OPEN, plan=True)
        base = f"/domains/{kept.domain_id}"
        asked = {"check": "spf.restrictive", "reason": "The old <gateway> leaves in May", "approver": "Ada, CISO", "until": "2026-12-31"}
        form = f"{base}/exceptions"
        for wrong, says in (
            ({"until": "2026-11-01"}, "has to end in the future"),
            ({"until": "2029-01-01"}, "within a year"),
            ({"until": "soon"}, "Give the day"),
            ({"reason": " "}, "needs a reason"),
            ({"check": "no.such"}, "Choose a check"),
        ):
            refused = await browser.send(f"{base}/evidence", form, **{**asked, **wrong})
            assert refused.status_code == 422, wrong
            assert says in refused.text, wrong
        assert (await browser.send(f"{base}/evidence", form, **asked)).status_code == 303
        said = "Accepted as it is until 31 December 2026: The old &lt;gateway&gt; leaves in May (Ada, CISO)"
        assert said in await browser.read(base)
        async with site.store.tenant(tenant.id) as session:
            (granted,) = await exceptions.of_domain(session, kept.domain_id)
        await browser.send(f"{base}/evidence", f"{form}/{granted.id}/end")
        assert said not in await browser.read(base)
        assert "Ended 21 November 2026" in await browser.read(f"{base}/evidence")

    play(scenario)


def test_a_report_is_ordered_and_the_files_are_given_out_octet_for_octet(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        ordered = await browser.send("/reports", domain="https://Example.com/", kinds="pdf")
        assert ordered.headers["location"].startswith("/work/")
        assert "Generating the report of example.com" in await browser.read(ordered.headers["location"])
        refused = await browser.send("/reports", domain="no domain", kinds="pdf")
        assert refused.status_code == 422
        kept = await keep(site, tenant, "example.com", site.clock())
        async with site.store.tenant(tenant.id) as session:
            issued = await reports.issue(session, kept.id, Rendered('a"b/ü\n.pdf', "pdf", b"%PDF-1.7 x"), "Ada", site.clock())
        assert f"/reports/{issued.id}" in await browser.read("/reports")
        got = await browser.get(f"/reports/{issued.id}")
        assert (got.content, got.headers["content-type"]) == (b"%PDF-1.7 x", "application/pdf")
        assert got.headers["content-disposition"] == "attachment; filename=\"a_b___.pdf\"; filename*=UTF-8''a%22b%2F%C3%BC%0A.pdf"

    play(scenario)


def test_what_is_known_of_a_domain_is_kept_and_nonsense_is_refused(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock())
        place = f"/domains/{kept.domain_id}/about"
        assert "Saved" in (await browser.send(place, selectors="s1, s2\ts1", own="yes", note="HQ")).text
        badge = re.search(r'<img src="(/badge/[^"]+)"', await browser.read(place))
        assert badge is not None
        assert "49 of 100" in (await site.browser().get(badge[1])).text
        async with site.store.tenant(tenant.id) as session:
            domain = await domains.by_id(session, kept.domain_id)
        assert domain is not None
        assert (domain.selectors, domain.own, domain.note) == ("s1 s2", True, "HQ")
        assert "is no DKIM selector" in (await browser.send(place, selectors="a;b<script>")).text
        plan = f"/domains/{kept.domain_id}/schedule"
        for chosen, told in (
            ("daily", "Daily, next on"),
            ("by-order", "Only when somebody asks."),
            ("by-order", "Only when somebody asks."),
        ):
            await browser.send(place, plan, rhythm=chosen)
            assert told in await browser.read(place)
        await browser.send(place, f"/domains/{kept.domain_id}/remove")
        assert "No domains yet" in await browser.read("/")
        assert "not looked after any more" in await browser.read(f"/domains/{kept.domain_id}")

    play(scenario)


def test_an_upload_is_verified_and_a_stranger_is_not_believed(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, _ = await _ada(site)
        answer = await browser.upload("/verify", "/verify", "file", ("../../x.pdf", b"%PDF-1.7 nothing", "application/pdf"))
        assert answer.status_code == 200
        assert "Not valid" in answer.text
        empty = await browser.upload("/verify", "/verify", "file", ("x.pdf", b"", "application/pdf"))
        assert empty.status_code == 422

    play(scenario)


def test_an_auditor_reads_and_changes_nothing(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site, Role.AUDITOR)
        kept = await keep(site, tenant, "example.com", site.clock())
        base = f"/domains/{kept.domain_id}"
        for path in ("/", base, f"{base}/evidence", f"{base}/about", "/reports"):
            page = await browser.read(path)
            assert re.findall(r'<form method="post" action="(?!/theme|/sign-out|/verify)([^"]*)', page) == [
                action for action in (f"{base}/about",) if path.endswith("/about")
            ], path
        csrf = form_of(await browser.read("/"), "/theme").values["csrf"]
        for path in ("/domains/add", f"{base}/scan", f"{base}/report", f"{base}/about", f"{base}/remove", "/reports", "/scan-all"):
            answer = await browser.client.post(path, data={"csrf": csrf, "kinds": "pdf"}, headers=browser.sent_by_page)
            assert answer.status_code == 403, path

    play(scenario)


async def _everything(site: Site, tenant: Tenant) -> dict[str, int]:
    """One of each thing that an address of a page can name, by the name of the parameter."""
    kept = await keep(site, tenant, "victim.example", site.clock())
    async with site.store.tenant(tenant.id) as session:
        report = await reports.issue(session, kept.id, Rendered("r.pdf", "pdf", b"%PDF"), "x", site.clock())
        attached = await attachments.add(session, kept.domain_id, Upload("other", "a.txt", "text/plain", b"x"), "x", site.clock())
        asked = exceptions.Request(kept.domain_id, "spf.restrictive", "x", "x", site.clock() + DAY)
        granted = await exceptions.grant(session, asked, site.clock())
        job = await jobs.enqueue(session, jobs.Order(orders.SCAN, "k", b"victim.example"), site.clock(), site.clock())
    return {
        "domain": kept.domain_id, "result_id": kept.id, "scan_id": kept.scan_id, "report": report.id,
        "attachment_id": attached.id, "exception_id": granted.id, "job": job.id,
    }  # fmt: skip


_ID_OF = {"/domains/": "domain", "/reports/": "report", "/work/": "job", "/shared/domains/": "domain", "/shared/reports/": "report"}


def _filled(path: str, things: dict[str, int]) -> str:
    own = next((thing for start, thing in sorted(_ID_OF.items(), reverse=True) if path.startswith(start)), "")
    return re.sub(r"\{(\w+)\}", lambda found: str(things[own if found[1] == "id" else found[1]]), path)


def test_no_page_shows_or_changes_what_is_another_tenants(play: Play) -> None:
    """Route by route: each that names a row is tried with a row of another organisation."""

    async def scenario(site: Site) -> None:
        victim = await site.tenant("Victim Ltd")
        things = await _everything(site, victim)
        browser, tenant = await _ada(site)
        await keep(site, tenant, "own.example", site.clock())
        async with site.store.tenant(tenant.id) as session:
            _, secret = await shares.create(session, "x", "x", site.clock(), site.clock() + DAY)
        assert (await browser.get(f"/share/{secret}")).status_code == 303
        csrf = form_of(await browser.read("/"), "/theme").values["csrf"]
        form = {
            "csrf": csrf,
            "kinds": "pdf",
            "check": "spf.restrictive",
            "reason": "x",
            "approver": "x",
            "until": "2026-12-31",
            "rhythm": "daily",
        }
        file = {"file": ("a.txt", io.BytesIO(b"x"), "text/plain")}
        tried = 0
        for route in _routes(site):
            if "{id}" not in route.path or not route.path.startswith(tuple(_ID_OF)):
                continue
            path = _filled(route.path, things) + f"?before={things['result_id']}&after={things['result_id']}"
            for method in route.methods or ():
                post, files = method == "POST", file if route.path.endswith("attachments") else None
                answer = await browser.client.request(
                    method, path, data=form if post else None, files=files if post else None, headers=browser.sent_by_page
                )
                assert answer.status_code == 404, (method, path, answer.status_code)
                assert "victim" not in answer.text.lower(), path
                tried += 1
        assert tried >= 25
        async with site.store.tenant(victim.id) as session:
            assert len(await attachments.of_domain(session, things["domain"])) == 1
            assert len(await exceptions.of_domain(session, things["domain"], holding_at=site.clock())) == 1
            assert [job.state for job in await jobs.recent(session)] == [State.WAITING]
            domain = await domains.by_id(session, things["domain"])
        assert domain is not None
        assert domain.removed_at is None

    play(scenario)


def _routes(site: Site) -> list[APIRoute]:
    found = list(routes_of(site.app.routes))
    assert len(found) > 60
    return found


def test_every_page_wants_somebody_who_is_signed_in(play: Play) -> None:
    async def scenario(site: Site) -> None:
        guest = site.browser()
        open_to_all = ("/catalogue", "/health", "/sign-in", "/share/", "/set-up", "/invitation", "/theme", "/sign-out", "/badge/")
        for route in _routes(site):
            if "GET" not in (route.methods or ()) or route.path.startswith(open_to_all):
                continue
            answer = await guest.get(re.sub(r"\{\w+\}", "1", route.path))
            shared = route.path.startswith("/shared")
            assert answer.status_code == (404 if shared else 303), route.path
            assert shared or answer.headers["location"].startswith("/sign-in"), route.path

    play(scenario)


def test_a_share_link_shows_its_domain_and_no_other_until_it_ends(play: Play) -> None:
    async def scenario(site: Site) -> None:
        tenant = await site.tenant("Acme Ltd")
        old = await keep(site, tenant, "example.com", site.clock() - 9 * DAY, OPEN)
        kept = await keep(site, tenant, "example.com", site.clock(), SOUND)
        other = await keep(site, tenant, "other.example", site.clock())
        async with site.store.tenant(tenant.id) as session:
            report = await reports.issue(session, other.id, Rendered("r.pdf", "pdf", b"%PDF"), "x", site.clock())
            own = await reports.issue(session, kept.id, Rendered("o.pdf", "pdf", b"%PDF own"), "x", site.clock())
            _, secret = await shares.create(session, "x", "x", site.clock(), site.clock() + DAY, domain_id=kept.domain_id)
        auditor = site.browser()
        page = await auditor.read(f"/share/{secret}")
        assert "example.com" in page
        assert "other.example" not in page
        assert "read only until 22 November 2026" in page
        base = f"/shared/domains/{kept.domain_id}"
        for path in (base, f"{base}/history", f"{base}/evidence", f"{base}/results/{old.id}"):
            assert '<form method="post"' not in await auditor.read(path), path
        assert "Better (" in await auditor.read(f"{base}/difference?before={old.id}&after={kept.id}")
        assert (await auditor.get(f"/shared/reports/{own.id}")).content == b"%PDF own"
        for path in (f"/shared/domains/{other.domain_id}", f"/shared/reports/{report.id}", f"{base}/results/{other.id}"):
            assert (await auditor.get(path)).status_code == 404, path
        assert (await auditor.get("/")).status_code == 303
        site.clock.move(days=1.1)
        assert (await auditor.get(base)).status_code == 404

    play(scenario)


@pytest.mark.parametrize(("chosen", "shown"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("auto", "<html lang=")])
def test_the_theme_is_chosen_without_a_script(play: Play, chosen: str, shown: str) -> None:
    async def scenario(site: Site) -> None:
        browser, _ = await _ada(site)
        answer = await browser.send("/", "/theme", theme=chosen, next="https://evil.example/")
        assert answer.headers["location"] == "/"
        page = await browser.read("/")
        assert shown in page
        assert ("data-theme" in page) is (chosen != "auto")

    play(scenario)


def test_the_catalogue_explains_every_check_to_anybody(play: Play) -> None:
    async def scenario(site: Site) -> None:
        guest = site.browser()
        page = await guest.read("/catalogue")
        assert "/catalogue/dmarc.policy-enforced" in page
        assert "How to fix" in await guest.read("/catalogue/dmarc.policy-enforced")
        assert (await guest.get("/catalogue/no.such")).status_code == 404

    play(scenario)


@pytest.mark.parametrize("id", ["0", "-1", "abc", "1e3", "9" * 30, "%00", "1'--", "..%2f1"])
def test_what_is_no_number_of_a_row_is_not_there(play: Play, id: str) -> None:
    async def scenario(site: Site) -> None:
        browser, _ = await _ada(site)
        for path in (f"/domains/{id}", f"/reports/{id}", f"/work/{id}", f"/domains/1/results/{id}"):
            assert (await browser.get(path)).status_code == 404, path
        assert (await browser.get(f"/domains/1/difference?before={id}&after=1")).status_code in (404, 422)
        assert (await browser.get("/?page=x&sort=%00")).status_code == 422

    play(scenario)


def test_results_by_another_rubric_are_not_compared_with_one_another(play: Play) -> None:
    async def scenario(site: Site) -> None:
        browser, tenant = await _ada(site)
        kept = await keep(site, tenant, "example.com", site.clock())
        async with site.store.tenant(tenant.id, writing=False) as session:
            assert await assessments.latest(session, kept.domain_id, site.clock(), rubric="other") is None
        page = await browser.read(f"/domains/{kept.domain_id}/history")
        assert "what changed" not in page

    play(scenario)
