"""Secrets that are handed out once: the store keeps their digest only."""

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256 (hex). The secrets are random enough that nobody can guess one from its digest."""
    return hashlib.sha256(secret.encode(errors="backslashreplace")).hexdigest()
