"""The whole story in a real browser: from the first start to the alert, on the lab, as an administrator and an auditor live through it."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from web.stage import CHROMIUM, Inspector, Stage, chromium, stage

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
COMPANY = "Typical & Sons GmbH"
REPAIRED = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:typical@dmarc-vendor.example"'
BROKEN = '@ TXT "v=spf1 +all"'
WAIT = 60_000  # milliseconds; a busy machine is no reason to fail

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (the Debian package chromium)")


def _sign_in(page: Page) -> None:
    page.get_by_label("Mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Domains", exact=True)).to_be_visible()


def _sign_out(page: Page) -> None:
    page.locator(".top-end summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def _virtual_authenticator(context: BrowserContext, page: Page) -> None:
    """A device with a fingerprint reader that always recognises its owner (WebAuthn WebDriver, level 3)."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")  # pyright: ignore[reportUnknownMemberType]
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    asked = {"options": {**options, "automaticPresenceSimulation": True}}
    session.send("WebAuthn.addVirtualAuthenticator", asked)  # pyright: ignore[reportUnknownMemberType]


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def _until(page: Page, shows: Callable[[], bool]) -> None:
    """Reload the page until it shows something."""
    deadline = time.monotonic() + WAIT / 1000
    while not shows():
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(300)
        page.reload()


def _checked_again(page: Page) -> None:
    """Press “Check again” on the page of a domain and wait for the new result."""
    before = page.locator("dl.facts time").nth(1).get_attribute("datetime")
    page.get_by_role("button", name="Check again", exact=True).click()
    expect(page.get_by_role("progressbar").or_(page.locator("dl.facts")).first).to_be_visible()
    page.wait_for_function("before => document.querySelectorAll('dl.facts time')[1]?.getAttribute('datetime') !== before", arg=before)
    expect(page.locator("#work progress")).to_have_count(0, timeout=WAIT)


def test_from_the_first_start_to_the_alert(tmp_path: Path, migrated_file: Path) -> None:
    expect.set_options(timeout=WAIT)
    with stage(tmp_path, migrated_file, "typical.test", "exemplary.test") as at, chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        context.set_default_timeout(WAIT)
        strangers: list[str] = []
        complaints: list[str] = []
        context.on("request", lambda request: None if request.url.startswith((at.url, "data:", "blob:")) else strangers.append(request.url))
        context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page = context.new_page()
        inspector = Inspector()
        _first_start(page, at, inspector)
        _passkey(context, page, at, inspector)
        _add_domains(page, at, inspector)
        files = _report(page, at, inspector, tmp_path)
        _verify(page, at, inspector, files)
        _by_keyboard(page, at)
        _without_scripts(page, at)
        _mend_and_compare(page, at, inspector)
        _auditor(page, at, inspector)
        _alert(page, at, inspector)
        assert strangers == []
        assert complaints == []


def _first_start(page: Page, at: Stage, inspector: Inspector) -> None:
    page.goto(at.url)
    expect(page.get_by_text("Nobody can sign in yet")).to_be_visible()
    page.goto(at.set_up)
    inspector.look(page, "set-up")
    page.get_by_label("Organisation").fill(COMPANY)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="No domains yet")).to_be_visible()
    inspector.look(page, "empty")
    _sign_out(page)
    inspector.look(page, "sign-in")
    _sign_in(page)


def _passkey(context: BrowserContext, page: Page, at: Stage, inspector: Inspector) -> None:
    _virtual_authenticator(context, page)
    page.goto(f"{at.url}/account")
    page.get_by_label("Name of the new one").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("rowheader", name="Laptop")).to_be_visible()
    inspector.look(page, "account")
    _sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Domains", exact=True)).to_be_visible()


