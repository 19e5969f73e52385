"""Challenges for passkeys: none is stored before its valid answer.

A challenge contains its expiry and a MAC over its purpose. So a flood of started sign-ins takes no
space and displaces no others. Answered challenges are stored until they expire, so that no answer
counts twice. Every process of the hub has the same key, so any of them takes the answer.
"""

import hashlib
import hmac
import secrets
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from hub.access.tables import spent_challenges
from hub.base.db.columns import columns, new_id
from hub.base.moment import Moment

HOLDS_S: Final = 300
_NONCE_BYTES: Final = 16
_END_BYTES: Final = 8
_MAC_BYTES: Final = 32


class Challenges:
    """Makes and verifies challenges; `purpose` says the use of the answer, and the person."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def make(self, purpose: str, now: Moment) -> bytes:
        """A new challenge, valid for `HOLDS_S` seconds."""
        ends = now.plus_s(HOLDS_S).utc_us.to_bytes(_END_BYTES)
        body = secrets.token_bytes(_NONCE_BYTES) + ends
        return body + self._mac(purpose, body)

    def holds(self, challenge: bytes, purpose: str, now: Moment) -> bool:
        """True if the challenge is ours, for this purpose, and not expired."""
        body, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        if len(body) != _NONCE_BYTES + _END_BYTES:
            return False
        ends_utc_us = int.from_bytes(body[_NONCE_BYTES:])
        is_ours = hmac.compare_digest(mac, self._mac(purpose, body))
        return is_ours and now.utc_us < ends_utc_us

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + body, "sha256")


def spend(conn: Connection, challenge: bytes, now: Moment, *, holds_s: int = HOLDS_S) -> bool:
    """Record the challenge as answered; False if it already was. Call only under the write lock.

    `holds_s`: seconds during which it could still be presented.
    """
    spent = spent_challenges.c
    conn.execute(delete(spent_challenges).where(spent.ends_utc_us <= now.utc_us))
    digest = hashlib.sha256(challenge).hexdigest()
    if conn.execute(select(spent.id).where(spent.challenge_hash == digest)).first():
        return False
    conn.execute(
        insert(spent_challenges).values(
            id=new_id(now), challenge_hash=digest, **columns("ends", now.plus_s(holds_s))
        )
    )
    return True
