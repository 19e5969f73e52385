"""State of each body in a camera's zones and at its lines, the input of the rules."""

from dataclasses import dataclass, field
from math import hypot
from uuid import UUID

from agent.media.frame import Instant
from agent.vision.geometry import Box, Point, crosses, side_of
from agent.vision.rules.places import Line, LineSide, Zone


@dataclass(slots=True)
class Stay:
    """The stay of a body in a zone: its first and last frame there, and since when it was seen
    outside."""

    since: Instant
    last: Instant
    out_since: Instant | None = None

    @property
    def lasted_s(self) -> float:
        """Length of the stay in seconds."""
        return self.last.seconds_since(self.since)


@dataclass(slots=True)
class Body:
    """State of one body, by names of zones and lines."""

    track_id: int
    sighting_id: UUID | None = None
    stays: dict[str, Stay] = field(default_factory=dict)
    sides: dict[str, tuple[LineSide, Point]] = field(default_factory=dict)
    """The side of each line on which the body was last seen clearly."""
    crossed: dict[str, LineSide] = field(default_factory=dict)
    """The side to which it first crossed a line."""

    def note_zone(self, zone: Zone, feet: Point, now: Instant, *, away_s: float) -> None:
        """Note where the body was seen: inside or outside the zone; while unseen it stays where it
        was."""
        stay = self.stays.get(zone.name)
        if zone.outline.contains(feet):
            if stay is None:
                self.stays[zone.name] = Stay(now, now)
            else:
                stay.last, stay.out_since = now, None
        elif stay is not None:
            stay.out_since = stay.out_since or now
            if now.seconds_since(stay.out_since) > away_s:
                del self.stays[zone.name]

    def note_line(self, line: Line, feet: Point, side: LineSide) -> None:
        """Note that the body was seen clearly on one side of the line."""
        before = self.sides.get(line.name)
        self.sides[line.name] = (side, feet)
        if before is None or before[0] is side or line.towards not in (None, side):
            return
        if crosses(line.start, line.end, before[1], feet):
            self.crossed.setdefault(line.name, side)

    def carried_on(self, later: "Body") -> "Body":
        """Merge with `later`, found to be the same body: the states of both count."""
        stays = dict(self.stays)
        for zone, stay in later.stays.items():
            known = self.stays.get(zone)
            stays[zone] = Stay(known.since if known else stay.since, stay.last)
        return Body(
            later.track_id,
            self.sighting_id,
            stays,
            sides=self.sides | later.sides,
            crossed=later.crossed | self.crossed,
        )


@dataclass(slots=True)
class Group:
    """Whether enough bodies are in one zone, since when, and whether it was reported."""

    since: Instant | None = None
    small_since: Instant | None = None
    is_told: bool = False

    def note(self, *, is_enough: bool, now: Instant, parted_s: float) -> None:
        """Note whether there are enough bodies in this frame; after `parted_s` with too few the
        group has ended."""
        if is_enough:
            self.since, self.small_since = self.since or now, None
            return
        self.since, self.small_since = None, self.small_since or now
        if now.seconds_since(self.small_since) > parted_s:
            self.is_told = False

    def is_news(self, now: Instant, *, settle_s: float) -> bool:
        """True if there have been enough bodies for `settle_s` seconds and this was not yet
        reported."""
        is_settled = self.since is not None and now.seconds_since(self.since) >= settle_s
        return is_settled and not self.is_told


def feet_of(box: Box) -> Point:
    """Position of the feet, moved just inside the picture, because its border belongs to no
    outline."""
    x, y = box.center[0], box.y1
    return min(0.999, max(0.001, x)), min(0.999, max(0.001, y))


def heights_off(line: Line, feet: Point, *, height: float, aspect: float) -> float:
    """Distance of the feet from the line (extended through both ends), in body heights: positive on
    its right, negative on its left. `aspect` is the picture's width over its height."""
    start, end, at = ((x * aspect, y) for x, y in (line.start, line.end, feet))
    length = hypot(end[0] - start[0], end[1] - start[1])
    return side_of(start, end, at) / max(length * height, 1e-9)
