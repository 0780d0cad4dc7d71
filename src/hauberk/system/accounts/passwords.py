"""Passwords of people and of their programs. Only hashes are kept."""

import hashlib
import secrets

APP_PASSWORD_BITS = 160
_SHORTEST = 12
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 characters, none that is taken for another


def hashed(password: str) -> str:
    """As Dovecot reads it: Argon2id with 19 MiB and two passes (OWASP's first choice)."""
    from argon2 import PasswordHasher

    return "{ARGON2ID}" + PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(password)


def weakness(password: str) -> str:
    """What is wrong with a password that a person chose, as a sentence; empty where nothing is (NIST SP 800-63B, 5.1.1.2: length)."""
    if len(password) < _SHORTEST:
        return f"a password has at least {_SHORTEST} characters"
    if len(password.encode()) > 512 or any(ord(one) < 32 for one in password):
        return "a password has at most 512 octets and no control characters"
    return "" if len(set(password)) > 4 else "this password is the same few characters again and again"


def new_app_password() -> str:
    """For one program of one person: five bits a character, in groups that can be typed."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(APP_PASSWORD_BITS // 5))
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def digest(app_password: str) -> str:
    """SHA-256, hexadecimal: with that many random bits a slow hash would add nothing (NIST SP 800-63B, 5.1.2.2)."""
    return hashlib.sha256(app_password.encode()).hexdigest()
