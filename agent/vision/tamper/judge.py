"""Judges one look at a view: normal, or one kind of tampering."""

from dataclasses import dataclass
from enum import StrEnum

from agent.media.frame import Instant
from agent.vision.tamper.scenery import GREY, Glance


class Tampering(StrEnum):
    """Kinds of tampering."""

    COVERED = "covered"
    SPRAYED = "sprayed"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"
    TOO_DARK = "too_dark"
    BLINDED = "blinded"
    LAMP_DEAD = "lamp_dead"


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Thresholds, chosen on frames 1-395 of the street and its simulated weathers; shares are 0-1.

    In the whole scene suite at most .29 of a view was missing, and no view was less than .58 as
    sharp as usual.
    """

    dark: int = 25
    """Grey level that a view must reach to show anything."""
    fell_s: float = 5.0
    """A hand darkens it within this time; evening takes longer."""
    colourless: float = 0.25
    """A sensor's noise has more colour than this, even in the dark; black and white has none."""
    blinding: float = 0.3
    """Share of white blocks too large for the sun in a corner."""
    blinding_and_missing: float = 0.05
    """This share is enough if more than `hidden` of the view is missing too."""
    nothing: float = 1.0
    """Grey levels of structure below which nothing at all is visible."""
    hidden: float = 0.35
    """Share of the view missing behind paint, without detail."""
    whole: float = 0.85
    """Share missing behind a hand or a bag."""
    moved: float = 0.6
    """Share missing, with other detail there, after the camera was turned."""
    blurred: float = 0.4
    """Share of the usual detail: something on the lens is never sharp."""
    soft: float = 0.45
    """Share of the usual sharpness."""


@dataclass(slots=True)
class Judge:
    """Judges look by look; remembers the earlier light."""

    settings = JudgeSettings()
    _lit: tuple[Instant, Glance] | None = None
    """Last look in light."""
    _dark_since: Instant | None = None

    def matter(self, glance: Glance, at: Instant) -> Tampering | None:
        """The most likely kind; None for a normal view."""
        settings = self.settings
        if glance.is_repeated:
            return Tampering.FROZEN
        if glance.brightness < settings.dark:
            return self._in_the_dark(glance, at)
        self._dark_since = None
        if glance.brightness >= 2 * settings.dark:
            self._lit = at, glance
        missing = glance.missing or 0.0
        if glance.blinding > settings.blinding or (
            glance.blinding > settings.blinding_and_missing and missing > settings.hidden
        ):
            return Tampering.BLINDED
        if glance.structure < settings.nothing:
            return Tampering.COVERED
        return self._in_the_light(glance, missing)

    def _in_the_dark(self, glance: Glance, at: Instant) -> Tampering:
        """By the way it became dark: under the camera's lamp, by a hand, or in the evening.

        A hand before a burning infrared lamp makes the picture bright.
        """
        self._dark_since = self._dark_since or at
        if self._lit is not None:
            lit_at, lit = self._lit
            if lit.colour < GREY:
                return Tampering.LAMP_DEAD
            is_there = glance.missing is not None and glance.missing < self.settings.moved
            is_sudden = self._dark_since.seconds_since(lit_at) <= self.settings.fell_s
            if is_sudden and not is_there:
                return Tampering.COVERED
        is_infrared = glance.colour < self.settings.colourless
        return Tampering.LAMP_DEAD if is_infrared else Tampering.TOO_DARK

    def _in_the_light(self, glance: Glance, missing: float) -> Tampering | None:
        settings = self.settings
        if missing > settings.hidden and glance.detail_where_missing < settings.blurred:
            return Tampering.COVERED if missing > settings.whole else Tampering.SPRAYED
        if missing > settings.moved:
            return Tampering.TURNED
        if glance.missing is not None and glance.sharpness < settings.soft:
            return Tampering.DEFOCUSED
        return None
