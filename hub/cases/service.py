"""Service for cases. A person who may export can create a case; its members work on it. Each sees
only the footage that their grants allow.

Footage in a case is held under the case's number (`hub.footage.retention.holds`). When it is
removed, or the case is closed without holds, the retention rules apply again.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.access.account_state import is_closed
from hub.access.people import person_by_login
from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.base.audit.acting import Acting, Changing, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.cases import rows as cases_rows
from hub.cases.evidence.port import CaseMaterial
from hub.cases.tables import case_items, case_members, cases
from hub.cases.views import CaseError, CaseExport, CaseFault, CasePage, CaseRow
from hub.footage.retention import holds
from hub.footage.retention.rules import Hold

NUMBER_CHARS: Final = 100
PURPOSE_CHARS: Final = 500
NOTE_CHARS: Final = 1000


class CaseService:
    """Cases, their items and their members. For any thread. None or False: there is no such case
    or item, or the person has no right to it."""

    def __init__(self, acting: Acting, *, material: CaseMaterial) -> None:
        self._acting = acting
        self._material = material

    def may_create(self, asker: Asker) -> bool:
        """True if this person may create cases: they may export from some camera."""
        with self._acting.part_of(asker, "cases.open") as reading:
            return _may_create(reading)

    def cases(self, asker: Asker) -> list[CaseRow]:
        """Cases this person works on, the open ones first."""
        with self._acting.reading(asker, "cases.open") as reading:
            rows = cases_rows.case_rows(
                reading.conn, cases_rows.is_in(asker.person_id, reading.now)
            )
            reading.done(Detail("cases.count", n=len(rows)))
        return sorted(rows, key=lambda row: row.closed_utc_us is not None)

    def open_cases(self, asker: Asker) -> list[CaseRow]:
        """Cases that accept footage: a choice on pages of footage."""
        with self._acting.part_of(asker, "alert.open") as reading:
            return cases_rows.open_case_rows(reading.conn, asker.person_id, reading.now)

    def case(self, asker: Asker, case_id: UUID) -> CasePage | None:
        """One case, limited to what this member may see."""
        with self._acting.reading(asker, "case.open", On("case", case_id)) as reading:
            page = _page(reading, case_id)
            reading.answer(page)
        return page

    def export_content(
        self, asker: Asker, case_id: UUID, *, only_marked: bool
    ) -> CaseExport | None:
        """Content of an export; None: not their case, or no right to export.

        No partial export: if `hidden` is not 0, only that number is returned.
        """
        page = self.case(asker, case_id)
        if page is None:
            return None
        hidden = page.hidden_marked if only_marked else page.hidden
        if hidden or not page.may_export:
            self._acting.note(
                asker,
                "case.export",
                On("case", case_id),
                Detail("case.hidden_files", n=hidden)
                if page.may_export
                else Detail("case.no_right_to_export"),
                is_done=False,
            )
        if not page.may_export:
            return None
        if hidden:
            return CaseExport(page.row, (), hidden)
        items = [one for one in page.items if one.is_stored and (one.is_marked or not only_marked)]
        with self._acting.part_of(asker, "case.open") as reading:
            given = self._material.file_ids(reading.conn, case_id, only_marked=only_marked)
        return CaseExport(page.row, (*(one.media_id for one in items), *given), 0)

    def exported(self, asker: Asker, case_id: UUID, name: str) -> None:
        """Record that a package of this name was exported; each file in it has its own line."""
        self._acting.note(asker, "case.export", On("case", case_id), plain(name))

    def open_case(
        self, asker: Asker, *, number: str, purpose: str, ends_utc_us: int | None
    ) -> UUID | None:
        """Open a new case of one's own; None without the right. Raises CaseError for an invalid
        entry."""
        number, purpose = text(number.strip(), NUMBER_CHARS), text(purpose.strip(), PURPOSE_CHARS)
        with self._acting.changing(asker, "case.begin", about=number) as change:
            if not _may_create(change):
                change.refuse()
                return None
            _check_entry(number, purpose, ends_utc_us, change.now)
            taken = select(cases.c.id).where(cases.c.number == number)
            if change.conn.execute(taken).first():
                raise CaseError(CaseFault.NUMBER_TAKEN)
            case_id = new_id(change.now)
            change.conn.execute(
                insert(cases).values(
                    id=case_id,
                    number=number,
                    purpose=purpose,
                    owner_id=asker.person_id,
                    opened_by=asker.person_id,
                    **columns("opened", change.now),
                    **columns("ends", _moment(ends_utc_us)),
                )
            )
            change.done(plain(f"{number}: {purpose}"), On("case", case_id))
        return case_id

    def add(self, asker: Asker, case_id: UUID, media_ids: Sequence[UUID], note: str) -> int | None:
        """Add footage, held from now on; returns how many items are new. None: not their case.

        Raises CaseError if any item is missing or not theirs to see, or the case is closed; then
        nothing is added.
        """
        with self._acting.changing(asker, "case.add", On("case", case_id)) as change:
            row = _open_case(change, case_id)
            if row is None:
                change.refuse()
                return None
            if not media_ids:
                raise CaseError(CaseFault.NOTHING)
            there = select(case_items.c.media_id).where(
                case_items.c.case_id == case_id, case_items.c.removed_utc_us.is_(None)
            )
            known = set(change.conn.scalars(there))
            new = [one for one in dict.fromkeys(media_ids) if one not in known]
            for media_id in new:
                _add_item(change, row, media_id, text(note.strip(), NOTE_CHARS))
            if not new:
                change.refuse(how="again")
        return len(new)

    def change_item(
        self, asker: Asker, case_id: UUID, item_id: UUID, *, note: str, is_marked: bool
    ) -> bool:
        """Change the note, or mark the item as important."""
        values = {"note": text(note.strip(), NOTE_CHARS), "is_marked": is_marked}
        with self._acting.changing(asker, "case.note", On("case", case_id)) as change:
            if _open_case(change, case_id) is None or _item(change, case_id, item_id) is None:
                change.refuse(Detail("case.item", id=item_id))
                return False
            this = update(case_items).where(case_items.c.id == item_id)
            change.conn.execute(this.values(**values))
            change.done(Detail("case.item", id=item_id))
        return True

    def mark_items(
        self, asker: Asker, case_id: UUID, item_ids: Sequence[UUID], *, is_marked: bool
    ) -> bool:
        """Mark these items as important, or no longer; all or none of them."""
        with self._acting.changing(asker, "case.note", On("case", case_id)) as change:
            is_open = _open_case(change, case_id) is not None
            theirs = cases_rows.item_rows(change.conn, case_id, asker.person_id, change.now)
            if not is_open or not {*item_ids} <= {one.item_id for one in theirs}:
                change.refuse(Detail("case.items", n=len(item_ids)))
                return False
            these = update(case_items).where(case_items.c.id.in_(item_ids))
            change.conn.execute(these.values(is_marked=is_marked))
            told = " ".join(str(one) for one in item_ids)
            change.done(Detail("case.marked" if is_marked else "case.not_marked", ids=told))
        return True

    def remove_item(self, asker: Asker, case_id: UUID, item_id: UUID) -> bool:
        """Remove an item: its hold ends, and the retention rules apply to its footage again."""
        with self._acting.changing(asker, "case.remove", On("case", case_id)) as change:
            row = _open_case(change, case_id)
            item = None if row is None else _item(change, case_id, item_id)
            if row is None or item is None:
                change.refuse(Detail("case.item", id=item_id))
                return False
            this = update(case_items).where(case_items.c.id == item_id)
            change.conn.execute(this.values(**columns("removed", change.now)))
            _end_holds(change, row, [item.hold_id], "taken out of the case")
            change.done(Detail("case.media", id=item.media_id))
        return True

    def add_member(
        self,
        asker: Asker,
        case_id: UUID,
        *,
        login: str,
        may_export: bool,
        until_utc_us: int | None,
    ) -> bool:
        """Add a member; only the owner may. Raises CaseError for an unknown person."""
        with self._acting.changing(asker, "case.member", On("case", case_id)) as change:
            if _case_owned_by_asker(change, case_id) is None:
                change.refuse()
                return False
            person_id = _active_person(change.conn, login)
            if until_utc_us is not None and until_utc_us <= change.now.utc_us:
                raise CaseError(CaseFault.ENDS_BEFORE)
            cases_rows.end_member(change.conn, case_id, person_id, change.now)
            _add_member(change, case_id, person_id, may_export=may_export, until=until_utc_us)
            change.done(Detail("case.person", id=person_id))
        return True

    def remove_member(self, asker: Asker, case_id: UUID, person_id: UUID) -> bool:
        """Remove a member, at once."""
        with self._acting.changing(asker, "case.member.end", On("case", case_id)) as change:
            if _case_owned_by_asker(change, case_id) is None:
                change.refuse()
                return False
            cases_rows.end_member(change.conn, case_id, person_id, change.now)
            change.done(Detail("case.person", id=person_id))
        return True

    def hand_over(self, asker: Asker, case_id: UUID, *, login: str) -> bool:
        """Make another person the owner, at once; the former owner stays a member."""
        with self._acting.changing(asker, "case.hand_over", On("case", case_id)) as change:
            if _case_owned_by_asker(change, case_id) is None:
                change.refuse()
                return False
            person_id = _active_person(change.conn, login)
            cases_rows.end_member(change.conn, case_id, asker.person_id, change.now)
            cases_rows.give(change.conn, case_id, person_id, change.now)
            if person_id != asker.person_id:
                _add_member(change, case_id, asker.person_id, may_export=False, until=None)
            change.done(Detail("case.person", id=person_id))
        return True

    def close(self, asker: Asker, case_id: UUID, *, keeps_holds: bool) -> bool:
        """Close the case to new footage; its holds stay or end."""
        with self._acting.changing(asker, "case.close", On("case", case_id)) as change:
            row = _case_owned_by_asker(change, case_id)
            if row is None or row.closed_utc_us is not None:
                change.refuse()
                return False
            conn, now = change.conn, change.now
            closed = columns("closed", now)
            this = update(cases).where(cases.c.id == case_id)
            conn.execute(this.values(closed_by=asker.person_id, **closed))
            if not keeps_holds:
                _end_holds(change, row, cases_rows.own_holds(conn, case_id), "the case is closed")
            self._material.case_closes(conn, case_id, keeps=keeps_holds, by=change.by, now=now)
            change.done(Detail("case.held_on" if keeps_holds else "case.no_longer_held"))
        return True

    def reopen(self, asker: Asker, case_id: UUID) -> bool:
        """Reopen the case; its items that are still at the hub are held again."""
        with self._acting.changing(asker, "case.reopen", On("case", case_id)) as change:
            row = _case_owned_by_asker(change, case_id)
            if row is None or row.closed_utc_us is None:
                change.refuse()
                return False
            this = update(cases).where(cases.c.id == case_id)
            change.conn.execute(this.values(closed_by=None, **columns("closed", None)))
            _hold_again(change, row)
            self._material.case_reopens(change.conn, case_id, closed_utc_us=row.closed_utc_us)
            change.done()
        return True


def _may_create(reading: Reading) -> bool:
    scope = visible_cameras(reading.asker.person_id, Right.EXPORT, reading.now)
    return reading.conn.execute(scope.limit(1)).first() is not None


def _case_of_asker(reading: Reading, case_id: UUID) -> CaseRow | None:
    is_theirs = cases_rows.is_in(reading.asker.person_id, reading.now)
    return next(iter(cases_rows.case_rows(reading.conn, cases.c.id == case_id, is_theirs)), None)


def _case_owned_by_asker(reading: Reading, case_id: UUID) -> CaseRow | None:
    row = _case_of_asker(reading, case_id)
    return row if row is not None and row.owner_id == reading.asker.person_id else None


def _open_case(reading: Reading, case_id: UUID) -> CaseRow | None:
    """This person's case; None if it is not theirs. Raises CaseError if it is closed."""
    row = _case_of_asker(reading, case_id)
    if row is not None and row.closed_utc_us is not None:
        raise CaseError(CaseFault.CLOSED)
    return row


