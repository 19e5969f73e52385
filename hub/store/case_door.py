"""Service for cases. People who may export open them, members work on them; scope always applies.

Footage in a case is held under the case's number (`hub.store.holds`). When it is removed, or the
case is closed without holds, the retention rules apply again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.alerts.retention import Hold
from hub.store import case_rows, holds, household_rows
from hub.store.account_state import is_closed
from hub.store.acting import ActingBase
from hub.store.audit import By
from hub.store.bounds import text
from hub.store.case_tables import case_items, case_members, cases
from hub.store.case_views import CaseError, CaseExport, CaseFault, CasePage, CaseRow
from hub.store.registry import RegistryError
from hub.store.scope import visible_cameras
from hub.store.staff import person_by_login
from hub.store.tables import columns, new_id
from hub.store.views import Asker

NUMBER_CHARS: Final = 100
PURPOSE_CHARS: Final = 500
NOTE_CHARS: Final = 1000


class CaseDoor(ActingBase):
    """Thread-safe. None or False: the item is unknown, or the person has no right to it."""

    def may_open(self, asker: Asker) -> bool:
        """True if this person may open cases: they may export from some camera."""
        scope = visible_cameras(asker.person_id, Right.EXPORT, self._clock.now())
        with self._db.reading() as conn:
            return conn.execute(scope.limit(1)).first() is not None

    def cases(self, asker: Asker) -> list[CaseRow]:
        """Cases this person works on, the open ones first."""
        now = self._clock.now()
        with self._db.reading() as conn:
            rows = case_rows.case_rows(conn, case_rows.is_in(asker.person_id, now))
        self._note(asker, "cases.open", detail=f"{len(rows)} cases")
        return sorted(rows, key=lambda row: row.closed_utc_us is not None)

    def open_ones(self, asker: Asker) -> list[CaseRow]:
        """Cases that accept footage: part of a page, covered by its line in the log."""
        here = case_rows.is_in(asker.person_id, self._clock.now())
        with self._db.reading() as conn:
            return case_rows.case_rows(conn, here, cases.c.closed_utc_us.is_(None))

    def case(self, asker: Asker, case_id: UUID) -> CasePage | None:
        """One case, limited to what this member may see."""
        now = self._clock.now()
        with self._db.reading() as conn:
            row = _mine(conn, asker, case_id, now)
            if row is not None:
                members = case_rows.member_rows(conn, case_id, now)
                items = case_rows.item_rows(conn, case_id, asker.person_id, now)
                told = case_rows.history(conn, case_id)
        self._note(asker, "case.open" if row else "case.open.refused", "case", case_id)
        if row is None:
            return None
        is_owner = row.owner_id == asker.person_id
        mine = [one for one in members if one.person_id == asker.person_id]
        return CasePage(
            row=row,
            is_owner=is_owner,
            may_export=is_owner or any(one.may_export for one in mine),
            members=tuple(members),
            items=tuple(items),
            hidden=row.items - len(items),
            hidden_marked=row.marked - sum(one.is_marked for one in items),
            history=tuple(told),
        )

    def to_export(self, asker: Asker, case_id: UUID, *, only_marked: bool) -> CaseExport | None:
        """Content of an export; None: not their case, or no right to export.

        No partial export: if `hidden` is not 0, only that number is returned.
        """
        page = self.case(asker, case_id)
        if page is None:
            return None
        hidden = page.hidden_marked if only_marked else page.hidden
        if hidden or not page.may_export:
            self._note(
                asker,
                "case.export.refused",
                "case",
                case_id,
                detail=f"{hidden} files not theirs to see",
            )
        if not page.may_export:
            return None
        items = [one for one in page.items if one.is_stored and (one.is_marked or not only_marked)]
        with self._db.reading() as conn:
            given = household_rows.given_ids(conn, case_id, only_marked=only_marked)
        leaving = (*(one.media_id for one in items), *given)
        return CaseExport(page.row, () if hidden else leaving, hidden)

    def exported(self, asker: Asker, case_id: UUID, name: str) -> None:
        """Record that a package of this name was exported; each file in it has its own line."""
        self._note(asker, "case.export", "case", case_id, detail=name)

    def open_case(
        self, asker: Asker, *, number: str, purpose: str, ends_utc_us: int | None
    ) -> UUID | None:
        """Open a new case of one's own; None without the right. Raises CaseError for an invalid
        entry."""
        number, purpose = text(number.strip(), NUMBER_CHARS), text(purpose.strip(), PURPOSE_CHARS)
        now = self._clock.now()
        if not self.may_open(asker):
            self._note(asker, "case.begin.refused")
            return None
        _check_terms(number, purpose, ends_utc_us, now)
        with self._acting(asker, "case.begin", about=number) as conn:
            if conn.execute(select(cases.c.id).where(cases.c.number == number)).first():
                raise CaseError(CaseFault.NUMBER_TAKEN)
            case_id = new_id(now)
            conn.execute(
                insert(cases).values(
                    id=case_id,
                    number=number,
                    purpose=purpose,
                    owner_id=asker.person_id,
                    opened_by=asker.person_id,
                    **columns("opened", now),
                    **columns("ends", _moment(ends_utc_us)),
                )
            )
            self._note_in(conn, asker, "case.begin", "case", case_id, detail=f"{number}: {purpose}")
        return case_id

    def add(self, asker: Asker, case_id: UUID, media_ids: Sequence[UUID], note: str) -> int | None:
        """Add footage, held from now on; returns how many items are new. None: not their case.

        Raises CaseError if any item is missing or not theirs to see, or the case is closed; then
        nothing is added.
        """
        now = self._clock.now()
        with self._acting(asker, "case.add", case_id) as conn:
            row = self._open_one(conn, asker, case_id, "case.add", now)
            if row is None:
                return None
            if not media_ids:
                raise CaseError(CaseFault.NOTHING)
            there = select(case_items.c.media_id).where(
                case_items.c.case_id == case_id, case_items.c.removed_utc_us.is_(None)
            )
            known = set(conn.scalars(there))
            new = [one for one in dict.fromkeys(media_ids) if one not in known]
            for media_id in new:
                self._add_one(conn, asker, row, media_id, text(note.strip(), NOTE_CHARS), now)
        return len(new)

    def _add_one(
        self, conn: Connection, asker: Asker, row: CaseRow, media_id: UUID, note: str, now: Moment
    ) -> None:
        try:
            hold_id = holds.place_hold(
                conn,
                Hold(media_id=media_id),
                case_number=row.number,
                reason=row.purpose,
                by=asker.by,
                now=now,
            )
        except RegistryError as error:
            raise CaseError(CaseFault.NOTHING) from error
        item_id = new_id(now)
        conn.execute(
            insert(case_items).values(
                id=item_id,
                case_id=row.case_id,
                media_id=media_id,
                note=note,
                is_marked=False,
                hold_id=hold_id,
                added_by=asker.person_id,
                **columns("added", now),
            )
        )
        self._note_in(conn, asker, "case.add", "case", row.case_id, detail=f"media {media_id}")

    def change_item(
        self, asker: Asker, case_id: UUID, item_id: UUID, *, note: str, is_marked: bool
    ) -> bool:
        """Change the note, or mark the item as important."""
        values = {"note": text(note.strip(), NOTE_CHARS), "is_marked": is_marked}
        return self._on_item(asker, case_id, item_id, "case.note", values)

    def remove_item(self, asker: Asker, case_id: UUID, item_id: UUID) -> bool:
        """Remove an item; its hold ends, and its retention rules apply again."""
        now = self._clock.now()
        with self._acting(asker, "case.remove", case_id) as conn:
            row = self._open_one(conn, asker, case_id, "case.remove", now)
            if row is None:
                return False
            item = self._item(conn, asker, case_id, item_id, "case.remove", now)
            if item is None:
                return False
            conn.execute(
                update(case_items)
                .where(case_items.c.id == item_id)
                .values(**columns("removed", now))
            )
            self._end_holds(conn, asker, row, [item.hold_id], "taken out of the case")
            self._note_in(
                conn, asker, "case.remove", "case", case_id, detail=f"media {item.media_id}"
            )
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
        now = self._clock.now()
        with self._acting(asker, "case.member", case_id) as conn:
            if self._owned(conn, asker, case_id, "case.member", now) is None:
                return False
            person_id = _active(conn, login)
            if until_utc_us is not None and until_utc_us <= now.utc_us:
                raise CaseError(CaseFault.ENDS_BEFORE)
            case_rows.end_member(conn, case_id, person_id, now)
            conn.execute(
                insert(case_members).values(
                    id=new_id(now),
                    case_id=case_id,
                    person_id=person_id,
                    may_export=may_export,
                    added_by=asker.person_id,
                    **columns("added", now),
                    **columns("until", _moment(until_utc_us)),
                )
            )
            self._note_in(conn, asker, "case.member", "case", case_id, detail=f"person {person_id}")
        return True

    def remove_member(self, asker: Asker, case_id: UUID, person_id: UUID) -> bool:
        """Remove a member, at once."""
        now = self._clock.now()
        with self._db.writing() as conn:
            if self._owned(conn, asker, case_id, "case.member.end", now) is None:
                return False
            case_rows.end_member(conn, case_id, person_id, now)
            self._note_in(
                conn, asker, "case.member.end", "case", case_id, detail=f"person {person_id}"
            )
        return True

    def hand_over(self, asker: Asker, case_id: UUID, *, login: str) -> bool:
        """Give the case to a new owner; the former owner stays a member."""
        now = self._clock.now()
        with self._acting(asker, "case.hand_over", case_id) as conn:
            if self._owned(conn, asker, case_id, "case.hand_over", now) is None:
                return False
            person_id = _active(conn, login)
            case_rows.end_member(conn, case_id, asker.person_id, now)
            case_rows.give(conn, case_id, person_id, now)
            if person_id != asker.person_id:
                conn.execute(
                    insert(case_members).values(
                        id=new_id(now),
                        case_id=case_id,
                        person_id=asker.person_id,
                        may_export=False,
                        added_by=asker.person_id,
                        **columns("added", now),
                    )
                )
            self._note_in(
                conn, asker, "case.hand_over", "case", case_id, detail=f"person {person_id}"
            )
        return True

    def close(self, asker: Asker, case_id: UUID, *, keeps_holds: bool) -> bool:
        """Close the case to new footage; its holds stay or end."""
        now = self._clock.now()
        with self._db.writing() as conn:
            row = self._owned(conn, asker, case_id, "case.close", now)
            if row is None or row.closed_utc_us is not None:
                return False
            closed = columns("closed", now)
            this = update(cases).where(cases.c.id == case_id)
            conn.execute(this.values(closed_by=asker.person_id, **closed))
            if not keeps_holds:
                self._end_holds(
                    conn, asker, row, case_rows.own_holds(conn, case_id), "the case is closed"
                )
            household_rows.case_closes(conn, case_id, keeps=keeps_holds, by=asker.by, now=now)
            held = "held on" if keeps_holds else "no longer held"
            self._note_in(conn, asker, "case.close", "case", case_id, detail=held)
        return True

    def reopen(self, asker: Asker, case_id: UUID) -> bool:
        """Reopen the case; its items that are still at the hub are held again."""
        now = self._clock.now()
        with self._db.writing() as conn:
            row = self._owned(conn, asker, case_id, "case.reopen", now)
            if row is None or row.closed_utc_us is None:
                return False
            this = update(cases).where(cases.c.id == case_id)
            conn.execute(this.values(closed_by=None, **columns("closed", None)))
            self._hold_again(conn, asker, row, now)
            household_rows.case_reopens(conn, case_id)
            self._note_in(conn, asker, "case.reopen", "case", case_id)
        return True

    def _hold_again(self, conn: Connection, asker: Asker, row: CaseRow, now: Moment) -> None:
        """Done with the keeper's authority, not the owner's scope: members added items from their
        own scopes."""
        counting = {
            one.hold_id for one in holds.list_holds(conn, row.number) if not one.ended_utc_us
        }
        items = select(case_items).where(
            case_items.c.case_id == row.case_id, case_items.c.removed_utc_us.is_(None)
        )
        for item in conn.execute(items).all():
            if item.hold_id not in counting:
                hold_id = holds.place_hold(
                    conn,
                    Hold(media_id=item.media_id),
                    case_number=row.number,
                    reason=row.purpose,
                    by=By(came_from=asker.came_from),
                    now=now,
                )
                this = update(case_items).where(case_items.c.id == item.id)
                conn.execute(this.values(hold_id=hold_id))

    def _on_item(
        self, asker: Asker, case_id: UUID, item_id: UUID, act: str, values: dict[str, Any]
    ) -> bool:
        now = self._clock.now()
        with self._acting(asker, act, case_id) as conn:
            row = self._open_one(conn, asker, case_id, act, now)
            if row is None or self._item(conn, asker, case_id, item_id, act, now) is None:
                return False
            conn.execute(update(case_items).where(case_items.c.id == item_id).values(**values))
            self._note_in(conn, asker, act, "case", case_id, detail=f"item {item_id}")
        return True

    @contextmanager
    def _acting(
        self, asker: Asker, act: str, case_id: UUID | None = None, *, about: str = ""
    ) -> Iterator[Connection]:
        """Transaction of the act. If it is not possible, it is rolled back and the log records the
        attempt."""
        try:
            with self._db.writing() as conn:
                yield conn
        except CaseError as error:
            why = f"{error.fault}: {about}" if about else str(error.fault)
            self._note(asker, f"{act}.refused", "case", case_id, detail=why)
            raise

    def _open_one(
        self, conn: Connection, asker: Asker, case_id: UUID, act: str, now: Moment
    ) -> CaseRow | None:
        row = _mine(conn, asker, case_id, now)
        if row is None:
            self._note_in(conn, asker, f"{act}.refused", "case", case_id)
        elif row.closed_utc_us is not None:
            raise CaseError(CaseFault.CLOSED)
        return row

    def _item(
        self, conn: Connection, asker: Asker, case_id: UUID, item_id: UUID, act: str, now: Moment
    ) -> Any:
        """The item's row, if they may see its footage."""
        seen = case_rows.item_rows(conn, case_id, asker.person_id, now)
        if item_id not in {one.item_id for one in seen}:
            self._note_in(conn, asker, f"{act}.refused", "case", case_id, detail=f"item {item_id}")
            return None
        return conn.execute(select(case_items).where(case_items.c.id == item_id)).one()

    def _owned(
        self, conn: Connection, asker: Asker, case_id: UUID, act: str, now: Moment
    ) -> CaseRow | None:
        row = _mine(conn, asker, case_id, now)
        if row is not None and row.owner_id == asker.person_id:
            return row
        self._note_in(conn, asker, f"{act}.refused", "case", case_id)
        return None

    def _end_holds(
        self, conn: Connection, asker: Asker, row: CaseRow, hold_ids: Sequence[UUID], reason: str
    ) -> None:
        """End only the case's own holds: others may have holds under the same number."""
        now = self._clock.now()
        for hold_id in hold_ids:
            holds.end_holds(
                conn,
                case_number=row.number,
                reason=reason,
                by=asker.by,
                now=now,
                hold_id=hold_id,
            )


def _mine(conn: Connection, asker: Asker, case_id: UUID, now: Moment) -> CaseRow | None:
    here = case_rows.is_in(asker.person_id, now)
    return next(iter(case_rows.case_rows(conn, cases.c.id == case_id, here)), None)


def _active(conn: Connection, login: str) -> UUID:
    person_id = person_by_login(conn, login.strip())
    if person_id is None or is_closed(conn, person_id):
        raise CaseError(CaseFault.NOBODY)
    return person_id


def _check_terms(number: str, purpose: str, ends_utc_us: int | None, now: Moment) -> None:
    if not number:
        raise CaseError(CaseFault.NO_NUMBER)
    if not purpose:
        raise CaseError(CaseFault.NO_PURPOSE)
    if ends_utc_us is not None and ends_utc_us <= now.utc_us:
        raise CaseError(CaseFault.ENDS_BEFORE)


def _moment(utc_us: int | None) -> Moment | None:
    return None if utc_us is None else Moment(utc_us, 0)
