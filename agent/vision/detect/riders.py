"""Joins riders and two-wheelers: one detection per body, of a person.

The network finds the rider, the motorbike, or both. Two detections of one body are joined here. A
motorbike without a detection of its rider is told from a parked one by its track, because only a
ridden one moves (`agent.vision.sightings.sightings`).
"""

from collections.abc import Sequence
from dataclasses import replace

from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import Box

WHEELS = frozenset({ObjectKind.BICYCLE, ObjectKind.MOTORCYCLE})
PARKED_IOU = 0.4
"""A detection that overlaps an unmoved two-wheeler by more than this is that one again."""
BESIDE = 0.35
"""A rider's centre is within this share of the wider box's width from that of the wheels. A
motorbike from the side is twice as wide as its rider; from the front it is as wide."""
SITS = (0.15, 1.1)
"""The rider's lowest point lies in this part of the wheels' height: the feet are on pegs. A person
behind has them higher, a person in front lower."""
LIKE_SIZE = 2.5
"""Largest ratio of their heights."""


def mounted(found: Sequence[Detection], parked: Sequence[Box]) -> list[Detection]:
    """One detection per body: a person, on `wheels` or on foot; and two-wheelers without a rider.

    `parked` are two-wheelers that have not moved: a person in front of one does not ride it. Of two
    kinds in one place the more likely one is kept.
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
        score = max(person.score, mount.score)
        riders.append(replace(person, wheels=mount.kind, mount=mount.box, score=score))
    return [*riders, *free, *still]


def sits(person: Box, wheels: Box) -> bool:
    """True if the person sits on the two-wheeler, judged by the places of both boxes."""
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
