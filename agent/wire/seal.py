"""The seal of footage: records in an MP4 file by which any later change is found.

A record is a `uuid` box, which players pass over. It speaks of the stretch of file between the
record before and itself: the first (`open`) of the file's beginning, then one (`link`) of each
fragment, the last (`shut`) of the beginning as it finally stands. Each holds the SHA-256 of its
stretch and a hash chained to the record before, and the node signs that hash. Nobody without the
node's key can make, move or leave out a record; see docs/reference/seal.md. Pure.
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
"""What every record's box begins with, after its size."""
BEGINNING: Final = b"\0" * 32
"""What the first record is chained to."""
SIGNATURE_BYTES: Final = 64
"""r and s of ECDSA over P-256 with SHA-256, 32 bytes each, big-endian, s at most half the order."""
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
    """What the first record says: whose footage it is, and from when."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )

    v: Literal[1] = 1
    clip_id: UUID
    node: Name
    camera: Name
    codec: str
    width: Annotated[int, Field(ge=0)]
    """0 by 0 for a file of sound alone."""
    height: Annotated[int, Field(ge=0)]
    first_frame: Stamp
    """When the first frame was taken, who vouched for the clock, how far off it may have been."""
    fetched_utc_us: UtcMicros | None = Field(default=None, exclude_if=lambda said: said is None)
    """Said of footage that came from the camera's own recorder: when the node fetched and sealed
    it. Its times are then the recorder's, set right by the difference of the clocks."""
    sign_every: Annotated[int, Field(ge=1)]
    """Every so many fragments a link is signed; the first and the last record always are."""
    certificates: Annotated[tuple[bytes, ...], Field(min_length=1, max_length=5)]
    """The node's certificate and whoever vouches for it, DER (in JSON base64url)."""


class Ending(Words):
    """What the last record says."""

    is_mended: bool
    """The node was cut off while it wrote, and ended the clip when it was back."""
    sealed_late: int = 0
    """Fragments at the end that were sealed only then."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a fragment begins: UTC in microseconds, and milliseconds from the clip's beginning."""

    utc_us: int
    into_clip_ms: Millis

    def to_bytes(self) -> bytes:
        """As a link carries it."""
        return _MOMENT.pack(self.utc_us, self.into_clip_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; `number` is 0 for the first, then the fragment's, then one more."""

    tag: Tag
    number: int
    body: bytes
    stretch: bytes
    """SHA-256 of the bytes between the record before and this one."""
    chained: bytes
    signature: bytes = b""

    @classmethod
    def after(cls, before: bytes, *, tag: Tag, number: int, body: bytes, stretch: bytes) -> Self:
        """The record that follows the one whose chained hash is `before`, not signed yet."""
        chained = chain(before, tag=tag, number=number, body=body, stretch=stretch)
        return cls(tag=tag, number=number, body=body, stretch=stretch, chained=chained)

    def follows(self, before: bytes) -> bool:
        """True if it was made to stand after the record whose chained hash is `before`."""
        return self.chained == chain(
            before, tag=self.tag, number=self.number, body=self.body, stretch=self.stretch
        )

    def to_box(self) -> bytes:
        """As it stands in the file."""
        size = _HEAD.size + len(self.body) + _TAIL.size + len(self.signature)
        head = _HEAD.pack(size, MARK, self.tag.encode(), self.number, len(self.body))
        tail = _TAIL.pack(self.stretch, self.chained, len(self.signature))
        return head + self.body + tail + self.signature

    @classmethod
    def from_box(cls, box: bytes) -> Self | None:
        """From the bytes of a whole box that begins with `MARK`; None if they are no record."""
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
        """What a first record says; None if it cannot be read."""
        try:
            return Claims.model_validate_json(self.body)
        except ValidationError:
            return None

    def ending(self) -> Ending | None:
        """What a last record says; None if it cannot be read."""
        try:
            return Ending.model_validate_json(self.body)
        except ValidationError:
            return None

    def moment(self) -> Moment | None:
        """When a link's fragment begins; None where nobody knew any more."""
        return Moment(*_MOMENT.unpack(self.body)) if len(self.body) == _MOMENT.size else None


def chain(before: bytes, *, tag: Tag, number: int, body: bytes, stretch: bytes) -> bytes:
    """The hash that binds a record to all before it; 32 bytes."""
    words = [_CONTEXT, before, tag.encode(), struct.pack(">II", number, len(body)), body, stretch]
    return hashlib.sha256(b"".join(words)).digest()


def to_sign(chained: bytes) -> bytes:
    """What the node's key signs for a record of that chained hash."""
    return _SIGNED + chained


def without_length(beginning: bytes) -> bytes:
    """The beginning of a file as it was before its length was known, which is written at the end.

    Only the eight bytes of the duration in `moov/mvex/mehd` differ; the last record speaks of
    the beginning with them.
    """
    return with_length(beginning, 0)


def with_length(beginning: bytes, ticks: int) -> bytes:
    """The same with that length in it; as it is where it has no place for one."""
    place = _length_at(beginning)
    if place is None:
        return beginning
    return beginning[:place] + ticks.to_bytes(8, "big") + beginning[place + 8 :]


def states_length(beginning: bytes) -> bool:
    """True if the beginning says how long the clip is."""
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
    """Where the payload of the first box of that name begins and ends."""
    while start + 8 <= end:
        size, found = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            return None
        if found == name:
            return start + 8, start + size
        start += size
    return None
