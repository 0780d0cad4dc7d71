# pyright: basic, reportMissingImports=false
"""checkdmarc over a list of domains; run by the Python of checkdmarc's own environment, prints one line of JSON.

python scan_with_checkdmarc.py NAMES dns|handshake
"""

import json
import sys
import time
from pathlib import Path

import checkdmarc  # it lives in an environment of its own

names = Path(sys.argv[1]).read_text().split()
wall, cpu = time.perf_counter(), time.process_time()
results = checkdmarc.check_domains(names, check_mx_tls=sys.argv[2] == "handshake")
taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
seen = {
    "domains": len(results),
    "servers": sum(len(result["mx"]["hosts"]) for result in results),
    "spf": sum(result["spf"]["valid"] for result in results),
    "dmarc": sum(result["dmarc"]["valid"] for result in results),
    "starttls": sum(host.get("starttls", False) for result in results for host in result["mx"]["hosts"]),
}
print(json.dumps({**taken, "seen": seen}))
