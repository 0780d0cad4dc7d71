"""The settings that the command line of `hauberk serve` asks for. What is wrong with it ends the command with a sentence."""

import ssl
import sys
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from hauberk.app.server_settings import LOOPBACK, Provider, ServerSettings
from hauberk.cli import exits
from hauberk.cli.working import MailOptions, work_settings
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.store.url import is_sqlite, parse
from hauberk.world.live import LiveConfig


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `serve`, as typed."""

    database: str
    data: Path
    host: str
    port: int
    url: str
    proxies: tuple[str, ...]
    tls_certificate: Path | None
    tls_key: Path | None
    providers: Path | None
    work: bool | None
    key: Path | None
    mail: MailOptions


class ProviderEntry(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, frozen=True):
    """One `[[provider]]` of the file; the secret stands there or in a file of its own."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    client_secret_file: str = ""
    label: str = ""
    tenant: str = ""


class ProviderFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    provider: tuple[ProviderEntry, ...] = ()


def settings_of(request: Request, config: LiveConfig, port: int) -> ServerSettings:
    """The settings that the options ask for; `port` is the one that was got. Ends the command with a message when one is wrong."""
    url = _url_of(request, port)
    work = work_settings(config, data=request.data, key=request.key, mail=request.mail, base_url=url)
    works = is_sqlite(parse(request.database)) if request.work is None else request.work
    return ServerSettings(
        database=request.database,
        work=work,
        host=request.host,
        port=port,
        url=url,
        proxies=tuple(map(_proxy, request.proxies)),
        providers=_providers(request.providers) if request.providers else (),
        works=works,
    )


def _url_of(request: Request, port: int) -> str:
    if (request.tls_certificate is None) != (request.tls_key is None):
        exits.refuse("--tls-certificate and --tls-key go together")
    for file in (request.tls_certificate, request.tls_key):
        if file is not None and not file.is_file():
            exits.refuse(f"{file}: there is no such file")
    if request.tls_certificate and request.tls_key:
        _try_key(request.tls_certificate, request.tls_key)
    if not request.url:
        if request.host not in LOOPBACK:
            exits.refuse("say with --url how people reach a server that does not listen on this machine only: --url https://NAME")
        host = f"[{request.host}]" if ":" in request.host else request.host
        return f"{'https' if request.tls_key else 'http'}://{host}:{port}"
    parts = _parts(request.url)
    if parts is None:
        exits.refuse(f"--url {request.url[:80]!r} has to be like https://hauberk.example.com, without a path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        sys.stderr.write("hauberk: over http:// passwords and sessions can be read on the way; put it behind https\n")
    return f"{parts.scheme}://{_as_browsers_say_it(parts)}"


def _try_key(certificate: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # SSLError is one
        exits.refuse(f"--tls-certificate {certificate} and --tls-key {key} are no chain (PEM) with its own unencrypted key: {error}")


def _proxy(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        exits.refuse(f"--proxy {text[:80]!r}: the address that the proxy connects from is wanted, like 127.0.0.1, or its network")
    return text


def _parts(url: str) -> SplitResult | None:
    """The parts of an http or https URL with a host, a port perhaps, and nothing more."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if whole and not (parts.username or parts.query or parts.fragment or parts.path.strip("/")) else None


def _as_browsers_say_it(parts: SplitResult) -> str:
    """Host and port as they stand in Host and Origin (RFC 6454, 6.2): in A-labels, without the usual port."""
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    if not name.isascii():
        named = parse_domain(name)
        if isinstance(named, Malformed):
            exits.refuse(f"--url: {named.reason}")
        host = named
    usual = {"http": 80, "https": 443}[parts.scheme]
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _providers(file: Path) -> tuple[Provider, ...]:
    try:
        entries = msgspec.toml.decode(file.read_bytes().removeprefix(BOM_UTF8), type=ProviderFile).provider
        made = tuple(_provider(entry, file.parent) for entry in entries)
    except OSError as error:
        exits.refuse(f"--providers {error.filename}: {error.strerror}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        exits.refuse(f"--providers {file}: {error}")
    names = [one.name for one in made]
    if len(set(names)) != len(names):
        exits.refuse(f"--providers {file}: two providers have the same name")
    return made


def _provider(entry: ProviderEntry, folder: Path) -> Provider:
    """Raises `OSError`."""
    if not entry.name.isascii() or not entry.name.replace("-", "").isalnum():
        exits.refuse(f"--providers: the name {entry.name[:40]!r} stands in addresses: letters, digits and hyphens")
    if urlsplit(entry.issuer).scheme != "https" and not _is_loopback(urlsplit(entry.issuer).hostname or ""):
        exits.refuse(f"--providers: the issuer of {entry.name} has to be an https:// URL")
    provider = Provider(entry.name, entry.issuer, entry.client_id, entry.client_secret, entry.label, entry.tenant)
    if not entry.client_secret_file:
        return provider
    return replace(provider, client_secret=(folder / entry.client_secret_file).read_text().strip())
