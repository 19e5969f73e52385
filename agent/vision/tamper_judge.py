"""What one look at a view speaks for: nothing, or one of the ways in which a view is taken away."""

from dataclasses import dataclass, field
from enum import StrEnum

from agent.media.frame import Instant
from agent.vision.scenery import GREY, Glance


class Tampering(StrEnum):
    """What can be the matter with a view."""

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
    """Chosen on frames 1-395 of the street and on their weathers; shares are 0-1.

    In the whole scene suite no more than .29 of a view was ever missing, and no view was less than
    .58 as sharp as usual.
    """

    dark: int = 25
    """Grey level that a view must reach to show anything."""
    fell_s: float = 5.0
    """Within which a hand makes it dark; evening takes longer."""
    colourless: float = 0.25
    """A sensor's noise has more colour than this, also in the dark; black and white has none."""
    blinding: float = 0.3
    """Share of white blocks that is no sun in a corner."""
    blinding_and_missing: float = 0.05
    """So much is enough where more than `hidden` of the view is missing too."""
    nothing: float = 1.0
    """Grey levels of structure below which nothing at all is to be seen."""
    hidden: float = 0.35
    """Share of the view that is missing behind paint, without detail."""
    whole: float = 0.85
    """And behind a hand or a bag."""
    moved: float = 0.6
    """Share that is missing, and something else with detail there, when the camera was turned."""
    blurred: float = 0.4
    """Of the usual detail: what lies on the lens is never sharp."""
    soft: float = 0.45
    """Of the usual sharpness."""


@dataclass(slots=True)
class Judge:
    """Judges look by look; knows how the light was before."""

    settings: JudgeSettings = field(default_factory=JudgeSettings)
    _lit: tuple[Instant, Glance] | None = None
    """The last look in which it was bright."""
    _dark_since: Instant | None = None

    def matter(self, glance: Glance, at: Instant) -> Tampering | None:
        """The likeliest; None is a view as it should be."""
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
        """By how it became dark: under the camera's lamp, by a hand, or with the evening.

        A hand before a burning infrared lamp makes it bright.
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
