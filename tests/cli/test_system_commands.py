"""`hauberk system` from the first question to the way back, as an administrator types it."""

import os
import re
import shutil
import subprocess
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from cli.command import Hauberk

ANSWERS = (
    *("--organisation", "Example Ltd", "--domain", "example.com", "--mta-address", "192.0.2.25", "--mda-address", "198.18.1.10"),
    *("--workstations", "198.18.2.0/24", "--administration", "198.18.3.0/24", "--workstation-product", "Microsoft Defender=microsoft"),
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What init makes, made once."""
    folder = tmp_path_factory.mktemp("init")
    done = Hauberk(folder)("system", "init", *ANSWERS)
    assert (done.code, "-----BEGIN" in done.out) == (0, False), done.err
    (folder / "records").write_text(done.out)
    return folder


@pytest.fixture
def begun(hauberk: Hauberk, first: Path) -> Hauberk:
    shutil.copytree(first, hauberk.folder, dirs_exist_ok=True)
    return hauberk


def test_init_writes_a_declaration_and_prints_its_records(begun: Hauberk) -> None:
    printed = (begun.folder / "records").read_text()
    for record in (
        "example.com. 3600 IN MX 10 mx1.example.com.",
        "v=DMARC1; p=reject",
        "v=DKIM1; k=rsa; p=",
        "v=STSv1; id=",
        "IN CAA 0 issue",
    ):
        assert record in printed
    assert (begun.folder / "mail.keys").stat().st_mode & 0o777 == 0o700
    before = (begun.folder / "mail.toml").read_text()
    again = begun("system", "init", *ANSWERS)
    assert (again.code, "there is a declaration already" in again.err) == (2, True)
    assert (begun.folder / "mail.toml").read_text() == before
    assert begun("system", "records").out == printed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((), "the organisation's name: give it as an option"),
        ((*ANSWERS, "--mta-address", "192.0.2.256"), '"192.0.2.256" is no IP address'),
        ((*ANSWERS, "--domain", "no domain"), "no domain"),
        ((*ANSWERS, "--inside", "192.0.2.0/24"), "mda.addresses[0]"),
        ((*ANSWERS, "--workstation-product", "Defender"), "write the product and the family"),
    ],
)
def test_wrong_answers_are_refused_and_nothing_is_written(hauberk: Hauberk, change: tuple[str, ...], said: str) -> None:
    done = hauberk("system", "init", *change)
    assert (done.code, said in done.err) == (2, True), done.err
    assert list(hauberk.folder.iterdir()) == []


def test_plan_says_what_would_be_where_and_shows_no_secret(begun: Hauberk) -> None:
    declaration = begun.folder / "mail.toml"
    declaration.write_bytes(BOM_UTF8 + declaration.read_bytes().replace(b"\n", b"\r\n"))  # as editors of Windows keep it
    done = begun("system", "plan", "--out", "files")
    assert done.code == 0
    assert re.search(r"^ +postfix +/etc/postfix/main\.cf  root:root 0644$", done.out, re.M)
    assert re.search(r"^ +dmz +-> inside +24 +delivery$", done.out, re.M)
    assert "firewall.host: there is none" in done.out
    assert "certificates.mta: it has to be valid for mx1.example.com, mta-sts.example.com" in done.out
    assert "smtpd_forbid_bare_newline = reject" in (begun.folder / "files/mta/etc/postfix/main.cf").read_text()
    written = b"".join(path.read_bytes() for path in (begun.folder / "files").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in written
    assert not (begun.folder / "mail.keys/applied").exists()


def test_a_risk_is_refused_with_its_line_then_shown_loudly(begun: Hauberk) -> None:
    path = begun.folder / "mail.toml"
    text = path.read_text().replace("wkd = false", "wkd = true").replace('dmarc = "reject"', 'dmarc = "none"')
    path.write_text(text)
    line, later = text.splitlines().index("wkd = true") + 1, text.splitlines().index('dmarc = "none"') + 1
    refused = begun("system", "plan")
    assert (refused.code, refused.err.startswith(f"hauberk: mail.toml:{line}: confidentiality.wkd: the host with")) == (2, True)
    assert f"\nmail.toml:{later}: dns.dmarc: anybody can write" in refused.err
    path.write_text(text.replace("confirm = []", 'confirm = ["dmarc-none", "way-out-of-the-inside"]'))
    planned = begun("system", "plan").out
    assert "!!dns.dmarc: RISK TAKEN (dmarc-none): anybody can write in the organisation's name" in planned
    assert "!!confidentiality.wkd: RISK TAKEN (way-out-of-the-inside): the host with the mailboxes" in planned
    assert re.search(r"^ +inside +-> internet +443 +keys that recipients' domains publish", planned, re.M)
    assert "confidentiality.wkd: no answer finds 198.18.1.10" in planned


def test_two_hosts_on_one_machine_are_refused_and_a_missing_declaration_is_named(begun: Hauberk) -> None:
    done = begun("system", "apply")
    assert (done.code, "cannot both be this machine" in done.err) == (2, True)
    assert "there is no none.toml; `hauberk system init` writes one" in begun("system", "plan", "none.toml").err
    assert begun("system", "apply", "--host", "mx").code == 2
    shutil.rmtree(begun.folder / "mail.keys")
    assert "`hauberk system rotate` makes what is missing" in begun("system", "plan").err


def test_rotate_has_nothing_to_do_on_the_first_day(begun: Hauberk) -> None:
    assert begun("system", "rotate").out == "no key is due\n"


def test_apply_dry_run_apply_change_and_rollback(begun: Hauberk) -> None:
    if os.geteuid() != 0:
        pytest.skip("the files of a host belong to several users, and only root can give them away")
    for program in ("postfix", "doveconf", "rspamadm", "clamconf", "nft"):
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed")
    declaration, root = begun.folder / "mail.toml", begun.folder / "hosts"
    _certificate(begun.folder)
    text = re.sub(r"/etc/letsencrypt/live/mail\.example\.com/(fullchain|privkey)", f"{begun.folder}/\\1", declaration.read_text())
    declaration.write_text(text)
    where = ("--root", "hosts", "--host", "mda")

    shown = begun("system", "apply", "--dry-run", *where)
    assert (shown.code, root.exists()) == (0, False)
    assert re.search(r"^  add +\S+/mda/dovecot/dovecot\.conf", shown.out, re.M)
    done = begun("system", "apply", *where)
    assert done.code == 0, done.err
    for component in ("postfix", "dovecot", "rspamd", "clamav", "gateway", "nftables"):
        assert f"{component} is content with its configuration" in done.err
    assert "as declared" in begun("system", "apply", *where).out

    declaration.write_text(text.replace("trash = 0", "trash = 30"))
    assert "+    autoexpunge = 30d" in begun("system", "apply", *where).out
    assert "autoexpunge" in (root / "mda/dovecot/dovecot.conf").read_text()
    back = begun("system", "rollback", *where)
    assert (back.code, "1 files are as they were before" in back.out) == (0, True)
    assert "autoexpunge" not in (root / "mda/dovecot/dovecot.conf").read_text()
    assert begun("system", "rollback", *where).code == 3


def _certificate(folder: Path) -> None:
    command = [*"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.example.com".split()]
    subprocess.run([*command, "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"], check=True, capture_output=True)
