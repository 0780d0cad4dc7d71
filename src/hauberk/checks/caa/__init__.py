"""Checks of which authorities may issue certificates."""
