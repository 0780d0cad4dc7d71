"""The writing of a signature's place into a PDF, by pyHanko; the only module that needs it."""

from collections.abc import Generator
from datetime import datetime
from io import BytesIO
from typing import Protocol, cast

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from hauberk.report.signature.pades import Digested


class _Prepared(Protocol):
    document_digest: bytes


class _Writer(IncrementalPdfFileWriter):
    """Leaves the document's metadata as they are: rewritten, they would hold today's date and another program's name."""

    def _update_meta(self) -> None:
        pass


def embed(pdf: bytes, field: str, at: datetime, room: int, signature_over: Digested) -> bytes:
    """The PDF with an invisible signature field, whose place of `room` hex digits holds what `signature_over` makes of the SHA-256."""
    writer = _Writer(BytesIO(pdf))
    # What the generator yields depends on the step (pyHanko's documentation of `PdfCMSEmbedder.write_cms`).
    steps = cast("Generator[object, object, None]", PdfCMSEmbedder(SigFieldSpec(field)).write_cms(field, writer))
    next(steps)
    steps.send(SigObjSetup(SignatureObject(timestamp=at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=room)))
    prepared, out = cast("tuple[_Prepared, BytesIO]", steps.send(SigIOSetup(md_algorithm="sha256")))
    steps.send(signature_over(prepared.document_digest))
    return out.getvalue()
