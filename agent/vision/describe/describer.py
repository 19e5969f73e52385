"""Describes each sighting from its few best views; its state is small and lives as long as it.

A sighting is sampled a few times a second at first, later together with all others: the second body
of a frame costs half of the first. What boxes say is counted. Colours are read from a view
only if it is one of the best so far: large, whole, not hidden, and clear to the network, whose
score falls for a blurred body. Nothing of a view is kept but the shares of eleven colours.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.vision.describe.bodies import (
    Calibration,
    driver_of,
    hidden_share,
    mount,
    people_on,
    people_with,
    speed_of,
)
from agent.vision.describe.colours import Shares, named, shares, table
from agent.vision.describe.description import Description, Speed, Transport
from agent.vision.describe.light import shows_colours
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import is_whole
from agent.vision.track.track import Track

SOON_S, FIRST, EVERY_S = 0.4, 5, 2.0
"""Interval of the first samples of one sighting, their number, and interval of the rest, which all
sightings have together."""
LIGHT_EVERY_S: Final = 20.0
MOST_VIEWS: Final = 3
BETTER_BY: Final = 1.25
"""A view replaces the worst of three only if it is this many times as good."""
CUT: Final = 0.5
"""Quality of a view cut by the picture's border, against a whole one."""
MOST_HIDDEN: Final = 0.3
"""A body with more than this share hidden shows somebody else's clothes."""
HEIGHTS: Final = 25
"""Newest heights, of which the median counts."""
LEAST_HEIGHTS: Final = 3
UPPER_ROWS, LOWER_ROWS, VEHICLE_ROWS = (0.2, 0.46), (0.55, 0.82), (0.3, 0.8)
"""First and last row, in shares of the height of body or vehicle."""
BODY_COLUMNS, VEHICLE_COLUMNS = 0.4, 0.6
"""Middle part, in shares of the width."""
LEAST_OF_VEHICLE: Final = 0.45
"""Least share of a vehicle's colour: legs and wheels are in the way."""

_TRANSPORT: Final = {
    ObjectKind.BICYCLE: Transport.BICYCLE,
    ObjectKind.MOTORCYCLE: Transport.MOTORBIKE,
}


@dataclass(frozen=True, slots=True)
class _View:
    """Colours of one view; None: not to be told."""

    quality: float
    upper: Shares | None
    lower: Shares | None
    vehicle: Shares | None


@dataclass(slots=True)
class _Notes:
    """Notes on one open sighting: its best views, and counts of what was measured."""

    sampled_at: Instant
    samples: int = 0
    views: list[_View] = field(default_factory=list)
    transports: Counter[Transport] = field(default_factory=Counter)
    people: Counter[int] = field(default_factory=Counter)
    speeds: Counter[Speed] = field(default_factory=Counter)
    heights_m: deque[float] = field(default_factory=lambda: deque(maxlen=HEIGHTS))

    @property
    def is_new(self) -> bool:
        """True during its first samples."""
        return self.samples < FIRST


