"""Search of sightings by place, time and content, newest first, over years of data.

The scope predicate (`hub.access.scope`) selects the cameras. The search then goes back in time in
stretches, each twice as long as the one before, until it has enough: a month's result does not need
a year's reading. A few cameras are read by camera and time, many by time alone, and rare things
(crowds, alerts, colours) by indexes of their own. After `BUDGET_S` the search stops, and the result
says how far back it looked.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)

from hub.alerting.alerts.tables import rare_colour, sightings
from hub.base.db import months
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.tables import media, media_sightings
from hub.registry.passing import SIDES, Side
from hub.registry.shapes import Point
from hub.registry.tables import cameras
from hub.search.description_queries import described, is_group, rare_leads, sides_by_camera
from hub.search.place_queries import SearchedPlaces
from hub.search.rules.description import ANYTHING, Described, Look
from hub.search.scope import NearestCamera, SearchPlace, meant_cameras

SHOWN: Final = 50
COUNTED: Final = 1000
"""Limit of the count; above it the result only says that there are more."""
CROWD_FROM: Final = 5
"""As in the partial index of crowds (`ix_sightings_crowds`)."""
FEW_CAMERAS: Final = 1000
WINDOWS_A_SEEK: Final = 10
"""This number of windows costs as much as reading one long span by camera."""
COLOURED: Final = 0.03
"""Rough share of the sightings with one rare colour: fewer cameras are read by camera."""
LEAD_US: Final = 1_800_000_000
"""Who came so long before the time that is searched, and was still there in it, is found."""
FIRST_STRETCH_US: Final = 86_400_000_000
BUDGET_S: Final = 0.6


class Span(NamedTuple):
    """A time to read: its sightings began from `begin` to `end`, both included, and were still seen
    at `since`; UTC microseconds."""

    begin: int
    end: int
    since: int


Way = Side
"""Direction of movement: a side of the picture, towards the camera, or away from it."""
WAYS: Final[tuple[Way, ...]] = SIDES
LEAST_WAY: Final = 0.05
"""A shorter path, as a share of the picture, has no direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingSearch(SearchPlace):
    """A search; both ends of the span are included. Who came up to `LEAD_US` before it and was
    still there is found too."""

    from_utc_us: int
    until_utc_us: int
    people_from: int = 1
    height_from: float = 0.0
    """Height of the box, as a share of the picture's."""
    way: Way | None = None
    rode: bool | None = None
    """True: on two wheels; False: on foot."""
    only_alerts: bool = False
    only_with_clip: bool = False
    described: Described = ANYTHING
    compass: str | None = None
    """One of `hub.registry.passing.POINTS`: left the picture in that direction."""
    towards: tuple[Point, ...] = ()
    """Left the picture in the direction of any of these."""
    towards_places: tuple[UUID, ...] = ()
    """The direction towards these places and cameras; the search finds their positions."""
    windows: tuple[tuple[int, int], ...] = ()
    """Parts of the span to search, latest first, UTC microseconds, both ends included; none: all
    of it."""
    before: tuple[int, UUID] | None = None
    """First frame and id of the last result shown: only older ones follow."""


@dataclass(frozen=True, slots=True)
class SightingHit:
    """One sighting that a search found."""

    sighting_id: UUID
    camera_id: UUID
    alert_id: UUID | None
    object_kind: str
    people: int
    first_seen_utc_us: int
    last_seen_utc_us: int
    error_ms: int | None
    """Error of the first time; None: the node's clock is not verified."""
    height: float
    """Height of the box, as a share of the picture's."""
    way: Way | None
    rode: bool | None
    box: tuple[float, float, float, float]
    """Box of the person in the picture: x0, y0, x1, y1, as shares of it."""
    look: Look


@dataclass(frozen=True, slots=True)
class FoundSightings:
    """A result. `count` is at most `COUNTED`; `is_more`: there are more.

    `looked_from_utc_us`: start of the searched time; later than requested if time ran out.
    """

    hits: list[SightingHit]
    count: int
    is_more: bool
    looked_from_utc_us: int
    cameras: int = 0
    """Number of cameras searched."""
    nearest: NearestCamera | None = None
    """Set if the requested shape contains no camera of theirs."""
    unaimed: int = 0
    """Cameras left out because their bearing or position is not noted."""
    unplaced: int = 0
    """Cameras left out of a shape because their position is not noted."""


