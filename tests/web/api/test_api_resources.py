"""What each address of the API gives and takes."""

import asyncio
import gzip
import hashlib
from base64 import b64encode
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hauberk.app.work.worker import Worker
from hauberk.report.signature import key, statement
from hauberk.store import assessments, domains, scans
from store.samples import DAY, NOW, assessment, observation
from web.api.calling import Calling, Play


def test_a_domain_is_put_looked_at_changed_removed_and_put_back(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        made = await here.client.put("domains/Example.COM", json={"note": "main", "selectors": ["S1", "s1", "s2"]})
        assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/domains/example.com")
        assert made.json()["selectors"] == ["s1", "s2"]
        assert made.json()["latest"] is None
        changed = await here.client.put("/domains/example.com", json={"own": True})
        assert (changed.status_code, changed.json()["own"], changed.json()["note"]) == (200, True, "")
        assert (await here.client.delete("/domains/example.com")).status_code == 204
        assert (await here.client.delete("/domains/example.com")).status_code == 204
        assert (await here.client.get("/domains")).json()["items"] == []
        gone = await here.client.get("/domains", params={"removed": True})
        assert [one["removed_at"] is not None for one in gone.json()["items"]] == [True]
        back = await here.client.put("/domains/example.com", json={})
        assert (back.status_code, back.json()["removed_at"]) == (200, None)

    play(scenario)


def test_a_domain_goes_by_the_name_that_people_read_as_well(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        made = await here.client.put("/domains/bücher.example", json={})
        assert (made.json()["name"], made.json()["display_name"]) == ("xn--bcher-kva.example", "bücher.example")
        assert (await here.client.get("/domains/bücher.example")).json() == made.json()

    play(scenario)


def test_ten_thousand_names_are_added_at_once_and_the_bad_ones_named(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        names = [f"d{number}.example" for number in range(9_997)] + ["https://D1.example/x", "no domain", "192.0.2.1"]
        added = await here.client.post("/domains", json={"names": names})
        assert added.status_code == 200, added.text
        assert (added.json()["added"], added.json()["present"]) == (9_997, 0)
        assert [one["pointer"] for one in added.json()["rejected"]] == ["#/names/9998", "#/names/9999"]
        again = await here.client.post("/domains", json={"names": names[:5]})
        assert (again.json()["added"], again.json()["present"]) == (0, 5)
        assert (await here.client.post("/domains", json={"names": [*names, "one.more.example"]})).status_code == 422

    play(scenario)


def test_pages_hold_everything_once_and_say_where_the_next_one_is(play_on_each: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.post("/domains", json={"names": [f"d{number:02}.example" for number in range(25)]})
        seen: list[str] = []
        address: str | None = "/api/v1/domains?limit=10"
        while address:
            page = await here.client.get(f"http://hauberk.test{address}")
            seen += [one["name"] for one in page.json()["items"]]
            address = page.json()["next"]
            assert page.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
        assert seen == [f"d{number:02}.example" for number in range(25)]

    play_on_each(scenario)


def test_a_cursor_of_no_list_or_another_is_refused(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        for cursor in ("x", "ZG9tYWluOjE", "bmFtZTo", "%FF%FE", "cmVwb3J0Oi0x", "cmVwb3J0OjE4NDQ2NzQ0MDczNzA5NTUxNjE2"):
            for address in ("/reports", "/alerts"):
                refused = await here.client.get(f"{address}?cursor={cursor}")
                assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "cursor")

    play(scenario)


def test_the_latest_result_comes_whole_and_only_when_it_is_new(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        found = await here.client.get("/domains/example.com/latest")
        full = found.json()
        assert full["assessment"]["verdicts"][0]["check"] == "spf.not-permissive"
        assert (full["id"], full["scan_id"], full["fresh_until"]) == (kept.assessed.id, kept.scan.id, "2027-02-19T12:00:00Z")
        async with here.store.tenant(here.tenant) as session:
            document = await assessments.document(session, kept.assessed.id)
        assert document is not None
        assert document in found.content
        assert hashlib.sha256(document).hexdigest() == full["sha256"]
        tag = found.headers["ETag"]
        same = await here.client.get("/domains/example.com/latest", headers={"If-None-Match": f'"x", W/{tag}'})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
        async with here.store.tenant(here.tenant) as session:
            newer = observation(at=NOW + timedelta(minutes=5))
            scan = (await scans.store(session, newer, NOW)).scan
            await assessments.add(session, scan.id, assessment(newer, 91), NOW)
        new = await here.client.get("/domains/example.com/latest", headers={"If-None-Match": tag})
        assert (new.status_code, new.json()["assessment"]["score"]["points"]) == (200, 91)
        assert (await here.client.get("/domains/example.com/latest?rubric=strict")).status_code == 404
        assert (await here.client.get(f"/assessments/{kept.assessed.id}")).json() == full
        short = (await here.client.get("/domains/example.com")).json()["latest"]
        assert (short["points"], short["grade"], short["band"], short["incomplete"]) == (91, "B", "amber", False)
        assert (await here.client.get("/domains")).json()["items"][0]["latest"] == short

    play(scenario)


def test_a_domain_without_a_result_has_no_latest_yet(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.put("/domains/example.com", json={})
        refused = await here.client.get("/domains/example.com/latest")
        assert (refused.status_code, refused.json()["detail"]) == (404, "there is no such result of this domain yet")

    play(scenario)


def test_scans_and_results_are_listed_newest_first_page_by_page(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        async with here.store.tenant(here.tenant) as session:
            await domains.add(session, "example.com", NOW)
            for day in range(5):
                seen = observation(at=NOW - day * DAY)
                scan = (await scans.store(session, seen, NOW)).scan
                await assessments.add(session, scan.id, assessment(seen, 50 + day), NOW)
        for address, field in (("scans", "id"), ("assessments", "assessment_id")):
            first = (await here.client.get(f"/domains/example.com/{address}?limit=3")).json()
            second = (await here.client.get(f"http://hauberk.test{first['next']}")).json()
            both = first["items"] + second["items"]
            assert (len(first["items"]), len(both), second["next"]) == (3, 5, None)
            assert len({one[field] for one in both}) == 5
            assert [one["observed_at"] for one in both] == sorted((one["observed_at"] for one in both), reverse=True)
        newest = (await here.client.get("/domains/example.com/scans?limit=1")).json()["items"][0]
        assert (await here.client.get(f"/scans/{newest['id']}")).json() == newest
        (judged,) = (await here.client.get(f"/scans/{newest['id']}/assessments")).json()["items"]
        assert judged["scan_id"] == newest["id"]

    play(scenario)


def test_tapes_and_reports_are_downloaded_octet_for_octet(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        tape = await here.client.get(f"/scans/{kept.scan.id}/tape")
        assert f"sha256:{hashlib.sha256(gzip.decompress(tape.content)).hexdigest()}" == kept.scan.evidence_id
        assert tape.headers["Content-Disposition"].startswith('attachment; filename="example.com_2026-11-21.tape.json.gz"')
        (listed,) = (await here.client.get("/reports", params={"domain": "example.com"})).json()["items"]
        assert (await here.client.get(f"/reports/{kept.report.id}")).json() == listed
        report = await here.client.get(f"/reports/{kept.report.id}/content")
        assert (report.content, report.headers["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
        assert hashlib.sha256(report.content).hexdigest() == listed["sha256"]
        digest = b64encode(hashlib.sha256(report.content).digest()).decode()
        assert report.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        again = await here.client.get(f"/reports/{kept.report.id}/content", headers={"If-None-Match": report.headers["ETag"]})
        assert again.status_code == 304

    play(scenario)


def test_an_order_is_accepted_and_its_job_followed(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.put("/domains/example.com", json={})
        for address, body in (("scans", None), ("reports", {"formats": ["pdf", "png"]})):
            ordered = await here.client.post(f"/domains/example.com/{address}", json=body)
            assert (ordered.status_code, ordered.json()["state"]) == (202, "waiting"), ordered.text
            job = await here.client.get(f"http://hauberk.test{ordered.headers['Location']}")
            assert job.json() == ordered.json()
            assert int(job.headers["Retry-After"]) > 0
            again = await here.client.post(f"/domains/example.com/{address}", json=body)
            assert again.json()["id"] == ordered.json()["id"], "one that waits is joined"
            assert (await here.client.delete(f"/jobs/{job.json()['id']}")).status_code == 204
            ended = await here.client.get(f"/jobs/{job.json()['id']}")
            assert (ended.json()["state"], ended.json()["outcome"]) == ("cancelled", None)
            assert "Retry-After" not in ended.headers
        assert len((await here.client.get("/jobs")).json()["items"]) == 2

    play(scenario)


def test_the_same_idempotency_key_is_the_same_order_and_none_else(play_on_each: Play) -> None:
    async def scenario(here: Calling) -> None:
        for name in ("a.example", "b.example"):
            await here.client.put(f"/domains/{name}", json={})
        key = {"Idempotency-Key": "7b1e7c9a"}
        first = await here.client.post("/domains/a.example/scans", headers=key)
        await here.client.delete(f"/jobs/{first.json()['id']}")
        again = await here.client.post("/domains/a.example/scans", headers=key)
        assert again.json()["id"] == first.json()["id"], "even after it has ended"
        for address in ("b.example/scans", "a.example/reports"):
            other = await here.client.post(f"/domains/{address}", headers=key, json={})
            assert (other.status_code, other.json()["type"]) == (409, "/api/v1/docs#conflict")
        long = await here.client.post("/domains/a.example/scans", headers={"Idempotency-Key": "k" * 151})
        assert (long.status_code, long.json()["errors"][0]["header"]) == (422, "Idempotency-Key")
        ordered = await asyncio.gather(
            *(here.client.post("/domains/b.example/scans", headers={"Idempotency-Key": "at once"}) for _ in range(5))
        )
        assert len({one.json()["id"] for one in ordered}) == 1

    play_on_each(scenario)


def test_a_schedule_is_set_changed_and_taken_away(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.put("/domains/example.com", json={})
        assert (await here.client.get("/domains/example.com/schedule")).status_code == 404
        planned = await here.client.put("/domains/example.com/schedule", json={"every": "P7D"})
        assert (planned.status_code, planned.json()["every"]) == (200, "P7D")
        assert planned.json()["next_due"] > here.clock.at.isoformat()
        assert (await here.client.get("/domains/example.com/schedule")).json() == planned.json()
        assert (await here.client.get("/schedules")).json() == {"items": [planned.json()], "next": None}
        for sent, told in (("PT36H", "P1DT12H"), ("P400D", "P400D"), ("PT1H", "PT1H"), ("PT1H30M", "PT1H30M")):
            assert (await here.client.put("/domains/example.com/schedule", json={"every": sent})).json()["every"] == told
        for wrong in ("PT5M", "P500D", "weekly", "", 604800):
            assert (await here.client.put("/domains/example.com/schedule", json={"every": wrong})).status_code == 422, wrong
        assert (await here.client.delete("/domains/example.com/schedule")).status_code == 204
        assert (await here.client.delete("/domains/example.com/schedule")).status_code == 404

    play(scenario)


def test_domains_that_are_added_are_scanned_as_the_organisation_has_them_scanned(play_on_each: Play) -> None:
    async def scenario(here: Calling) -> None:
        async def every(name: str) -> str | None:
            found = await here.client.get(f"/domains/{name}/schedule")
            return found.json()["every"] if found.status_code == 200 else None

        assert (await here.client.get("/schedules/default")).json() == {"every": None}
        await here.client.put("/domains/a.example", json={})
        assert (await here.client.put("/schedules/default", json={"every": "PT36H"})).json() == {"every": "P1DT12H"}
        assert (await here.client.get("/schedules/default")).json() == {"every": "P1DT12H"}
        await here.client.put("/domains/b.example", json={})
        await here.client.post("/domains", json={"names": ["a.example", "b.example", "c.example", "d.example"]})
        assert [await every(f"{letter}.example") for letter in "abcd"] == [None, "P1DT12H", "P1DT12H", "P1DT12H"]
        await here.client.put("/domains/c.example/schedule", json={"every": "P7D"})
        await here.client.delete("/domains/d.example/schedule")
        for name in ("c.example", "d.example"):
            await here.client.delete(f"/domains/{name}")
            await here.client.put(f"/domains/{name}", json={})
        assert [await every(f"{letter}.example") for letter in "cd"] == ["P7D", "P1DT12H"]
        assert (await here.client.put("/schedules/default", json={"every": None})).json() == {"every": None}
        await here.client.put("/domains/e.example", json={})
        assert await every("e.example") is None
        for wrong in ({"every": "PT5M"}, {"every": 7}, {}, {"every": "P7D", "more": 1}):
            assert (await here.client.put("/schedules/default", json=wrong)).status_code == 422, wrong

    play_on_each(scenario)


def test_a_webhooks_secret_is_told_once_and_its_test_is_a_job(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        order = {"kind": "webhook", "target": "https://example.com/hook", "events": ["band-changed"]}
        made = await here.client.post("/channels", json=order)
        assert made.status_code == 201, made.text
        assert len(made.json()["secret"]) > 30
        channel = await here.client.get(f"http://hauberk.test{made.headers['Location']}")
        assert channel.json() == made.json()["channel"]
        assert made.json()["secret"] not in (await here.client.get("/channels")).text
        tested = await here.client.post(f"/channels/{channel.json()['id']}/test")
        assert (tested.status_code, tested.json()["state"]) == (202, "waiting")
        for _ in range(2):
            assert (await here.client.delete(f"/channels/{channel.json()['id']}")).status_code == 204
        assert (await here.client.get("/channels")).json()["items"][0]["disabled_at"] is not None

    play(scenario)


def test_a_channel_that_cannot_be_is_refused(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        for kind, target in (
            ("webhook", "ftp://example.com"),
            ("webhook", "https://user:pass@example.com/"),
            ("email", "nobody"),
            ("email", "ops@example.com\r\nBcc: eve@example.com"),
            ("pigeon", "x@example.com"),
        ):
            refused = await here.client.post("/channels", json={"kind": kind, "target": target})
            assert refused.status_code == 422, refused.text

    play(scenario)


def test_a_silence_begins_now_for_one_domain_or_all_and_can_be_ended(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.keep()
        ends = (here.clock.at + DAY).isoformat()
        one = await here.client.post("/silences", json={"ends_at": ends, "domain": "example.com", "reason": "move"})
        assert (one.status_code, one.json()["domain"], one.json()["begins_at"]) == (201, "example.com", "2026-11-21T13:00:00Z")
        every = await here.client.post("/silences", json={"ends_at": ends})
        assert every.json()["domain"] == ""
        assert (await here.client.get(f"http://hauberk.test{one.headers['Location']}")).json() == one.json()
        assert len((await here.client.get("/silences")).json()["items"]) == 2
        assert (await here.client.delete(f"/silences/{one.json()['id']}")).status_code == 204
        assert (await here.client.get(f"/silences/{one.json()['id']}")).json()["ends_at"] == "2026-11-21T13:00:00Z"
        for wrong in ({"ends_at": NOW.isoformat()}, {"ends_at": "2026-12-01T00:00:00"}, {"ends_at": ends, "domain": "elsewhere.example"}):
            refused = await here.client.post("/silences", json=wrong)
            assert refused.status_code in (404, 422), refused.text

    play(scenario)


def test_the_organisation_is_renamed_and_scored_by_a_rubric_that_exists(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        assert (await here.client.get("/tenant")).json()["name"] == "Acme Ltd"
        changed = await here.client.patch("/tenant", json={"name": " Acme plc ", "rubric": "internet-nl-like"})
        assert (changed.json()["name"], changed.json()["rubric"]) == ("Acme plc", "internet-nl-like")
        assert (await here.client.get("/tenant")).json() == changed.json()
        for wrong in ({"rubric": "/etc/passwd.toml"}, {"name": "  "}, {"slug": "x"}):
            assert (await here.client.patch("/tenant", json=wrong)).status_code == 422

    play(scenario)


def test_a_token_says_what_it_may_and_revokes_itself(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        mine = await here.bearer("scan read")
        token = await here.client.get("/token", headers=mine)
        assert (token.json()["tenant"], token.json()["scopes"]) == ("acme", ["read", "scan"])
        assert (await here.client.delete("/token", headers=mine)).status_code == 204
        assert (await here.client.get("/token", headers=mine)).status_code == 401

    play(scenario)


def test_the_chain_of_evidence_can_be_walked(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.keep()
        head = (await here.client.get("/chain")).json()
        links: list[dict[str, object]] = []
        address: str | None = "/api/v1/chain/links?limit=2"
        while address:
            page = (await here.client.get(f"http://hauberk.test{address}")).json()
            links += page["items"]
            address = page["next"]
        previous = "0" * 64
        for link in links:
            record = str(link["record"])
            previous = hashlib.sha256(bytes.fromhex(previous) + record.encode()).hexdigest()
            assert link["digest"] == previous
        assert (links[-1]["sequence"], links[-1]["digest"]) == (head["sequence"], head["digest"])

    play(scenario)


def test_the_catalogue_has_a_page_for_each_check(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        listed = (await here.client.get("/catalogue")).json()
        check = next(one for one in listed["checks"] if one["id"] == "dmarc.policy-enforced")
        page = (await here.client.get("/catalogue/dmarc.policy-enforced")).json()
        assert page["check"] == check
        assert "How to fix" in page["page"]
        assert (await here.client.get("/catalogue/no.such")).status_code == 404
        assert "hauberk-2026.1" in [one["id"] for one in (await here.client.get("/rubrics")).json()["items"]]

    play(scenario)


def test_many_scans_are_ordered_at_once_and_none_twice(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.post("/domains", json={"names": [f"d{number}.example" for number in range(20)]})
        assert (await here.client.post("/scans", json={"domains": ["d1.example", "D1.example", "d2.example"]})).json() == {"ordered": 2}
        assert (await here.client.post("/scans", json={})).json() == {"ordered": 18}
        assert (await here.client.post("/scans", json={})).json() == {"ordered": 0}
        unknown = await here.client.post("/scans", json={"domains": ["d1.example", "elsewhere.example"]})
        assert unknown.status_code == 404
        wrong = await here.client.post("/scans", json={"domains": ["d1.example", "no domain"]})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/domains/1")

    play(scenario)


def test_an_exception_is_granted_with_its_reason_and_revoked(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.put("/domains/example.com", json={})
        order = {"check": "spf.restrictive", "reason": "the gateway leaves", "approver": "Ada", "expires_at": "2027-01-01T00:00:00Z"}
        made = await here.client.post("/domains/example.com/exceptions", json=order)
        assert (made.status_code, made.json()["holds"]) == (201, True), made.text
        assert (await here.client.get(f"http://hauberk.test{made.headers['Location']}")).json() == made.json()
        for wrong in (
            {"check": "no.such"},
            {"expires_at": "2026-01-01T00:00:00Z"},
            {"expires_at": "2030-01-01T00:00:00Z"},
            {"reason": " "},
        ):
            refused = await here.client.post("/domains/example.com/exceptions", json=order | wrong)
            assert refused.status_code == 422, wrong
        for _ in range(2):
            assert (await here.client.delete(f"/exceptions/{made.json()['id']}")).status_code == 204
        (listed,) = (await here.client.get("/domains/example.com/exceptions")).json()["items"]
        assert (listed["holds"], listed["revoked_by"]) == (False, "API token ci")
        assert [one["kind"] for one in (await here.client.get("/chain/links")).json()["items"]] == [
            "exception-granted",
            "exception-revoked",
        ]

    play(scenario)


def test_a_file_is_attached_as_what_it_is_and_comes_back_octet_for_octet(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.client.put("/domains/example.com", json={})
        sent = {"file": ("../../IHP result \u202e.pdf", b"%PDF-1.7 x", "text/html")}
        made = await here.client.post("/domains/example.com/attachments", files=sent, data={"kind": "ihp-result"})
        assert (made.status_code, made.json()["name"], made.json()["media_type"]) == (201, "IHP result .pdf", "application/pdf"), made.text
        assert (await here.client.get(f"http://hauberk.test{made.headers['Location']}")).json() == made.json()
        content = await here.client.get(f"{made.headers['Location'].removeprefix('/api/v1')}/content")
        assert (content.content, content.headers["Content-Type"]) == (b"%PDF-1.7 x", "application/octet-stream")
        assert (await here.client.get("/domains/example.com/attachments")).json()["items"] == [made.json()]
        for name, octets in (("x.pdf", b"<script>"), ("x.png", b"%PDF-1.7"), ("x.txt", b"\0"), ("x.exe", b"MZ"), ("x.pdf", b"")):
            refused = await here.client.post("/domains/example.com/attachments", files={"file": (name, octets)})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/file"), name
        other = await here.client.post("/domains/example.com/attachments", json={})
        assert other.status_code == 415

    play(scenario)


def test_a_result_is_written_for_other_programs(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        for format, media, words in (
            ("csv", "text/csv", "example.com,"),
            ("csv-findings", "text/csv", "plus-all"),
            ("sarif", "application/sarif+json", "spf.not-permissive"),
            ("junit", "application/xml", "<testsuite"),
            ("oscal", "application/oscal+json", "Acme Ltd"),
        ):
            written = await here.client.get(f"/assessments/{kept.assessed.id}/{format}")
            assert (written.status_code, written.headers["Content-Type"].partition(";")[0]) == (200, media), written.text
            assert words in written.text
        assert (await here.client.get(f"/assessments/{kept.assessed.id}/xlsx")).status_code == 422

    play(scenario)


def test_the_result_is_that_by_the_organisations_rubric(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        async with here.store.tenant(here.tenant) as session:
            await assessments.add(session, kept.scan.id, assessment(observation(), 10, "internet-nl-like-2026.1"), NOW)
        await here.client.patch("/tenant", json={"rubric": "hauberk-2026"})
        for result in (
            (await here.client.get("/domains/example.com")).json()["latest"],
            (await here.client.get("/domains")).json()["items"][0]["latest"],
            (await here.client.get("/domains/example.com/latest")).json()["assessment"],
        ):
            assert result["rubric"].startswith("hauberk-2026"), result
        asked = await here.client.get("/domains/example.com/latest?rubric=internet-nl-like-2026.1")
        assert asked.json()["assessment"]["score"]["points"] == 10

    play(scenario)


def test_a_file_is_verified_and_nothing_of_it_is_kept(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        signer = key.make("Acme Ltd", NOW)
        claimed = msgspec.structs.replace(statement.claims(assessment(observation()), "Acme Ltd"), incomplete=True)
        envelope = statement.sign((("x.tape.json.gz", b"octets"),), claimed, signer)
        pem = signer.certificate.public_bytes(Encoding.PEM).decode()
        sent = {"file": ("C:\\tapes\\x.tape.json.gz", b"octets"), "signature": ("x.sig", envelope)}
        found = (await here.client.post("/verifications", files=sent)).json()
        assert (found["valid"], found["file"], found["claims"]["domain"]) == (True, "x.tape.json.gz", "example.com"), found
        assert (found["claims"]["band"], found["claims"]["incomplete"]) == (claimed.band, True)
        assert found["signer"]["trusted"] is None
        changed = (await here.client.post("/verifications", files={**sent, "file": ("x.tape.json.gz", b"octetS")})).json()
        assert (changed["valid"], changed["flaws"]) == (False, ["the file: it is not what was signed: something was changed"])
        trusting = (await here.client.post("/verifications", files=sent, data={"trusted": pem})).json()
        assert trusting["signer"]["trusted"] is True
        for trusted in ("no certificate", "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----"):
            refused = await here.client.post("/verifications", files=sent, data={"trusted": trusted})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/trusted")
        unsigned = (await here.client.post("/verifications", files={"file": ("../../etc/passwd", b"x")})).json()
        assert (unsigned["valid"], unsigned["file"]) == (False, "passwd")
        long = (
            await here.client.post("/verifications", files={"file": (f"{'報告' * 200}.pdf", b"x"), "signature": ("x.sig", b"x")})
        ).json()
        assert (long["valid"], long["file"][-6:]) == (False, "報告.pdf")  # as much of the name as a file system takes

    play(scenario)


@pytest.mark.parametrize("target", ["https://127.0.0.1:1/x", "https://169.254.169.254/latest", "https://[::1]/x", "http://10.0.0.1/x"])
def test_a_webhook_into_a_network_that_the_server_stands_in_gets_nothing(play: Play, target: str) -> None:
    async def scenario(here: Calling) -> None:
        made = await here.client.post("/channels", json={"kind": "webhook", "target": target})
        job = (await here.client.post(f"/channels/{made.json()['channel']['id']}/test")).json()
        stop = asyncio.Event()
        working = asyncio.create_task(Worker(here.store, here.world, here.work, here.clock).run(stop))
        for _ in range(400):
            job = (await here.client.get(f"/jobs/{job['id']}")).json()
            if job["state"] == "failed" or job["reason"]:
                break
            await asyncio.sleep(0.05)
        stop.set()
        await working
        assert "nothing is sent to" in job["reason"], job

    play(scenario)
