"""Suspends an account and lifts the suspension: nothing ends for good, but nobody can act under its
name.

Meanwhile the person cannot sign in, sees nothing and is told nothing. Grants, phones, teams and
cases stay as they are, and count again afterwards. Pages of rosters show the person's duties as
gaps (`hub.alerting.oncall.roster_rows.with_absences`).
"""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, update

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import OPEN, SUSPENDED, state_of
from hub.access.signin import session_rows
from hub.access.tables import people
from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.moment import Moment
from hub.console.accounts import alerts
from hub.console.accounts.closing import REASON_CHARS, are_held, powers_of

SUSPENDING: Final = "person.suspend"
"""Act id in the log."""
RESUMING: Final = "person.resume"


def suspend(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> None:
    """Suspend an open account; AccountError if that is not possible: the caller's transaction must
    then be rolled back."""
    reason = text(reason.strip(), REASON_CHARS)
    state = state_of(conn, person_id)
    if state is None:
        raise AccountError(AccountFault.NOBODY)
    if state != OPEN:
        raise AccountError(AccountFault.NOT_OPEN)
    if person_id == by.person_id:
        raise AccountError(AccountFault.SELF)
    if not reason:
        raise AccountError(AccountFault.REASON)
    powers = powers_of(conn, person_id, now)
    waiting = alerts.waiting_for(conn, person_id, now=now)
    _set(conn, SUSPENDING, person_id, SUSPENDED, reason, by=by, now=now)
    session_rows.shut_of_person(conn, person_id)
    if not are_held(conn, powers, now):
        raise AccountError(AccountFault.LAST)
    # After the state, so that the person is not called.
    alerts.withdraw_offers(conn, person_id, now=now)
    alerts.give_back(conn, person_id, now=now)
    alerts.call_next(conn, waiting, now=now)


def resume(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> None:
    """Lift a suspension; raises AccountError. The reason may be empty."""
    state = state_of(conn, person_id)
    if state is None:
        raise AccountError(AccountFault.NOBODY)
    if state != SUSPENDED:
        raise AccountError(AccountFault.NOT_SUSPENDED)
    reason = text(reason.strip(), REASON_CHARS)
    session_rows.end_of_person(conn, person_id)
    _set(conn, RESUMING, person_id, OPEN, reason, by=by, now=now)


def _set(
    conn: Connection, act: str, person_id: UUID, state: str, reason: str, *, by: By, now: Moment
) -> None:
    conn.execute(update(people).where(people.c.id == person_id).values(state=state))
    why = plain(reason)
    log.note(conn, by, act=act, object_kind="person", object_id=person_id, detail=why, now=now)
