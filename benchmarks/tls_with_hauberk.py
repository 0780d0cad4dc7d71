"""One endpoint looked at by Hauberk: the session with its real handshake, then the probe at the depth asked for.

python -m benchmarks.tls_with_hauberk HOST PORT standard|full
"""

import json
import sys
import time
from importlib import import_module

from hauberk.app.loop import run
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.tls.registry import suites
from hauberk.protocols.walk import Walk, converse_each
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig, LiveWorld

_ADDRESS = "192.0.2.25"


async def look(host: str, port: int, depth: str) -> TlsFacts:
    routes = {(_ADDRESS, 25): ("127.0.0.1", port)}
    async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes)) as world:
        return await Recorder(world).drive(_walk(Endpoint(host, _ADDRESS), ScanOptions(depth=depth)))


def _walk(endpoint: Endpoint, options: ScanOptions) -> Walk[TlsFacts]:
    (session,) = yield from converse_each((endpoint,))
    return (yield from probe_endpoint(endpoint, session, options))


def main() -> None:
    import_module("cryptography.hazmat.backends.openssl.backend")  # as its first use would; imports are not measured
    suites()  # read the registry, as an import would
    wall, cpu = time.perf_counter(), time.process_time()
    facts = run(look(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({**taken, "suites": len(facts.suites), "note": facts.partial}))


if __name__ == "__main__":
    main()
