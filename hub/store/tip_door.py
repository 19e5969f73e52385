"""Service for tips: one scope check and one audit line per call.

People who may see the tip's alert may read the tip and answer it. The sender's identity is
requested separately and needs a right of its own and a reason. The original pictures, with all
metadata of the phone, are for people who work on the tip's case.
"""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from hub.alerts.kinds import TIP
from hub.alerts.moment import Moment
from hub.alerts.tips import ANSWER_CHARS
from hub.store import sights, tip_sights
from hub.store.acting import ActingBase
from hub.store.asker import Asker
from hub.store.bounds import text
from hub.store.case_door import CaseService
from hub.store.case_rows import works_on
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.tables import columns, new_id
from hub.store.tip_box import Reporter, TipBox
from hub.store.tip_tables import tip_answers, tip_pictures, tip_reporters, tips
from hub.store.tip_views import TipPage, TipRow

PICTURE: Final = "tip_picture"


@dataclass(frozen=True, slots=True)
class Told:
    """Sender of a tip; None: anonymous."""

    reporter: Reporter | None


class TipDoor(ActingBase):
    """For any thread. None and False mean either "does not exist" or "not theirs"."""

    def __init__(self, db: Database, *, clock: Clock, box: TipBox, cases: CaseService) -> None:
        super().__init__(db, clock=clock)
        self._box = box
        self._cases = cases

    def tip(self, asker: Asker, alert_id: UUID) -> TipPage | None:
        """The tip of this alert, with sightings near it; part of the alert's page."""
        now = self._clock.now()
        with self._db.reading() as conn:
            alert = sights.one_alert(conn, asker.person_id, alert_id, now)
            is_this = tips.c.alert_id == alert_id
            found = tip_sights.tip_rows(conn, asker.person_id, is_this, now=now) if alert else []
            page = None
            if alert is not None and found:
                camera_id = alert.camera_id
                page = tip_sights.page_of(
                    conn,
                    found[0],
                    asker.person_id,
                    spot=tip_sights.spot_of(conn, camera_id),
                    may_know=tip_sights.knows_reporters(conn, asker.person_id, camera_id, now),
                    now=now,
                )
        self._note(asker, "tip.open", TIP, page.tip.tip_id if page else None, is_done=bool(page))
        return page

    def picture(self, asker: Asker, picture_id: UUID) -> bytes | None:
        """A picture for display (JPEG), for people who see the alert or work on its case."""
        with self._db.reading() as conn:
            row = self._picture(conn, asker, picture_id)
        self._note(asker, "tip.picture", PICTURE, picture_id, is_done=row is not None)
        return None if row is None else bytes(row.shown)

    def original(self, asker: Asker, picture_id: UUID) -> bytes | None:
        """An original picture, for people who work on its case. UnsealError for a changed key."""
        with self._db.writing() as conn:
            now = self._clock.now()
            row = _picture_row(conn, picture_id)
            is_theirs = row is not None and works_on(conn, asker.person_id, row.case_id, now)
            content = None
            if row is not None and is_theirs:
                purpose = f"picture {row.number}"
                content = self._box.unseal(row.original, tip_id=row.tip_id, purpose=purpose)
            self._note_in(conn, asker, "tip.original", PICTURE, picture_id, is_done=is_theirs)
        return content

    def reporter(self, asker: Asker, alert_id: UUID, *, reason: str) -> Told | None:
        """The sender, for people with that right here and a reason; both are logged.

        UnsealError if the hub's key is not the one it was sealed with.
        """
        now = self._clock.now()
        with self._db.writing() as conn:
            alert = sights.one_alert(conn, asker.person_id, alert_id, now)
            may = alert is not None and tip_sights.knows_reporters(
                conn, asker.person_id, alert.camera_id, now
            )
            tip_id = conn.scalar(select(tips.c.id).where(tips.c.alert_id == alert_id))
            is_told = may and tip_id is not None and bool(reason.strip())
            self._note_in(conn, asker, "tip.reporter", TIP, tip_id, detail=reason, is_done=is_told)
            if not is_told or tip_id is None:
                return None
            query = select(tip_reporters.c.sealed).where(tip_reporters.c.tip_id == tip_id)
            sealed = conn.scalar(query)
            if sealed is None:
                return Told(None)
            return Told(self._box.unseal_reporter(sealed, tip_id=tip_id))

    def answer(self, asker: Asker, alert_id: UUID, words: str) -> bool:
        """Answer the sender, who reads it with their code. Not for a tip past its retention:
        nothing would ever delete the answer."""
        now, words = self._clock.now(), text(words.strip(), ANSWER_CHARS)
        with self._db.writing() as conn:
            tip_id = self._seen_tip(conn, asker, alert_id, now)
            gone = select(tips.c.removed_utc_us).where(tips.c.id == tip_id)
            is_done = tip_id is not None and bool(words) and conn.scalar(gone) is None
            self._note_in(conn, asker, "tip.answer", TIP, tip_id, is_done=is_done)
            if is_done:
                conn.execute(
                    insert(tip_answers).values(
                        id=new_id(now),
                        tip_id=tip_id,
                        person_id=asker.person_id,
                        answer=words,
                        **columns("at", now),
                    )
                )
        return is_done

    def start_case(self, asker: Asker, alert_id: UUID, *, number: str, purpose: str) -> UUID | None:
        """Create a case with this tip in it; CaseError for invalid input."""
        with self._db.reading() as conn:
            tip_id = self._movable_tip(conn, asker, alert_id, self._clock.now())
        if tip_id is None:
            self._note(asker, "tip.case", is_done=False)
            return None
        case_id = self._cases.open_case(asker, number=number, purpose=purpose, ends_utc_us=None)
        if case_id is not None:
            self.add_to_case(asker, alert_id, case_id)
        return case_id

    def add_to_case(self, asker: Asker, alert_id: UUID, case_id: UUID) -> bool:
        """Put the tip into an open case the asker works on. A tip in another case moves only if the
        asker works on that one too: nobody can take a tip from other people's case."""
        now = self._clock.now()
        with self._db.writing() as conn:
            tip_id = self._movable_tip(conn, asker, alert_id, now)
            is_theirs = tip_id is not None and works_on(
                conn, asker.person_id, case_id, now, open_=True
            )
            if is_theirs:
                conn.execute(update(tips).where(tips.c.id == tip_id).values(case_id=case_id))
            self._note_in(conn, asker, "tip.case", TIP, tip_id, is_done=is_theirs)
            if is_theirs:
                self._note_in(conn, asker, "case.tip", "case", case_id, detail=f"tip {tip_id}")
        return is_theirs

    def tips_of(self, asker: Asker, case_id: UUID) -> list[TipRow]:
        """Tips of a case: part of its page, and covered by the audit line of that page."""
        now = self._clock.now()
        with self._db.reading() as conn:
            if not works_on(conn, asker.person_id, case_id, now):
                return []
            of_it = tips.c.case_id == case_id
            rows = tip_sights.tip_rows(conn, asker.person_id, of_it, now=now)
            return [
                replace(
                    row,
                    is_seen=sights.one_alert(conn, asker.person_id, row.alert_id, now) is not None,
                )
                for row in rows
            ]

    def _picture(self, conn: Connection, asker: Asker, picture_id: UUID) -> Any:
        now, row = self._clock.now(), _picture_row(conn, picture_id)
        if row is None:
            return None
        sees = sights.one_alert(conn, asker.person_id, row.alert_id, now) is not None
        return row if sees or works_on(conn, asker.person_id, row.case_id, now) else None

    def _seen_tip(self, conn: Connection, asker: Asker, alert_id: UUID, now: Moment) -> UUID | None:
        if sights.one_alert(conn, asker.person_id, alert_id, now) is None:
            return None
        return conn.scalar(select(tips.c.id).where(tips.c.alert_id == alert_id))

    def _movable_tip(
        self, conn: Connection, asker: Asker, alert_id: UUID, now: Moment
    ) -> UUID | None:
        """The tip, if the asker sees it and it is in no case of other people."""
        tip_id = self._seen_tip(conn, asker, alert_id, now)
        case_id = conn.scalar(select(tips.c.case_id).where(tips.c.id == tip_id))
        is_free = case_id is None or works_on(conn, asker.person_id, case_id, now)
        return tip_id if is_free else None


def _picture_row(conn: Connection, picture_id: UUID) -> Row[*tuple[Any, ...]] | None:
    query = select(tip_pictures, tips.c.alert_id, tips.c.case_id)
    joined = query.join(tips, tips.c.id == tip_pictures.c.tip_id)
    return conn.execute(joined.where(tip_pictures.c.id == picture_id)).first()
