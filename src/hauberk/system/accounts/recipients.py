"""The copy of the recipients on the MTA: written in one transaction into the file that Postfix holds open.

The DMZ asks nothing of the inside: the MDA pushes, by `python -m hauberk.system.accounts.recipients FILE` on the MTA (over SSH, or in
its namespace on a stage) with the list on standard input. A new file in place of the old would stay unseen: a running smtpd keeps the
one that it has opened.
"""

import os
import sqlite3
import sys
from pathlib import Path

import msgspec

from hauberk.system.accounts.account import Alias, Recipients
from hauberk.system.accounts.schema import COPY

_BUSY_SECONDS = 15


def write(path: Path, recipients: Recipients) -> None:
    """Replace what the file says, whole or not at all. Raises `sqlite3.Error` and `OSError`."""
    fresh = not path.exists()
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        # Readers have no right to write here, as the write-ahead log would want.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN IMMEDIATE")
        for statement in COPY:
            connection.execute(statement)
        connection.execute("DELETE FROM mail_recipients")
        connection.execute("DELETE FROM mail_aliases")
        connection.executemany("INSERT INTO mail_recipients VALUES (?)", ((one,) for one in recipients.addresses))
        connection.executemany("INSERT INTO mail_aliases VALUES (?, ?)", ((one.address, one.target) for one in recipients.aliases))
        connection.execute("COMMIT")
    finally:
        connection.close()
    if fresh:
        path.chmod(0o644)  # Postfix's daemons read it as their own user


def read(path: Path) -> Recipients:
    """What the file says. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    try:
        addresses: list[tuple[str]] = connection.execute("SELECT address FROM mail_recipients ORDER BY address").fetchall()
        aliases: list[tuple[str, str]] = connection.execute("SELECT address, target FROM mail_aliases ORDER BY address, target").fetchall()
    finally:
        connection.close()
    return Recipients(tuple(address for (address,) in addresses), tuple(Alias(address, target) for address, target in aliases))


def encode(recipients: Recipients) -> bytes:
    return msgspec.json.encode(recipients)


def main() -> int:
    """Read a list on standard input, write it into the file that the argument names; 2 where either cannot be."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m hauberk.system.accounts.recipients FILE <LIST\n")
        return 2
    try:
        write(Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=Recipients))
    except (msgspec.DecodeError, sqlite3.Error, OSError) as error:
        sys.stderr.write(f"the recipients were not written: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
