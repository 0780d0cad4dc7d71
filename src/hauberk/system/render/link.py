"""The two ends of the links between MTA and MDA: each host gets its own key and certificate, and the authority's certificate."""

from hauberk.system.declaration import Role
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.tree import Component, Folder, RenderedFile


def files(material: Material, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """Postfix reads them before it gives up root; Dovecot's master does too."""
    pair = material.mta_link if role is Role.MTA else material.mda_link
    component = Component.POSTFIX if role is Role.MTA else Component.DOVECOT
    return (
        RenderedFile(f"{places.inner}/authority.pem", material.authority, component),
        RenderedFile(f"{places.inner}/link.pem", pair.certificate, component),
        RenderedFile(f"{places.inner}/link.key", pair.key, component, 0o600, secret=True),
    )


def folders(places: Places) -> tuple[Folder, ...]:
    return (Folder(places.hauberk), Folder(places.inner, 0o755))
