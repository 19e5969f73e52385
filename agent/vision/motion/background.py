"""Background model: the empty picture, block by block, and the usual flicker of each spot.

A block differs from the background only if no change of light explains it. Light is smooth: it adds
the same to a block and its surroundings (a beam in wet air, glare), or multiplies both (a gain
step, a beam on dry ground), or anything between. So a block's contrast to its surroundings can lie
anywhere between its old contrast and the old contrast times the change of brightness around it.
This is the shading model of illumination-invariant change detection (Toth, Aach and Metzler 2000)
without the logarithm, which holds only for light that multiplies.

The usual flicker of a spot is a quantile of its own flicker, followed by steps of fixed size as in
sigma-delta estimation (Manzanera and Richefeu 2007). A rare passer-by leaves no trace in it; a
branch that never rests does, and it is forgotten when the wind drops.
"""

from ctypes import CDLL
from dataclasses import dataclass, replace

import numpy as np

from agent.media.frame import Plane
from agent.vision.motion import compiled
from agent.vision.motion.fields import KEPT, Field, Fields, Halving, Limits, Mask, Region, Rule


@dataclass(frozen=True, slots=True)
class BackgroundSettings:
    """Settings of the background model. Grey levels are 0-255. Values without a reason here were
    chosen on frames 1-395 of the street."""

    least_change: float = 6.0
    """Least difference of a block in grey levels, on a quiet spot too: six times the noise of block
    means at a pixel noise of 8."""
    over_noise: float = 3.0
    """And at least this many times the usual flicker of its spot."""
    calm: float = 2.0
    """Usual flicker up to this comes from the sensor."""
    gusty: float = 4.0
    """More flicker comes in gusts: branches, webs. For each of these many grey levels beyond
    `calm`, `over_noise` is added once more."""
    surroundings: float = 0.1
    """Side of the square of surroundings, as a share of the picture's height: wider than a person
    of 80 pixels, narrow enough for smooth light."""
    roughness: float = 0.3
    """Tolerated share of the change of brightness around a block: glass, leaves and wet ground
    reflect differently from their neighbours."""
    lamp: int = 230
    """A block that becomes this bright is a lamp or its reflection: it and its neighbours are
    ignored."""
    lamp_step: int = 15
    """"Becomes": it was darker by more than this."""
    relit: float = 0.5
    """If more than this share of the blocks differ at once, the whole light may have changed."""
    explained: float = 0.5
    """Limit for a change of light: one gain and one offset for the whole picture leave less than
    this share different. Then the present picture becomes the background, except where something
    moved before."""
    body: float = 60.0
    """And except for blocks that are off by more than this: leaves against the sky, half of them
    overexposed, are off by up to 40."""
    stranger_s: float = 8.0
    """For this long after a change of the whole light, a find that stands still and did not move
    before is treated as light."""
    stranger_per_s: float = 40.0
    """A find that is treated as light is learned at this many grey levels per second."""
    flash_s: float = 2.0
    """If the whole light changes back within this time (lightning), the earlier background is used
    again."""
    learning_s: float = 4.0
    """Time in which the background learns two thirds of a lasting change. Shorter: a standing
    person is lost sooner. Longer: clouds confuse it longer."""
    moved_per_s: float = 4.0
    """Grey levels per second at which moving blocks are learned, whatever their difference. A
    standing person stays visible for fifteen seconds, longer than tracking needs; the trace of a
    person who leaves disappears in the time they stayed."""
    usual: float = 0.7
    """A spot's flicker in this share of the time is its usual one. On the busy street people are in
    a spot for up to four tenths of it."""
    restless_per_s: float = 1.0
    """Grey levels per second at which the usual flicker follows: a branch is learned in half a
    minute and forgotten in one to two minutes."""
    restless_most: float = 30.0
    """Upper limit of the usual flicker, so that no spot becomes blind for good."""
    learn_every_s: float = 0.25
    """Interval of learning: the background changes over seconds, and frames between cost half."""
    gap_s: float = 2.0
    """After a longer gap nobody knows what moved: the picture is learned as it is. For the flicker
    the gap counts as this long, or else other light after an outage would blind all of the picture
    for more than a minute."""


