"""Is this report what its signer signed, does it follow from its evidence, and is it still fresh? Offline, for any file of ours."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509

from hauberk.app.bounded import NotDoneError, bounded
from hauberk.app.following import report_follows, tape_follows
from hauberk.app.following_measures import measures_follow, pages_follow
from hauberk.app.signing import SIGNATURE, STATEMENT
from hauberk.app.verification import Freshness, Party, Verification
from hauberk.model import json
from hauberk.model.score import INCOMPLETE
from hauberk.report.compose import FRESH
from hauberk.report.exports.pack import MANIFEST, VERIFY, how_to_verify
from hauberk.report.exports.unpack import MAGIC, unpacked
from hauberk.report.logo import LOGO
from hauberk.report.signature import attachments, code, pades, statement, trust
from hauberk.report.signature.code import MeasuresCode
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.key import fingerprint, owner
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE, MEASURES, Claims, MeasuresClaims, Stated, StatedMeasures, sha256
from hauberk.report.signature.trust import Trusted
from hauberk.scoring.rubric import Rubric
from hauberk.world.tape import TapeError, decode

LARGEST = pades.LARGEST
NOBODY = Trusted()
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True)
class Verifier:
    """`now` is this machine's time; `rubrics` are further ones that a report may have been scored by."""

    now: datetime
    trusted: Trusted = NOBODY
    rubrics: tuple[Rubric, ...] = ()
    want_fresh: bool = False

    def file(self, path: Path) -> Verification:
        """Verify a file, with its `.sig` beside it. Raises `OSError`."""
        data = _read(path)
        if isinstance(data, Flaw):
            return Verification(path.name).but(data)
        if data.startswith(b"%PDF-"):
            return self._ended(self._pdf(path.name, data))
        if data.startswith(code.MARK.encode()):
            return self.text(path.name, data[: code.LONGEST + 1].decode("utf-8", "replace"))
        if data.startswith(b'{"payload":'):
            return self._ended(self._envelope(path, data))
        if data.startswith(MAGIC):
            return self._ended(self._with_signature(self._pack(path.name, data), path, data))
        beside = path.with_name(path.name + SIGNATURE)
        if not beside.is_file():
            return Verification(path.name).but(Flaw("the file", f"it is not signed: there is no {beside.name} beside it"))
        envelope = _read(beside)
        if isinstance(envelope, Flaw):
            return Verification(path.name).but(envelope)
        return self._ended(self._detached(path.name, data, envelope))

    def text(self, name: str, text: str) -> Verification:
        """Verify the text of a picture's QR code."""
        said = code.verify(text, self.trusted)
        if isinstance(said, Flaw):
            return Verification(name).but(said)
        found = Verification(name, signer=Party("", said.key, True)).holds("the code is as it was signed")
        if isinstance(said, MeasuresCode):
            proved = MeasuresClaims(said.domain, "", said.at, said.evidence, "", said.proved, said.failed)
            return self._ended(replace(found, measures=proved))
        incomplete = said.band == INCOMPLETE
        claimed = Claims(said.domain, "", said.at, said.evidence, "", "", said.points, said.grade, said.band, 0, incomplete)
        return self._ended(replace(found, claims=claimed))

    def _pdf(self, name: str, pdf: bytes) -> Verification:
        signature = pades.verify(pdf)
        if isinstance(signature, Flaw):
            return Verification(name).but(signature)
        found = Verification(name, signer=self._party(signature.certificate, signature.others), signed_at=signature.at)
        found = found.holds("the file is, octet for octet, as it was signed")
        if signature.time_stamp:
            by = self._party(signature.time_stamp.certificate, signature.time_stamp.others)
            found = replace(found, stamped_at=signature.time_stamp.at, stamped_by=by)
        attached = attachments.attached(pdf, (EVIDENCE, ASSESSMENT, STATEMENT, MEASURES, LOGO))
        if isinstance(attached, Flaw):
            return found.but(attached)
        wanted = (MEASURES, STATEMENT) if MEASURES in attached and EVIDENCE not in attached else (EVIDENCE, ASSESSMENT, STATEMENT)
        missing = [one for one in wanted if one not in attached]
        if missing:
            return found.but(Flaw("the attachments", f"it is no signed report of Hauberk: {', '.join(missing)} is not in it"))
        stated = statement.verify(attached[STATEMENT])
        if isinstance(stated, Flaw):
            return found.but(stated)
        if fingerprint(stated.certificate) != fingerprint(signature.certificate):
            return found.but(Flaw("the statement", "it is signed with another key than the PDF"))
        if isinstance(stated, Stated) is (MEASURES in wanted):
            return found.but(Flaw("the statement", "it is about another kind of report"))
        if isinstance(stated, Stated):
            return report_follows(replace(found, claims=stated.statement.predicate), pdf, stated, attached, self.rubrics)
        found = measures_follow(replace(found, measures=stated.statement.predicate), attached[MEASURES], stated)
        return pages_follow(found, pdf, attached, signature.certificate) if found.valid else found

    def _detached(self, name: str, data: bytes, envelope: bytes) -> Verification:
        stated = statement.verify(envelope)
        if isinstance(stated, Flaw):
            return Verification(name).but(stated)
        found = self._stated(name, stated)
        if not stated.covers(sha256(data)):
            return found.but(Flaw("the file", "it is not what was signed: something was changed"))
        found = found.holds("the file is, octet for octet, as it was signed")
        if data.startswith(_PICTURES):
            return found
        if isinstance(stated, Stated):
            return self._tape(found, data, stated)
        return measures_follow(found, data, stated)

    def _envelope(self, path: Path, envelope: bytes) -> Verification:
        """A signature file: of what it covers, what lies beside it is verified."""
        stated = statement.verify(envelope)
        if isinstance(stated, Flaw):
            return Verification(path.name).but(stated)
        found = self._stated(path.name, stated)
        names = [one.name for one in stated.statement.subject]
        own = path.name.removesuffix(SIGNATURE) if path.name.endswith(SIGNATURE) else ""
        beside = [name for name in dict.fromkeys((*names, own)) if name and Path(name).name == name and path.with_name(name).is_file()]
        if not beside:
            return found.but(Flaw("the file", f"nothing of what it signs lies beside it: {', '.join(names)[:200]}"))
        for name in beside:
            data = _read(path.with_name(name))
            if isinstance(data, Flaw) or not stated.covers(sha256(data)):
                found = found.but(Flaw(name, "it is not what was signed: something was changed"))
            else:
                found = found.holds(f"{name} is, octet for octet, as it was signed")
        return found

    def _pack(self, name: str, data: bytes) -> Verification:
        """An evidence pack: what its statement and its report sign, and nothing else in it but how to verify that."""
        files = unpacked(data)
        if isinstance(files, Flaw):
            return Verification(name).but(files)
        if STATEMENT not in files:
            return Verification(name).holds("every file is as the manifest says").but(Flaw("the pack", "it is not signed"))
        stated = statement.verify(files[STATEMENT])
        if isinstance(stated, Flaw):
            return Verification(name).but(stated)
        if isinstance(stated, StatedMeasures):
            return Verification(name).but(Flaw("the statement", "it is about another kind of report"))
        found = self._stated(name, stated).holds("every file is as the manifest says")
        wrong = [one for one in (EVIDENCE, ASSESSMENT) if stated.digest_of(one) != sha256(files[one])]
        reports = tuple(one for one in files if one.endswith(".pdf"))
        strange = set(files) - {EVIDENCE, ASSESSMENT, STATEMENT, MANIFEST, VERIFY, *reports}
        found = found.but(*(Flaw(one, "it is not what was signed: something was changed") for one in wrong))
        found = found.but(*(Flaw(one, "nobody signed it") for one in sorted(strange)))
        if files.get(VERIFY) != how_to_verify(json.decode(files[ASSESSMENT]), (*reports, STATEMENT)).encode():
            found = found.noting(f"{VERIFY} is not signed, and not as this program writes it")
        for report in reports:
            found = self._with_report(found, self._pdf(report, files[report]))
        return self._tape(found, files[EVIDENCE], stated) if found.valid else found

    def _with_signature(self, found: Verification, path: Path, data: bytes) -> Verification:
        """A pack is verified by itself; a signature file that lies beside it has to hold as well."""
        beside = path.with_name(path.name + SIGNATURE)
        if not beside.is_file():
            return found
        envelope = _read(beside)
        stated = envelope if isinstance(envelope, Flaw) else statement.verify(envelope)
        if isinstance(stated, Flaw):
            return found.but(f"{beside.name}: {stated}")
        if not stated.covers(sha256(data)):
            return found.but(Flaw(beside.name, "it is of another file, or the pack was changed"))
        if found.signer and fingerprint(stated.certificate) != found.signer.fingerprint:
            return found.but(Flaw(beside.name, "it is signed with another key than the pack"))
        return found.holds(f"the pack is, octet for octet, what {beside.name} signs")

    def _with_report(self, found: Verification, report: Verification) -> Verification:
        if report.valid and (report.claims, report.signer) != (found.claims, found.signer):
            return found.but(Flaw(report.file, "it is another report than the one that the pack is of"))
        found = found.but(*(f"{report.file}: {flaw}" for flaw in report.flaws)).noting(*report.notes)
        found = replace(found, signed_at=report.signed_at, stamped_at=report.stamped_at, stamped_by=report.stamped_by)
        return found.holds(f"{report.file} is signed with the same key, and its pages follow from the evidence") if report.valid else found

    def _tape(self, found: Verification, data: bytes, stated: Stated) -> Verification:
        try:
            observation = decode(data)
        except TapeError:
            return found
        return tape_follows(found, observation, stated, self.rubrics)

    def _stated(self, name: str, stated: Stated | StatedMeasures) -> Verification:
        found = Verification(name, signer=self._party(stated.certificate, ()))
        if isinstance(stated, Stated):
            return replace(found, claims=stated.statement.predicate)
        return replace(found, measures=stated.statement.predicate)

    def _party(self, certificate: x509.Certificate, others: tuple[x509.Certificate, ...]) -> Party:
        trusted = self.trusted.knows(certificate, others) if self.trusted else None
        return Party(owner(certificate), fingerprint(certificate), trusted)

    def _ended(self, found: Verification) -> Verification:
        """With what is asked of every file: a key that is trusted, and freshness."""
        if found.signer and found.signer.trusted is False:
            found = found.but(Flaw("the signer", f"signed by an unknown key, fingerprint {found.signer.fingerprint}"))
        said = found.claims or found.measures
        if said is None:
            return found
        at = said.observed_at
        if found.stamped_at and found.stamped_at < at - _CLOCKS_DIFFER:
            found = found.but(Flaw("the time stamp", "it is older than the observation that it covers"))
        if found.signed_at and found.signed_at < at - _CLOCKS_DIFFER:
            found = found.noting("by the signer's clock it was signed before the observation; a clock was wrong")
        state = Freshness.AHEAD if at > self.now + _CLOCKS_DIFFER else Freshness.FRESH if self.now < at + FRESH else Freshness.EXPIRED
        found = replace(found, freshness=state, fresh_until=at + FRESH)
        return found.but(Flaw("freshness", "it is not fresh any more")) if self.want_fresh and state is not Freshness.FRESH else found


def verify_file(
    path: Path, now: datetime, trusted: tuple[bytes, ...] = (), rubrics: tuple[Rubric, ...] = (), *, want_fresh: bool = False
) -> Verification:
    """Verify a file in a process of its own, so that a hostile one costs neither time nor memory without end.

    `trusted` are PEM files (see `trust.read`, whose `KeyUnusableError` is best had before). Never raises for what the file holds.
    """
    try:
        return bounded(partial(_verified, path, now, trusted, rubrics, want_fresh))
    except NotDoneError as error:
        return Verification(path.name).but(Flaw("the file", f"it could not be verified: {error}"))


def _verified(path: Path, now: datetime, trusted: tuple[bytes, ...], rubrics: tuple[Rubric, ...], want_fresh: bool) -> Verification:
    known = NOBODY
    for pem in trusted:
        known = known + trust.read(pem)
    return Verifier(now, known, rubrics, want_fresh).file(path)


def _read(path: Path) -> bytes | Flaw:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    return data if len(data) <= LARGEST else Flaw("the file", f"it is larger than {LARGEST // 1024 // 1024} MiB")
