"""Changes of light: gain, headlights, lightning, clouds, glare, night and the switch to infrared.

Each maps (picture, shot) to a picture; a picture is I420 and is not written to. Light is added to a
picture taken by day: nothing throws a shadow, and wet streets do not mirror.
"""

import cv2
import numpy as np

from agent.media.frame import Plane
from tests.bench.agent.scenes.shot import Shot, clouds, glow, grained, split


def gain_step(yuv: Plane, shot: Shot, *, times: float, every_s: float, held_s: float) -> Plane:
    """The camera's automatic gain jumps, stays, and jumps back; first after `every_s`.

    A real camera often takes some frames for each change.
    """
    is_up = shot.t_s >= every_s and shot.t_s % every_s < held_s
    return _scaled(yuv, times) if is_up else yuv.copy()


def headlights(
    yuv: Plane, shot: Shot, *, every_s: float, sweep_s: float, first_s: float, peak: float
) -> Plane:
    """The beam of a car that turns outside the picture moves across, followed by two lamps."""
    out = yuv.copy()
    since = shot.t_s - first_s
    if since < 0 or since % every_s >= sweep_s:
        return out
    luma = split(out)[0]
    share = since % every_s / sweep_s
    if int(since // every_s) % 2:
        share = 1 - share  # the next one comes from the other side
    x = -0.3 + 1.6 * share
    beam = glow(luma.shape, at=(0.55, x), reach=(0.18, 0.15), peak=peak)
    cv2.add(luma, beam, dst=luma)
    height, width = luma.shape
    for beside in (-0.02, 0.02):
        lamp = (int((x + beside) * width), int(0.45 * height))
        cv2.circle(luma, lamp, max(2, width // 130), 255, cv2.FILLED, cv2.LINE_AA)
    return out


def lightning(yuv: Plane, shot: Shot, *, every_s: float, peak: float, fading_s: float) -> Plane:
    """A flash at a random moment of every `every_s` seconds, half of them double, fading fast.

    It brightens the top most, as the sky does.
    """
    out = yuv.copy()
    luma = split(out)[0]
    turn = int(shot.t_s // every_s)
    lot = shot.lot("lightning", turn)
    flash_s = (turn + 0.8 * lot.random()) * every_s
    flashes = [flash_s, flash_s + 0.3] if lot.random() < 0.5 else [flash_s]
    light = sum(
        peak * float(np.exp(-(shot.t_s - at) / fading_s)) for at in flashes if shot.t_s >= at
    )
    if light >= 1:
        slope = np.linspace(light, 0.5 * light, luma.shape[0]).clip(0, 255).astype(np.uint8)
        cv2.add(luma, np.repeat(slope[:, None], luma.shape[1], axis=1), dst=luma)
    return out


def cloud_shadows(yuv: Plane, shot: Shot, *, darkest: float, px_per_s: float) -> Plane:
    """Shadows of clouds move over the ground; under a thick one the light is `darkest`."""
    out = yuv.copy()
    luma = split(out)[0]
    height, width = luma.shape
    field = clouds(height, 4 * width, 260, shot.seed)
    way = px_per_s * shot.t_s % (6 * width)
    x = int(way if way <= 3 * width else 6 * width - way)
    least = int(255 * darkest)
    shade = cv2.max(field[:, x : x + width], np.full_like(luma, least))
    cv2.multiply(luma, shade, dst=luma, scale=1 / 255)
    return out


def glare(yuv: Plane, shot: Shot, *, peak: float, wander_s: float) -> Plane:
    """A low sun in the lens: a white corner of varying size, its reflections, and low contrast."""
    out = yuv.copy()
    luma = split(out)[0]
    cv2.convertScaleAbs(luma, dst=luma, alpha=0.75, beta=40)
    breath = 0.5 + 0.5 * np.sin(2 * np.pi * shot.t_s / wander_s)
    x = 0.75 + 0.1 * breath
    for at, reach, share in (
        ((0.1, x), 0.25, 1.0),
        ((0.55, 0.5), 0.05, 0.3),
        ((0.8, 1 - x), 0.08, 0.2),
    ):
        spot = glow(
            luma.shape, at=at, reach=(reach, reach), peak=peak * share * (0.6 + 0.4 * breath)
        )
        cv2.add(luma, spot, dst=luma)
    return out


def night(yuv: Plane, shot: Shot, *, gamma: float, gain: float, noise: float) -> Plane:
    """Dark and noisy: darker tones lose most, colour fades, the sensor's gain is high.

    No lamp is lit, and the longer exposure blurs no one.
    """
    table = 255 * gain * (np.arange(256) / 255) ** gamma
    out = yuv.copy()
    luma, u, v = split(out)
    luma[:] = cv2.LUT(luma, table.astype(np.uint8))
    for chroma in (u, v):
        chroma[:] = cv2.LUT(chroma, (128 + 0.4 * (np.arange(256) - 128)).astype(np.uint8))
    return grained(out, noise, seed=shot.seed, index=shot.index)


def infrared(yuv: Plane, shot: Shot, *, first_s: float, every_s: float, held_s: float) -> Plane:
    """Day, then the infrared filter opens and the lamp comes on: black, white, then grey and noisy.

    The lamp lights the middle of the picture. Clothes keep their brightness; under real infrared
    they do not.
    """
    since = shot.t_s - first_s
    if since < 0 or since % every_s >= held_s:
        return yuv.copy()
    phase_s = since % every_s
    out = yuv.copy()
    luma, u, v = split(out)
    u[:] = v[:] = 128
    if phase_s < 0.7:
        cv2.convertScaleAbs(luma, dst=luma, alpha=0.15 if phase_s < 0.3 else 2.0)
        return out
    lamp = glow(luma.shape, at=(0.55, 0.5), reach=(0.4, 0.4), peak=255)
    cv2.multiply(cv2.convertScaleAbs(luma, alpha=0.9, beta=10), lamp, dst=luma, scale=1 / 255)
    return grained(out, 5.0, seed=shot.seed, index=shot.index, colour=0.0)


def _scaled(yuv: Plane, times: float) -> Plane:
    out = yuv.copy()
    luma, u, v = split(out)
    cv2.convertScaleAbs(luma, dst=luma, alpha=times)
    for chroma in (u, v):
        cv2.convertScaleAbs(chroma, dst=chroma, alpha=times, beta=128 * (1 - times))
    return out
