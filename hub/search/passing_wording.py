"""Texts for following a person: side of leaving, and likely next cameras."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from hub.alerting.alerts.camera_wording import near_word
from hub.registry.neighbours import AT_HAND_M, NearbyCamera
from hub.registry.passing import Departure, Passing, RelativeDirection, compass_point
from hub.search.moment_queries import LeavingPerson, PlacedCamera, SideBySide
from hub.search.time_form import BETWEEN
from hub.web.calendar import Calendar
from hub.web.compass import compass_words
from hub.web.i18n import Messages

WALKING_M_PER_S: Final = 1.4
RIDING_M_PER_S: Final = 7.0
"""About 25 km/h, as in a narrow street."""


@dataclass(frozen=True, slots=True)
class Next:
    """A likely next camera as shown on the page."""

    camera: PlacedCamera
    how_far: str
    turn: str
    """Empty if unknown."""
    is_ahead: bool
    window: str
    """`02:14:30 – 02:17`; empty if unknown."""
    find: str
    """Address of its sightings in that time; empty without one."""


def next_of(camera: PlacedCamera, passing: Passing, calendar: Calendar) -> Next:
    """A likely next camera as text."""
    since_us, until_us = passing.from_utc_us, passing.until_utc_us
    window = find = ""
    if since_us is not None and until_us is not None:
        begins, ends = calendar.local(since_us), calendar.local(until_us)
        window = f"{begins:%H:%M:%S} – {ends:%H:%M:%S}"
        said = {"when": BETWEEN, "since": f"{begins:%Y-%m-%dT%H:%M}"}
        said |= {"until": f"{ends:%Y-%m-%dT%H:%M}", "camera": str(camera.camera_id)}
        find = f"/find?{urlencode(said)}#found"
    words = calendar.words
    return Next(
        camera=camera,
        how_far=how_far(passing.near, words),
        turn="" if passing.turn is None else _turn_words(words)[passing.turn],
        is_ahead=passing.turn is RelativeDirection.AHEAD,
        window=window,
        find=find,
    )


def how_far(near: NearbyCamera, words: Messages) -> str:
    """Distance in words: `420 m away · 5 min on foot, 1 min riding`, or "same area"."""
    if near.distance_m is None:
        return near_word(near, words)
    if near.distance_m < AT_HAND_M:
        return near_word(near, words)
    told = {
        "far": near_word(near, words),
        "walking": _minutes(near.distance_m / WALKING_M_PER_S),
        "riding": _minutes(near.distance_m / RIDING_M_PER_S),
    }
    return words.say("%(far)s · %(walking)d min on foot, %(riding)d min riding") % told


def order_sentence(found: SideBySide, calendar: Calendar) -> str:
    """Sentence that says who is followed, and how the cameras are ordered."""
    say = calendar.words.say
    if found.followed is None:
        return say("Nobody is known to have left its picture about then: the nearest camera first.")
    leaving = found.followed.leaving
    told = {"time": _time(leaving, calendar), "way": direction_words(leaving, calendar.words)}
    if leaving.heading_deg is not None:
        return say("Left the picture %(way)s at %(time)s: next cameras that way.") % told
    if leaving.side is not None:
        said = say(
            "Left the picture %(way)s at %(time)s. Which way this camera looks is not noted:"
            " the nearest camera first."
        )
        return said % told
    said = say(
        "Left the picture at %(time)s, nobody can say by which side: the nearest camera first."
    )
    return said % told


def leaving_words(one: LeavingPerson, calendar: Calendar) -> str:
    """A person to follow, in words: `02:14:09 to the east`."""
    said = f"{_time(one.leaving, calendar)} {direction_words(one.leaving, calendar.words)}"
    return said.strip()


def direction_words(leaving: Departure, words: Messages) -> str:
    """`to the east` if known, else the side of the picture; empty if unknown."""
    if leaving.heading_deg is not None:
        return compass_words(words)[compass_point(leaving.heading_deg)]
    return "" if leaving.side is None else _side_words(words)[leaving.side]


def follow(sighting_id: UUID | None) -> list[tuple[str, str]]:
    """Address parameters for the followed person."""
    return [] if sighting_id is None else [("sighting", str(sighting_id))]


def _side_words(words: Messages) -> Mapping[str, str]:
    say = words.say
    return {
        "left": say("by its left side"),
        "right": say("by its right side"),
        "towards": say("towards the camera"),
        "away": say("away from the camera"),
    }


def _turn_words(words: Messages) -> Mapping[RelativeDirection, str]:
    say = words.say
    return {
        RelativeDirection.AHEAD: say("that way"),
        RelativeDirection.ASIDE: say("if they turned off"),
        RelativeDirection.BACK: say("if they turned back"),
    }


def _time(leaving: Departure, calendar: Calendar) -> str:
    return f"{calendar.local(leaving.utc_us):%H:%M:%S}"


def _minutes(seconds: float) -> int:
    return max(1, round(seconds / 60))
