"""What an RPKI validator had validated: payloads of route origin authorisations (VRPs; RFC 6811, 2), as far as an address is concerned."""

from datetime import datetime

from msgspec import Struct

from hauberk.model.dns import NoAnswer


class Vrp(Struct, frozen=True, order=True, gc=False):
    """AS number `asn` may announce `prefix` (canonical text, `192.0.2.0/24`) and its parts down to `max_length` bits; 0 is nobody."""

    prefix: str
    max_length: int
    asn: int


class VrpSource(Struct, frozen=True):
    """Where the VRPs came from: the file's name, when they were validated, how many it holds, and the SHA-256 (hex) of the file."""

    name: str
    at: datetime
    count: int
    digest: str


class Coverage(Struct, frozen=True, cache_hash=True, order=True, gc=False):
    """Which VRPs cover this address? Not asked of the network, but of the file that the operator gave."""

    address: str


class Covering(Struct, frozen=True, gc=False):
    """Every VRP whose prefix holds the address, the shortest prefix first."""

    vrps: tuple[Vrp, ...] = ()


class CoverageExchange(Struct, frozen=True, gc=False):
    """A question for coverage with what came back: exactly one of `covering` and `no_answer` is set."""

    question: Coverage
    covering: Covering | None = None
    no_answer: NoAnswer | None = None
