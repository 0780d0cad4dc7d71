"""Telling: mail through a relay, signed webhooks, and what happens when neither takes it."""

import asyncio
import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from app.work.kit import Office, office
from app.work.sinks import MailSink, mail_sink, server_context, web_sink
from hauberk.app.work import ordering, webhook_signature
from hauberk.app.work.channel_setup import add_channel, mail_address, webhook_url
from hauberk.app.work.events import Event, Fingerprint
from hauberk.app.work.sealing import Sealer, SealError, sealer
from hauberk.app.work.telling import News, tell
from hauberk.app.work.work_settings import Relay, Security
from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.store import alerts, channels, jobs
from hauberk.store.channels import Kind
from hauberk.store.errors import StoreError
from hauberk.store.jobs import State

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki(datetime.now(UTC))


@pytest.fixture
def ca_file(pki: Pki, tmp_path: Path) -> Path:
    (tmp_path / "root.pem").write_bytes(pki.anchor_pem)
    return tmp_path / "root.pem"


@pytest.fixture
def sink(pki: Pki, tmp_path: Path) -> Generator[MailSink]:
    with mail_sink(server_context(pki, tmp_path, CertificateSpec(("localhost",)))) as running:
        yield running


def _relay(port: int, ca_file: Path | None = None, security: Security = Security.STARTTLS) -> Relay:
    return Relay("localhost", port, security, "hauberk@example.net", ca_file=ca_file, time_out=5)


async def _channel(one: Office, kind: Kind, target: str, *events: str) -> str:
    """The secret."""
    seal = await sealer(one.settings, one.store)
    async with one.store.tenant(one.tenant) as session:
        return (await add_channel(session, seal, kind, target, one.clock(), events=events)).secret


async def _raise(one: Office, *texts: str, event: Event = Event.RED_FLAG) -> None:
    news = tuple(News(Fingerprint(event, one.domain_id, "spf.valid", f"{texts[0][:4]}{n}"), text) for n, text in enumerate(texts))
    async with one.store.tenant(one.tenant) as session:
        await tell(session, news, one.clock(), gather=one.settings.gather)


async def _deliveries(one: Office) -> tuple[alerts.Delivery, ...]:
    async with one.store.tenant(one.tenant, writing=False) as session:
        return await alerts.undelivered(session)


