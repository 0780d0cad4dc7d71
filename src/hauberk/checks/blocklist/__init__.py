"""Checks of lists of senders that others refuse."""
