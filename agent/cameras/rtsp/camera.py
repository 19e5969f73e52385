"""An RTSP camera: the main stream is kept as packets, the sub-stream is decoded for detection.

With two addresses there are two connections: one thread passes the main stream's packets to the
sink, the camera's thread decodes the sub-stream. With one address, one thread does both. Frames of
a sub-stream are smaller than the announced stream; boxes are normalised, so their size is free.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from time import sleep
from typing import Final

import av
import structlog

from agent.cameras.codec.decodability import Decodability
from agent.cameras.codec.decoder import Decoder
from agent.cameras.file.reel import frame_of
from agent.cameras.port import CameraError, PacketSink, SoundSink
from agent.cameras.rtsp.sanity import TrialDecodes, is_filling
from agent.cameras.rtsp.source import Received, RtspSource
from agent.media.frame import Frame, Instant, Packet, StreamInfo

log = structlog.get_logger()

NAP_S: Final = 0.25
"""Pause between reads of packets that are only kept. Several packets at once cost less than one by
one, and their instants come from the camera's clock."""
SEEN_NAP_S: Final = 0.13
"""Pause between reads of packets that are decoded: two frames at a time arrive .05 s later on
average, for four fifths of the cost."""
CALM_NAP_S: Final = 0.25
CALM_NAP_FRAMES: Final = 4
"""The pause while nothing moves: this many seconds or frames, whichever is shorter. A person who
comes into view is seen up to .25 s later, and confirmed no later than without the pause."""
SOUND_ON: Final = "switch its sound on in its menu, as AAC or G.711"
WAITING: Final = 64
"""Most pictures that a decoder may hold back."""


class StreamCamera:
    """One camera with a main stream to keep and, optionally, a sub-stream to decode."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        sub_url: str = "",
        clock: Callable[[], Instant],
        sound: SoundSink | None = None,
    ) -> None:
        """Addresses are `rtsp://[NAME:PASSWORD@]HOST[:PORT]/PATH`; without `sub_url` the one
        stream is both kept and decoded. `sound` receives the main stream's sound.
        """
        self._sound = sound
        self.name = name
        self._url = url
        self._sub_url = sub_url
        self._clock = clock
        self._main: RtspSource | None = None
        self._sub: RtspSource | None = None

    def open(self) -> StreamInfo:
        """Connect to all addresses; raises CameraError. The answer is about the main stream."""
        self.close()
        self._main = RtspSource(self._url, key="url", clock=self._clock, sound=self._sound)
        try:
            info = self._main.open(for_clips=True)
            if self._sub_url:
                self._sub = RtspSource(self._sub_url, key="sub_url", clock=self._clock)
                self._sub.open(for_clips=False)
        except CameraError:
            self.close()
            raise
        if self._sound is not None and not self._main.has_sound:
            log.warning("camera_silent", camera=self.name, cure=SOUND_ON)
        return info

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """Frames until `stop()`; a live camera has no end but CameraError."""
        main, sub = self._main, self._sub
        if main is None:
            raise RuntimeError("the camera is not open: call open() before frames()")
        if sub is None:
            yield from _seen(main, Decoder(may_be_bare=False), self._clock, stop, sink.push)
            return
        with _Pump(self.name, main, sink, stop=stop, clock=self._clock) as pump:
            decoder = Decoder(may_be_bare=True)
            yield from _seen(
                sub, decoder, self._clock, lambda: pump.is_over or stop(), _ignored, sink.is_calm
            )
        pump.raise_what_went_wrong()

    def close(self) -> None:
        """Close all connections; a thread that waits for a packet closes its own when it wakes."""
        for source in (self._main, self._sub):
            if source is not None:
                source.close()
        self._main = self._sub = None


def _ignored(packet: Packet) -> None:
    """Packets of the sub-stream are not kept."""


def _seen(
    source: RtspSource,
    decoder: Decoder,
    clock: Callable[[], Instant],
    stop: Callable[[], bool],
    push: Callable[[Packet], None],
    is_calm: Callable[[], bool] | None = None,
) -> Iterator[Frame]:
    """Push each packet, then yield the frames it decodes to.

    With `is_calm` it pauses after the backlog is empty, longer while `is_calm()` is true.
    """
    instants: OrderedDict[int, Instant] = OrderedDict()
    index, is_begun, yields = 0, False, Decodability(clock())
    calm_nap_s = min(CALM_NAP_S, CALM_NAP_FRAMES / source.frames_per_s)
    for few in _few_at_once(source.packets(stop), is_calm or _never):
        pictures: list[tuple[av.VideoFrame, Instant]] = []
        for received in few:
            push(received.packet)
            if received.packet.is_keyframe and not is_begun:
                is_begun, yields = True, Decodability(clock())  # counts from here on
            if is_begun:  # before that, pictures would be grey
                pictures += _pictures(received, decoder, instants)
        for picture, at in pictures:
            index += 1
            frame = frame_of(picture, index, at)
            yields.pictures += not is_filling(frame)
            yield frame
        if yields.is_too_small(clock(), packets=len(few)):
            raise source.errors.undecodable() if is_begun else source.errors.without_keyframe()
        if is_calm is not None and few[-1].is_last:
            sleep(calm_nap_s if is_calm() else SEEN_NAP_S)


def _few_at_once(
    packets: Iterator[Received], is_calm: Callable[[], bool]
) -> Iterator[list[Received]]:
    """Packets in small groups while nothing moves, else one by one.

    Decoding a group at once is cheaper: the code stays in the processor's caches.
    """
    few: list[Received] = []
    try:
        for received in packets:
            few.append(received)
            if received.is_last or len(few) >= CALM_NAP_FRAMES or not is_calm():
                yield few
                few = []
    except CameraError:
        if few:
            yield few
        raise


def _never() -> bool:
    return False


def _pictures(
    received: Received, decoder: Decoder, instants: OrderedDict[int, Instant]
) -> Iterator[tuple[av.VideoFrame, Instant]]:
    packet = received.packet
    instants[packet.pts] = packet.at
    while len(instants) > WAITING:
        instants.popitem(last=False)
    for picture in decoder.pictures(received.raw, packet.at, received.known):
        at = instants.pop(picture.pts, packet.at) if picture.pts is not None else packet.at
        yield picture, at


class _Pump:
    """Passes the main stream's packets to the sink while the `with` block lasts."""

    def __init__(
        self,
        camera: str,
        source: RtspSource,
        sink: PacketSink,
        *,
        stop: Callable[[], bool],
        clock: Callable[[], Instant],
    ) -> None:
        self._source = source
        self._sink = sink
        self._stop = stop
        self._trial = TrialDecodes(clock())
        self._is_let_go = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"packets-{camera}", daemon=True)
        self.is_over = False

    def __enter__(self) -> "_Pump":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Not waited for: it may sit in a read for seconds, and it gives its connection back itself.
        self._is_let_go.set()

    def raise_what_went_wrong(self) -> None:
        """Raise the error that ended the main stream, if any."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for received in self._source.packets(self._is_enough):
                self._sink.push(received.packet)
                self._try(received)
                if received.is_last:
                    sleep(NAP_S)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that watches
            self._error = error
        finally:
            self.is_over = True

    def _try(self, received: Received) -> None:
        """Decode a keyframe now and then: nobody else notices that this stream is broken."""
        at = received.packet.at
        is_tried = received.packet.is_keyframe and self._trial.is_due(at)
        if is_tried and self._trial.is_lost(at, is_whole=received.is_whole()):
            raise self._source.errors.undecodable()

    def _is_enough(self) -> bool:
        return self._is_let_go.is_set() or self._stop()
