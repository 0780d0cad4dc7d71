"""Keys made here: Sequoia and GnuPG read them, they end when they should, and mail to them is of the kind that all programs read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from pysequoia.packet import PacketPile, Tag  # pyright: ignore[reportMissingModuleSource]

from hauberk.system.gateway import openpgp
from hauberk.system.gateway.openpgp import BadKey
from hauberk.system.gateway.openpgp_generation import new_key

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


def test_forty_keys_each_open_their_own_mail_and_sign() -> None:
    """Many, since numbers whose first octets happen to be zero are written shorter."""
    for number in range(40):
        made = pysequoia.Tsk.from_bytes(new_key(f"Jürgen {number} <j{number}@corp.test>", NOW, 86_400))
        key = openpgp.key_of(made.extract_certificate())
        assert key.addresses == (f"j{number}@corp.test",) and key.expires == NOW + timedelta(days=1)
        message = openpgp.encrypted(b"x" * 100, (openpgp.usable(key, NOW),))
        assert pysequoia.decrypt(message, made.decryptor()).bytes == b"x" * 100
        signed = pysequoia.sign(made.signer(), b"signed")
        found = pysequoia.verify(signed, _store(key.certificate))
        assert found.bytes == b"signed" and len(found.valid_sigs) == 1


def _store(certificate: pysequoia.Cert) -> Callable[[list[str]], list[pysequoia.Cert]]:
    """The keys that a verifier asks for by their ids."""
    return lambda ids: [certificate] if ids else []


def test_mail_to_it_is_of_the_kind_that_all_programs_read() -> None:
    key = openpgp.key_of(pysequoia.Tsk.from_bytes(new_key("A <a@corp.test>", NOW, 86_400)).extract_certificate())
    packets = list(PacketPile.from_bytes(openpgp.encrypted(b"x", (key,))))
    assert [packet.tag for packet in packets] == [Tag.PKESK, Tag.SEIP]
    assert [packet.body[0] for packet in packets] == [3, 1]


def test_it_ends_when_it_should() -> None:
    key = openpgp.key_of(pysequoia.Tsk.from_bytes(new_key("A <a@corp.test>", NOW, 86_400)).extract_certificate())
    assert openpgp.usable(key, NOW + timedelta(hours=23))
    with pytest.raises(BadKey, match="expired"):
        openpgp.usable(key, NOW + timedelta(hours=25))