def _add_domains(page: Page, at: Stage, inspector: Inspector) -> None:
    page.get_by_role("link", name="Add domains").click()
    inspector.look(page, "add")
    page.get_by_label("Domains", exact=True).fill("https://www.typical.test/contact\ntypical.test, exemplary.test\nno domain")
    page.get_by_role("button", name="Add domains").click()
    expect(page.get_by_text("could not be read")).to_be_visible()
    inspector.look(page, "added")
    page.goto(at.url)
    page.goto(f"{at.url}/?q=www")
    page.get_by_role("link", name="www.typical.test").click()
    page.get_by_role("link", name="About").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove www.typical.test").click()
    expect(page.get_by_role("heading", name="Domains", exact=True)).to_be_visible()
    _until(
        page,
        lambda: _row(page, "typical.test").get_by_text("Amber").count() + _row(page, "exemplary.test").get_by_text("Green").count() == 2,
    )
    inspector.look(page, "overview")
    page.get_by_placeholder("Find a domain").fill("exempl")
    expect(page.get_by_role("link", name="typical.test", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"q=exempl"))


def _report(page: Page, at: Stage, inspector: Inspector, folder: Path) -> dict[str, Path]:
    page.get_by_role("link", name="Reports").click()
    inspector.look(page, "reports-empty")
    page.get_by_label("Domain", exact=True).fill("typical.test")
    page.get_by_label("Check the domain again first").check()
    page.get_by_role("button", name="Generate report").click()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(page.get_by_text("The report is ready")).to_be_visible(timeout=WAIT)
    inspector.look(page, "report-ready")
    files: dict[str, Path] = {}
    for kind, begins in (("PDF", b"%PDF-1.7"), ("PNG", b"\x89PNG"), ("JPG", b"\xff\xd8\xff")):
        with page.expect_download() as got:
            page.get_by_role("link", name=f"Download {kind}").click()
        assert got.value.suggested_filename.startswith("TypicalSonsGmbH"), got.value.suggested_filename
        files[kind] = folder / got.value.suggested_filename
        got.value.save_as(files[kind])
        assert files[kind].read_bytes().startswith(begins)
    with page.expect_download() as got:
        page.get_by_role("link", name="signature").first.click()
    files["signature"] = folder / "signature.sig"
    got.value.save_as(files["signature"])
    page.goto(f"{at.url}/reports")
    expect(_row(page, "typical.test").get_by_role("link", name=re.compile("^(PDF|PNG|JPG) "))).to_have_count(3)
    inspector.look(page, "reports")
    return files


def _verify(page: Page, at: Stage, inspector: Inspector, files: dict[str, Path]) -> None:
    page.goto(f"{at.url}/verify")
    page.get_by_label("Report", exact=True).set_input_files(files["PDF"])
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name=re.compile("^Valid "))).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Your organisation's own key")).to_be_visible()
    inspector.look(page, "verified")
    octets = bytearray(files["PDF"].read_bytes())
    octets[len(octets) // 2] ^= 1
    tampered = files["PDF"].with_name("tampered.pdf")
    tampered.write_bytes(octets)
    page.get_by_label("Report", exact=True).set_input_files(tampered)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name=re.compile("^Not valid "))).to_be_visible(timeout=WAIT)
    page.get_by_label("Report", exact=True).set_input_files(files["PNG"])
    page.get_by_label("Its signature").set_input_files(files["signature"])
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name=re.compile("^Valid .*png"))).to_be_visible(timeout=WAIT)


def _by_keyboard(page: Page, at: Stage) -> None:
    """Past the navigation, to a filter, to a domain, into its menu and out: nobody needs a mouse."""
    page.goto(at.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "typical.test":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "solid3px"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="typical.test")).to_be_visible()
    page.wait_for_load_state()  # Escape is heard once the scripts have come
    menu = page.locator("details.menu.light")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_label("PDF")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_label("PDF")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def _without_scripts(page: Page, at: Stage) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    plain.set_default_timeout(WAIT)
    other = plain.new_page()
    other.goto(at.url)
    _sign_in(other)
    other.get_by_placeholder("Find a domain").fill("typical")
    other.get_by_role("button", name="Show").click()
    expect(other.get_by_role("link", name="exemplary.test", exact=True)).to_have_count(0)
    other.get_by_role("link", name="typical.test", exact=True).click()
    other.locator("details.menu.light summary").click()
    other.get_by_role("button", name="Generate", exact=True).click()
    expect(other.get_by_text("The report is ready")).to_be_visible(timeout=WAIT)
    expect(other.get_by_role("link", name="Download PDF")).to_be_visible()
    plain.close()


