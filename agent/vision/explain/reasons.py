"""Reasons why a frame did not get a track reported, one per frame, and their sentences.

Only this module knows the rules by which detections are weighed.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from agent.i18n import N_
from agent.media.frame import Instant
from agent.vision.geometry import NEAR
from agent.vision.sightings.same_body import Difference
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.evidence import CLEAR, CLEAR_FINDS, Held
from agent.vision.track.track import Track


class Reason(StrEnum):
    """Reasons: those of `Held` for a detection that counts less, and others; see `SENTENCES`."""

    GATHERING = "gathering"
    CUT = Held.CUT
    UNSURE = Held.UNSURE
    THING = Held.THING
    PARKED = Held.PARKED
    WHEELS_STILL = Held.WHEELS_STILL
    VEHICLE = Held.VEHICLE
    FAINT = Held.FAINT
    PART = "part"
    MISSED = "missed"
    PUT_OFF = "put_off"
    NOT_LOOKED = "not_looked"
    WEAK = "weak"
    IGNORED = "ignored"


REASONS: Final = tuple(Reason)
"""In the order of their numbers in a record."""
SENTENCES: Final[dict[Reason, str]] = {
    Reason.GATHERING: N_("These frames count in full, but there is not enough evidence yet."),
    Reason.CUT: N_("The picture's border cuts the body, so only {border} of the score counts."),
    Reason.UNSURE: N_(
        "The body has not walked, and the score is too low for a body that stands still: it counts"
        " from {still} on; at {height} of the picture's height or more from {near} on, if the"
        " border cuts it from {near_cut} on, with motion in {moved} of its place from {came} on."
    ),
    Reason.THING: N_(
        "A thing that looks like a person, such as a statue or a poster, is known at this place:"
        " with these colours, or never seen in such light before."
    ),
    Reason.PARKED: N_("A two-wheeler without a rider that has not moved counts as parked."),
    Reason.WHEELS_STILL: N_(
        "A two-wheeler without a rider counts only with motion in {wheels} of its place."
    ),
    Reason.VEHICLE: N_(
        "It may be a part of a car, a bus or a truck, and it has not walked: it counts from {still}"
        " on."
    ),
    Reason.FAINT: N_(
        "The score is below {clear}: such a frame counts only beside {finds} clearer ones."
    ),
    Reason.PART: N_(
        "There is enough evidence, but the place lies within that of a near person who was"
        " reported."
    ),
    Reason.MISSED: N_(
        "The place was looked at, and the network found nobody there, or only a weak find in other"
        " clothes."
    ),
    Reason.PUT_OFF: N_(
        "The place was not looked at, because the processor's budget of looks was used up."
    ),
    Reason.NOT_LOOKED: N_(
        "The place was not looked at, because nothing moved there or it had been looked at often"
        " enough."
    ),
    Reason.WEAK: N_(
        "The score is too low to begin a track: that takes {begins} there and then. Without a"
        " track nobody is reported."
    ),
    Reason.IGNORED: N_(
        "The place lies in a part of the picture that is ignored: nobody is reported there, and no"
        " picture is kept."
    ),
}


RULE: Final = N_(
    "A person is reported when the scores that count add up to {evidence} within {seconds} s, or"
    " within the last {looks} looks at the place."
)
DIFFERENCES: Final[dict[Difference, str]] = {
    Difference.AT_ONCE: N_("Both were found at the same time."),
    Difference.BORDER: N_("It came in at the border; the other was last seen inside the picture."),
    Difference.CLOTHES: N_("Their clothes differ."),
    Difference.DIRECTION: N_("They walked in opposite directions."),
}


class Judged(NamedTuple):
    """What one frame did for a track: what counts of it as evidence, and the sum so far."""

    reason: Reason
    weight: float = 0.0
    evidence: float = 0.0


def judge(
    track: Track, at: Instant, sightings: Sightings, *, needed: float, put_off: int
) -> Judged | None:
    """The frame at `at`, in which `put_off` looks were over budget, for a track that takes the
    evidence `needed` and was not reported. None for a find that the sightings do not know: in the
    camera's first frame."""
    evidence = sightings.evidence(track)
    if not track.is_seen:
        if track.last_look == at:
            return Judged(Reason.MISSED, 0.0, evidence)
        return Judged(Reason.PUT_OFF if put_off else Reason.NOT_LOOKED, 0.0, evidence)
    weight = sightings.weight(track)
    if weight is None:
        return None
    reason = Reason.GATHERING if weight.held is None else Reason(weight.held)
    if evidence >= needed and reason is not Reason.THING:
        reason = Reason.PART
    return Judged(reason, weight.now, evidence)


def numbers(
    settings: SightingSettings, *, write: Callable[[float], str], begins: float = 0.0
) -> dict[str, str]:
    """The numbers of the rules; `write` writes one, `begins` is the score that began a track."""
    return {
        "evidence": write(settings.evidence),
        "seconds": f"{settings.evidence_s:.0f}",
        "looks": str(settings.evidence_looks),
        "border": percent(settings.border_weight),
        "still": write(settings.still_score),
        "height": percent(NEAR),
        "near": write(settings.near_score),
        "near_cut": write(settings.near_cut_score),
        "moved": percent(settings.near_came),
        "came": write(settings.near_came_score),
        "clear": write(CLEAR),
        "finds": str(CLEAR_FINDS),
        "wheels": percent(settings.rode_moved),
        "begins": write(begins),
    }


def percent(share: float) -> str:
    """The share as a whole percentage."""
    return f"{100 * share:.0f} %"
