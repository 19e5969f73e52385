"""Live RTP packets as access units, at the cost of little more than copying them. Pure.

H.264 by RFC 6184 (single, STAP-A, FU-A), H.265 by RFC 7798 (single, AP, FU), in the order they were
sent. `rtp_units` does the same for recordings, with their times and a third as fast.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from agent.devices.rtp_units import START, UNIT_BYTES, Codec

_HEAD: Final = Struct(">Q").unpack_from
_NEXT: Final = 1 << 32
"""What a head, read as one number, grows by with the sequence number."""
TURN: Final = 2**32
"""RTP's clock begins again after so many ticks, in half a day."""
PART_BYTES: Final = 64
"""What the smallest piece of a picture takes beside its bytes."""
BACK: Final = 90_000
"""A picture shown so many ticks before the one sent before it may be one of another order."""
BACK_WEIGHS: Final = 16
MOST_BACK: Final = 40
"""Three of them within some ten pictures: a clock that is set goes back once."""
MOST_STRANGE: Final = 20
"""Packets of another source, between which none of the stream's own comes, are a new one."""
_RECOVERY_POINT: Final = 6


class Unreadable(Exception):  # noqa: N818 - what it is
    """A way of packing that nobody reads here; FFmpeg may know it."""


class AccessUnit(NamedTuple):
    """One picture as Annex B; `pts` in ticks of RTP's clock, which goes on over its turns."""

    data: bytes
    pts: int
    is_keyframe: bool


