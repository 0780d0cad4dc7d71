"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# Fixtures for whoever wants a database.
from store.databases import empty_url, migrated_file, postgresql, postgresql_url, url

__all__ = ["empty_url", "migrated_file", "postgresql", "postgresql_url", "url"]

# A busy machine is no reason to fail; on CI the examples are the same every time, so that a red run can be repeated.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("patient"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "patient")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Octets give no name: those of an archive hold the time they were made at, and each test process has to find the same tests."""
    return argname if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()) else None
