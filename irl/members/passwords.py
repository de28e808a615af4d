"""Passwords: argon2id with OWASP's parameters, off the event loop and few at a time."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from irl.errors import Invalid
from irl.sentence import Sentence

LEAST: Final = 8
MOST: Final = 256

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, 2 passes, 1 lane.
_HASHER: Final = PasswordHasher(
    time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID, hash_len=32, salt_len=16
)


# What everybody tries first; longer lists belong to the page that helps to choose a password.
_TOO_COMMON: Final = frozenset(
    [
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "password1",
        "passwort",
        "qwertyui",
        "qwertzui",
        "qwerty123",
        "iloveyou",
        "11111111",
        "00000000",
        "abcd1234",
        "letmein1",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "trustno1",
        "superman",
        "welcome1",
        "12341234",
        "87654321",
        "1q2w3e4r",
        "azertyuiop",
    ]
)


# One a core: each takes 19 MiB, and more would only make all of them slower.
_HASHING: Final = ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="irl hashing")


def check(password: str, *, context: tuple[str, ...] = (), field: str = "password") -> None:
    """Check a new password: 8 to 256 characters, not the e-mail or nickname, not a common one.

    Raises:
        Invalid: naming `field`.
    """
    if not LEAST <= len(password) <= MOST:
        raise Invalid(
            Sentence("A password has {least} to {most} characters.", least=LEAST, most=MOST),
            field=field,
        )
    known = {word.casefold() for word in context}
    if password.casefold() in known or password.casefold() in _TOO_COMMON:
        raise Invalid("This password is easy to guess; please choose another.", field=field)
    if not password.isprintable():
        raise Invalid("A password has no control characters.", field=field)


async def hashed(password: str) -> str:
    """Hash a password; takes about 30 ms of one core."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _HASHER.hash, password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Tell whether a password belongs to a hash; without a hash it takes as long and is False."""
    if len(password) > MOST or not password.isprintable():
        return False  # as `check` has it, so nobody has this password
    return await asyncio.get_running_loop().run_in_executor(
        _HASHING, _verify, password, password_hash
    )


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        _HASHER.verify(password_hash or _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
