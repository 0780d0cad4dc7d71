"""What is marked confidential: who can open it, what stays in clear, when it is refused. GnuPG and OpenSSL are the oracles."""

import asyncio
import dataclasses
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Part
from pathlib import Path
from typing import cast

import pysequoia
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hauberk.system.gateway import openpgp, smime
from hauberk.system.gateway.confidentiality import Lookup, Sealer, already_encrypted, marked
from hauberk.system.gateway.config import Confidentiality
from hauberk.system.gateway.keystore import Keys, KeyStore
from hauberk.system.gateway.message import AddField, Change, ChangeField, DropField, Message, Refuse, ReplaceBody
from hauberk.system.gateway.milter import HeaderField
from hauberk.system.gateway.openpgp import BadKey

NOW = datetime.now(UTC).replace(microsecond=0)
RULE = Confidentiality(enabled=True)
SECRET = "The price is 4,711 – tell nobody.\r\n".encode()


def letter(
    *recipients: str, to: str = "", extra: tuple[tuple[bytes, bytes], ...] = ((b"Sensitivity", b" Company-Confidential"),)
) -> Message:
    named = to or ", ".join(recipients)
    fields = (
        (b"From", b" Alice <alice@corp.test>"),
        (b"To", b" " + named.encode()),
        (b"Subject", b" The\n price"),
        (b"Keywords", b" price"),
        (b"MIME-Version", b" 1.0"),
        (b"Content-Type", b' text/plain;\n charset="utf-8"'),
        (b"Content-Transfer-Encoding", b" 8bit"),
        *extra,
    )
    return Message("alice@corp.test", recipients, tuple(HeaderField(name, value) for name, value in fields), SECRET, "alice@corp.test")


def seal(message: Message, store: KeyStore, rule: Confidentiality = RULE, lookup: Lookup | None = None) -> tuple[Change, ...] | Refuse:
    return asyncio.run(Sealer(rule, store, (), lookup).seal(message, NOW))


def applied(message: Message, changes: tuple[Change, ...]) -> Part:
    """The message that Postfix makes of the changes, read by the standard library."""
    fields, body = list(message.fields), message.body
    for change in changes:
        match change:
            case AddField(name, value):
                fields.append(HeaderField(name.encode(), b" " + value.encode()))
            case ChangeField(name, index, value):
                at = [number for number, one in enumerate(fields) if one.name.lower() == name.lower().encode()][index - 1]
                fields[at] = HeaderField(fields[at].name, b" " + value.encode())
            case DropField(name, index):
                del fields[[number for number, one in enumerate(fields) if one.name.lower() == name.lower().encode()][index - 1]]
            case ReplaceBody(octets):
                body = octets
    return message_from_bytes(dataclasses.replace(message, fields=tuple(fields), body=body).octets())


def part(message: Part, number: int) -> bytes:
    return cast("list[Part]", message.get_payload())[number].get_payload(decode=True)  # pyright: ignore[reportReturnType]


def sealed_part(message: Message, changes: tuple[Change, ...] | Refuse) -> tuple[Part, bytes]:
    assert not isinstance(changes, Refuse), changes
    outside = applied(message, changes)
    assert SECRET not in outside.as_bytes() and b"price" not in outside.as_bytes()
    return outside, part(outside, 1)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


def pgp_key(store: KeyStore, address: str) -> pysequoia.Tsk:
    made = pysequoia.Tsk.generate(f"Somebody <{address}>", profile=pysequoia.Profile.RFC4880)
    store.add_openpgp(openpgp.key_of(made.extract_certificate()))
    return made


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a certificate for mail is like; the defaults are sound."""

    ca: bool = False
    curve: bool = False
    bits: int = 2048
    days: int = 9
    usage: str = "encipher"
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION


SOUND = Kind()
Issuer = tuple[x509.Certificate, rsa.RSAPrivateKey]


def certificate(address: str, issuer: Issuer | None = None, kind: Kind = SOUND) -> tuple[bytes, object]:
    """A certificate (PEM) and its key."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind.curve else rsa.generate_private_key(65537, kind.bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    usage = x509.KeyUsage(True, False, kind.usage == "encipher", False, False, kind.ca, False, False, False)
    builder = x509.CertificateBuilder(issuer[0].subject if issuer else name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=2)).not_valid_after(NOW + timedelta(days=kind.days))
    builder = builder.add_extension(x509.BasicConstraints(kind.ca, None), critical=True).add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([kind.purpose]), critical=False)
    return builder.sign(issuer[1] if issuer else key, SHA256()).public_bytes(serialization.Encoding.PEM), key


