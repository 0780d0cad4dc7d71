"""The options that sign reports, and the key that they name."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from hauberk.cli import exits

if TYPE_CHECKING:  # what signs is imported when a command needs it
    from hauberk.app.signing import Signing
    from hauberk.report.signature.key import SigningKey

Sign: TypeAlias = Annotated[bool, typer.Option("--sign", help="Sign reports and tapes with the organisation's key, made at first use.")]
KeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", envvar="HAUBERK_KEY", help="A key to sign with (PEM or PKCS#12) in place of that of `key show`."),
]
PasswordFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--key-password-file", metavar="FILE", help="The key's password; the variable HAUBERK_KEY_PASSWORD does as well."),
]
TimeStamp: TypeAlias = Annotated[
    str, typer.Option("--time-stamp", metavar="URL", help="Have the PDF's signature time-stamped by this authority (RFC 3161).")
]


@dataclass(frozen=True, slots=True)
class SignRequest:
    """The signing options, as typed."""

    sign: bool = False
    key: Path | None = None
    password_file: Path | None = None
    time_stamp: str = ""


@cache
def signing_of(request: SignRequest, company: str, kinds: tuple[str, ...]) -> Signing | None:
    """How to sign what is written (`kinds`), or nothing. Ends the command with a message when it cannot be done."""
    if not request.sign:
        own_key = request.key is not None and str(request.key) != os.environ.get("HAUBERK_KEY")
        if own_key or request.password_file or request.time_stamp:
            exits.refuse("--key, --key-password-file and --time-stamp are for signing: add --sign")
        return None
    if not kinds:
        exits.refuse("--sign signs files, and none is asked for: add --pdf, --png, --jpg or --pack, or to a scan --save-tape")
    from importlib.util import find_spec

    from hauberk.app.scanning import now
    from hauberk.app.signing import NoTimeStampError, Signing

    if {"pdf", "zip"} & set(kinds) and find_spec("pyhanko") is None:
        exits.refuse("signing a PDF needs pyHanko (hauberk[signatures]): run `make server` in the checkout")
    ask = None
    if request.time_stamp:
        from hauberk.app.time_stamping import authority

        try:
            ask = authority(request.time_stamp)
        except NoTimeStampError as error:
            exits.refuse(f"--time-stamp {error}")
    return Signing(_key(request, company), now, ask)


def load_key(path: Path, password_file: Path | None) -> SigningKey:
    """The key in a file, or a clear refusal."""
    from hauberk.report.signature import keyfile
    from hauberk.report.signature.key import KeyUnusableError

    try:
        if keyfile.readable_by_others(path):
            sys.stderr.write(f"hauberk: others than its owner can read the key {path}; chmod 600 ends that\n")
        return keyfile.load(path, _password(password_file))
    except OSError as error:
        exits.refuse(f"the key {path} cannot be read: {error.strerror or error}")
    except KeyUnusableError as error:
        exits.refuse(f"{path}: {error}")


def _key(request: SignRequest, company: str) -> SigningKey:
    from hauberk.app.scanning import now
    from hauberk.report.signature import keyfile
    from hauberk.report.signature.key import KeyUnusableError

    if request.key:
        return load_key(request.key, request.password_file)
    path = keyfile.default_path()
    try:
        key, made = keyfile.load_or_create(path, company or "Hauberk", now())
    except OSError as error:
        exits.refuse(f"the key {path} cannot be made or read: {error.strerror or error}", exits.INTERNAL)
    except KeyUnusableError as error:
        exits.refuse(f"{path}: {error}")
    if made:
        sys.stderr.write(f"hauberk: made a signing key in the name of {key.name}: {path}, fingerprint {key.fingerprint}\n")
    return key


def _password(file: Path | None) -> bytes | None:
    """Raises `OSError`."""
    if file is None:
        given = os.environ.get("HAUBERK_KEY_PASSWORD")
        return given.encode() if given else None
    with file.open("rb") as opened:
        return opened.read(4096).rstrip(b"\r\n")
