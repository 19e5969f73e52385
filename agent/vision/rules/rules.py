"""Camera rules on tracks: entry, loitering, line crossing, after hours, group.

Each rule is reported once per sighting; a group once until it has parted. A track can meet a rule
before its sighting opens: then it is reported with the opening. A person is where their feet are,
the middle of the box's lower edge. Boxes shake, so a stay survives a moment outside, and a line is
crossed by being clearly on one side and then clearly on the other.

Spans are monotonic. Only hours need the wall clock. With an untrusted clock they never hold:
otherwise a node that believes it is three in the morning would report everybody all day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.rules.bodies import Body, Group, feet_of, heights_off
from agent.vision.rules.places import Line, LineSide, Zone
from agent.vision.track.track import Track


class RuleKind(StrEnum):
    """Kinds of rules; the wire has the same names."""

    ENTRY = "entry"
    LOITERING = "loitering"
    CROSSING = "crossing"
    AFTER_HOURS = "after_hours"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Limits that make the rules of zones and lines stable: times, and a distance."""

    settle_s: float = 0.4
    """Least time in a zone, or of a group, before it is reported."""
    away_s: float = 2.0
    """A person outside a zone for longer has left it."""
    present_s: float = 1.2
    """A person seen in a zone within this time belongs to its group."""
    parted_s: float = 10.0
    """A group that was too small for longer has parted; the next one is reported again."""
    clear: float = 0.1
    """Distance from a line (body heights) that counts as clearly on one side."""


@dataclass(frozen=True, slots=True)
class RuleMet:
    """This sighting met a rule of the zone or line `place` at `at`."""

    kind: RuleKind
    place: str
    sighting_id: UUID
    track_id: int
    at: Instant
    seconds: float | None = None
    """For loitering: seconds of the stay."""
    people: int | None = None
    """For a group: number of people."""
    towards: LineSide | None = None
    """For a crossing: the side that was reached."""


