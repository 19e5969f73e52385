"""Household files in an export, for people who may export from the case."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from hub.base.moment import Moment
from hub.cases import rows as cases_rows
from hub.cases.evidence.arrival_seal import ArrivalSeal
from hub.cases.evidence.port import ExportedHouseholdFile
from hub.cases.tables import case_members, cases
from hub.public.households.tables import household_clips, household_requests, households
from hub.registry.areas import places


def given_leaving(
    conn: Connection, person_id: UUID, clip_ids: Sequence[UUID], now: Moment
) -> list[ExportedHouseholdFile]:
    """Those of these files that this person may export: as owner of the case, or a member with the
    right."""
    here, member = household_clips.c, case_members.c
    exports = select(member.case_id).where(
        member.person_id == person_id,
        member.may_export,
        member.ended_utc_us.is_(None),
        or_(member.until_utc_us.is_(None), member.until_utc_us > now.utc_us),
    )
    may = and_(
        cases_rows.is_in(person_id, now),
        or_(cases.c.owner_id == person_id, cases.c.id.in_(exports)),
    )
    query = (
        select(household_clips, households.c.place, households.c.area_id)
        .add_columns(household_requests.c.since_utc_us)
        .join(cases, cases.c.id == here.case_id)
        .join(households, households.c.id == here.household_id)
        .join(household_requests, household_requests.c.id == here.request_id)
        .where(here.id.in_(clip_ids), may)
        .where(here.removed_utc_us.is_(None), here.released_utc_us.is_(None))
        .order_by(household_requests.c.since_utc_us, here.id)
    )
    rows = conn.execute(query).all()
    where = places(conn, {row.area_id for row in rows})
    return [
        ExportedHouseholdFile(
            clip_id=row.id,
            request_id=row.request_id,
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            form=row.form,
            place=row.place,
            area=where.get(row.area_id, ""),
            since_utc_us=row.since_utc_us,
            duration_ms=row.duration_ms,
            stored_utc_us=row.stored_utc_us,
            seal=ArrivalSeal(row.receipt, row.signature, row.certificate),
        )
        for row in rows
    ]