def test_alerts_of_one_moment_are_one_mail_over_verified_tls(url: str, tmp_path: Path, sink: MailSink, ca_file: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.settings = replace(one.settings, relay=_relay(sink.port, ca_file))
            await _channel(one, Kind.EMAIL, "ada@example.com")
            await _raise(one, "example.com: spf.valid fails", "example.com: dmarc.published fails")
            await one.work_off()
            await one.work_off()
            (letter,) = sink.letters
            assert letter["To"] == "ada@example.com"
            assert letter["Subject"].startswith("example.com: 2 messages, the first: example.com: spf.valid fails")
            assert letter["Auto-Submitted"] == "auto-generated"
            text = letter.get_content()
            assert "dmarc.published fails" in text and "https://hauberk.example/domains/1" in text and "Acme Ltd" in text
            assert await _deliveries(one) == ()

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_texts_from_the_network_forge_no_header_and_hide_nothing(url: str, tmp_path: Path, sink: MailSink, ca_file: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.settings = replace(one.settings, relay=_relay(sink.port, ca_file))
            await _channel(one, Kind.EMAIL, "ada@example.com")
            await _raise(one, "evil\r\nBcc: eve@example.org\r\n\r\nboo\u202e\x00 é\ud800")
            await one.work_off()
            (letter,) = sink.letters
            assert letter["Bcc"] is None
            assert letter["Subject"].startswith("evil\\u{d}\\u{a}Bcc: eve@example.org")
            assert "\\u{202e}" in letter.get_content()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("security", "certificate", "reason"),
    [
        (Security.STARTTLS, CertificateSpec(("localhost",), issuer="unknown"), "no safe connection"),
        (Security.STARTTLS, CertificateSpec(("other.example",)), "no safe connection"),
        (Security.STARTTLS, None, "STARTTLS"),
        (Security.NONE, CertificateSpec(("localhost",)), "530"),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_relay_without_sound_tls_gets_nothing_and_is_tried_again(
    url: str, tmp_path: Path, pki: Pki, ca_file: Path, security: Security, certificate: CertificateSpec | None, reason: str
) -> None:
    context = server_context(pki, tmp_path, certificate) if certificate else None

    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with mail_sink(context) as sink:
                one.settings = replace(one.settings, relay=_relay(sink.port, ca_file, security))
                await _channel(one, Kind.EMAIL, "ada@example.com")
                await _raise(one, "it fails")
                await one.work_off()
                assert sink.letters == []
                (delivery,) = await _deliveries(one)
                assert reason in delivery.last_error
            with mail_sink(server_context(pki, tmp_path, CertificateSpec(("localhost",)))) as mended:
                one.settings = replace(one.settings, relay=_relay(mended.port, ca_file))
                one.clock.advance(HOUR)
                await one.work_off()
                assert len(mended.letters) == 1
                assert await _deliveries(one) == ()

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_address_that_is_refused_is_not_tried_again(url: str, tmp_path: Path, sink: MailSink, ca_file: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.settings = replace(one.settings, relay=_relay(sink.port, ca_file))
            await _channel(one, Kind.EMAIL, "nobody@example.com")
            sink.refuse = "550 5.1.1 no such user"
            await _raise(one, "it fails")
            await one.work_off()
            assert (await _delivery_job(one)).state is State.FAILED
            (delivery,) = await _deliveries(one)
            assert "550" in delivery.last_error and "no such user" in delivery.last_error

    asyncio.run(scenario())


async def _delivery_job(one: Office) -> jobs.Job:
    async with one.store.tenant(one.tenant, writing=False) as session:
        return next(job for job in await jobs.recent(session) if job.kind == "deliver")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_password_goes_over_tls_only(url: str, tmp_path: Path, pki: Pki, ca_file: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with mail_sink(server_context(pki, tmp_path, CertificateSpec(("localhost",))), login=True) as sink:
                relay = replace(_relay(sink.port, ca_file), user="ada", password="right")
                one.settings = replace(one.settings, relay=replace(relay, security=Security.NONE))
                await _channel(one, Kind.EMAIL, "ada@example.com")
                await _raise(one, "it fails")
                await one.work_off()
                assert sink.logins == []
                one.settings = replace(one.settings, relay=relay)
                one.clock.advance(HOUR)
                await one.work_off()
                assert sink.logins == [(b"ada", b"right")] and len(sink.letters) == 1

    asyncio.run(scenario())


def test_a_webhook_is_signed_and_what_arrived_is_not_sent_again(url: str, tmp_path: Path, pki: Pki, ca_file: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink(server_context(pki, tmp_path, CertificateSpec(("localhost",)))) as sink:
                one.settings = replace(one.settings, allow=LOOPBACK, ca_file=ca_file)
                secret = await _channel(one, Kind.WEBHOOK, f"https://localhost:{sink.port}/hook?x=1")
                sink.answers = [200, 503]
                await _raise(one, "first", "second")
                await one.work_off()
                one.clock.advance(HOUR)
                await one.work_off()
                assert [json.loads(post.body)["message"] for post in sink.posted] == ["first", "second", "second"]
                first, second, again = sink.posted
                assert first.path == "/hook?x=1"
                assert second.headers["Hauberk-Delivery"] == again.headers["Hauberk-Delivery"] != first.headers["Hauberk-Delivery"]
                body = json.loads(again.body)
                assert body["url"] == "https://hauberk.example/domains/1"
                assert body["event"] == "new-red-flag" and body["domain"] == "example.com"
                assert body["organisation"] == {"slug": "acme", "name": "Acme Ltd"}
                assert body["id"] == again.headers["Hauberk-Delivery"]
                signature = again.headers["Hauberk-Signature"]
                assert webhook_signature.holds(secret, signature, again.body, one.clock())
                assert not webhook_signature.holds(secret, signature, again.body + b" ", one.clock())
                assert not webhook_signature.holds(secret, signature, again.body, one.clock() + timedelta(minutes=6))
                assert await _deliveries(one) == ()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("target", "allowed", "reason"),
    [
        ("https://localhost:{port}/", False, "a loopback address"),
        ("https://127.0.0.1:{port}/", False, "a loopback address"),
        ("https://[::ffff:127.0.0.1]:{port}/", False, "a loopback address"),
        ("https://2130706433:{port}/", False, "a loopback address"),
        ("http://169.254.169.254/latest/meta-data/", False, "the metadata address of clouds"),
        ("http://192.0.2.1/", False, "a documentation address"),
        ("http://9.9.9.9/", False, "not reached over https"),
        ("https://127.0.0.1:{port}/", True, "no certificate that can be trusted"),
        ("https://no-such-host.invalid/", True, "has no address"),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_webhooks_lead_nowhere_that_the_operator_did_not_allow(
    url: str, tmp_path: Path, pki: Pki, ca_file: Path, target: str, allowed: bool, reason: str
) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink(server_context(pki, tmp_path, CertificateSpec(("localhost",)))) as sink:
                one.settings = replace(one.settings, allow=LOOPBACK if allowed else (), ca_file=ca_file)
                await _channel(one, Kind.WEBHOOK, target.format(port=sink.port))
                await _raise(one, "it fails")
                await one.work_off()
                assert sink.posted == []
                (delivery,) = await _deliveries(one)
                assert reason in delivery.last_error

    asyncio.run(scenario())


@pytest.mark.parametrize(("status", "reason", "state"), [(302, "a redirect", State.WAITING), (410, "410", State.FAILED)])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_redirects_are_not_followed_and_gone_is_gone(url: str, tmp_path: Path, status: int, reason: str, state: State) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink() as sink:
                one.settings = replace(one.settings, allow=LOOPBACK)
                sink.status = status
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/hook")
                await _raise(one, "it fails")
                await one.work_off()
                assert len(sink.posted) == 1
                assert reason in (await _deliveries(one))[0].last_error
                assert (await _delivery_job(one)).state is state

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_test_message_says_at_once_whether_the_channel_works(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink() as sink:
                one.settings = replace(one.settings, allow=LOOPBACK)
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/hook", "digest")
                job = await ordering.order_channel_test(one.store, one.tenant, 1, "ada", one.clock())
                await one.work_off()
                found = await ordering.progress(one.store, one.tenant, job.id)
                assert found is not None and found.state is State.DONE
                assert json.loads(sink.posted[0].body)["event"] == "test"
            job = await ordering.order_channel_test(one.store, one.tenant, 1, "ada", one.clock())
            await one.work_off()
            found = await ordering.progress(one.store, one.tenant, job.id)
            assert found is not None and found.state is State.FAILED and "cannot be reached" in found.reason

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_channels_get_what_they_asked_for_and_silence_is_kept(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink() as sink:
                one.settings = replace(one.settings, allow=LOOPBACK)
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/all")
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/bands", "band-changed")
                await _raise(one, "a flag")
                await _raise(one, "a band", event=Event.BAND)
                async with one.store.tenant(one.tenant) as session:
                    await alerts.silence(session, one.clock(), one.clock() + HOUR, "maintenance", "ada")
                await _raise(one, "in the night", event=Event.BAND)
                await one.work_off()
                assert sorted(post.path for post in sink.posted) == ["/all", "/all", "/bands"]

    asyncio.run(scenario())


def test_the_digest_goes_out_once_a_week_to_whom_wants_it(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            with web_sink() as sink:
                one.settings = replace(one.settings, allow=LOOPBACK)
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/digest", "digest")
                await _channel(one, Kind.WEBHOOK, f"http://127.0.0.1:{sink.port}/bands", "band-changed")
                await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
                await one.work_off()
                assert sink.posted == []
                for _ in range(3):
                    one.clock.advance(timedelta(days=7))
                    for _ in range(2):
                        await one.work_off()
                assert [post.path for post in sink.posted] == ["/digest"] * 3
                lines = json.loads(sink.posted[0].body)["message"].splitlines()
                assert lines[0].startswith("Acme Ltd: 1 domain: 1 ")
                assert any(line.startswith("  example.com: ") for line in lines)

    asyncio.run(scenario())


def test_secrets_lie_sealed_in_the_database(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            secret = await _channel(one, Kind.WEBHOOK, "https://example.org/hook")
            async with one.store.tenant(one.tenant, writing=False) as session:
                (channel,) = await channels.all_channels(session)
            assert secret not in channel.secret and channel.secret.startswith("sealed1:")
            seal = await sealer(one.settings, one.store)
            assert seal.open(channel.secret, one.tenant) == secret
            for other, tenant in ((seal, one.tenant + 1), (Sealer(bytes(32)), one.tenant)):
                with pytest.raises(SealError, match="another key"):
                    other.open(channel.secret, tenant)
            key = one.settings.data / "keys" / "sealing.key"
            assert key.stat().st_mode & 0o077 == 0
            kept = key.read_bytes()
            key.unlink()
            with pytest.raises(SealError, match="put it back"):
                await sealer(one.settings, one.store)
            assert not key.exists()
            key.write_bytes(kept)
            assert (await sealer(one.settings, one.store)).open(channel.secret, one.tenant) == secret
            key.write_bytes(b"short")
            with pytest.raises(SealError, match="32 octets"):
                await sealer(one.settings, one.store)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@exa mple.com",
        "ada@example.com\nBcc: x@y.z",
        'a"b@example.com',
        "a@b@c.example",
        "é@example.com",
    ],
)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="no mail address"):
        mail_address(text)


def test_mail_addresses_are_kept_in_their_ascii_form() -> None:
    assert mail_address(" Ada.L+x@Bücher.example ") == "Ada.L+x@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "ftp://example.com/", "https://", "https://user:secret@example.com/", "https://example.com/#x",
        "https://example.com/ x", "https://example.com:99999/", "file:///etc/passwd", "https://example.com\\@evil.example/",
        "https://example.com/\r\nX: y", "https://exämple.com/", "https://" + "a" * 2100,
    ],
)  # fmt: skip
def test_what_is_no_url_for_a_webhook_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="no URL"):
        webhook_url(text)


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=x,v1=y", "v1=abc", "t=99999999999999999999,v1=a", "t=1", "é=1,t=é,v1=é"])
def test_a_header_that_is_no_signature_does_not_hold(header: str) -> None:
    assert not webhook_signature.holds("secret", header, b"{}", datetime.now(UTC))
