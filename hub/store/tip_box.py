"""What of a tip nobody reads without the hub's own key, and the codes and forms made with it.

One file of 32 bytes (`tips.key` beside the hub's other secrets), from which a key for each purpose
is derived: sealing (AES-256-GCM, bound to the tip it belongs to, so that nothing sealed can be put
under another), codes for senders, and the marks of forms. Nobody else can make one that holds.
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

from hub.alerts.moment import Moment
from hub.alerts.tips import code_of

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FORM_OLDEST_S: Final = 24 * 3600
FORM_YOUNGEST_S: Final = 3
"""Nobody reads the form and fills it in faster; programs do."""


class UnsealError(Exception):
    """The key is not the one it was sealed with, or the bytes are not what was sealed."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who sent a tip, as far as they said."""

    name: str
    contact: str


class TipBox:
    """For any thread."""

    def __init__(self, key: bytes) -> None:
        """ValueError unless the key has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"{KEY_BYTES} bytes are wanted, not {len(key)}")
        self._seal = AESGCM(_derived(key, "seal"))
        self._codes = _derived(key, "codes")
        self._forms = _derived(key, "forms")

    @classmethod
    def new_key(cls) -> bytes:
        """Bytes of chance."""
        return secrets.token_bytes(KEY_BYTES)

    def seal(self, content: bytes, *, tip_id: UUID, purpose: str) -> bytes:
        """Readable again only with the key, for this tip and purpose."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, content, _bound(tip_id, purpose))

    def unseal(self, sealed: bytes, *, tip_id: UUID, purpose: str) -> bytes:
        """What was sealed; UnsealError when it was not, or not for this."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._seal.decrypt(nonce, body, _bound(tip_id, purpose))
        except (InvalidTag, ValueError) as error:
            raise UnsealError("the key tips.key is not the one it was sealed with") from error

    def seal_reporter(self, reporter: Reporter, *, tip_id: UUID) -> bytes:
        """Name and contact."""
        words = json.dumps({"name": reporter.name, "contact": reporter.contact})
        return self.seal(words.encode(), tip_id=tip_id, purpose="reporter")

    def unseal_reporter(self, sealed: bytes, *, tip_id: UUID) -> Reporter:
        """Name and contact again; UnsealError as above."""
        words = json.loads(self.unseal(sealed, tip_id=tip_id, purpose="reporter"))
        return Reporter(name=words["name"], contact=words["contact"])

    def code(self, submission: str, content: bytes) -> str:
        """The sender's code: the same for the same words of one form, sent twice or ten times."""
        words = submission.encode() + b"\0" + sha256(content).digest()
        return code_of(hmac.digest(self._codes, words, "sha256"))

    def form_mark(self, now: Moment) -> str:
        """What a form carries to be one of ours."""
        issued = f"{now.utc_us // 1_000_000}.{secrets.token_urlsafe(9)}"
        return f"{issued}.{self._mark(issued)}"

    def form_age_s(self, mark: str, now: Moment) -> int | None:
        """How old a form is; None for one that is none of ours."""
        issued, _, given = mark.rpartition(".")
        if not hmac.compare_digest(self._mark(issued).encode(), given.encode()):
            return None
        return now.utc_us // 1_000_000 - int(issued.partition(".")[0])

    def _mark(self, issued: str) -> str:
        return hmac.digest(self._forms, issued.encode(errors="replace"), "sha256").hex()[:32]


def code_hash(code: str) -> str:
    """What is kept of a code."""
    return sha256(code.encode()).hexdigest()


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"matthan tips {purpose}".encode(), "sha256")


def _bound(tip_id: UUID, purpose: str) -> bytes:
    return f"{purpose}:{tip_id}".encode()
