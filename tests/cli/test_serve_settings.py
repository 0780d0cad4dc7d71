"""What is wrong with the options of `hauberk serve` is said in a sentence, before anything is served."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from hauberk.app.server_settings import ServerSettings
from hauberk.cli.serve_run import opened
from hauberk.cli.serve_settings import Request, settings_of
from hauberk.cli.working import MailOptions
from hauberk.store.errors import StoreError
from hauberk.world.live import LiveConfig


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    """As typed by somebody who types nothing."""
    return Request("sqlite:///hauberk.db", tmp_path / "data", "127.0.0.1", 8025, "", (), None, None, None, None, None, MailOptions())


def _settings(request: Request) -> ServerSettings:
    return settings_of(request, LiveConfig(), 8025)


def test_without_options_it_is_for_this_machine(request_: Request) -> None:
    settings = _settings(request_)
    assert (settings.url, settings.works, settings.https) == ("http://127.0.0.1:8025", True, False)
    assert settings.hosts == {"127.0.0.1", "localhost", "[::1]"}
    assert settings.work.base_url == settings.url


@pytest.mark.parametrize(
    ("database", "work", "works"),
    [("postgresql://h@x/y", None, False), ("postgresql://h@x/y", True, True), ("sqlite:///x.db", False, False)],
)
def test_who_does_the_work_follows_from_the_database_unless_it_is_said(
    request_: Request, database: str, work: bool | None, works: bool
) -> None:
    assert _settings(replace(request_, database=database, work=work)).works is works


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://Hauberk.example.com/", "0.0.0.0", "https://hauberk.example.com"),
        ("https://hauberk.example.com:8443", "127.0.0.1", "https://hauberk.example.com:8443"),
        ("https://hauberk.example.com:443", "0.0.0.0", "https://hauberk.example.com"),
        ("http://hauberk.lan:80/", "0.0.0.0", "http://hauberk.lan"),
        ("https://hauberk.m\u00fcnchen.example", "0.0.0.0", "https://hauberk.xn--mnchen-3ya.example"),
        ("https://[2001:DB8::1]:8443", "::", "https://[2001:db8::1]:8443"),
        ("", "::1", "http://[::1]:8025"),
    ],
)
def test_the_address_is_the_one_that_people_see(request_: Request, url: str, host: str, origin: str) -> None:
    settings = _settings(replace(request_, url=url, host=host))
    assert settings.url == settings.origin == origin
    assert origin in settings.origins


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "0.0.0.0"}, "say with --url how people reach"),
        ({"url": "https://x.example/path"}, "without a path"),
        ({"url": "https://user@x.example"}, "without a path"),
        ({"url": "https://x.example:99999"}, "without a path"),
        ({"url": "ftp://x.example"}, "without a path"),
        ({"url": "hauberk.example.com"}, "without a path"),
        ({"tls_key": Path("key.pem")}, "go together"),
        ({"tls_key": Path("key.pem"), "tls_certificate": Path("no.pem")}, "there is no such file"),
        ({"tls_key": Path(__file__), "tls_certificate": Path(__file__)}, "are no chain (PEM)"),
        ({"proxies": ("localhost",)}, "the address that the proxy connects from"),
        ({"proxies": ("127.0.0.1", "*")}, "the address that the proxy connects from"),
        ({"providers": Path("/no/such/file")}, "--providers /no/such/file"),
    ],
)
def test_an_option_that_is_wrong_is_named(
    request_: Request, wrong: dict[str, object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        _settings(replace(request_, **wrong))  # pyright: ignore[reportArgumentType]
    assert ended.value.exit_code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no TOML", "providers.toml"),
        ("\udcff", "providers.toml"),
        ("[[provider]]\nname = 'x'", "issuer"),
        ("[[provider]]\nname = '../x'\nissuer = 'https://x.example'\nclient-id = 'y'", "stands in addresses"),
        ("[[provider]]\nname = 'x'\nissuer = 'http://x.example'\nclient-id = 'y'", "https:// URL"),
        ("[[provider]]\nname = 'x'\nissuer = 'https://x.example'\nclient-id = 'y'\nclient-secret-file = 'none'", "No such file"),
        ("[[provider]]\nname = 'x'\nissuer = 'https://x.example'\nclient-id = 'y'\ncolour = 'red'", "colour"),
        ("[[provider]]\nname = 'x'\nissuer = 'https://x.example'\nclient-id = 'y'\n" * 2, "the same name"),
    ],
)
def test_a_file_of_providers_that_is_wrong_is_refused(
    request_: Request, tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "providers.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(typer.Exit):
        _settings(replace(request_, providers=file))
    assert said in capsys.readouterr().err


def test_over_plain_http_to_others_there_is_a_warning(request_: Request, capsys: pytest.CaptureFixture[str]) -> None:
    assert _settings(replace(request_, host="0.0.0.0", url="http://hauberk.lan:8025")).url == "http://hauberk.lan:8025"
    assert "passwords and sessions can be read on the way" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("no/such/folder/x.db", "cannot be made"),
        ("notes.txt", "damaged or is no database"),
        ("places.db", "places.db is that of another program"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(tmp_path: Path, database: str, said: str) -> None:
    (tmp_path / "notes.txt").write_text("these are notes\n" * 500)
    with closing(sqlite3.connect(tmp_path / "places.db")) as connection:
        connection.execute("CREATE TABLE places (name TEXT)")
    with pytest.raises(StoreError, match=said):
        asyncio.run(opened(f"sqlite:///{tmp_path / database}"))
