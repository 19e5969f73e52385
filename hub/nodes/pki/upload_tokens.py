"""Upload tokens: permission for one node to upload pictures and clips for a short time.

A token is a signed "node.expiry". The hub stores no list of tokens: the key verifies them, and they
survive a restart of the hub.
"""

import hashlib
import hmac
from pathlib import Path
from secrets import token_bytes
from typing import Final

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from agent.wire.answers import UploadToken
from agent.wire.ident import is_name
from hub.base.moment import Moment
from hub.base.secret_store.store import FILES, SecretStore

VALID_FOR_S: Final = 900
"""Long enough for one clip on a bad line, short enough to limit a stolen token."""
KEY_BYTES: Final = 32
KEY_NAME: Final = "upload.key"


class UploadTokens:
    """Signs and verifies with one key; for any thread."""

    def __init__(self, key: bytes, *, upload_url: str, valid_for_s: int = VALID_FOR_S) -> None:
        """`upload_url` is the prefix; nodes append a file's hash."""
        if len(key) < KEY_BYTES:
            raise ValueError(f"an upload key has {KEY_BYTES} bytes, this one {len(key)}")
        self._key = key
        self._signer = Signer(
            key, salt="matthan.upload", key_derivation="hmac", digest_method=hashlib.sha256
        )
        self._upload_url = upload_url
        self._valid_for_s = valid_for_s

    @classmethod
    def open(cls, folder: Path, *, upload_url: str, secrets: SecretStore = FILES) -> "UploadTokens":
        """Upload tokens with the key in `folder/upload.key`, created at the first start.

        Raises OSError if it cannot be read or written, or if others can read it.
        """
        key = secrets.make(folder / KEY_NAME, lambda: token_bytes(KEY_BYTES))
        return cls(key, upload_url=upload_url)

    def key_for(self, purpose: str) -> bytes:
        """A separate key for another purpose, derived from this one: the same in every process that
        has this key."""
        return hmac.digest(self._key, f"matthan.{purpose}".encode(), "sha256")

    def issue(self, node: str, now: Moment) -> UploadToken:
        """A token for `node`, valid from now for the usual time."""
        expiry_utc_s = now.utc_us // 1_000_000 + self._valid_for_s
        note = base64_encode(f"{node}.{expiry_utc_s}")
        return UploadToken(
            token=self._signer.sign(note).decode(),
            valid_for_s=self._valid_for_s,
            upload_url=self._upload_url,
        )

    def verify(self, token: str, now: Moment) -> str | None:
        """The node of this token; None if the token is invalid or expired."""
        try:
            node, _, expiry = base64_decode(self._signer.unsign(token)).decode().partition(".")
            expiry_utc_s = int(expiry)
        except (BadSignature, ValueError):
            return None
        if not is_name(node) or now.utc_us >= expiry_utc_s * 1_000_000:
            return None
        return node
