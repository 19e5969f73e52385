"""What a picture looks like when nobody is there, block by block, and how restless each spot is.

A block is told apart from the background only if no change of light explains it. Light falls
smoothly: it may add the same to a block and its surroundings (a beam in wet air, glare), multiply
both (a gain step, a beam on dry ground), or anything between. So a block's contrast to its
surroundings may lie anywhere between what it was and what it was times the change of brightness
around it. That is the shading model of illumination-invariant change detection (Toth, Aach and
Metzler 2000) without the logarithm, which would hold only for light that multiplies.

How restless a spot is, is a quantile of its own flicker, followed by steps of fixed size as in
sigma-delta estimation (Manzanera and Richefeu 2007): who passes now and then leaves no trace in
it, a branch that never rests does, and when the wind drops it is forgotten again.
"""

from collections.abc import Callable
from ctypes import CDLL
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Plane
from agent.vision import fast

Field = NDArray[np.float32]
"""One number a block: (height // 8, width // 8)."""
Mask = Plane
"""The same shape in uint8: 0 is no."""

IGNORED = 255
"""A limit beyond which no block can change."""
NEAR = np.ones((3, 3), np.uint8)
"""A block and those that touch it."""
KEPT = 3
"""Answers that stay valid: the last and the two before it. Memory that is used again lies in the
cache; what is made anew for each frame takes twice as long."""


@dataclass(frozen=True, slots=True)
class GroundSettings:
    """Grey levels are 0-255. What is not argued here was chosen on frames 1-395 of the street."""

    least_change: float = 6.0
    """A block must differ by so many grey levels, however quiet its spot is: six times the noise
    of block means when the pixels' own is 8."""
    over_noise: float = 3.0
    """And by so many times the usual flicker of its spot."""
    calm: float = 2.0
    """Usual flicker up to this is a sensor's."""
    gusty: float = 4.0
    """What flickers more comes in gusts, branches, webs: for every so many grey levels of flicker
    beyond `calm` once more `over_noise` is asked for."""
    surroundings: float = 0.1
    """Side of the square that counts as surroundings, as a share of the picture's height: wider
    than a person 80 pixels high, narrow enough for a beam to be smooth in it."""
    roughness: float = 0.3
    """Of a change of the brightness around it, a block may be off by this share: glass, leaves and
    wet ground do not take light as their neighbours do."""
    lamp: int = 230
    """A block that became as bright as this is a lamp or its image: it and its neighbours say
    nothing."""
    lamp_step: int = 15
    """Became: it was darker than that by more than this."""
    relit: float = 0.5
    """When more than this share of the blocks differ at once, perhaps all light has changed."""
    explained: float = 0.5
    """It has, if one gain and one offset for the whole picture leave less than this share of them
    different; then the picture of now is the background, but for where something moved before."""
    body: float = 60.0
    """And for blocks that are off from it by more than this: leaves against the sky, half of them
    blinded by the gain, are off by up to 40."""
    stranger_s: float = 8.0
    """For so long after all light changed, what stands as still as the street and not where
    something moved before is rather light than somebody,"""
    stranger_per_s: float = 40.0
    """and is taken in by so many grey levels a second."""
    flash_s: float = 2.0
    """If all light changes back within this time (lightning), the background from before holds."""
    learning_s: float = 4.0
    """Time in which the background takes over two thirds of a lasting change; shorter forgets a
    person standing still sooner, longer is fooled by clouds for longer."""
    moved_per_s: float = 4.0
    """Grey levels a second by which blocks that count as moved are taken in, however much they
    differ. Who stands still is in sight for a quarter of a minute, longer than it takes to be
    tracked; the print that somebody leaves is gone in the time that they lingered."""
    usual: float = 0.7
    """What a spot does in this share of the time is usual there. On the busy street people are in
    a spot for up to four tenths of it."""
    restless_per_s: float = 1.0
    """Grey levels a second by which the usual flicker is followed: a branch is learned within half
    a minute and forgotten in a minute or two."""
    restless_most: float = 30.0
    """Usual flicker is no more than this, so that nothing blinds a spot for good."""
    learn_every_s: float = 0.25
    """The background is brought up to date so often: it changes over seconds, and the frames
    between cost half."""


