"""Checks of the authoritative name servers."""