class Rules:
    """Rules of one camera; call `advance` with the tracks of every frame."""

    def __init__(self, zones: Sequence[Zone], lines: Sequence[Line] = ()) -> None:
        self._zones = zones
        self._lines = lines
        self._settings = RuleSettings()
        self._bodies: dict[int, Body] = {}
        self._tracks_of: dict[UUID, set[int]] = {}
        self._told: dict[UUID, set[tuple[RuleKind, str]]] = {}
        self._groups = {zone.name: Group() for zone in zones if zone.group is not None}

    @property
    def have_hours(self) -> bool:
        """True if a rule has hours and so needs a trusted clock."""
        return any(zone.closed is not None for zone in self._zones)

    def advance(
        self,
        now: Instant,
        tracks: Sequence[Track],
        *,
        sightings: Mapping[int, UUID],
        aspect: float,
        local: datetime | None,
    ) -> tuple[RuleMet, ...]:
        """Rules met in the frame at `now`.

        `sightings` are the open ones by track (a crowd's has many), `aspect` the picture's width
        over its height, `local` the local time, None if the clock is not trusted.
        """
        if not (self._zones or self._lines):
            return ()
        self._follow(sightings)
        self._forget(tracks, sightings)
        met: list[RuleMet] = []
        for track in tracks:
            if not track.is_seen:
                continue
            body = self._bodies.setdefault(track.track_id, Body(track.track_id))
            body.sighting_id = sightings.get(track.track_id)
            self._note(body, track, now, aspect)
            if body.sighting_id is not None:
                told = _Witness(body.sighting_id, track.track_id, now)
                met += [*self._crossings(body, told), *self._stays(body, told, local)]
        return (*met, *self._gatherings(now))

    def _follow(self, sightings: Mapping[int, UUID]) -> None:
        """A track that continues another's sighting also continues its state."""
        tracks_of: dict[UUID, set[int]] = {}
        for track_id, sighting_id in sightings.items():
            tracks_of.setdefault(sighting_id, set()).add(track_id)
        for sighting_id, now in tracks_of.items():
            before = self._tracks_of.get(sighting_id, now)
            if len(before) == len(now) == 1 and before != now:
                (old,), (new,) = before, now
                self._bodies[new] = self._bodies.pop(old, Body(old)).carried_on(
                    self._bodies.get(new, Body(new))
                )
        self._tracks_of = tracks_of

    def _forget(self, tracks: Sequence[Track], sightings: Mapping[int, UUID]) -> None:
        living = {track.track_id for track in tracks} | sightings.keys()
        self._bodies = {i: body for i, body in self._bodies.items() if i in living}
        self._told = {i: told for i, told in self._told.items() if i in self._tracks_of}

    def _is_new(self, told: "_Witness", kind: RuleKind, place: str) -> bool:
        """True if this was not reported for this sighting yet; from now on it is."""
        known = self._told.setdefault(told.sighting_id, set())
        is_new = (kind, place) not in known
        known.add((kind, place))
        return is_new

    def _note(self, body: Body, track: Track, now: Instant, aspect: float) -> None:
        feet = feet_of(track.box)
        for zone in self._zones:
            body.note_zone(zone, feet, now, away_s=self._settings.away_s)
        for line in self._lines:
            off = heights_off(line, feet, height=track.box.height, aspect=aspect)
            if abs(off) >= self._settings.clear:
                body.note_line(line, feet, LineSide.RIGHT if off > 0 else LineSide.LEFT)

    def _crossings(self, body: Body, told: "_Witness") -> Iterator[RuleMet]:
        for line, towards in body.crossed.items():
            if self._is_new(told, RuleKind.CROSSING, line):
                yield told.of(RuleKind.CROSSING, line, towards=towards)

    def _stays(self, body: Body, told: "_Witness", local: datetime | None) -> Iterator[RuleMet]:
        for zone in self._zones:
            stay = body.stays.get(zone.name)
            if stay is None or stay.last != told.at or stay.lasted_s < self._settings.settle_s:
                continue
            if zone.tells_entry and self._is_new(told, RuleKind.ENTRY, zone.name):
                yield told.of(RuleKind.ENTRY, zone.name)
            is_long = zone.loiter_s is not None and stay.lasted_s >= zone.loiter_s
            if is_long and self._is_new(told, RuleKind.LOITERING, zone.name):
                yield told.of(RuleKind.LOITERING, zone.name, seconds=stay.lasted_s)
            is_closed = zone.closed is not None and local is not None and zone.closed.hold(local)
            if is_closed and self._is_new(told, RuleKind.AFTER_HOURS, zone.name):
                yield told.of(RuleKind.AFTER_HOURS, zone.name)

    def _gatherings(self, now: Instant) -> Iterator[RuleMet]:
        for zone in self._zones:
            if zone.group is None:
                continue
            present = self._present(zone.name, now)
            group = self._groups[zone.name]
            is_enough = len(present) >= zone.group
            group.note(is_enough=is_enough, now=now, parted_s=self._settings.parted_s)
            seen = [body for body in present if body.stays[zone.name].last == now]
            if seen and group.is_news(now, settle_s=self._settings.settle_s):
                newest = max(seen, key=lambda body: body.stays[zone.name].since)
                if newest.sighting_id is not None:
                    group.is_told = True
                    told = _Witness(newest.sighting_id, newest.track_id, now)
                    yield told.of(RuleKind.GROUP, zone.name, people=len(present))

    def _present(self, zone: str, now: Instant) -> list[Body]:
        """Bodies with an open sighting in the zone."""
        stays = ((body, body.stays.get(zone)) for body in self._bodies.values())
        return [
            body
            for body, stay in stays
            if stay is not None
            and body.sighting_id in self._tracks_of
            and stay.out_since is None
            and now.seconds_since(stay.last) <= self._settings.present_s
        ]


@dataclass(frozen=True, slots=True)
class _Witness:
    """The body and its last time."""

    sighting_id: UUID
    track_id: int
    at: Instant

    def of(
        self,
        kind: RuleKind,
        place: str,
        *,
        seconds: float | None = None,
        people: int | None = None,
        towards: LineSide | None = None,
    ) -> RuleMet:
        return RuleMet(
            kind, place, self.sighting_id, self.track_id, self.at, seconds, people, towards
        )
