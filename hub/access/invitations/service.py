"""One-time invitations: a link by which a person signs in without a password and sets one.

The secret part of the link is stored nowhere. A link is valid for `HOLDS_S` and once: of two uses
at the same moment the second is refused, because a use is one update under the write lock. Reading
it uses nothing up, because messengers open every link for a preview.
"""

import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, or_, select, update

from hub.access import people as access_people
from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import SHUT, SHUT_MARK, SUSPENDED, state_of
from hub.access.grants import queries
from hub.access.signin import session_rows
from hub.access.tables import identities, invitations, passkeys, people
from hub.base.audit import log
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.normalize import fold_login

HOLDS_S: Final = 3 * 24 * 3600
KEEPER: Final = "keeper"
ROLES: Final = (
    "officer",
    "leader",
    "board_member",
    "investigator",
    "technician",
    "oversight",
    KEEPER,
)
NAME_CHARS: Final = 120
HAS_WAY_IN: Final[ColumnElement[bool]] = or_(
    and_(people.c.password_hash != "", people.c.password_hash.not_like(f"{SHUT_MARK}%")),
    exists().where(passkeys.c.person_id == people.c.id),
    exists().where(identities.c.person_id == people.c.id),
)
"""SQL condition for people who can prove who they are."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to invite; a known login is invited again."""

    login: str
    name: str
    language: str
    role: str


@dataclass(frozen=True, slots=True)
class Made:
    """A new invitation; its `token` is known only now."""

    token: str
    name: str
    login: str
    ends_utc_us: int
    is_new: bool
    """True if the person was unknown before."""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An unused invitation; times are UTC microseconds."""

    invitation_id: UUID
    login: str
    name: str
    made_by_name: str | None
    """None: the keeper's shell."""
    ends_utc_us: int
    is_over: bool
    refused: int
    """Number of uses after its end, or by the wrong person."""
    never_in: bool
    """Whether the person never had a way to sign in: login and name can still be corrected."""


