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
from agent.devices.rtsp_words import Video, head_of, length_of, video_of, whole_of
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
PILE_BYTES: Final = 2**26
"""More than that of pictures within that time comes from no camera."""
KEEP_ALIVE_S: Final = 20.0
"""At the latest; cameras hang up after 60 s, or when they say."""
REPORT: Final = bytes.fromhex("80c9000100000001")
"""An RTCP receiver report about nobody (RFC 3550, 6.4.2): some cameras want to hear one."""

BEGIN_WITHIN_S: Final = 3.0
"""From the connection to the answer to PLAY: FFmpeg's connection is not read meanwhile."""
LOST_BYTES: Final = 2**16
"""So much may come that is neither packet nor words before it is given up: no packet is longer."""

_WORDS: Final = frozenset(
    (b"RTSP", b"OPTI", b"ANNO", b"REDI", b"SET_", b"GET_", b"TEAR", b"PLAY", b"PAUS", b"DESC")
)
"""How an answer, or a request of a camera's, begins."""
_CHANNELS: Final = re.compile(r"interleaved=([0-9]{1,3})-([0-9]{1,3})(?![0-9])")
_TIMEOUT: Final = re.compile(r"timeout\s*=\s*([0-9]{1,6})(?![0-9])", re.IGNORECASE)
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
        self,
        talk: Talk,
        video: Video,
        clock: Callable[[], Instant],
        *,
        keep_alive_s: float,
        channels: tuple[int, int] = (0, 1),
    ) -> None:
        """`channels`: of the pictures, and of the reports about them."""
        self._talk = talk
        self._clock = clock
        self._channel, self._reports = channels
        self._keep_alive_s = keep_alive_s
        self._spoke = clock()
        self._gathering = Gathering(video.codec, video.payload_type)
        self._room = bytearray(ROOM_BYTES)
        self._held = len(talk.buffer)
        self._room[: self._held] = talk.buffer
        self._empties = 0
        self._lost: int | None = None
        """Bytes passed over since it is no longer clear where a packet begins; None: it is."""
        self._over: Exception | None = None
        """Why nothing more comes, once what came before it is handed out."""
        self.pile: list[Read] = []
        """Read ahead: from a keyframe to one that was waited for."""

    @classmethod
    def begun(cls, url: str, codec: str, clock: Callable[[], Instant]) -> "Direct":
        """Raises Misread with the reason, whichever: then FFmpeg goes on with what it has."""
        direct: Direct | None = None
        try:
            direct = _connected(url, codec, clock)
            direct._begin()
        except (Misread, Unreadable, ArchiveError, OSError, EOFError, ValueError) as error:
            why = _reason(error)
        except BaseException:
            if direct is not None:
                direct.close()
            raise
        else:
            return direct
        if direct is not None:
            direct.close()
        raise Misread(why)  # outside of `except`, so that it is not chained

    def units(self) -> Iterator[Read]:
        """What comes, without end; raises OSError, Misread or Unreadable. EOFError where the
        camera ends it."""
        view, asked = memoryview(self._room), self._clock()
        while True:
            size = self._talk.socket.recv_into(view[self._held :])
            came = self._clock()
            if not size:
                raise EOFError
            is_short = self._held + size < ROOM_BYTES
            self._held += size
            units = self._gathered()
            is_empty = is_short and bool(units) and self._need_not_wait()
            for left, unit in enumerate(units, start=1 - len(units)):
                was_waited_for = came.seconds_since(asked) > WAITED_S
                yield Read(unit, came, left == 0 and (is_empty or was_waited_for))
                asked = self._clock()
            if self._over is not None:
                raise self._over
            # However much comes: without a picture it is silence, and nobody could stop it.
            if came.seconds_since(asked) > READ_S:
                raise TimeoutError
            self._stay(came)

    def close(self) -> None:
        """Hang up."""
        self._talk.close()

    def _begin(self) -> None:
        """Read until a keyframe has come and nothing is piled up behind it."""
        until, size = self._clock(), 0
        for read in self.units():
            if self.pile or read.unit.is_keyframe:
                self.pile.append(read)
                size += len(read.unit.data)
                if read.is_last:
                    return
            if read.came.seconds_since(until) > KEYFRAME_WITHIN_S or size > PILE_BYTES:
                raise Misread("no keyframe is waited for so long")

    def _need_not_wait(self) -> bool:
        """While it is young each is waited for."""
        self._empties += 1
        return self._empties > WAIT_EVERY and self._empties % WAIT_EVERY > 0

    def _gathered(self) -> list[AccessUnit]:
        """The units that are whole by now; what is left of the room is moved to its beginning."""
        units = list[AccessUnit]()
        try:
            self._gather(units)
        except (EOFError, OSError, ArchiveError, Misread, Unreadable) as over:
            self._over = over
        return units

    def _gather(self, units: list[AccessUnit]) -> None:
        room, held, at, ended = self._room, self._held, 0, -1
        take, channel = self._gathering.take, self._channel
        while held - at >= 4:
            if room[at] == 0x24 and self._lost is None:
                after = at + 4 + (room[at + 2] << 8 | room[at + 3])
                if after <= held:
                    if room[at + 1] != channel:
                        self._beside(at, after)
                    elif done := take(room, at + 4, after):
                        units += done
                        ended = after
            elif self._are_words(at):
                after = self._behind_words(at, held)
            else:
                self._doubt(units, has_just_ended=ended == at)
                at = self._behind_garbage(at, held)
                if self._lost is not None:
                    break
                continue
            if not at < after <= held:
                break
            at = after
        if at:
            room[: held - at] = room[at:held]
            self._held = held - at

    def _are_words(self, at: int) -> bool:
        begins = bytes(self._room[at : at + 4])
        return self._lost is None and (begins in _WORDS or begins[0] in b"\r\n")

    def _beside(self, at: int, after: int) -> None:
        """A packet of another channel."""
        if self._room[at + 1] == self._reports and says_bye(bytes(self._room[at + 4 : after])):
            raise EOFError

    def _behind_words(self, at: int, held: int) -> int:
        """Where an answer, or a request of the camera's, ends; 0 while it is not all there."""
        if self._room[at] in b"\r\n":
            return at + 1
        end = self._room.find(b"\r\n\r\n", at, held)
        if end < 0:
            if held - at > HEAD_BYTES:
                raise Misread("words without end")
            return 0
        head = bytes(self._room[at:end])
        told = head_of(head)
        length = length_of(told[1]) if told else None
        if length is None or length > BODY_BYTES:
            raise Misread("words that are none")
        after = end + 4 + length
        if after <= held:
            self._talk.heard(head)
        return after

    def _doubt(self, units: list[AccessUnit], *, has_just_ended: bool) -> None:
        """What came before garbage may be half of a packet and half of another."""
        if self._lost is None and self._gathering.tear() and has_just_ended:
            units.pop()

    def _behind_garbage(self, at: int, held: int) -> int:
        """Where the next packet begins beyond doubt, or as far as there is none."""
        room, found = self._room, self._room.find(b"$", at, held)
        while 0 <= found <= held - 16:
            if room[found + 1] == self._channel and self._gathering.is_one(room, found + 4):
                self._lost = None
                return found
            found = room.find(b"$", found + 1, held)
        end = held if found < 0 else found
        self._lost = (self._lost or 0) + end - at
        if self._lost > LOST_BYTES:
            raise Misread("neither packets nor words")
        return end

    def _stay(self, now: Instant) -> None:
        """Say now and then that somebody is still there."""
        if now.seconds_since(self._spoke) > self._keep_alive_s:
            self._spoke = now
            self._talk.say_still_there()
            head = bytes((0x24, self._reports)) + len(REPORT).to_bytes(2)
            self._talk.socket.sendall(head + REPORT)


