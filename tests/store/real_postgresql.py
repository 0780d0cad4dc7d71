"""A PostgreSQL server of Debian's package on a loopback port, with its data in a folder of its own; gone afterwards."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.ports import free_port

OWNER = "hauberk_owner"
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # the tests kill processes, not machines
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_min_messages": "panic",
    "autovacuum": "off",
}


def why_not() -> str:
    """Why there can be no server; empty when there can."""
    if _programs() is None:
        return "Debian's postgresql is not installed (tests/setup/install_servers.sh brings it)"
    if os.geteuid() == 0 and _user() is None:
        return "there is no user postgres, and PostgreSQL does not run as root"
    return ""


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _user() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


@dataclass(frozen=True)
class Server:
    programs: Path
    data: Path
    port: int

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres", user: str = "postgres") -> str:
        """Run one statement with Debian's own client; what it printed."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database, user)]
        done = subprocess.run([self.programs / command[0], *command[1:]], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        command = [self.programs / program, "-D", self.data, *arguments]
        log = self.data.parent / "log"
        with log.open("ab") as out:
            done = subprocess.run(
                command, user=user, cwd="/", stdout=out, stderr=out, env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"}, timeout=60
            )
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
        self.run("pg_ctl", "-w", "-o", f"-p {self.port} -k {self.data.parent} {settings}", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def server(label: str = "store") -> Generator[Server]:
    """Start it; its folder has a short path, as a socket's has to be. Two in one process want two labels."""
    programs = _programs()
    assert programs is not None
    place = Path(f"/tmp/hauberk-pg-{os.getpid()}-{label}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
    made = Server(programs, place / "data", free_port())
    try:
        made.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
        made.start()
        made.sql(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER CREATEROLE CREATEDB")
        yield made
    finally:
        if (made.data / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(place, ignore_errors=True)
