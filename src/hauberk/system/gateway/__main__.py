"""`python -m hauberk.system.gateway CONFIG`: exit code 0 after a clean end, 2 for a configuration that is wrong."""

import asyncio
import sys
from pathlib import Path

from hauberk.system.gateway.service import CannotServe, serve


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m hauberk.system.gateway CONFIG\n")
        return 2
    try:
        asyncio.run(serve(Path(sys.argv[1])))
    except CannotServe as error:
        sys.stderr.write(f"hauberk gateway: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
