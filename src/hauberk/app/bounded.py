"""Work on somebody else's file in a process of its own, with an end to its time and memory."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Generic, TypeVar, cast

T = TypeVar("T")
SECONDS = 90.0
MEMORY = 3 * 1024**3  # octets of address space

_log = logging.getLogger(__name__)


class NotDoneError(Exception):
    """The work was not brought to its end; the message says why, for people."""


@dataclass(frozen=True)
class _Done(Generic[T]):
    result: T


@dataclass(frozen=True)
class _Failed:
    reason: str


def bounded(work: Callable[[], T], *, seconds: float = SECONDS, memory: int = MEMORY, module: str = "") -> T:
    """What `work` gives back; both must be picklable. Raises `NotDoneError` where it takes too long or too much, or fails.

    `module` is imported once for all work that follows, where the system can do so.
    """
    # A plain fork would inherit the locks of other threads, such as those of the typesetter, which no Python count shows.
    context: ForkServerContext | SpawnContext = get_context("spawn")
    if "forkserver" in get_all_start_methods():
        context = get_context("forkserver")
        context.set_forkserver_preload([module] if module else [])
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, sender, int(seconds) + 1, memory), daemon=True)
    child.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            raise NotDoneError(f"it took more than {seconds:.0f} s")
        outcome = cast("_Done[T] | _Failed", receiver.recv())
    except EOFError:
        raise NotDoneError("it took too much memory or time") from None
    finally:
        child.kill()
        child.join()
        receiver.close()
    if isinstance(outcome, _Failed):
        raise NotDoneError(outcome.reason)
    return outcome.result


def _child(work: Callable[[], T], sender: Connection, seconds: int, memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where only the time is bounded
        pass
    else:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory if most == resource.RLIM_INFINITY else min(memory, most), most))
    try:
        sender.send(_Done(work()))
    except OSError as error:
        sender.send(_Failed(f"it cannot be read: {error.strerror or error}"))
    except MemoryError:
        sender.send(_Failed("it took too much memory"))
    except Exception as error:  # whatever a file makes of us, the answer is that it does not verify
        _log.error("verification failed", exc_info=error)
        sender.send(_Failed(f"it cannot be worked on ({type(error).__name__})"))