def _connected(url: str, codec: str, clock: Callable[[], Instant]) -> Direct:
    parts = urlsplit(url)
    if parts.scheme != "rtsp":
        raise Misread("not plain RTSP")
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    login = DeviceLogin(name, password) if name else None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    talk = Talk(bare, login, patience_s=READ_S, within_s=BEGIN_WITHIN_S)
    try:
        return _playing(talk, bare, codec, clock)
    except BaseException:
        talk.close()
        raise


def _playing(talk: Talk, bare: str, codec: str, clock: Callable[[], Instant]) -> Direct:
    talk.learn_what_keeps_alive()
    told = talk.ask("DESCRIBE", bare, {"Accept": "application/sdp"})
    base = told.headers.get("content-base") or told.headers.get("content-location") or bare
    offer = told.body.decode("utf-8", "replace")
    video = video_of(offer, base)
    if video is None or video.codec != codec or _OUT_OF_ORDER.search(offer):
        raise Misread("another offer, or units that are sent out of order")
    transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    ready = talk.ask("SETUP", video.control, transport)
    session = ready.headers.get("session", "")
    talk.session = session.partition(";")[0].strip()
    channels = _channels(ready.headers.get("transport", ""))
    if channels is None:
        raise Misread("it sends otherwise than inside the connection")
    talk.url = whole_of(offer, base)
    talk.ask("PLAY", talk.url, {"Range": "npt=0.000-"})
    talk.socket.settimeout(READ_S)
    return Direct(talk, video, clock, keep_alive_s=_pause_s(session), channels=channels)


def _reason(error: Exception) -> str:
    """For the log; what the system says of an address may hold its password."""
    match error:
        case Misread() | Unreadable() | ArchiveError():
            return str(error)
        case TimeoutError():
            return "it is silent"
        case EOFError() | OSError():
            return "it hangs up"
    return "its address is none"


def _channels(transport: str) -> tuple[int, int] | None:
    """Those that the camera gave, or that were asked for; None where it sends otherwise."""
    if "TCP" not in transport.upper():
        return None
    given = _CHANNELS.search(transport)
    both = (int(given[1]), int(given[2])) if given else (0, 1)
    return both if max(both) < 256 else None


def _pause_s(session: str) -> float:
    """Half of what the camera allows between two words of ours."""
    said = _TIMEOUT.search(session)
    return min(KEEP_ALIVE_S, max(1.0, int(said[1]) / 2)) if said else KEEP_ALIVE_S
