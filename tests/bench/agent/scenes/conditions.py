"""The table of conditions: the weather laid over a picture, and its strength."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agent.media.frame import Plane
from tests.bench.agent.scenes import air, lens, light
from tests.bench.agent.scenes.shot import Shot

Layer = Callable[[Plane, Shot], Plane]


@dataclass(frozen=True)
class Condition:
    """A name and the layers, applied one after the other."""

    name: str
    layers: tuple[Layer, ...] = ()

    def over(self, yuv: Plane, shot: Shot) -> Plane:
        """The picture under this condition; `yuv` is not written to."""
        for layer in self.layers:
            yuv = layer(yuv, shot)
        return yuv


_DOWNPOUR = partial(air.rain, streaks_per_mpx=900, length_px=(8, 30), bright=80)
_HEADLIGHTS = partial(light.headlights, every_s=6.0, sweep_s=4.5, first_s=3.0, peak=110.0)
_NIGHT = partial(light.night, gamma=1.5, gain=0.45, noise=8.0)
DUSK = partial(light.night, gamma=1.2, gain=0.6, noise=4.0)

CLEAR = Condition("clear")
CONDITIONS = (
    CLEAR,
    Condition("rain", (partial(air.rain, streaks_per_mpx=900, length_px=(8, 30), bright=35),)),
    Condition("downpour", (_DOWNPOUR,)),
    Condition(
        "snow",
        (partial(air.snow, flakes_per_mpx=500, near=6, falling_px_per_s=90.0, bright=90),),
    ),
    Condition("fog", (partial(air.fog, top=0.7, bottom=0.3, grey=170),)),
    Condition("dust", (partial(air.dust, most=0.6, gust_s=12.0, grey=140),)),
    Condition("moths", (partial(lens.moths, count=3, size_px=(8, 30), light=120, visit_s=6.0),)),
    Condition("web", (partial(lens.web, threads=6, sway_px=8.0, light=60, spider_s=30.0),)),
    Condition("foliage", (partial(lens.foliage, layers=3, sway_px=14.0, gust_s=9.0),)),
    Condition("shake", (partial(lens.shake, sway_px=4.0, gust_s=11.0),)),
    Condition(
        "compression", (partial(lens.compression, quality=10, key_quality=30, key_every=20),)
    ),
    Condition("noise", (partial(lens.noise, sigma=8.0),)),
    Condition("gain step", (partial(light.gain_step, times=1.3, every_s=6.0, held_s=3.0),)),
    Condition("headlights", (DUSK, _HEADLIGHTS)),
    Condition("lightning", (partial(light.lightning, every_s=5.0, peak=110.0, fading_s=0.12),)),
    Condition("cloud shadows", (partial(light.cloud_shadows, darkest=0.55, px_per_s=25.0),)),
    Condition("glare", (partial(light.glare, peak=150.0, wander_s=40.0),)),
    Condition("night", (_NIGHT,)),
    Condition("infrared", (partial(light.infrared, first_s=5.0, every_s=30.0, held_s=15.0),)),
    Condition("wet night", (_NIGHT, _DOWNPOUR, _HEADLIGHTS)),
)
BY_NAME = {condition.name: condition for condition in CONDITIONS}
