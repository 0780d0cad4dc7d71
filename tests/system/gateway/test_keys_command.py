"""`hauberk system keys`: taken in, listed, generated with a copy for the keeper, recovered by the keeper alone."""

import os
import re
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from hauberk.cli.system_keys import keys
from hauberk.system.gateway import openpgp
from hauberk.system.gateway.config import DirectoryKind, Escrow, GatewayConfig, Keys, SenderDirectory, Side, Tcp
from hauberk.system.gateway.config_file import render
from hauberk.system.gateway.keystore import KeyStore

NOW = datetime.now(UTC)


class Desk:
    """A folder with a configuration, and the keeper's key outside of what the gateway reads."""

    def __init__(self, folder: Path, escrow: bool = True) -> None:
        self.folder = folder
        self.keeper = pysequoia.Tsk.generate("The keeper <keeper@corp.test>", profile=pysequoia.Profile.RFC4880)
        (folder / "keeper.asc").write_text(str(self.keeper.extract_certificate()))
        (folder / "keeper.private").write_text(str(self.keeper))
        kept = Escrow("The keeper", str(folder / "keeper.asc"), str(folder / "escrow")) if escrow else Escrow()
        senders = SenderDirectory(DirectoryKind.FILE, "/owners")
        config = GatewayConfig(
            Side.SUBMISSION, Tcp("127.0.0.1", 1), "Corp", ("corp.test",), senders, keys=Keys(str(folder / "keys")), escrow=kept
        )
        (folder / "gateway.toml").write_text(render(config))
        self.store = KeyStore(folder / "keys")

    def run(self, *arguments: str, configured: bool = True) -> Result:
        return CliRunner().invoke(keys, [*arguments, *(("--config", str(self.folder / "gateway.toml")) if configured else ())])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def password_in(result: Result) -> str:
    found = re.search(r"^password +(\S+)$", result.stdout, re.MULTILINE)
    assert found is not None
    return found[1]


def certificate(address: str, days: int) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5, NOW - timedelta(days=1), NOW + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def test_a_generated_key_is_its_owners_and_the_keepers_and_nobody_elses(desk: Desk) -> None:
    out = desk.folder / "alice.key"
    made = desk.run("generate", "Alice@corp.test", "--name", "Alice", "--out", str(out))
    assert made.exit_code == 0, made.output
    (key,) = desk.store.openpgp()
    copy = desk.folder / "escrow" / f"{key.fingerprint}.asc"
    for path in (out, copy):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    everything = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file() and path.name != "keeper.private")
    assert b"PGP PRIVATE KEY" not in everything
    opened = pysequoia.decrypt(out.read_bytes(), passwords=[password_in(made)]).bytes or b""
    assert pysequoia.Tsk.from_bytes(opened).extract_certificate().fingerprint == key.fingerprint
    assert key.expires is not None and timedelta(days=728) < key.expires - NOW < timedelta(days=731)


def test_the_keeper_recovers_what_was_encrypted_to_a_lost_key(desk: Desk) -> None:
    assert desk.run("generate", "alice@corp.test", "--name", "Alice", "--out", str(desk.folder / "a")).exit_code == 0
    (key,) = desk.store.openpgp()
    message = openpgp.encrypted(b"from long ago", (openpgp.usable(key, NOW),))
    copy, out = str(desk.folder / "escrow" / f"{key.fingerprint}.asc"), desk.folder / "recovered"
    result = desk.run("recover", copy, "--keeper-key", str(desk.folder / "keeper.private"), "--out", str(out), configured=False)
    assert result.exit_code == 0 and key.fingerprint in result.stdout, result.output
    opened = pysequoia.decrypt(out.read_bytes(), passwords=[password_in(result)]).bytes or b""
    assert pysequoia.decrypt(message, pysequoia.Tsk.from_bytes(opened).decryptor()).bytes == b"from long ago"
    (desk.folder / "thief").write_text(str(pysequoia.Tsk.generate("Thief <t@x.test>")))
    result = desk.run("recover", copy, "--keeper-key", str(desk.folder / "thief"), "--out", str(desk.folder / "stolen"), configured=False)
    assert result.exit_code == 2 and "cannot be opened" in result.stderr and not (desk.folder / "stolen").exists()


def test_gnupg_reads_what_the_owner_is_handed_and_what_is_sent_to_it(desk: Desk, tmp_path: Path) -> None:
    if shutil.which("gpg") is None or shutil.which("gpgconf") is None:
        pytest.skip("Debian's gnupg is not installed")
    home = Path("/tmp") / f"hauberk-gpg-keys-{os.getpid()}"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    try:
        made = desk.run("generate", "alice@corp.test", "--name", "Alice", "--out", str(tmp_path / "a"))
        command = ("gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", password_in(made), "--decrypt", str(tmp_path / "a"))
        opened = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout
        imported = subprocess.run(
            ("gpg", "--batch", "--import"), input=opened, env=environment, capture_output=True, check=True, timeout=60
        )
        assert b"secret keys imported: 1" in imported.stderr
        (key,) = desk.store.openpgp()
        message = openpgp.encrypted(b"for Alice", (openpgp.usable(key, NOW + timedelta(minutes=1)),))
        command = ("gpg", "--batch", "--quiet", "--decrypt")
        assert subprocess.run(command, input=message, env=environment, capture_output=True, check=True, timeout=60).stdout == b"for Alice"
    finally:
        subprocess.run(("gpgconf", "--kill", "all"), env=environment, check=False)
        subprocess.run(("rm", "-rf", str(home)), check=False)


