"""The console script. It imports nothing before it stands guard, so that Ctrl-C is told in a word while the commands are still imported."""

import sys

STOPPED = 130  # as shells count: 128 and SIGINT


def run() -> int:
    try:
        from hauberk.cli import main

        return main.run()
    except BaseException as error:
        if is_interrupt(error):
            return stopped()
        raise


def is_interrupt(error: BaseException | None) -> bool:
    """Ctrl-C, or what Python made of it: in the middle of a class it is the cause of a `RuntimeError`."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or is_interrupt(error.__cause__))


def stopped() -> int:
    """Say so; the exit code."""
    sys.stderr.write("\nhauberk: stopped\n")
    return STOPPED
