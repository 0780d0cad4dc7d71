"""An organisation's logo: whatever is uploaded is looked at for what it is, and drawn anew as a small PNG."""

import io
from functools import partial

from PIL import Image

from hauberk.app.bounded import NotDoneError, bounded
from hauberk.report.logo import BOX

LARGEST = 2 * 1024 * 1024
_KINDS = ("PNG", "JPEG", "WEBP", "GIF")
_MOST_PIXELS = 16_000_000
_SECONDS, _MEMORY = 15.0, 1024**3


class NoLogoError(Exception):
    """This cannot be a logo; the message says why, for people."""


def logo_of(content: bytes) -> bytes:
    """A PNG of at most 640 by 200 pixels that holds nothing but the picture. It takes a while: call it off the event loop.

    Raises `NoLogoError`. The picture is decoded in a process of its own, with an end to its time and memory.
    """
    if len(content) > LARGEST:
        raise NoLogoError(f"a logo has at most {LARGEST // 1024 // 1024} MiB")
    try:
        drawn = bounded(partial(_drawn, content), seconds=_SECONDS, memory=_MEMORY)
    except NotDoneError:
        raise NoLogoError("the file cannot be read as a picture") from None
    if isinstance(drawn, str):
        raise NoLogoError(drawn)
    return drawn


def _drawn(content: bytes) -> bytes | str:
    """The PNG, or why there is none."""
    try:
        with Image.open(io.BytesIO(content), formats=_KINDS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return "the picture has too many pixels: 4000 by 4000 is enough"
            picture.load()
            plain = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "the file is no PNG, JPEG, WebP or GIF picture"
    plain.thumbnail(BOX, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    Image.frombytes("RGBA", plain.size, plain.tobytes()).save(out, "PNG", optimize=True)  # without what else was in the file
    return out.getvalue()
