"""OpenSSL's own settings for Postfix: Postfix before 3.9 has none for the hash that signs a key exchange, and OpenSSL takes SHA-1.

The file is named by Postfix's own environment (postconf(5), import_environment), so that nothing else on the host changes (config(5ssl)).
"""

from typing import Final

from hauberk.system.places import Places
from hauberk.system.tree import Component, RenderedFile

_SIGNATURES: Final = "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256:RSA+SHA384:RSA+SHA512"


def path(places: Places) -> str:
    return f"{places.hauberk}/openssl.cnf"


def environment(places: Places) -> str:
    """The value of import_environment: Debian's default and our file."""
    return f"MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME OPENSSL_CONF={path(places)}"


def files(places: Places) -> tuple[RenderedFile, ...]:
    text = f"""openssl_conf = settings

[settings]
ssl_conf = tls

[tls]
system_default = every_connection

[every_connection]
MinProtocol = TLSv1.2
SignatureAlgorithms = {_SIGNATURES}
"""
    return (RenderedFile(path(places), text.encode(), Component.POSTFIX),)
