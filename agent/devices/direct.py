"""A network camera's video, read straight from its connection.

FFmpeg asks the system six times for each RTP packet of a kilobyte; here all that has come is asked
for at once, which makes reading a third as dear. FFmpeg has opened the stream before and knows what
it is; whatever is out of the ordinary is left to it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from agent.devices.mishaps import READ_S
from agent.devices.rtp_gather import AccessUnit, Gathering, Unreadable
from agent.devices.rtp_units import says_bye
from agent.devices.rtsp_talk import BODY_BYTES, HEAD_BYTES, Talk
from agent.devices.rtsp_words import Video, head_of, video_of
from agent.devices.soap import DeviceLogin
from agent.media.archive import ArchiveError
from agent.media.frame import Instant

ROOM_BYTES: Final = 2**17
"""A quarter of a second of 4 Mbit/s; an interleaved packet has 64 KiB at most."""
WAITED_S: Final = 0.005
"""What let us wait so long came straight from the wire."""
WAIT_EVERY: Final = 8
"""Of so many times that nothing was left to read, once the next packet is waited for: its arrival
says where the camera's clock stands."""
KEYFRAME_WITHIN_S: Final = 3.0
KEEP_ALIVE_S: Final = 20.0
"""At the latest; cameras hang up after 60 s, or when they say."""
REPORT: Final = bytes.fromhex("80c9000100000001")
"""An RTCP receiver report about nobody (RFC 3550, 6.4.2): some cameras want to hear one."""

_OUT_OF_ORDER: Final = re.compile(r"packetization-mode=2|sprop-max-don-diff=[1-9]")
"""Units that are sent in another order than they are decoded in."""


class Misread(Exception):  # noqa: N818 - what happened
    """What comes is not what it should be by the words of the protocol."""


class Read(NamedTuple):
    """An access unit, when it came, and whether nothing is known to be piled up behind it."""

    unit: AccessUnit
    came: Instant
    is_last: bool


class Direct:
    """One connection that stands and has brought a keyframe; used by one thread at a time."""

    def __init__(
        self, talk: Talk, video: Video, clock: Callable[[], Instant], *, keep_alive_s: float
    ) -> None:
        self._talk = talk
        self._clock = clock
        self._keep_alive_s = keep_alive_s
        self._spoke = clock()
        self._gathering = Gathering(video.codec, video.payload_type)
        self._room = bytearray(ROOM_BYTES)
        self._held = len(talk.buffer)
        self._room[: self._held] = talk.buffer
        self._empties = 0
        self.pile: list[Read] = []
        """Read ahead: from a keyframe to one that was waited for."""

    @classmethod
    def begun(cls, url: str, codec: str, clock: Callable[[], Instant]) -> "Direct | None":
        """None for whatever reason: then FFmpeg goes on with what it has."""
        try:
            direct = _connected(url, codec, clock)
        except (ArchiveError, OSError, ValueError):
            return None
        if direct is None:
            return None
        try:
            if direct._has_begun():
                return direct
        except (Misread, Unreadable, ArchiveError, OSError, EOFError):
            pass
        direct.close()
        return None

    def units(self) -> Iterator[Read]:
        """What comes, without end; raises OSError, Misread or Unreadable. EOFError where the
        camera ends it."""
        view, silent_s, asked = memoryview(self._room), 0.0, self._clock()
        while True:
            wanted = self._clock()
            size = self._talk.socket.recv_into(view[self._held :])
            came = self._clock()
            if not size:
                raise EOFError
            is_short = self._held + size < ROOM_BYTES
            self._held += size
            silent_s += came.seconds_since(wanted)
            units = self._gathered()
            if units:
                silent_s = 0.0
            elif silent_s > READ_S:
                raise TimeoutError
            is_empty = is_short and bool(units) and self._need_not_wait()
            for left, unit in enumerate(units, start=1 - len(units)):
                was_waited_for = came.seconds_since(asked) > WAITED_S
                yield Read(unit, came, left == 0 and (is_empty or was_waited_for))
                asked = self._clock()
            self._stay(came)

    def close(self) -> None:
        """Hang up."""
        self._talk.close()

    def _has_begun(self) -> bool:
        until = self._clock()
        for read in self.units():
            if self.pile or read.unit.is_keyframe:
                self.pile.append(read)
                if read.is_last:
                    return True
            if read.came.seconds_since(until) > KEYFRAME_WITHIN_S:
                break
        return False

    def _need_not_wait(self) -> bool:
        """While it is young each is waited for."""
        self._empties += 1
        return self._empties > WAIT_EVERY and self._empties % WAIT_EVERY > 0

    def _gathered(self) -> list[AccessUnit]:
        """The units that are whole by now; what is left of the room is moved to its beginning."""
        room, held, at = self._room, self._held, 0
        take, units = self._gathering.take, list[AccessUnit]()
        while held - at >= 4:
            if room[at] != 0x24:
                after = _behind_words(room, at, held)
            else:
                after = at + 4 + (room[at + 2] << 8 | room[at + 3])
                if after <= held:
                    if not room[at + 1]:
                        if done := take(room, at + 4, after):
                            units += done
                    elif room[at + 1] == 1 and says_bye(bytes(room[at + 4 : after])):
                        raise EOFError
            if not 0 < after <= held:
                break
            at = after
        if at:
            room[: held - at] = room[at:held]
            self._held = held - at
        return units

    def _stay(self, now: Instant) -> None:
        """Say now and then that somebody is still there."""
        if now.seconds_since(self._spoke) > self._keep_alive_s:
            self._spoke = now
            self._talk.say("GET_PARAMETER", self._talk.url, {})
            self._talk.socket.sendall(b"$\1" + len(REPORT).to_bytes(2) + REPORT)


def _connected(url: str, codec: str, clock: Callable[[], Instant]) -> Direct | None:
    parts = urlsplit(url)
    if parts.scheme != "rtsp":
        return None
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    login = DeviceLogin(name, password) if name else None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    talk = Talk(bare, login, patience_s=READ_S)
    try:
        told = talk.ask("DESCRIBE", bare, {"Accept": "application/sdp"})
        base = told.headers.get("content-base") or told.headers.get("content-location") or bare
        offer = told.body.decode("utf-8", "replace")
        video = video_of(offer, base)
        if video is not None and video.codec == codec and not _OUT_OF_ORDER.search(offer):
            transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
            ready = talk.ask("SETUP", video.control, transport)
            talk.session, _, more = ready.headers.get("session", "").partition(";")
            talk.ask("PLAY", base, {"Range": "npt=0.000-"})
            if "interleaved=0-1" in ready.headers.get("transport", ""):
                return Direct(talk, video, clock, keep_alive_s=_pause_s(more))
    except BaseException:
        talk.close()
        raise
    talk.close()
    return None


def _pause_s(more: str) -> float:
    """Half of what the camera allows between two words of ours."""
    said = more.partition("timeout=")[2].strip()
    return min(KEEP_ALIVE_S, max(1.0, int(said) / 2)) if said.isdecimal() else KEEP_ALIVE_S


def _behind_words(room: bytearray, at: int, held: int) -> int:
    """Where an answer, or a request of the camera's, ends; 0 while it is not all there."""
    end = room.find(b"\r\n\r\n", at, held)
    if end < 0:
        if held - at > HEAD_BYTES:
            raise Misread
        return 0
    told = head_of(bytes(room[at:end]))
    length = (told[1].get("content-length", "0") if told else "x") or "0"
    # Python refuses to read a number of thousands of digits.
    if not length.isdecimal() or len(length) > 9 or int(length) > BODY_BYTES:
        raise Misread
    return end + 4 + int(length)
