"""Tampering and failures of a camera: covered, sprayed, turned, out of focus, dark, blinded.

Each maps (picture, shot) to a picture, from `first_s` of the scene on; earlier pictures stay
unchanged. A picture is I420 and is not written to.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from agent.media.frame import Plane
from tests.bench.agent.scenes.footage import Footage, Shown
from tests.bench.agent.scenes.light import infrared
from tests.bench.agent.scenes.shot import Shot, clouds, glow, grained, split

SENSOR = 2.0


def covered(yuv: Plane, shot: Shot, *, first_s: float, grey: int) -> Plane:
    """A cloth or hand on the lens: dim or bright, with soft folds that always move a little."""
    if shot.t_s < first_s:
        return yuv
    out = np.full_like(yuv, 128)
    luma = split(out)[0]
    height, width = luma.shape
    way = int(8 * np.sin(0.8 * shot.t_s)) + 8
    folds = clouds(height, width + 16, 220, shot.seed)[:, way : way + width]
    cv2.convertScaleAbs(folds, dst=luma, alpha=0.1, beta=grey)
    return grained(out, SENSOR, seed=shot.seed, index=shot.index)


def sprayed(yuv: Plane, shot: Shot, *, first_s: float, share: float, grey: int) -> Plane:
    """Paint on the glass, `share` of the picture: blots with soft edges, a veil over the rest."""
    if shot.t_s < first_s:
        return yuv
    out = yuv.copy()
    luma, u, v = split(out)
    height, width = luma.shape
    field = clouds(height, width, height // 3, shot.seed + 3).astype(np.float32)
    edge = float(np.quantile(field, 1 - share))
    paint = np.clip((field - edge) / 50 + 0.5, 0.1, 1.0)  # 0.1: the veil outside the blots
    luma[:] = (luma * (1 - paint) + grey * paint).astype(np.uint8)
    less = cv2.resize(paint, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    for plane in (u, v):
        plane[:] = (plane * (1 - less) + 128 * less).astype(np.uint8)
    return grained(out, SENSOR, seed=shot.seed, index=shot.index)


def turned(yuv: Plane, shot: Shot, *, first_s: float, by: tuple[float, float]) -> Plane:
    """The camera is turned: the picture moves `by` (down, across), in shares of the picture; edges
    are mirrored."""
    if shot.t_s < first_s:
        return yuv
    out = np.empty_like(yuv)
    for plane, into in zip(split(yuv), split(out), strict=True):
        height, width = plane.shape
        way = np.array([[1, 0, -by[1] * width], [0, 1, -by[0] * height]], np.float32)
        cv2.warpAffine(plane, way, (width, height), dst=into, borderMode=cv2.BORDER_REFLECT)
    return out


def defocused(yuv: Plane, shot: Shot, *, first_s: float, blur: float) -> Plane:
    """A turned focus ring: a blur of `blur` of the picture's height; the noise stays sharp."""
    if shot.t_s < first_s:
        return yuv
    out = np.empty_like(yuv)
    for plane, into in zip(split(yuv), split(out), strict=True):
        cv2.GaussianBlur(plane, (0, 0), blur * plane.shape[0], dst=into)
    return grained(out, SENSOR, seed=shot.seed, index=shot.index)


def dark(yuv: Plane, shot: Shot, *, first_s: float, within_s: float, light: float) -> Plane:
    """Night without a lamp: down to `light` of the day in `within_s`; the noise stays."""
    if shot.t_s < first_s:
        return yuv
    share = max(light, light ** min(1.0, (shot.t_s - first_s) / within_s))
    out = yuv.copy()
    luma, u, v = split(out)
    cv2.convertScaleAbs(luma, dst=luma, alpha=share)
    for plane in (u, v):
        cv2.convertScaleAbs(plane, dst=plane, alpha=share, beta=128 * (1 - share))
    return grained(out, 3.0, seed=shot.seed, index=shot.index)


def blinded(yuv: Plane, shot: Shot, *, first_s: float, peak: float) -> Plane:
    """A torch or lamp into the lens, slightly unsteady; its veil covers the area around it."""
    if shot.t_s < first_s:
        return yuv
    out = yuv.copy()
    luma = split(out)[0]
    x = 0.5 + 0.03 * float(np.sin(2 * shot.t_s))
    cv2.convertScaleAbs(luma, dst=luma, alpha=0.4, beta=90)
    cv2.add(luma, glow(luma.shape, at=(0.5, x), reach=(0.3, 0.3), peak=peak), dst=luma)
    return grained(out, SENSOR, seed=shot.seed, index=shot.index)


def lamp_dead(yuv: Plane, shot: Shot, *, night_s: float, first_s: float) -> Plane:
    """Black and white from `night_s` on, lit by the camera's own lamp until `first_s`."""
    night = infrared(yuv, shot, first_s=night_s, every_s=1e9, held_s=1e9)
    if shot.t_s < max(night_s, first_s):
        return night
    out = np.full_like(yuv, 128)
    cv2.convertScaleAbs(split(yuv)[0], dst=split(out)[0], alpha=0.05)
    return grained(out, 4.0, seed=shot.seed, index=shot.index, colour=0.0)


@dataclass(frozen=True, eq=False)
class Frozen:
    """Footage of a camera with a hung encoder: from picture `first` on it repeats that picture."""

    footage: Footage
    first: int

    @property
    def size(self) -> tuple[int, int]:
        return self.footage.size

    @property
    def frames(self) -> int:
        return self.footage.frames

    @property
    def frames_per_s(self) -> float:
        return self.footage.frames_per_s

    def picture(self, index: int) -> Plane:
        return self.footage.picture(min(index, self.first))

    def shown(self, index: int) -> Shown:
        return self.footage.shown(min(index, self.first))
