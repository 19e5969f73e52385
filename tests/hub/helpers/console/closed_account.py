"""Helpers of the tests of closed account, used by more than one module."""

from sqlalchemy import select

from hub.access.grants import rows as grants_rows
from hub.access.rules.grants import Grant, Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.base.audit.asker import Asker
from tests.hub.rigs.closing import SHELL, Office


def state(office: Office, who: Asker) -> str:
    with office.streets.db.reading() as conn:
        return str(conn.scalar(select(people.c.state).where(people.c.id == who.person_id)))


def sees(office: Office, who: Asker) -> int:
    now = office.streets.clock.now()
    with office.streets.db.reading() as conn:
        return len(conn.execute(visible_cameras(who.person_id, Right.SEE, now)).all())


def passed_on(office: Office, login: str) -> Asker:
    """Somebody who sees by a grant that `an` passed on."""
    other = office.streets.officer(login, rights=Right(0))
    now = office.streets.clock.now()
    with office.streets.db.writing() as conn:
        grants_rows.give(
            conn,
            Grant(office.streets.junction, None, Right.SEE, 0, now.plus_s(86_400).utc_us),
            giver_id=office.an.person_id,
            person_id=other.person_id,
            reason="giúp",
            ends_with_mine=True,
            by=SHELL,
            now=now,
        )
    return other
