"""The running of `hauberk verify`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from hauberk.app.scanning import now
from hauberk.app.verification import Freshness, Party, Verification
from hauberk.app.verifying import NOBODY, Verifier, verify_file
from hauberk.cli import exits
from hauberk.cli.judge_run import rubric_named
from hauberk.protocols.malformed import visible
from hauberk.protocols.names import to_unicode
from hauberk.report.signature import keyfile, trust
from hauberk.report.signature.key import KeyUnusableError, grouped
from hauberk.report.signature.trust import Trusted
from hauberk.report.wording import day, minute


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """The command line of `verify`, as typed."""

    files: tuple[Path, ...]
    trust: tuple[Path, ...]
    fresh: bool
    code: str
    rubrics: tuple[Path, ...]
    format: str


def run_verify(request: VerifyRequest) -> int:
    """Do it; the exit code."""
    if not request.files and not request.code:
        exits.refuse("there is nothing to verify; give a file")
    pems = tuple(_pem(path) for path in request.trust)
    for path in request.files:
        _must_be_readable(path)
    rubrics = tuple(rubric_named(str(path)) for path in request.rubrics)
    at = now()
    found = [verify_file(path, at, pems, rubrics, want_fresh=request.fresh) for path in request.files]
    if request.code:
        found.append(Verifier(at, _trusted(pems), rubrics, request.fresh).text("the code", request.code))
    if request.format == "json":
        sys.stdout.write(_as_json(found))
    else:
        console = Console(width=None if sys.stdout.isatty() else 160)
        for one in found:
            console.print(_shown(one), soft_wrap=True)
    return exits.FINE if all(one.valid for one in found) else exits.FINDINGS


def _pem(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(keyfile.LARGEST)
        trust.read(data)
    except OSError as error:
        exits.refuse(f"--trust {path} cannot be read: {error.strerror}")
    except KeyUnusableError as error:
        exits.refuse(f"--trust {path}: {error}")
    return data


def _trusted(pems: tuple[bytes, ...]) -> Trusted:
    trusted = NOBODY
    for pem in pems:
        trusted = trusted + trust.read(pem)
    return trusted


def _must_be_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        exits.refuse(f"{path} cannot be read: {error.strerror}")


def _shown(found: Verification) -> Text:
    head = Text.assemble(("✔ ", "bold green") if found.valid else ("✘ ", "bold red"), (visible(found.file), "bold"))
    head.append(": valid\n" if found.valid else ": NOT VALID\n", "bold green" if found.valid else "bold red")
    for flaw in found.flaws:
        head.append_text(Text.assemble(("  ✘ ", "red"), f"{visible(flaw)}\n"))
    for line in _facts(found):
        head.append(f"    {visible(line)}\n")
    for line in found.held:
        head.append_text(Text.assemble(("  ✔ ", "green"), f"{visible(line)}\n"))
    for line in found.notes:
        head.append_text(Text.assemble(("  • ", "yellow"), f"{visible(line)}\n"))
    return head


def _facts(found: Verification) -> Iterator[str]:
    if found.claims:
        said = found.claims
        company = f" ({said.company})" if said.company else ""
        yield f"what     {to_unicode(said.domain)}{company}: {said.points} of 100, grade {said.grade}, {said.standing}"
        yield f"         evidence {said.evidence}"
        yield f"when     observed {minute(said.observed_at)}; {_freshness(found)}"
    if found.measures:
        of = found.measures
        company = f" ({of.company})" if of.company else ""
        proved, failed = ", ".join(of.proved) or "no measure", ", ".join(of.failed) or "none"
        yield f"what     {to_unicode(of.domain)}{company}: proved {proved}; failed {failed}"
        yield f"         evidence {of.evidence}"
        yield f"when     proved {minute(of.observed_at)}; {_freshness(found)}"
    if found.signed_at:
        yield f"         signed {minute(found.signed_at)} by the signer's own clock"
    if found.stamped_at and found.stamped_by:
        yield f"         time-stamped {minute(found.stamped_at)} by {_party(found.stamped_by)}"
    if found.signer:
        yield f"who      {_party(found.signer)}"
        yield f"         fingerprint {grouped(found.signer.fingerprint)}"


def _freshness(found: Verification) -> str:
    until = day(found.fresh_until) if found.fresh_until else ""
    match found.freshness:
        case Freshness.EXPIRED:
            return f"NOT FRESH since {until}"
        case Freshness.AHEAD:
            return "which is in the future of this machine's clock"
        case _:
            return f"fresh until {until}"


def _party(party: Party) -> str:
    known = "a trusted key" if party.trusted else "an unknown key"
    advice = " (--trust FILE gives known ones)" if party.trusted is None else ""
    return f"{party.name}, with {known}{advice}" if party.name else f"the holder of {known}{advice}"


def _as_json(found: list[Verification]) -> str:
    said = [{"valid": one.valid, **msgspec.to_builtins(one)} for one in found]
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n"