class Background:
    """Background of one camera at one size; used by one thread.

    For each frame call `look`, then `regions` if something was found, then `learn`.
    """

    def __init__(
        self,
        blocks: Plane,
        settings: BackgroundSettings,
        ignored: Mask | None = None,
        library: CDLL | None = compiled.LIBRARY,
    ) -> None:
        """Starts from `blocks`; blocks with a non-zero `ignored` never differ."""
        self._settings = settings
        side = max(5, round(settings.surroundings * blocks.shape[0]) | 1)
        self._fields = Fields(blocks, side, ignored)
        self._fields.flicker.fill(settings.least_change / settings.over_noise)
        self._mean, self._limit = self._fields.mean, self._fields.limit
        self._steps = compiled.steps(library, self._fields)
        self._before_flash: Field | None = None
        self._flash_left_s = 0.0
        self._strangers: Mask | None = None
        self._strangers_left_s = 0.0
        self._has_moved = False
        """Motion in the previous frame; `spread` of the steps says where."""
        self._turn = 0
        self.differing = self.found = self.again = 0
        """Blocks of the last frame that differ from the background, explained or not; those not
        explained by flicker or light; and those found in the previous frame too."""
        self._publish()

    def see(self, halving: Halving, luma: Plane) -> None:
        """Halve a frame and `look`, in one step. ValueError changes nothing, see `fast.Halving`."""
        turn = (self._turn + 1) % KEPT
        self.differing, self.found, self.again = self._steps.see(halving, luma, turn)
        self._turn = turn
        self._judge(halving.blocks)

    def look(self, blocks: Plane) -> None:
        """Count the blocks that differ from the background, and those that count as found."""
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
        """Connected regions of the found blocks, see `agent.vision.motion.fields.Steps`."""
        self._has_moved = True
        return self._steps.regions(self._turn, rule)

    def moved(self) -> Mask:
        """Blocks (1) of the last `regions`, and of pieces too small to be one."""
        return self._steps.moved()

    def learn(self, blocks: Plane, moved: Mask | None, *, elapsed_s: float, age_s: float) -> None:
        """Learn the blocks of a frame. `elapsed_s` since the last call, `age_s` since the first:
        rates go by time, so that dropped frames do not slow the learning."""
        settings = self._settings
        still = share(elapsed_s, min(settings.learning_s, max(age_s, elapsed_s)))
        self._steps.take_in(blocks, moved, share=still, step=settings.moved_per_s * elapsed_s)
        if self._strangers is not None:
            self._take_in(blocks, self._strangers, elapsed_s)
        step = settings.restless_per_s * min(elapsed_s, settings.gap_s)
        down, up = step * (settings.usual - 1), step * settings.usual
        self._steps.follow(blocks, down=down, up=up, highest=settings.restless_most)
        self._flash_left_s -= elapsed_s
        if self._flash_left_s <= 0:
            self._before_flash = None
        self._publish()

    def _expect_strangers(self, blocks: Plane) -> None:
        """The whole light changed: finds from here on that were not moving before are suspect."""
        if self._strangers is None:
            self._strangers = np.ones_like(blocks)
            self._strangers_left_s = self._settings.stranger_s
            if self._has_moved:
                self._strangers[self._steps.spread() != 0] = 0

    def _take_in(self, blocks: Plane, strangers: Mask, elapsed_s: float) -> None:
        """Learn what the last change of light did not explain and has not moved since."""
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
        """If one gain and one offset explain the whole picture, use it as the background."""
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
        """Return to the earlier background if it fits better by half."""
        differing = np.count_nonzero(np.abs(blocks - before) > self._limit)
        if differing < self._settings.explained * self.differing:
            np.copyto(self._mean, before)
            self._before_flash = None
            self._publish()
            self._compare(blocks)

    def need(self, least_change: float) -> None:
        """From the next frame on a block must differ by this many grey levels."""
        self._settings = replace(self._settings, least_change=least_change)
        self._publish()

    def _publish(self) -> None:
        """Publish the limits used until the next learning."""
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
    """`mean` with the one gain and one offset that bring it closest to `blocks`.

    From the medians of the darker and the brighter half, so that walkers have no weight.
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
    """Share of the new value after `elapsed_s`, for a memory of `within_s`."""
    return 1.0 - float(np.exp(-elapsed_s / within_s)) if within_s > 0 else 1.0
