"""Household files as material of cases (`hub.cases.evidence.port`)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from hub.base.audit.log import By
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.cases import rows as cases_rows
from hub.cases.evidence.arrival_seal import ArrivalSeal
from hub.cases.evidence.port import ExportedHouseholdFile
from hub.cases.tables import case_members, cases
from hub.public.households import rows
from hub.public.households.tables import household_clips, household_requests, households
from hub.registry.areas import places


class HouseholdMaterial:
    """Household files as material of cases. For any thread; holds no state."""

    def file_ids(
        self, conn: Connection, case_id: UUID, *, only_marked: bool = False
    ) -> Sequence[UUID]:
        """The stored files of a case."""
        return rows.given_ids(conn, case_id, only_marked=only_marked)

    def exported(
        self, conn: Connection, person_id: UUID, file_ids: Sequence[UUID], now: Moment
    ) -> list[ExportedHouseholdFile]:
        """The files among these that this person may export: as owner of the case, or as a member
        with the right."""
        return _exported(conn, person_id, file_ids, now)

    def case_closes(
        self, conn: Connection, case_id: UUID, *, keeps: bool, by: By, now: Moment
    ) -> None:
        """End the requests of a closed case; its files stay held or are released."""
        rows.case_closes(conn, case_id, keeps=keeps, by=by, now=now)

    def case_reopens(self, conn: Connection, case_id: UUID, *, closed_utc_us: int) -> None:
        """Hold again the files that were released when the case was closed and are still stored."""
        rows.case_reopens(conn, case_id, closed_utc_us=closed_utc_us)


def _exported(
    conn: Connection, person_id: UUID, clip_ids: Sequence[UUID], now: Moment
) -> list[ExportedHouseholdFile]:
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
    found = conn.execute(query).all()
    where = places(conn, {row.area_id for row in found})
    return [
        from_row(
            ExportedHouseholdFile,
            row,
            clip_id=row.id,
            area=where.get(row.area_id, ""),
            seal=ArrivalSeal(row.receipt, row.signature, row.certificate),
        )
        for row in found
    ]
