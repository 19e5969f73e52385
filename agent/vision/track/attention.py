"""Chooses the tracks to look at in a frame; few need a look in every frame.

A new track is looked at in every frame, because each look is evidence. A confirmed track that walks
steadily is where its speed predicts; one without motion in its place still stands there. Both are
looked at only often enough not to be lost. A track that is not still and was missed by the last
looks is looked at in every frame again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.media.frame import Instant
from agent.vision.detect.regions import EARLY_S
from agent.vision.geometry import NEAR, Box
from agent.vision.motion.moved import Moved
from agent.vision.track.track import STIRS, WALKS, Track


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """How often tracks are looked at."""

    new_looks: int = 12
    """A track not confirmed yet is looked at in every frame with motion, up to this many looks; a
    near one then in every second frame, as long as it moves."""
    likely_score: float = 0.65
    """In a crowd one found with this score (0-1) is looked at so often too, without any motion: a
    quiet tile is looked at too rarely to give enough evidence for a standing body."""
    walking_every_s: float = 0.1
    """Interval for a walking track: every second frame at fifteen frames a second."""
    most_new: int = 10
    """With more unconfirmed tracks than this, looks follow the motion instead."""
    standing_every_s: float = 1.0
    """Interval for a standing track."""
    standing_after_s: float = 2.0
    """A track is standing if there was no motion in its place for this long, and it does not walk:
    in a downpour at night a walker hardly stands out from the motion of the weather."""
    misses: int = 3
    """After a missed look one that is not still is looked for in the following frames, up to this
    often."""
    along: float = 0.5
    """If any track is due, tracks past this share of their interval are looked at too: one look
    often shows both."""


class Attention:
    """Chooses among the tracks; its state is stored in the tracks."""

    def __init__(self, settings: AttentionSettings | None = None) -> None:
        self._settings = settings or AttentionSettings()
        self._looked: Instant | None = None

    def is_time(self, now: Instant) -> bool:
        """True if enough time has passed since the last look. False in a frame so soon after it
        that nobody has gone anywhere: a sheet shows everybody well, so that every second frame at
        fifteen a second is enough."""
        if self._looked is None:
            return True
        elapsed_s = now.seconds_since(self._looked)  # below 0: the camera was opened anew
        return not 0 <= elapsed_s < self._settings.walking_every_s - EARLY_S

    def looked(self, now: Instant) -> None:
        """The frame at `now` was looked at."""
        self._looked = now

    def due(self, now: Instant, tracks: Sequence[Track], *, moved: Moved) -> tuple[Box, ...]:
        """Expected places, at `now`, of the confirmed `tracks` that are due; `moved` is the motion
        in this frame."""
        waits = [(self._lateness(now, one, moved), one.box) for one in tracks]
        if not any(late >= 1.0 for late, _ in waits):
            return ()
        return tuple(box for late, box in waits if late >= self._settings.along)

    def strangers(self, tracks: Sequence[Track], *, moved: Moved) -> tuple[Box, ...]:
        """Places of unconfirmed `tracks` whose looks are evidence: with motion, or near, because a
        near person may stand still from the first frame on. Empty for more than `most_new` in a
        rush, see `is_rush`: without motion nobody else would look at them."""
        found = tuple(one.box for one in tracks if self._is_worth_a_look(one, moved))
        is_many = len(found) > self._settings.most_new
        return () if is_many and self.is_rush(tracks, moved=moved) else found

    def _is_worth_a_look(self, stranger: Track, moved: Moved) -> bool:
        is_new = stranger.looks < self._settings.new_looks
        if stranger.box.height < NEAR:
            return is_new and moved.region_share(stranger.box) >= STIRS
        return is_new or (stranger.looks % 2 == 0 and moved.region_share(stranger.box) >= STIRS)

    def is_likely(self, stranger: Track) -> bool:
        """True if a few more looks may be enough to tell of it, though it stands still."""
        settings = self._settings
        return stranger.score >= settings.likely_score and stranger.looks < settings.new_looks

    def is_rush(self, tracks: Sequence[Track], *, moved: Moved) -> bool:
        """True if there are so many unconfirmed tracks that looks should follow the motion, frame
        by frame: that finds a crowd."""
        stirring = sum(moved.region_share(one.box) >= STIRS for one in tracks)
        return stirring > self._settings.most_new

    def _lateness(self, now: Instant, track: Track, moved: Moved) -> float:
        """Time since the last look as a share of the interval; from 1 on it is due."""
        every_s = self._every_s(now, track, moved)
        waited_s = now.seconds_since(track.last_look or track.last_seen) + EARLY_S
        return waited_s / every_s if every_s > 0 else 1.0

    def _every_s(self, now: Instant, track: Track, moved: Moved) -> float:
        settings = self._settings
        stirs = moved.region_share(track.box) >= STIRS
        stirred = track.stirred_at or track.first_seen
        is_still = not stirs and now.seconds_since(stirred) > settings.standing_after_s
        if is_still and track.pace < WALKS:
            return settings.standing_every_s
        if 0 < track.misses <= settings.misses:
            return 0.0
        return settings.walking_every_s
