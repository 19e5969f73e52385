"""Search results as text: a time line, or the reason why there is nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from babel.numbers import format_decimal

from hub.footage.views import MediaRow
from hub.footage.wording import ClipAtNode, clip_at_node_line, gone_sentence
from hub.registry.passing import compass_point
from hub.search.chip_wording import look_sentence
from hub.search.find_form import Parsed, SearchForm, going_words, kind_words, way_words
from hub.search.pages import address_of
from hub.search.sighting_rows import FoundSighting
from hub.search.sighting_views import SightingsPage
from hub.web.calendar import DOUBT_FROM_MS, Calendar
from hub.web.compass import compass_words
from hub.web.i18n import Messages

US_PER_S: Final = 1_000_000
LEAD_S: Final = 1
"""A clip starts this long before somebody comes into the picture."""
ROUND_US: Final = 120 * US_PER_S
"""Time before and after, when all footage around a sighting or moment is shown."""


@dataclass(frozen=True, slots=True)
class PlayableClip:
    """A clip that one tap plays."""

    media: MediaRow
    address: str
    """With the second at which somebody comes into the picture."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One sighting on the time line."""

    found: FoundSighting
    words: str
    """Kind, duration, size."""
    doubt: str
    """Empty if the clock is trusted."""
    play: PlayableClip | None
    waiting: ClipAtNode | None
    gone: str
    look: str
    """Description of the sighting in the words of a sentence; empty if there is none."""
    alike: str
    """Address of a search for the same description; empty without one."""
    crop: str
    """Address of the part of its picture with the person, or of all of it if the place is not
    known; empty without a picture."""
    footage: str
    """Address of all footage of its camera around it; empty without the right."""


def time_line(
    hits: Sequence[FoundSighting], asked: SearchForm, calendar: Calendar
) -> list[tuple[str, list[TimelineEntry]]]:
    """Results by hour, newest first."""

    def hour(one: FoundSighting) -> str:
        return f"{calendar.local(one.hit.first_seen_utc_us):%d/%m/%Y · %H:00}"

    return [
        (said, [_entry(one, asked, calendar) for one in some]) for said, some in groupby(hits, hour)
    ]


def answer_sentence(
    page: SightingsPage, asked: SearchForm, parsed: Parsed, calendar: Calendar
) -> str:
    """Number of results, time span and number of cameras."""
    words, wanted = calendar.words, parsed.wanted
    if wanted is None:
        return ""
    where = words.count("%(n)d camera", "%(n)d cameras", page.cameras) % {"n": page.cameras}
    told = {
        "since": calendar.full(wanted.from_utc_us),
        "until": calendar.full(wanted.until_utc_us),
        "where": where,
        "n": page.count,
    }
    if page.is_more:
        found = words.say("More than %(n)d sightings") % told
    else:
        found = words.count("%(n)d sighting", "%(n)d sightings", page.count) % told
    if asked.before:
        found = words.say("%(found)s from here on") % {"found": found}
    return f"{found} · {words.say('%(since)s – %(until)s, %(where)s') % told}"


def nothing_sentence(page: SightingsPage, words: Messages) -> str:
    """Why there is nothing, and what to do; empty if there are results."""
    if page.hits:
        return ""
    if page.nearest is not None:
        told = {"camera": page.nearest.label, "how": metres_word(page.nearest.beyond_m, words)}
        said = words.say(
            "No camera of those that you may search stands there; the nearest is %(camera)s,"
            " %(how)s away."
        )
        return said % told
    if page.cameras == 0 and page.unaimed:
        return words.say(
            "Where people went is known only of cameras whose position and view are noted: ask"
            " without a direction, or have a keeper note them."
        )
    if page.cameras == 0:
        return words.say("No camera that you may search is meant: choose another place or name.")
    return words.say("Nothing like that was seen there then: take a longer time, or ask for less.")


def unaimed_sentence(page: SightingsPage, words: Messages) -> str:
    """Cameras that a search by shape or direction leaves out; empty without any."""
    n = page.unaimed + page.unplaced
    said = words.count(
        "%(n)d camera was left out: its position or the way it looks is not noted.",
        "%(n)d cameras were left out: their position or the way they look is not noted.",
        n,
    )
    return said % {"n": n} if n else ""


def undescribed_sentence(words: Messages) -> str:
    """Why a description finds nothing in a town whose boxes send none."""
    return words.say(
        "No camera box has sent colours or vehicles yet, so a search for them finds nothing."
        " It takes boxes with newer software."
    )


