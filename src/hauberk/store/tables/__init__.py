"""The tables, by what they are about. `METADATA` in `hauberk.store.columns` holds them all once this package is imported."""

from hauberk.store.tables import evidence, people, work

__all__ = ["evidence", "people", "work"]
