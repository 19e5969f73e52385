"""Service for answering data requests: leaders and keepers answer the requests of the areas they
look after.

Requests without an area go to people who look after a top-level area. None and False mean that the
request does not exist or is not the asker's. The requester's identity is shown separately and needs
a reason. Every look and every step is in the audit log.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update

from hub.access.rules.grants import Right
from hub.access.rules.roles import Role
from hub.access.scope import areas_to, tended_area_ids, visible_cameras
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.text.order import by_name
from hub.public.data_requests import rows as data_requests_rows
from hub.public.data_requests.public_service import PublicDataRequestService
from hub.public.data_requests.rows import KIND
from hub.public.data_requests.rules import ANSWER_CHARS, RequestOutcome
from hub.public.data_requests.tables import data_request_people, petition_acts, petitions
from hub.public.data_requests.views import (
    DataRequestError,
    DataRequestFault,
    DataRequestRow,
    NewDataRequest,
)
from hub.public.tips.sealing import Reporter
from hub.registry.areas import camera_at, places
from hub.registry.tables import areas, cameras

ANSWERERS: Final = frozenset({Role.LEADER, Role.KEEPER})


class DataRequestService:
    """Answers to data requests, by leaders and keepers. For any thread."""

    def __init__(self, acting: Acting, *, service: PublicDataRequestService) -> None:
        self._acting = acting
        self._service = service
        self.office = service.office

    def answers(self, asker: Asker) -> bool:
        """Whether this person answers data requests; for the links of a page."""
        with self._acting.part_of(asker, "phones.open") as look:
            return _theirs(look) is not None

    def overdue(self, asker: Asker) -> tuple[int, int]:
        """Number of the asker's requests that wait, and how many of these are overdue; for the
        inbox's line."""
        with self._acting.part_of(asker, "inbox.open") as look:
            rows = self._found(look, petitions.c.answered_utc_us.is_(None)) or []
        return len(rows), sum(row.stands.is_overdue for row in rows)

    def listed(self, asker: Asker) -> list[DataRequestRow] | None:
        """All requests of the asker, by deadline; None if they answer none."""
        with self._acting.reading(asker, "petitions.open") as look:
            rows = self._found(look)
            look.answer(rows)
        return rows

    def petition(self, asker: Asker, petition_id: UUID) -> DataRequestRow | None:
        """One request of the asker, with every step."""
        with self._acting.reading(asker, "petition.open", On(KIND, petition_id)) as look:
            row = self._one(look, petition_id)
            look.answer(row)
        return row

    def person(self, asker: Asker, petition_id: UUID, *, reason: str) -> Reporter | None:
        """The requester; None also after their data was deleted.

        UnsealError if the hub's key is not the one it was sealed with.
        """
        with self._acting.reading(asker, "petition.person", On(KIND, petition_id)) as look:
            row = self._one(look, petition_id)
            is_told = row is not None and row.knows_person and bool(reason.strip())
            look.answer(is_told, plain(reason))
            this = data_request_people.c.petition_id == petition_id
            query = select(data_request_people.c.sealed).where(this)
            sealed = look.conn.scalar(query) if is_told else None
        if sealed is None:
            return None
        return self._service.box.unseal_reporter(sealed, tip_id=petition_id)

    def cameras(self, asker: Asker) -> list[tuple[UUID, str]]:
        """Cameras that the asker looks after, by name."""
        with self._acting.part_of(asker, "petition.open") as look:
            scope = visible_cameras(asker.person_id, Right.MANAGE, look.now).subquery("scope")
            query = select(cameras.c.id, cameras.c.label, cameras.c.area_id)
            query = query.join(scope, scope.c.camera_id == cameras.c.id)
            rows = look.conn.execute(query).all()
            where = places(look.conn, {row.area_id for row in rows})
            found = [(row.id, camera_at(row.label, where[row.area_id])) for row in rows]
            return sorted(found, key=lambda one: by_name(one[1]))

    def take_in(self, asker: Asker, new: NewDataRequest, *, submission: str) -> str | None:
        """Enter a request made at the counter or by letter; returns its code. None if this person
        answers none."""
        if not self.answers(asker):
            self._acting.note(asker, "petition.take_in", is_done=False)
            return None
        return self._service.receive(new, submission=submission, by=asker.by)

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
        self, asker: Asker, petition_id: UUID, *, outcome: RequestOutcome, refusal: str, words: str
    ) -> bool:
        """Grant, or refuse for one of the town's reasons."""
        is_refused = outcome is RequestOutcome.REFUSED
        values = {"outcome": outcome, "refusal": refusal if is_refused else None}
        return self._step(asker, petition_id, "answer", words, {"acknowledged", "answered"}, values)

    def _step(
        self,
        asker: Asker,
        petition_id: UUID,
        act: str,
        words: str,
        sets: set[str],
        values: Mapping[str, str | None] | None = None,
    ) -> bool:
        """Write one step, its message to the requester, and its audit line."""
        words, values = text(words.strip(), ANSWER_CHARS), values or {}
        with self._acting.changing(asker, f"petition.{act}", On(KIND, petition_id)) as change:
            row, now = self._one(change, petition_id), change.now
            if row is None:
                change.refuse()
                return False
            refusal = values.get("refusal")
            if refusal is not None and not self._may_refuse(refusal):
                raise DataRequestError(DataRequestFault.REFUSAL)
            if row.outcome is not None or (act == "extend" and not row.stands.may_extend):
                raise DataRequestError(DataRequestFault.DONE)
            if not words:
                raise DataRequestError(DataRequestFault.WORDS)
            known = {"acknowledged": row.dates.acknowledged_utc_us}
            moments: dict[str, object] = {}
            for name in sets:
                if known.get(name) is None:
                    moments |= columns(name, now)
            if changed := {**moments, **values}:
                this = update(petitions).where(petitions.c.id == petition_id)
                change.conn.execute(this.values(changed))
            change.conn.execute(
                insert(petition_acts).values(
                    id=new_id(now),
                    petition_id=petition_id,
                    person_id=asker.person_id,
                    act=act,
                    words=words,
                    **columns("at", now),
                )
            )
            change.done(_answered(row.number, words, values))
        return True

    def _may_refuse(self, reason: str) -> bool:
        return any(reason in reasons for reasons in self.office.refusals.values())

    def _one(self, look: Reading, petition_id: UUID) -> DataRequestRow | None:
        rows = self._found(look, petitions.c.id == petition_id, with_acts=True)
        return rows[0] if rows else None

    def _found(
        self, look: Reading, *conditions: ColumnElement[bool], with_acts: bool = False
    ) -> list[DataRequestRow] | None:
        """Requests that this person answers; None: they answer none."""
        theirs = _theirs(look)
        if theirs is None:
            return None
        return data_requests_rows.found(
            look.conn,
            theirs,
            *conditions,
            office=self.office,
            now=look.now,
            with_acts=with_acts,
        )


