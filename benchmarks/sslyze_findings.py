"""Everything sslyze says of versions, suites, curves and chains, as JSON; run by the Python of sslyze's own environment.

python sslyze_findings.py HOST PORT smtp|direct
"""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import json
import sys
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding
from sslyze import (
    ProtocolWithOpportunisticTlsEnum,
    ScanCommand,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
)

VERSIONS = {"SSLv2": "ssl_2_0", "SSLv3": "ssl_3_0", "TLSv1": "tls_1_0", "TLSv1.1": "tls_1_1", "TLSv1.2": "tls_1_2", "TLSv1.3": "tls_1_3"}

host, port, opening = sys.argv[1], int(sys.argv[2]), sys.argv[3]
opportunistic = ProtocolWithOpportunisticTlsEnum.SMTP if opening == "smtp" else None
scanner = Scanner()
scanner.queue_scans(
    [
        ServerScanRequest(
            ServerNetworkLocation(host, port, "127.0.0.1"),
            ServerNetworkConfiguration(host, tls_opportunistic_encryption=opportunistic),
            {ScanCommand(f"{name}_cipher_suites") for name in VERSIONS.values()}
            | {ScanCommand.ELLIPTIC_CURVES, ScanCommand.CERTIFICATE_INFO},
        )
    ]
)
(result,) = scanner.get_results()
if result.scan_result is None:
    sys.exit(f"no connection: {str(result.connectivity_error_trace)[-300:]}")
accepted, asked, failed = [], [], []
for version, name in VERSIONS.items():
    attempt = getattr(result.scan_result, f"{name}_cipher_suites")
    if attempt.result is None:
        failed.append(f"{version}: {attempt.error_reason}")
        continue
    accepted += [(version, one.cipher_suite.name) for one in attempt.result.accepted_cipher_suites]
    asked += [(version, one.cipher_suite.name) for one in attempt.result.accepted_cipher_suites + attempt.result.rejected_cipher_suites]
curves, information = result.scan_result.elliptic_curves, result.scan_result.certificate_info
failed += [f"{name}: {one.error_reason}" for name, one in (("curves", curves), ("chains", information)) if one.result is None]
deployments = information.result.certificate_deployments if information.result else []
supported = (curves.result.supported_curves or []) if curves.result else []
rejected = (curves.result.rejected_curves or []) if curves.result else []
print(
    json.dumps(
        {
            "suites": accepted,
            "asked_suites": asked,
            "groups": [one.name for one in supported],
            "asked_groups": [one.name for one in supported + rejected],
            "chains": [
                [sha256(one.public_bytes(Encoding.DER)).hexdigest() for one in deployment.received_certificate_chain]
                for deployment in deployments
            ],
            "failed": failed,
        }
    )
)
