"""The one error of the store: what is wrong, in words for an administrator, and which kind of wrong it is."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from typing import NoReturn

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Fault(StrEnum):
    """`away`, `busy` and `full` may pass by themselves; the others want somebody to act."""

    AWAY = "away"
    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read-only"
    DENIED = "denied"
    DAMAGED = "damaged"
    OUTDATED = "outdated"
    IMMUTABLE = "immutable"
    CONFLICT = "conflict"
    MISSING = "missing"
    INVALID = "invalid"
    OTHER = "other"


class StoreError(Exception):
    """The store could not do what was asked; nothing of the transaction was kept."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault

    @property
    def may_pass(self) -> bool:
        """Whether trying again later can help."""
        return self.fault in (Fault.AWAY, Fault.BUSY, Fault.FULL)


_MESSAGES = {
    Fault.AWAY: "the database cannot be reached",
    Fault.BUSY: "the database is busy with another writer",
    Fault.FULL: "the disk of the database is full",
    Fault.READ_ONLY: "the database cannot be written to",
    Fault.DENIED: "the database refuses this user",
    Fault.DAMAGED: "the database file is damaged or is no database",
    Fault.OUTDATED: "the database's tables are not those of this program",
    Fault.IMMUTABLE: "evidence is kept as it was: it cannot be changed or deleted",
    Fault.CONFLICT: "this is there already",
    Fault.MISSING: "this refers to something that is not there",
    Fault.INVALID: "this value cannot be stored",
    Fault.OTHER: "the database failed",
}

# SQLite's primary result codes (the low octet of the extended ones): https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Fault.AWAY,
    sqlite3.SQLITE_IOERR: Fault.AWAY,
    sqlite3.SQLITE_PERM: Fault.DENIED,
    sqlite3.SQLITE_AUTH: Fault.DENIED,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_TOOBIG: Fault.INVALID,
    sqlite3.SQLITE_MISMATCH: Fault.INVALID,
}
_SQLITE_CONSTRAINTS = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Fault.CONFLICT,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Fault.CONFLICT,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Fault.MISSING,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: Fault.IMMUTABLE,
}
# PostgreSQL's SQLSTATE, whole or its class: https://www.postgresql.org/docs/15/errcodes-appendix.html
_POSTGRESQL = {
    "HB001": Fault.IMMUTABLE,  # raised by our own triggers
    "23505": Fault.CONFLICT,
    "23503": Fault.MISSING,
    "25006": Fault.READ_ONLY,
    "40001": Fault.BUSY,
    "40P01": Fault.BUSY,
    "55P03": Fault.BUSY,
    "53100": Fault.FULL,
    "42501": Fault.DENIED,
    "42P01": Fault.OUTDATED,
    "42703": Fault.OUTDATED,
    "3D000": Fault.AWAY,
    "08": Fault.AWAY,
    "53": Fault.AWAY,
    "57": Fault.AWAY,
    "28": Fault.DENIED,
    "22": Fault.INVALID,
    "23": Fault.INVALID,
    "XX": Fault.DAMAGED,
}


def _sqlite_fault(error: sqlite3.Error) -> Fault:
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return Fault.OTHER
    if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return _SQLITE_CONSTRAINTS.get(code, Fault.INVALID)
    # A disk without room for the write-ahead log's index shows as an I/O error of these kinds.
    if code in (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE):
        return Fault.FULL
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such"):
        return Fault.OUTDATED
    return _SQLITE.get(code & 0xFF, Fault.OTHER)


def fault_of(error: BaseException) -> Fault:
    """Which kind of wrong an error of SQLAlchemy or of a driver is."""
    if isinstance(error, PoolTimeout):
        return Fault.BUSY
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            return _sqlite_fault(cause)
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return _POSTGRESQL.get(state, _POSTGRESQL.get(state[:2], Fault.OTHER))
        if isinstance(cause, OSError | TimeoutError):
            return Fault.AWAY
        cause = cause.__cause__
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Fault.AWAY
    return Fault.AWAY if type(getattr(error, "orig", None)).__name__ == "InterfaceError" else Fault.OTHER


def _raise(error: BaseException) -> NoReturn:
    fault = fault_of(error)
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
    raise StoreError(fault, f"{_MESSAGES[fault]} ({said})" if said else _MESSAGES[fault]) from error


@contextmanager
def clear_errors() -> Generator[None]:
    """Turn whatever SQLAlchemy and the drivers raise into `StoreError`."""
    try:
        yield
    except StoreError:
        raise
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        _raise(error)
    except Exception as error:
        if type(error).__module__.startswith("asyncpg"):
            _raise(error)
        raise


def missing(what: str) -> StoreError:
    """This tenant has no such thing; whether another has one is not said."""
    return StoreError(Fault.MISSING, f"there is no such {what}")
