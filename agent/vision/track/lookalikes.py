"""Things that look like people (statue, poster, traffic light), learned spot by spot.

A thing has three properties together: it never moved, its place was without any motion for a minute
(a living person breathes and shifts), and it has known colours. So a person who stands before it
counts, and so does a person with other clothes. The memory survives a restart: it is handed out for
storage after a change, and once an hour.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes, unlikeness
from agent.vision.geometry import Box
from agent.vision.track.tracker import Track

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LookAlikeSettings:
    """What is learned, and for how long."""

    still_s: float = 60.0
    """A find without any motion in its place for this long is a thing."""
    same_iou: float = 0.6
    """A find that overlaps a known thing by more than this (intersection over union),"""
    same_clothes: float = 12.0
    """and differs in colour by less (see `clothes.unlikeness`), is that thing."""
    most: int = 64
    """Most things per camera; the one unseen for longest is dropped."""
    kept_s: float = 8 * 86_400.0
    """A thing unseen for so long was removed. On a quiet street a week can pass between two looks
    at it, and it must not alert every day."""
    keep_every_s: float = 3600.0
    """Interval of storage without a change."""


@dataclass(slots=True)
class _Thing:
    box: Box
    clothes: Clothes | None
    last_seen: Instant


class LookAlikes:
    """Known things in one camera's view."""

    def __init__(self, settings: LookAlikeSettings | None = None) -> None:
        self._settings = settings or LookAlikeSettings()
        self._things: list[_Thing] = []
        self._kept: Instant | None = None
        self._is_news = False

    def __len__(self) -> int:
        return len(self._things)

    def is_thing(self, track: Track, now: Instant) -> bool:
        """True if a track that never moved is a known thing; it is then marked as seen at `now`."""
        thing = next((one for one in self._things if self._is_same(one, track)), None)
        if thing is None:
            return False
        thing.last_seen = now
        return True

    def is_still(self, track: Track, now: Instant) -> bool:
        """True if there was no motion at the track for so long that it cannot be alive."""
        return now.seconds_since(track.stirred_at or track.first_seen) >= self._settings.still_s

    def learn(self, track: Track, now: Instant) -> None:
        """Remember it as a thing."""
        kept = [one for one in self._things if self._is_kept(one, now)]
        self._things = sorted(kept, key=_last_seen)[-(self._settings.most - 1) :]
        self._things.append(_Thing(track.box, track.clothes, now))
        self._is_news = True

    def to_be_kept(self, now: Instant) -> str | None:
        """Text for `recall`, if it is time to store it: about 100 bytes per thing."""
        if not self._things:
            return None
        self._kept = self._kept or now
        is_due = now.seconds_since(self._kept) >= self._settings.keep_every_s
        if not (self._is_news or is_due):
            return None
        self._is_news, self._kept = False, now
        return json.dumps({"v": VERSION, "things": [_words(one, now) for one in self._things]})

    def recall(self, memory: str, now: Instant) -> None:
        """Continue from stored text; invalid text changes nothing."""
        try:
            words = json.loads(memory)
            if words["v"] != VERSION:
                return
            kept = [_thing(one, now) for one in words["things"]]
        except (ValueError, KeyError, TypeError, IndexError, OverflowError):
            return
        kept = sorted((one for one in kept if self._is_kept(one, now)), key=_last_seen)
        self._things = kept[-self._settings.most :]

    def _is_kept(self, thing: _Thing, now: Instant) -> bool:
        return now.seconds_since(thing.last_seen) <= self._settings.kept_s

    def _is_same(self, thing: _Thing, track: Track) -> bool:
        if thing.box.iou(track.box) <= self._settings.same_iou:
            return False
        if thing.clothes is None or track.clothes is None:
            return True
        return unlikeness(thing.clothes, track.clothes) < self._settings.same_clothes


def _last_seen(thing: _Thing) -> Instant:
    return thing.last_seen


def _words(thing: _Thing, now: Instant) -> dict[str, Any]:
    box = thing.box
    return {
        "box": [round(side, 4) for side in (box.x0, box.y0, box.x1, box.y1)],
        "clothes": thing.clothes and [round(mean, 1) for mean in thing.clothes],
        "seen_utc_us": thing.last_seen.utc_us_by(now),
    }


def _thing(words: Any, now: Instant) -> _Thing:
    """The monotonic clock starts anew: ages come from UTC stamps, and are unknown if the clock was
    set back."""
    ago_s = max(0.0, (now.utc_us - int(words["seen_utc_us"])) / 1e6)
    x0, y0, x1, y1 = _numbers(words["box"], 4)
    colours = words["clothes"]
    clothes = None
    if colours is not None:
        a, b, c, d, e, f = _numbers(colours, 6)
        clothes = a, b, c, d, e, f
    return _Thing(Box(x0, y0, x1, y1), clothes, now.before(ago_s))


def _numbers(words: Sequence[Any], count: int) -> list[float]:
    """ValueError if the count is wrong or an entry is not a number."""
    numbers = [float(word) for word in words]
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(f"{count} numbers expected")
    return numbers
