"""Texts about clips that are not at the hub: where they are, and what was requested."""

from dataclasses import dataclass
from typing import Final

from hub.alerts.kinds import CROWD
from hub.store.alert_page_views import AlertPage
from hub.store.footage_views import GrowingRow, MediaRow, WishRow
from hub.store.growing import SILENT_AFTER_S
from hub.web.when import Calendar
from hub.web.words import Words

AWAITED_S: Final = 30.0
"""For this long after an alert its first clip is expected, by the page and by its player: the clip
begins with the alert, and its first part arrives within a second or two."""


def is_awaited(page: AlertPage) -> bool:
    """True if a clip of this alert is so likely to come soon that its player may be shown."""
    is_young = page.seen_utc_us - page.row.raised_utc_us < AWAITED_S * 1_000_000
    return is_young and page.is_node_here and page.may_play and page.row.kind in ("person", CROWD)


@dataclass(frozen=True, slots=True)
class Unbrought:
    """A clip still at its node, and the possible act of an officer."""

    media: MediaRow
    sentence: str
    button: str | None
    """Text of the request button; None if a request would change nothing."""


def unbrought(media: MediaRow, calendar: Calendar, *, is_node_here: bool) -> Unbrought:
    """Text about an announced clip."""
    say = calendar.words.say
    wish = media.wish
    if wish is not None and wish.answer == "gone":
        return Unbrought(media, _gone(wish, calendar), say("Ask again"))
    if wish is not None:
        return Unbrought(media, _asked(wish, calendar, is_node_here=is_node_here), None)
    if not is_node_here:
        return Unbrought(media, _unheard(calendar.words), say("Bring it as soon as possible"))
    fetching = say("The clip is being fetched from the camera box.")
    return Unbrought(media, fetching, say("Bring it now"))


def unannounced(page: AlertPage, words: Words) -> str:
    """Text while no clip of the alert was announced."""
    say = words.say
    if not page.is_node_here:
        return _unheard(words)
    if any(sighting.closed_utc_us is None for sighting in page.sightings):
        return say("The clip is still being recorded.")
    return say("The clip is at the camera box and has not been announced yet.")


def growing_sentence(page: AlertPage, row: GrowingRow, words: Words) -> str:
    """Text beside the beginning of a clip."""
    say = words.say
    if row.is_dropped:
        return say("The camera box could not finish this clip: this is what it had brought.")
    grew_utc_us = row.grew_utc_us or 0
    if not page.is_node_here or page.seen_utc_us - grew_utc_us > SILENT_AFTER_S * 1_000_000:
        return say("The camera box fell silent: this is what it had brought.")
    return say("Being recorded: it plays on as it comes.")


def _unheard(words: Words) -> str:
    return words.say("The camera box is not heard; its clip comes when it is back.")


def _asked(wish: WishRow, calendar: Calendar, *, is_node_here: bool) -> str:
    say = calendar.words.say
    told = {"time": calendar.full(wish.asked_utc_us), "name": wish.person_name}
    if wish.answer == "coming" and is_node_here:
        return say("%(name)s asked for it, %(time)s; it is on its way.") % told
    return say("%(name)s asked for it, %(time)s; waiting for the camera box.") % told


def _gone(wish: WishRow, calendar: Calendar) -> str:
    at_utc_us = wish.answered_utc_us if wish.answered_utc_us is not None else wish.asked_utc_us
    told = {"time": calendar.full(at_utc_us)}
    return calendar.words.say("The camera box no longer has this clip (%(time)s).") % told
