"""The server of `benchmarks.server`, a process of its own: what `hauberk serve --no-work` runs, without the API's quotas.

python -m benchmarks.server_process DATABASE FOLDER
"""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.routing import Mount

from hauberk.app.loop import run
from hauberk.app.scanning import now
from hauberk.app.server_settings import ServerSettings
from hauberk.app.work.work_settings import WorkSettings
from hauberk.store.store import Store
from hauberk.web.api.application import mounted
from hauberk.web.api.rate import Quota
from hauberk.web.api.scope import Scope
from hauberk.web.api.service import Limits
from hauberk.web.application import create_app
from hauberk.web.installation import installation_in
from hauberk.world.live import LiveConfig, LiveWorld


async def serve(database: str, folder: Path) -> None:
    """Says its port on stdout, and serves until it is ended."""
    store = await Store.open(database, connections=20)
    try:
        app = create_app(ServerSettings(database, WorkSettings(folder), works=False), store, now, lambda: LiveWorld(LiveConfig()))
        lifted = Limits({scope: Quota(scope.value, 10**9, 10**9) for scope in Scope})
        api = mounted(installation_in(app), lifted)
        app.router.routes[:] = [api if isinstance(one, Mount) and one.name == "api" else one for one in app.router.routes]
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).serve(sockets=[listener])
    finally:
        await store.close()


if __name__ == "__main__":
    run(serve(sys.argv[1], Path(sys.argv[2])))
