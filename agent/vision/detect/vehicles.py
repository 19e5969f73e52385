"""Marks what may be a part of a large vehicle.

The fender of a truck, or a car that enters at the border, can look like a near person to the
network. Often it is surer of the vehicle. Vehicles only speak against people here: nothing else
is made of them.
"""

from collections.abc import Sequence
from dataclasses import replace

from agent.vision.detect.person import Detection

SAME_IOU = 0.7
"""A vehicle whose box overlaps a person's box by more than this is in the same place."""
SAME_SCORE = 0.5
"""A vehicle in the same place with this share of the person's score: the person may as well be the
vehicle."""
PART = 0.75
"""With this share of its box in a vehicle that the network is surer of, it may be a part of it."""


def marked(found: Sequence[Detection], vehicles: Sequence[Detection]) -> list[Detection]:
    """The detections, `in_vehicle` where one may be a vehicle or a part of it. A rider has the
    score of rider and two-wheeler here: who waits before a bus is surely there."""
    if not vehicles:
        return list(found)
    return [
        replace(one, in_vehicle=any(_may_be(one, vehicle) for vehicle in vehicles)) for one in found
    ]


def _may_be(one: Detection, vehicle: Detection) -> bool:
    if vehicle.box.iou(one.box) > SAME_IOU:
        return vehicle.score >= SAME_SCORE * one.score
    inside = vehicle.box.overlap(one.box) >= PART * one.box.area
    return inside and vehicle.score > one.score
