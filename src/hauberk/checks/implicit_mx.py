"""What to publish where mail goes to the domain's bare address (RFC 5321, 5.1); shared by the remedies of mx and domain."""

from hauberk.checks.endpoints import seen
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import Silence


def said_clearly(reading: Reading, check: str) -> Remedy:
    """An MX record in place of the bare address. A null MX stops all mail, so it is advised only where nothing takes mail today."""
    domain = reading.domain
    if seen(reading) and all(one.silence is Silence.REFUSED for one in seen(reading)):
        what = (
            "No mail server listens at the address: say that the domain receives no mail, or publish an MX record for the host that does."
        )
        return Remedy(check, what, (f"{domain}. MX 0 .",), (f"{domain}. MX",))
    what = "Publish an MX record if the domain takes mail at this address, or a null MX if it takes none."
    return Remedy(check, what, (f"{domain}. MX 10 {domain}.",), (f"{domain}. MX",))
