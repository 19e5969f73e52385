"""Whether somebody, or something, has taken the camera's view: said once, and said when over.

Looked at every other second, on what `scenery` measures. One thing at a time is the matter; it is said
when it has lasted, and over when the view has been well for as long as `well_s`.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from agent.media.frame import Frame, Instant
from agent.vision.scenery import GREY, Glance, Means, Scenery


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
class TamperSettings:
    """Chosen on the street, frames 1-395, under every condition of the scene suite."""

    look_every_s: float = 2.0
    gap_s: float = 5.0
    """After a longer time without a frame all that was suspected is forgotten."""
    known_after_s: float = 10.0
    """Of the view as usual, before anything can be found missing from it."""
    memory_s: float = 300.0
    """What is usual follows shadows and seasons this fast."""
    lasts_s: float = 15.0
    """A bus that waits at the lamp goes on sooner, mostly."""
    lasts_frozen_s: float = 20.0
    """A codec may repeat a calm picture until its next keyframe: ten seconds at most."""
    well_s: float = 10.0
    """Of a view without fault before it is said to be over."""
    used_to_it_s: float = 600.0
    """A turned camera that sees well is taken as meant after this time."""
    dark: int = 25
    """Grey level that a block must reach to show anything."""
    fell_s: float = 5.0
    """Within which a hand makes it dark; evening takes longer."""
    blinding: float = 0.3
    """Share of the blocks that are white: so much is no sun in a corner."""
    blinding_and_missing: float = 0.05
    """So much is enough where the rest of the view is missing too."""
    nothing: float = 1.0
    """Grey levels of structure below which nothing at all is to be seen."""
    moved: float = 0.6
    """Share of the view that is missing when the camera was turned."""
    whole: float = 0.85
    """And when it was covered."""
    hidden: float = 0.35
    """Share of it that is missing behind paint."""
    blurred: float = 0.4
    """Of the usual detail: what lies on the lens is never sharp."""
    soft: float = 0.45
    """Of the usual sharpness."""
    colourless: float = 0.25
    """A sensor's noise has more colour than this, also in the dark; black and white has none."""

    def lasting_s(self, what: Tampering) -> float:
        """How long it must last to be believed."""
        return self.lasts_frozen_s if what is Tampering.FROZEN else self.lasts_s


@dataclass(frozen=True, slots=True)
class TamperBegan:
    """Said once, when it has lasted long enough to be believed."""

    what: Tampering
    since: Instant
    at: Instant


@dataclass(frozen=True, slots=True)
class TamperEnded:
    """The view is well again, or (`is_back` false) another one is usual from now on."""

    what: Tampering
    since: Instant
    at: Instant
    is_back: bool


TamperChange = TamperBegan | TamperEnded


@dataclass(slots=True)
class Said:
    """What is the matter as of now, and has been said."""

    what: Tampering
    since: Instant


@dataclass(slots=True)
class Tamper:
    """Watches one view; used by one thread."""

    settings: TamperSettings = field(default_factory=TamperSettings)
    said: Said | None = None
    scenery: Scenery = field(init=False)
    last: Glance | None = None
    _judge: "_Judge" = field(init=False)
    _looked: Instant | None = None
    _suspected: Instant | None = None
    _votes: Counter[Tampering] = field(default_factory=Counter)
    _well: Instant | None = None

    def __post_init__(self) -> None:
        self.scenery = Scenery(self.settings.known_after_s, self.settings.memory_s)
        self._judge = _Judge(self.settings)

    def step(self, frame: Frame, means: Means) -> TamperChange | None:
        """Look at a frame, whose means these are, if it is time."""
        at, looked = frame.at, self._looked
        elapsed_s = at.seconds_since(looked) if looked else self.settings.gap_s + 1
        if 0 <= elapsed_s < self.settings.look_every_s:
            return None
        self._looked = at
        if not 0 <= elapsed_s <= self.settings.gap_s:
            self._suspected = self._well = None
            elapsed_s = 0.0
        glance = self.last = self.scenery.look(frame, means)
        what = self._judge.matter(glance, at)
        return self._well_look(at, elapsed_s) if what is None else self._bad_look(what, at)

    def _well_look(self, at: Instant, elapsed_s: float) -> TamperChange | None:
        """One alone, between bad ones, says nothing."""
        if self._well is None:
            self._well = at
            return None
        self._suspected, said = None, self.said
        if said is None:
            self.scenery.learn(elapsed_s)
        elif at.seconds_since(self._well) >= self.settings.well_s:
            self.said = None
            return TamperEnded(said.what, said.since, at, is_back=True)
        return None

    def _bad_look(self, what: Tampering, at: Instant) -> TamperChange | None:
        """Is it time to say so, or to get used to it?"""
        settings, self._well = self.settings, None
        if self._suspected is None:
            self._suspected = at
            self._votes.clear()
        self._votes[what] += 1
        lasted_s, mostly = at.seconds_since(self._suspected), self._votes.most_common(1)[0][0]
        if self.said is None and lasted_s >= settings.lasting_s(mostly):
            self.said = Said(mostly, self._suspected)
            return TamperBegan(mostly, self._suspected, at)
        if self.said and mostly is Tampering.TURNED and lasted_s >= settings.used_to_it_s:
            said, self.said, self._suspected = self.said, None, None
            self.scenery.forget()
            return TamperEnded(said.what, said.since, at, is_back=False)
        return None


@dataclass(slots=True)
class _Judge:
    """What one look speaks for, given the light before it."""

    settings: TamperSettings
    _lit: tuple[Instant, Glance] | None = None
    """The last look in which it was bright."""
    _dark: Instant | None = None

    def matter(self, glance: Glance, at: Instant) -> Tampering | None:
        """The most likely; None is a view as it should be."""
        settings = self.settings
        if glance.is_repeated:
            return Tampering.FROZEN
        if glance.brightness < settings.dark:
            return self._in_the_dark(glance, at)
        self._dark = None
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
        """By how it became dark: under its own lamp, by a hand, or with the evening."""
        is_black_and_white = glance.colour < self.settings.colourless
        if self._lit is None:
            return Tampering.LAMP_DEAD if is_black_and_white else Tampering.TOO_DARK
        lit_at, lit = self._lit
        if self._dark is None:
            self._dark = at
        if lit.colour < GREY:
            return Tampering.LAMP_DEAD
        is_alike = glance.missing is not None and glance.missing < self.settings.moved
        if self._dark.seconds_since(lit_at) <= self.settings.fell_s and not is_alike:
            return Tampering.COVERED
        return Tampering.LAMP_DEAD if is_black_and_white else Tampering.TOO_DARK

    def _in_the_light(self, glance: Glance, missing: float) -> Tampering | None:
        settings = self.settings
        if missing > settings.hidden and glance.detail_where_missing < settings.blurred:
            return Tampering.COVERED if missing > settings.whole else Tampering.SPRAYED
        if missing > settings.moved:
            return Tampering.TURNED
        if glance.missing is not None and glance.sharpness < settings.soft:
            return Tampering.DEFOCUSED
        return None
