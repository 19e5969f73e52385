"""`bench privacy`: cost of privacy masks, beside passing the camera's packets through.

The input is one minute of 1080p at 15 frames a second and a sub-stream of 640x360, as recordings
read at full speed. The cases run alternately, so that load on the machine affects all: packets
passed through and the sub-stream decoded, as for a camera without masks; the same camera with
masks; one stream decoded alone, without masks and with. Processor time, user and system, of this
process.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from agent.board.clock import SystemClock
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.file.reel import VideoReel
from agent.cameras.masked import MaskedCamera
from agent.cameras.port import NOWHERE, Camera, PacketSink
from agent.media.frame import Frame, Packet, StreamInfo
from agent.vision.geometry import Polygon
from tests.bench.agent import clips

WINDOW = Polygon(((0.6, 0.1), (0.9, 0.1), (0.9, 0.5), (0.6, 0.5)))
"""An eighth of the picture."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print; needs ffmpeg with libx264, 100 MB of disk and a minute or two."""
    costs = measure()
    sys.stdout.write((json.dumps(costs, indent=2) if args.json else _table(costs)) + "\n")
    return 0


def measure() -> dict[str, float]:
    """Processor seconds per minute of video, medians; and the output in bits a second."""
    with tempfile.TemporaryDirectory(prefix="matthan-bench-") as folder:
        main, sub = Path(folder) / "main.mp4", Path(folder) / "sub.mp4"
        clips.make_video(main)
        clips.make_video(sub, width=640, height=360, kbits_per_s=500)
        ways: dict[str, Callable[[], Camera]] = {
            "two_streams": lambda: TwoStreams(main, sub),
            "two_streams_masked": lambda: _masked(TwoStreams(main, sub), is_seen_apart=True),
            "one_stream": lambda: _replay(main),
            "one_stream_masked": lambda: _masked(_replay(main), is_seen_apart=False),
        }
        spent_s: dict[str, list[float]] = {way: [] for way in ways}
        sinks = {way: _Counting() for way in ways}
        for _ in range(clips.ROUNDS):
            for way, make in ways.items():
                sinks[way] = _Counting()
                spent_s[way].append(clips.spent_s(partial(_play, make(), sinks[way])))
        costs = {f"{way}_cpu_s_per_min": clips.per_minute(spent_s[way]) for way in ways}
        sizes = {f"{way}_kbits_per_s": sinks[way].kbits_per_s(clips.VIDEO_S) for way in ways}
        return {"video_s": clips.VIDEO_S, **costs, **sizes}


class TwoStreams:
    """A camera with a main stream and a sub-stream, from two files; the main one is never
    decoded."""

    name = "bench"

    def __init__(self, main: Path, sub: Path) -> None:
        self._main, self._sub = main, _replay(sub)

    def open(self) -> StreamInfo:
        """The parameters of the main stream."""
        self._sub.open()
        return VideoReel(self._main).open()

    def frames(self, sink: PacketSink, stop: Callable[[], bool]) -> Iterator[Frame]:
        """The frames, with one packet before each."""
        packets = clips.packets_of(self._main)
        for packet, frame in zip(packets, self._sub.frames(NOWHERE, stop), strict=False):
            sink.push(packet)
            yield frame

    def close(self) -> None:
        """Nothing to release."""
        self._sub.close()


class _Counting:
    def __init__(self) -> None:
        self.size_bytes = 0

    def push(self, packet: Packet) -> None:
        self.size_bytes += len(packet.data)

    def wants_keyframe(self) -> bool:
        """Never."""
        return False

    def is_calm(self) -> bool:
        """Never."""
        return False

    def kbits_per_s(self, video_s: float) -> float:
        return round(self.size_bytes * 8 / 1000 / video_s, 1)


def _play(camera: Camera, sink: PacketSink) -> None:
    camera.open()
    for _ in camera.frames(sink, lambda: False):
        pass
    camera.close()


def _replay(path: Path) -> Camera:
    return ReplayCamera("bench", path, clock=SystemClock().now, pace=False)


def _masked(camera: Camera, *, is_seen_apart: bool) -> Camera:
    return MaskedCamera(camera, (WINDOW,), is_seen_apart=is_seen_apart)


def _table(costs: dict[str, float]) -> str:
    return "\n".join(f"{name:36}{value:10}" for name, value in costs.items())