class Ground:
    """The background of one camera at one size; used by one thread.

    For each frame ask `unexplained`, then `spread` if something is, then `learn`.
    """

    def __init__(
        self,
        blocks: Plane,
        settings: GroundSettings,
        ignored: Mask | None = None,
        library: CDLL | None = fast.LIBRARY,
    ) -> None:
        """Starts from `blocks`; where `ignored` is not 0 nothing ever differs."""
        self._settings = settings
        self._ignored = ignored
        side = max(5, round(settings.surroundings * blocks.shape[0]) | 1)
        self._around, self._area = (side, side), float(side * side)
        self._mean: Field = blocks.astype(np.float32)
        self._flicker: Field = np.full_like(self._mean, settings.least_change / settings.over_noise)
        self._learned = blocks.copy()
        self._before_flash: Field | None = None
        self._flash_left_s = 0.0
        self._strangers: Mask | None = None
        self._strangers_left_s = 0.0
        self._moved: Mask | None = None
        """In the frame before."""
        self._spread, self._kept = np.empty_like(blocks), np.empty_like(blocks)
        self._size, self._over = np.empty_like(blocks), np.empty_like(blocks)
        self._now = np.empty_like(self._mean)
        self._spare = np.empty_like(self._mean)
        self._lamp_from = np.empty_like(blocks)
        self._lamp_table = np.full(256, settings.lamp - 1, np.uint8)
        self._lamp_table[settings.lamp - settings.lamp_step :] = 255
        """From which brightness on a block is a lamp, by its brightness so far."""
        self._is_more = np.empty(blocks.shape, np.bool_)
        self._step = np.zeros(256, np.float32)
        """Where flicker is no more than usual, and where it is."""
        self._mean8, self._limit8 = np.empty_like(blocks), np.empty_like(blocks)
        self._local = np.empty_like(self._mean)
        pair = (2, *blocks.shape)
        self._times, self._plus = np.empty(pair, np.float32), np.empty(pair, np.float32)
        self._middle, self._tolerance = self._times
        self._apart, self._limit = self._plus
        """The background less what its surroundings would make of it; how far it may be off."""
        self._bounds = np.empty(pair, np.float32)
        self._near, self._lit = self._bounds
        self._found = tuple(np.empty(blocks.shape, np.bool_) for _ in range(KEPT))
        self._turn = 0
        ground = (self._mean8, self._limit8, self._lamp_from, self._local, self._times, self._plus)
        self._unlit = library and fast.Unlit(
            library, ground, over=self._over, found=self._found, side=side
        )
        self.differing = 0
        """Blocks of the last frame that were not as the background, be it explained or not."""
        self._publish()

    def unexplained(self, blocks: Plane) -> Mask | None:
        """The blocks (1) that neither flicker nor light explains; None if none differs at all.
        Valid until the third call from here."""
        self._turn = (self._turn + 1) % KEPT
        self._compare(blocks)
        if not self.differing:
            self._moved = None
            return None
        if self._before_flash is not None:
            self._return_from_flash(blocks, self._before_flash)
        if self.differing > self._settings.relit * blocks.size:
            self._expect_strangers()
            self._relight(blocks)
        found: Mask = self._found[self._turn].view(np.uint8)
        if self._unlit is None:
            self._beyond_light(blocks, found)
            cv2.min(found, self._over, found)
        elif not self.differing:  # by the new light; what was found by the old one goes
            found.fill(0)
        return found

    def spread(self, found: Mask) -> Mask:
        """With the blocks beside them that differ, be it explained or not: a body's inside looks
        like its surroundings, which are the body. Valid until the next call."""
        cv2.dilate(found, NEAR, self._spread)
        cv2.min(self._spread, self._over, self._kept)
        self._moved = self._spread
        return self._kept

    def pieces(self, library: CDLL, joined: Mask) -> Callable[[Mask], list[fast.Piece]]:
        """The same and what of it is connected, in one step."""
        step = fast.Pieces(
            library, over=self._over, spread=self._spread, moved=self._kept, joined=joined
        ).step

        def pieces(found: Mask) -> list[fast.Piece]:
            self._moved = self._spread
            return step(found)

        return pieces

    def learn(self, blocks: Plane, moved: Mask | None, *, elapsed_s: float, age_s: float) -> None:
        """Take in the blocks of a frame. `elapsed_s` since the last time, `age_s` since the first:
        rates go by time, so that dropped frames do not slow the learning."""
        settings = self._settings
        still = share(elapsed_s, min(settings.learning_s, max(age_s, elapsed_s)))
        if moved is None:
            cv2.accumulateWeighted(blocks, self._mean, still)
        else:
            rest = np.equal(moved, 0, out=self._is_more).view(np.uint8)
            cv2.accumulateWeighted(blocks, self._mean, still, mask=rest)
            towards = self._towards(blocks, settings.moved_per_s * elapsed_s)
            cv2.add(self._mean, towards, self._mean, mask=moved)
        if self._strangers is not None:
            self._take_in(blocks, self._strangers, elapsed_s)
        self._follow_flicker(blocks, elapsed_s)
        self._flash_left_s -= elapsed_s
        if self._flash_left_s <= 0:
            self._before_flash = None
        self._publish()

    def _expect_strangers(self) -> None:
        """All light changes: what is found from here on, and not where something moved before."""
        if self._strangers is None:
            self._strangers = np.ones_like(self._mean8)
            self._strangers_left_s = self._settings.stranger_s
            if self._moved is not None:
                self._strangers[self._moved != 0] = 0

    def _take_in(self, blocks: Plane, strangers: Mask, elapsed_s: float) -> None:
        """What the last change of light could not explain and has not moved since."""
        self._strangers_left_s -= elapsed_s
        if self._strangers_left_s <= 0:
            self._strangers = None
        if self._moved is not None:
            is_still = np.less_equal(cv2.absdiff(blocks, self._learned), self._limit8)
            towards = self._towards(blocks, self._settings.stranger_per_s * elapsed_s)
            where = is_still & ((strangers & self._moved) != 0)
            cv2.add(self._mean, towards, self._mean, mask=where.view(np.uint8))

    def _towards(self, blocks: Plane, step: float) -> Field:
        """From the background to the blocks of now, by no more than `step`. Valid until the next
        call."""
        np.copyto(self._now, blocks)
        np.subtract(self._now, self._mean, self._now)
        np.minimum(self._now, step, out=self._now)
        np.maximum(self._now, -step, out=self._now)
        return self._now

    def _compare(self, blocks: Plane) -> None:
        if self._unlit is not None:
            self.differing = self._unlit.step(blocks, self._turn)
            return
        cv2.absdiff(blocks, self._mean8, self._size)
        cv2.subtract(self._size, self._limit8, self._over)
        self.differing = cv2.countNonZero(self._over)

    def _beyond_light(self, blocks: Plane, found: Mask) -> None:
        """Finds the blocks (1) whose contrast lies beyond what light can have made of it.

        Let a block be m, around it M, and both be b and B now, with d = B - M. If the light was
        added, b - B is m - M; if it multiplies, it is (m - M) B / M. What lies between is within
        |m - M| |d| / 2M of the middle, m - M + (m - M) d / 2M, so the distance from there is
        |(b - m) - d (1 + (m - M) / 2M)|: two products instead of two limits and their division.
        What of it does not depend on the frame is made when the ground is learned. The two products
        and sums, middle and how far from it, are each made in one step: on so little it is the
        steps that cost. Around is a sum and not a mean: those are the same by every way to them.
        """
        now, near, lit = self._now, self._near, self._lit
        cv2.boxFilter(blocks, cv2.CV_32F, self._around, near, (-1, -1), normalize=False)
        cv2.absdiff(near, self._local, lit)
        np.multiply(self._bounds, self._times, self._bounds)
        np.add(self._bounds, self._plus, self._bounds)
        np.copyto(now, blocks)
        cv2.absdiff(now, near, now)
        np.greater(now, lit, out=self._found[self._turn])
        cv2.subtract(blocks, self._lamp_from, self._size)
        if cv2.hasNonZero(self._size):
            cv2.dilate(self._size, NEAR, self._kept)
            cv2.subtract(found, self._kept, found)

    def _relight(self, blocks: Plane) -> None:
        """If one gain and one offset explain the whole picture, take it for the background."""
        lit = relit(self._mean, blocks)
        left = np.count_nonzero(np.abs(blocks - lit) > self._limit)
        if left >= self._settings.explained * self.differing:
            return
        if self._before_flash is None:
            self._before_flash = self._mean
        self._flash_left_s = self._settings.flash_s
        self._mean = blocks.astype(np.float32)
        bodies = np.abs(blocks - lit) > self._settings.body
        if self._moved is not None:
            np.logical_or(bodies, self._moved, out=bodies)
        np.copyto(self._mean, lit, where=bodies)
        self._publish()
        self._compare(blocks)

    def _return_from_flash(self, blocks: Plane, before: Field) -> None:
        """To the background from before, if it fits better by half."""
        differing = np.count_nonzero(np.abs(blocks - before) > self._limit)
        if differing < self._settings.explained * self.differing:
            self._mean, self._before_flash = before, None
            self._publish()
            self._compare(blocks)

    def need(self, least_change: float) -> None:
        """From the next frame on a block must differ by so many grey levels."""
        self._settings = replace(self._settings, least_change=least_change)
        self._publish()

    def _follow_flicker(self, blocks: Plane, elapsed_s: float) -> None:
        """One step towards the usual change from one learning to the next."""
        settings = self._settings
        cv2.absdiff(blocks, self._learned, dst=self._size)
        np.copyto(self._learned, blocks)
        step = settings.restless_per_s * elapsed_s
        self._step[:2] = step * (settings.usual - 1), step * settings.usual
        np.copyto(self._now, self._size)
        is_more = np.greater(self._now, self._flicker, out=self._is_more).view(np.uint8)
        cv2.LUT(is_more, self._step, self._now)
        np.add(self._flicker, self._now, self._flicker)
        np.minimum(self._flicker, settings.restless_most, out=self._flicker)
        np.maximum(self._flicker, 0.0, out=self._flicker)

    def _publish(self) -> None:
        """What frames are compared with until the next learning."""
        settings = self._settings
        mean, limit, half = self._mean, self._limit, self._spare
        cv2.convertScaleAbs(mean, self._mean8)
        gusts = settings.over_noise / settings.gusty
        np.multiply(self._flicker, gusts, limit)
        np.add(limit, settings.over_noise - gusts * settings.calm, limit)
        np.maximum(limit, settings.over_noise, out=limit)
        np.multiply(limit, self._flicker, limit)
        np.maximum(limit, settings.least_change, out=limit)
        cv2.convertScaleAbs(limit, self._limit8)
        if self._ignored is not None:
            self._limit8[self._ignored != 0] = IGNORED
        cv2.LUT(self._mean8, self._lamp_table, self._lamp_from)
        cv2.boxFilter(mean, -1, self._around, self._local)
        np.multiply(self._local, 2.0, self._near)
        np.maximum(self._near, 1.0, out=self._near)
        np.subtract(mean, self._local, half)
        np.divide(half, self._near, half)
        np.add(half, 1.0, self._middle)
        np.abs(half, self._tolerance)
        np.add(self._tolerance, settings.roughness, self._tolerance)
        np.multiply(self._local, self._middle, self._apart)
        np.subtract(mean, self._apart, self._apart)
        np.multiply(self._local, self._area, self._local)
        np.divide(self._times, self._area, self._times)


def relit(mean: Field, blocks: Plane) -> Field:
    """`mean` under the one gain and the one offset that bring it closest to `blocks`.

    Medians of the darker and of the brighter half: who walks there weighs nothing.
    """
    bright = mean > np.median(mean)
    gain = 1.0
    if bright.any():
        wanted = np.median(blocks[bright]) - np.median(blocks[~bright])
        gain = wanted / max(1.0, float(np.median(mean[bright]) - np.median(mean[~bright])))
        gain = min(3.0, max(0.3, gain))
    offset = float(np.median(blocks - gain * mean))
    lit: Field = np.clip(np.float32(gain) * mean + np.float32(offset), 0, 255)
    return lit


def share(elapsed_s: float, within_s: float) -> float:
    """How much of the new to take in after `elapsed_s`, for a memory of `within_s`."""
    return 1.0 - float(np.exp(-elapsed_s / within_s)) if within_s > 0 else 1.0
