"""Things that look like people (statue, poster, traffic light), learned spot by spot.

A thing has three properties together: it never moved, its place was without any motion for a minute
(a living person breathes and shifts), and it has known colours. So a person who stands before it
counts, and so does a person with other clothes. Night and infrared change its colours: in a light
in which it was never seen its place is enough, and these colours are learned too. What traffic or
an outage hid, or what stayed when its track followed a passer, is doubtful: known for minutes only,
in its own light and colours. The memory survives a restart: it is handed out for storage after a
change, and once an hour.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from agent.media.frame import Frame, Instant
from agent.vision.detect.clothes import Clothes, unlikeness
from agent.vision.geometry import Box
from agent.vision.tamper.scenery import GREY, brightness_of, colour_of
from agent.vision.track.track import STIRS, Track

VERSION: Final = 1
NEUTRAL: Final = 128
"""U and V without colour."""


@dataclass(frozen=True, slots=True)
class LookAlikeSettings:
    """Limits of learning: which things are learned, and for how long."""

    still_s: float = 60.0
    """A find without any motion in its place for this long is a thing."""
    same_iou: float = 0.5
    """A find that is a known thing overlaps it by more than this (intersection over union)."""
    same_clothes: float = 12.0
    """A find that is a known thing differs from it in colour by less than this (see
    `clothes.unlikeness`)."""
    same_light: float = 20.0
    """Lights whose brightness differs by less (grey levels) are alike, if both have colour or none.
    """
    settles_s: float = 10.0
    """What was tracked there for so long in a light that is new for the thing shows its colours in
    that light; before, it may be a person who passes."""
    most_looks: int = 6
    """Most lights in which one thing is known; the oldest is dropped."""
    most: int = 64
    """Most things per camera; the one unseen for longest is dropped."""
    kept_s: float = 8 * 86_400.0
    """A thing unseen for so long, while the node ran, was removed. On a quiet street a week can
    pass between two looks at it, and it must not alert every day."""
    doubtful_s: float = 600.0
    """One that may have been a person who stood there is remembered for so long after its last find
    without motion. It is a thing once its place was without motion for `still_s`."""
    keep_every_s: float = 3600.0
    """Interval of storage without a change."""


@dataclass(frozen=True, slots=True)
class Light:
    """Light of a whole picture."""

    brightness: float
    """Mean of the luma (0-255)."""
    has_colour: bool
    """False in infrared."""

    @classmethod
    def of(cls, frame: Frame) -> "Light":
        """The light of this frame, from samples."""
        return cls(round(brightness_of(frame), 1), colour_of(frame) >= GREY)


@dataclass(frozen=True, slots=True)
class _Look:
    """Colours of a thing in one light; None: not measured."""

    clothes: Clothes | None
    light: Light | None


@dataclass(slots=True)
class _Thing:
    box: Box
    looks: list[_Look]
    last_seen: Instant
    is_sure: bool
    """False as long as it may have been a person."""


class LookAlikes:
    """Known things in one camera's view."""

    def __init__(self, settings: LookAlikeSettings | None = None) -> None:
        self._settings = settings or LookAlikeSettings()
        self._things: list[_Thing] = []
        self._kept: Instant | None = None
        self._is_news = False
        self._frame: Frame | None = None
        self._light: Light | None = None

    def __len__(self) -> int:
        return len(self._things)

    def see(self, frame: Frame) -> None:
        """Take the present picture. Its light is measured only if something may stand in a known
        place."""
        self._frame, self._light = frame, None

    def is_thing(self, track: Track, now: Instant) -> bool:
        """True if a track that never moved is a known thing; it is then marked as seen at `now`."""
        thing = next(
            (one for one in self._at(track.box, now) if self._is_like(one, track, now)), None
        )
        if thing is None:
            return False
        if not thing.is_sure and self.is_still(track.stirred_at or track.first_seen, now):
            thing.is_sure = self._is_news = True
        if thing.is_sure or track.moved < STIRS:
            thing.last_seen = now
        return True

    def is_still(self, quiet_since: Instant, now: Instant) -> bool:
        """True if there was no motion in a place for so long that what stands there cannot be
        alive."""
        return now.seconds_since(quiet_since) >= self._settings.still_s

    def learn(
        self, track: Track, now: Instant, light: Light | None = None, *, is_sure: bool = True
    ) -> None:
        """Remember the track, last seen at `now` in that light, as a thing, or as another look of
        the thing that is known there. Unless `is_sure`, it may be a person."""
        if not is_sure and track.clothes is None:
            return
        look = _Look(track.clothes, light)
        known = [one for one in self._at(track.box, now) if is_sure or not one.is_sure]
        self._is_news = self._is_news or is_sure
        if known and is_sure:
            self._add(known[0], look)
            known[0].last_seen, known[0].is_sure = now, True
            return
        alike = (one for one in known if self._is_coloured(one.looks[-1].clothes, track.clothes))
        if same := next(alike, None):
            self._things.remove(same)
        kept = [one for one in self._things if self._is_kept(one, now)]
        self._things = sorted(kept, key=_worth)[-(self._settings.most - 1) :]
        self._things.append(_Thing(track.box, [look], now, is_sure))

    def shows(self, track: Track, now: Instant) -> bool:
        """True if the present find of a track that walked is a known thing in a known light: it
        followed a passer, and found the thing when he covered it or left it."""
        found, light = track.found, self.light
        if found is None or not self._may_be(track, light):
            return False
        return any(
            self._is_alike(look.light, light) and self._is_coloured(look.clothes, found.clothes)
            for thing in self._at(found.box, now)
            for look in thing.looks
        )

    def are_alike(self, one: Track, other: Track) -> bool:
        """True if the present find of `other` is in the place of `one` and has like colours."""
        found = other.found or other
        return self._is_there(one.box, found.box) and self._is_coloured(one.clothes, found.clothes)

    def wears(self, track: Track, rest: Track) -> bool:
        """True if the present find of a track has the colours of `rest`, wherever it is."""
        found = track.found
        return found is not None and self._is_coloured(rest.clothes, found.clothes)

    def to_be_kept(self, now: Instant) -> str | None:
        """Text for `recall`, if it is time to store it: about 150 bytes per thing and 90 for each
        further light."""
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
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, AttributeError):
            return
        kept = sorted((one for one in kept if self._is_kept(one, now)), key=_worth)
        self._things = kept[-self._settings.most :]

    def _is_kept(self, thing: _Thing, now: Instant) -> bool:
        kept_s = self._settings.kept_s if thing.is_sure else self._settings.doubtful_s
        return now.seconds_since(thing.last_seen) <= kept_s

    def _at(self, box: Box, now: Instant) -> list[_Thing]:
        """Things in this place."""
        there = (one for one in self._things if self._is_there(one.box, box))
        return [one for one in there if self._is_kept(one, now)]

    def _is_there(self, one: Box, other: Box) -> bool:
        return one.iou(other) > self._settings.same_iou

    def _is_like(self, thing: _Thing, track: Track, now: Instant) -> bool:
        """True for its colours in this light, or if it was never seen in such a light; then its
        colours are learned once it is clear that it is the thing."""
        light = self.light
        if not (thing.is_sure or self._may_be(track, light)):
            return False
        known = [look for look in thing.looks if self._is_alike(look.light, light)]
        if known:
            return any(self._is_coloured(look.clothes, track.clothes) for look in known)
        if not thing.is_sure:
            return any(
                self._is_coloured(_brightened(look, light), track.clothes) for look in thing.looks
            )
        if now.seconds_since(track.first_seen) >= self._settings.settles_s:
            self._add(thing, _Look(track.clothes, light))
            self._is_news = True
        return True

    def _may_be(self, track: Track, light: Light | None) -> bool:
        """True unless it may be somebody else than who stood there: without colours, as in
        infrared, nearly all bodies are alike, so it must be at rest."""
        has_colour = light is None or light.has_colour
        return track.clothes is not None and (has_colour or track.moved < STIRS)

    def _add(self, thing: _Thing, look: _Look) -> None:
        thing.looks = [*thing.looks, look][-self._settings.most_looks :]

    def _is_coloured(self, one: Clothes | None, other: Clothes | None) -> bool:
        if one is None or other is None:
            return True
        return unlikeness(one, other) < self._settings.same_clothes

    @property
    def light(self) -> Light | None:
        """Light of the present picture; None without one."""
        if self._light is None and self._frame is not None:
            self._light = Light.of(self._frame)
        return self._light

    def _is_alike(self, one: Light | None, other: Light | None) -> bool:
        """True also for an unknown light: its colours then decide."""
        if one is None or other is None:
            return True
        apart = abs(one.brightness - other.brightness)
        return one.has_colour == other.has_colour and apart < self._settings.same_light


