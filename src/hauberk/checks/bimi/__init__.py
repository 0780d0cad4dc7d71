"""Checks of the logo shown beside mail."""
