"""A thread of this process standing in a zone: sockets that it opens belong to that zone's network for as long as they live."""

import ctypes
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

from hauberk.system.stage.leftovers import MOUNTED

_CLONE_NEWNET = 0x40000000  # linux/sched.h


@contextmanager
def standing_in(namespace: str) -> Generator[None]:
    """For the calling thread only (setns(2)). Raises `OSError`. Names are looked up as the machine does it: connect to addresses."""
    home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(MOUNTED / namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