def _brightened(look: _Look, light: Light | None) -> Clothes | None:
    """The colours of a look if only the brightness of the light has changed since."""
    if look.clothes is None or look.light is None or light is None:
        return look.clothes
    gain = light.brightness / max(1.0, look.light.brightness)
    y0, u0, v0, y1, u1, v1 = look.clothes
    (u0, v0, u1, v1) = (NEUTRAL + gain * (tint - NEUTRAL) for tint in (u0, v0, u1, v1))
    return gain * y0, u0, v0, gain * y1, u1, v1


def _worth(thing: _Thing) -> tuple[bool, int]:
    """Doubtful ones are dropped first, then those unseen for longest."""
    return thing.is_sure, thing.last_seen.mono_ns


def _words(thing: _Thing, now: Instant) -> dict[str, Any]:
    box = thing.box
    return {
        "box": [round(side, 4) for side in (box.x0, box.y0, box.x1, box.y1)],
        "looks": [
            {
                "clothes": look.clothes and [round(mean, 1) for mean in look.clothes],
                "light": look.light and [look.light.brightness, int(look.light.has_colour)],
            }
            for look in thing.looks
        ],
        "unseen_s": round(now.seconds_since(thing.last_seen)),
        "is_sure": thing.is_sure,
    }


def _thing(words: Any, now: Instant) -> _Thing:
    """Time without power does not count: the camera saw nothing, and no clock need be right. The
    age in an older memory is a UTC stamp, and is not read."""
    (unseen_s,) = _numbers([words.get("unseen_s", 0)], 1)
    seen = now.before(max(0.0, unseen_s))
    x0, y0, x1, y1 = _numbers(words["box"], 4)
    looks = words.get("looks", [words])  # an older memory has one look, of no known light
    if not looks:
        raise ValueError("a thing without looks")
    is_sure = words.get("is_sure", True) is True
    return _Thing(Box(x0, y0, x1, y1), [_look(one) for one in looks], seen, is_sure)


def _look(words: Any) -> _Look:
    clothes, light = None, None
    if words["clothes"] is not None:
        a, b, c, d, e, f = _numbers(words["clothes"], 6)
        clothes = a, b, c, d, e, f
    if words.get("light") is not None:
        brightness, has_colour = _numbers(words["light"], 2)
        light = Light(brightness, bool(has_colour))
    return _Look(clothes, light)


def _numbers(words: Sequence[Any], count: int) -> list[float]:
    """ValueError if the count is wrong or an entry is not a number."""
    numbers = [float(word) for word in words]
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(f"{count} numbers expected")
    return numbers
