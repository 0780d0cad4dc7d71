"""Office documents made by hand for tests: compound files (MS-CFB) with macros (MS-OVBA) or packed programs in them."""

import io
import struct
import zipfile

_END = 0xFFFFFFFE
_FREE = 0xFFFFFFFF
_FAT = 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file; a path is `name` or `storage/name`; each stream has less than 4096 octets."""
    names = sorted({path.split("/")[0] for path in streams if "/" in path})
    entries: list[tuple[str, int, bytes, int]] = [("Root Entry", 5, b"", -1)]
    entries += [(name, 1, b"", 0) for name in names]
    entries += [
        (path.split("/")[-1], 2, octets, names.index(path.split("/")[0]) + 1 if "/" in path else 0) for path, octets in streams.items()
    ]
    mini, starts, mini_fat = b"", dict[int, int](), list[int]()
    for number, (_, kind, octets, _) in enumerate(entries):
        if kind == 2:
            starts[number] = len(mini) // 64
            count = max(1, -(-len(octets) // 64))
            mini_fat += [*range(starts[number] + 1, starts[number] + count), _END]
            mini += octets.ljust(count * 64, b"\0")
    mini_sectors = max(1, -(-len(mini) // 512))
    directory_sectors = -(-len(entries) // 4)
    first_mini_fat = 1 + directory_sectors
    mini_fat_sectors = -(-len(mini_fat) // 128)
    first_mini = first_mini_fat + mini_fat_sectors
    fat = [_FAT, *_chain(1, directory_sectors), *_chain(first_mini_fat, mini_fat_sectors), *_chain(first_mini, mini_sectors)]
    assert len(fat) <= 128
    directory = b"".join(
        _entry(entry, number, entries, first_mini if number == 0 else starts.get(number, 0), len(mini) if number == 0 else len(entry[2]))
        for number, entry in enumerate(entries)
    )
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, first_mini_fat, mini_fat_sectors, _END, 0) + struct.pack("<I", 0)
    return (
        header.ljust(512, b"\xff")
        + struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
        + directory.ljust(directory_sectors * 512, b"\0")
        + struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(mini_fat_sectors * 512, b"\xff")
        + mini.ljust(mini_sectors * 512, b"\0")
    )


def _chain(first: int, count: int) -> list[int]:
    return [*range(first + 1, first + count), _END]


def _entry(entry: tuple[str, int, bytes, int], number: int, entries: list[tuple[str, int, bytes, int]], start: int, size: int) -> bytes:
    name, kind, _, parent = entry
    text = (name + "\0").encode("utf-16-le")
    children = [one for one, (_, _, _, above) in enumerate(entries) if above == number]
    later = [one for one, (_, _, _, above) in enumerate(entries) if above == parent and one > number and number > 0]
    right, child = (later[0] if later else _FREE), (children[0] if children else _FREE)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, _FREE, right, child)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )


def compressed(text: bytes) -> bytes:
    """Text in the compression of MS-OVBA (2.4.1), literals only."""
    chunk = b"".join(b"\0" + text[at : at + 8] for at in range(0, len(text), 8))
    return b"\x01" + struct.pack("<H", (len(chunk) - 1) | 0xB000) + chunk


def _record(number: int, octets: bytes) -> bytes:
    return struct.pack("<HI", number, len(octets)) + octets


def _macro_streams(code: str) -> dict[str, bytes]:
    records = [
        *(_record(1, struct.pack("<I", 1)), _record(2, struct.pack("<I", 0x409)), _record(0x14, struct.pack("<I", 0x409))),
        *(_record(3, struct.pack("<H", 1252)), _record(4, b"Project"), _record(5, b""), _record(0x40, b""), _record(6, b"")),
        *(_record(0x3D, b""), _record(7, bytes(4)), _record(8, bytes(4)), struct.pack("<HIIH", 9, 4, 1, 1), _record(0xC, b"")),
        *(_record(0x3C, b""), _record(0xF, struct.pack("<H", 1)), _record(0x13, b"\xff\xff"), _record(0x19, b"Module1")),
        *(_record(0x47, "Module1".encode("utf-16-le")), _record(0x1A, b"Module1"), _record(0x32, "Module1".encode("utf-16-le"))),
        *(_record(0x1C, b""), _record(0x48, b""), _record(0x31, bytes(4)), _record(0x1E, bytes(4)), _record(0x2C, b"\xff\xff")),
        *(_record(0x21, b""), _record(0x2B, b""), _record(0x10, b"")),
    ]
    project = b'ID="{00000000-0000-0000-0000-000000000000}"\r\nModule=Module1\r\nName="Project"\r\n'
    source = f'Attribute VB_Name = "Module1"\r\n{code}\r\n'.encode()
    return {
        "PROJECT": project,
        "VBA/dir": compressed(b"".join(records)),
        "VBA/Module1": compressed(source),
        "VBA/_VBA_PROJECT": b"\xcc\x61",
    }


def macro_project(code: str) -> bytes:
    """The `vbaProject.bin` of a document with this module."""
    return compound(_macro_streams(code))


def macro_document(code: str) -> bytes:
    """A `.docm` with this module."""
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", "word/vbaProject.bin": macro_project(code)})


def packed_program(name: str, program: bytes) -> bytes:
    """A document into which the Object Packager put a file (MS-OLEDS, 2.3.6)."""
    body = b"\x02\0" + name.encode() + b"\0" + name.encode() + b"\0" + bytes(4) + struct.pack("<I", len(name) + 1) + name.encode() + b"\0"
    body += struct.pack("<I", len(program)) + program
    return compound({"\x01Ole10Native": struct.pack("<I", len(body)) + body})


def encrypted_document() -> bytes:
    """The outside of an Office document under a password (MS-OFFCRYPTO, 2.3)."""
    return compound({"EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0" + b"<encryption/>", "EncryptedPackage": bytes(100)})


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    return made.getvalue()


def locked(archive: bytes) -> bytes:
    """A zip archive that says of each of its files that it is encrypted."""
    made = bytearray(archive)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = made.find(mark)
        while found >= 0:
            made[found + at] |= 1
            found = made.find(mark, found + 4)
    return bytes(made)
