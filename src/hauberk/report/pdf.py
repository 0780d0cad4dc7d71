"""Report content to PDF (PDF/A-3a and PDF/UA-1, evidence attached) and to pictures of the same pages.

Equal input gives equal octets: the only date is that of the observation, the only fonts are the shipped ones.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TypeAlias, cast

import msgspec
import typst
from PIL import Image

from hauberk.report.content import ReportContent
from hauberk.report.measures import MeasuresContent
from hauberk.report.text import FONTS, ascii_only, fallbacks, settable

_log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "templates"
RESOLUTION = 150  # pixels per inch
MOST_LINES = 20_000  # of one picture, some 75 MB in memory; longer reports are drawn coarser (JPEG itself ends at 65,535)
Content: TypeAlias = ReportContent | MeasuresContent
Foot: TypeAlias = Callable[[int], Image.Image]
_one_at_a_time = Lock()  # the compiler keeps the inputs of its last document


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to put inside the PDF. `data` is UTF-8 text such as JSON."""

    name: str
    description: str
    data: bytes
    media_type: str = "application/json"
    relationship: str = "source"  # PDF/A-3: the report was made from it; or `data`, `supplement`


def build_pdf(content: Content, attachments: tuple[Attachment, ...] = ()) -> bytes:
    (pdf,) = _set(content, attachments)
    return pdf


def build_png(content: Content, foot: Foot | None = None) -> bytes:
    """All pages in one picture, one under the other; `foot` makes what stands below them of the width in pixels."""
    out = BytesIO()
    stacked, resolution = _with_foot(content, foot)
    stacked.save(out, "PNG", compress_level=6, dpi=(resolution, resolution))
    return out.getvalue()


def build_jpg(content: Content, foot: Foot | None = None) -> bytes:
    """The same picture as JPEG."""
    out = BytesIO()
    stacked, resolution = _with_foot(content, foot)
    stacked.save(out, "JPEG", quality=90, dpi=(resolution, resolution))
    return out.getvalue()


def pages(content: Content, resolution: float = RESOLUTION) -> list[bytes]:
    """Each page as PNG, at `resolution` pixels per inch."""
    return _set(content, resolution=resolution)


@lru_cache(maxsize=1)  # PNG and JPG are mostly wanted of the same report
def _picture(content: Content) -> tuple[Image.Image, float]:
    pngs = pages(content)
    tallest = sum(_height(png) for png in pngs)
    if tallest <= MOST_LINES:
        return _stacked(pngs), RESOLUTION
    coarser = RESOLUTION * (MOST_LINES - len(pngs)) / tallest
    return _stacked(pages(content, coarser)), coarser


def _with_foot(content: Content, foot: Foot | None) -> tuple[Image.Image, float]:
    above, resolution = _picture(content)
    if foot is None:
        return above, resolution
    below = foot(above.width)
    tall = Image.new("RGB", (above.width, above.height + below.height), "white")
    tall.paste(above, (0, 0))
    tall.paste(below, (0, above.height))
    return tall, resolution


def _height(png: bytes) -> int:
    with Image.open(BytesIO(png)) as picture:
        return picture.height


def _stacked(pngs: list[bytes]) -> Image.Image:
    width, height = 0, 0
    for png in pngs:
        with Image.open(BytesIO(png)) as picture:
            width, height = max(width, picture.width), height + picture.height
    tall = Image.new("RGB", (width, height), "white")
    top = 0
    for png in pngs:
        with Image.open(BytesIO(png)) as picture:
            tall.paste(picture.convert("RGB"), (0, top))
            top += picture.height
    return tall


def _set(content: Content, attachments: tuple[Attachment, ...] = (), resolution: float | None = None) -> list[bytes]:
    """PDF where no resolution is given, else the pages as PNG."""
    try:
        return _compile(_inputs(content, attachments, settable), content, resolution)
    except typst.TypstError as error:
        # A report must come out whatever the world wrote; a combination of characters that the fonts cannot set is shown in ASCII.
        _log.warning("the report could not be set as written, falling back to ASCII: %s", error.diagnostic or error)
        return _compile(_inputs(content, attachments, _in_ascii), content, resolution)


def _in_ascii(text: str) -> str:
    return ascii_only(settable(text))


def _inputs(content: Content, attachments: tuple[Attachment, ...], fit: Callable[[str], str]) -> dict[str, str]:
    inputs = {"data": msgspec.json.encode(_fitted(msgspec.to_builtins(content, builtin_types=(bytes,)), fit)).decode()}
    described = [
        {"name": one.name, "description": one.description, "media-type": one.media_type, "relationship": one.relationship}
        for one in attachments
    ]
    inputs["families"] = msgspec.json.encode(fallbacks()).decode()
    inputs["attachments"] = msgspec.json.encode(described).decode()
    inputs |= {f"attachment-{at}": one.data.decode() for at, one in enumerate(attachments)}
    return inputs


def _compile(inputs: dict[str, str], content: Content, resolution: float | None) -> list[bytes]:
    compiler = _compiler("measures.typ" if isinstance(content, MeasuresContent) else "report.typ")
    with _one_at_a_time:
        if resolution is None:
            made = compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3a", "ua-1"], timestamp=content.header.seconds)
        else:
            made = compiler.compile(format="png", sys_inputs=inputs, ppi=resolution)
    if made is None:
        raise RuntimeError("the typesetter gave nothing back")
    return made if isinstance(made, list) else [made]


def _fitted(value: object, fit: Callable[[str], str]) -> object:
    match value:
        case str():
            return fit(value)
        case dict():
            return {key: _fitted(inner, fit) for key, inner in cast("dict[str, object]", value).items()}
        case bytes():
            return list(value)  # JSON knows no octets
        case list() | tuple():
            return [_fitted(inner, fit) for inner in cast("list[object]", value)]
        case _:
            return value


@cache
def _compiler(template: str) -> typst.Compiler:
    shipped = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    return typst.Compiler(TEMPLATES / template, root=TEMPLATES, font_paths=shipped, ignore_system_fonts=True)
