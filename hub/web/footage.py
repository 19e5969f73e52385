"""The footage of an alert as its page shows it: pictures, clips, or why there is none yet."""

from dataclasses import dataclass

from hub.store.views import AlertPage, MediaRow
from hub.web.words import Words


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip that can be played. Positions are seconds from its first frame."""

    media: MediaRow
    length_s: float
    appear_s: float
    """Where the people come into the picture; everything before is pre-roll."""
    leave_s: float
    """Where they were last seen."""

    @property
    def preroll_s(self) -> int:
        """The stretch before they come, in whole seconds."""
        return max(1, round(self.appear_s))

    @property
    def has_preroll(self) -> bool:
        """Whether there is a stretch before they come that is worth a mark."""
        return self.appear_s >= 0.5

    def share(self, position_s: float) -> float:
        """A position as 0-1000 along the time line."""
        return round(1000 * position_s / self.length_s, 1) if self.length_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Footage:
    """What there is to play, and the honest word about what there is not."""

    clips: tuple[Clip, ...]
    waiting: str | None


def footage(page: AlertPage, words: Words) -> Footage:
    """The clips of an alert, the earliest first."""
    announced = sorted(
        (media for media in page.media if media.kind == "clip"),
        key=lambda media: media.first_frame_utc_us,
    )
    stored = tuple(_clip(media, page) for media in announced if media.is_stored)
    return Footage(clips=stored, waiting=_waiting(page, announced, words))


def other_pictures(page: AlertPage) -> list[MediaRow]:
    """The stored pictures beside the one that stands for the alert, the earliest first."""
    return sorted(
        (
            media
            for media in page.media
            if media.kind == "picture" and media.is_stored and media.media_id != page.row.picture_id
        ),
        key=lambda media: media.first_frame_utc_us,
    )


def _clip(media: MediaRow, page: AlertPage) -> Clip:
    length_s = media.duration_ms / 1000

    def position(utc_us: int) -> float:
        return min(max((utc_us - media.first_frame_utc_us) / 1e6, 0.0), length_s)

    return Clip(
        media=media,
        length_s=length_s,
        appear_s=position(page.row.began_utc_us),
        leave_s=position(page.row.last_seen_utc_us),
    )


def _waiting(page: AlertPage, announced: list[MediaRow], words: Words) -> str | None:
    say = words.say
    if page.row.kind != "person":
        return None
    if not page.may_play:
        return say("You may see the pictures of this camera, not its clips.")
    if any(not media.is_stored for media in announced):
        return say("The clip is being fetched from the camera box.")
    if announced:
        return None
    if any(sighting.closed_utc_us is None for sighting in page.sightings):
        return say("The clip is still being recorded.")
    return say("The clip is at the camera box and has not been announced yet.")
