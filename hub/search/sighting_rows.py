"""Details of found sightings for a page: place, picture, clips, alert.

Finding a sighting gives no right to its footage: pictures need SEE, clips CLIPS, on the camera and
for that time, as everywhere; the alert is included only if the person may see it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.alerting.alerts.scope import seen_alerts
from hub.alerting.alerts.tables import alerts, sightings
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.footage.queries import media_rows
from hub.footage.scope import seen_media
from hub.footage.tables import media, media_sightings
from hub.footage.views import MediaRow
from hub.registry.areas import places
from hub.registry.condition_queries import IS_HEARD, condition_values
from hub.registry.passing import heading
from hub.registry.tables import cameras, nodes
from hub.search.scope import label_of, searched
from hub.search.sighting_queries import SightingHit


@dataclass(frozen=True, slots=True)
class FoundSighting:
    """One result, limited to what this person may see."""

    hit: SightingHit
    label: str
    place: str
    is_node_here: bool
    may_play: bool
    """Whether this person may play clips of that camera and time, if there are any."""
    picture_id: UUID | None
    """A stored picture that they may see."""
    is_at_box: bool
    """The person is at the hit's box in it: it is the newest one. An older one shows them
    elsewhere."""
    clips: tuple[MediaRow, ...]
    """Clips they may play, earliest first; at the hub or at the node."""
    alert_id: UUID | None
    """Alert of the sighting, if the person may see it."""
    heading_deg: float | None = None
    """Compass direction of the exit from the picture; None: unknown."""


def shown(
    conn: Connection, person_id: UUID, hits: Sequence[SightingHit], now: Moment
) -> list[FoundSighting]:
    """The hits in their order, each limited to what this person may see."""
    if not hits:
        return []
    where = _cameras(conn, {hit.camera_id for hit in hits}, now)
    ids = [hit.sighting_id for hit in hits]
    pictures = _media(conn, person_id, ids, Right.SEE, now)
    clips = _media(conn, person_id, ids, Right.CLIPS, now)
    may_play = _reach(conn, person_id, Right.CLIPS, where, now)
    theirs = _alerts(conn, person_id, hits, now)
    return [
        FoundSighting(
            hit=hit,
            label=label_of(where[hit.camera_id][0]),
            place=where[hit.camera_id][1],
            is_node_here=bool(where[hit.camera_id][0].is_heard),
            may_play=_reaches(hit, may_play.get(hit.camera_id)),
            picture_id=_shown_picture(pictures[hit.sighting_id]),
            is_at_box=any(one.is_stored for one in pictures[hit.sighting_id][-1:]),
            clips=tuple(clips.get(hit.sighting_id, ())),
            alert_id=hit.alert_id if hit.alert_id in theirs else None,
            heading_deg=heading(hit.way, where[hit.camera_id][0].bearing_deg),
        )
        for hit in hits
    ]


def files(
    conn: Connection, person_id: UUID, sighting_ids: Sequence[UUID], now: Moment
) -> list[UUID]:
    """Files of these sightings that this person may open: the shown picture of each, and its clips,
    also those that are still at their node."""
    camera_of = dict(
        conn.execute(
            select(sightings.c.id, sightings.c.camera_id).where(sightings.c.id.in_(sighting_ids))
        ).all()
    )
    theirs = searched(conn, person_id, now)
    ids = [one for one in sighting_ids if camera_of.get(one) in theirs]
    pictures = _media(conn, person_id, ids, Right.SEE, now)
    clips = _media(conn, person_id, ids, Right.CLIPS, now)
    found = [_shown_picture(pictures[one]) for one in ids]
    whole = [clip.media_id for one in ids for clip in clips[one] if clip.removed is None]
    return list(dict.fromkeys([*(one for one in found if one is not None), *whole]))


class WhyLeftOut(StrEnum):
    """Why no file of a sighting can go into a case."""

    REMOVED = "removed"
    """Its pictures and clips were deleted."""
    AT_BOX = "at_box"
    """Its picture is still at the camera box, and it has no clip."""
    NOTHING = "nothing"
    """There is none, or the person may not open it."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sighting of which no file can go into a case."""

    first_seen_utc_us: int
    label: str
    """Camera."""
    place: str
    why: WhyLeftOut


