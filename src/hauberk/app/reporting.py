"""From a scan to files: the content of a report, its renderings, signed if wanted, and a folder in which nothing is overwritten."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from errno import ENOTDIR
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from hauberk.app.scanning import Scan
from hauberk.app.signing import STATEMENT, Signing
from hauberk.checks.existence import is_missing
from hauberk.checks.reading import Reading
from hauberk.model import json
from hauberk.model.dns import DnsAnswer
from hauberk.model.observation import Observation
from hauberk.protocols import dnssec
from hauberk.report.compose import compose
from hauberk.report.content import ReportContent
from hauberk.report.exports.pack import PackFile, evidence_pack
from hauberk.report.filename import file_name
from hauberk.report.pdf import Attachment, build_jpg, build_pdf, build_png
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE, Claims, claims
from hauberk.world.tape import compress, encode


@dataclass(frozen=True)
class Prepared:
    """A scan with what is said of it; the content is composed when first wanted."""

    scan: Scan
    company: str
    signing: Signing | None = None
    logo: bytes = b""

    @cached_property
    def content(self) -> ReportContent:
        key = self.signing.shown_key if self.signing else ""
        return replace(compose(self.scan.assessment, self.scan.observation, self.company, key=key), logo=self.logo)

    @cached_property
    def evidence(self) -> bytes:
        return encode(self.scan.observation)

    @cached_property
    def assessment(self) -> bytes:
        return json.pretty(self.scan.assessment).encode()

    @cached_property
    def claims(self) -> Claims:
        return claims(self.scan.assessment, self.company)

    @cached_property
    def pdf(self) -> bytes:
        return _pdf(self)

    @property
    def exists(self) -> bool:
        """Whether the domain is there as far as is known."""
        return not is_missing(Reading(self.scan.observation))

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should know about the scan itself."""
        observation = self.scan.observation
        said: list[str] = []
        if not self.exists:
            said.append(f"{observation.domain} does not exist in the DNS (NXDOMAIN); is it spelled right?")
        said += _about_resolver(observation)
        if observation.options.areas:
            said.append(f"only these areas were looked at: {', '.join(observation.options.areas)}")
        if not observation.finished:
            said.append(f"the time limit ended the scan of {observation.domain}; the result is what was known by then")
        return tuple(said)


def _about_resolver(observation: Observation) -> Iterator[str]:
    """What stands in the way of believing the resolver, if anything does: the gravest of it."""
    resolver = f"the resolver {observation.vantage.resolver}"
    answers = [exchange.answer for exchange in observation.dns if exchange.answer and not exchange.question.server]
    found = Reading(observation).walked(dnssec.resolver, observation.domain, observation.options)
    if not answers:
        yield f"nothing was answered by {resolver}; is there a network?"
    elif all(answer.rcode not in ("NOERROR", "NXDOMAIN") for answer in answers):
        yield f"{resolver} answers every question with {answers[0].rcode}, so nothing is known; use another"
    elif isinstance(found.root, DnsAnswer) and found.root.rcode == "NXDOMAIN":
        yield f"{resolver} says that there is no root of the DNS, so nothing that it says can be believed; use another"
    elif found.lies:
        yield f"{resolver} invents answers: it gives a name that cannot exist an address; use another"
    elif not observation.vantage.resolver_trusted:
        yield (
            f"the path to {resolver} can be tampered with, so DNSSEC and DANE are unknown; use a validating resolver on this machine, or "
            "one over TLS: --resolver tls://9.9.9.9#dns.quad9.net"
        )
    elif found.validates is False:
        yield f"{resolver} does not validate, so DNSSEC and DANE are unknown; use one that does"


@dataclass(frozen=True, slots=True)
class Written:
    """A file to write; `signature` goes into a file of the same name and `.sig`, unless it is empty."""

    name: str
    data: bytes
    signature: bytes = b""


