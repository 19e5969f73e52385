"""Effects at the lens or camera: moths, webs, branches, wind, strong compression.

Each maps (picture, shot) to a picture; a picture is I420 and is not written to.
"""

from functools import lru_cache

import cv2
import numpy as np

from agent.media.frame import Plane
from tests.bench.agent.scenes.shot import Shot, grained, split


def noise(yuv: Plane, shot: Shot, *, sigma: float) -> Plane:
    """Noise of a poorer sensor; see `shot.grained` for its limits."""
    return grained(yuv, sigma, seed=shot.seed, index=shot.index)


def moths(
    yuv: Plane, shot: Shot, *, count: int, size_px: tuple[int, int], light: int, visit_s: float
) -> Plane:
    """Bright blurred insects that zigzag close to the lens, each for a part of every visit."""
    out = yuv.copy()
    luma = split(out)[0]
    height, width = luma.shape
    veil = np.zeros_like(luma)
    turn = int(shot.t_s // visit_s)
    for moth in range(count):
        lot = shot.lot(f"moth {moth}", turn)
        start, stay = lot.random() * 0.5, 0.2 + 0.4 * lot.random()
        share = shot.t_s % visit_s / visit_s - start
        pace, phase = 2 + 4 * lot.random(2), 6.3 * lot.random(2)
        size = int(lot.integers(*size_px))
        if 0 <= share < stay:
            y, x = 0.5 + 0.55 * np.sin(pace * shot.t_s + phase) * np.cos(0.37 * pace * shot.t_s)
            beat = 0.6 + 0.4 * np.sin(40 * shot.t_s + moth)
            axes = (size, max(2, int(size * 0.5 * beat)))
            angle = float(np.degrees(phase[0] + 2 * shot.t_s))
            at = (int(x * width), int(y * height))
            cv2.ellipse(veil, at, axes, angle, 0, 360, light, cv2.FILLED)
    cv2.add(luma, cv2.blur(veil, (9, 9)), dst=luma)
    return out


def web(
    yuv: Plane, shot: Shot, *, threads: int, sway_px: float, light: int, spider_s: float
) -> Plane:
    """Threads across a corner that swing in the wind; every `spider_s` seconds a spider on one."""
    out = yuv.copy()
    luma = split(out)[0]
    height, width = luma.shape
    lot = shot.lot("web")
    along = np.linspace(0, 1, 12)
    veil = np.zeros_like(luma)
    sway = sway_px * np.sin(2 * np.pi * 0.7 * shot.t_s) * (0.5 + 0.5 * np.sin(0.4 * shot.t_s))
    for _ in range(threads):
        reach, drop = (0.2 + 0.5 * lot.random()) * width, (0.2 + 0.5 * lot.random()) * height
        bow = sway * (0.5 + lot.random()) * np.sin(np.pi * along)
        points = np.column_stack([reach * along + bow, drop * (1 - along) + bow])
        cv2.polylines(veil, [points.astype(np.int32)], isClosed=False, color=light, thickness=3)
    cv2.add(luma, cv2.blur(veil, (7, 7)), dst=luma)
    walked = shot.t_s % spider_s / spider_s * 3
    if walked < 1:
        at = (int(0.35 * width * walked + sway), int(0.4 * height * (1 - walked) + 20 + sway))
        _dark_spot(luma, at, radius=max(6, width // 50))
    return out


def foliage(yuv: Plane, shot: Shot, *, layers: int, sway_px: float, gust_s: float) -> Plane:
    """Branches in the upper left that swing, more in gusts, each layer by itself.

    A branch moves as a whole; real leaves also flutter (the recorded tree has that).
    """
    out = yuv.copy()
    planes = split(out)
    height, width = planes[0].shape
    gust = 0.3 + 0.7 * max(0.0, np.sin(2 * np.pi * shot.t_s / gust_s))
    for layer in range(layers):
        tint, mask = _branch(height, width, layer, shot.seed)
        pace, phase = 1.5 + 0.7 * layer, 2.0 * layer
        dx = int(sway_px * gust * np.sin(pace * shot.t_s + phase))
        dy = int(0.5 * sway_px * gust * np.sin(1.3 * pace * shot.t_s + phase))
        margin = tint.shape[1] - width * 2 // 5
        y, x = margin // 2 + dy // 2 * 2, margin // 2 + dx // 2 * 2
        rows, columns = height // 2, width * 2 // 5
        part = slice(y, y + rows), slice(x, x + columns)
        on = mask[part] > 0
        planes[0][:rows, :columns][on] = tint[part][on]
        for plane, colour in zip(planes[1:], (112, 120), strict=True):
            here = on[: rows // 2 * 2 : 2, : columns // 2 * 2 : 2]
            plane[: here.shape[0], : here.shape[1]][here] = colour
    return out


def shake(yuv: Plane, shot: Shot, *, sway_px: float, gust_s: float) -> Plane:
    """A pole in the wind: in gusts, the whole picture moves by fractions of a pixel to some pixels.

    Edges are mirrored; boxes of the truth stay in place, so they are off by at most `sway_px`.
    """
    gust = max(0.0, np.sin(2 * np.pi * shot.t_s / gust_s))
    dx = sway_px * gust * np.sin(2 * np.pi * 1.7 * shot.t_s)
    dy = 0.6 * sway_px * gust * np.sin(2 * np.pi * 2.3 * shot.t_s + 1)
    out = np.empty_like(yuv)
    for plane, into, part in zip(split(yuv), split(out), (1.0, 0.5, 0.5), strict=True):
        moved = np.array([[1, 0, dx * part], [0, 1, dy * part]], np.float32)
        size = (plane.shape[1], plane.shape[0])
        cv2.warpAffine(plane, moved, size, dst=into, borderMode=cv2.BORDER_REFLECT)
    return out


def compression(yuv: Plane, shot: Shot, *, quality: int, key_quality: int, key_every: int) -> Plane:
    """Blocks of a codec with too few bits, with a better picture every `key_every` frames.

    Made with JPEG, so nothing smears from frame to frame as in H.264.
    """
    level = key_quality if shot.index % key_every == 0 else quality
    out = np.empty_like(yuv)
    for plane, into in zip(split(yuv), split(out), strict=True):
        _, code = cv2.imencode(".jpg", plane, [cv2.IMWRITE_JPEG_QUALITY, level])
        into[:] = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    return out


@lru_cache(maxsize=16)
def _branch(height: int, width: int, layer: int, seed: int) -> tuple[Plane, Plane]:
    """Brightness and mask of leaves, with a margin for swinging."""
    lot = Shot(seed, 0).lot(f"branch {layer}")
    margin = 64
    rows, columns = height // 2 + margin, width * 2 // 5 + margin
    tint, mask = np.zeros((rows, columns), np.uint8), np.zeros((rows, columns), np.uint8)
    for _ in range(90):
        # more leaves towards the corner
        at = (int(columns * lot.random() ** 1.7), int(rows * lot.random() ** 1.7))
        axes = (int(lot.integers(6, 20)), int(lot.integers(3, 8)))
        angle, light = float(180 * lot.random()), int(lot.integers(35, 95))
        cv2.ellipse(tint, at, axes, angle, 0, 360, light, cv2.FILLED)
        cv2.ellipse(mask, at, axes, angle, 0, 360, 255, cv2.FILLED)
    return tint, mask


def _dark_spot(luma: Plane, at: tuple[int, int], *, radius: int) -> None:
    spot = np.zeros_like(luma)
    cv2.circle(spot, at, radius, 120, cv2.FILLED)
    for leg in range(8):
        tip = (
            at[0] + int(2 * radius * np.cos(leg * 0.785)),
            at[1] + int(2 * radius * np.sin(leg * 0.785)),
        )
        cv2.line(spot, at, tip, 90, 2)
    cv2.subtract(luma, cv2.blur(spot, (5, 5)), dst=luma)
