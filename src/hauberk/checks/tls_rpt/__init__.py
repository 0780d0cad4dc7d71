"""Checks of the reports on failed encryption."""
