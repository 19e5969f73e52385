"""`bench handover`: is who comes after somebody told of, and who comes back told of only once?

A newcomer counts as told in time if a sighting of their own opened within two seconds of the first
frame that shows all of them. A sighting mixes two people if, after it was opened, its measured
boxes lay on both: its description then holds the clothes of both.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from agent.app.models import models_manifest
from agent.replay.replay import REFUSED
from agent.replay.sight import Sight, sight
from agent.vision.geometry import Box
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.handover.family import (
    GAPS,
    INFRARED,
    LONG_SEED,
    Comer,
    Handover,
    Place,
    family,
)
from tests.bench.agent.scenes.play import Played, Scene, shown_to

WITHIN_S: Final = 2.0
HOLDS: Final = 0.6
"""A box lies on a person if they share this much of the smaller one."""
LAY: Final = 3
"""A sighting lay on a person if its boxes did in so many frames."""

Test = Callable[["Result"], bool]


@dataclass(frozen=True, slots=True)
class Result:
    """What was said in one scene."""

    place: Place
    light: str
    comer: Comer
    gap: int
    """Frames between the two."""
    first_told: bool
    """Whether the first visitor had a sighting."""
    told: bool
    """Whether the second visitor had a sighting in time."""
    twice: bool
    """Whether the same person had two or more sightings."""
    mixed: int
    """Sightings that lay on two people."""
    false: int
    """Sightings on nobody."""
    looks: int
    """Runs of the network."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)


def run(args: argparse.Namespace) -> int:
    """Run and print; 78 without recordings, truth or model."""
    try:
        street = material(args.recordings, args.truth).street
        seers = sight(models_manifest(args.models))
    except REFUSALS as error:
        print(f"bench handover: {error}", file=sys.stderr)
        return REFUSED
    results = list(measure(family(street, LONG_SEED), seers))
    if args.json:
        print(json.dumps([asdict(one) for one in results], indent=2))
    else:
        print(f"{table(results)}\n\n{places(results)}")
    return 0


def measure(scenes: Iterable[Scene], seers: Sight) -> Iterator[Result]:
    """The result of each scene of the family."""
    for scene in scenes:
        if not isinstance(handover := scene.footage, Handover):
            raise TypeError(scene.name)
        yield judged(handover, shown_to(seers, scene), scene.condition.name)


def judged(handover: Handover, played: Played, light: str) -> Result:
    """The result of one scene in this light."""
    on = [(frame, whose(handover, frame, one.box)) for frame, one in played.opened]
    first = [frame for frame, person in on if person == 0]
    own = [frame for frame, person in on if person == 1]
    last = handover.ready + WITHIN_S * handover.frames_per_s
    return Result(
        place=handover.place,
        light=light,
        comer=handover.comer,
        gap=handover.gap,
        first_told=bool(first),
        told=bool(own) and own[0] - 1 <= last,
        twice=len(first) > 1,
        mixed=sum(_is_mixed(handover, boxes) for boxes in played.laid.values()),
        false=sum(person is None for _, person in on),
        looks=played.inferences,
    )


def whose(handover: Handover, frame: int, box: Box) -> int | None:
    """The person on whom `box`, in shares of the picture, lies in that frame, counted from 1."""
    seen = handover.visible(frame - 1)
    if seen is None:
        return None
    person, visible = seen
    height, width = handover.size
    shown = Box(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
    lies = visible.overlap(shown) >= HOLDS * min(visible.area, shown.area)
    return person if lies else None


def _is_mixed(handover: Handover, boxes: Sequence[tuple[int, Box]]) -> bool:
    lay = [whose(handover, frame, box) for frame, box in boxes]
    return min(lay.count(0), lay.count(1)) >= LAY


def table(results: Sequence[Result]) -> str:
    """The measures by the gap between the two, as a Markdown table."""
    new = [one for one in results if one.comer is not Comer.BACK]
    inside = [one for one in new if not one.place.is_border]
    by_colour = [one for one in inside if one.light != INFRARED.name]
    back = [one for one in results if one.comer is Comer.BACK]
    told = [
        ("newcomers at borders", [one for one in new if one.place.is_border]),
        ("inside, other clothes", [one for one in by_colour if one.comer is Comer.OTHER]),
        ("inside, like clothes", [one for one in by_colour if one.comer is Comer.LIKE]),
        ("inside, infrared", [one for one in inside if one.light == INFRARED.name]),
    ]
    heads = [f"{gap / 10:g} s" for gap in GAPS]  # ten frames a second
    return "\n".join(
        [
            f"| gap | {' | '.join(heads)} | all |",
            "|---|" + "---|" * (len(GAPS) + 1),
            *(_line(f"{name}: told in 2 s", some, _is_told) for name, some in told),
            _line(
                "same person at borders: twice", [o for o in back if o.place.is_border], _is_twice
            ),
            _line(
                "same person inside: twice", [o for o in back if not o.place.is_border], _is_twice
            ),
            _line("newcomers: mixed with the first", new, _is_mix),
        ]
    )


def places(results: Sequence[Result]) -> str:
    """The measures by place and light, as a Markdown table."""
    lines = [
        "| handover | first told | other clothes told | like clothes told | same twice | mixed"
        " | false | looks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for place, light in dict.fromkeys((one.place, one.light) for one in results):
        some = [one for one in results if (one.place, one.light) == (place, light)]
        comers = {comer: [one for one in some if one.comer is comer] for comer in Comer}
        cells = [
            _share(some, lambda one: one.first_told),
            _share(comers[Comer.OTHER], _is_told),
            _share(comers[Comer.LIKE], _is_told),
            _share(comers[Comer.BACK], _is_twice),
            str(sum(one.mixed for one in some)),
            str(sum(one.false for one in some)),
            str(sum(one.looks for one in some)),
        ]
        lines.append(f"| {place}, {light} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _line(name: str, some: Sequence[Result], test: Test) -> str:
    cells = [_share([one for one in some if one.gap == gap], test) for gap in GAPS]
    return f"| {name} | {' | '.join(cells)} | {_share(some, test)} |"


def _share(some: Sequence[Result], test: Test) -> str:
    return f"{sum(map(test, some))} of {len(some)}"


def _is_told(one: Result) -> bool:
    return one.told


def _is_twice(one: Result) -> bool:
    return one.twice


def _is_mix(one: Result) -> bool:
    return one.mixed > 0
