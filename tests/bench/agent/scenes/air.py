"""Weather between camera and street: rain, snow, fog, dust. Each maps (picture, shot) to a picture.

A picture is I420 and is not written to. All effects are flat: no drop lies on the ground, nothing
gets wet or white, and far people are hidden no more than near ones unless stated.
"""

import cv2
import numpy as np

from agent.media.frame import Plane
from tests.bench.agent.scenes.shot import Shot, clouds, split


def rain(
    yuv: Plane, shot: Shot, *, streaks_per_mpx: int, length_px: tuple[int, int], bright: int
) -> Plane:
    """Falling drops blurred to streaks by the shutter, new ones in every picture.

    They only brighten, and have the same sharpness at every distance.
    """
    out = yuv.copy()
    luma = split(out)[0]
    height, width = luma.shape
    dice = shot.dice("rain")
    count = round(streaks_per_mpx * height * width / 1e6)
    slant = 0.15 + 0.1 * np.sin(shot.t_s / 3)  # the wind turns slowly
    top = dice.integers([0, -length_px[1]], [width, height], (count, 2))
    length = dice.integers(*length_px, count)
    ends = np.column_stack([top[:, 0] - np.rint(slant * length).astype(int), top[:, 1] + length])
    streaks = np.stack([top, ends], axis=1).astype(np.int32)
    veil = np.zeros_like(luma)
    for share in range(4):
        light = bright * (share + 1) // 4
        cv2.polylines(veil, list(streaks[share::4]), isClosed=False, color=light)
    cv2.add(luma, cv2.blur(veil, (1, 3)), dst=luma)
    return out


def snow(
    yuv: Plane, shot: Shot, *, flakes_per_mpx: int, near: int, falling_px_per_s: float, bright: int
) -> Plane:
    """Small flakes that sink and sway, and `near` large ones out of focus at the lens.

    A flake keeps its size; the ground does not turn white.
    """
    out = yuv.copy()
    luma = split(out)[0]
    height, width = luma.shape
    lot = shot.lot("snow")
    count = round(flakes_per_mpx * height * width / 1e6)
    start = lot.random((count + near, 2)) * (width, height + 40)
    phase = lot.random(count + near) * 6.3
    speed = falling_px_per_s * np.r_[0.6 + 0.8 * lot.random(count), 3 + 3 * lot.random(near)]
    x = (start[:, 0] + 25 * np.sin(phase + 1.5 * shot.t_s) + 20 * shot.t_s) % width
    y = (start[:, 1] + speed * shot.t_s) % (height + 40) - 20
    veil = np.zeros_like(luma)
    for i in range(count):
        cv2.circle(veil, (int(x[i]), int(y[i])), 1 + i % 2, bright, cv2.FILLED)
    cv2.add(luma, veil, dst=luma)
    for i in range(count, count + near):
        _soft_disc(luma, (int(x[i]), int(y[i])), radius=6 + i % 7, light=bright // 2)
    return out


def fog(yuv: Plane, shot: Shot, *, top: float, bottom: float, grey: int) -> Plane:
    """Drifting banks of mist, thicker towards the top of the picture, where the street is far.

    `top` and `bottom` are the shares of `grey` mixed in there. The fog depends on the height in the
    picture, not on distance.
    """
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    slope = np.linspace(top, bottom, height, dtype=np.float32)[:, None]
    banks = _drift(shot, (height, width), cell_px=160, px_per_s=12.0)
    return _veiled(yuv, slope * (0.75 + 0.5 * banks), (grey, 128, 128))


def dust(yuv: Plane, shot: Shot, *, most: float, gust_s: float, grey: int) -> Plane:
    """Brown clouds of a gust every `gust_s` seconds; `most` is the share hidden at their core."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    gust = max(0.0, np.sin(2 * np.pi * shot.t_s / gust_s)) ** 0.5
    lumps = _drift(shot, (height, width), cell_px=90, px_per_s=80.0)
    return _veiled(yuv, most * gust * np.clip(1.6 * lumps - 0.4, 0, 1), (grey, 118, 140))


def _veiled(yuv: Plane, share: np.ndarray, colour: tuple[int, int, int]) -> Plane:
    """The picture mixed with one colour; `share` of it is (height, width), 0-1."""
    out = yuv.copy()
    thick = np.clip(255 * share, 0, 255).astype(np.uint8)
    for plane, level in zip(split(out), colour, strict=True):
        shape = (plane.shape[1], plane.shape[0])
        veil = thick if thick.shape == plane.shape else cv2.resize(thick, shape)
        clear = cv2.multiply(plane, 255 - veil, scale=1 / 255)
        cv2.add(clear, cv2.multiply(veil, np.full_like(veil, level), scale=1 / 255), dst=plane)
    return out


def _drift(shot: Shot, size: tuple[int, int], *, cell_px: int, px_per_s: float) -> np.ndarray:
    """Lumps 0-1 that move sideways, back and forth in a strip four pictures wide."""
    height, width = size
    field = clouds(height, 4 * width, cell_px, shot.seed)
    way = (px_per_s * shot.t_s) % (6 * width)
    x = int(way if way <= 3 * width else 6 * width - way)
    return field[:, x : x + width].astype(np.float32) / 255


def _soft_disc(luma: Plane, at: tuple[int, int], *, radius: int, light: int) -> None:
    """Add a blurred disc to `luma`, in place; no effect outside it."""
    reach = 2 * radius
    x0, y0 = max(0, at[0] - reach), max(0, at[1] - reach)
    part = luma[y0 : max(y0, at[1] + reach), x0 : max(x0, at[0] + reach)]
    if part.size:
        disc = np.zeros_like(part)
        cv2.circle(disc, (at[0] - x0, at[1] - y0), radius, light, cv2.FILLED)
        cv2.add(part, cv2.blur(disc, (radius, radius)), dst=part)
