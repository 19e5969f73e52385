"""Reasons why a frame did not get a track reported: one per frame."""

from enum import StrEnum
from typing import Final

from agent.media.frame import Instant
from agent.vision.track.evidence import Held, Weight
from agent.vision.track.track import Track


class Reason(StrEnum):
    """Reasons: those of `Held` for a detection that counts less, and others."""

    GATHERING = "gathering"
    """The detection counts in full, but the evidence is not enough yet."""
    CUT = Held.CUT
    UNSURE = Held.UNSURE
    THING = Held.THING
    PARKED = Held.PARKED
    WHEELS_STILL = Held.WHEELS_STILL
    VEHICLE = Held.VEHICLE
    FAINT = Held.FAINT
    PART = "part"
    """There is enough evidence, but it is a part of a near person who was reported."""
    MISSED = "missed"
    """The track's place was looked at, and nothing was found there."""
    PUT_OFF = "put_off"
    """The track's place was not looked at: the budget of looks was used up."""
    NOT_LOOKED = "not_looked"
    """The track's place was not looked at: no look was due."""
    WEAK = "weak"
    """No track: the score is too low to begin one."""
    IGNORED = "ignored"
    """No track: the place lies in an ignored part of the picture."""


REASONS: Final = tuple(Reason)
"""In the order of their numbers in a record."""


def reason_of(
    track: Track, at: Instant, weight: Weight | None, *, is_enough: bool, put_off: int
) -> Reason:
    """The reason in the frame at `at`, in which `put_off` looks were over budget; `weight` is that
    of a detection in this frame. `is_enough`: the evidence suffices, but the track was not
    reported."""
    if track.is_seen:
        held = weight.held if weight is not None else None
        if is_enough and held is not Held.THING:
            return Reason.PART
        return Reason.GATHERING if held is None else Reason(held)
    if track.last_look == at:
        return Reason.MISSED
    return Reason.PUT_OFF if put_off else Reason.NOT_LOOKED
