"""Service for tips: one scope check and one audit line per call.

People who may see the tip's alert may read the tip and answer it. The sender's identity is
requested separately and needs a right of its own and a reason. The original pictures, with all
metadata of the phone, are for people who work on the tip's case.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update

from hub.alerting.alerts import queries as alerts_queries
from hub.alerting.alerts.rules.kinds import Kind
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.cases.rows import works_on
from hub.cases.service import CaseService
from hub.public.tips import queries as tips_queries
from hub.public.tips.rules import ANSWER_CHARS
from hub.public.tips.sealing import Reporter, SealBox
from hub.public.tips.tables import tip_answers, tip_pictures, tip_reporters, tips
from hub.public.tips.views import TipPage, TipRow

PICTURE: Final = "tip_picture"


@dataclass(frozen=True, slots=True)
class TipSender:
    """Sender of a tip; None: anonymous."""

    reporter: Reporter | None


class TipService:
    """Tips as officers read and answer them. For any thread. None and False mean that the tip
    does not exist or is not the asker's."""

    def __init__(self, acting: Acting, *, box: SealBox, cases: CaseService) -> None:
        self._acting = acting
        self._box = box
        self._cases = cases

    def tip(self, asker: Asker, alert_id: UUID) -> TipPage | None:
        """The tip of this alert, with sightings near it; part of the alert's page."""
        with self._acting.reading(asker, "tip.open") as look:
            page = _page(look, alert_id)
            look.answer(page, on=On(Kind.TIP, page.tip.tip_id if page else None))
        return page

    def picture(self, asker: Asker, picture_id: UUID) -> bytes | None:
        """A picture for display (JPEG), for people who see the alert or work on its case."""
        with self._acting.reading(asker, "tip.picture", On(PICTURE, picture_id)) as look:
            row = _picture_row(look, picture_id)
            is_theirs = row is not None and (
                _sees(look, row.alert_id) or _works_on(look, row.case_id)
            )
            look.answer(is_theirs)
        return bytes(row.shown) if row is not None and is_theirs else None

    def original(self, asker: Asker, picture_id: UUID) -> bytes | None:
        """An original picture, for people who work on its case. UnsealError for a changed key."""
        with self._acting.reading(asker, "tip.original", On(PICTURE, picture_id)) as look:
            row = _picture_row(look, picture_id)
            if row is None or not _works_on(look, row.case_id):
                look.refuse()
                return None
            purpose = f"picture {row.number}"
            content = self._box.unseal(row.original, tip_id=row.tip_id, purpose=purpose)
            look.done()
        return content

    def reporter(self, asker: Asker, alert_id: UUID, *, reason: str) -> TipSender | None:
        """The sender, for people with that right here and a reason; both are logged.

        UnsealError if the hub's key is not the one it was sealed with.
        """
        with self._acting.reading(asker, "tip.reporter") as look:
            conn, person_id, now = look.conn, asker.person_id, look.now
            alert = alerts_queries.one_alert(conn, person_id, alert_id, now)
            may = alert is not None and tips_queries.knows_reporters(
                conn, person_id, alert.camera_id, now
            )
            tip_id = conn.scalar(select(tips.c.id).where(tips.c.alert_id == alert_id))
            if not may or tip_id is None or not reason.strip():
                look.refuse(plain(reason), On(Kind.TIP, tip_id))
                return None
            query = select(tip_reporters.c.sealed).where(tip_reporters.c.tip_id == tip_id)
            sealed = conn.scalar(query)
            told = None if sealed is None else self._box.unseal_reporter(sealed, tip_id=tip_id)
            look.done(plain(reason), On(Kind.TIP, tip_id))
        return TipSender(told)

    def answer(self, asker: Asker, alert_id: UUID, words: str) -> bool:
        """Answer the sender, who reads it with their code. Not for a tip past its retention:
        nothing would ever delete the answer."""
        words = text(words.strip(), ANSWER_CHARS)
        with self._acting.changing(asker, "tip.answer") as change:
            tip_id = _seen_tip(change, alert_id)
            gone = select(tips.c.removed_utc_us).where(tips.c.id == tip_id)
            is_done = tip_id is not None and bool(words) and change.conn.scalar(gone) is None
            if is_done:
                change.conn.execute(
                    insert(tip_answers).values(
                        id=new_id(change.now),
                        tip_id=tip_id,
                        person_id=asker.person_id,
                        answer=words,
                        **columns("at", change.now),
                    )
                )
            change.answer(is_done, on=On(Kind.TIP, tip_id))
        return is_done

    def start_case(self, asker: Asker, alert_id: UUID, *, number: str, purpose: str) -> UUID | None:
        """Create a case with this tip in it; CaseError for invalid input."""
        with self._acting.part_of(asker, "tip.case") as look:
            tip_id = _movable_tip(look, alert_id)
        if tip_id is None:
            self._acting.note(asker, "tip.case", is_done=False)
            return None
        case_id = self._cases.open_case(asker, number=number, purpose=purpose, ends_utc_us=None)
        if case_id is not None:
            self.add_to_case(asker, alert_id, case_id)
        return case_id

    def add_to_case(self, asker: Asker, alert_id: UUID, case_id: UUID) -> bool:
        """Put the tip into an open case the asker works on. A tip in another case moves only if the
        asker works on that one too: nobody can take a tip from other people's case."""
        with self._acting.changing(asker, "tip.case") as change:
            tip_id = _movable_tip(change, alert_id)
            is_theirs = tip_id is not None and _works_on(change, case_id, open_=True)
            change.answer(is_theirs, on=On(Kind.TIP, tip_id))
            if is_theirs:
                this = update(tips).where(tips.c.id == tip_id)
                change.conn.execute(this.values(case_id=case_id))
                change.note("case.tip", On("case", case_id), Detail("case.tip", id=tip_id))
        return is_theirs

    def tips_of(self, asker: Asker, case_id: UUID) -> list[TipRow]:
        """Tips of a case: part of its page, and covered by the audit line of that page."""
        with self._acting.part_of(asker, "case.open") as look:
            if not _works_on(look, case_id):
                return []
            of_it = tips.c.case_id == case_id
            rows = tips_queries.tip_rows(look.conn, asker.person_id, of_it, now=look.now)
            return [replace(row, is_seen=_sees(look, row.alert_id)) for row in rows]


