"""PostSRSd on the MTA, where aliases lead outside: settings of Debian's service, and the secret of its signatures (postsrsd(8))."""

from hauberk.system import ports
from hauberk.system.declaration import Declaration
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render.guard import word
from hauberk.system.tree import Component, RenderedFile


def files(declaration: Declaration, material: Material, places: Places) -> tuple[RenderedFile, ...]:
    """Nothing where nothing is forwarded."""
    if not declaration.policy.forwarding:
        return ()
    secret = secret_path(places)
    others = ",".join(word(one) for one in declaration.domains)
    text = f"""SRS_DOMAIN={word(declaration.domains[0])}
SRS_EXCLUDE_DOMAINS={others}
SRS_SEPARATOR==
SRS_SECRET={secret}
SRS_HASHLENGTH=8
SRS_HASHMIN=8
SRS_FORWARD_PORT={ports.SRS_FORWARD}
SRS_REVERSE_PORT={ports.SRS_REVERSE}
SRS_LISTEN_ADDR=127.0.0.1
RUN_AS=postsrsd
CHROOT=/var/lib/postsrsd
"""
    return (
        RenderedFile(f"{places.postsrsd}/postsrsd", text.encode(), Component.POSTSRSD),
        RenderedFile(secret, f"{material.srs_secret}\n".encode(), Component.POSTSRSD, 0o600, secret=True),
    )


def secret_path(places: Places) -> str:
    """Installed, it is the package's own: the only one that Debian's AppArmor profile lets postsrsd read."""
    return "/etc/postsrsd.secret" if places.installed else f"{places.hauberk}/srs.secret"
