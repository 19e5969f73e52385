"""Texts of an alert's footage: pictures, clips, or why there is none yet."""

from dataclasses import dataclass
from typing import Final

from hub.alerting.alerts.rules.kinds import SIGHTINGS
from hub.console.views import AlertPage
from hub.console.waiting_wording import growing_sentence, is_awaited, unannounced
from hub.footage.sound_wording import Heard, heard
from hub.footage.views import GrowingRow, MediaRow
from hub.footage.wording import NO_SOUND, ClipAtNode, clip_at_node_line, gone_sentence
from hub.web.calendar import Calendar
from hub.web.i18n import Messages, one_decimal

PICTURES_AT_ONCE: Final = 6
"""Small pictures that an alert's page shows at once; the others are folded."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One playable clip. Positions are seconds from its first frame."""

    media: MediaRow
    length_s: float
    appear_s: float
    """Seconds at which people come into the picture; everything before is pre-roll."""
    leave_s: float
    """Seconds at which they were last seen."""
    heard: Heard = NO_SOUND
    poster: str = ""
    """Address of a picture from its time, shown until it plays; empty without one."""

    def size_mb(self, words: Messages) -> str:
        """Size of the original in megabytes, at least 0.1."""
        return one_decimal(max(0.1, self.media.size_bytes / 1e6), words)

    @property
    def preroll_s(self) -> int:
        """Length of the pre-roll in whole seconds."""
        return max(1, round(self.appear_s))

    @property
    def has_preroll(self) -> bool:
        """True if the pre-roll is long enough for a mark."""
        return self.appear_s >= 0.5

    @property
    def is_h265(self) -> bool:
        """True if only some browsers play the original."""
        return self.media.codec in ("hevc", "h265")

    def share(self, position_s: float) -> float:
        """A position as 0-1000 along the time line."""
        return round(1000 * position_s / self.length_s, 1) if self.length_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Growing:
    """A clip of which only the beginning is at the hub."""

    row: GrowingRow
    appear_s: float
    """Seconds at which people come into the picture."""
    sentence: str

    @property
    def has_preroll(self) -> bool:
        """True if the pre-roll is long enough for a button."""
        return self.appear_s >= 0.5


@dataclass(frozen=True, slots=True)
class PlayableFootage:
    """Playable footage, and the reasons for missing footage."""

    clips: tuple[Clip, ...]
    waiting: str | None
    growing: tuple[Growing, ...] = ()
    """Still being recorded, or was when its node fell silent."""
    unbrought: tuple[ClipAtNode, ...] = ()
    """Still at its node."""
    sounds: tuple[MediaRow, ...] = ()
    """Sound of clips that are not here."""
    gone: tuple[str, ...] = ()
    """Removed from the hub, one sentence each."""
    is_awaited: bool = False
    """True if nothing is here yet and a player waits for it."""
    lost_picture: bool = False
    """True if a removed picture is among it: then none is on its way."""

    @property
    def is_playable(self) -> bool:
        """True if the alert's picture is a player."""
        return bool(self.clips or self.growing or self.is_awaited)


def footage(page: AlertPage, calendar: Calendar) -> PlayableFootage:
    """Clips of an alert, earliest first."""
    announced = sorted(
        (media for media in page.media if media.kind == "clip" and media.removed is None),
        key=lambda media: media.first_frame_utc_us,
    )
    sounds = tuple(media for media in page.media if media.kind == "sound" and media.is_stored)
    stored = tuple(
        _clip(
            media, page, heard(media, page.media, page.asked, calendar) if page.sound else NO_SOUND
        )
        for media in announced
        if media.is_stored and not _is_whole_too(media, announced)
    )
    gone = tuple(
        gone_sentence(media, media.removed, calendar)
        for media in page.media
        if media.removed is not None and media.kind != "sound"
    )
    waiting = None if gone and not announced else _waiting(page, announced, calendar.words)
    growing = _growing(page, calendar.words)
    shown = {one.row.first_frame_utc_us for one in growing if page.is_node_here}
    still_there = tuple(
        clip_at_node_line(media, calendar, is_node_here=page.is_node_here)
        for media in announced
        if not media.is_stored and media.first_frame_utc_us not in shown
    )
    nothing_yet = not (stored or growing or gone)
    awaited = nothing_yet and is_awaited(page) and all(m.wish is None for m in announced)
    lost_picture = any(media.kind == "picture" and media.removed for media in page.media)
    return PlayableFootage(
        clips=stored,
        waiting=None if growing or awaited else waiting,
        growing=growing,
        unbrought=still_there,
        sounds=tuple(one for one in sounds if one not in [clip.heard.sound for clip in stored]),
        gone=gone,
        is_awaited=awaited,
        lost_picture=lost_picture,
    )


def _growing(page: AlertPage, words: Messages) -> tuple[Growing, ...]:
    return tuple(
        Growing(
            row=row,
            appear_s=max(0.0, (page.row.began_utc_us - row.first_frame_utc_us) / 1e6),
            sentence=growing_sentence(page, row, words),
        )
        for row in page.growing
        if row.grew_utc_us is not None and not _is_superseded(row, page)
    )


def _is_whole_too(media: MediaRow, announced: list[MediaRow]) -> bool:
    """Remains of a clip that its node uploaded after all."""
    return media.is_remains and any(
        other.is_stored
        and not other.is_remains
        and other.first_frame_utc_us <= media.first_frame_utc_us
        and other.duration_ms >= media.duration_ms
        for other in announced
    )


def _is_superseded(row: GrowingRow, page: AlertPage) -> bool:
    """A clip abandoned for one that begins earlier shows nothing more than that one."""
    others = [one.first_frame_utc_us for one in page.growing if not one.is_dropped]
    others += [one.first_frame_utc_us for one in page.media if one.kind == "clip"]
    return row.is_dropped and any(other <= row.first_frame_utc_us for other in others)


def other_pictures(page: AlertPage) -> list[MediaRow]:
    """Stored pictures other than the alert's main one, earliest first."""
    return sorted(
        (
            media
            for media in page.media
            if media.kind == "picture" and media.is_stored and media.media_id != page.row.picture_id
        ),
        key=lambda media: media.first_frame_utc_us,
    )


def _clip(media: MediaRow, page: AlertPage, heard: Heard) -> Clip:
    length_s = media.duration_ms / 1000

    def position(utc_us: int) -> float:
        return min(max((utc_us - media.first_frame_utc_us) / 1e6, 0.0), length_s)

    end_utc_us = media.first_frame_utc_us + media.duration_ms * 1000
    of_its_time = (
        f"/media/{one.media_id}/small"
        for one in other_pictures(page)[:PICTURES_AT_ONCE]
        if media.first_frame_utc_us <= one.first_frame_utc_us <= end_utc_us
    )
    return Clip(
        media=media,
        length_s=length_s,
        appear_s=position(page.row.began_utc_us),
        leave_s=position(page.row.last_seen_utc_us),
        heard=heard,
        poster=next(of_its_time, ""),
    )


def _waiting(page: AlertPage, announced: list[MediaRow], words: Messages) -> str | None:
    if page.row.kind not in SIGHTINGS:
        return None
    if not page.may_play:
        return words.say("You may see the pictures of this camera, not its clips.")
    return None if announced else unannounced(page, words)
