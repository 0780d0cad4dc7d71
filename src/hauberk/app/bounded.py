"""Work on somebody else's file in a process of its own, with an end to its time and memory.

The process is a fresh interpreter: a fork would inherit the locks of threads that no longer run, such as the typesetter's, and
`multiprocessing` would import the main program again, whatever that does.
"""

import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")
SECONDS = 90.0
MEMORY = 3 * 1024**3  # octets of address space

_log = logging.getLogger(__name__)


class NotDoneError(Exception):
    """The work was not brought to its end; the message says why, for people."""


def bounded(work: Callable[[], T], *, seconds: float = SECONDS, memory: int = MEMORY) -> T:
    """What `work` gives back; both must be picklable. Raises `NotDoneError` where it takes too long or too much, or fails."""
    order = pickle.dumps((work, int(seconds) + 1, memory))
    command = [sys.executable, "-P", "-m", __name__]  # -P: no module comes from the current folder
    try:
        done = subprocess.run(command, input=order, capture_output=True, timeout=seconds)  # noqa: S603 - our own interpreter
    except subprocess.TimeoutExpired:
        raise NotDoneError(f"it took more than {seconds:.0f} s") from None
    _log.debug("%s", done.stderr.decode("utf-8", "replace"))
    if done.returncode or not done.stdout:
        raise NotDoneError("it took too much memory or time")
    result, reason = cast("tuple[T, str]", pickle.loads(done.stdout))  # noqa: S301 - it comes from this module
    if reason:
        raise NotDoneError(reason)
    return result


def _bind(seconds: int, memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where only the time is bounded
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory if most == resource.RLIM_INFINITY else min(memory, most), most))


def _child() -> None:
    work, seconds, memory = cast("tuple[Callable[[], object], int, int]", pickle.load(sys.stdin.buffer))  # noqa: S301 - as above
    _bind(seconds, memory)
    result, reason = None, ""
    try:
        result = work()
    except OSError as error:
        reason = f"it cannot be read: {error.strerror or error}"
    except MemoryError:
        reason = "it took too much memory"
    except Exception as error:  # whatever a file makes of us, the answer is that it does not verify
        _log.error("the work failed", exc_info=error)
        reason = f"it cannot be worked on ({type(error).__name__})"
    sys.stdout.buffer.write(pickle.dumps((result, reason)))


if __name__ == "__main__":
    _child()
