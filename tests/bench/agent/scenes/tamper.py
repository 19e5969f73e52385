"""Delay of each tamper alarm, and false alarms from weather and crowds.

Only the frames that tamper detection reads are made: one in two seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from agent.media.frame import Plane
from agent.replay.replay import numbered_ids
from agent.vision.motion.finder import Halver
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.tamper import (
    Tamper,
    TamperBegan,
    TamperChange,
    TamperEnded,
    TamperSettings,
)
from tests.bench.agent.scenes import tampering as layers
from tests.bench.agent.scenes.conditions import BY_NAME, CLEAR, CONDITIONS, Condition, Layer
from tests.bench.agent.scenes.footage import Footage
from tests.bench.agent.scenes.night import shifts_of
from tests.bench.agent.scenes.play import Scene
from tests.bench.agent.scenes.programme import Material, programme
from tests.bench.agent.scenes.shot import Shot

BEGINS_S = 16.0
"""Seconds until the tampering starts; the view must be learned by then."""
WITHIN_S = 30.0
CHANGES_S = 15.0
"""Seconds until the weather starts, where it changes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of tampering, as a generated scene."""

    what: Tampering
    how: str
    layer: Layer


CASES = (
    Case(Tampering.COVERED, "dark cloth", partial(layers.covered, first_s=BEGINS_S, grey=30)),
    Case(Tampering.COVERED, "pale bag", partial(layers.covered, first_s=BEGINS_S, grey=150)),
    Case(Tampering.COVERED, "black", partial(layers.covered, first_s=BEGINS_S, grey=0)),
    Case(
        Tampering.SPRAYED,
        "half, dark",
        partial(layers.sprayed, first_s=BEGINS_S, share=0.5, grey=60),
    ),
    Case(
        Tampering.SPRAYED,
        "most, white",
        partial(layers.sprayed, first_s=BEGINS_S, share=0.7, grey=200),
    ),
    Case(Tampering.TURNED, "far aside", partial(layers.turned, first_s=BEGINS_S, by=(0.1, 0.4))),
    Case(Tampering.TURNED, "down", partial(layers.turned, first_s=BEGINS_S, by=(0.5, 0.0))),
    Case(Tampering.TURNED, "nudged", partial(layers.turned, first_s=BEGINS_S, by=(0.0, 0.12))),
    Case(Tampering.DEFOCUSED, "a little", partial(layers.defocused, first_s=BEGINS_S, blur=0.006)),
    Case(Tampering.DEFOCUSED, "much", partial(layers.defocused, first_s=BEGINS_S, blur=0.02)),
    Case(
        Tampering.TOO_DARK,
        "evening",
        partial(layers.dark, first_s=BEGINS_S, within_s=8.0, light=0.05),
    ),
    Case(Tampering.BLINDED, "torch", partial(layers.blinded, first_s=BEGINS_S, peak=255)),
    Case(Tampering.BLINDED, "lamp", partial(layers.blinded, first_s=BEGINS_S, peak=200)),
    Case(Tampering.LAMP_DEAD, "goes out", partial(layers.lamp_dead, first_s=BEGINS_S, night_s=0.0)),
    Case(
        Tampering.LAMP_DEAD,
        "never lit",
        partial(layers.lamp_dead, first_s=BEGINS_S, night_s=BEGINS_S),
    ),
)
AT_NIGHT = ("dark cloth", "pale bag", "half, dark", "far aside", "nudged", "much")
"""Cases repeated at night, with the sensor's noise."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The alarms that one generated scene caused."""

    footage: str
    what: str
    how: str
    said: tuple[str, ...]
    """All alarms that began, in order."""
    after_s: float | None
    """Seconds from the start of tampering to the right alarm; None: never."""

    @property
    def is_right(self) -> bool:
        """The right alarm, in time, and no other."""
        return self.said == (self.what,) and self.after_s is not None and self.after_s <= WITHIN_S


def noticed(stock: Material) -> Iterator[Noticed]:
    """Alarms of every kind of tampering, over the empty street, over the street with people, and
    some of them at night."""
    footages: dict[str, Footage] = {"nobody": stock.still, "street": stock.street}
    for name, footage in footages.items():
        frames = min(footage.frames, 440)
        for case in CASES:
            scene = Scene(case.how, footage, Condition(case.how, (case.layer,)), frames)
            yield _noticed(name, case, scene)
        frozen = layers.Frozen(footage, round(BEGINS_S * footage.frames_per_s))
        case = Case(Tampering.FROZEN, "hangs", _as_it_is)
        yield _noticed(name, case, Scene("hangs", frozen, frames=frames))
    for case in CASES:
        if case.how in AT_NIGHT:
            condition = Condition("night", (case.layer, *BY_NAME["night"].layers))
            yield _noticed("night", case, Scene(case.how, stock.still, condition, 440))


def _as_it_is(yuv: Plane, _shot: Shot) -> Plane:
    return yuv


def _noticed(footage: str, case: Case, scene: Scene) -> Noticed:
    began = [one for one in changes(scene) if isinstance(one, TamperBegan)]
    right = [one.at.mono_ns / 1e9 - BEGINS_S for one in began if one.what is case.what]
    after_s = round(right[0], 1) if right else None
    return Noticed(
        footage, case.what.value, case.how, tuple(one.what.value for one in began), after_s
    )


@dataclass(frozen=True, slots=True)
class Alarmed:
    """The alarms in a scene with an untouched camera; each is false."""

    scene: str
    minutes: float
    said: tuple[str, ...]


def alarmed(stock: Material, *, hours: float = 0.0) -> Iterator[Alarmed]:
    """False alarms of the whole suite: each weather as it starts over a view learned in clear
    weather, and a night."""
    for scene in programme(stock, is_short=False):
        yield _alarmed(scene)
    for condition in CONDITIONS:
        if condition is not CLEAR:
            weather = tuple(_from(CHANGES_S, layer) for layer in condition.layers)
            name = f"nobody, clear, then {condition.name}"
            changing = Condition(condition.name, weather)
            yield _alarmed(Scene(name, stock.still, changing, 600))
    for shift in shifts_of(hours, still=stock.still, tree=stock.tree):
        yield _alarmed(shift)


def _from(first_s: float, layer: Layer) -> Layer:
    return lambda yuv, shot: layer(yuv, shot) if shot.t_s >= first_s else yuv


def _alarmed(scene: Scene) -> Alarmed:
    said = tuple(one.what.value for one in changes(scene) if isinstance(one, TamperBegan))
    return Alarmed(scene.name, scene.length / scene.footage.frames_per_s / 60, said)


def changes(
    scene: Scene, settings: TamperSettings | None = None
) -> list[TamperBegan | TamperEnded]:
    """All tamper changes of the scene's view."""
    settings = settings or TamperSettings()
    ids = numbered_ids()
    tamper, halver = Tamper(ids, settings), Halver(*scene.footage.size)
    said: list[TamperChange | None] = []
    step = max(1, round(settings.look_every_s * scene.footage.frames_per_s))
    for index in range(0, scene.length, step):
        frame = scene.frame(index)
        halver.means(frame.luma)
        said.append(tamper.step(frame, halver.last))
    return [one for one in said if isinstance(one, TamperBegan | TamperEnded)]
