"""The mail system from its declaration: read it, find its keys, and say what goes to which host."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hauberk.system import material_folder
from hauberk.system.apply.site import Site
from hauberk.system.declaration import Declaration, Flaw, Role
from hauberk.system.declaration_reading import read
from hauberk.system.material import Material
from hauberk.system.material_folder import MaterialError
from hauberk.system.places import Places
from hauberk.system.render.host import render


class DeclarationError(Exception):
    """The declaration cannot be read or is wrong; the message has a line for each flaw."""


@dataclass(frozen=True, slots=True)
class System:
    """A declaration with its keys, on a day."""

    declaration: Declaration
    material: Material
    today: date


def key_folder(declaration: Path) -> Path:
    """Where the keys of a declaration are: beside it, `mail.keys` for `mail.toml`."""
    return declaration.with_suffix(".keys")


def declared(path: Path) -> Declaration:
    """Raises `DeclarationError`."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise DeclarationError(f"there is no {path}; `hauberk system init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    found = read(text, str(path))
    if isinstance(found, Declaration):
        return found
    raise DeclarationError("\n".join(_listed(found)))


def _listed(flaws: tuple[Flaw, ...]) -> list[str]:
    return [str(one) for one in flaws]


def opened(path: Path, today: date) -> System:
    """The declaration and its keys. Raises `DeclarationError` and `MaterialError`."""
    found = declared(path)
    return System(found, material_folder.load(key_folder(path), today, _tls_keys(found)), today)


def _tls_keys(declaration: Declaration) -> tuple[bytes, ...]:
    """The MTA's keys, as far as they lie on this machine: of the certificate in use and of the next."""
    found: list[bytes] = []
    here = not declaration.mta.reach
    for name in (declaration.certificates.mta.certificate if here else "", declaration.dns.next_tls_key):
        path = Path(name)
        if name and path.is_file():
            found.append(material_folder.public_key_in(path))
    return tuple(found)


def sites(system: System, root: Path | None, only: frozenset[Role] = frozenset()) -> tuple[Site, ...]:
    """The hosts that the declaration names, each with its tree. `root`: everything below a folder of this machine, nothing is started."""
    declaration = system.declaration
    hosts = [(Role.MTA, declaration.mta), (Role.MDA, declaration.mda)]
    if declaration.firewall.host:
        hosts.append((Role.FIREWALL, declaration.firewall.host))
    found: list[Site] = []
    for role, host in hosts:
        if only and role not in only:
            continue
        places = Places.under(f"{root.resolve()}/{role.value}", _python()) if root else Places()
        tree = render(declaration, system.material, role, places)
        found.append(Site(role, host.name, "" if root else host.reach, places, tree))
    return tuple(found)


def _python() -> str:
    import sys

    return sys.executable


def collision(found: tuple[Site, ...]) -> str:
    """Why these cannot all be applied; empty where they can."""
    here = [one for one in found if not one.reach and one.places.installed]
    if len(here) > 1:
        names = " and ".join(one.name for one in here)
        return f"{names} cannot both be this machine: write how ssh gets there (`reach`), or choose with --host"
    return ""


__all__ = ["DeclarationError", "MaterialError", "System", "collision", "declared", "key_folder", "opened", "sites"]
