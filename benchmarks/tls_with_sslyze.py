"""All that sslyze looks at by default on one STARTTLS port of loopback; run by the Python of sslyze's own environment.

python tls_with_sslyze.py HOST PORT
"""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import json
import sys
import time

from sslyze import (
    ProtocolWithOpportunisticTlsEnum,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
)

host, port = sys.argv[1], int(sys.argv[2])
wall, cpu = time.perf_counter(), time.process_time()
request = ServerScanRequest(
    ServerNetworkLocation(host, port, "127.0.0.1"),
    ServerNetworkConfiguration(host, tls_opportunistic_encryption=ProtocolWithOpportunisticTlsEnum.SMTP),
)
scanner = Scanner()
scanner.queue_scans([request])
(result,) = scanner.get_results()
taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
versions = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
attempts = [getattr(result.scan_result, f"{version}_cipher_suites") for version in versions] if result.scan_result else []
suites = sum(len(attempt.result.accepted_cipher_suites) for attempt in attempts if attempt.result)
print(json.dumps({**taken, "suites": suites, "note": "" if result.scan_result else str(result.connectivity_error_trace)[-300:]}))
