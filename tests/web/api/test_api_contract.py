"""What holds for every operation of the API, taken from its own description: tokens, scopes, tenants, problems."""

import asyncio
import json
import re
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema_rs import Draft202012Validator

from hauberk.store import alerts, channels, jobs, tenants, tokens
from hauberk.store.errors import Fault, StoreError
from hauberk.web.api.openapi import describe
from hauberk.web.api.problem import Kind
from hauberk.web.api.refusals import refusal_of
from hauberk.web.api.scope import Scope
from store.samples import DAY, NOW
from web.api.calling import Calling, Play

METHODS = ("get", "put", "post", "patch", "delete")
# A body that each operation takes, so that nothing but the token or the tenant can be what is refused.
BODIES: dict[str, dict[str, Any]] = {
    "add_domains": {"names": ["example.com"]},
    "put_domain": {"note": "mine"},
    "order_report": {"formats": ["pdf"]},
    "put_schedule": {"every": "P7D"},
    "put_default_schedule": {"every": "P7D"},
    "create_channel": {"kind": "email", "target": "ops@example.com"},
    "create_silence": {"ends_at": "2027-01-01T00:00:00Z"},
    "change_tenant": {"name": "Renamed"},
    "order_scans": {"domains": ["example.com"]},
    "grant_exception": {"check": "spf.restrictive", "reason": "r", "approver": "a", "expires_at": "2027-01-01T00:00:00Z"},
}


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    scope: str
    said: dict[str, Any]

    def at(self, ids: dict[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: ids.get(f"{self.path.split('/')[1]}.{found[1]}", ids.get(found[1], "1")), self.path)

    @property
    def of_a_thing(self) -> bool:
        return "{" in self.path and not self.path.startswith("/catalogue")


def operations(here: Calling) -> list[Operation]:
    paths = cast("dict[str, dict[str, dict[str, Any]]]", describe(here.api)["paths"])
    return [
        Operation(said["operationId"], method, path, "".join(said["security"][0]["token"]), said)
        for path, found in paths.items()
        for method, said in found.items()
    ]


async def call(here: Calling, operation: Operation, ids: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
    if operation.id in ("verify", "attach_file"):
        answer = await here.client.post(operation.at(ids), files={"file": ("x.pdf", b"%PDF-1.7")}, headers=headers)
    else:
        answer = await here.client.request(operation.method, operation.at(ids), json=BODIES.get(operation.id), headers=headers)
    return answer.status_code, answer.text


async def things_of(here: Calling, tenant: int, domain: str) -> dict[str, str]:
    """One of everything that an address can name, by the address's first step and the parameter."""
    kept = await here.keep(domain, tenant)
    async with here.store.tenant(tenant) as session:
        job = await jobs.enqueue(session, jobs.Order("scan", "key", domain.encode()), NOW, NOW)
        channel = await channels.add(session, channels.Kind.EMAIL, "ops@example.com", NOW)
        alert = await alerts.raise_alert(session, kept.domain_id, "band-changed", "x", "worse", NOW)
        silence = await alerts.silence(session, NOW, NOW + 300 * DAY, "move", "ada", domain_id=kept.domain_id)
    assert alert is not None
    ids = {"scans": kept.scan.id, "assessments": kept.assessed.id, "reports": kept.report.id, "jobs": job.id, "channels": channel.id}
    ids |= {"alerts": alert.id, "silences": silence.id, "exceptions": kept.exemption.id, "attachments": kept.attachment.id}
    return {"name": domain, "check": "dmarc.policy-enforced", "format": "sarif", **{f"{where}.id": str(id) for where, id in ids.items()}}


def test_every_operation_wants_a_token(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        del here.client.headers["Authorization"]
        for operation in operations(here):
            for headers in (
                {},
                {"Authorization": "Bearer hbk_guessed"},
                {"Authorization": "Basic YWRhOmFkYQ=="},
                {"Authorization": "Bearer "},
            ):
                status, text = await call(here, operation, {}, headers)
                assert (status, json.loads(text)["type"]) == (401, "/api/v1/docs#unauthenticated"), operation.id

    play(scenario)


def test_every_operation_wants_its_one_scope_and_says_which(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        ids = await things_of(here, here.tenant, "example.com")
        for operation in operations(here):
            if not operation.scope:
                assert operation.path == "/token"
                continue
            assert f"Scope: `{operation.scope}`" in operation.said["description"]
            others = await here.bearer(" ".join(scope for scope in Scope if scope != operation.scope))
            status, text = await call(here, operation, ids, others)
            assert (status, json.loads(text)["type"]) == (403, "/api/v1/docs#insufficient-scope"), operation.id

    play(scenario)


def test_with_its_scope_alone_every_operation_can_be_done(play_on_each: Play) -> None:
    """Which also shows that the refusals of the other tests are refusals of what they say."""

    async def scenario(here: Calling) -> None:
        ids = await things_of(here, here.tenant, "example.com")
        await here.client.put("/domains/example.com/schedule", json={"every": "P7D"})
        order = {"get": 0, "put": 1, "post": 2, "patch": 3, "delete": 4}
        for operation in sorted(operations(here), key=lambda one: (order[one.method], -len(one.path))):
            status, text = await call(here, operation, ids, await here.bearer(operation.scope))
            assert status < 300, (operation.id, status, text)
            assert str(status) in operation.said["responses"], operation.id

    play_on_each(scenario)


def test_what_is_another_organisations_is_not_there(play_on_each: Play) -> None:
    async def scenario(here: Calling) -> None:
        other = await here.another_tenant()
        theirs = await things_of(here, other, "theirs.example")
        async with here.store.system(writing=False) as system:
            before = await _everything(system, other)
        for address in ("/domains?removed=true", "/reports", "/alerts", "/silences", "/channels", "/jobs", "/schedules", "/chain/links"):
            assert (await here.client.get(address)).json() == {"items": [], "next": None}, address
        tried = 0
        for operation in operations(here):
            if not operation.of_a_thing:
                continue
            tried += 1
            status, text = await call(here, operation, theirs, {})
            if operation.id == "put_domain":
                assert (status, json.loads(text)["latest"]) == (201, None), "the same name is a domain of one's own, without their results"
                await here.client.delete("/domains/theirs.example")
                continue
            if operation.path.startswith("/domains/{name}"):
                continue  # by name: see the next test
            assert (status, json.loads(text)["type"]) == (404, "/api/v1/docs#not-found"), (operation.id, status, text)
        assert tried > 15
        async with here.store.system(writing=False) as system:
            assert await _everything(system, other) == before

    play_on_each(scenario)


def test_a_domain_that_only_another_organisation_has_is_not_there(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        theirs = await things_of(here, await here.another_tenant(), "theirs.example")
        for operation in operations(here):
            if operation.path.startswith("/domains/{name}") and operation.id != "put_domain":
                status, text = await call(here, operation, theirs, {})
                assert (status, json.loads(text)["detail"]) == (404, "there is no such domain"), operation.id
        for address in ("/reports?domain=theirs.example", "/alerts?domain=theirs.example"):
            assert (await here.client.get(address)).status_code == 404
        body = {"ends_at": "2027-01-01T00:00:00Z", "domain": "theirs.example"}
        assert (await here.client.post("/silences", json=body)).status_code == 404

    play(scenario)


async def _everything(system: Any, tenant: int) -> list[str]:
    from hauberk.store.columns import METADATA

    tables = [table for table in METADATA.sorted_tables if "tenant_id" in table.c]
    return [repr(row) for table in tables for row in await system.rows(table.select().where(table.c.tenant_id == tenant))]


def test_a_token_ends_when_it_expires_is_revoked_or_its_organisation_closes(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        short = {"Authorization": f"Bearer {await here.token(expires_at=here.clock.at + timedelta(minutes=1))}"}
        assert (await here.client.get("/token", headers=short)).status_code == 200
        here.clock.at += timedelta(minutes=1)
        assert (await here.client.get("/token", headers=short)).status_code == 401
        async with here.store.tenant(here.tenant) as session:
            lasting, secret = await tokens.issue(session, "ci", "read", "ada", NOW)
        assert (await here.client.get("/domains", headers={"Authorization": f"Bearer {secret}"})).status_code == 200
        async with here.store.tenant(here.tenant) as session:
            (used,) = [one for one in await tokens.all_tokens(session) if one.id == lasting.id]
            assert used.used_at == here.clock.at
            await tokens.revoke(session, lasting.id, here.clock.at)
        assert (await here.client.get("/domains", headers={"Authorization": f"Bearer {secret}"})).status_code == 401
        async with here.store.system() as system:
            await tenants.archive(system, here.tenant, here.clock.at)
        assert (await here.client.get("/domains")).status_code == 401

    play(scenario)


def test_every_kind_of_problem_is_described_and_documented(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        described = (await here.client.get("/openapi.json")).json()
        assert described["openapi"].startswith("3.1")
        page = (await here.client.get("/docs")).text
        for kind in Kind:
            assert f'id="{kind.value.slug}"' in page
        for operation in operations(here):
            wanted = ["422", "500", "503", "401", "429", *(["403"] if operation.scope else [])]
            wanted += ["413", "415", "400"] if "requestBody" in operation.said else []
            wanted += ["404"] if operation.of_a_thing and operation.id != "put_domain" else []
            assert set(wanted) <= set(operation.said["responses"]), operation.id
            assert operation.said["description"].strip(), operation.id
            assert f'id="{operation.id}"' in page

    play(scenario)


def test_the_reference_page_brings_everything_with_it(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        page = await here.client.get("/docs", headers={"Authorization": ""})
        assert page.status_code == 200
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert not [link for link in links if link.startswith(("http", "//"))]
        targets = {link[1:] for link in links if link.startswith("#")}
        assert targets <= set(re.findall(r'id="([^"]+)"', page.text)), "no link leads nowhere"
        assert "<script" not in page.text
        assert "style=" not in page.text

    play(scenario)


# Method, address, body, its media type, the status and the kind of problem that come of it.
WRONG: tuple[tuple[str, str, bytes, str, int, str], ...] = (
    ("GET", "/nothing", b"", "", 404, "not-found"),
    ("GET", "/no%0Aline", b"", "", 404, "not-found"),
    ("GET", "/domains/", b"", "", 404, "not-found"),
    ("POST", "/schedules", b"{}", "application/json", 405, "method-not-allowed"),
    ("TRACE", "/domains", b"", "", 405, "method-not-allowed"),
    ("PUT", "/domains/example.com", b"{", "application/json", 400, "malformed"),
    ("PUT", "/domains/example.com", b"\xff", "application/json", 400, "malformed"),
    ("PUT", "/domains/example.com", b"note=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    ("PUT", "/domains/example.com", b'{"nota": ""}', "application/json", 422, "invalid"),
    ("PUT", "/domains/example.com", b'{"own": 1}', "application/json", 422, "invalid"),
    ("POST", "/silences", b'{"ends_at": 4102444800}', "application/json", 422, "invalid"),
    ("PUT", "/domains/no%20domain", b"{}", "application/json", 422, "invalid"),
    ("GET", "/domains?domian=x", b"", "", 422, "invalid"),
    ("GET", "/domains?limit=501", b"", "", 422, "invalid"),
    ("GET", "/scans/1x", b"", "", 422, "invalid"),
    ("GET", "/scans/9223372036854775808", b"", "", 422, "invalid"),
    ("GET", "/scans/9223372036854775807", b"", "", 404, "not-found"),
    ("PATCH", "/tenant", b'{"name": "' + b"x" * 300_000 + b'"}', "application/json", 413, "too-large"),
    ("PATCH", "/tenant", b"[" * 100_000, "application/json", 400, "malformed"),
    ("PATCH", "/tenant", b"[]", "application/json", 422, "invalid"),
    ("PATCH", "/tenant", b'{"name": "\\ud800"}', "application/json", 422, "invalid"),
)


def test_every_error_is_a_problem_document(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        schemas = describe(here.api)["components"]["schemas"]
        problems = Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": {"schemas": schemas}})
        for method, address, content, kind, status, slug in WRONG:
            headers = {"Content-Type": kind} if kind else {}
            answer = await here.client.request(method, address, content=content, headers=headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
            problem = answer.json()
            assert (problem["type"], problem["status"]) == (f"/api/v1/docs#{slug}", status)
            problems.validate(problem)
            if status == 405:
                assert "GET" in answer.headers["Allow"]

    play(scenario)


def test_what_is_wrong_is_said_with_its_place(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        answer = await here.client.put("/domains/example.com", json={"note": 1, "selectors": ["s1", "no good"], "a~/b": 1})
        assert {one["pointer"] for one in answer.json()["errors"]} == {"#/note", "#/selectors/1", "#/a~0~1b"}

    play(scenario)


def test_head_is_get_without_the_body(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        for address in ("/domains", f"/reports/{kept.report.id}/content", "/nothing"):
            got, head = await here.client.get(address), await here.client.head(address)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert head.headers["Content-Length"] == got.headers["Content-Length"]

    play(scenario)


def test_two_people_who_put_a_domain_at_once_have_one(play_on_each: Play) -> None:
    async def scenario(here: Calling) -> None:
        answers = await asyncio.gather(*(here.client.put("/domains/example.com", json={}) for _ in range(8)))
        assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
        assert len((await here.client.get("/domains")).json()["items"]) == 1

    play_on_each(scenario)


def test_a_crash_is_a_problem_that_the_log_explains(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(here: Calling) -> None:
        async def crash() -> None:
            raise RuntimeError("secret detail")

        here.api.add_api_route("/crash", crash)
        answer = await here.client.get("/crash")
        assert (answer.status_code, answer.json()["type"]) == (500, "/api/v1/docs#internal")
        assert "secret detail" not in answer.text
        assert answer.json()["instance"] in caplog.text
        assert "secret detail" in caplog.text

    play(scenario)


def test_what_the_driver_says_of_a_failing_database_stays_in_the_log(play: Play, tmp_path: Path) -> None:
    async def scenario(here: Calling) -> None:
        connection = sqlite3.connect(tmp_path / "hauberk.db")
        connection.execute("DROP TABLE domains")
        connection.close()
        answer = await here.client.get("/domains")
        assert (answer.status_code, answer.json()["type"]) == (500, "/api/v1/docs#internal")
        assert "no such table" not in answer.text

    play(scenario)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.AWAY, 503), (Fault.BUSY, 503), (Fault.FULL, 507), (Fault.READ_ONLY, 503), (Fault.DAMAGED, 500), (Fault.DENIED, 500),
        (Fault.CONFLICT, 409), (Fault.MISSING, 404), (Fault.INVALID, 422),
    ],
)  # fmt: skip
def test_every_fault_of_the_store_is_a_kind_of_problem(fault: Fault, status: int) -> None:
    error = StoreError(fault, "the database cannot be reached (connect to 10.0.0.5 failed)")
    error.__cause__ = OSError("connect")
    refused = refusal_of(error)
    assert (refused.kind.status, refused.detail) == (status, "the database cannot be reached")
    assert ("Retry-After" in refused.headers) == (status == 503)
