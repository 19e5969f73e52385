"""Who rides: a two-wheeler and the body on it are one find, of a person.

The network answers with the rider, with the motorbike, or with both. Two answers for one body are
joined here; a motorbike without an answer for its rider is told from a parked one by its track,
because only a ridden one moves (`agent.vision.sighting`).
"""

from collections.abc import Sequence
from dataclasses import replace

from agent.vision.person import Detection, ObjectKind
from agent.vision.zones import Box

WHEELS = frozenset({ObjectKind.BICYCLE, ObjectKind.MOTORCYCLE})
PARKED_IOU = 0.4
"""What overlaps a two-wheeler that has not moved by more than this is that one again."""
BESIDE = 0.35
"""A rider's middle is no farther from that of the wheels than this share of the wider one's
width. A motorbike seen from the side is twice as wide as its rider, from ahead as wide."""
SITS = (0.15, 1.1)
"""The rider's lowest point lies in this part of the wheels' height: the feet are on pegs, and who
stands behind it has them higher, who stands before it lower."""
LIKE_SIZE = 2.5
"""Neither is higher than the other by more than this factor."""


def mounted(found: Sequence[Detection], parked: Sequence[Box]) -> list[Detection]:
    """One find for each body: a person, on `wheels` or on foot; and wheels that nobody rides.

    `parked` are two-wheelers known not to have moved: who stands before one does not ride it.
    Two kinds of two-wheeler in one place are the likelier one.
    """
    people = [one for one in found if one.kind is ObjectKind.PERSON]
    wheels = _of_one_kind([one for one in found if one.kind in WHEELS])
    still = [one for one in wheels if any(one.box.iou(box) > PARKED_IOU for box in parked)]
    free = [one for one in wheels if one not in still]
    riders: list[Detection] = []
    for person in people:
        mount = max(
            (one for one in free if sits(person.box, one.box)),
            key=lambda one: one.box.overlap(person.box),
            default=None,
        )
        if mount is None:
            riders.append(person)
            continue
        free.remove(mount)
        riders.append(replace(person, wheels=mount.kind, score=max(person.score, mount.score)))
    return [*riders, *free, *still]


def sits(person: Box, wheels: Box) -> bool:
    """The person is on the wheels, by where the two boxes are."""
    apart = abs(person.center[0] - wheels.center[0])
    feet = (person.y1 - wheels.y0) / max(wheels.height, 1e-6)
    tall = person.height / max(wheels.height, 1e-6)
    return (
        apart <= BESIDE * max(person.width, wheels.width)
        and SITS[0] <= feet <= SITS[1]
        and 1 / LIKE_SIZE <= tall <= LIKE_SIZE
    )


def _of_one_kind(wheels: Sequence[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for one in sorted(wheels, key=lambda d: -d.score):
        if all(one.box.iou(other.box) <= PARKED_IOU for other in kept):
            kept.append(one)
    return kept