def find_sightings(
    conn: Connection,
    person_id: UUID,
    wanted: SightingSearch,
    *,
    now: Moment,
    budget_s: float | None = None,
) -> FoundSightings:
    """Search within this person's scope; `budget_s` replaces `BUDGET_S`."""
    meant = meant_cameras(conn, person_id, wanted, now)
    theirs, sides, unaimed = meant.reach, None, 0
    unplaced = meant.unplaced
    towards = wanted.towards or None
    if wanted.spots or wanted.towards_places:
        places = SearchedPlaces(conn, person_id, now)
        if wanted.spots:
            at = places.cameras_at(wanted.spots)
            theirs = {one: reach for one, reach in theirs.items() if one in at}
            unplaced &= at
        if wanted.towards_places:
            towards = (*wanted.towards, *places.points(wanted.towards_places))
    if wanted.compass is not None or towards is not None:
        sides = sides_by_camera(conn, theirs, compass=wanted.compass, towards=towards)
        unaimed = len(theirs) - len(sides)
        theirs = {one: reach for one, reach in theirs.items() if one in sides}
    if not theirs or wanted.until_utc_us < wanted.from_utc_us:
        return FoundSightings(
            hits=[],
            count=0,
            is_more=False,
            looked_from_utc_us=wanted.from_utc_us,
            cameras=len(theirs),
            nearest=meant.nearest,
            unaimed=unaimed,
            unplaced=len(unplaced),
        )
    total = conn.scalar(select(func.count()).select_from(cameras)) or 0
    reading = _Reading(conn, wanted, theirs, sides, total=total)
    found, looked_from = _walk(reading, wanted, BUDGET_S if budget_s is None else budget_s)
    return FoundSightings(
        hits=_hits(conn, found[:SHOWN], reading),
        count=min(len(found), COUNTED),
        is_more=len(found) > COUNTED,
        looked_from_utc_us=looked_from,
        cameras=len(theirs),
        unaimed=unaimed,
        unplaced=len(unplaced),
    )


def _walk(reading: "_Reading", wanted: SightingSearch, budget_s: float) -> tuple[list[AnyRow], int]:
    """Search backwards in stretches; returns the rows, and how far back it went."""
    began_s = time.monotonic()
    share, found = 1.0, list[AnyRow]()
    left = [*_windows(wanted)]
    while left:
        spans, left = _stretch(left, share)
        before_s = time.monotonic()
        found += reading.within(spans, limit=COUNTED + 1 - len(found))
        took_s = time.monotonic() - before_s
        left_s = budget_s - (time.monotonic() - began_s)
        if len(found) > COUNTED or left_s <= 0:
            return found, max(spans[-1].begin, wanted.from_utc_us)
        # Twice as far, unless this would exceed the remaining time.
        share *= min(2.0, left_s / max(took_s, 1e-6))
    return found, wanted.from_utc_us


def _stretch(left: Sequence[Span], share: float) -> tuple[list[Span], list[Span]]:
    """The next part of the time to read, latest first, and the rest: so many times the first
    stretch, or so many windows if they are shorter."""
    most_us = max(1, round(FIRST_STRETCH_US * share))
    newest = left[0]
    if newest.end - newest.since > most_us or len(left) == 1:
        cut = newest.end - most_us
        if cut <= newest.since:  # the lead is read with what it leads to
            return [newest], [*left[1:]]
        return [newest._replace(begin=cut)], [newest._replace(end=cut - 1), *left[1:]]
    count = max(1, int(share))
    whole = [*takewhile(lambda one: one.end - one.since <= most_us, left[:count])]
    return whole, [*left[len(whole) :]]


def _windows(wanted: SightingSearch) -> Iterator[Span]:
    """The parts to search that are not behind the last page, latest first, each with its lead."""
    least, most = wanted.from_utc_us, wanted.until_utc_us
    asked = wanted.windows or ((least, most),)
    parts = [(max(begin, least), min(end, most)) for begin, end in asked]
    parts = [(begin, end) for begin, end in parts if begin <= end]
    latest = most if wanted.before is None else min(most, wanted.before[0])
    for n, (begin, end) in enumerate(parts):
        lead = begin - LEAD_US
        if n + 1 < len(parts):  # who came in the part before is found there
            lead = max(lead, parts[n + 1][1] + 1)
        if lead <= latest:
            yield Span(lead, min(end, latest), begin)


