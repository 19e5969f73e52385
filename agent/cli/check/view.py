"""Checks of a camera over some seconds: light, focus, frame rate, codec, keyframes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from agent.cameras.codec.scaler import gray
from agent.cameras.port import Camera
from agent.cli.check.finding import Finding
from agent.i18n import N_
from agent.media.frame import Instant, Packet, Plane, StreamInfo
from agent.vision.tamper.scenery import curvature

WATCH_S: Final = 6.0
MOST_FRAMES: Final = 120
DARK: Final = 28.0
"""Mean brightness, 0-255, below which little is detected; a street lamp at night gives 40."""
GLARING: Final = 235.0
SHARP: Final = 0.008
"""Variance of the Laplacian over that of the picture, 640 wide: the street scene has .18, also at
night; blurred by 1 pixel .03, by 2 pixels .005."""
WIDTH: Final = 640
FEATURELESS: Final = 40.0
"""Variance of brightness below which a picture has nothing that could be sharp."""
SLOW: Final = 5.0
"""Frames per second below which somebody may pass between two looks."""
FAR_APART_S: Final = 4.2
"""A clip begins at a keyframe, so pre-roll and delay grow with their distance."""
KEPT: Final = frozenset({"h264", "hevc"})


@dataclass(slots=True)
class Seen:
    """Packets and pictures seen so far; a receiver of packets."""

    light: float = 0.0
    sharpness: float = 0.0
    frames: list[Instant] = field(default_factory=list)
    keys: list[Instant] = field(default_factory=list)

    def push(self, packet: Packet) -> None:
        """Record one packet."""
        if packet.is_keyframe:
            self.keys.append(packet.at)

    def wants_keyframe(self) -> bool:
        """Never: the check needs no keyframe at a certain time."""
        return False

    def is_calm(self) -> bool:
        """Never: the check looks at every frame."""
        return False

    def look(self, at: Instant, luma: Plane) -> None:
        """Record one picture; the one with most detail counts."""
        self.frames.append(at)
        self.light = float(np.mean(luma[::4, ::4]))
        self.sharpness = max(self.sharpness, sharpness(luma))

    @property
    def frames_per_s(self) -> float | None:
        """Frames per second; None if too few came."""
        if len(self.frames) < 3:
            return None
        span_s = self.frames[-1].seconds_since(self.frames[0])
        return (len(self.frames) - 1) / span_s if span_s > 0 else None

    @property
    def keyframe_s(self) -> float | None:
        """Longest time between two keyframes; None if fewer than two came."""
        return max((b.seconds_since(a) for a, b in pairwise(self.keys)), default=None)


def sharpness(luma: Plane) -> float:
    """Share of edges in the picture, as for `SHARP`; 0: it shows nothing."""
    height, width = luma.shape
    small = gray(luma, (max(2, height * WIDTH // width), WIDTH))
    variance = float(small.var())
    if variance < FEATURELESS:
        return 0.0
    return float(curvature(small).var()) / variance


def watch(camera: Camera) -> Seen:
    """Watch an open camera for some seconds; raises CameraError."""
    seen = Seen()

    def is_over() -> bool:
        first = seen.frames[0] if seen.frames else None
        is_long = first is not None and seen.frames[-1].seconds_since(first) > WATCH_S
        return is_long or len(seen.frames) >= MOST_FRAMES

    for frame in camera.frames(seen, is_over):
        seen.look(frame.at, frame.luma)
        if is_over():
            break
    return seen


def findings(name: str, info: StreamInfo, seen: Seen) -> Iterator[Finding]:
    """Faults of the camera's stream, one by one."""
    facts: dict[str, object] = {
        "camera": name,
        "codec": info.codec,
        "light": round(seen.light),
        "frames_per_s": f"{seen.frames_per_s or 0.0:.1f}",
        "keyframe_s": f"{seen.keyframe_s or 0.0:.1f}",
    }
    about = N_("picture of {camera}")
    if not seen.frames:
        yield Finding(about, N_("none came"), N_("see its cable, its power and its address"), facts)
        return
    yield from (Finding(about, *words, facts) for words in _faults(info, seen))


def _faults(info: StreamInfo, seen: Seen) -> Iterator[tuple[str, str]]:
    if seen.light < DARK:
        yield (
            N_("it is dark (brightness {light} of 255)"),
            N_("give it light, switch its infrared on, or take the cap off the lens"),
        )
    elif seen.light > GLARING:
        yield (
            N_("it is glaring (brightness {light} of 255)"),
            N_("turn it away from the lamp or the sun, or lower its exposure"),
        )
    elif seen.sharpness < SHARP:
        yield (
            N_("it is blurred"),
            N_("wipe the glass with a soft cloth, then turn the focus until the far edge is sharp"),
        )
    if info.codec not in KEPT:
        yield (
            N_("its codec is {codec}, which no phone plays"),
            N_("set the camera to H.264"),
        )
    if seen.frames_per_s is not None and seen.frames_per_s < SLOW:
        yield (
            N_("it gives {frames_per_s} frames a second"),
            N_("set the camera to 10 or more, and see whether the network carries them"),
        )
    if seen.keyframe_s is not None and seen.keyframe_s > FAR_APART_S:
        yield (
            N_("its keyframes are {keyframe_s} s apart"),
            N_("set the camera's keyframe (I-frame) interval to two seconds or less"),
        )
