"""Checks of signatures in the DNS."""