def left_out(
    conn: Connection, person_id: UUID, sighting_ids: Sequence[UUID], now: Moment
) -> list[LeftOut]:
    """Those of these sightings that this person finds and of which `files` gives none, in order of
    time."""
    rows = conn.execute(
        select(sightings.c.id, sightings.c.camera_id, sightings.c.first_seen_utc_us)
        .where(sightings.c.id.in_(sighting_ids))
        .order_by(sightings.c.first_seen_utc_us)
    ).all()
    theirs = searched(conn, person_id, now)
    rows = [row for row in rows if row.camera_id in theirs]
    ids = [row.id for row in rows]
    pictures = _media(conn, person_id, ids, Right.SEE, now)
    clips = _media(conn, person_id, ids, Right.CLIPS, now)
    where = _cameras(conn, {row.camera_id for row in rows}, now)
    return [
        LeftOut(
            row.first_seen_utc_us, label_of(where[row.camera_id][0]), where[row.camera_id][1], why
        )
        for row in rows
        if (why := _why_left_out(pictures[row.id], clips[row.id])) is not None
    ]


def _why_left_out(pictures: Sequence[MediaRow], clips: Sequence[MediaRow]) -> WhyLeftOut | None:
    if _shown_picture(pictures) is not None or any(clip.removed is None for clip in clips):
        return None
    if any(one.removed is None for one in pictures):
        return WhyLeftOut.AT_BOX
    return WhyLeftOut.REMOVED if pictures or clips else WhyLeftOut.NOTHING


def _shown_picture(pictures: Sequence[MediaRow]) -> UUID | None:
    """The last one at the hub."""
    return next((one.media_id for one in reversed(pictures) if one.is_stored), None)


def _cameras(conn: Connection, ids: set[UUID], now: Moment) -> dict[UUID, tuple[AnyRow, str]]:
    rows = conn.execute(
        select(cameras.c.id, cameras.c.label, cameras.c.name, cameras.c.area_id)
        .add_columns(cameras.c.bearing_deg)
        .add_columns(nodes.c.name.label("node"), IS_HEARD.label("is_heard"))
        .join(nodes, nodes.c.id == cameras.c.node_id)
        .where(cameras.c.id.in_(ids)),
        condition_values(now),
    ).all()
    where = places(conn, {row.area_id for row in rows})
    return {row.id: (row, where[row.area_id]) for row in rows}


def _media(
    conn: Connection, person_id: UUID, ids: Sequence[UUID], right: Right, now: Moment
) -> dict[UUID, list[MediaRow]]:
    """The files of each sighting that this right opens, earliest first."""
    scope = visible_cameras(person_id, right, now).subquery("scope")
    kind = "picture" if right is Right.SEE else "clip"
    pairs = conn.execute(
        select(media_sightings.c.sighting_id, media.c.id)
        .join(media, media.c.id == media_sightings.c.media_id)
        .join(scope, seen_media(scope))
        .where(
            media_sightings.c.sighting_id.in_(ids),
            media.c.kind == kind,
        )
    ).all()
    owners: dict[UUID, list[UUID]] = {}
    for sighting_id, media_id in pairs:
        owners.setdefault(media_id, []).append(sighting_id)
    found: dict[UUID, list[MediaRow]] = {one: [] for one in ids}
    for row in media_rows(conn, media.c.id.in_(owners)) if owners else ():
        for sighting_id in owners[row.media_id]:
            found[sighting_id].append(row)
    return found


def _reach(
    conn: Connection, person_id: UUID, right: Right, ids: Collection[UUID], now: Moment
) -> dict[UUID, int]:
    scope = visible_cameras(person_id, right, now).subquery("scope")
    query = select(scope.c.camera_id, scope.c.from_utc_us).where(scope.c.camera_id.in_(ids))
    return {row.camera_id: row.from_utc_us for row in conn.execute(query)}


def _reaches(hit: SightingHit, from_utc_us: int | None) -> bool:
    return from_utc_us is not None and hit.first_seen_utc_us >= from_utc_us


def _alerts(
    conn: Connection, person_id: UUID, hits: Sequence[SightingHit], now: Moment
) -> set[UUID]:
    wanted = {hit.alert_id for hit in hits if hit.alert_id is not None}
    scope = visible_cameras(person_id, Right.SEE, now).subquery("scope")
    query = select(alerts.c.id).join(scope, seen_alerts(scope)).where(alerts.c.id.in_(wanted))
    return set(conn.scalars(query)) if wanted else set()
