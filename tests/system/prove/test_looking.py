import asyncio
import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pysequoia import Tsk, encrypt

from hauberk.system.prove import dkim_signature, gathering
from hauberk.system.prove.examination import examine
from hauberk.system.prove.messages import Letter, compose, eicar, zipped
from hauberk.system.prove.probe import Awaited, Look, Place, Vantage
from hauberk.system.prove.targets import PublishedKey, Zone
from hauberk.system.prove.wire import shown
from system.prove.fake_mta import targets

KEY = rsa.generate_private_key(65537, 2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
AT = datetime(2026, 11, 22, tzinfo=UTC)


def signed(body: bytes = b"Hello  there \r\n\r\n", *, head: str = "from:to:subject", domain: str = "corp.test") -> bytes:
    """Signed by hand, after RFC 6376, 3.4.2 and 3.4.4 (relaxed both ways)."""
    digest = base64.b64encode(hashlib.sha256(b"Hello there\r\n").digest()).decode()
    value = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=h1; h={head}; bh={digest}; b="
    fields = {"from": "a@corp.test", "to": "b@partner.test", "subject": "Hi there"}
    text = "".join(f"{name}:{fields[name]}\r\n" for name in head.split(":")) + f"dkim-signature:{value}"
    mark = base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    fold = "\r\n\t".join(mark[at : at + 60] for at in range(0, len(mark), 60))
    return f"DKIM-Signature: {value}{fold}\r\nFrom:  a@corp.test\r\nTo: b@partner.test\r\nSubject: Hi\r\n there\r\n\r\n".encode() + body


def test_a_signature_holds_however_fields_are_folded() -> None:
    assert dkim_signature.holds(signed(), "corp.test", {"h1": PUBLIC}) == ""


@pytest.mark.parametrize(
    ("raw", "keys", "why"),
    [
        (signed(b"Hello other\r\n"), {"h1": PUBLIC}, "hash of the body"),
        (signed().replace(b"Subject: Hi", b"Subject: Ho"), {"h1": PUBLIC}, "does not hold"),
        (signed(), {"h2": PUBLIC}, "not published"),
        (signed(domain="evil.test"), {"h1": PUBLIC}, "no signature of corp.test"),
        (signed(head="to:subject"), {"h1": PUBLIC}, "From field is not signed"),
        (b"From: a@corp.test\r\n\r\nHello\r\n", {"h1": PUBLIC}, "no signature"),
        (signed().replace(b"rsa-sha256", b"rsa-sha1"), {"h1": PUBLIC}, "does not hold"),
    ],
)
def test_a_signature_that_does_not_hold_is_named(raw: bytes, keys: dict[str, bytes], why: str) -> None:
    assert why in dkim_signature.holds(raw, "corp.test", keys)


@given(st.binary(max_size=300), st.sampled_from([b"", b"DKIM-Signature: ", b"DKIM-Signature: d=corp.test; s=h1; b=", b"From: x\r\n"]))
def test_no_octets_break_the_verifier(octets: bytes, start: bytes) -> None:
    assert dkim_signature.holds(start + octets, "corp.test", {"h1": PUBLIC}) != ""


def look(raw: bytes, kind: Look, secret: str = "", **more: object) -> tuple[str, str]:
    wanted = replace(targets(), **more)  # pyright: ignore[reportArgumentType]
    return examine(raw, Awaited("t", Place.SINK, "x", True, kind, secret=secret), wanted)


def test_a_message_is_looked_at_for_its_dkim_signature_also_as_a_maildir_keeps_it() -> None:
    keys = (PublishedKey("h1", PUBLIC),)
    assert look(signed().replace(b"\r\n", b"\n"), Look.DKIM, dkim=keys)[1] == ""
    assert look(signed(b"changed\r\n"), Look.DKIM, dkim=keys)[1]


SECRET = Tsk.generate("Keyed <keyed@partner.test>")


def sealed(inner: bytes) -> bytes:
    octets = bytes(encrypt(recipients=[SECRET.extract_certificate()], bytes=inner))
    return (
        b'Subject: [...]\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n'
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
        + octets
        + b"\r\n--b--\r\n"
    )


def test_a_sealed_message_opens_with_the_recipients_key_and_shows_nothing() -> None:
    right, wrong = look(sealed(b"secret-1"), Look.SEALED, "secret-1", keyed_secret=str(SECRET))
    assert wrong == "" and "opens with the recipient's key" in right


@pytest.mark.parametrize(
    ("raw", "key", "why"),
    [
        (b"Subject: plan\r\n\r\nsecret-1\r\n", str(SECRET), "not encrypted"),
        (sealed(b"secret-1").replace(b"[...]", b"secret-1"), str(SECRET), "in clear"),
        (sealed(b"other"), str(SECRET), "not in it"),
        (sealed(b"secret-1"), str(Tsk.generate("Other <o@partner.test>")), "does not open"),
    ],
)
def test_a_message_that_is_not_sealed_is_named(raw: bytes, key: str, why: str) -> None:
    assert why in look(raw, Look.SEALED, "secret-1", keyed_secret=key)[1]


def test_authentication_results_count_from_our_own_host_only() -> None:
    assert look(b"Authentication-Results: mx1.corp.test; spf=none\r\n\r\n", Look.AUTHENTICATED)[1] == ""
    assert look(b"Authentication-Results: mx.evil.test; spf=pass\r\n\r\n", Look.AUTHENTICATED)[1]


def test_the_submitters_address_in_the_header_is_noticed_and_in_the_body_is_not() -> None:
    zones = (Zone(Vantage.WORKSTATION, ("198.18.2.10", "2001:db8::10")),)
    assert look(b"Received: from x ([198.18.2.10])\n\nhello", Look.NO_TRACE, zones=zones)[1]
    assert look(b"Received: from mail\n\n198.18.2.10", Look.NO_TRACE, zones=zones)[1] == ""


def test_the_inner_link_is_judged_by_the_mdas_own_field() -> None:
    good = b"Received: from mx1.corp.test ([203.0.113.25])\n\tby mail with LMTPS id 1\nReceived: from x with SMTP\n\n"
    assert look(good, Look.INNER_TLS)[1] == ""
    assert look(good.replace(b"LMTPS", b"LMTP"), Look.INNER_TLS)[1]
    assert look(b"Received: from evil with LMTPS id 1\n" + good, Look.INNER_TLS)[1]


def test_a_token_counts_in_the_header_only() -> None:
    assert gathering.token_of(b"X-Hauberk-Token: t1\r\n\r\nX-Hauberk-Token: t2") == "t1"
    assert gathering.token_of(b"Subject: x\n\nX-Hauberk-Token: t2\n") == ""


def test_maildirs_are_searched_and_the_queue_read_by_the_recipients_name(tmp_path: Path) -> None:
    (tmp_path / "partner.test/sink/new").mkdir(parents=True)
    (tmp_path / "partner.test/sink/new/1").write_bytes(b"X-Hauberk-Token: t1\n\n")
    found = asyncio.run(gathering.maildir(tmp_path, Place.SINK)(frozenset({"t1", "t2"})))
    assert [(one.token, one.place) for one in found] == [("t1", Place.SINK)]

    async def listing() -> bytes:
        return b'{"recipients": [{"address": "t1@wrong.test", "delay_reason": "not verified"}, {"address": "t2@x"}]}\n'

    (waiting,) = asyncio.run(gathering.queue(listing)(frozenset({"t1", "t2"})))
    assert (waiting.token, waiting.raw) == ("t1", b"not verified")


def test_a_letter_bears_its_token_and_archives_are_really_compressed() -> None:
    raw = compose(Letter("hauberk-1", "a@corp.test", "b@corp.test", AT, fields=("Sensitivity: Company-Confidential",)))
    assert gathering.token_of(raw) == "hauberk-1" and b"Sensitivity: Company-Confidential\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert eicar() not in zipped("eicar.com", eicar() * 2)


def test_the_transcript_shows_odd_octets() -> None:
    assert shown(b"a\r.\n\0\x85\r\n") == "a\\r.\\n\\0\\x85"
