"""Converts sighting changes to wire messages."""

from typing import assert_never

from agent.vision.describe.description import Colour, Description
from agent.vision.geometry import Box
from agent.vision.rules.rules import RuleMet
from agent.vision.sightings.changes import Closed, Opened, SightingChange, Updated
from agent.wire.description import ColourWords, DescriptionWords
from agent.wire.messages import LeftBy, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.terms import BoxWords, ObjectKind, Picture, RuleWords


def sighting_event(
    change: SightingChange, *, camera: str, picture: Picture | None
) -> SightingOpened | SightingUpdated | SightingClosed:
    """The message for a change of a sighting by `camera`, with its picture."""
    match change:
        case Opened():
            return SightingOpened(
                camera=camera,
                sighting_id=change.sighting_id,
                object_kind=ObjectKind(change.kind),
                people=change.people,
                score=change.score,
                box=_box(change.box),
                first_seen_utc_us=change.first_seen.utc_us_by(change.at),
                picture=picture,
                rules=_rules(change.rules),
                wakes=None if change.wakes else False,
                is_crowd=change.is_crowd or None,
            )
        case Updated():
            return SightingUpdated(
                camera=camera,
                sighting_id=change.sighting_id,
                people=change.people,
                score=change.score,
                box=_box(change.box),
                picture=picture,
                rules=_rules(change.rules),
                wakes=True if change.wakes else None,
                is_crowd=change.is_crowd or None,
            )
        case Closed():
            return SightingClosed(
                camera=camera,
                sighting_id=change.sighting_id,
                last_seen_utc_us=change.last_seen.utc_us_by(change.at),
                duration_ms=round(change.last_seen.seconds_since(change.first_seen) * 1000),
                came=None if change.came is None else _box(change.came),
                went=None if change.went is None else _box(change.went),
                rode=change.rode,
                left_by=None if change.left_by is None else LeftBy(change.left_by),
                description=_description(change.description),
            )
    assert_never(change)


def _box(box: Box) -> BoxWords:
    return BoxWords(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)


def _description(told: Description | None) -> DescriptionWords | None:
    if told is None:
        return None
    return DescriptionWords(
        upper=_colours(told.upper),
        lower=_colours(told.lower),
        transport=None if told.transport is None else told.transport.value,
        transport_colour=_colours(told.transport_colour),
        people=told.people,
        height_m=told.height_m,
        speed=None if told.speed is None else told.speed.value,
    )


def _colours(told: tuple[Colour, ...]) -> tuple[ColourWords, ...]:
    return tuple(ColourWords(colour=one.name.value, confidence=one.confidence) for one in told)


def _rules(met: tuple[RuleMet, ...]) -> tuple[RuleWords, ...] | None:
    words = tuple(
        RuleWords(
            rule=one.kind,
            place=one.place,
            seconds=None if one.seconds is None else round(one.seconds),
            people=one.people,
            towards=None if one.towards is None else one.towards.value,
        )
        for one in met
    )
    return words or None
