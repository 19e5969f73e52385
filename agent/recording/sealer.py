"""Seals clips with the node's key while they are written, and completes seals after a power cut."""

import hashlib
import mmap
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from agent import crypto
from agent.media.frame import Instant, StreamInfo
from agent.wire.seal import (
    BEGINNING,
    MARK,
    Claims,
    Ending,
    Moment,
    Record,
    Tag,
    to_sign,
    with_length,
    without_length,
)
from agent.wire.seal_check import State, judge
from agent.wire.seal_key import holds
from agent.wire.sealed import stretches
from agent.wire.signature import joined
from agent.wire.terms import ClockSource, Stamp

SIGN_EVERY: Final = 1
"""Fragments per signature. One costs tens of microseconds and 64 bytes with a key in memory; a key
in a slow chip would need a larger value."""

RECORDER_ERROR_MS: Final = 1000
"""Error of a camera recorder's clock, with the network delay to it."""

Sign = Callable[[bytes], bytes]
Trust = Callable[[], tuple[ClockSource, int | None]]


class SealError(Exception):
    """The node's key or certificate cannot make a seal."""


class Sealer:
    """Signs with the node's key, which is read once; any thread may call it."""

    def __init__(
        self,
        node: str,
        *,
        key: ec.EllipticCurvePrivateKey,
        certificates: tuple[x509.Certificate, ...],
        trust: Trust,
        sign_every: int = SIGN_EVERY,
    ) -> None:
        """`trust` gives the clock's source and error; `certificates` begin with the node's own."""
        self._node = node
        self._key = key
        self._public = key.public_key()
        self._certificates = tuple(one.public_bytes(Encoding.DER) for one in certificates)
        self._trust = trust
        self._sign_every = sign_every

    @classmethod
    def open(cls, node: str, *, key_file: Path, cert_file: Path, trust: Trust) -> "Sealer":
        """Sealer with the key and certificate that the node uses for broker and hub; raises
        SealError."""
        try:
            key = crypto.signing_key(key_file.read_bytes())
            certificates = crypto.certificates(cert_file.read_bytes())
        except crypto.WrongKindError as error:
            raise SealError(f"{key_file} holds {error}") from error
        except (OSError, crypto.CryptoError) as error:
            raise SealError(f"{key_file} or {cert_file} cannot be read: {error}") from error
        if certificates[0].public_key() != key.public_key():
            raise SealError(f"{key_file} is not the key of {cert_file}")
        return cls(node, key=key, certificates=certificates, trust=trust)

    def begin(
        self,
        clip_id: UUID,
        camera: str,
        stream: StreamInfo,
        first: Instant,
        *,
        fetched: Instant | None = None,
    ) -> "ClipSeal":
        """The seal of a new clip; `first` is the time of its first frame.

        `fetched`: time of fetching from the camera's recorder, whose clock has whole seconds.
        """
        source, error_ms = self._trust()
        if fetched is not None and error_ms is not None:
            error_ms += RECORDER_ERROR_MS
        claims = Claims(
            clip_id=clip_id,
            node=self._node,
            camera=camera,
            codec=stream.codec,
            width=stream.width,
            height=stream.height,
            first_frame=Stamp(utc_us=first.utc_us, source=source, error_ms=error_ms),
            fetched_utc_us=fetched.utc_us if fetched else None,
            sign_every=self._sign_every,
            certificates=self._certificates,
        )
        return ClipSeal(claims, self.sign)

    def sign(self, chained: bytes) -> bytes:
        """The signature (64 bytes) of a record with that chained hash."""
        der = self._key.sign(to_sign(chained), ec.ECDSA(SHA256()))
        return joined(*decode_dss_signature(der))

    def holds(self, claims: Claims, chained: bytes, signature: bytes) -> bool:
        """True if this node signed the record."""
        is_ours = claims.certificates == self._certificates
        return is_ours and holds(self._public, chained, signature)

    def end_mended(self, path: Path, ticks: int = 0) -> bool:
        """End the seal of a clip cut to its last whole fragment, and set its length.

        `ticks` of its track; 0: unknown. Only for a clip sealed by this node with this key and
        unchanged since. What follows its last record is sealed now, and the seal says so. Returns
        whether it was done; raises OSError.
        """
        with path.open("r+b") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if judge(data, self.holds).state is not State.ENDS_EARLY:
                    return False
                *sealed, rest = stretches(data)
                beginning = data[: sealed[0].end]
            last = sealed[-1].record
            if last is None:
                return False
            beginning = with_length(beginning, ticks) if ticks else beginning
            chain = _Chain(self.sign, after=last)
            late = chain.add("link", b"", rest.sha256) if rest.size_bytes else b""
            ending = Ending(is_mended=True, sealed_late=rest.fragments).model_dump_json().encode()
            file.write(beginning)
            file.flush()
            os.fsync(file.fileno())  # before the last record covers it
            file.seek(0, os.SEEK_END)
            file.write(late + chain.add("shut", ending, _sha256(beginning)))
            file.flush()
            os.fsync(file.fileno())
        return True


class ClipSeal:
    """Seal records of one clip while it is recorded."""

    def __init__(self, claims: Claims, sign: Sign) -> None:
        self._claims = claims
        self._chain = _Chain(sign)

    def opening(self, beginning: bytes) -> bytes:
        """First record, covering the start of the file before the first fragment."""
        body = self._claims.model_dump_json().encode()
        return self._chain.add("open", body, _sha256(without_length(beginning)))

    def link(self, fragment: bytes, moment: Moment) -> bytes:
        """The record that follows a fragment."""
        is_due = self._chain.number % self._claims.sign_every == 0
        return self._chain.add("link", moment.to_bytes(), _sha256(fragment), is_signed=is_due)

    def shut(self, beginning: bytes) -> bytes:
        """Last record, covering the start with the length in it."""
        body = Ending(is_mended=False).model_dump_json().encode()
        return self._chain.add("shut", body, _sha256(beginning))


class _Chain:
    """Makes each record after the previous one."""

    def __init__(self, sign: Sign, *, after: Record | None = None) -> None:
        self._sign = sign
        self._before = after.chained if after else BEGINNING
        self.number = after.number + 1 if after else 0

    def add(self, tag: Tag, body: bytes, stretch: bytes, *, is_signed: bool = True) -> bytes:
        """Box of the next record."""
        record = Record.after(self._before, tag=tag, number=self.number, body=body, stretch=stretch)
        self._before = record.chained
        self.number += 1
        if is_signed:
            record = replace(record, signature=self._sign(record.chained))
        return record.to_box()


def carries_seal(path: Path) -> bool:
    """True if a file that is not empty contains any part of a seal, valid or not."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(MARK) >= 0


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