def private_pem(key: object) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_who_has_the_key_reads_everything_and_who_has_not_reads_nothing(store: KeyStore) -> None:
    key, other = pgp_key(store, "x@partner.test"), pgp_key(store, "y@partner.test")
    message = letter("x@partner.test")
    outside, armoured = sealed_part(message, seal(message, store))
    assert outside.get_content_type() == "multipart/encrypted" and outside["Subject"] == "[...]" and outside["Keywords"] is None
    assert outside["Sensitivity"] == "Company-Confidential" and outside["Content-Transfer-Encoding"] is None
    opened = message_from_bytes(pysequoia.decrypt(armoured, key.decryptor()).bytes or b"")
    assert opened["Subject"].replace("\r\n", "") == "The price" and opened.get_payload(decode=True) == SECRET
    assert opened.get_param("hp") == "cipher" and opened.get_param("charset") == "utf-8" and opened["Keywords"] == "price"
    assert "Subject: [...]" in opened.get_all("HP-Outer", []) and not any("Keywords" in value for value in opened.get_all("HP-Outer", []))
    with pytest.raises(Exception, match="decrypt"):
        pysequoia.decrypt(armoured, other.decryptor())


def test_all_recipients_and_the_sender_can_open_it(store: KeyStore) -> None:
    keys = [pgp_key(store, address) for address in ("x@partner.test", "y@partner.test", "alice@corp.test")]
    message = letter("x@partner.test", "Y@Partner.test")
    _, armoured = sealed_part(message, seal(message, store))
    for key in keys:
        assert SECRET in (pysequoia.decrypt(armoured, key.decryptor()).bytes or b"")


@pytest.fixture(scope="module")
def gnupg(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, str]]:
    if shutil.which("gpg") is None:
        pytest.skip("Debian's gnupg is not installed")
    home = Path("/tmp") / f"hauberk-gpg-{os.getpid()}"  # short: GnuPG keeps sockets in it
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    yield environment
    subprocess.run(("gpgconf", "--kill", "all"), env=environment, check=False)
    shutil.rmtree(home, ignore_errors=True)


def gpg(environment: dict[str, str], *arguments: str, octets: bytes = b"") -> bytes:
    command = ("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always", *arguments)
    return subprocess.run(command, input=octets, env=environment, check=True, capture_output=True, timeout=60).stdout


def test_gnupg_opens_what_is_encrypted_to_its_key(store: KeyStore, gnupg: dict[str, str]) -> None:
    gpg(gnupg, "--quick-generate-key", "G <g@partner.test>", "future-default", "default", "1y")
    for key in openpgp.read_keys(gpg(gnupg, "--export", "g@partner.test")):
        store.add_openpgp(key)
    message = letter("g@partner.test")
    _, armoured = sealed_part(message, seal(message, store))
    assert SECRET in gpg(gnupg, "--decrypt", octets=armoured)


