"""The strip at the foot of a signed picture: the QR code, and how to verify."""

from functools import cache

from PIL import Image, ImageDraw, ImageFont

from hauberk.report.signature.code import qr
from hauberk.report.text import FONTS

_INK, _QUIET, _RULE = "#16202b", "#5b6875", "#c9d1d9"
_SIDE = 106  # pixels: the margin of the pages at 150 to the inch
_TEXT = 22


def strip(width: int, code: str, fingerprint: str, evidence: str, result: str = "score") -> Image.Image:
    """`width` pixels wide; `fingerprint` as people compare it; `result`: what the code says came of it."""
    picture = qr(code, 4)
    made = Image.new("RGB", (width, max(picture.height, 260) + 30), "white")
    draw = ImageDraw.Draw(made)
    draw.line((_SIDE, 0, width - _SIDE, 0), fill=_RULE, width=2)
    made.paste(picture, (_SIDE - 16, 15))
    left, top = _SIDE + picture.width, 30
    for text, style, ink in (
        ("This picture is signed", "SemiBold", _INK),
        ("Its signature is the file of the same name and .sig; check with: hauberk verify FILE", "Regular", _INK),
        ("Key", "Medium", _QUIET),
        *((part, "Mono", _INK) for part in _halves(fingerprint)),
        ("Evidence", "Medium", _QUIET),
        (evidence, "Mono", _INK),
        (f"The code holds domain, time, {result} and evidence, signed; it outlives a screenshot.", "Regular", _QUIET),
    ):
        font = _font(style)
        draw.text((left, top), _fitting(text, font, width - left - 40), font=font, fill=ink)
        top += _TEXT + 9
    return made


def _halves(fingerprint: str) -> tuple[str, str]:
    groups = fingerprint.split(" ")
    return " ".join(groups[:4]), " ".join(groups[4:])


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while len(text) > 8 and font.getlength(text) > width:
        text = text[:-2] + "…" if text.endswith("…") else text[:-1] + "…"
    return text


@cache
def _font(style: str) -> ImageFont.FreeTypeFont:
    name = "IBMPlexMono-Regular.ttf" if style == "Mono" else f"IBMPlexSans-{style}.ttf"
    return ImageFont.truetype(FONTS / name, 17 if style == "Mono" else _TEXT - 2)
