"""Reports from the store: signed, verifiable, of a scan that is recent enough, and issued once however often the job is done."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from app.work.kit import START, Office, office
from hauberk.app.logo import logo_of
from hauberk.app.scanning import now
from hauberk.app.verifying import Verifier
from hauberk.app.work import ordering
from hauberk.app.work.ordering import Progress
from hauberk.app.work.organisation_key import key_path, organisation_key, replace_key
from hauberk.lab.casebook import Case
from hauberk.report.signature import keyfile
from hauberk.store import reports, scans, tenants
from hauberk.store.jobs import State
from hauberk.store.reports import Report
from hauberk.store.tenants import Logo
from hauberk.store.verification import verify_chain

only_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


async def _issue(one: Office, *kinds: str, fresh: bool = False) -> Progress:
    job = await ordering.order_report(one.store, one.tenant, one.domain_id, kinds, "ada", one.clock(), fresh=fresh)
    await one.work_off()
    found = await ordering.progress(one.store, one.tenant, job.id)
    assert found is not None
    return found


async def _written(one: Office, folder: Path, ids: tuple[int, ...]) -> dict[str, Path]:
    """The reports as files, by their format."""
    found: dict[str, Path] = {}
    async with one.store.tenant(one.tenant, writing=False) as session:
        for id in ids:
            report = await reports.by_id(session, id)
            assert isinstance(report, Report)
            file = folder / report.name
            file.write_bytes(await reports.content(session, id) or b"")
            found[report.format if report.format != "sig" else report.name] = file
    return found


@only_sqlite
def test_the_organisations_logo_is_on_its_reports(url: str, tmp_path: Path) -> None:
    picture = BytesIO()
    Image.new("RGB", (300, 80), "#204080").save(picture, "PNG")
    logo = logo_of(picture.getvalue())

    async def scenario() -> dict[str, Path]:
        async with office(url, tmp_path) as one:
            one.clock.at = now()
            one.place.change(at=one.clock())
            async with one.store.tenant(one.tenant) as session:
                await tenants.set_logo(session, Logo("image/png", logo))
            return await _written(one, tmp_path, (await _issue(one, "pdf", "png")).report_ids)

    files = asyncio.run(scenario())
    assert PdfReader(files["pdf"]).attachments["logo.png"] == [logo]
    found = Verifier(now()).file(files["pdf"])
    assert found.valid and any("the pages are what this program writes" in one for one in found.held)
    with Image.open(files["png"]) as page:
        assert any(colour == (0x20, 0x40, 0x80) for _, colour in page.getcolors(page.width * page.height) or ())


@only_sqlite
def test_all_kinds_are_signed_with_the_organisations_key_and_verify(url: str, tmp_path: Path) -> None:
    async def scenario() -> dict[str, Path]:
        async with office(url, tmp_path) as one:
            one.clock.at = now()
            one.place.change(at=one.clock())
            found = await _issue(one, "zip", "pdf", "png", "jpg")
            assert found.state is State.DONE and found.scan_id is not None
            key = keyfile.load(key_path(one.settings, one.tenant))
            assert key.name == "Acme Ltd"
            async with one.store.tenant(one.tenant, writing=False) as session:
                assert (await verify_chain(session)).holds
            return await _written(one, tmp_path, found.report_ids)

    files = asyncio.run(scenario())
    assert len(files) == 7
    for kind in ("pdf", "png", "jpg", "zip"):
        verification = Verifier(now()).file(files[kind])
        assert verification.valid, (kind, verification)


@only_sqlite
def test_a_recent_scan_is_taken_unless_a_fresh_one_is_wanted(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            first = await _issue(one, "pdf", fresh=True)
            one.clock.advance(timedelta(minutes=9))
            assert (await _issue(one, "pdf")).scan_id == first.scan_id
            one.clock.advance(timedelta(minutes=2))
            assert (await _issue(one, "pdf")).scan_id != first.scan_id

    asyncio.run(scenario())


@only_sqlite
def test_an_attempt_that_died_after_its_scan_does_not_scan_again(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.settings.data.mkdir()
            key_path(one.settings, one.tenant).parent.mkdir()
            key_path(one.settings, one.tenant).write_text("no key")
            found = await _issue(one, "pdf")
            assert found.state is State.FAILED and "signing key cannot be used" in found.reason
            key_path(one.settings, one.tenant).write_text("")
            job = await ordering.order_report(one.store, one.tenant, one.domain_id, ("pdf",), "ada", one.clock(), fresh=True)
            blocked = replace(one.settings, data=tmp_path / "file" / "data")
            (tmp_path / "file").write_text("a file where the folder should be")
            good, one.settings = one.settings, blocked
            await one.work_off()
            assert (await one.job(job.id)).state is State.WAITING
            key_path(good, one.tenant).unlink()
            one.settings = good
            one.clock.advance(timedelta(minutes=5))
            await one.work_off()
            assert (await one.job(job.id)).state is State.DONE
            async with one.store.tenant(one.tenant, writing=False) as session:
                assert len(await scans.history(session, one.domain_id)) == 2  # one for each order

    asyncio.run(scenario())


@only_sqlite
def test_no_report_is_made_of_a_domain_that_does_not_exist(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.case = Case("nothing", "pass", records="", at=START)
            found = await _issue(one, "pdf")
            assert found.state is State.FAILED
            assert "does not exist" in found.reason

    asyncio.run(scenario())


@only_sqlite
def test_no_other_key_signs_in_silence_where_the_organisations_key_is_lost(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            assert (await _issue(one, "pdf")).state is State.DONE
            file = key_path(one.settings, one.tenant)
            kept = file.read_bytes()
            file.unlink()
            found = await _issue(one, "pdf", fresh=True)
            assert found.state is State.FAILED
            assert "put it back from a backup" in found.reason
            assert not file.exists()
            file.write_bytes(kept)
            assert (await _issue(one, "pdf", fresh=True)).state is State.DONE
            file.unlink()
            replace_key(one.settings, one.tenant, "Acme Ltd", START)
            assert (await _issue(one, "pdf", fresh=True)).state is State.DONE

    asyncio.run(scenario())


@only_sqlite
def test_a_key_that_was_supplied_signs_for_all(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            supplied = keyfile.create(tmp_path / "key.pem", "Acme Group", START)
            one.settings = replace(one.settings, key=tmp_path / "key.pem")
            assert (await _issue(one, "pdf")).state is State.DONE
            found = await organisation_key(one.settings, one.store, one.tenant, "Acme Ltd", START)
            assert found.fingerprint == supplied.fingerprint
            assert not key_path(one.settings, one.tenant).exists()

    asyncio.run(scenario())
