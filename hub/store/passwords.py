"""Passwords as argon2id hashes, checked in the same time whether or not the login exists."""

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARS: Final = 10
MAX_CHARS: Final = 1000
"""Longer ones only cost the hub work."""


class Passwords:
    """Hashes and checks; at most two at a time, because each takes 64 MiB for a moment."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(2)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to store."""
        with self._turns:
            return self._hasher.hash(password)

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether this is the password; `stored` None (no such person) or empty
        (who has none) takes as long."""
        if len(password) > MAX_CHARS:
            return False
        with self._turns:
            try:
                is_match = self._hasher.verify(stored or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return is_match and bool(stored)
