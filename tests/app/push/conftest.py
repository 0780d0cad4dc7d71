"""The command line, as in the tests of its own room."""

from cli.conftest import hauberk

__all__ = ["hauberk"]