class _Reading:
    """Reads the rows of a stretch of time in the way that suits the search."""

    def __init__(
        self,
        conn: Connection,
        wanted: SightingSearch,
        theirs: Mapping[UUID, int],
        sides: Mapping[UUID, frozenset[Side]] | None,
        *,
        total: int,
    ) -> None:
        self._conn = conn
        is_rare = wanted.only_alerts or wanted.people_from >= CROWD_FROM
        is_rare |= is_group(wanted.described)
        is_wide = not is_rare and len(theirs) > COLOURED * total
        self._leads = rare_leads(wanted.described) if is_wide else []
        # Each camera is sought once for each part of the span.
        seeks = len(theirs) * max(1, len(wanted.windows) // WINDOWS_A_SEEK)
        self._is_by_time = is_rare or bool(self._leads) or seeks > FEW_CAMERAS
        self._spans = months.spans(conn, sightings.name)
        self._filters = [*_filters(wanted), self._scope(theirs, is_all=total == len(theirs))]
        if sides is not None:
            self._filters.append(self._leaving(sides))

    def within(self, spans: Sequence[Span], *, limit: int) -> Sequence[AnyRow]:
        """The newest `limit` rows of these spans, which are given latest first."""
        if len(spans) > 1 and self._conn.dialect.name != "postgresql":
            found = list[AnyRow]()
            for span in spans:
                found += self.within([span], limit=limit - len(found))
            return found
        if not self._leads:
            return self._conn.execute(self._query(spans, limit)).all()
        led = set[AnyRow]()  # each colour in the order of its index
        for column, colour in self._leads:
            is_led = and_(column == colour, text(rare_colour(column.name)))
            led.update(self._conn.execute(self._query(spans, limit, is_led)).all())
        return sorted(led, key=lambda row: (row.first_seen_utc_us, row.id), reverse=True)[:limit]

    def _query(self, spans: Sequence[Span], limit: int, *more: ColumnElement[bool]) -> AnySelect:
        first, last = sightings.c.first_seen_utc_us, sightings.c.last_seen_utc_us
        parts = self.parts(spans[-1].begin, spans[0].end)
        query = (
            select(sightings.c.id, first)
            .where(*parts, *self._filters, *more)
            .order_by(first.desc(), sightings.c.id.desc())
            .limit(limit)
        )
        if len(spans) == 1:
            [span] = spans
            query = query.where(first.between(span.begin, span.end))
            return query if span.begin >= span.since else query.where(last >= span.since)
        # Each span by itself, in one statement: to plan each takes longer than to read it.
        ends = (
            bindparam(None, [*some], type_=ARRAY(BigInteger)) for some in zip(*spans, strict=True)
        )
        each = func.unnest(*ends).table_valued(*Span._fields, name="span").render_derived()
        met = and_(first.between(each.c.begin, each.c.end), last >= each.c.since)
        found = query.where(met).lateral("found")
        return (
            select(found.c.id, found.c.first_seen_utc_us)
            .join_from(each, found, true())
            .order_by(found.c.first_seen_utc_us.desc(), found.c.id.desc())
            .limit(limit)
        )

    def parts(self, from_utc_us: int, until_utc_us: int) -> list[ColumnElement[bool]]:
        """The condition that leaves the parts of the table that have rows of that time; none if
        it is one table."""
        if not self._spans:
            return []
        met = [
            month
            for month, (least, most) in sorted(self._spans.items())
            if least <= until_utc_us and from_utc_us <= most
        ]
        return [months.among(met) if met else false()]

    def _scope(self, theirs: Mapping[UUID, int], *, is_all: bool) -> ColumnElement[bool]:
        """Each camera as far back as the person may look there; a sighting with an unverified time
        is outside any limit."""
        by_reach: dict[int, list[UUID]] = {}
        for camera_id, reach in theirs.items():
            by_reach.setdefault(reach, []).append(camera_id)
        first, error_ms = sightings.c.first_seen_utc_us, sightings.c.first_seen_error_ms
        if is_all and len(by_reach) == 1:
            [reach] = by_reach
            return and_(first >= reach, error_ms.is_not(None)) if reach else first.is_not(None)
        return or_(
            *(
                and_(self._among(ids), first >= reach, error_ms.is_not(None))
                if reach
                else self._among(ids)
                for reach, ids in by_reach.items()
            )
        )

    def _leaving(self, sides: Mapping[UUID, frozenset[Side]]) -> ColumnElement[bool]:
        """Left each camera's picture by one of these sides of it."""
        by_sides: dict[frozenset[Side], list[UUID]] = {}
        for camera_id, some in sides.items():
            by_sides.setdefault(some, []).append(camera_id)
        return or_(
            false(),
            *(
                and_(self._among(ids), or_(*(_went(side) for side in sorted(some))))
                for some, ids in by_sides.items()
                if some
            ),
        )

    def _among(self, ids: Sequence[UUID]) -> ColumnElement[bool]:
        """All ids in one parameter, whatever their number."""
        column: ColumnElement[UUID] = sightings.c.camera_id
        if self._is_by_time:
            column = func.coalesce(column, column)  # keeps the planner off camera indexes
        if self._conn.dialect.name == "postgresql":
            return column == any_(bindparam(None, list(ids), type_=ARRAY(Uuid)))
        packed = func.json_each(json.dumps([one.hex for one in ids])).table_valued("value")
        return column.in_(select(packed.c.value))


def _filters(wanted: SightingSearch) -> list[ColumnElement[bool]]:
    filters = described(wanted.described)
    if wanted.people_from > 1:
        filters.append(sightings.c.people >= wanted.people_from)
    if wanted.people_from >= CROWD_FROM:  # worded like the partial index, so that it is used
        filters.append(sightings.c.people >= literal_column(str(CROWD_FROM)))
    if wanted.height_from > 0:
        filters.append(sightings.c.y1 - sightings.c.y0 >= wanted.height_from)
    if wanted.way is not None:
        filters.append(_went(wanted.way))
    if wanted.rode is not None:
        filters.append(sightings.c.rode.is_(wanted.rode))
    if wanted.only_alerts:
        # Not "is not null": PostgreSQL would read the index of alert ids, all of it.
        filters.append(sightings.c.alert_id != UUID(int=0))
    if wanted.only_with_clip:
        filters.append(
            exists()
            .where(
                media_sightings.c.sighting_id == sightings.c.id,
                media.c.id == media_sightings.c.media_id,
                media.c.kind == "clip",
                media.c.removed_why.is_(None),
                media.c.camera_id == sightings.c.camera_id,
            )
            .correlate(sightings)
        )
    if wanted.before is not None:
        utc_us, sighting_id = wanted.before
        first = sightings.c.first_seen_utc_us
        filters.append(or_(first < utc_us, and_(first == utc_us, sightings.c.id < sighting_id)))
    return filters


def _went(way: Way) -> ColumnElement[bool]:
    """`way_of` as an SQL condition; rows without a direction do not match."""
    right = sightings.c.went_x - sightings.c.came_x
    nearer = sightings.c.went_y - sightings.c.came_y
    along, across = (right, nearer) if way in ("left", "right") else (nearer, right)
    along = along if way in ("right", "towards") else -along
    is_most = along >= func.abs(across) if way in ("left", "right") else along > func.abs(across)
    walked = and_(along >= LEAST_WAY, is_most, sightings.c.left_by.is_(None))
    return or_(sightings.c.left_by == way, walked)


def way_of(row: AnyRow) -> Way | None:
    """The side of the exit in the node's report; else the direction from the first to the last
    position."""
    if row.left_by is not None:
        return next((one for one in WAYS if one == row.left_by), None)
    if row.went_x is None:
        return None
    right, nearer = row.went_x - row.came_x, row.went_y - row.came_y
    if max(abs(right), abs(nearer)) < LEAST_WAY:
        return None
    if abs(right) >= abs(nearer):
        return "right" if right > 0 else "left"
    return "towards" if nearer > 0 else "away"


def _hits(conn: Connection, shown: Sequence[AnyRow], reading: _Reading) -> list[SightingHit]:
    if not shown:
        return []
    ids = [row.id for row in shown]
    parts = reading.parts(shown[-1].first_seen_utc_us, shown[0].first_seen_utc_us)
    rows = conn.execute(select(sightings).where(sightings.c.id.in_(ids), *parts))
    found = {
        row.id: from_row(
            SightingHit,
            row,
            sighting_id=row.id,
            error_ms=row.first_seen_error_ms,
            height=row.y1 - row.y0,
            way=way_of(row),
            box=(row.x0, row.y0, row.x1, row.y1),
            look=_look(row),
        )
        for row in rows
    }
    return [found[one] for one in ids if one in found]


def _look(row: AnyRow) -> Look:
    def colours(name: str) -> tuple[str, ...]:
        both = getattr(row, name), getattr(row, f"{name}_2")
        return tuple(one for one in both if one is not None)

    return Look(
        upper=colours("upper_colour"),
        lower=colours("lower_colour"),
        transport=row.transport,
        transport_colours=colours("transport_colour"),
        people=row.group_people,
        height_cm=row.height_cm,
        speed=row.speed,
    )
