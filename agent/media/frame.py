"""Decoded frame and encoded packet, each with monotonic and UTC time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """One moment by both clocks: monotonic for spans, UTC for stamps."""

    mono_ns: int
    utc_us: int

    @property
    def mono_s(self) -> float:
        """Monotonic time in seconds."""
        return self.mono_ns / 1e9

    def before(self, span_s: float) -> "Instant":
        """The moment `span_s` seconds earlier, by both clocks."""
        return Instant(self.mono_ns - round(span_s * 1e9), self.utc_us - round(span_s * 1e6))

    def utc_us_by(self, other: "Instant") -> int:
        """UTC time of this moment by the clock as it stood at `other`, ignoring steps between them.

        Never below 0 (1970).
        """
        return max(0, other.utc_us - (other.mono_ns - self.mono_ns) // 1000)

    def seconds_since(self, earlier: "Instant") -> float:
        """Monotonic seconds from `earlier` to here."""
        return (self.mono_ns - earlier.mono_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded picture as planar YUV 4:2:0 (I420): uint8, (height * 3 // 2, width), even sizes.

    `index` counts the source's frames from 1, including those not decoded.
    """

    index: int
    at: Instant
    yuv: Plane
    width: int
    height: int

    @property
    def luma(self) -> Plane:
        """Brightness, uint8 (height, width), 0-255; a view, not a copy."""
        return self.yuv[: self.height]

    @property
    def tints(self) -> tuple[Plane, Plane]:
        """U and V, uint8 (height // 2, width // 2), 128 for grey; views."""
        u, v = self.yuv[self.height :].reshape(2, self.height // 2, self.width // 2)
        return u, v

    def showing(self, yuv: Plane) -> "Frame":
        """A copy with another picture of the same size, as I420."""
        return Frame(self.index, self.at, yuv, self.width, self.height)

    @property
    def is_whole(self) -> bool:
        """True if its number of bytes matches its size."""
        height, width = self.height, self.width
        return self.yuv.shape == (height * 3 // 2, width) and self.yuv.dtype == np.uint8

    def check(self) -> None:
        """ValueError unless its sizes are even and its picture matches them."""
        height, width = self.height, self.width
        if height < 2 or width < 2 or height % 2 or width % 2:
            raise ValueError(
                f"frame {self.index} is {width}x{height}: sizes must be even, from 2 up"
            )
        if not self.is_whole:
            raise ValueError(
                f"frame {self.index} has {self.yuv.dtype} {self.yuv.shape}"
                f" where I420 of {width}x{height} needs uint8 {(height * 3 // 2, width)}"
            )


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One detection of a sensor with its own network: `kind` as in the detector, `score` 0-1, `box`
    (x0, y0, x1, y1) in shares of the picture, possibly slightly outside."""

    kind: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SensedFrame(Frame):
    """Frame of a sensor with its own network, and the detections of that network."""

    glimpses: tuple[Glimpse, ...] = ()

    def showing(self, yuv: Plane) -> Frame:
        """A copy with another picture of the same size, as I420."""
        return replace(self, yuv=yuv)


class LooseFrame(Frame):
    """Frame whose planes still lie in the decoder's memory. Most frames show nothing new, and then
    only brightness is read."""

    __slots__ = ("_gather", "_luma", "_yuv")
    _gather: Callable[[], Plane]
    _luma: Plane
    _yuv: Plane | None

    def __init__(self, index: int, at: Instant, luma: Plane, gather: Callable[[], Plane]) -> None:
        """`luma` can be a view of longer rows; `gather` returns the whole picture as I420."""
        keep = object.__setattr__  # frozen, like its base class
        keep(self, "index", index)
        keep(self, "at", at)
        keep(self, "height", luma.shape[0])
        keep(self, "width", luma.shape[1])
        keep(self, "_luma", luma)
        keep(self, "_gather", gather)
        keep(self, "_yuv", None)

    @property
    def yuv(self) -> Plane:
        """See `Frame`; gathered once."""
        yuv = self._yuv
        if yuv is None:
            yuv = self._gather()
            object.__setattr__(self, "_yuv", yuv)
        return yuv

    @property
    def luma(self) -> Plane:
        """Brightness of the picture, see `Frame.luma`."""
        return self._luma

    @property
    def is_whole(self) -> bool:
        """Always true for a decoder's frames."""
        return True


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded access unit as delivered by the camera (Annex B or AVCC)."""

    data: bytes
    at: Instant
    pts: int
    dts: int
    duration: int
    is_keyframe: bool


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """Stream parameters for a decoder and an MP4 file; `time_base` in seconds per tick."""

    codec: str
    width: int
    height: int
    time_base: Fraction
    frames_per_s: float
    extradata: bytes
