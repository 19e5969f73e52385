"""Queries of tips, and of sightings near their place and time; each limited to a scope.

Only `hub.public.tips.service` calls these; it adds the audit.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, select

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.alerting.alerts import camera_queries
from hub.alerting.alerts.tables import sightings
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.cases import rows as cases_rows
from hub.cases.tables import cases
from hub.footage.scope import seen_media
from hub.footage.tables import media
from hub.public.tips.public_service import answers_of
from hub.public.tips.rules import ABOUT_US
from hub.public.tips.tables import tip_pictures, tip_reporters, tips
from hub.public.tips.views import NearClip, NearSighting, PictureRow, TipPage, TipRow
from hub.registry.areas import places
from hub.registry.neighbours import CameraSpot
from hub.registry.tables import cameras

MOST: Final = 40


def tip_rows(
    conn: Connection, person_id: UUID, *conditions: ColumnElement[bool], now: Moment
) -> list[TipRow]:
    """Tips that meet the conditions, oldest first; without the sender, and without the number of a
    case that this person does not work on."""
    theirs = and_(cases.c.id == tips.c.case_id, cases_rows.is_in(person_id, now))
    query = (
        select(tips, cases.c.number, tip_reporters.c.tip_id.label("reporter"))
        .select_from(tips)
        .outerjoin(cases, theirs)
        .outerjoin(tip_reporters, tip_reporters.c.tip_id == tips.c.id)
        .where(*conditions)
        .order_by(tips.c.received_utc_us, tips.c.id)
    )
    return [
        from_row(
            TipRow,
            row,
            tip_id=row.id,
            is_anonymous=row.reporter is None,
            case_number=row.number,
            is_of_others=row.case_id is not None and row.number is None,
            pictures=_pictures(conn, row.id),
            answers=answers_of(conn, row.id),
            is_removed=row.removed_utc_us is not None,
        )
        for row in conn.execute(query).all()
    ]


def page_of(
    conn: Connection,
    tip: TipRow,
    person_id: UUID,
    *,
    spot: CameraSpot,
    may_know: bool,
    now: Moment,
) -> TipPage:
    """A tip with the facts about it that this person may see. `spot`: position of its camera."""
    point = spot
    if tip.latitude_deg is not None:
        point = CameraSpot(tip.tip_id, spot.area_id, tip.latitude_deg, tip.longitude_deg)
    near = tuple(camera_queries.around(conn, person_id, point, now))
    here = {one.camera_id for one, _ in near} | {spot.camera_id}
    return TipPage(
        tip=tip,
        may_know=may_know,
        cameras=near,
        sightings=_sightings(conn, person_id, here, tip.happened_utc_us, now),
        clips=_clips(conn, person_id, here, tip.happened_utc_us, now),
    )


def spot_of(conn: Connection, camera_id: UUID) -> CameraSpot:
    """Area and position of a camera."""
    here = cameras.c
    query = select(here.id, here.area_id, here.latitude_deg, here.longitude_deg)
    return CameraSpot(*conn.execute(query.where(here.id == camera_id)).one())


def knows_reporters(conn: Connection, person_id: UUID, camera_id: UUID, now: Moment) -> bool:
    """Whether this person may ask for the senders of tips at this camera's place."""
    scope = visible_cameras(person_id, Right.REPORTERS, now).subquery("scope")
    query = select(scope.c.camera_id).where(scope.c.camera_id == camera_id)
    return conn.scalar(query) is not None


def _pictures(conn: Connection, tip_id: UUID) -> tuple[PictureRow, ...]:
    here = tip_pictures.c
    query = select(here.id, here.number, here.width, here.height, here.original_sha256)
    rows = conn.execute(query.where(here.tip_id == tip_id).order_by(here.number))
    return tuple(PictureRow(*row) for row in rows)


def _about(at: ColumnElement[int], when_utc_us: int) -> ColumnElement[bool]:
    return at.between(when_utc_us - ABOUT_US, when_utc_us + ABOUT_US)


def _sightings(
    conn: Connection, person_id: UUID, here: Collection[UUID], when_utc_us: int, now: Moment
) -> tuple[NearSighting, ...]:
    scope = visible_cameras(person_id, Right.SEE, now).subquery("scope")
    seen = and_(
        scope.c.camera_id == sightings.c.camera_id,
        scope.c.from_utc_us <= sightings.c.first_seen_utc_us,
    )
    query = (
        select(sightings, cameras.c.label, cameras.c.area_id)
        .join(cameras, cameras.c.id == sightings.c.camera_id)
        .join(scope, seen)
        .where(sightings.c.camera_id.in_(here), _about(sightings.c.first_seen_utc_us, when_utc_us))
        .order_by(sightings.c.first_seen_utc_us.desc(), sightings.c.id)
        .limit(MOST)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows})
    return tuple(
        from_row(NearSighting, row, camera_label=row.label, place=where[row.area_id])
        for row in rows
    )


def _clips(
    conn: Connection, person_id: UUID, here: Collection[UUID], when_utc_us: int, now: Moment
) -> tuple[NearClip, ...]:
    scope = visible_cameras(person_id, Right.CLIPS, now).subquery("scope")
    query = (
        select(media.c.id, cameras.c.label, cameras.c.area_id)
        .add_columns(media.c.first_frame_utc_us, media.c.stored_utc_us)
        .join(cameras, cameras.c.id == media.c.camera_id)
        .join(scope, seen_media(scope))
        .where(media.c.kind == "clip", media.c.camera_id.in_(here))
        .where(media.c.removed_why.is_(None), _about(media.c.first_frame_utc_us, when_utc_us))
        .order_by(media.c.first_frame_utc_us.desc(), media.c.id)
        .limit(MOST)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows})
    return tuple(_clip(row, where[row.area_id]) for row in rows)


def _clip(row: AnyRow, place: str) -> NearClip:
    is_stored = row.stored_utc_us is not None
    return NearClip(row.id, row.label, place, row.first_frame_utc_us, is_stored)
