"""Passwords as argon2id hashes; a check takes the same time whether or not the login exists."""

import threading
import unicodedata
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
            return self._hasher.hash(_composed(password))

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether this is the password. A check takes as long if `stored` is None (no such person)
        or empty (a person without a password)."""
        if len(password) > MAX_CHARS:
            return False
        # Also as typed, because older hashes are of that.
        forms = dict.fromkeys((_composed(password), password))
        with self._turns:
            return any(self._matches(one, stored) for one in forms)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            return self._hasher.verify(stored or self._nobody, password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def _composed(password: str) -> str:
    """The password in NFC. One keyboard sends "ậ" as one code point, another as three."""
    return unicodedata.normalize("NFC", password)