def _page(look: Reading, alert_id: UUID) -> TipPage | None:
    conn, person_id, now = look.conn, look.asker.person_id, look.now
    alert = alerts_queries.one_alert(conn, person_id, alert_id, now)
    is_this = tips.c.alert_id == alert_id
    found = tips_queries.tip_rows(conn, person_id, is_this, now=now) if alert else []
    if alert is None or not found:
        return None
    return tips_queries.page_of(
        conn,
        found[0],
        person_id,
        spot=tips_queries.spot_of(conn, alert.camera_id),
        may_know=tips_queries.knows_reporters(conn, person_id, alert.camera_id, now),
        now=now,
    )


def _sees(look: Reading, alert_id: UUID) -> bool:
    return alerts_queries.one_alert(look.conn, look.asker.person_id, alert_id, look.now) is not None


def _works_on(look: Reading, case_id: UUID | None, *, open_: bool = False) -> bool:
    return works_on(look.conn, look.asker.person_id, case_id, look.now, open_=open_)


def _seen_tip(look: Reading, alert_id: UUID) -> UUID | None:
    if not _sees(look, alert_id):
        return None
    return look.conn.scalar(select(tips.c.id).where(tips.c.alert_id == alert_id))


def _movable_tip(look: Reading, alert_id: UUID) -> UUID | None:
    """The tip, if the asker sees it and it is in no case of other people."""
    tip_id = _seen_tip(look, alert_id)
    case_id = look.conn.scalar(select(tips.c.case_id).where(tips.c.id == tip_id))
    return tip_id if case_id is None or _works_on(look, case_id) else None


def _picture_row(look: Reading, picture_id: UUID) -> AnyRow | None:
    query = select(tip_pictures, tips.c.alert_id, tips.c.case_id)
    joined = query.join(tips, tips.c.id == tip_pictures.c.tip_id)
    return look.conn.execute(joined.where(tip_pictures.c.id == picture_id)).first()
