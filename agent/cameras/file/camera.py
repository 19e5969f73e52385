"""Plays a recording as a camera: in real time, or as fast as it can be read."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.cameras.file.reel import Encoded, PictureReel, Reel, ReelPicture, VideoReel
from agent.cameras.port import NOWHERE, PacketSink
from agent.media.frame import Frame, Instant, Packet, StreamInfo

NAP_S = 0.1
"""The longest sleep in seconds between two checks of `stop`."""


class ReplayCamera:
    """A recording as a camera: a video file, or a folder of numbered pictures.

    A frame's instant is the first frame's instant plus its time in the recording, by both clocks,
    also at full speed: the same recording always gives the same spans. When the recording starts
    again, pts and instants go on.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        clock: Callable[[], Instant],
        pace: bool = True,
        loop: bool = False,
        pictures_per_s: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._reel: Reel = PictureReel(path, pictures_per_s) if path.is_dir() else VideoReel(path)
        self._clock = clock
        self._pace = pace
        self._loop = loop
        self._sleep = sleep
        self._info: StreamInfo | None = None

    def open(self) -> StreamInfo:
        """Read the recording's parameters; raises CameraError."""
        self._info = self._reel.open()
        return self._info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The frames, each after its packet; raises CameraError where the recording breaks."""
        info = self._info or self.open()
        play = _Play(info, self._clock(), sink)
        while True:
            for piece in self._reel.play(with_packets=sink is not NOWHERE):
                if self._pace and not self._reached(play.due(piece), stop):
                    return
                if stop():
                    return
                match piece:
                    case Encoded():
                        play.push(piece)
                    case ReelPicture():
                        yield play.frame(piece)
            if not self._loop:
                return
            play.rewind()

    def close(self) -> None:
        """Nothing to release: no file stays open between two calls of `frames`."""
        self._info = None

    def _reached(self, due: Instant, stop: Callable[[], bool]) -> bool:
        """Sleep until `due`; false if stopped before."""
        while (left_s := due.seconds_since(self._clock())) > 0:
            if stop():
                return False
            self._sleep(min(left_s, NAP_S))
        return True


class _Play:
    """The camera's position in its recording, over all loops."""

    def __init__(self, info: StreamInfo, start: Instant, sink: PacketSink) -> None:
        self._info = info
        self._start = start
        self._sink = sink
        self._tick = max(1, round(1 / (info.frames_per_s * float(info.time_base))))
        self._offset = 0
        self._end = 0
        self._frames_before = 0
        self._frames = 0

    def due(self, piece: Encoded | ReelPicture) -> Instant:
        """The instant of delivery by a real camera: packets come in decoding order."""
        return self._instant(piece.dts if isinstance(piece, Encoded) else piece.pts)

    def push(self, piece: Encoded) -> None:
        """Send a packet to the sink, with times that continue over loops."""
        self._end = max(self._end, self._offset + piece.pts + piece.duration)
        packet = Packet(
            data=piece.data,
            at=self._instant(piece.pts),
            pts=self._offset + piece.pts,
            dts=self._offset + piece.dts,
            duration=piece.duration,
            is_keyframe=piece.is_keyframe,
        )
        self._sink.push(packet)

    def frame(self, piece: ReelPicture) -> Frame:
        """The picture as a frame."""
        self._end = max(self._end, self._offset + piece.pts + self._tick)
        self._frames = max(self._frames, self._frames_before + piece.index)
        return Frame(
            index=self._frames_before + piece.index,
            at=self._instant(piece.pts),
            yuv=piece.yuv,
            width=piece.yuv.shape[1],
            height=piece.yuv.shape[0] * 2 // 3,
        )

    def rewind(self) -> None:
        """Start the next loop."""
        self._offset = self._end
        self._frames_before = self._frames

    def _instant(self, ticks: int) -> Instant:
        since_ns = round((self._offset + ticks) * self._info.time_base * 1_000_000_000)
        return Instant(self._start.mono_ns + since_ns, self._start.utc_us + round(since_ns / 1_000))
