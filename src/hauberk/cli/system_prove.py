"""`hauberk system prove` and `report`: the measures, proved on real hosts from one vantage after the other, and what is written of it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from hauberk.cli import exits
from hauberk.cli.scan import Logo
from hauberk.cli.signing import KeyFile, PasswordFile, Sign, SignRequest, TimeStamp
from hauberk.cli.system_plan import MAIL_TOML, DeclarationFile

if TYPE_CHECKING:
    from hauberk.app.signing import Signing
    from hauberk.system.prove.evidence import Proof
    from hauberk.system.prove.measures import MeasureState


Png: TypeAlias = Annotated[bool, typer.Option("--png", help="Write the report as PNG, too.")]
Jpg: TypeAlias = Annotated[bool, typer.Option("--jpg", help="Write the report as JPG, too.")]


class Zone(StrEnum):
    INTERNET = "internet"
    DMZ = "dmz"
    INSIDE = "inside"
    WORKSTATION = "workstation"


def prove(
    vantage: Annotated[Zone, typer.Option("--vantage", help="Where this machine stands.")],
    declaration: DeclarationFile = MAIL_TOML,
    accounts: Annotated[Path, typer.Option("--accounts", metavar="FILE", help="Test accounts and the sink outside.")] = Path("prove.toml"),
    part: Annotated[
        list[Path] | None, typer.Option("--part", metavar="FILE", help="What the vantages before this one wrote; may be repeated.")
    ] = None,
    settle: Annotated[
        Path | None, typer.Option("--settle", metavar="FILE", help="With internet, at the end: what the workstation wrote.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder for what is written.")] = Path(),
    logo: Logo = None,
    png: Png = False,
    jpg: Jpg = False,
    sign: Sign = False,
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
    time_stamp: TimeStamp = "",
) -> None:
    """Probe the declared hosts from where this machine stands; at the end all is settled, and the report written.

    On a machine on the internet: hauberk system prove --vantage internet. On the MTA and on the MDA, each with what that wrote: hauberk
    system prove --vantage dmz (inside) --part internet.part.json. On a workstation, with all three: hauberk system prove --vantage
    workstation --part internet.part.json --part dmz.part.json --part inside.part.json. Where the sink cannot be opened from there, on
    the machine on the internet again: hauberk system prove --vantage internet --settle workstation.part.json
    """
    try:
        from asyncio import run

        from hauberk.app.mail_system import DeclarationError, declared, key_folder
        from hauberk.app.proving_hosts import (
            NotProvedError,
            attempt,
            order,
            read_halfway,
            read_part,
            seen_inside,
            settled,
            write_halfway,
        )
        from hauberk.app.scanning import now
        from hauberk.cli.judge_run import logo_in
        from hauberk.cli.signing import signing_of
        from hauberk.system.prove import vantage as vantages
        from hauberk.system.prove.probe import Vantage
    except ImportError as error:
        exits.refuse(f"proving needs more than a scan does ({error.name} is missing): run `make server` in the checkout")
    if settle and vantage is not Zone.INTERNET:
        exits.refuse("--settle goes with --vantage internet: the sink is opened from there")
    try:
        known = declared(declaration)
    except DeclarationError as error:
        exits.refuse(str(error))
    request, kept = SignRequest(sign, key, key_password_file, time_stamp), ""
    # A key or a logo that does not do is told before anything is probed.
    signing, mark = signing_of(request, known.organisation, ("pdf",)), logo_in(logo)
    try:
        given = order(known, accounts, key_folder(declaration) if vantage is Zone.WORKSTATION else None)
        if settle:
            halfway = read_halfway(settle)
        else:
            others = tuple(one for path in part or () for one in read_part(path))
            attempts = run(attempt(given, Vantage(vantage.value), now, others))
            path = out / f"{vantage.value}.part.json"
            if vantage is not Zone.WORKSTATION:
                path.write_bytes(vantages.encode(attempts))
                typer.echo(f"{len(attempts)} probes; written to {path}, which goes to the workstation")
                return
            halfway = run(seen_inside(given, (*others, *attempts), now))
            path.write_bytes(write_halfway(halfway))
            kept = f"\nAll that was found is in {path}; on the machine on the internet: prove --vantage internet --settle {path.name}"
        proof = run(settled(given, halfway, now))
    except NotProvedError as error:
        exits.refuse(f"{error}{kept}", exits.INCOMPLETE if kept else exits.USAGE)
    except OSError as error:
        exits.refuse(f"{error.filename}: {error.strerror}", exits.INTERNAL)
    raise typer.Exit(tell(proof, _written(proof, out, signing, pictures(png=png, jpg=jpg), mark)))


def report(
    evidence: Annotated[Path, typer.Argument(metavar="EVIDENCE", help="The evidence of a proving: DOMAIN_DATE.measures.json.")],
    out: Annotated[Path, typer.Option("--out", help="The folder for what is written.")] = Path(),
    logo: Logo = None,
    png: Png = False,
    jpg: Jpg = False,
    sign: Sign = False,
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
    time_stamp: TimeStamp = "",
) -> None:
    """Write the report of the measures from the evidence of a proving: no network, and the same pages for ever."""
    try:
        from hauberk.cli.judge_run import logo_in
        from hauberk.cli.signing import signing_of
        from hauberk.system.prove.evidence import EvidenceError, decode
    except ImportError as error:
        exits.refuse(f"this needs more than a scan does ({error.name} is missing): run `make server` in the checkout")
    try:
        proof = decode(evidence.read_bytes())
    except EvidenceError as error:
        exits.refuse(f"{evidence}: {error}")
    except OSError as error:
        exits.refuse(f"{evidence} cannot be read: {error.strerror}")
    signing = signing_of(SignRequest(sign, key, key_password_file, time_stamp), proof.organisation, ("pdf",))
    raise typer.Exit(tell(proof, _written(proof, out, signing, pictures(png=png, jpg=jpg), logo_in(logo))))


def pictures(*, png: bool, jpg: bool) -> tuple[str, ...]:
    return tuple(kind for kind, wanted in (("png", png), ("jpg", jpg)) if wanted)


def _written(proof: "Proof", out: Path, signing: "Signing | None", kinds: tuple[str, ...], logo: bytes) -> tuple[Path, ...]:
    from hauberk.app.proving import write_measures
    from hauberk.app.signing import NoTimeStampError

    try:
        return write_measures(proof, out, signing, kinds, logo)
    except NoTimeStampError as error:
        exits.refuse(f"{error}; the evidence is written, and `hauberk system report` makes the report of it", exits.INTERNAL)
    except OSError as error:
        exits.refuse(f"cannot write {error.filename or out}: {error.strerror or error}", exits.INTERNAL)


def tell_measures(states: "tuple[MeasureState, ...]") -> None:
    """A line for each measure, and what is open of it."""
    for one in states:
        tried = one.passed + one.failed + one.inconclusive
        probed = f" ({one.passed} of {tried} probes passed)" if tried else ""
        typer.echo(f"  {one.measure.value:<4} {one.standing.value:<7} {one.title}{probed}")
        for sentence in one.open:
            typer.echo(f"       {sentence}")


def tell(proof: "Proof", written: tuple[Path, ...]) -> int:
    """Print the measures; the exit code: 1 where one failed, 3 where something could not be decided."""
    from hauberk.system.prove.measures import Standing, judge

    states = judge(proof.outcomes, proof.missing)
    tell_measures(states)
    for path in written:
        typer.echo(f"written to {path}")
    if any(one.standing is Standing.FAILED for one in states):
        return exits.FINDINGS
    return exits.INCOMPLETE if any(one.standing is Standing.PARTLY for one in states) else exits.FINE


def probes() -> None:
    """Print all probes by measure, and the deliberately broken settings that they have to notice, as Markdown."""
    try:
        from hauberk.system.prove.listing import page
    except ImportError as error:
        exits.refuse(f"this needs more than a scan does ({error.name} is missing): run `make server` in the checkout")
    typer.echo(page(), nl=False)