def _page(reading: Reading, case_id: UUID) -> CasePage | None:
    row = _case_of_asker(reading, case_id)
    if row is None:
        return None
    person_id = reading.asker.person_id
    members = cases_rows.member_rows(reading.conn, case_id, reading.now)
    items = cases_rows.item_rows(reading.conn, case_id, person_id, reading.now)
    is_owner = row.owner_id == person_id
    mine = [one for one in members if one.person_id == person_id]
    return CasePage(
        row=row,
        is_owner=is_owner,
        may_export=is_owner or any(one.may_export for one in mine),
        members=tuple(members),
        items=tuple(items),
        hidden=row.items - len(items),
        hidden_marked=row.marked - sum(one.is_marked for one in items),
        history=tuple(cases_rows.history(reading.conn, case_id)),
    )


def _item(reading: Reading, case_id: UUID, item_id: UUID) -> AnyRow | None:
    """Row of the item; None if this person may not see its footage."""
    visible = cases_rows.item_rows(reading.conn, case_id, reading.asker.person_id, reading.now)
    if item_id not in {one.item_id for one in visible}:
        return None
    return reading.conn.execute(select(case_items).where(case_items.c.id == item_id)).one()


def _add_item(change: Changing, row: CaseRow, media_id: UUID, note: str) -> None:
    try:
        hold_id = holds.place_hold(
            change.conn,
            Hold(media_id=media_id),
            case_number=row.number,
            reason=row.purpose,
            by=change.by,
            now=change.now,
        )
    except RegistryError as error:
        raise CaseError(CaseFault.NOTHING) from error
    change.conn.execute(
        insert(case_items).values(
            id=new_id(change.now),
            case_id=row.case_id,
            media_id=media_id,
            note=note,
            is_marked=False,
            hold_id=hold_id,
            added_by=change.asker.person_id,
            **columns("added", change.now),
        )
    )
    change.done(Detail("case.media", id=media_id))