class Gathering:
    """One stream's packets on their way to access units; what is torn by a lost one is left out."""

    def __init__(self, codec: Codec, payload_type: int) -> None:
        self._is_avc = codec == "h264"
        self._payload_type = payload_type
        self._source: bytes | None = None
        self._strange = 0
        self._parts: list[bytes | bytearray] = []
        self._size = 0
        self._next = -1
        self._stamp = -1
        self._marked = -1
        self._pts = 0
        self._backs = 0
        self._has_picture = self._is_keyframe = self._is_open = self._is_torn = False
        self._are_marks_true: bool | None = None
        """Whether a mark is a picture's end; None until a keyframe has been seen to its end."""
        self._done: list[AccessUnit] = []
        self._skip = 2 if self._is_avc else 3
        self._middle = (0, -1, -1)
        """How the next packet begins where it goes on with the fragment of this one."""

    def take(self, room: bytearray, at: int, end: int) -> Sequence[AccessUnit]:
        """The units that the packet there ends: mostly none. Raises Unreadable."""
        skip, (head, kind, flags) = self._skip, self._middle
        if (
            end - at > 12 + skip
            and _HEAD(room, at)[0] == head
            and room[at + 12] == kind
            and room[at + 11 + skip] == flags
            and self._size < UNIT_BYTES
        ):
            self._size += end - at + PART_BYTES
            self._parts.append(room[at + 12 + skip : end])
            self._middle = (head + _NEXT, kind, flags)
            return ()
        return self._take(room, at, end)

    def is_one(self, room: bytearray, at: int) -> bool:
        """Whether the twelve bytes there can only be the head of a packet of this stream."""
        is_of_it = room[at] & 0xC0 == 0x80 and room[at + 1] & 0x7F == self._payload_type
        return is_of_it and self._source in {None, bytes(room[at + 8 : at + 12])}

    def _take(self, room: bytearray, at: int, end: int) -> list[AccessUnit]:
        """Any packet, at eight times the cost."""
        if self._middle[0]:
            self._next = self._middle[0] >> 32 & 0xFFFF
            self._middle = (0, -1, -1)
        if end - at < 13 or room[at] & 0xC0 != 0x80:
            return []
        if room[at + 1] & 0x7F != self._payload_type:
            self._next = -1  # it may be counted with the pictures, or by itself
            return []
        sequence = room[at + 2] << 8 | room[at + 3]
        stamp = int.from_bytes(room[at + 4 : at + 8])
        is_last = room[at + 1] & 0x80
        is_lost = sequence != self._next and self._next >= 0
        if self._is_strange(bytes(room[at + 8 : at + 12]), is_lost):
            return []
        first, at = room[at], at + 12
        if first & 0x3F:
            at, end = _within(room, first, at, end)
        if stamp != self._stamp:
            # What is lost may be the end of one, unless its mark has come.
            is_ended = self._marked == self._stamp and self._are_marks_true is not False
            self._is_torn |= is_lost and not is_ended
            self._turn_to(stamp)
        self._is_torn |= is_lost
        self._next = (sequence + 1) & 0xFFFF
        if end - at >= self._skip:
            (self._avc if self._is_avc else self._hevc)(room, at, end)
        if is_last and self._has_picture and not self._is_open:
            self._mark(stamp)
        done, self._done = self._done, []
        return done

    def _mark(self, stamp: int) -> None:
        self._marked = stamp
        if self._are_marks_true:
            self._end()

    def _is_strange(self, source: bytes, is_lost: bool) -> bool:
        """Some send on what was meant for a connection before; many at once are another source."""
        if not is_lost:
            self._source = source
        self._strange = self._strange + 1 if source != self._source else 0
        return 0 < self._strange < MOST_STRANGE

    def tear(self) -> bool:
        """What came last is not to be believed; whether it has gone out already."""
        self._is_torn |= bool(self._parts)
        return not self._parts

    def _turn_to(self, stamp: int) -> None:
        """Another picture begins: the one before is over, if its mark did not say so."""
        if self._has_picture:
            if self._are_marks_true is None and self._is_keyframe and self._marked == self._stamp:
                self._are_marks_true = True
            self._end()
        if self._stamp >= 0:
            step = (stamp - self._stamp) % TURN
            step = step if step < TURN // 2 else step - TURN
            self._pts += step
            self._backs = max(0, self._backs + (BACK_WEIGHS if -BACK < step < 0 else -1))
            if self._backs > MOST_BACK:
                raise Unreadable("pictures are shown in another order than they come in")
        self._stamp = stamp

    def _end(self) -> None:
        if not self._is_torn and not self._is_open:
            self._done.append(AccessUnit(b"".join(self._parts), self._pts, self._is_keyframe))
        self._parts, self._size = [], 0
        self._has_picture = self._is_keyframe = self._is_open = self._is_torn = False

    def _avc(self, room: bytearray, at: int, end: int) -> None:
        kind = room[at] & 0x1F
        if kind == 28:
            flags = room[at + 1]
            if flags & 0x80:
                self._note(flags & 0x1F, room, at + 2, end)
                self._begin(bytes((room[at] & 0xE0 | flags & 0x1F,)))
            self._go_on(room, at + 2, end, is_last=flags & 0x40)
        elif kind == 24:
            self._together(room, at + 1, end)
        elif kind < 24:
            self._whole(room, at, end)
        else:
            raise Unreadable(f"H.264 packets of type {kind}")

    def _hevc(self, room: bytearray, at: int, end: int) -> None:
        kind = room[at] >> 1 & 0x3F
        if kind == 49:
            flags = room[at + 2]
            if flags & 0x80:
                head = bytes((room[at] & 0x81 | (flags & 0x3F) << 1, room[at + 1]))
                self._note(flags & 0x3F, room, at + 3, end)
                self._begin(head)
            self._go_on(room, at + 3, end, is_last=flags & 0x40)
        elif kind == 48:
            self._together(room, at + 2, end)
        elif kind < 48:
            self._whole(room, at, end)
        else:
            raise Unreadable(f"H.265 packets of type {kind}")

    def _begin(self, head: bytes) -> None:
        """A fragmented unit begins."""
        self._is_torn |= self._is_open
        self._parts.append(START + head)
        self._is_open = True

    def _go_on(self, room: bytearray, at: int, end: int, *, is_last: int) -> None:
        if not self._is_open:
            self._is_torn = True
        elif self._has_room(end - at):
            self._parts.append(room[at:end])
        if is_last:
            self._is_open = False
        elif self._is_open and not self._is_torn:
            self._middle = self._follower(room, at - 12 - self._skip)

    def _follower(self, room: bytearray, at: int) -> tuple[int, int, int]:
        """How a packet begins that goes on with the fragment of the one there."""
        head = 0x80 << 56 | self._payload_type << 48 | self._next << 32 | self._stamp
        return head, room[at + 12], room[at + 11 + self._skip] & 0x3F

    def _together(self, room: bytearray, at: int, end: int) -> None:
        """Several small ones, each with its length."""
        while at + 2 < end:
            size = room[at] << 8 | room[at + 1]
            at += 2
            if not size or at + size > end:
                self._is_torn = True
                return
            self._whole(room, at, at + size)
            at += size

    def _whole(self, room: bytearray, at: int, end: int) -> None:
        self._is_torn |= self._is_open
        kind = room[at] & 0x1F if self._is_avc else room[at] >> 1 & 0x3F
        self._note(kind, room, at + self._skip - 1, end)
        if self._has_room(end - at):
            self._parts.append(START + room[at:end])

    def _has_room(self, size: int) -> bool:
        self._size += size + PART_BYTES
        if self._size > UNIT_BYTES:  # no picture is that large
            self._is_torn, self._parts = True, []
            return False
        return True

    def _note(self, kind: int, room: bytearray, at: int, end: int) -> None:
        """A unit of that kind begins, its body at `at`."""
        if self._is_avc:
            if 1 <= kind <= 5:
                self._slice(kind in {1, 2, 5}, room[at] if at < end else -1)
                self._is_keyframe |= kind == 5
            elif kind == 6:
                self._is_keyframe |= _is_recovery_point(room, at, end)
        elif kind < 32:
            self._slice(True, room[at] if at < end else -1)
            self._is_keyframe |= 16 <= kind <= 23

    def _slice(self, may_be_first: bool, begins: int) -> None:
        """A piece of a picture; the first of it says so in the first bit of its header."""
        if may_be_first and begins >= 0:
            if begins & 0x80:
                if self._has_picture:
                    raise Unreadable("two pictures of one time")
            elif not self._has_picture:
                # Its beginning was never seen, or went out already: then marks are not ends.
                self._is_torn = True
                if self._marked == self._stamp:
                    self._are_marks_true = False
            elif self._marked == self._stamp:
                self._are_marks_true = False
        self._has_picture = True


def _within(room: bytearray, first: int, at: int, end: int) -> tuple[int, int]:
    """Where the payload lies behind sources and extension and before padding."""
    at += 4 * (first & 0x0F)
    if first & 0x10 and at + 4 <= end:
        at += 4 + 4 * (room[at + 2] << 8 | room[at + 3])
    if first & 0x20:
        end -= room[end - 1]
    return at, end


def _is_recovery_point(room: bytearray, at: int, end: int) -> bool:
    """Whether a supplemental message (H.264, 7.3.2.3) says that decoding may begin here."""
    while at + 2 < end:
        kind, at = _number(room, at, end)
        size, at = _number(room, at, end)
        if kind == _RECOVERY_POINT:
            return True
        at += size
    return False


def _number(room: bytearray, at: int, end: int) -> tuple[int, int]:
    """A number of a supplemental message, and where it ends."""
    found = 0
    while at < end and room[at] == 0xFF:
        found, at = found + 255, at + 1
    return found + (room[at] if at < end else 0), at + 1
