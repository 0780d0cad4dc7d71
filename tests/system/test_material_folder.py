"""The folder of keys: what is damaged in it is named, not rendered."""

import dataclasses
import shutil
from datetime import date
from pathlib import Path

import pytest

from hauberk.system import material_folder
from hauberk.system.declaration import Dkim
from hauberk.system.material_folder import MaterialError
from system.render import rendered

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "mail.keys"
    material_folder.make(dataclasses.replace(rendered.small(), dkim=Dkim(bits=1024)), folder, TODAY)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "mail.keys")


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    (
        ("link/authority.pem", b"\xff", "neither a certificate nor"),
        ("link/mta.pem", b"", "neither a certificate nor"),
        ("link/mda.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key in PEM"),
        ("srs.secret", b"\xff\n", "one line of ASCII"),
        ("srs.secret", b"", "one line of ASCII"),
        ("directory.password", b"a\nsmtpd_relay_restrictions = permit", "one line of ASCII"),
        ("tls/now.pem", b"no key", "neither a certificate nor"),
        ("dkim/example.com/h20261122.key", b"no key", "not a private key named"),
    ),
)
def test_what_is_damaged_is_named(folder: Path, name: str, octets: bytes, said: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    with pytest.raises(MaterialError, match=said) as raised:
        material_folder.load(folder, TODAY)
    assert str(path) in str(raised.value)


def test_a_certificate_wants_its_own_key(folder: Path) -> None:
    shutil.copyfile(folder / "link/mta.key", folder / "link/mda.key")
    with pytest.raises(MaterialError, match=r"mda\.key: not the key of .*mda\.pem"):
        material_folder.load(folder, TODAY)


def test_what_is_missing_is_named_with_the_way_to_make_it(folder: Path) -> None:
    (folder / "srs.secret").unlink()
    with pytest.raises(MaterialError, match=r"srs\.secret.*hauberk system rotate"):
        material_folder.load(folder, TODAY)
