"""All files of one host."""

from hauberk.system.declaration import Declaration, Role
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render import (
    clamav,
    dovecot,
    gateway,
    link,
    mta_sts,
    nftables,
    openssl,
    postfix,
    postfix_mda,
    postfix_mta,
    postsrsd,
    rspamd,
    systemd,
    unbound,
)
from hauberk.system.tree import Folder, RenderedFile, Tree, tree


def render(declaration: Declaration, material: Material, role: Role, places: Places) -> Tree:
    """The tree of a host. Nothing of the inside (passwords, mailboxes, content keys) is in the MTA's, no DKIM key in the MDA's."""
    match role:
        case Role.FIREWALL:
            return tree(nftables.files(declaration, role, places), nftables.folders(places))
        case Role.MTA:
            own = (
                *postfix_mta.files(declaration, material, places),
                *unbound.files(declaration, places),
                *mta_sts.files(declaration, places),
                *postsrsd.files(declaration, material, places),
            )
            folders = (*unbound.folders(places), *rspamd.key_folders(material, places))
        case Role.MDA:
            own = (*postfix_mda.files(declaration, material, places), *dovecot.files(declaration, material, places))
            folders = dovecot.folders(places)
    return tree((*own, *_shared(declaration, material, role, places)), (*folders, *_shared_folders(role, places)))


def _shared(declaration: Declaration, material: Material, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    return (
        *rspamd.files(declaration, material, role, places),
        *clamav.files(declaration, role, places),
        *gateway.files(declaration, role, places),
        *nftables.files(declaration, role, places),
        *systemd.files(declaration, role, places),
        *link.files(material, role, places),
        *openssl.files(places),
    )


def _shared_folders(role: Role, places: Places) -> tuple[Folder, ...]:
    return (
        *postfix.folders(places),
        *rspamd.folders(places),
        *clamav.folders(places),
        *gateway.folders(role, places),
        *nftables.folders(places),
        *systemd.folders(role, places),
        *link.folders(places),
    )
