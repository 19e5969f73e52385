"""Service for enrolment sheets, for people who look after the areas of all their boxes."""

from dataclasses import dataclass
from uuid import UUID

from hub.access.scope import tended_area_ids, tended_areas
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.nodes.enrolment import sheet_rows
from hub.nodes.enrolment.sheet_import import SheetPlan, plan_sheet
from hub.nodes.enrolment.sheet_rows import Sheet


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """A sheet, and the token of each of its boxes that may still use its code, by name."""

    sheet: Sheet
    tokens: dict[str, bytes]


class EnrolmentSheetService:
    """Makes, shows and withdraws sheets. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def try_table(self, asker: Asker, content: bytes) -> SheetPlan | None:
        """The plan for a table: the boxes it would make, or its faults; None for a person who looks
        after no area."""
        with self._acting.reading(asker, "enrolment_sheet.try") as look:
            plan = _plan(look, content)
            look.answer(plan, Detail("enrolment_sheet.boxes", n=len(plan.boxes)) if plan else None)
        return plan

    def make(
        self, asker: Asker, content: bytes, *, submission: str, days: int
    ) -> MadeSheet | SheetPlan | None:
        """Make the sheet of a table, or return its faults. The same `submission` (32 random bytes
        as hex) makes no second sheet: its codes are shown again. `days`: 1 to
        `sheet_rows.MOST_DAYS`. None without the right.

        Raises RegistryError for an invalid entry.
        """
        with self._acting.changing(asker, "enrolment_sheet.make") as change:
            known_id = sheet_rows.sheet_of_submission(change.conn, submission)
            if known_id is not None:
                known = _sheet(change, known_id)
                if known is None or known.made_by != asker.person_id:
                    change.refuse(on=On("enrolment_sheet", known_id))
                    return None
                change.refuse(on=On("enrolment_sheet", known_id), how="again")
                return _with_tokens(known, submission)
            plan = _plan(change, content)
            if plan is None or plan.wrong:
                change.refuse(
                    Detail("enrolment_sheet.wrong_lines", n=len(plan.wrong)) if plan else None
                )
                return plan
            sheet_id = sheet_rows.make(
                change.conn,
                plan.boxes,
                submission=submission,
                days=days,
                by=change.by,
                now=change.now,
            )
            made = sheet_rows.sheet(change.conn, sheet_id, change.now)
        return _with_tokens(made, submission) if made is not None else None

    def sheet(self, asker: Asker, sheet_id: UUID) -> Sheet | None:
        """A sheet without its codes, which are shown only once; None if the sheet is not the
        asker's."""
        on = On("enrolment_sheet", sheet_id)
        with self._acting.reading(asker, "enrolment_sheet.open", on) as look:
            found = _sheet(look, sheet_id)
            look.answer(found)
        return found

    def progress(self, asker: Asker, sheet_id: UUID) -> Sheet | None:
        """A sheet without its codes, for its open page; reading it leaves no line in the log."""
        with self._acting.part_of(asker, "enrolment_sheet.open") as look:
            return _sheet(look, sheet_id)

    def sheets(self, asker: Asker) -> list[Sheet]:
        """The newest sheets of the asker's areas, for the page of enrolments."""
        with self._acting.part_of(asker, "enrolments.open") as look:
            mine = tended_areas(asker.person_id, look.now)
            return sheet_rows.recent_sheets(look.conn, mine, look.now)

    def withdraw(self, asker: Asker, sheet_id: UUID) -> bool:
        """Make all unused codes of a sheet invalid at once; False if the sheet is not the
        asker's."""
        on = On("enrolment_sheet", sheet_id)
        with self._acting.changing(asker, "enrolment_sheet.withdraw", on, rings=True) as change:
            if _sheet(change, sheet_id) is None:
                change.refuse()
                return False
            sheet_rows.withdraw(change.conn, sheet_id, by=change.by, now=change.now)
        return True


def _plan(look: Reading, content: bytes) -> SheetPlan | None:
    if not _areas(look):
        return None
    return plan_sheet(look.conn, content, person_id=look.asker.person_id, now=look.now)


def _areas(look: Reading) -> set[UUID]:
    return tended_area_ids(look.conn, look.asker.person_id, look.now)


def _sheet(look: Reading, sheet_id: UUID) -> Sheet | None:
    found = sheet_rows.sheet(look.conn, sheet_id, look.now)
    return found if found is not None and _is_within(found, _areas(look)) else None


def _is_within(sheet: Sheet, areas: set[UUID]) -> bool:
    """True if all its boxes lie in these areas: part of a sheet is nobody's to see or end."""
    return bool(areas) and all(code.area_id in areas for code in sheet.codes)


def _with_tokens(sheet: Sheet, submission: str) -> MadeSheet:
    waiting = [code.node for code in sheet.codes if code.state == "waiting"]
    return MadeSheet(sheet, {node: sheet_rows.token_of(submission, node) for node in waiting})
