"""Signing and verifying as a user does it; the recipe of docs/verify.md is run as it stands there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command import Hauberk
from hauberk.world.tape import compress, encode
from report.samples import observation
from report.signature.authority import Authority, served

NAME = "ExampleLtd_MailServerIHP_2026-11-21"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "verify.md"


@pytest.fixture
def own(hauberk: Hauberk, monkeypatch: pytest.MonkeyPatch) -> Hauberk:
    """With a configuration folder of its own, and a tape to judge."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(hauberk.folder / "config"))
    monkeypatch.delenv("HAUBERK_KEY", raising=False)
    (hauberk.folder / "tape.json.gz").write_bytes(compress(encode(observation())))
    return hauberk


def sign(own: Hauberk, *kinds: str, more: tuple[str | Path, ...] = ()) -> None:
    done = own("judge", "tape.json.gz", "--company", "Example Ltd", "--sign", "--fail-on", "never", *kinds, *more)
    assert done.code in (0, 3), done.err


def test_a_signed_report_is_verified_with_the_key_that_was_given(own: Hauberk) -> None:
    sign(own, "--pdf", "--png")
    (own.folder / "key.pem").write_text(own("key", "show", "--pem").out)
    fingerprint = re.search(r"fingerprint +([0-9a-f]{64})", own("key", "show").out)
    assert fingerprint
    files = (f"{NAME}.pdf", f"{NAME}.png", f"{NAME}.png.sig")
    done = own("verify", *files, "--trust", "key.pem", "--format", "json")
    assert done.code == 0
    for one in json.loads(done.out):
        assert one["valid"] and one["signer"] == {"name": "Example Ltd", "fingerprint": fingerprint[1], "trusted": True}
    shown = own("verify", f"{NAME}.pdf")
    assert shown.code == 0
    assert "unknown key" in shown.out and "Example Ltd" in shown.out and "fresh until 19 February 2027" in shown.out
    assert "PRIVATE" not in (own.folder / "key.pem").read_text()


def test_a_scan_signs_what_it_writes_and_all_of_it_verifies(own: Hauberk, network: Path) -> None:
    done = own("scan", "exemplary.test", "--network", network, "--pdf", "--save-tape", "--pack", "--sign")
    assert done.code == 0, done.err
    assert "made a signing key" in done.err
    written = sorted(path for path in own.folder.iterdir() if "exemplary" in path.name)
    verified = json.loads(own("verify", *written, "--fresh", "--format", "json").out)
    assert len(verified) == 5 and all(one["valid"] for one in verified), verified
    assert all(one["claims"]["domain"] == "exemplary.test" for one in verified)
    again = [one["file"] for one in verified if any("judged again" in held for held in one["held"])]
    assert len(again) == 3, "the PDF, the tape and the pack are judged again"


def test_verifying_and_signing_pictures_need_no_extra_packages(own: Hauberk) -> None:
    sign(own, "--pdf")
    code = "import sys; sys.modules['pyhanko'] = sys.modules['asn1crypto'] = None; from hauberk.cli.main import run; sys.exit(run())"

    def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *arguments], cwd=own.folder, capture_output=True, text=True)

    assert bare("verify", f"{NAME}.pdf").returncode == 0
    assert bare("judge", "tape.json.gz", "--company", "Example Ltd", "--png", "--sign", "--fail-on", "never").returncode in (0, 3)
    assert own("verify", f"{NAME}.png").code == 0
    refused = bare("judge", "tape.json.gz", "--pdf", "--sign")
    assert refused.returncode == 2 and "hauberk[signatures]" in refused.stderr


def test_the_key_is_made_once_and_only_its_owner_reads_it(own: Hauberk) -> None:
    sign(own, "--png")
    path = own.folder / "config" / "hauberk" / "signing-key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    sign(own, "--png")
    assert path.read_bytes() == before
    refused = own("key", "create", "--name", "Other")
    assert refused.code == 2 and "a key already" in refused.err
    assert path.read_bytes() == before
    assert len(list(own.folder.glob("*.sig"))) == 1, "the same report, signed by the same key, is the same file"


def test_another_key_and_another_tape_do_not_pass(own: Hauberk) -> None:
    sign(own, "--pdf")
    own("key", "create", "--name", "Example Ltd", "--out", "other.pem")
    stranger = own("verify", f"{NAME}.pdf", "--trust", "other.pem")
    assert stranger.code == 1
    assert "signed by an unknown key, fingerprint" in stranger.out
    pdf = own.folder / f"{NAME}.pdf"
    data = bytearray(pdf.read_bytes())
    data[100] ^= 1
    pdf.write_bytes(data)
    changed = own("verify", pdf)
    assert changed.code == 1 and "NOT VALID" in changed.out and "something was changed" in changed.out


