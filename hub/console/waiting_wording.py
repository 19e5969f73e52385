"""Texts about clips that are not at the hub: where they are, and what was requested."""

from hub.alerting.alerts.rules.kinds import SIGHTINGS
from hub.console.views import AlertPage
from hub.footage.growing.clips import AWAITED_S, SILENT_AFTER_S
from hub.footage.views import GrowingRow
from hub.footage.wording import unheard
from hub.web.i18n import Messages


def is_awaited(page: AlertPage) -> bool:
    """True if a clip of this alert will probably come soon, so that its player may be shown."""
    is_young = page.seen_utc_us - page.row.raised_utc_us < AWAITED_S * 1_000_000
    return is_young and page.is_node_here and page.may_play and page.row.kind in SIGHTINGS


def unannounced(page: AlertPage, words: Messages) -> str:
    """Text while no clip of the alert was announced."""
    say = words.say
    if not page.is_node_here:
        return unheard(words)
    if any(sighting.closed_utc_us is None for sighting in page.sightings):
        return say("The clip is still being recorded.")
    return say("The clip is at the camera box and has not been announced yet.")


def growing_sentence(page: AlertPage, row: GrowingRow, words: Messages) -> str:
    """Text beside the beginning of a clip."""
    say = words.say
    if row.is_dropped:
        return say("The camera box could not finish this clip: this is what it had brought.")
    grew_utc_us = row.grew_utc_us or 0
    if not page.is_node_here or page.seen_utc_us - grew_utc_us > SILENT_AFTER_S * 1_000_000:
        return say("The camera box fell silent: this is what it had brought.")
    return say("Being recorded: it plays on as it comes.")
