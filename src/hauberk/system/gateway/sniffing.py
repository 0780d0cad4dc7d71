"""What a file is by its first octets, whatever its name says."""

from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """Formats that the policy or the unpacker knows; the value of a format that is no archive is the suffix that the policy knows it by."""

    ZIP = "zip"
    GZIP = "gz"
    BZIP2 = "bz2"
    XZ = "xz"
    TAR = "tar"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    CABINET = "cab"
    ARJ = "arj"
    ACE = "ace"
    LZH = "lzh"
    ZSTANDARD = "zst"
    TNEF = "tnef"
    OLE = "ole"
    PROGRAM = "exe"
    SHORTCUT = "lnk"
    DISC_IMAGE = "iso"
    DISK_IMAGE = "vhd"
    HTML_HELP = "chm"
    OTHER = ""


_STARTS: Final = (
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"PK00PK\x03\x04", Format.ZIP),
    (b"\x1f\x8b", Format.GZIP),
    *((b"BZh%d%b" % (level, mark), Format.BZIP2) for level in range(1, 10) for mark in (b"1AY&SY", b"\x17rE8P\x90")),
    (b"\xfd7zXZ\x00", Format.XZ),
    (b"7z\xbc\xaf\x27\x1c", Format.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Format.RAR),
    (b"MSCF", Format.CABINET),
    (b"\x60\xea", Format.ARJ),
    (b"\x28\xb5\x2f\xfd", Format.ZSTANDARD),
    (b"\x78\x9f\x3e\x22", Format.TNEF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format.OLE),
    (b"MZ", Format.PROGRAM),
    (b"\x7fELF", Format.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Format.PROGRAM),
    (b"\xca\xfe\xba\xbe", Format.PROGRAM),
    (b"L\x00\x00\x00\x01\x14\x02\x00", Format.SHORTCUT),
    (b"vhdxfile", Format.DISK_IMAGE),
    (b"conectix", Format.DISK_IMAGE),
    (b"ITSF", Format.HTML_HELP),
)
_LATER: Final = (
    (257, b"ustar", Format.TAR),
    (7, b"**ACE**", Format.ACE),
    *((2, b"-lh%c-" % method, Format.LZH) for method in b"01234567d"),
    (32_769, b"CD001", Format.DISC_IMAGE),
)


def sniff(octets: bytes) -> Format:
    """The format, or `OTHER`. A zip archive is known by its end as well: what stands before it does not keep a program from opening it."""
    for start, found in _STARTS:
        # A text may begin with letters such as MZ; the formats that do have a zero octet in their header.
        if octets.startswith(start) and (not start.isalpha() or 0 in octets[:64]):
            return found
    for at, mark, found in _LATER:
        if octets[at : at + len(mark)] == mark:
            return found
    return Format.ZIP if b"PK\x05\x06" in octets[-66_000:] else Format.OTHER