def _mend_and_compare(page: Page, at: Stage, inspector: Inspector) -> None:
    page.goto(at.url)
    page.get_by_role("link", name="typical.test", exact=True).click()
    expect(page.get_by_role("heading", name="What to mend")).to_be_visible()
    inspector.look(page, "domain")
    at.change_zone("typical.test", REPAIRED, "_dmarc.typical.test TXT")
    at.clock.ahead = timedelta(days=1)
    _checked_again(page)
    page.get_by_role("link", name=re.compile("what changed")).click()
    expect(page.get_by_role("heading", name=re.compile("^Better"))).to_be_visible()
    records = page.get_by_role("region", name="Records that differ")
    expect(records.get_by_text("_dmarc.typical.test TXT")).to_be_visible()
    expect(records.get_by_text("p=none")).to_be_visible()
    expect(records.get_by_text("p=reject")).to_be_visible()
    inspector.look(page, "difference")
    page.get_by_role("link", name="History").click()
    assert page.locator(".wide-only circle").count() >= 3
    inspector.look(page, "history")
    page.get_by_role("link", name="Evidence").click()
    inspector.look(page, "evidence")


def _auditor(page: Page, at: Stage, inspector: Inspector) -> None:
    page.goto(f"{at.url}/settings/shares")
    page.get_by_label("For whom").fill("The auditor")
    page.get_by_label("Domain").fill("typical.test")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#secret").inner_text().strip()
    inspector.look(page, "share-links")
    browser = page.context.browser
    assert browser is not None
    other = browser.new_context(viewport={"width": 1280, "height": 900})
    auditor = other.new_page()
    auditor.goto(link)
    expect(auditor.get_by_role("heading", name="typical.test")).to_be_visible()
    assert link.rpartition("/")[2] not in auditor.url
    expect(auditor.get_by_role("button", name="Check again")).to_have_count(0)
    inspector.look(auditor, "shared")
    auditor.get_by_role("link", name="Evidence").click()
    with auditor.expect_download() as got:
        auditor.get_by_role("link", name=re.compile("^PDF")).first.click()
    assert got.value.suggested_filename.endswith(".pdf")
    auditor.goto(f"{at.url}/reports")
    expect(auditor.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def _alert(page: Page, at: Stage, inspector: Inspector) -> None:
    page.goto(f"{at.url}/settings/alerts")
    page.get_by_label("Address or URL").fill("ops@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("rowheader", name="ops@example.com")).to_be_visible()
    inspector.look(page, "settings-alerts")
    at.change_zone("exemplary.test", BROKEN, "exemplary.test TXT", "_dmarc.exemplary.test TXT")
    at.clock.ahead = timedelta(days=2)
    page.goto(at.url)
    page.get_by_role("link", name="exemplary.test", exact=True).click()
    _checked_again(page)
    expect(page.get_by_role("heading", name="Red flags")).to_be_visible()
    at.clock.ahead = timedelta(days=2, seconds=30)
    deadline = time.monotonic() + WAIT / 1000
    while not (told := [one for one in at.mail.letters if "exemplary.test" in str(one["Subject"])]):  # a weekly digest may come first
        assert time.monotonic() < deadline, [str(one["Subject"]) for one in at.mail.letters]
        page.wait_for_timeout(200)
    assert str(told[0]["To"]) == "ops@example.com"
    assert "went from green to red" in told[0].get_content()
    page.goto(f"{at.url}/alerts")
    expect(page.get_by_text("went from green to red")).to_be_visible()
    inspector.look(page, "alerts")
    page.goto(at.url)
    inspector.look(page, "overview-after")
