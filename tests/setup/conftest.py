"""A running lab, as the tests of the command line have it."""

from cli.conftest import network

__all__ = ["network"]
