"""Encryption on the way: STARTTLS and the version of TLS that comes of it."""