def test_without_a_keeper_no_key_is_made(tmp_path: Path) -> None:
    refused = Desk(tmp_path, escrow=False).run("generate", "alice@corp.test", "--name", "Alice", "--out", str(tmp_path / "a"))
    assert refused.exit_code == 2 and "no keeper" in refused.stderr and not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("address", "name"), (("alice", "Alice"), ("a@x.test, b@x.test", "Alice"), ("A <a@x.test>", "Alice"), ("a@x.test", "<"))
)
def test_what_is_no_person_gets_no_key(desk: Desk, address: str, name: str) -> None:
    refused = desk.run("generate", address, "--name", name, "--out", str(desk.folder / "a"))
    assert refused.exit_code == 2 and not (desk.folder / "a").exists() and desk.store.openpgp() == ()


def test_a_file_that_is_there_is_never_overwritten(desk: Desk) -> None:
    (desk.folder / "a").write_text("mine")
    assert desk.run("generate", "a@corp.test", "--name", "A", "--out", str(desk.folder / "a")).exit_code == 2
    assert (desk.folder / "a").read_text() == "mine" and desk.store.openpgp() == ()


def test_keys_are_taken_in_listed_and_removed(desk: Desk) -> None:
    public = pysequoia.Tsk.generate("X <x@partner.test>", profile=pysequoia.Profile.RFC4880).extract_certificate()
    (desk.folder / "x.pgp").write_bytes(bytes(public))
    (desk.folder / "y.pem").write_bytes(certificate("y@partner.test", 400))
    taken = desk.run("import", str(desk.folder / "x.pgp"), str(desk.folder / "y.pem"))
    assert taken.exit_code == 0 and public.fingerprint in taken.stdout and "y@partner.test" in taken.stdout
    listed = desk.run("list")
    assert listed.exit_code == 0 and listed.stdout.count("usable") == 2
    (desk.folder / "z.pem").write_bytes(certificate("z@partner.test", 12))
    assert desk.run("import", str(desk.folder / "z.pem")).exit_code == 0
    listed = desk.run("list")
    assert listed.exit_code == 1 and "expires-soon" in listed.stdout
    assert desk.run("remove", public.fingerprint.upper()).exit_code == 0 and desk.store.openpgp() == ()
    assert desk.run("remove", public.fingerprint).exit_code == 2
    assert desk.run("remove", "../../gateway").exit_code == 2 and (desk.folder / "gateway.toml").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_revocation_stays_when_an_old_copy_comes_again(desk: Desk) -> None:
    key = pysequoia.Tsk.generate("X <x@partner.test>", profile=pysequoia.Profile.RFC4880)
    public = bytes(key.extract_certificate())
    (desk.folder / "old").write_bytes(public)
    (desk.folder / "revoked").write_bytes(public + bytes(key.extract_certificate().revoke(key.certifier())))
    for name in ("old", "revoked", "old"):
        assert desk.run("import", str(desk.folder / name)).exit_code == 0
    torn = desk.folder / "keys" / "openpgp" / "torn.asc"
    torn.write_text("-----BEGIN")
    listed = desk.run("list")
    assert listed.exit_code == 1 and "unusable: the key is revoked" in listed.stdout
    assert f"no key   {torn}  unusable: no OpenPGP key" in listed.stdout


@pytest.mark.parametrize(
    ("octets", "reason"),
    (
        (b"rubbish", "no OpenPGP key"),
        (b"", "no OpenPGP key"),
        (str(pysequoia.Tsk.generate("P <p@x.test>")).encode(), "private key"),
        (bytes(pysequoia.Tsk.generate("nobody").extract_certificate()), "names no mail address"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no X.509 certificate"),
    ),
)
def test_what_is_no_public_key_for_mail_is_refused(desk: Desk, octets: bytes, reason: str) -> None:
    (desk.folder / "file").write_bytes(octets)
    refused = desk.run("import", str(desk.folder / "file"))
    assert refused.exit_code == 2 and reason in refused.stderr and "Traceback" not in refused.output


def test_what_is_missing_is_said(desk: Desk) -> None:
    for arguments in (("import", "/missing"), ("list", "--config", "/missing")):
        refused = desk.run(*arguments, configured="--config" not in arguments)
        assert refused.exit_code == 2 and "/missing cannot be read" in refused.stderr
