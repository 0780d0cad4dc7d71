"""Passwords: which are taken, and how they are kept (argon2id, RFC 9106) and compared."""

import asyncio
import unicodedata
from functools import cache
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256
# RFC 9106, 4: the second recommended choice. A guess costs 64 MiB, so only a few may be looked at together.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
_AT_ONCE = 4
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def objection(password: str, *known: str) -> str:
    """Why a password is not taken (NIST SP 800-63B, 5.1.1.2: length, and nothing that is known of the user); empty when it is."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return f"A password has at least {SHORTEST} characters; a few words together are easy to remember."
    if len(plain) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    if len(set(plain.lower())) < 5:
        return "This password repeats itself too much to be hard to guess."
    if any(word and plain.lower() in (word.lower(), word.lower() * 2) for word in known):
        return "This password is known to everybody who knows your name or address."
    return ""


async def hashed(password: str) -> str:
    """What is kept of it; about 50 ms of two cores."""
    async with _turn():
        return await asyncio.to_thread(_HASHER.hash, _normal(password))


async def matches(kept: str, password: str) -> bool:
    """Whether the password is the one that `kept` was made of. It takes as long where nothing is kept."""
    if len(password) > LONGEST:
        password = ""
    async with _turn():
        return await asyncio.to_thread(_matches, kept, _normal(password))


def is_outdated(kept: str) -> bool:
    """Whether it was made with other parameters than new ones are."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobody() -> str:
    """Compared with where there is no such user, so that the answer takes as long."""
    return _HASHER.hash("nobody has this password")


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept or _nobody(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """The same on every keyboard (NIST SP 800-63B, 5.1.1.2); lone surrogates, which cannot be encoded, are replaced."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace").decode()


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    return _turns.setdefault(loop, asyncio.Semaphore(_AT_ONCE))
