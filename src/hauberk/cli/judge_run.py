"""The running of `hauberk judge`."""

import sys
from pathlib import Path

from hauberk.app.logo import LARGEST as LARGEST_LOGO
from hauberk.app.logo import NoLogoError, logo_of
from hauberk.app.reporting import prepare
from hauberk.app.scanning import Scan, assess
from hauberk.cli import exits
from hauberk.cli.delivery import code_of, write_files
from hauberk.cli.documents import Setting
from hauberk.cli.output import output_for
from hauberk.cli.signing import SignRequest, signing_of
from hauberk.model.observation import Observation
from hauberk.scoring.rubric import Rubric, RubricError, load
from hauberk.world.tape import LARGEST, TapeError, decode


def read_tape(path: Path) -> Observation:
    """The tape in a file, or a clear refusal."""
    try:
        if str(path) == "-":
            return decode(sys.stdin.buffer.read(LARGEST + 1))
        with path.open("rb") as file:
            return decode(file.read(LARGEST + 1))
    except OSError as error:
        exits.refuse(f"{path} cannot be read: {error.strerror}")
    except TapeError as error:
        exits.refuse(f"{path}: {error}")


def rubric_named(name: str) -> Rubric:
    """The rubric, or a clear refusal."""
    try:
        return load(name)
    except RubricError as error:
        exits.refuse(str(error))


def logo_in(path: Path | None) -> bytes:
    """The picture in a file as it is drawn on reports, or a clear refusal."""
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            return logo_of(file.read(LARGEST_LOGO + 1))
    except OSError as error:
        exits.refuse(f"--logo {path} cannot be read: {error.strerror}")
    except NoLogoError as error:
        exits.refuse(f"--logo {path}: {error}")


def run_judge(
    tape: Path,
    company: str,
    logo: Path | None,
    kinds: tuple[str, ...],
    format: str,
    out: Path,
    everything: bool,
    fail_on: str,
    rubric: str,
    signing: SignRequest,
) -> int:
    """Do it; the exit code."""
    signer, mark = signing_of(signing, company, kinds), logo_in(logo)
    observation = read_tape(tape)
    scan = Scan(observation, assess(observation, rubric_named(rubric)))
    prepared = prepare(scan, company, signer, mark)
    printed = output_for(format, everything=everything, several=False, setting=Setting(company, fail_on))
    printed.result(prepared)
    printed.end()
    write_files(prepared, kinds, out, several=False, save_tape=False)
    return code_of(scan, fail_on)
