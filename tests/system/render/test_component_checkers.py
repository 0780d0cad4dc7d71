"""Each component's own checker takes what is rendered for it, in a network namespace where the host's addresses exist."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hauberk.system.declaration import Declaration, Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.stage import host
from hauberk.system.tree import RenderedFile, tree
from system.render import rendered

ROLES = (Role.MTA, Role.MDA)


def needed(*programs: str) -> None:
    """Skip where a check cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("the files of a host belong to several users, and only root can give them away")
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed")


def checked(*command: str) -> str:
    """What a checker says; the test fails if it is not content."""
    lo = "ip link set lo up && for one in 203.0.113.25 2001:db8:113::25 198.18.1.10 2001:db8:18:1::10; do ip addr add $one dev lo; done"
    return said("unshare", "--net", "sh", "-c", f'{lo} && exec "$@"', "sh", *command)


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module", params=["small", "large"])
def hosts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Role, Places]:
    """All hosts on the disk, with certificates where the declaration says."""
    needed("unshare", "ip", "postfix", "dovecot", "rspamd", "clamconf", "unbound", "nft")
    root = tmp_path_factory.mktemp("hosts")
    declared = rendered.small() if request.param == "small" else rendered.large()
    places = {role: Places.under(str(root / role.value)) for role in Role}
    for role in Role:
        host.write(render(_with_certificates(declared, root), rendered.material(), role, places[role]), root / role.value)
    anchor = Path(places[Role.MTA].unbound_data) / "root.key"
    anchor.write_text(". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n")
    return places


def _with_certificates(declared: Declaration, root: Path) -> Declaration:
    import dataclasses

    from hauberk.system.declaration import Certificate, Certificates

    subprocess.run(
        [*"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail".split(),
         "-keyout", root / "tls.key", "-out", root / "tls.pem"], check=True, capture_output=True,
    )  # fmt: skip
    held = Certificate(f"{root}/tls.pem", f"{root}/tls.key")
    dns = dataclasses.replace(declared.dns, trust_anchor="", root_hints="")
    return dataclasses.replace(declared, certificates=Certificates(held, held), dns=dns)


@pytest.mark.parametrize("role", ROLES)
def test_postfix_check(hosts: dict[Role, Places], role: Role) -> None:
    assert checked("postfix", "-c", hosts[role].postfix, "check") == ""


@pytest.mark.parametrize("role", ROLES)
def test_postconf_knows_every_setting(hosts: dict[Role, Places], role: Role) -> None:
    """`postconf -n` says on stderr which settings nobody reads; `-M` and `-P` do so for master.cf."""
    for wanted in ("-n", "-M", "-P"):
        report = checked("postconf", "-c", hosts[role].postfix, wanted)
        assert "postconf: warning" not in report


def test_postconf_would_notice_an_unknown_setting(hosts: dict[Role, Places], tmp_path: Path) -> None:
    """The test before this one can fail."""
    folder = shutil.copytree(hosts[Role.MTA].postfix, tmp_path / "postfix")
    main = folder / "main.cf"
    main.write_text(main.read_text() + "smtpd_forbid_bare_newlin = reject\n")
    assert "postconf: warning" in checked("postconf", "-c", str(folder), "-n")


def test_doveconf(hosts: dict[Role, Places]) -> None:
    report = checked("doveconf", "-c", f"{hosts[Role.MDA].dovecot}/dovecot.conf", "-n")
    assert "disable_plaintext_auth = no" not in report
    assert "ssl = required" in report
    assert "lower than required under max. load" not in report


@pytest.mark.parametrize("role", ROLES)
def test_rspamadm_configtest(hosts: dict[Role, Places], role: Role) -> None:
    places = hosts[role]
    folders = {"LOCAL_CONFDIR": places.rspamd, "DBDIR": places.rspamd_data, "RUNDIR": places.rspamd_run, "LOGDIR": places.log}
    # rspamadm asks for a name server of the machine's before it reads ours: in an empty namespace it would find none.
    report = said("rspamadm", *(f"--var={key}={value}" for key, value in folders.items()), "configtest", "-s")
    assert "syntax OK" in report


@pytest.mark.parametrize("role", ROLES)
def test_clamconf(hosts: dict[Role, Places], role: Role) -> None:
    report = checked("clamconf", "-c", hosts[role].clamav)
    assert "ERROR" not in report
    assert f'LocalSocket = "{hosts[role].clamd_socket}"' in report


def test_unbound_checkconf(hosts: dict[Role, Places]) -> None:
    assert "no errors" in checked("unbound-checkconf", f"{hosts[Role.MTA].unbound}/unbound.conf")


@pytest.mark.parametrize("role", list(Role))
def test_nft_takes_the_rules_twice(hosts: dict[Role, Places], role: Role) -> None:
    """The second time replaces the first: nothing is there twice."""
    rules = f"{hosts[role].nftables}/nftables.conf"
    said = checked(
        "sh", "-c", f"nft -c -f {rules} && nft -f {rules} && nft list ruleset > {rules}.once && nft -f {rules} && nft list ruleset"
    )
    assert said == Path(f"{rules}.once").read_text()


def test_a_file_outside_the_root_is_refused(tmp_path: Path) -> None:
    from hauberk.system.tree import Component

    stray = tree([RenderedFile("/etc/passwd", b"", Component.SYSTEM)])
    with pytest.raises(ValueError, match="not below"):
        host.write(stray, tmp_path)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` wants every program that a unit starts to be there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    places = Places(systemd=str(tmp_path), python=sys.executable)
    for role in ROLES:
        units = [
            one for one in render(rendered.large(), rendered.material(), role, places).files if one.path.startswith(f"{tmp_path}/hauberk-")
        ]
        assert len(units) == (6 if role is Role.MTA else 3)
        for one in units:
            Path(one.path).write_bytes(one.content)
        assert said("systemd-analyze", "verify", "--man=no", *(one.path for one in units)) == ""


def test_systemd_would_notice_a_wrong_unit(tmp_path: Path) -> None:
    """The test before this one can fail."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    (tmp_path / "wrong.service").write_text("[Service]\nExecStart=/bin/true\nProtectSystem=perhaps\n")
    assert "Failed to parse protect system" in said("systemd-analyze", "verify", "--man=no", str(tmp_path / "wrong.service"))
