"""The server of virus signatures: whole files, parts, only what is newer, and nothing outside its folder."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.signature_server import Settings, SignatureServer, Wanted, parse_request

CONTENT = bytes(range(256)) * 3000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "db"
    inner.mkdir()
    (inner / "daily.cvd").write_bytes(CONTENT)
    (inner / "empty.ndb").touch()
    (tmp_path / "secret.ndb").write_text("secret")
    os.utime(inner / "daily.cvd", (1_795_000_000, 1_795_000_000))
    return inner


def asked(folder: Path, *requests: str) -> list[tuple[str, dict[str, str], bytes]]:
    async def inside() -> list[bytes]:
        async with SignatureServer(Settings(folder, ("127.0.0.1",), 0)) as server:
            return [await one(server.ports[0], text) for text in requests]

    async def one(port: int, text: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text.encode() + b"\r\nHost: mta\r\n\r\n")
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()

    return [parsed(octets) for octets in asyncio.run(inside())]


def parsed(octets: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = octets.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return status.split(" ")[1], dict(field.split(": ", 1) for field in fields), body


def test_a_file_comes_whole_in_part_or_as_a_head(folder: Path) -> None:
    whole, part, tail, head = asked(
        folder,
        "GET /daily.cvd HTTP/1.1",
        "GET /daily.cvd HTTP/1.1\r\nRange: bytes=0-511",
        "GET /daily.cvd HTTP/1.1\r\nRange: bytes=767000-",
        "HEAD /daily.cvd HTTP/1.1",
    )
    assert whole[0] == "200" and whole[2] == CONTENT
    assert part[0] == "206" and part[2] == CONTENT[:512] and part[1]["Content-Range"] == f"bytes 0-511/{len(CONTENT)}"
    assert tail[0] == "206" and tail[2] == CONTENT[767000:]
    assert head[0] == "200" and head[2] == b"" and head[1]["Content-Length"] == str(len(CONTENT))


def test_what_is_not_newer_is_not_sent(folder: Path) -> None:
    ((_, fields, _),) = asked(folder, "GET /daily.cvd HTTP/1.1")
    same, older = asked(
        folder,
        f"GET /daily.cvd HTTP/1.1\r\nIf-Modified-Since: {fields['Last-Modified']}",
        "GET /daily.cvd HTTP/1.1\r\nIf-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT",
    )
    assert same[0] == "304" and same[2] == b"" and older[0] == "200"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /../secret.ndb HTTP/1.1", "404"),
        ("GET /%2e%2e/secret.ndb HTTP/1.1", "404"),
        ("GET //etc/passwd HTTP/1.1", "404"),
        ("GET /freshclam.dat HTTP/1.1", "404"),
        ("GET / HTTP/1.1", "404"),
        ("GET /missing.cvd HTTP/1.1", "404"),
        ("PUT /daily.cvd HTTP/1.1", "405"),
        ("GET /daily.cvd HTTP/1.1\r\nRange: bytes=99999999-", "416"),
        ("nonsense", "400"),
    ],
)
def test_nothing_else_is_to_be_had(folder: Path, line: str, status: str) -> None:
    ((got, _, body),) = asked(folder, line)
    assert got == status and body == b""


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_a_name_that_is_served_never_leads_out_of_the_folder(path: str) -> None:
    wanted = parse_request(f"GET /{path} HTTP/1.1\r\n\r\n".encode("latin-1"))
    assert isinstance(wanted, str) or (isinstance(wanted, Wanted) and "/" not in wanted.name and not wanted.name.startswith("."))


@given(st.binary(max_size=300))
def test_any_octets_are_a_request_or_a_status(octets: bytes) -> None:
    assert isinstance(parse_request(octets), Wanted | str)
