"""Measures the streams of a camera address over some seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from agent.cameras.address import masked
from agent.cameras.port import CameraError
from agent.cameras.rtsp.errors import HostError
from agent.cameras.rtsp.source import RtspSource
from agent.media.frame import Instant, Packet

USUAL_PATHS: Final = (
    ("/Streaming/Channels/101", "/Streaming/Channels/102"),  # Hikvision and its other brands
    ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),  # Dahua
    ("/media/video1", "/media/video2"),  # Uniview
    ("/h264Preview_01_main", "/h264Preview_01_sub"),  # Reolink
    ("/stream1", "/stream2"),  # TP-Link
    ("/videoMain", "/videoSub"),  # Foscam
    ("/axis-media/media.amp", ""),
    ("/onvif1", "/onvif2"),
    ("/live/ch0", "/live/ch1"),
    ("/main", "/sub"),
)


@dataclass(frozen=True, slots=True)
class StreamMeasurement:
    """A measured stream; `source` is masked, `keyframe_s` is the longest gap seen between
    keyframes.

    `keyframe_s` is None if at most one keyframe came in the `seconds` watched.
    """

    source: str
    codec: str
    width: int
    height: int
    frames_per_s: float
    keyframe_s: float | None
    kbit_per_s: int
    has_b_frames: bool
    seconds: float


def measure(url: str, *, seconds: float, clock: Callable[[], Instant]) -> StreamMeasurement:
    """Watch the stream at `url`; raises CameraError."""
    source = RtspSource(url, key="url", clock=clock)
    try:
        info = source.open(for_clips=False)
        began, packets = clock(), []
        for received in source.packets(lambda: clock().seconds_since(began) > seconds):
            packets.append(received.packet)
        return StreamMeasurement(
            source=masked(url),
            codec=info.codec,
            width=info.width,
            height=info.height,
            frames_per_s=round(_rate(packets), 1),
            keyframe_s=_keyframe_distance(packets),
            kbit_per_s=round(sum(len(p.data) for p in packets) * 8 / 1000 / _span(packets)),
            has_b_frames=source.has_b_frames or any(p.pts > p.dts for p in packets),
            seconds=round(_span(packets), 1),
        )
    finally:
        source.close()


def addresses_of(given: str) -> list[tuple[str, str]]:
    """Main and sub-stream addresses to try: the given one, or the usual ones of that host."""
    url = given if "://" in given else f"rtsp://{given}"
    parts = urlsplit(url)
    if parts.path.strip("/") or parts.query:
        return [(url, "")]
    base = url.rstrip("/")
    return [(base + main, base + sub if sub else "") for main, sub in USUAL_PATHS]


def measure_usual(
    given: str, *, seconds: float, clock: Callable[[], Instant]
) -> list[StreamMeasurement]:
    """The streams found at an address: its main stream, and its sub-stream if one is known.

    Raises the most informative CameraError: a refused login rather than "no such stream".
    """
    last: CameraError | None = None
    for main, sub in addresses_of(given):
        try:
            found = [measure(main, seconds=seconds, clock=clock)]
        except CameraError as error:
            last = error
            if isinstance(error, HostError):
                break
            continue
        try:
            return [*found, *([measure(sub, seconds=seconds, clock=clock)] if sub else [])]
        except CameraError:
            return found
    raise last or CameraError(
        f"{masked(given)} is not an address.", "Give HOST or rtsp://HOST/PATH."
    )


def _span(packets: list[Packet]) -> float:
    if len(packets) < 2:
        return 1.0
    return max(0.001, packets[-1].at.seconds_since(packets[0].at))


def _rate(packets: list[Packet]) -> float:
    return max(0, len(packets) - 1) / _span(packets)


def _keyframe_distance(packets: list[Packet]) -> float | None:
    keys = [packet.at for packet in packets if packet.is_keyframe]
    return max((round(b.seconds_since(a), 2) for a, b in pairwise(keys)), default=None)
