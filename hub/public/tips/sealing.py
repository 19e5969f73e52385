"""Sealing of tips with the hub's own key, and the codes and form marks made with it.

One file of 32 bytes (`tips.key` beside the hub's other secrets); a key for each purpose is derived
from it: sealing (AES-256-GCM, bound to the tip, so that sealed data cannot be moved to another
tip), codes for senders, and marks of forms. Without the key nobody can forge any of these.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.base.moment import Moment
from hub.public.tips.rules import code_of

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FORM_OLDEST_S: Final = 24 * 3600
FORM_YOUNGEST_S: Final = 3
"""A person needs longer to read and fill in the form; programs are faster."""


class UnsealError(Exception):
    """The key is not the one of the sealing, or the sealed bytes were changed."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """The sender of a tip, as far as they told."""

    name: str
    contact: str


class SealBox:
    """Seals and opens what senders and households entrust, with a key of the hub; for any
    thread."""

    def __init__(self, key: bytes, file: str = "tips.key") -> None:
        """`file` is the name of the key's file, for errors. ValueError unless the key has 32
        bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key must have {KEY_BYTES} bytes, not {len(key)}")
        self._file = file
        self._seal = AESGCM(_derived(key, "seal"))
        self._codes = _derived(key, "codes")
        self._forms = _derived(key, "forms")

    @classmethod
    def new_key(cls) -> bytes:
        """Random bytes for a new key."""
        return secrets.token_bytes(KEY_BYTES)

    def seal(self, content: bytes, *, tip_id: UUID, purpose: str) -> bytes:
        """Encrypt; readable only with the key, for this tip and purpose."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, content, _bound(tip_id, purpose))

    def unseal(self, sealed: bytes, *, tip_id: UUID, purpose: str) -> bytes:
        """Decrypt; UnsealError for a wrong key, tip or purpose, or changed bytes."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._seal.decrypt(nonce, body, _bound(tip_id, purpose))
        except (InvalidTag, ValueError) as error:
            raise UnsealError(
                f"the key {self._file} is not the one it was sealed with: restore it from a backup"
            ) from error

    def seal_reporter(self, reporter: Reporter, *, tip_id: UUID) -> bytes:
        """Seal name and contact."""
        words = json.dumps({"name": reporter.name, "contact": reporter.contact})
        return self.seal(words.encode(), tip_id=tip_id, purpose="reporter")

    def unseal_reporter(self, sealed: bytes, *, tip_id: UUID) -> Reporter:
        """Unseal name and contact; UnsealError as above."""
        words = json.loads(self.unseal(sealed, tip_id=tip_id, purpose="reporter"))
        return Reporter(name=words["name"], contact=words["contact"])

    def code(self, submission: str, content: bytes) -> str:
        """The sender's code: the same if one form is sent several times with the same content."""
        words = submission.encode() + b"\0" + sha256(content).digest()
        return code_of(hmac.digest(self._codes, words, "sha256"))

    def form_mark(self, now: Moment) -> str:
        """Mark that proves that a form came from this hub."""
        issued = f"{now.utc_us // 1_000_000}.{secrets.token_urlsafe(9)}"
        return f"{issued}.{self._mark(issued)}"

    def mark_after_refusal(self, mark: str, now: Moment) -> str:
        """Mark for a refused form that is shown again: its person has waited already, so a quick
        correction does not count as too fast."""
        age_s = self.form_age_s(mark, now)
        if age_s is None:
            return self.form_mark(now)
        return mark if 0 <= age_s <= FORM_OLDEST_S else self.form_mark(now.plus_s(-FORM_YOUNGEST_S))

    def form_age_s(self, mark: str, now: Moment) -> int | None:
        """Age of a form in seconds; None if it did not come from this hub."""
        issued, _, given = mark.rpartition(".")
        if not hmac.compare_digest(self._mark(issued).encode(), given.encode()):
            return None
        return now.utc_us // 1_000_000 - int(issued.partition(".")[0])

    def _mark(self, issued: str) -> str:
        return hmac.digest(self._forms, issued.encode(errors="replace"), "sha256").hex()[:32]


def code_hash(code: str) -> str:
    """Hash under which a code is stored."""
    return sha256(code.encode()).hexdigest()


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"matthan tips {purpose}".encode(), "sha256")


def _bound(tip_id: UUID, purpose: str) -> bytes:
    return f"{purpose}:{tip_id}".encode()
