"""Public service for data requests: persons concerned ask about their data without signing in, and
follow the answer.

The requester's identity is sealed separately; no network address is stored. Against floods, as with
tips: a form must come from this hub and be neither too new nor too old, and the number of waiting
requests is limited.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.bounds import text
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.base.text.order import by_name
from hub.public.data_requests import rows as data_requests_rows
from hub.public.data_requests.rules import ANSWER_CHARS, MOST_WAITING, WHAT_CHARS
from hub.public.data_requests.tables import petitions
from hub.public.data_requests.views import (
    AnswerSettings,
    DataRequestError,
    DataRequestFault,
    DataRequestRow,
    NewDataRequest,
)
from hub.public.tips.rules import CONTACT_CHARS, NAME_CHARS, tidy_code
from hub.public.tips.sealing import FORM_OLDEST_S, FORM_YOUNGEST_S, Reporter, SealBox, code_hash
from hub.registry.areas import places
from hub.registry.tables import areas, cameras

FORM: Final = "form"
COUNTER: Final = "counter"


class PublicDataRequestService:
    """Data requests of people without an account. For any thread."""

    def __init__(self, db: Database, *, clock: Clock, box: SealBox, office: AnswerSettings) -> None:
        self._db = db
        self._clock = clock
        self.box = box
        self.office = office
        self.counts: Counter[str] = Counter()
        """Accepted, repeated, and refused by fault."""

    def form_mark(self, refused: str = "") -> str:
        """Mark for a new form, or for one that was refused under this mark."""
        return self.box.mark_after_refusal(refused, self._clock.now())

    def check_form(self, mark: str) -> None:
        """DataRequestError unless the form came from this hub, is at most a day old and not too
        new."""
        age_s = self.box.form_age_s(mark, self._clock.now())
        if age_s is None or not FORM_YOUNGEST_S <= age_s <= FORM_OLDEST_S:
            raise self._refused(DataRequestFault.STALE)

    def places(self) -> list[tuple[UUID, str]]:
        """Areas with cameras, by name; public data."""
        with self._db.reading() as conn:
            return sorted(
                places(conn, set(conn.scalars(select(cameras.c.area_id).distinct()))).items(),
                key=lambda one: by_name(one[1]),
            )

    def receive(self, new: NewDataRequest, *, submission: str, by: By | None = None) -> str:
        """Store a request; returns its code. A repeated submission of one form counts once.
        DataRequestError if nothing was stored.

        `by`: the person at the counter who enters it; no limit applies to them.
        """
        now, new = self._clock.now(), _tidied(new)
        fault = _fault_of(new)
        if fault is not None:
            raise self._refused(fault)
        code = self.box.code(submission, _content(new))
        with self._db.writing() as conn:
            if conn.scalar(select(petitions.c.id).where(petitions.c.code_hash == code_hash(code))):
                self.counts["repeated"] += 1
                return code
            if by is None and data_requests_rows.waiting(conn) >= MOST_WAITING:
                raise self._refused(DataRequestFault.BUSY)
            data_requests_rows.write(
                conn,
                _of_a_place(conn, new),
                box=self.box,
                code=code,
                year=self._year(now),
                source=FORM if by is None else COUNTER,
                by=by or By(),
                now=now,
            )
        self.counts["taken"] += 1
        return code

    def follow(self, typed: str) -> DataRequestRow | None:
        """The data request with this code; None if there is none."""
        code = tidy_code(typed)
        if code is None:
            return None
        now = self._clock.now()
        with self._db.reading() as conn:
            this = petitions.c.code_hash == code_hash(code)
            rows = data_requests_rows.found(conn, this, office=self.office, now=now, with_acts=True)
        return rows[0] if rows else None

    def drop(self, why: str) -> None:
        """Count a discarded request that no person sent."""
        self.counts[why] += 1

    def _year(self, now: Moment) -> int:
        return datetime.fromtimestamp(now.utc_us / 1e6, UTC).astimezone(self.office.week.zone).year

    def _refused(self, fault: DataRequestFault) -> DataRequestError:
        self.counts[fault.value] += 1
        return DataRequestError(fault)


def _tidied(new: NewDataRequest) -> NewDataRequest:
    return NewDataRequest(
        wish=new.wish,
        what=text(new.what.strip(), WHAT_CHARS),
        area_id=new.area_id,
        person=Reporter(
            text(new.person.name.strip(), NAME_CHARS),
            text(new.person.contact.strip(), CONTACT_CHARS),
        ),
        language=new.language,
        has_consent=new.has_consent,
    )


def _fault_of(new: NewDataRequest) -> DataRequestFault | None:
    if new.wish is None:
        return DataRequestFault.WISH
    if not new.what:
        return DataRequestFault.WHAT
    if not new.person.name or not new.person.contact:
        return DataRequestFault.CONTACT
    return None if new.has_consent else DataRequestFault.CONSENT


def _of_a_place(conn: Connection, new: NewDataRequest) -> NewDataRequest:
    """Replace an unknown area by "area not known"."""
    known = conn.scalar(select(areas.c.id).where(areas.c.id == new.area_id))
    return NewDataRequest(new.wish, new.what, known, new.person, new.language, new.has_consent)


def _content(new: NewDataRequest) -> bytes:
    said = (new.wish, new.what, new.area_id, new.person.name, new.person.contact)
    return "\0".join(map(str, said)).encode()[: 4 * ANSWER_CHARS * 4]