def _add_member(
    change: Changing, case_id: UUID, person_id: UUID, *, may_export: bool, until: int | None
) -> None:
    change.conn.execute(
        insert(case_members).values(
            id=new_id(change.now),
            case_id=case_id,
            person_id=person_id,
            may_export=may_export,
            added_by=change.asker.person_id,
            **columns("added", change.now),
            **columns("until", _moment(until)),
        )
    )


def _hold_again(change: Changing, row: CaseRow) -> None:
    """Hold again each item whose hold has ended. The hub itself places these holds: members may
    have added footage that the owner cannot see."""
    listed = holds.list_holds(change.conn, row.number)
    active_ids = {one.hold_id for one in listed if not one.ended_utc_us}
    items = select(case_items).where(
        case_items.c.case_id == row.case_id, case_items.c.removed_utc_us.is_(None)
    )
    for item in change.conn.execute(items).all():
        if item.hold_id not in active_ids:
            hold_id = holds.place_hold(
                change.conn,
                Hold(media_id=item.media_id),
                case_number=row.number,
                reason=row.purpose,
                by=By(came_from=change.asker.came_from),
                now=change.now,
            )
            this = update(case_items).where(case_items.c.id == item.id)
            change.conn.execute(this.values(hold_id=hold_id))


def _end_holds(change: Changing, row: CaseRow, hold_ids: Sequence[UUID], reason: str) -> None:
    """End only the case's own holds: others may have holds under the same number."""
    for hold_id in hold_ids:
        holds.end_holds(
            change.conn,
            case_number=row.number,
            reason=reason,
            by=change.by,
            now=change.now,
            hold_id=hold_id,
        )


def _active_person(conn: Connection, login: str) -> UUID:
    person_id = person_by_login(conn, login.strip())
    if person_id is None or is_closed(conn, person_id):
        raise CaseError(CaseFault.NOBODY)
    return person_id


def _check_entry(number: str, purpose: str, ends_utc_us: int | None, now: Moment) -> None:
    if not number:
        raise CaseError(CaseFault.NO_NUMBER)
    if not purpose:
        raise CaseError(CaseFault.NO_PURPOSE)
    if ends_utc_us is not None and ends_utc_us <= now.utc_us:
        raise CaseError(CaseFault.ENDS_BEFORE)


def _moment(utc_us: int | None) -> Moment | None:
    return None if utc_us is None else Moment(utc_us, 0)
