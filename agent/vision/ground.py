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

from ctypes import CDLL
from dataclasses import dataclass, replace

import numpy as np

from agent.media.frame import Plane
from agent.vision import fast
from agent.vision.fields import KEPT, Field, Fields, Halving, Limits, Mask, Region, Rule


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

    For each frame `look`, then ask for `regions` if something was found, then `learn`.
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
        side = max(5, round(settings.surroundings * blocks.shape[0]) | 1)
        self._fields = Fields(blocks, side, ignored)
        self._fields.flicker.fill(settings.least_change / settings.over_noise)
        self._mean, self._limit = self._fields.mean, self._fields.limit
        self._steps = fast.steps(library, self._fields)
        self._before_flash: Field | None = None
        self._flash_left_s = 0.0
        self._strangers: Mask | None = None
        self._strangers_left_s = 0.0
        self._has_moved = False
        """In the frame before; `spread` of the steps says where."""
        self._turn = 0
        self.differing = self.found = self.again = 0
        """Blocks of the last frame that were not as the background, be it explained or not; those
        of them that neither flicker nor light explains; and those found in the frame before too."""
        self._publish()

    def see(self, halving: Halving, luma: Plane) -> None:
        """Halve a frame and `look`, in one step. ValueError changes nothing, see `fast.Halving`."""
        turn = (self._turn + 1) % KEPT
        self.differing, self.found, self.again = self._steps.see(halving, luma, turn)
        self._turn = turn
        self._judge(halving.blocks)

    def look(self, blocks: Plane) -> None:
        """Count what of a frame differs, and what of that is found."""
        self._turn = (self._turn + 1) % KEPT
        self._compare(blocks)
        self._judge(blocks)

    def _judge(self, blocks: Plane) -> None:
        if self.differing:
            if self._before_flash is not None:
                self._return_from_flash(blocks, self._before_flash)
            if self.differing > self._settings.relit * blocks.size:
                self._expect_strangers(blocks)
                self._relight(blocks)
        if not self.found:
            self._has_moved = False

    def regions(self, rule: Rule) -> list[Region]:
        """What is connected of what was found, see `agent.vision.fields.Steps`."""
        self._has_moved = True
        return self._steps.regions(self._turn, rule)

    def learn(self, blocks: Plane, moved: Mask | None, *, elapsed_s: float, age_s: float) -> None:
        """Take in the blocks of a frame. `elapsed_s` since the last time, `age_s` since the first:
        rates go by time, so that dropped frames do not slow the learning."""
        settings = self._settings
        still = share(elapsed_s, min(settings.learning_s, max(age_s, elapsed_s)))
        self._steps.take_in(blocks, moved, share=still, step=settings.moved_per_s * elapsed_s)
        if self._strangers is not None:
            self._take_in(blocks, self._strangers, elapsed_s)
        step = settings.restless_per_s * elapsed_s
        down, up = step * (settings.usual - 1), step * settings.usual
        self._steps.follow(blocks, down=down, up=up, highest=settings.restless_most)
        self._flash_left_s -= elapsed_s
        if self._flash_left_s <= 0:
            self._before_flash = None
        self._publish()

    def _expect_strangers(self, blocks: Plane) -> None:
        """All light changes: what is found from here on, and not where something moved before."""
        if self._strangers is None:
            self._strangers = np.ones_like(blocks)
            self._strangers_left_s = self._settings.stranger_s
            if self._has_moved:
                self._strangers[self._steps.spread() != 0] = 0

    def _take_in(self, blocks: Plane, strangers: Mask, elapsed_s: float) -> None:
        """What the last change of light could not explain and has not moved since."""
        self._strangers_left_s -= elapsed_s
        if self._strangers_left_s <= 0:
            self._strangers = None
        if self._has_moved:
            learned = self._fields.learned
            apart = np.maximum(blocks, learned) - np.minimum(blocks, learned)
            where = apart <= self._fields.limit8
            where &= (strangers & self._steps.spread()) != 0
            step = np.float32(self._settings.stranger_per_s * elapsed_s)
            towards = np.clip(blocks - self._mean, -step, step)
            np.add(self._mean, towards, out=self._mean, where=where)

    def _compare(self, blocks: Plane) -> None:
        self.differing, self.found, self.again = self._steps.unlit(blocks, self._turn)

    def _relight(self, blocks: Plane) -> None:
        """If one gain and one offset explain the whole picture, take it for the background."""
        lit = relit(self._mean, blocks)
        left = np.count_nonzero(np.abs(blocks - lit) > self._limit)
        if left >= self._settings.explained * self.differing:
            return
        if self._before_flash is None:
            self._before_flash = self._mean.copy()
        self._flash_left_s = self._settings.flash_s
        np.copyto(self._mean, blocks)
        bodies = np.abs(blocks - lit) > self._settings.body
        if self._has_moved:
            np.logical_or(bodies, self._steps.spread(), out=bodies)
        np.copyto(self._mean, lit, where=bodies)
        self._publish()
        self._compare(blocks)

    def _return_from_flash(self, blocks: Plane, before: Field) -> None:
        """To the background from before, if it fits better by half."""
        differing = np.count_nonzero(np.abs(blocks - before) > self._limit)
        if differing < self._settings.explained * self.differing:
            np.copyto(self._mean, before)
            self._before_flash = None
            self._publish()
            self._compare(blocks)

    def need(self, least_change: float) -> None:
        """From the next frame on a block must differ by so many grey levels."""
        self._settings = replace(self._settings, least_change=least_change)
        self._publish()

    def _publish(self) -> None:
        """What frames are compared with until the next learning."""
        settings = self._settings
        gusts = settings.over_noise / settings.gusty
        limits = Limits(
            gusts=gusts,
            offset=settings.over_noise - gusts * settings.calm,
            over_noise=settings.over_noise,
            least_change=settings.least_change,
            roughness=settings.roughness,
            lamp=settings.lamp,
            lamp_step=settings.lamp_step,
        )
        self._steps.publish(limits)


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
