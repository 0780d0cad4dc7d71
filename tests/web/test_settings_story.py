"""The settings in a browser: each page with something on it and something wrong on it, in light and dark, wide and narrow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from web.stage import CHROMIUM, Inspector, chromium, stage

PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")


def test_every_page_of_the_settings_can_be_read_and_used(tmp_path: Path, migrated_file: Path) -> None:
    with stage(tmp_path, migrated_file) as at, chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(at.set_up)
        for label, text in (
            ("Organisation", "Müller & Söhne"),
            ("Your name", "Ada"),
            ("Your mail address", "ada@example.com"),
            ("Password", "short"),
        ):
            page.get_by_label(label).fill(text)
        page.get_by_role("button", name="Set up").click()
        expect(page.get_by_text("A password has at least 12 characters")).to_be_visible()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Set up").click()
        expect(page.get_by_role("heading", name="No domains yet")).to_be_visible()
        page.goto(f"{at.url}/reports")
        page.get_by_role("combobox", name="Domain").fill("no domain")
        page.get_by_role("button", name="Generate report").click()
        expect(page.get_by_text("Something is missing or wrong.")).to_be_visible()
        page.context.set_offline(True)
        page.get_by_role("button", name="Generate report").click()
        expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
        page.context.set_offline(False)
        assert any("ERR_INTERNET_DISCONNECTED" in said for said in complaints)
        complaints.clear()
        inspector = Inspector()
        for name in _pages(page, at.url):
            inspector.look(page, name)
        assert len(inspector.seen) == 8
        assert [said for said in complaints if "422" not in said] == []


def _pages(page: Page, url: str) -> Iterator[str]:
    """Each page at the moment at which most stands on it. Looking reloads the page, so what follows begins with the address."""
    page.goto(f"{url}/settings")
    page.get_by_label("Organisation", exact=True).fill("")
    yield "organisation"
    page.goto(f"{url}/settings/people")
    page.get_by_label("Mail address").fill("bob@example.com")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("bob@example.com is invited.")).to_be_visible()
    page.goto(f"{url}/settings/people")
    expect(page.get_by_role("button", name="Withdraw the invitation of bob@example.com")).to_be_visible()
    yield "people"
    page.goto(f"{url}/settings/alerts")
    page.get_by_label("By", exact=True).select_option("webhook")
    page.get_by_label("Address or URL").fill("https://example.com/hook")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("which is shown this once")).to_be_visible()
    page.goto(f"{url}/settings/alerts")
    page.get_by_label("To (UTC)").fill("2030-01-01T00:00")
    page.get_by_role("button", name="Be silent").click()
    expect(page.get_by_text("The silence is planned.")).to_be_visible()
    yield "alerts"
    page.goto(f"{url}/settings/tokens")
    page.get_by_label("Name", exact=True).fill("ci")
    page.get_by_role("button", name="Issue").click()
    expect(page.get_by_text("It is shown this once")).to_be_visible()
    page.goto(f"{url}/settings/tokens")
    yield "tokens"
    page.goto(f"{url}/settings/shares")
    page.get_by_label("Domain").fill("nobody.example")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_text("The organisation has no such domain.")).to_be_visible()
    yield "shares"
    page.goto(f"{url}/settings/accounts")
    expect(page.get_by_text("your own")).to_be_visible()
    yield "accounts"
    page.goto(f"{url}/clients")
    page.get_by_role("textbox", name="Organisation").fill("Second Ltd")
    page.get_by_role("button", name="Take on").click()
    expect(page.get_by_role("button", name="Turn to Second Ltd")).to_be_visible()
    yield "clients"
    page.goto(f"{url}/account")
    page.get_by_label("Password now").fill("a wrong guess")
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    yield "account"
