"""Texts about ticked sightings of which nothing went into a case."""

from collections.abc import Sequence

from hub.search.sighting_rows import LeftOut, WhyLeftOut
from hub.web.calendar import Calendar
from hub.web.i18n import Messages


def left_out_lines(left: Sequence[LeftOut], calendar: Calendar) -> list[str]:
    """Each of them by time and camera, with the reason."""
    return [
        f"{calendar.full(one.first_seen_utc_us)} · {one.label}, {one.place}: "
        f"{_why(one.why, calendar.words)}"
        for one in left
    ]


def _why(why: WhyLeftOut, words: Messages) -> str:
    return {
        WhyLeftOut.REMOVED: words.say("its footage has been deleted."),
        WhyLeftOut.AT_BOX: words.say("its picture has not come from the camera box yet."),
        WhyLeftOut.NOTHING: words.say("there is no picture or clip of it that you may open."),
    }[why]
