"""The organisation's logo as it stands on a report: a small PNG, attached to the PDF too, so that the pages can be set again from it."""

import struct

LOGO = "logo.png"
LARGEST = 1024 * 1024
BOX = (640, 200)  # pixels
_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # W3C PNG, 5.2 and 11.2.1


def is_logo(png: bytes) -> bool:
    """Whether it is a PNG no larger than that, by its header: nothing is unpacked."""
    if len(png) > LARGEST or not png.startswith(_HEAD) or len(png) < len(_HEAD) + 8:
        return False
    width, height = struct.unpack_from(">II", png, len(_HEAD))
    return 0 < width <= BOX[0] and 0 < height <= BOX[1]
