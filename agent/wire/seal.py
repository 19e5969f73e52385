"""Seal of footage: records in an MP4 file that reveal any later change.

A record is a `uuid` box, which players skip. It covers the stretch of the file between the previous
record and itself. The first record (`open`) covers the start of the file, then one (`link`) covers
each fragment, and the last (`shut`) covers the start in its final form. Each record holds the
SHA-256 of its stretch and a hash chained to the previous record; the node signs that hash. Without
the node's key nobody can make, move or remove a record; see docs/reference/seal.md. Pure.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationError

from agent.wire.terms import Millis, Name, Stamp, UtcMicros, Words

SEAL_UUID: Final = UUID("6d617474-6861-4e73-8561-6c0000000001")
MARK: Final = b"uuid" + SEAL_UUID.bytes
"""Start of every record's box, after its size."""
BEGINNING: Final = b"\0" * 32
"""Chain value before the first record."""
SIGNATURE_BYTES: Final = 64
"""Length of r and s of ECDSA over P-256 with SHA-256: 32 bytes each, big-endian, s at most half the
order."""
_CONTEXT: Final = b"matthan seal 1\0"
_SIGNED: Final = b"matthan seal 1 signed\0"
_HEAD: Final = struct.Struct(">I20s4sII")
"""Box size, `MARK`, tag, number, bytes of the body."""
_TAIL: Final = struct.Struct(">32s32sB")
"""SHA-256 of the stretch, chained hash, bytes of the signature."""
_MOMENT: Final = struct.Struct(">QI")

Tag = Literal["open", "link", "shut"]
_TAGS: Final[dict[bytes, Tag]] = {b"open": "open", b"link": "link", b"shut": "shut"}


class Claims(Words):
    """Content of the first record: origin and start of the footage."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )

    v: Literal[1] = 1
    clip_id: UUID
    node: Name
    camera: Name
    codec: str
    width: Annotated[int, Field(ge=0)]
    """Width of the picture; 0 by 0 for a file with sound only."""
    height: Annotated[int, Field(ge=0)]
    first_frame: Stamp
    """Time of the first frame, clock source and error."""
    fetched_utc_us: UtcMicros | None = Field(default=None, exclude_if=lambda said: said is None)
    """For footage from the camera's own recorder: time of fetching and sealing. Other times are the
    recorder's, corrected by the difference of the clocks."""
    sign_every: Annotated[int, Field(ge=1)]
    """Fragments from one signed link to the next. The first and last record are always signed."""
    certificates: Annotated[tuple[bytes, ...], Field(min_length=1, max_length=5)]
    """Certificates of the node and its issuers, DER (base64url in JSON)."""


class Ending(Words):
    """Content of the last record."""

    is_mended: bool
    """The node lost power while writing and finished the clip after its return."""
    sealed_late: int = 0
    """Fragments at the end that were sealed only then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Start of a fragment: UTC in microseconds, and milliseconds from the start of the clip."""

    utc_us: int
    into_clip_ms: Millis

    def to_bytes(self) -> bytes:
        """The moment as bytes of a `link` record."""
        return _MOMENT.pack(self.utc_us, self.into_clip_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; `number` is 0 for the first, then the fragment's number, then one more."""

    tag: Tag
    number: int
    body: bytes
    stretch: bytes
    """SHA-256 of the bytes between the previous record and this one."""
    chained: bytes
    signature: bytes = b""

    @classmethod
    def after(cls, before: bytes, *, tag: Tag, number: int, body: bytes, stretch: bytes) -> Self:
        """The record after the one with chained hash `before`, not signed yet."""
        chained = chain(before, tag=tag, number=number, body=body, stretch=stretch)
        return cls(tag=tag, number=number, body=body, stretch=stretch, chained=chained)

    def follows(self, before: bytes) -> bool:
        """True if the record was made to follow the record with chained hash `before`."""
        return self.chained == chain(
            before, tag=self.tag, number=self.number, body=self.body, stretch=self.stretch
        )

    def to_box(self) -> bytes:
        """The bytes of the record in the file."""
        size = _HEAD.size + len(self.body) + _TAIL.size + len(self.signature)
        head = _HEAD.pack(size, MARK, self.tag.encode(), self.number, len(self.body))
        tail = _TAIL.pack(self.stretch, self.chained, len(self.signature))
        return head + self.body + tail + self.signature

    @classmethod
    def from_box(cls, box: bytes) -> Self | None:
        """Parse a whole box that starts with `MARK`; None if it is not a record."""
        if len(box) < _HEAD.size + _TAIL.size:
            return None
        _, _, tag, number, body_bytes = _HEAD.unpack_from(box)
        tail_at = _HEAD.size + body_bytes
        signature_at = tail_at + _TAIL.size
        if tag not in _TAGS or signature_at > len(box):
            return None
        stretch, chained, signature_bytes = _TAIL.unpack_from(box, tail_at)
        is_whole = signature_at + signature_bytes == len(box)
        if not is_whole or signature_bytes not in {0, SIGNATURE_BYTES}:
            return None
        return cls(
            tag=_TAGS[tag],
            number=number,
            body=box[_HEAD.size : tail_at],
            stretch=stretch,
            chained=chained,
            signature=box[signature_at:],
        )

    def claims(self) -> Claims | None:
        """Claims of a first record; None if unreadable."""
        try:
            return Claims.model_validate_json(self.body)
        except ValidationError:
            return None

    def ending(self) -> Ending | None:
        """Ending of a last record; None if unreadable."""
        try:
            return Ending.model_validate_json(self.body)
        except ValidationError:
            return None

    def moment(self) -> Moment | None:
        """Start of a link's fragment; None if it was unknown."""
        return Moment(*_MOMENT.unpack(self.body)) if len(self.body) == _MOMENT.size else None


def chain(before: bytes, *, tag: Tag, number: int, body: bytes, stretch: bytes) -> bytes:
    """Hash that binds a record to all records before it; 32 bytes."""
    words = [_CONTEXT, before, tag.encode(), struct.pack(">II", number, len(body)), body, stretch]
    return hashlib.sha256(b"".join(words)).digest()


def to_sign(chained: bytes) -> bytes:
    """Bytes that the node's key signs for a record with this chained hash."""
    return _SIGNED + chained


def without_length(beginning: bytes) -> bytes:
    """Start of a file as it was before its length was known; the length is written at the end.

    Only the eight bytes of the duration in `moov/mvex/mehd` differ; the last record covers the
    start with them.
    """
    return with_length(beginning, 0)


def with_length(beginning: bytes, ticks: int) -> bytes:
    """The start with this length; unchanged if it has no field for it."""
    place = _length_at(beginning)
    if place is None:
        return beginning
    return beginning[:place] + ticks.to_bytes(8, "big") + beginning[place + 8 :]


def states_length(beginning: bytes) -> bool:
    """True if the start states the length of the clip."""
    return without_length(beginning) != beginning


def _length_at(beginning: bytes) -> int | None:
    start, end = 0, len(beginning)
    for name in (b"moov", b"mvex", b"mehd"):
        found = _box_in(beginning, name, start=start, end=end)
        if found is None:
            return None
        start, end = found
    # A full box of version 1: four bytes of version and flags, then 64 bits.
    return start + 4 if end - start == 12 and beginning[start] == 1 else None


def _box_in(data: bytes, name: bytes, *, start: int, end: int) -> tuple[int, int] | None:
    """Start and end of the payload of the first box with that name."""
    while start + 8 <= end:
        size, found = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            return None
        if found == name:
            return start + 8, start + size
        start += size
    return None
