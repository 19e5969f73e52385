"""Open sightings, and the stretch of video that each of them needs."""

import threading
from dataclasses import dataclass
from uuid import UUID

from agent.media.frame import Instant
from agent.recording.ring.preroll import Take


@dataclass(frozen=True, slots=True)
class Need:
    """Start of the video that a sighting needs, and its take."""

    since: Instant
    take: Take


@dataclass(slots=True)
class _Presence:
    """A sighting and the video it needs: from `needed_from` until some time after `until`."""

    take: Take
    first_seen: Instant
    needed_from: Instant
    until: Instant | None = None
    is_shown: bool = False


class OpenSightings:
    """Sightings that still need video; written by the camera loop's thread, read by the
    recorder's."""

    def __init__(self, *, preroll_s: float, postroll_s: float) -> None:
        self._preroll_s = preroll_s
        self._postroll_s = postroll_s
        self._present: dict[UUID, _Presence] = {}
        self._lock = threading.Lock()

    def opened(self, sighting_id: UUID, first_seen: Instant, take: Take) -> None:
        """A sighting opened: it needs the video some seconds before too."""
        needed_from = first_seen.before(self._preroll_s)
        with self._lock:
            self._present[sighting_id] = _Presence(take, first_seen, needed_from)

    def closed(self, sighting_id: UUID, last_seen: Instant) -> None:
        """A sighting closed: it needs the video of a few more seconds."""
        with self._lock:
            if presence := self._present.get(sighting_id):
                presence.until = last_seen

    def earliest(self) -> Need | None:
        """The earliest video that a sighting needs; None if none is needed."""
        with self._lock:
            needs = [Need(one.needed_from, one.take) for one in self._present.values()]
        return min(needs, key=lambda need: need.since, default=None)

    def is_needed(self, at: Instant, take: Take) -> bool:
        """True while recording must go on: somebody is there, or left a moment ago."""
        with self._lock:
            return any(not self._is_past(one, at) for _, one in self._of(take))

    def needing(self, at: Instant, take: Take) -> tuple[UUID, ...]:
        """Sightings that need video of `take` from before `at`, at least their pre-roll."""
        with self._lock:
            return tuple(i for i, one in self._of(take) if one.needed_from <= at)

    def shown_until(self, last: Instant, take: Take) -> tuple[UUID, ...]:
        """Sightings that a clip of `take` with its last frame at `last` shows; marks them as
        shown."""
        with self._lock:
            shown = {
                sighting_id: one for sighting_id, one in self._of(take) if one.first_seen <= last
            }
            for one in shown.values():
                one.is_shown = True
            return tuple(shown)

    def go_on_from(self, cut: Instant, take: Take) -> None:
        """Video was cut at `cut`: sightings last seen before that need no more.

        The others need the following video, with a new pre-roll.
        """
        with self._lock:
            for sighting_id, one in self._of(take):
                if one.is_shown and one.until is not None and one.until < cut:
                    del self._present[sighting_id]
                elif one.first_seen < cut:
                    one.needed_from = cut.before(self._preroll_s)

    def put_off(self, until: Instant, take: Take) -> None:
        """There is no video before `until`: closed sightings need no more, the others need it
        then."""
        with self._lock:
            for sighting_id, one in self._of(take):
                if one.until is not None:
                    del self._present[sighting_id]
                else:
                    one.needed_from = until

    def forget_past(self, at: Instant, take: Take) -> int:
        """No frame before `at` is left: forget sightings whose video is lost.

        Returns the number of sightings never shown in a clip.
        """
        with self._lock:
            return self._forget([pair for pair in self._of(take) if self._is_past(pair[1], at)])

    def forget_take(self, take: Take) -> int:
        """Forget a take that has ended and is written; returns the number of its sightings never
        shown in a clip."""
        with self._lock:
            return self._forget(self._of(take))

    def _of(self, take: Take) -> list[tuple[UUID, _Presence]]:
        return [pair for pair in self._present.items() if pair[1].take is take]

    def _forget(self, pairs: list[tuple[UUID, _Presence]]) -> int:
        for sighting_id, _ in pairs:
            del self._present[sighting_id]
        return sum(not one.is_shown for _, one in pairs)

    def _is_past(self, one: _Presence, at: Instant) -> bool:
        return one.until is not None and at.seconds_since(one.until) > self._postroll_s
