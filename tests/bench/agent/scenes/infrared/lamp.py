"""The light of a camera's infrared lamp: on the ground, on bodies, and on insects at the lens.

All is grey. The ground is bright in the middle near the camera and dark far away and at the
borders. All clothes and faces are bright, and brighter than the ground; a body stands upright and
has the light of the place of its feet. The figures are those of one camera of eight megapixels.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from tests.bench.agent.scenes.handover.clothes import dressed
from tests.bench.agent.scenes.near import Body
from tests.bench.agent.scenes.shot import Shot, glow, grained

BLACK: Final = 19.0
"""Luma without any light."""
GROUND: Final = 96.0
"""Added luma of bright ground in full light."""
AT: Final = (0.85, 0.5)
REACH: Final = (0.35, 0.28)
"""Middle of the light and its reach (y, x), in shares of the picture."""
UPPER: Final = (140.0, 190.0)
LOWER: Final = (105.0, 165.0)
"""Least and most luma of clothes in full light."""
HEAD_ROWS: Final = 0.15
HEAD: Final = (85.0, 0.6)
"""Luma of a black head, and share of its recorded luma that is added."""
SHADOW: Final = (24, 150)
"""Its luma, and how much it hides (0-255)."""
SHUTTER: Final = 0.04
"""Blur of a walker, in body heights."""


@lru_cache(maxsize=2)
def lamp(height: int, width: int) -> NDArray[np.float32]:
    """Light 0-1, (height, width)."""
    field = glow((height, width), at=AT, reach=REACH, peak=255)
    return field.astype(np.float32) / np.float32(255)


def lit_ground(yuv: Plane, power: float) -> Plane:
    """Y, U, V (rows, columns, 3) of a place without people, taken by day, under the lamp."""
    luma = yuv[:, :, 0].astype(np.float32)
    shade = 0.4 + 0.6 * np.minimum(luma / np.percentile(luma, 75), 1.3)  # grass is bright
    out = np.full_like(yuv, 128)
    out[:, :, 0] = np.rint(BLACK + power * GROUND * lamp(*luma.shape) * shade)
    return out


def bright(body: Body, upper: float, lower: float) -> Body:
    """The body as it is in full light, with clothes of this luma."""
    grey = dressed(body, (upper, 128.0, 128.0, lower, 128.0, 128.0))
    yuv = grey.yuv.copy()
    yuv[:, :, 1:] = 128
    head = yuv[: round(HEAD_ROWS * yuv.shape[0]), :, 0]
    head[:] = np.rint(HEAD[0] + HEAD[1] * head)
    return replace(body, yuv=yuv)


def lit(body: Body, light: float) -> Body:
    """A bright body in less light (0-1)."""
    yuv = body.yuv.copy()
    yuv[:, :, 0] = np.rint(BLACK + light * np.maximum(body.yuv[:, :, 0] - BLACK, 0.0))
    return replace(body, yuv=yuv)


def blurred(body: Body) -> Body:
    """As a walker in a long exposure."""
    size = (max(1, round(SHUTTER * body.mask.shape[0])), 1)
    yuv, mask = cv2.blur(body.yuv, size), cv2.blur(body.mask, size)
    return Body(np.asarray(yuv, np.uint8), np.asarray(mask, np.uint8))


def shadow(body: Body) -> Body:
    """Of the body, on what is behind it."""
    luma, hides = SHADOW
    yuv = np.full_like(body.yuv, 128)
    yuv[:, :, 0] = luma
    mask = np.rint(body.mask * np.float32(hides / 255)).astype(np.uint8)
    return Body(yuv, cv2.blur(mask, (3, 3)).astype(np.uint8))


def grain(yuv: Plane, shot: Shot, *, sigma: float) -> Plane:
    """The picture with a sensor's noise, without colour; see `shot.grained` for its limits."""
    return grained(yuv, sigma, seed=shot.seed, index=shot.index, colour=0.0)
