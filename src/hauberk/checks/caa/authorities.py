"""The CAA names of well-known certification authorities, by the organisation in the issuer of their certificates."""

from hauberk.checks.endpoints import seen
from hauberk.checks.reading import Reading
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import describe

# From the authorities' certification practice statements (Mozilla's list of CAA identifiers gathers them).
_AUTHORITIES = (
    ("Let's Encrypt", "letsencrypt.org"),
    ("Google Trust Services", "pki.goog"),
    ("DigiCert", "digicert.com"),
    ("Sectigo", "sectigo.com"),
    ("ZeroSSL", "sectigo.com"),
    ("COMODO", "sectigo.com"),
    ("GEANT", "harica.gr"),
    ("HARICA", "harica.gr"),
    ("Hellenic Academic", "harica.gr"),
    ("GlobalSign", "globalsign.com"),
    ("Amazon", "amazon.com"),
    ("GoDaddy", "godaddy.com"),
    ("Starfield", "starfieldtech.com"),
    ("Entrust", "entrust.net"),
    ("Buypass", "buypass.com"),
    ("Actalis", "actalis.it"),
    ("SSL Corporation", "ssl.com"),
    ("SwissSign", "swisssign.com"),
    ("Certum", "certum.pl"),
    ("Asseco", "certum.pl"),
    ("Telekom Security", "telesec.de"),
    ("D-Trust", "d-trust.net"),
    ("Microsoft", "microsoft.com"),
    ("IdenTrust", "identrust.com"),
    ("Certigna", "certigna.fr"),
    ("Apple", "pki.apple.com"),
)


def issuer_domains(reading: Reading) -> tuple[str, ...]:
    """The CAA names of the authorities whose certificates the domain's mail servers show, as far as they are known here."""
    found: dict[str, None] = {}
    for one in seen(reading):
        if one.tls is None or not one.tls.chain:
            continue
        leaf = describe(one.tls.chain[0])
        if not isinstance(leaf, Malformed):
            found.update((domain, None) for organisation, domain in _AUTHORITIES if organisation.lower() in leaf.issuer.lower())
    return tuple(found)