def test_keys_with_passwords_and_pkcs12_are_taken(own: Hauberk, monkeypatch: pytest.MonkeyPatch) -> None:
    own("key", "create", "--name", "Example Ltd", "--out", "key.pem")
    (own.folder / "password").write_text("secret\n")
    export = ("openssl", "pkcs12", "-export", "-in", "key.pem", "-inkey", "key.pem", "-out", "key.p12", "-passout", "file:password")
    subprocess.run(export, cwd=own.folder, check=True)
    sign(own, "--png", more=("--key", "key.p12", "--key-password-file", "password"))
    assert own("verify", f"{NAME}.png", "--trust", "key.pem").code == 0
    assert own("judge", "tape.json.gz", "--png", "--sign", "--key", "key.p12").code == 2
    monkeypatch.setenv("HAUBERK_KEY_PASSWORD", "wrong")
    assert own("judge", "tape.json.gz", "--png", "--sign", "--key", "key.p12").code == 2
    assert own("judge", "tape.json.gz", "--png", "--sign", "--key", "missing.pem").code == 2


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_time_stamp_is_had_shown_and_trusted(own: Hauberk) -> None:
    authority = Authority()
    with served(authority) as url:
        sign(own, "--pdf", more=("--time-stamp", url))
    (own.folder / "authority.pem").write_bytes(authority.pem)
    own_key = own("key", "show", "--pem").out
    (own.folder / "key.pem").write_text(own_key)
    done = own("verify", f"{NAME}.pdf", "--trust", "authority.pem", "--trust", "key.pem", "--format", "json")
    (said,) = json.loads(done.out)
    assert said["valid"] and said["stamped_by"]["name"] == "Test Time Stamps" and said["stamped_by"]["trusted"]
    assert "time-stamped" in own("verify", f"{NAME}.pdf").out


def test_an_authority_that_gives_none_ends_the_command_clearly(own: Hauberk) -> None:
    with served(b"no") as url:
        done = own("judge", "tape.json.gz", "--pdf", "--sign", "--time-stamp", url)
    assert done.code == 4 and "no answer of a time-stamp authority" in done.err
    assert own("judge", "tape.json.gz", "--pdf", "--sign", "--time-stamp", "file:///etc/passwd").code == 2
    assert not list(own.folder.glob("*.pdf"))


def test_usage_errors_are_told_from_invalid_files(own: Hauberk) -> None:
    assert own("verify").code == 2
    assert own("verify", "missing.pdf").code == 2
    assert own("verify", ".").code == 2
    assert own("verify", "tape.json.gz", "--trust", "tape.json.gz").code == 2
    unsigned = own("verify", "tape.json.gz")
    assert unsigned.code == 1 and "not signed" in unsigned.out


def test_hostile_files_are_not_valid_and_nothing_worse(own: Hauberk) -> None:
    hostile = {
        "empty": b"",
        "short.pdf": b"%PDF-",
        "brackets.pdf": b"%PDF-1.7\n" + b"/ByteRange [" * 200_000,
        "spaces.pdf": b"%PDF-1.7\n/ByteRange" + b" " * 3_000_000,
        "nested.pdf": b"%PDF-1.7\n" + b"<<" * 1_000_000 + b"/ByteRange [0 1 2 3]",
        "nested.sig": b'{"payload":' + b"[" * 300_000,
        "code": b"HAUBERK1 " * 1000,
        "name\x1b[31m.pdf": b"%PDF-1.7",
    }
    for name, data in hostile.items():
        (own.folder / name).write_bytes(data)
    with (own.folder / "large.pdf").open("wb") as large:
        large.write(b"%PDF-1.7")
        large.truncate(300 * 1024 * 1024)
    done = own("verify", *hostile, "large.pdf")
    assert done.code == 1
    assert done.out.count("NOT VALID") == len(hostile) + 1
    assert "larger than" in done.out and "\x1b" not in done.out


@pytest.mark.skipif(not (shutil.which("pdfsig") and shutil.which("openssl")), reason="pdfsig and openssl are not installed")
def test_the_recipe_for_standard_tools_works_as_it_is_written(own: Hauberk) -> None:
    sign(own, "--pdf", "--png")
    (own.folder / "key.pem").write_text(own("key", "show", "--pem").out)
    for kind in ("pdf", "png", "png.sig"):
        shutil.copy(own.folder / f"{NAME}.{kind}", own.folder / f"report.{kind}")
    scripts = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(scripts) >= 3
    said = "".join(run_script(own.folder, script) for script in scripts)
    assert "Signature is Valid" in said and "Total document signed" in said
    assert said.count("Verified OK") == 1
    data = bytearray((own.folder / "report.png").read_bytes())
    data[-20] ^= 1
    (own.folder / "report.png").write_bytes(data)
    with pytest.raises(subprocess.CalledProcessError):
        for script in scripts:
            run_script(own.folder, script)


def run_script(folder: Path, script: str) -> str:
    return subprocess.run(["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=True).stdout