class Describer:
    """Describes the sightings of one camera; used by one thread."""

    def __init__(self, calibration: Calibration | None = None) -> None:
        """Without a calibration no heights."""
        self._calibration = calibration
        self._notes: dict[UUID, _Notes] = {}
        self._due_ns = 0
        self._round_at: Instant | None = None
        self._light_at: Instant | None = None
        self._is_light = False
        table()

    def is_due(self, now: Instant) -> bool:
        """True if `see` has something to do, unless a sighting has just opened."""
        return now.mono_ns >= self._due_ns

    def see(
        self,
        frame: Frame,
        tracks: Sequence[Track],
        sightings: Mapping[int, UUID],
        *,
        aspect: float,
    ) -> None:
        """Take a frame with its tracks; `sightings` are the open ones by track, without crowds. If
        it finds none of them, the next one that does is sampled."""
        seen = [track for track in tracks if track.is_seen]
        if sightings and not any(track.track_id in sightings for track in seen):
            return
        is_round = self._round_at is None or frame.at.seconds_since(self._round_at) >= EVERY_S
        if is_round:
            self._round_at = frame.at
        due = [
            (track, notes)
            for track in seen
            if (sighting_id := sightings.get(track.track_id))
            and (notes := self._due(sighting_id, frame.at, is_round=is_round))
        ]
        is_any_new = any(self._is_new(one) for one in sightings.values())
        self._due_ns = frame.at.mono_ns + round((SOON_S if is_any_new else EVERY_S) * 1e9)
        if due:
            drivers = [track for track in seen if mount(track) is not None]
            for track, notes in due:
                self._sample(notes, frame, track, seen, drivers, aspect=aspect)

    def _due(self, sighting_id: UUID, now: Instant, *, is_round: bool) -> _Notes | None:
        """The notes of a sighting, if it is time for a sample."""
        notes = self._notes.get(sighting_id)
        if notes is None:
            notes = self._notes[sighting_id] = _Notes(now)
        elif now.seconds_since(notes.sampled_at) < SOON_S or not (is_round or notes.is_new):
            return None
        notes.sampled_at = now
        notes.samples += 1
        return notes

    def _is_new(self, sighting_id: UUID) -> bool:
        """True if it is sampled more often than others."""
        notes = self._notes.get(sighting_id)
        return notes is None or notes.is_new

    def describe(self, sighting_id: UUID) -> Description | None:
        """The description of a sighting that ended, which is then forgotten; None if it was never
        seen here."""
        notes = self._notes.pop(sighting_id, None)
        return None if notes is None else _description(notes)

    def _sample(
        self,
        notes: _Notes,
        frame: Frame,
        track: Track,
        seen: Sequence[Track],
        drivers: Sequence[Track],
        *,
        aspect: float,
    ) -> None:
        driver = driver_of(track, drivers)
        notes.transports[_transport(driver)] += 1
        notes.speeds[speed_of(track, aspect=aspect)] += 1
        hidden = 0.0
        if driver is None:
            notes.people[people_with(track, seen, aspect=aspect)] += 1
            hidden = hidden_share(track.box, [one.box for one in seen])
        else:
            notes.people[people_on(driver, seen)] += 1
        if hidden > MOST_HIDDEN:
            return
        whole = is_whole(track.box)
        height_m = self._calibration.height_m(track.box) if self._calibration else None
        if height_m is not None and driver is None and whole:
            notes.heights_m.append(height_m)
        quality = track.score * track.box.height * (1.0 - hidden) * (1.0 if whole else CUT)
        self._keep_view(notes, frame, track, quality)

    def _keep_view(self, notes: _Notes, frame: Frame, track: Track, quality: float) -> None:
        """If it is one of the best, and the light is good."""
        is_full = len(notes.views) >= MOST_VIEWS
        worst = min(notes.views, key=lambda view: view.quality) if is_full else None
        if worst and quality < BETTER_BY * worst.quality:
            return
        if not self._is_light_in(frame):
            return
        if worst:
            notes.views.remove(worst)
        notes.views.append(_view(frame, track, quality))

    def _is_light_in(self, frame: Frame) -> bool:
        """Whether colours can be named; dusk takes minutes."""
        if self._light_at is None or frame.at.seconds_since(self._light_at) >= LIGHT_EVERY_S:
            self._light_at, self._is_light = frame.at, shows_colours(frame)
        return self._is_light


def _view(frame: Frame, track: Track, quality: float) -> _View:
    wheels = track.box if track.is_mount else mount(track)
    vehicle = None
    if wheels is not None:
        (vehicle,) = shares(frame, wheels, [VEHICLE_ROWS], VEHICLE_COLUMNS)
    if track.is_mount:
        return _View(quality, None, None, vehicle)
    body = track.found.box if track.found else track.box
    upper, lower = shares(frame, body, [UPPER_ROWS, LOWER_ROWS], BODY_COLUMNS)
    return _View(quality, upper, None if wheels else lower, vehicle)


def _transport(driver: Track | None) -> Transport:
    if driver is None:
        return Transport.FOOT
    kind = driver.found.wheels if driver.found and driver.found.wheels else driver.kind
    return _TRANSPORT.get(kind, Transport.FOOT)


def _description(notes: _Notes) -> Description:
    views, transport = notes.views, _usual_transport(notes)
    upper = named([(one.quality, one.upper) for one in views if one.upper is not None])
    lower = named([(one.quality, one.lower) for one in views if one.lower is not None])
    people, speed = _usual_number(notes.people), notes.speeds.most_common(1)[0][0]
    if transport is Transport.FOOT:
        height_m = _height_m(notes)
        return Description(upper, lower, transport, people=people, height_m=height_m, speed=speed)
    vehicles = [(one.quality, one.vehicle) for one in views if one.vehicle is not None]
    return Description(
        upper,
        transport=transport,
        transport_colour=named(vehicles, LEAST_OF_VEHICLE),
        people=people if people > 1 else None,  # the network often finds one of two riders
        speed=None if speed is Speed.WALKING else speed,  # too slow to be sure, and no walker
    )


def _usual_transport(notes: _Notes) -> Transport:
    """Vehicle of the sighting, see `Track.rides`: a vehicle is not found in every frame."""
    wheels = {kind: n for kind, n in notes.transports.items() if kind is not Transport.FOOT}
    if 3 * sum(wheels.values()) < notes.transports.total():
        return Transport.FOOT
    return max(wheels, key=lambda kind: wheels[kind])


def _usual_number(people: Counter[int]) -> int:
    """The largest number reached in half of the samples or more."""
    return next(
        most
        for most in sorted(people, reverse=True)
        if 2 * sum(n for number, n in people.items() if number >= most) >= people.total()
    )


def _height_m(notes: _Notes) -> float | None:
    """Median; None for a glance."""
    if len(notes.heights_m) < LEAST_HEIGHTS:
        return None
    return round(sorted(notes.heights_m)[len(notes.heights_m) // 2], 2)
