"""Side-by-side view: clips of several cameras at one instant, people who left the first camera's
picture then, and cameras they may have passed next. Each is limited to a person's scope.

Times are hub times: filing corrects a node's wrong clock (`hub.intake.filing.boot_clocks`), and
each time carries its remaining uncertainty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from hub.access.scope import visible_cameras
from hub.alerting.alerts.tables import sightings
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.footage.views import MediaRow
from hub.registry.areas import places
from hub.registry.condition_queries import IS_HEARD, condition_values
from hub.registry.neighbours import CameraSpot
from hub.registry.passing import Departure, Passing, heading, in_order_of_passing
from hub.registry.tables import cameras, nodes
from hub.search.footage_queries import RIGHTS, found_clips
from hub.search.scope import label_of
from hub.search.sighting_queries import way_of

MOST_CAMERAS: Final = 6
NEAR_US: Final = 600_000_000
"""If no clip shows the instant, the nearest one within this time before or after it is shown."""
LOOKED_AT: Final = 400
LEFT_US: Final = 60_000_000
"""A person who left the picture within this time before or after the instant can be followed."""
LONGEST_US: Final = 3_600_000_000
"""Sightings longer than this are not searched."""
MOST_LEAVING: Final = 8


@dataclass(frozen=True, slots=True)
class PlacedCamera:
    """A camera whose footage this person may search."""

    camera_id: UUID
    label: str
    place: str
    is_node_here: bool
    spot: CameraSpot


@dataclass(frozen=True, slots=True)
class CameraMoment:
    """One camera at the instant."""

    camera: PlacedCamera
    clip: MediaRow | None
    """The clip that shows the instant, or the nearest one; a clip at the hub before one at its
    node."""
    begins_us: int
    """The instant, counted from the clip's first frame; negative: before the clip."""

    @property
    def beside_us(self) -> int:
        """Time from the instant to the nearest frame of the clip; 0 if the clip shows the
        instant."""
        if self.clip is None or 0 <= self.begins_us <= self.clip.duration_ms * 1000:
            return 0
        return self.begins_us if self.begins_us < 0 else self.begins_us - self.length_us

    @property
    def length_us(self) -> int:
        """Length of the clip."""
        return 0 if self.clip is None else self.clip.duration_ms * 1000


@dataclass(frozen=True, slots=True)
class LeavingPerson:
    """A person who left the first camera's picture at about that instant."""

    sighting_id: UUID
    leaving: Departure


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The requested cameras at one instant, in the order of the request, and others near the
    first."""

    moments: list[CameraMoment]
    leavers: list[LeavingPerson]
    """In the order of leaving."""
    followed: LeavingPerson | None
    """The person of `leavers` that the order of `near` is for."""
    near: list[tuple[PlacedCamera, Passing]]


def side_by_side(
    conn: Connection,
    person_id: UUID,
    camera_ids: Sequence[UUID],
    *,
    at_utc_us: int,
    now: Moment,
    follow: UUID | None = None,
) -> SideBySide | None:
    """The side-by-side view. `follow`: the sighting to follow; default: the one that left nearest
    to the instant. None if this person may not search the first camera."""
    theirs = _searched(conn, person_id, now)
    chosen = [theirs[one] for one in dict.fromkeys(camera_ids) if one in theirs][:MOST_CAMERAS]
    if not chosen or chosen[0].camera_id != camera_ids[0]:
        return None
    spots = [one.spot for one in theirs.values()]
    leavers = _leavers(conn, person_id, chosen[0].spot, at_utc_us=at_utc_us, now=now)
    followed = _followed(leavers, at_utc_us, follow)
    leaving = None if followed is None else followed.leaving
    passing = in_order_of_passing(chosen[0].spot, spots, leaving)
    near = [(theirs[one.near.camera_id], one) for one in passing]
    moments = [_moment(conn, person_id, one, at_utc_us=at_utc_us, now=now) for one in chosen]
    return SideBySide(moments, leavers, followed, near)


def _followed(
    leavers: Sequence[LeavingPerson], at_utc_us: int, follow: UUID | None
) -> LeavingPerson | None:
    """The chosen sighting; else, of those with the most known facts, the one nearest to the
    instant."""
    chosen = next((one for one in leavers if one.sighting_id == follow), None)

    def beside(one: LeavingPerson) -> tuple[bool, int]:
        return one.leaving.side is None, abs(one.leaving.utc_us - at_utc_us)

    return chosen or min(leavers, key=beside, default=None)


def _leavers(
    conn: Connection, person_id: UUID, spot: CameraSpot, *, at_utc_us: int, now: Moment
) -> list[LeavingPerson]:
    """Ended sightings last seen at about the instant, within the person's search window."""
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    first, last = sightings.c.first_seen_utc_us, sightings.c.last_seen_utc_us
    is_theirs = or_(
        scope.c.from_utc_us == 0,
        and_(first >= scope.c.from_utc_us, sightings.c.first_seen_error_ms.is_not(None)),
    )
    rows = conn.execute(
        select(sightings)
        .join(scope, scope.c.camera_id == sightings.c.camera_id)
        .where(
            sightings.c.camera_id == spot.camera_id,
            first.between(at_utc_us - LONGEST_US, at_utc_us + LEFT_US),
            last.between(at_utc_us - LEFT_US, at_utc_us + LEFT_US),
            sightings.c.closed_utc_us.is_not(None),
            is_theirs,
        )
        .order_by(last, sightings.c.id)
        .limit(LOOKED_AT)
    ).all()
    near = sorted(rows, key=lambda row: abs(row.last_seen_utc_us - at_utc_us))[:MOST_LEAVING]
    return [_leaver(row, spot) for row in rows if row in near]


