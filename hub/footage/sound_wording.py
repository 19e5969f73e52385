"""Texts about the sound of a clip: whether it is at the hub, who requested it, and how to request
it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.footage.views import AskedSpan, MediaRow
from hub.web.calendar import Calendar

SAME_US: Final = 1_000_000
"""Clip and sound begin together; a clock correction between their messages can move one a
little."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound of one clip; empty if the camera's sound is not recorded."""

    sound: MediaRow | None = None
    """Playable sound."""
    sentences: tuple[str, ...] = ()
    may_ask: bool = False


def heard(
    clip: MediaRow, sounds: Iterable[MediaRow], asked: Sequence[AskedSpan], calendar: Calendar
) -> Heard:
    """Sound of a clip, for a camera that records sound; `asked` are the requests for the camera."""
    sound = next((one for one in sounds if is_of(one, clip)), None)
    middle_utc_us = clip.first_frame_utc_us + clip.duration_ms * 500
    wishes = [
        one
        for one in asked
        if one.with_sound and one.from_utc_us <= middle_utc_us <= one.until_utc_us
    ]
    told = [_asked(one, calendar) for one in wishes]
    if sound is not None and sound.is_stored:
        return Heard(sound, tuple(told))
    how = _standing(sound, wishes[-1], calendar) if wishes else None
    return Heard(None, (*told, how) if how else tuple(told), may_ask=not wishes)


def is_of(sound: MediaRow, clip: MediaRow) -> bool:
    """True if it is the sound of that clip."""
    return (
        sound.kind == "sound"
        and abs(sound.first_frame_utc_us - clip.first_frame_utc_us) < SAME_US
        and sound.duration_ms == clip.duration_ms
    )


def _asked(one: AskedSpan, calendar: Calendar) -> str:
    say = calendar.words.say
    told = {
        "name": one.person_name or say("The keeper"),
        "time": calendar.full(one.asked_utc_us),
        "reason": one.reason,
    }
    return say("%(name)s asked for the sound, %(time)s: %(reason)s.") % told


def _standing(sound: MediaRow | None, wish: AskedSpan, calendar: Calendar) -> str:
    say = calendar.words.say
    if sound is not None and sound.removed is not None:
        return say("The sound is no longer at the hub.")
    if wish.files is None:
        return say("The camera box has not answered yet.")
    if sound is None:
        return say("The camera box has no sound of it.")
    return say("It is on its way.")
