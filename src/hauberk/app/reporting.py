"""From a scan to files: the content of a report, its renderings, and a folder in which nothing is overwritten."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hauberk.app.scanning import Scan
from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols import dnssec
from hauberk.report import json
from hauberk.report.compose import compose
from hauberk.report.content import ReportContent
from hauberk.report.filename import file_name
from hauberk.report.pdf import Attachment, build_jpg, build_pdf, build_png
from hauberk.world.tape import encode


@dataclass(frozen=True)
class Prepared:
    """A scan with what is said of it; the content is composed when first wanted."""

    scan: Scan
    company: str

    @cached_property
    def content(self) -> ReportContent:
        return compose(self.scan.assessment, self.scan.observation, self.company)

    @property
    def exists(self) -> bool:
        """Whether the domain is there as far as is known."""
        answer = self._mx
        return isinstance(answer, NoAnswer) or answer.rcode != "NXDOMAIN"

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should know about the scan itself."""
        observation = self.scan.observation
        said: list[str] = []
        if not self.exists:
            said.append(f"{observation.domain} does not exist in the DNS (NXDOMAIN); is it spelled right?")
        if all(exchange.no_answer for exchange in observation.dns):
            said.append(f"nothing was answered by the resolver {observation.vantage.resolver}; is there a network?")
        elif not observation.vantage.resolver_trusted:
            said.append(
                f"the path to the resolver {observation.vantage.resolver} can be tampered with, so DNSSEC and DANE are unknown; use a "
                "validating resolver on this machine, or one over TLS: --resolver tls://9.9.9.9#dns.quad9.net"
            )
        elif Reading(observation).walked(dnssec.resolver, observation.domain, observation.options).validates is False:
            said.append(f"the resolver {observation.vantage.resolver} does not validate, so DNSSEC and DANE are unknown; use one that does")
        if not observation.finished:
            said.append(f"the time limit ended the scan of {observation.domain}; the result is what was known by then")
        return tuple(said)

    @property
    def _mx(self) -> DnsAnswer | NoAnswer:
        return Reading(self.scan.observation).dns(self.scan.observation.domain, "MX")


def prepare(scan: Scan, company: str) -> Prepared:
    return Prepared(scan, company)


def reports(prepared: Prepared, kinds: tuple[str, ...], *, several: bool) -> list[tuple[str, bytes]]:
    """The reports' names and octets. Where several domains of one company are scanned, the domain is part of the name."""
    observation = prepared.scan.observation
    company = f"{prepared.company} {observation.domain}" if several and prepared.company else prepared.company
    return [(file_name(company, observation.domain, observation.at.date(), kind), _rendered(prepared, kind)) for kind in kinds]


def _rendered(prepared: Prepared, kind: str) -> bytes:
    match kind:
        case "pdf":
            return _pdf(prepared)
        case "png":
            return build_png(prepared.content)
        case _:
            return build_jpg(prepared.content)


def _pdf(prepared: Prepared) -> bytes:
    scan = prepared.scan
    return build_pdf(
        prepared.content,
        (
            Attachment("evidence.json", "The tape: every question that was asked and its raw answer", encode(scan.observation)),
            Attachment("assessment.json", "The verdicts, the score and the fix plan", json.pretty(scan.assessment).encode()),
        ),
    )


def write_file(folder: Path, name: str, data: bytes) -> Path:
    """Write a file of that name; one that is there already is kept, and the new one gets a number. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, dot, extension = name.partition(".") if name.endswith(".tape.json.gz") else name.rpartition(".")
    for number in range(1, 1000):
        path = folder / (name if number == 1 else f"{stem}_{number}{dot}{extension}")
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            if path.is_file() and path.read_bytes() == data:
                return path
        else:
            return path
    raise FileExistsError(17, "there are 999 reports of that name already", str(folder / name))