def prepare(scan: Scan, company: str, signing: Signing | None = None, logo: bytes = b"") -> Prepared:
    """Everything that is said of the scan; reports are signed where `signing` says how, and bear the `logo` (`hauberk.app.logo`)."""
    return Prepared(scan, company, signing, logo)


def reports(prepared: Prepared, kinds: tuple[str, ...], *, several: bool) -> list[Written]:
    """The reports' names and octets. Where several domains of one company are scanned, the domain is part of the name."""
    observation = prepared.scan.observation
    company = f"{prepared.company} {observation.domain}" if several and prepared.company else prepared.company
    return [_report(prepared, kind, file_name(company, observation.domain, observation.at.date(), kind)) for kind in kinds]


def tape(prepared: Prepared) -> Written:
    """The tape, packed."""
    observation = prepared.scan.observation
    return _signed(prepared, Written(f"{observation.domain}_{observation.at:%Y-%m-%d}.tape.json.gz", compress(prepared.evidence)))


def _report(prepared: Prepared, kind: str, name: str) -> Written:
    if kind == "pdf":
        return Written(name, prepared.pdf)
    if kind == "zip":
        return _signed(prepared, Written(name, _pack(prepared, name.removesuffix("zip") + "pdf")))
    foot = prepared.signing.foot(prepared.claims) if prepared.signing else None
    build = build_png if kind == "png" else build_jpg
    return _signed(prepared, Written(name, build(prepared.content, foot)))


def _signed(prepared: Prepared, written: Written) -> Written:
    if prepared.signing is None:
        return written
    signature = prepared.signing.stated(prepared.claims, prepared.evidence, prepared.assessment, (written.name, written.data))
    return replace(written, signature=signature)


def _pack(prepared: Prepared, report: str) -> bytes:
    """The evidence pack with the report under the name `report`."""
    signing = prepared.signing
    stated = (PackFile(STATEMENT, signing.stated(prepared.claims, prepared.evidence, prepared.assessment)),) if signing else ()
    return evidence_pack(prepared.scan.assessment, prepared.evidence, (PackFile(report, prepared.pdf),), stated)


def _pdf(prepared: Prepared) -> bytes:
    signing = prepared.signing
    if signing is None:
        return unsigned_pdf(prepared.content, prepared.evidence, prepared.assessment)
    stated = signing.stated(prepared.claims, prepared.evidence, prepared.assessment)
    return signing.pdf(unsigned_pdf(prepared.content, prepared.evidence, prepared.assessment, stated))


def unsigned_pdf(content: ReportContent, evidence: bytes, assessment: bytes, statement: bytes = b"") -> bytes:
    """The pages with what they were made of attached. Equal input gives equal octets."""
    files = (
        Attachment(EVIDENCE, "The tape: every question that was asked and its raw answer", evidence),
        Attachment(ASSESSMENT, "The verdicts, the score and the fix plan", assessment),
    )
    if statement:
        files = (*files, Attachment(STATEMENT, "The signature on the two (DSSE, in-toto)", statement, relationship="supplement"))
    return build_pdf(content, files)


def write_file(folder: Path, name: str, data: bytes) -> Path:
    """Write a file of that name; one that is there already is kept, and the new one gets a number. Raises `OSError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder)) from None
    ending = next((one for one in (".tape.json.gz",) if name.endswith(one)), Path(name).suffix)
    stem = name.removesuffix(ending)
    for number in range(1, 1000):
        path = folder / (name if number == 1 else f"{stem}_{number}{ending}")
        try:
            file = path.open("xb")
        except FileExistsError:
            if path.is_file() and path.read_bytes() == data:
                return path
        else:
            _fill(file, data, path)
            return path
    raise FileExistsError(17, "there are 999 reports of that name already", str(folder / name))


def _fill(file: BinaryIO, data: bytes, path: Path) -> None:
    """All of it or nothing: half a report would pass for one."""
    try:
        with file:
            file.write(data)
    except BaseException as error:  # Ctrl-C too
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