def _leaver(row: AnyRow, spot: CameraSpot) -> LeavingPerson:
    side = way_of(row)
    leaving = Departure(
        utc_us=row.last_seen_utc_us,
        error_ms=row.last_seen_error_ms,
        side=side,
        heading_deg=heading(side, spot.bearing_deg),
        rode=row.rode,
    )
    return LeavingPerson(row.id, leaving)


def _searched(conn: Connection, person_id: UUID, now: Moment) -> dict[UUID, PlacedCamera]:
    scope = visible_cameras(person_id, RIGHTS, now).subquery("scope")
    rows = conn.execute(
        select(cameras.c.id, cameras.c.label, cameras.c.name, cameras.c.area_id)
        .add_columns(cameras.c.latitude_deg, cameras.c.longitude_deg, cameras.c.bearing_deg)
        .add_columns(nodes.c.name.label("node"), IS_HEARD.label("is_heard"))
        .join(scope, scope.c.camera_id == cameras.c.id)
        .join(nodes, nodes.c.id == cameras.c.node_id),
        condition_values(now),
    ).all()
    where = places(conn, {row.area_id for row in rows})
    return {row.id: _placed(row, where[row.area_id]) for row in rows}


def _placed(row: AnyRow, place: str) -> PlacedCamera:
    return PlacedCamera(
        camera_id=row.id,
        label=label_of(row),
        place=place,
        is_node_here=bool(row.is_heard),
        spot=from_row(CameraSpot, row, camera_id=row.id),
    )


def _moment(
    conn: Connection, person_id: UUID, camera: PlacedCamera, *, at_utc_us: int, now: Moment
) -> CameraMoment:
    rows = found_clips(
        conn,
        person_id,
        camera.camera_id,
        from_utc_us=at_utc_us - NEAR_US,
        until_utc_us=at_utc_us + NEAR_US,
        now=now,
        limit=LOOKED_AT,
    )
    clips = [
        CameraMoment(camera, row, at_utc_us - row.first_frame_utc_us)
        for row in rows
        if row.kind == "clip" and row.removed is None
    ]

    def best(one: CameraMoment) -> tuple[int, bool, int]:
        is_here = one.clip is not None and one.clip.is_stored
        return abs(one.beside_us), not is_here, one.begins_us

    return min(clips, key=best, default=CameraMoment(camera, None, 0))
