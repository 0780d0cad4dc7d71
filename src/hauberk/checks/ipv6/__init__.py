"""Checks of mail over IPv6."""