def cut_sentence(page: SightingsPage, parsed: Parsed, calendar: Calendar) -> str:
    """Sentence with the start of the searched time, if the search was cut short; else empty."""
    if parsed.wanted is None or not is_cut(page, parsed):
        return ""
    said = calendar.words.say("So far only what was seen since %(time)s was looked through.")
    return said % {"time": calendar.full(page.looked_from_utc_us)}


def is_cut(page: SightingsPage, parsed: Parsed) -> bool:
    """True if a full search would have taken too long."""
    wanted = parsed.wanted
    return wanted is not None and not page.is_more and page.looked_from_utc_us > wanted.from_utc_us


def metres_word(metres: float, words: Messages) -> str:
    """A distance in words, `120 m` or `3.2 km`."""
    if metres < 1000:
        return words.say("%(n)d m") % {"n": max(10, round(metres / 10) * 10)}
    n = format_decimal(metres / 1000, format="#,##0.#", locale=words.language)
    return words.say("%(n)s km") % {"n": n}


def doubt_sentence(error_ms: int | None, words: Messages) -> str:
    """Possible error of the node's clock, if it matters."""
    if error_ms is None:
        return words.say("Clock of the camera box unconfirmed: times may be wrong")
    if error_ms < DOUBT_FROM_MS:
        return ""
    seconds = round(error_ms / 1000)
    return words.count(
        "Clock uncertain by ± %(n)d second", "Clock uncertain by ± %(n)d seconds", seconds
    ) % {"n": seconds}


def _entry(one: FoundSighting, asked: SearchForm, calendar: Calendar) -> TimelineEntry:
    words = calendar.words
    stored = [clip for clip in one.clips if clip.is_stored and clip.removed is None]
    there = [clip for clip in one.clips if not clip.is_stored and clip.removed is None]
    gone = [clip for clip in one.clips if clip.removed is not None]
    play = _play(one, stored[0]) if stored else None
    waiting = (
        clip_at_node_line(there[0], calendar, is_node_here=one.is_node_here)
        if there and not play
        else None
    )
    lost = gone[0].removed if gone else None
    look = look_sentence(one.hit.look, words)
    same_time = SearchForm(q=look, when=asked.when, since=asked.since, until=asked.until)
    return TimelineEntry(
        found=one,
        words=_words(one, words),
        doubt=doubt_sentence(one.hit.error_ms, words),
        play=play,
        waiting=waiting,
        gone=gone_sentence(gone[0], lost, calendar) if lost and not (play or there) else "",
        look=look,
        alike=f"/find?{same_time.query()}#found" if look else "",
        crop=_crop(one),
        footage=_footage(one, calendar) if one.may_play else "",
    )


def _crop(one: FoundSighting) -> str:
    if one.picture_id is None:
        return ""
    x0, y0, x1, y1 = (min(1.0, max(0.0, edge)) for edge in one.hit.box)
    address, is_known = f"/media/{one.picture_id}/small", one.is_at_box and x0 < x1 and y0 < y1
    return f"{address}?around={x0:.4f},{y0:.4f},{x1:.4f},{y1:.4f}" if is_known else address


def _words(one: FoundSighting, words: Messages) -> str:
    hit = one.hit
    if hit.object_kind == "person":
        who = words.count("%(n)d person", "%(n)d people", hit.people) % {"n": hit.people}
    else:
        who = kind_words(words).get(hit.object_kind, hit.object_kind)
    seconds = max(1, round((hit.last_seen_utc_us - hit.first_seen_utc_us) / US_PER_S))
    long = words.count("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    tall = words.say("%(n)d%% of the picture") % {"n": max(1, round(hit.height * 100))}
    said = [who, long, tall]
    if hit.rode is not None:
        said.append(going_words(words)["ride" if hit.rode else "foot"])
    if hit.way is not None:
        said.append(way_words(words)[hit.way])
    if one.heading_deg is not None:
        said.append(compass_words(words)[compass_point(one.heading_deg)])
    return " · ".join(said)


def _play(one: FoundSighting, clip: MediaRow) -> PlayableClip:
    begins_s = (one.hit.first_seen_utc_us - clip.first_frame_utc_us) / US_PER_S - LEAD_S
    tail = "/h264" if clip.codec in ("hevc", "h265") else ""
    at = f"#t={begins_s:.1f}" if 0 < begins_s < clip.duration_ms / 1000 else ""
    return PlayableClip(clip, f"/media/{clip.media_id}{tail}{at}")


def _footage(one: FoundSighting, calendar: Calendar) -> str:
    hit = one.hit
    begins_us, ends_us = hit.first_seen_utc_us - ROUND_US, hit.last_seen_utc_us + ROUND_US
    return address_of(hit.camera_id, begins_us, ends_us, calendar)
