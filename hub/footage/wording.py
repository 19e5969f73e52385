"""Texts about footage: what is still at its node, and what was removed."""

from dataclasses import dataclass
from typing import Final

from hub.footage.sound_wording import Heard
from hub.footage.views import ClipRequestRow, MediaRow, Removed
from hub.web.calendar import Calendar
from hub.web.i18n import Messages

NO_SOUND: Final = Heard()


@dataclass(frozen=True, slots=True)
class ClipAtNode:
    """A clip still at its node, and the possible act of an officer."""

    media: MediaRow
    sentence: str
    button: str | None
    """Text of the request button; None if a request would change nothing."""


def gone_sentence(media: MediaRow, removed: Removed, calendar: Calendar) -> str:
    """Sentence about a removed file, with the time and the rule."""
    say = calendar.words.say
    values = {
        "time": calendar.full(media.first_frame_utc_us),
        "date": calendar.day(removed.at_utc_us),
        "days": removed.keep_days,
        "place": removed.area or say("everywhere"),
        "reason": removed.reason,
    }
    is_clip = media.kind == "clip"
    match removed.why:
        case "rule":
            rule = say("Rule: kept for %(days)s days (%(place)s). Reason: %(reason)s.")
            what = (
                say("The clip of %(time)s was removed on %(date)s.")
                if is_clip
                else say("The picture of %(time)s was removed on %(date)s.")
            )
            return f"{what % values} {rule % values}"
        case "asked":
            return (
                say("The clip of %(time)s was deleted on %(date)s for a person concerned.")
                if is_clip
                else say("The picture of %(time)s was deleted on %(date)s for a person concerned.")
            ) % values
        case "full":
            return (
                say("The clip of %(time)s was removed on %(date)s: the hub's disk was full.")
                if is_clip
                else say(
                    "The picture of %(time)s was removed on %(date)s: the hub's disk was full."
                )
            ) % values
        case _:
            return (
                say("The clip of %(time)s is no longer at the hub; its camera box is asked.")
                if is_clip
                else say(
                    "The picture of %(time)s is no longer at the hub; its camera box is asked."
                )
            ) % values


def clip_at_node_line(media: MediaRow, calendar: Calendar, *, is_node_here: bool) -> ClipAtNode:
    """Text about an announced clip."""
    say = calendar.words.say
    wish = media.wish
    if wish is not None and wish.answer == "gone":
        return ClipAtNode(media, _gone(wish, calendar), say("Ask again"))
    if wish is not None:
        return ClipAtNode(media, _asked(wish, calendar, is_node_here=is_node_here), None)
    if not is_node_here:
        return ClipAtNode(media, unheard(calendar.words), say("Bring it as soon as possible"))
    fetching = say("The clip is being fetched from the camera box.")
    return ClipAtNode(media, fetching, say("Bring it now"))


def unheard(words: Messages) -> str:
    """Sentence that says that a clip's node is silent."""
    return words.say("The camera box is not heard; its clip comes when it is back.")


def _asked(wish: ClipRequestRow, calendar: Calendar, *, is_node_here: bool) -> str:
    say = calendar.words.say
    values = {"time": calendar.full(wish.asked_utc_us), "name": wish.person_name}
    if wish.answer == "coming" and is_node_here:
        return say("%(name)s asked for it, %(time)s; it is on its way.") % values
    return say("%(name)s asked for it, %(time)s; waiting for the camera box.") % values


def _gone(wish: ClipRequestRow, calendar: Calendar) -> str:
    at_utc_us = wish.answered_utc_us if wish.answered_utc_us is not None else wish.asked_utc_us
    values = {"time": calendar.full(at_utc_us)}
    return calendar.words.say("The camera box no longer has this clip (%(time)s).") % values
