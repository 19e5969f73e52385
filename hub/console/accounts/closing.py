"""Closing and reopening an account: the state and its consequences, in one transaction.

Write transactions run one at a time (`hub.base.db.database`), also between programs. If two
managers close each other at the same moment, the second is already closed when its turn comes. So
the last manager cannot be closed.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, literal, or_, select, update

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import CLOSED, MAY_SIGN_IN, REOPENED, SHUT_MARK, state_of
from hub.access.grants import queries
from hub.access.grants import rows as grants_rows
from hub.access.invitations import service
from hub.access.rules.roles import Role
from hub.access.scope import tends_any
from hub.access.signin import session_rows
from hub.access.tables import identities, passkeys, people
from hub.access.tables import invitations as links
from hub.alerting.oncall import rows as oncall_rows
from hub.base.audit import log
from hub.base.audit.detail import plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.cases import rows as cases_rows
from hub.console.accounts import alerts
from hub.nodes.enrolment import rows as enrolment_rows
from hub.notify import ledger
from hub.notify.phones import rows as phones_rows
from hub.notify.tables import phones

REASON_CHARS: Final = 300
CLOSING: Final = "person.disable"
"""Act id in the log."""
REOPENING: Final = "person.reopen"


def close(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> None:
    """Close an account; AccountError if that is not possible: the caller's transaction must then be
    rolled back.

    From the commit on, the person has no session, no way to sign in, no phone, no grant, no alert
    and no on-call duty. They still own their cases until somebody gives these away.
    """
    reason = text(reason.strip(), REASON_CHARS)
    fault = _why_not(conn, person_id, reason, by=by)
    if fault is not None:
        raise AccountError(fault)
    powers = powers_of(conn, person_id, now)
    waiting = alerts.waiting_for(conn, person_id, now=now)
    values = {"state": CLOSED, **columns("disabled", now)}
    conn.execute(update(people).where(people.c.id == person_id).values(values))
    _note(conn, CLOSING, person_id, reason, by=by, now=now)
    _end_ways_in(conn, person_id, now=now)
    session_rows.shut_of_person(conn, person_id)
    theirs = (people.c.id == person_id, people.c.password_hash != "")
    marked = literal(SHUT_MARK) + people.c.password_hash
    conn.execute(update(people).where(*theirs).values(password_hash=marked))
    _retire_phones(conn, person_id, now=now)
    cases_rows.end_memberships(conn, person_id, now)
    grants_rows.end_of_person(conn, person_id, by=by, now=now)
    # After the grants: those of the other manager may have been passed on by this person.
    if not are_held(conn, powers, now):
        raise AccountError(AccountFault.LAST)
    # After the grants, so that the person is not called. Before the rosters, where the others move
    # up: otherwise the second on call would already be the first, whose turn is over.
    alerts.withdraw_offers(conn, person_id, now=now)
    alerts.give_back(conn, person_id, now=now)
    alerts.call_next(conn, waiting, now=now)
    oncall_rows.leave(conn, person_id, now=now)


def reopen(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> None:
    """Make an invitation possible again; raises AccountError for an account that is not closed.

    The account opens only with a new password or passkey. Grants, phones and duties stay ended. The
    reason may be empty.
    """
    state = state_of(conn, person_id)
    if state is None:
        raise AccountError(AccountFault.NOBODY)
    if state != CLOSED:
        raise AccountError(AccountFault.NOT_CLOSED)
    # Once more: a request in progress may have added one after the account was closed.
    _end_ways_in(conn, person_id, now=now)
    session_rows.end_of_person(conn, person_id)
    _retire_phones(conn, person_id, now=now)
    values = {"state": REOPENED, "password_hash": ""}
    conn.execute(update(people).where(people.c.id == person_id).values(values))
    _note(conn, REOPENING, person_id, text(reason.strip(), REASON_CHARS), by=by, now=now)


def _why_not(conn: Connection, person_id: UUID, reason: str, *, by: By) -> AccountFault | None:
    state = state_of(conn, person_id)
    if state is None:
        return AccountFault.NOBODY
    if state == CLOSED:
        return AccountFault.CLOSED
    if person_id == by.person_id:
        return AccountFault.SELF
    return None if reason else AccountFault.REASON


def _can_sign_in(conn: Connection) -> set[UUID]:
    return set(conn.scalars(select(people.c.id).where(MAY_SIGN_IN, service.HAS_WAY_IN)))


def _is_keeper(conn: Connection, person_id: UUID, _now: Moment) -> bool:
    return grants_rows.able_role(conn, person_id) == Role.KEEPER


def _keeps_whole(conn: Connection, person_id: UUID, now: Moment) -> bool:
    is_keeper = _is_keeper(conn, person_id, now)
    return is_keeper and queries.keeps_whole(conn, person_id, now)


Power = Callable[[Connection, UUID, Moment], bool]

_POWERS: Final[tuple[Power, ...]] = (_keeps_whole, _is_keeper, tends_any)
"""Each must have somebody who can sign in: to manage the whole town, to be a keeper at all, to look
after any camera or area."""


def powers_of(conn: Connection, person_id: UUID, now: Moment) -> list[Power]:
    """The powers of this person, if they can sign in."""
    if person_id not in _can_sign_in(conn):
        return []
    return [has for has in _POWERS if has(conn, person_id, now)]


def are_held(conn: Connection, powers: list[Power], now: Moment) -> bool:
    """True if for each of these powers somebody is left who can sign in."""
    able = _can_sign_in(conn)
    return all(any(has(conn, one, now) for one in able) for has in powers)


def _end_ways_in(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    """End all passkeys, linked accounts and invitation links of the person, and the links and
    enrolment codes that they made: they may have copies."""
    for table in (passkeys, identities):
        conn.execute(delete(table).where(table.c.person_id == person_id))
    theirs = or_(links.c.person_id == person_id, links.c.made_by == person_id)
    service.withdraw(conn, theirs, now=now)
    enrolment_rows.withdraw_made_by(conn, person_id, now=now)


def _retire_phones(conn: Connection, person_id: UUID, *, now: Moment) -> None:
    living = (phones.c.person_id == person_id, phones.c.gone_utc_us.is_(None))
    for phone_id in conn.scalars(select(phones.c.id).where(*living)).all():
        ledger.retire_phone(conn, phone_id, reason=phones_rows.CLOSED_ACCOUNT, now=now)


def _note(conn: Connection, act: str, person_id: UUID, reason: str, *, by: By, now: Moment) -> None:
    why = plain(reason)
    log.note(conn, by, act=act, object_kind="person", object_id=person_id, detail=why, now=now)
