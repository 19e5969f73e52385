"""Passwords as argon2id hashes; a check takes the same time whether or not the login exists."""

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARS: Final = 10
MAX_CHARS: Final = 1000
"""Limit of the length, as hashing longer ones only costs time."""


class Passwords:
    """Hashes and checks; at most two at a time, because each needs 64 MiB while it runs."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(2)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Hash of a password, to be stored."""
        with self._turns:
            return self._hasher.hash(password)

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether this is the password. A check takes as long if `stored` is None (no such person)
        or empty (a person without a password)."""
        if len(password) > MAX_CHARS:
            return False
        with self._turns:
            try:
                is_match = self._hasher.verify(stored or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return is_match and bool(stored)