def test_a_subkey_that_gnupg_revoked_gets_nothing(store: KeyStore, gnupg: dict[str, str]) -> None:
    gpg(gnupg, "--quick-generate-key", "R <r@partner.test>", "ed25519", "sign", "1y")
    fingerprint = openpgp.read_keys(gpg(gnupg, "--export", "r@partner.test"))[0].fingerprint
    gpg(gnupg, "--quick-add-key", fingerprint, "cv25519", "encr", "1y")
    (good,) = openpgp.read_keys(gpg(gnupg, "--export", "r@partner.test"))
    assert openpgp.usable(good, NOW).fingerprint == fingerprint
    with pytest.raises(BadKey, match="no part for encryption"):
        openpgp.usable(dataclasses.replace(good, expires=None), NOW + timedelta(days=400))
    commands = b"key 1\nrevkey\ny\n0\n\ny\nsave\n"
    subprocess.run(
        ("gpg", "--no-tty", "--command-fd", "0", "--pinentry-mode", "loopback", "--passphrase", "", "--edit-key", fingerprint),
        input=commands, env=gnupg, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (revoked,) = openpgp.read_keys(gpg(gnupg, "--export", "r@partner.test"))
    with pytest.raises(BadKey, match="no part for encryption"):
        openpgp.usable(revoked, NOW)


def test_openssl_opens_what_is_encrypted_to_its_certificate(store: KeyStore, tmp_path: Path) -> None:
    pem, key = certificate("x@partner.test")
    store.add_smime(smime.read_certificate(pem), pem)
    message = letter("x@partner.test")
    changes = seal(message, store)
    assert not isinstance(changes, Refuse)
    outside = applied(message, changes)
    assert outside.get_content_type() == "application/pkcs7-mime" and outside.get_param("smime-type") == "enveloped-data"
    assert outside["Subject"] == "[...]" and SECRET not in outside.as_bytes()
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    (tmp_path / "certificate.pem").write_bytes(pem)
    command = ("openssl", "cms", "-decrypt", "-recip", str(tmp_path / "certificate.pem"), "-inkey", str(tmp_path / "key.pem"))
    opened = subprocess.run(command, input=outside.as_bytes(), check=True, capture_output=True, timeout=30).stdout
    inside = message_from_bytes(opened)
    assert inside.get_payload(decode=True) == SECRET and inside["Subject"].replace("\r\n", "") == "The price"


@pytest.mark.parametrize(
    ("kind", "reason"),
    (
        (Kind(curve=True), "elliptic curves is not possible"),
        (Kind(bits=1024), "1024 bits"),
        (Kind(days=-1), "expired on"),
        (Kind(usage="sign"), "not for encryption"),
        (Kind(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "not for mail"),
    ),
)
def test_a_certificate_that_does_not_do_is_named_in_the_refusal(store: KeyStore, kind: Kind, reason: str) -> None:
    pem, _ = certificate("x@partner.test", kind=kind)
    store.add_smime(smime.read_certificate(pem), pem)
    refused = seal(letter("x@partner.test"), store)
    assert isinstance(refused, Refuse) and reason in refused.reason and "x@partner.test" in refused.reason


def test_only_certificates_of_believed_authorities_count_once_there_are_any() -> None:
    root, root_key = certificate("root@ca.test", kind=Kind(ca=True))
    assert isinstance(root_key, rsa.RSAPrivateKey)
    authority = x509.load_pem_x509_certificate(root)
    middle, middle_key = certificate("middle@ca.test", (authority, root_key), Kind(ca=True))
    assert isinstance(middle_key, rsa.RSAPrivateKey)
    leaf, leaf_key = certificate("x@partner.test", (x509.load_pem_x509_certificate(middle), middle_key))
    whole = smime.read_certificate(leaf + middle)
    assert smime.usable(whole, NOW, (authority,)) is whole
    for octets in (leaf, certificate("x@partner.test")[0]):
        with pytest.raises(BadKey, match="authorities"):
            smime.usable(smime.read_certificate(octets), NOW, (authority,))
    assert isinstance(leaf_key, rsa.RSAPrivateKey)
    forged, _ = certificate("y@partner.test", (x509.load_pem_x509_certificate(leaf), leaf_key))
    with pytest.raises(BadKey, match="authorities"):  # a leaf is no authority
        smime.usable(smime.read_certificate(forged + leaf + middle), NOW, (authority,))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_expired_and_revoked_keys_are_not_encrypted_to(store: KeyStore) -> None:
    key = pysequoia.Tsk.generate("E <e@partner.test>", profile=pysequoia.Profile.RFC4880, validity_seconds=3600)
    store.add_openpgp(openpgp.key_of(key.extract_certificate()))
    later = asyncio.run(Sealer(RULE, store, (), None).seal(letter("e@partner.test"), NOW + timedelta(days=1)))
    assert isinstance(later, Refuse) and "expired" in later.reason
    public = key.extract_certificate()
    revoked = pysequoia.Cert.from_bytes(bytes(public) + bytes(public.revoke(key.certifier())))
    store.add_openpgp(openpgp.key_of(revoked))
    refused = seal(letter("e@partner.test"), store)
    assert isinstance(refused, Refuse) and "revoked" in refused.reason


def test_without_a_key_it_is_refused_with_who_and_why(store: KeyStore) -> None:
    pgp_key(store, "x@partner.test")
    refused = seal(letter("x@partner.test", "z@partner.test"), store)
    assert isinstance(refused, Refuse) and "z@partner.test: no key or certificate is known" in refused.reason


def test_recipients_of_two_kinds_are_told_apart(store: KeyStore) -> None:
    pgp_key(store, "x@partner.test")
    pem, _ = certificate("y@partner.test")
    store.add_smime(smime.read_certificate(pem), pem)
    refused = seal(letter("x@partner.test", "y@partner.test"), store)
    assert isinstance(refused, Refuse) and "separately" in refused.reason


def test_blind_copies_are_not_given_away(store: KeyStore) -> None:
    for address in ("x@partner.test", "blind@partner.test"):
        pgp_key(store, address)
    message = letter("x@partner.test", "blind@partner.test", "alice@corp.test", to="x@partner.test")
    refused = seal(message, store)
    assert isinstance(refused, Refuse) and "blind copies" in refused.reason and "alice" not in refused.reason


def test_the_key_of_the_recipients_own_domain_is_asked_for_when_none_is_here(store: KeyStore) -> None:
    key = pysequoia.Tsk.generate("W <w@partner.test>", profile=pysequoia.Profile.RFC4880)
    asked: list[str] = []

    async def lookup(address: str) -> tuple[openpgp.OpenPgpKey, ...]:
        asked.append(address)
        return (openpgp.key_of(key.extract_certificate()),)

    message = letter("W@partner.test")
    _, armoured = sealed_part(message, seal(message, store, lookup=lookup))
    assert asked == ["w@partner.test"] and SECRET in (pysequoia.decrypt(armoured, key.decryptor()).bytes or b"")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    (
        (b"Sensitivity", b" Company-Confidential", True),
        (b"sensitivity", b"COMPANY-CONFIDENTIAL ", True),
        (b"Sensitivity", b" Personal", False),
        (b"Subject", b" [Confidential] price", True),
        (b"Subject", b" Re: AW: [confidential] price", True),
        (b"Subject", b" Re[2]: [confidential] price", True),
        (b"Subject", b" =?utf-8?q?=5Bconfidential=5D?= price", True),
        (b"Subject", b" =?nonsense?q?=5Bconfidential=5D?= price", False),
        (b"Subject", b" about [confidential]", False),
        (b"X-Secret", b"", False),
    ),
)
def test_what_is_marked(name: bytes, value: bytes, expected: bool) -> None:
    assert marked(letter("x@partner.test", extra=((name, value),)), RULE) is expected
    assert marked(letter("x@partner.test", extra=((b"X-Secret", b"yes"),)), dataclasses.replace(RULE, fields=("X-Secret",)))


@pytest.mark.parametrize("tag", ("secret:", "VS:", "Top Secret"))
def test_a_tag_may_look_like_the_mark_of_a_reply(tag: str) -> None:
    rule = dataclasses.replace(RULE, subject_tags=(tag,))
    for before in ("", "Re: ", "AW: WG[2]: "):
        assert marked(letter("x@partner.test", extra=((b"Subject", f" {before}{tag} plans".encode()),)), rule)
    assert not marked(letter("x@partner.test", extra=((b"Subject", f" about {tag}".encode()),)), rule)


def test_what_is_not_marked_and_what_is_encrypted_already_stays_as_it_is(store: KeyStore) -> None:
    key = pgp_key(store, "x@partner.test")
    assert seal(letter("x@partner.test", extra=()), store) == ()
    armoured = openpgp.encrypted(SECRET, (openpgp.key_of(key.extract_certificate()),))
    head = letter("x@partner.test").fields[:3] + letter("x@partner.test").fields[-1:]

    def own(payload: bytes) -> Message:
        body = b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\n\r\n" + payload + b"\r\n--b--\r\n"
        kind = HeaderField(b"Content-Type", b' multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b')
        return Message("alice@corp.test", ("x@partner.test",), (*head, kind), body)

    assert already_encrypted(own(armoured)) and seal(own(armoured), store) == ()
    pretended = own(b"-----BEGIN PGP MESSAGE-----\r\n\r\nnot really\r\n-----END PGP MESSAGE-----")
    assert not already_encrypted(pretended) and not already_encrypted(own(b"plain"))
    assert seal(pretended, store) != ()


def test_a_new_key_counts_at_once_and_a_broken_file_is_nobodys(store: KeyStore, tmp_path: Path) -> None:
    message = letter("x@partner.test")
    sealer = Sealer(RULE, store, (), None)
    assert isinstance(asyncio.run(sealer.seal(message, NOW)), Refuse)
    (tmp_path / "keys" / "openpgp").mkdir(parents=True)
    (tmp_path / "keys" / "openpgp" / "broken.asc").write_text("rubbish")
    assert isinstance(asyncio.run(sealer.seal(message, NOW)), Refuse)
    pgp_key(store, "x@partner.test")
    assert not isinstance(asyncio.run(sealer.seal(message, NOW)), Refuse)


class _Watched(KeyStore):
    """Notes each look, and whether the event loop had to wait for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.looks: list[bool] = []

    def of(self, addresses: Iterable[str]) -> dict[str, Keys]:
        self.looks.append(threading.current_thread() is threading.main_thread())
        return super().of(addresses)


def test_the_folder_is_looked_through_once_a_message_and_nobody_waits_for_it(tmp_path: Path) -> None:
    store = _Watched(tmp_path / "keys")
    for number in range(3):
        pgp_key(store, f"r{number}@partner.test")
    assert not isinstance(seal(letter(*(f"r{number}@partner.test" for number in range(3))), store), Refuse)
    assert store.looks == [False]


def test_private_keys_are_not_taken_for_public_ones(store: KeyStore) -> None:
    secret = str(pysequoia.Tsk.generate("P <p@x.test>")).encode()
    with pytest.raises(BadKey, match="private key"):
        openpgp.read_keys(secret)
    pem, key = certificate("p@x.test")
    with pytest.raises(BadKey, match="private key"):
        smime.read_certificate(pem + private_pem(key))


@pytest.mark.parametrize("octets", (b"", b"rubbish", b"\x99\x00", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"))
def test_what_is_no_key_is_said_in_one_line(octets: bytes) -> None:
    for read in (openpgp.read_keys, smime.read_certificate):
        with pytest.raises(BadKey) as error:
            read(octets)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "value", ("a" * 300_000, "a@b.test, " * 30_000, "(" * 300_000, '"' * 300_000, "=?utf-8?q?a?= " * 20_000, "Re: " * 90_000)
)
def test_no_field_is_so_long_that_it_holds_up_the_others(store: KeyStore, value: str) -> None:
    started = time.process_time()
    message = letter("x@partner.test", to=value, extra=((b"Subject", value.encode()), (b"Sensitivity", b"Company-Confidential")))
    assert isinstance(seal(message, store), Refuse)
    assert time.process_time() - started < 2