def _unanswered() -> ColumnElement[int]:
    top = areas.alias("top_area")
    tended = areas_to(Right.MANAGE).subquery("tended_for_requests")
    theirs = select(tended.c.area_id)
    tends_top = exists().where(top.c.parent_id.is_(None), top.c.id.in_(theirs))
    mine = or_(petitions.c.area_id.in_(theirs), and_(petitions.c.area_id.is_(None), tends_top))
    counted = select(func.count(petitions.c.id)).where(petitions.c.answered_utc_us.is_(None), mine)
    return counted.scalar_subquery()


UNANSWERED: Final = _unanswered()
"""Number of requests in a person's areas that wait for an answer; for the navigation. Requests
without an area count for people who look after a top-level area, as in `_theirs`."""


def _theirs(look: Reading) -> ColumnElement[bool] | None:
    """Condition for the requests this person answers; None: none at all."""
    if look.asker.role not in ANSWERERS:
        return None
    conn = look.conn
    tended = tended_area_ids(conn, look.asker.person_id, look.now)
    if not tended:
        return None
    top = set(conn.scalars(select(areas.c.id).where(areas.c.parent_id.is_(None))))
    theirs = petitions.c.area_id.in_(tended)
    return or_(theirs, petitions.c.area_id.is_(None)) if tended & top else theirs


def _answered(number: str, words: str, values: Mapping[str, str | None]) -> Detail:
    if refusal := values.get("refusal"):
        return Detail("data_request.refused", number=number, reason=words, about=refusal)
    if values.get("outcome"):
        return Detail("data_request.granted", number=number, reason=words)
    return Detail("data_request.step", number=number, reason=words)
