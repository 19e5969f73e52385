"""Service for answering data requests: leaders and keepers answer those of the areas they look
after.

Requests without an area go to people who look after a top-level area. None and False mean either
"does not exist" or "not theirs". The requester's identity is shown separately and needs a reason.
Every look and every step is in the audit log.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.alerts.petitions import ANSWER_CHARS, REASON_CHARS, Outcome
from hub.alerts.roles import Role
from hub.store import petition_rows
from hub.store.acting import ActingBase
from hub.store.asker import Asker
from hub.store.bounds import text
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.petition_desk import PetitionDesk
from hub.store.petition_rows import KIND
from hub.store.petition_tables import petition_acts, petition_people, petitions
from hub.store.petition_views import (
    NewPetition,
    PetitionError,
    PetitionFault,
    PetitionRow,
)
from hub.store.registry_tables import areas, cameras
from hub.store.scope import tended_areas, visible_cameras
from hub.store.tables import columns, new_id
from hub.store.tip_box import Reporter

ANSWERERS: Final = frozenset({Role.LEADER, Role.KEEPER})


class PetitionDoor(ActingBase):
    """For any thread."""

    def __init__(self, db: Database, *, clock: Clock, desk: PetitionDesk) -> None:
        super().__init__(db, clock=clock)
        self._desk = desk
        self.office = desk.office

    def answers(self, asker: Asker) -> bool:
        """Whether this person answers data requests; for the links of a page, logs nothing."""
        with self._db.reading() as conn:
            return self._theirs(conn, asker, self._clock.now()) is not None

    def overdue(self, asker: Asker) -> tuple[int, int]:
        """Of theirs: number waiting, and how many of these are overdue; for the inbox's line."""
        now = self._clock.now()
        with self._db.reading() as conn:
            theirs = self._theirs(conn, asker, now)
            if theirs is None:
                return 0, 0
            is_open = petitions.c.answered_utc_us.is_(None)
            rows = petition_rows.found(conn, theirs, is_open, office=self.office, now=now)
        return len(rows), sum(row.stands.is_overdue for row in rows)

    def listed(self, asker: Asker) -> list[PetitionRow] | None:
        """All of theirs, by deadline; None if this person answers none."""
        now = self._clock.now()
        with self._db.reading() as conn:
            theirs = self._theirs(conn, asker, now)
            rows = (
                None
                if theirs is None
                else petition_rows.found(conn, theirs, office=self.office, now=now)
            )
        self._note(asker, "petitions.open", is_done=rows is not None)
        return rows

    def petition(self, asker: Asker, petition_id: UUID) -> PetitionRow | None:
        """One of them, with every step."""
        now = self._clock.now()
        with self._db.reading() as conn:
            row = self._one(conn, asker, petition_id, now)
        self._note(asker, "petition.open", KIND, petition_id, is_done=row is not None)
        return row

    def person(self, asker: Asker, petition_id: UUID, *, reason: str) -> Reporter | None:
        """The requester; None also after their data was deleted.

        UnsealError if the hub's key is not the one it was sealed with.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            row = self._one(conn, asker, petition_id, now)
            is_told = row is not None and row.knows_person and bool(reason.strip())
            self._note_in(
                conn, asker, "petition.person", KIND, petition_id, detail=reason, is_done=is_told
            )
            query = select(petition_people.c.sealed).where(
                petition_people.c.petition_id == petition_id
            )
            sealed = conn.scalar(query) if is_told else None
        if sealed is None:
            return None
        return self._desk.box.unseal_reporter(sealed, tip_id=petition_id)

    def cameras(self, asker: Asker) -> list[tuple[UUID, str]]:
        """Cameras they look after, by name."""
        scope = visible_cameras(asker.person_id, Right.MANAGE, self._clock.now()).subquery("scope")
        query = select(cameras.c.id, cameras.c.label).join(scope, scope.c.camera_id == cameras.c.id)
        with self._db.reading() as conn:
            return [(row.id, row.label) for row in conn.execute(query.order_by(cameras.c.label))]

    def take_in(self, asker: Asker, new: NewPetition, *, submission: str) -> str | None:
        """Enter a request made at the counter or by letter; returns its code. None if this person
        answers none."""
        if not self.answers(asker):
            self._note(asker, "petition.take_in", is_done=False)
            return None
        return self._desk.receive(new, submission=submission, by=asker.by)

    def acknowledge(self, asker: Asker, petition_id: UUID, words: str) -> bool:
        """Confirm receipt and announce the next step."""
        return self._step(asker, petition_id, "acknowledge", words, {"acknowledged"})

    def ask_proof(self, asker: Asker, petition_id: UUID, words: str) -> bool:
        """Ask for proof of identity and explain how to give it; also confirms receipt."""
        return self._step(asker, petition_id, "proof", words, {"acknowledged", "proof_asked"})

    def extend(self, asker: Asker, petition_id: UUID, words: str) -> bool:
        """Extend the deadline: once, with a reason, before it passes."""
        return self._step(asker, petition_id, "extend", words, {"acknowledged", "extended"})

    def answer(
        self, asker: Asker, petition_id: UUID, *, outcome: Outcome, refusal: str, words: str
    ) -> bool:
        """Grant, or refuse for one of the town's reasons."""
        if outcome is Outcome.REFUSED and not any(
            refusal in reasons for reasons in self.office.refusals.values()
        ):
            raise PetitionError(PetitionFault.REFUSAL)
        values = {
            "outcome": outcome,
            "refusal": refusal if outcome is Outcome.REFUSED else None,
        }
        return self._step(asker, petition_id, "answer", words, {"acknowledged", "answered"}, values)

    def _step(
        self,
        asker: Asker,
        petition_id: UUID,
        act: str,
        words: str,
        sets: set[str],
        values: dict[str, Any] | None = None,
    ) -> bool:
        """Write one step, its message to the requester, and its audit line."""
        now, words = self._clock.now(), text(words.strip(), ANSWER_CHARS)
        with self._db.writing() as conn:
            row = self._one(conn, asker, petition_id, now)
            if row is None:
                self._note_in(conn, asker, f"petition.{act}", KIND, petition_id, is_done=False)
                return False
            if row.outcome is not None or (act == "extend" and not row.stands.may_extend):
                raise PetitionError(PetitionFault.DONE)
            if not words:
                raise PetitionError(PetitionFault.WORDS)
            known = {"acknowledged": row.dates.acknowledged_utc_us}
            moments: dict[str, Any] = {}
            for name in sets:
                if known.get(name) is None:
                    moments |= columns(name, now)
            this = petitions.c.id == petition_id
            if changed := {**moments, **(values or {})}:
                conn.execute(update(petitions).where(this).values(changed))
            conn.execute(
                insert(petition_acts).values(
                    id=new_id(now),
                    petition_id=petition_id,
                    person_id=asker.person_id,
                    act=act,
                    words=words,
                    **columns("at", now),
                )
            )
            told = (values or {}).get("refusal") or (values or {}).get("outcome") or ""
            detail = f"{row.number} {told}: {words}"[:REASON_CHARS]
            self._note_in(conn, asker, f"petition.{act}", KIND, petition_id, detail=detail)
        return True

    def _one(
        self, conn: Connection, asker: Asker, petition_id: UUID, now: Moment
    ) -> PetitionRow | None:
        theirs = self._theirs(conn, asker, now)
        if theirs is None:
            return None
        this = petitions.c.id == petition_id
        rows = petition_rows.found(conn, theirs, this, office=self.office, now=now, with_acts=True)
        return rows[0] if rows else None

    def _theirs(self, conn: Connection, asker: Asker, now: Moment) -> ColumnElement[bool] | None:
        """Condition for the requests this person answers; None: none at all."""
        if asker.role not in ANSWERERS:
            return None
        tended = set(conn.scalars(tended_areas(asker.person_id, now)))
        if not tended:
            return None
        top = set(conn.scalars(select(areas.c.id).where(areas.c.parent_id.is_(None))))
        theirs = petitions.c.area_id.in_(tended)
        return or_(theirs, petitions.c.area_id.is_(None)) if tended & top else theirs