class Invitations:
    """Makes, lists and withdraws invitations. Thread-safe."""

    def __init__(self, db: Database, *, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def may_invite(self, asker: Asker) -> bool:
        """True for keepers only, because a link takes an account over."""
        return asker.role == KEEPER

    def make(self, asker: Asker, new: NewPerson) -> Made | None:
        """Invite a person; None without the right. Raises RegistryError for an invalid login."""
        now = self._clock.now()
        with self._db.writing() as conn:
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            may = queries.may_let_in(conn, asker, new.login, new.role, now)
            if not self.may_invite(asker) or not may:
                log.note(conn, by, act="invitation.make.refused", now=now)
                return None
            return make(conn, new, by=by, now=now)

    def open(self, asker: Asker) -> list[InvitationRow]:
        """Invitations that are neither used nor withdrawn, newest first; none without the right."""
        if not self.may_invite(asker):
            return []
        maker = people.alias("maker")
        query = (
            select(
                invitations,
                people.c.login,
                people.c.name,
                maker.c.name.label("made_by_name"),
                (~HAS_WAY_IN).label("never_in"),
            )
            .join(people, people.c.id == invitations.c.person_id)
            .outerjoin(maker, maker.c.id == invitations.c.made_by)
            .where(invitations.c.used_utc_us.is_(None), invitations.c.withdrawn_utc_us.is_(None))
            .order_by(invitations.c.made_utc_us.desc(), invitations.c.id.desc())
            .limit(200)
        )
        now = self._clock.now()
        with self._db.reading() as conn:
            rows = [_as_row(row, now) for row in conn.execute(query)]
        with self._db.writing() as conn:
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            told = Detail("invitations.count", n=len(rows))
            log.note(
                conn,
                by,
                act="invitations.open",
                detail=told,
                now=now,
            )
        return rows

    def correct(self, asker: Asker, invitation_id: UUID, *, login: str, name: str) -> bool:
        """Undo a typo: another login and name for somebody who never came in; the link stays.

        False if the link is used or withdrawn, if the person has come in, and without the right.
        AccountError for an empty or taken login.
        """
        now, login = self._clock.now(), fold_login(login)
        by = By(person_id=asker.person_id, came_from=asker.came_from)
        with self._db.writing() as conn:
            person = _never_in(conn, invitation_id)
            is_theirs = (
                person is not None
                and self.may_invite(asker)
                and queries.may_let_in(conn, asker, person.login, person.role, now)
            )
            if person is None or not is_theirs:
                log.note(conn, by, act="invitation.correct.refused", now=now)
                return False
            known = access_people.person_by_login(conn, login) if login else None
            if not login or known not in (None, person.id):
                fault = Detail("session.login", login=login)
                log.note(conn, by, act="invitation.correct.refused", detail=fault, now=now)
            else:
                _set_names(conn, person, login, name, by=by, now=now)
                return True
        raise AccountError(AccountFault.LOGIN)

    def withdraw(self, asker: Asker, invitation_id: UUID) -> bool:
        """Make the link of an invitation invalid; False if it already is, and without the right."""
        now = self._clock.now()
        with self._db.writing() as conn:
            is_done = self.may_invite(asker) and withdraw(
                conn, invitations.c.id == invitation_id, now=now
            )
            log.note(
                conn,
                By(person_id=asker.person_id, came_from=asker.came_from),
                act="invitation.withdraw" if is_done else "invitation.withdraw.refused",
                object_kind="invitation",
                object_id=invitation_id,
                now=now,
            )
        return is_done


def make(conn: Connection, new: NewPerson, *, by: By, now: Moment) -> Made:
    """Invite a person and create the account if the login is new; an older open link ends. Raises
    AccountError for a closed or suspended account."""
    login = fold_login(new.login)
    person_id = access_people.person_by_login(conn, login)
    is_new = person_id is None
    state = None if person_id is None else state_of(conn, person_id)
    if state in SHUT:
        raise AccountError(AccountFault.SUSPENDED if state == SUSPENDED else AccountFault.CLOSED)
    if person_id is None:
        person_id = _add_person(conn, login, new, by=by, now=now)
    withdraw(conn, invitations.c.person_id == person_id, now=now)
    token, ends = secrets.token_urlsafe(24), now.plus_s(HOLDS_S)
    invitation_id = new_id(now)
    conn.execute(
        insert(invitations).values(
            id=invitation_id,
            token_hash=session_rows.hashed(token),
            person_id=person_id,
            made_by=by.person_id,
            refused=0,
            **columns("made", now),
            **columns("ends", ends),
        )
    )
    log.note(
        conn,
        by,
        act="invitation.make",
        object_kind="person",
        object_id=person_id,
        detail=Detail("session.login", login=login),
        now=now,
    )
    name = str(conn.scalar(select(people.c.name).where(people.c.id == person_id)))
    return Made(token, name, login, ends.utc_us, is_new)


def _add_person(conn: Connection, login: str, new: NewPerson, *, by: By, now: Moment) -> UUID:
    """Add a person with neither password nor grant; only the link gives access."""
    if not login:
        raise RegistryError("a person needs a login")
    if new.language not in access_people.LANGUAGES:
        raise RegistryError(f"language {new.language!r} is not one of vi, en")
    if new.role not in ROLES:
        raise RegistryError(f"role {new.role!r} is not one of {', '.join(ROLES)}")
    person_id = new_id(now)
    conn.execute(
        insert(people).values(
            id=person_id,
            login=login,
            name=text(new.name.strip() or login, NAME_CHARS),
            role=new.role,
            language=new.language,
            password_hash="",
            **columns("created", now),
        )
    )
    log.note(conn, by, act="person.add", object_kind="person", object_id=person_id, now=now)
    return person_id


def _never_in(conn: Connection, invitation_id: UUID) -> AnyRow | None:
    """The invited person, if the link is open and they never had a password, passkey or account
    elsewhere."""
    this = (
        invitations.c.id == invitation_id,
        invitations.c.used_utc_us.is_(None),
        invitations.c.withdrawn_utc_us.is_(None),
    )
    query = select(people).join(invitations, invitations.c.person_id == people.c.id)
    return conn.execute(query.where(*this, ~HAS_WAY_IN)).first()


def _set_names(
    conn: Connection, person: AnyRow, login: str, name: str, *, by: By, now: Moment
) -> None:
    name = text(" ".join(name.split()) or login, NAME_CHARS)
    this = people.c.id == person.id
    conn.execute(update(people).where(this).values(login=login, name=name))
    log.note(
        conn,
        by,
        act="invitation.correct",
        object_kind="person",
        object_id=person.id,
        detail=Detail(
            "invitation.corrected", login=person.login, login2=login, name=person.name, name2=name
        ),
        now=now,
    )


def withdraw(conn: Connection, which: ColumnElement[bool], *, now: Moment) -> bool:
    """Make the links of these invitations invalid; True if there was any."""
    is_open = (invitations.c.used_utc_us.is_(None), invitations.c.withdrawn_utc_us.is_(None))
    done = conn.execute(
        update(invitations).where(which, *is_open).values(columns("withdrawn", now))
    )
    return done.rowcount > 0


def _as_row(row: AnyRow, now: Moment) -> InvitationRow:
    return from_row(InvitationRow, row, invitation_id=row.id, is_over=row.ends_utc_us <= now.utc_us)
