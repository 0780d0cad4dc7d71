"""Checks of the names that addresses have."""
