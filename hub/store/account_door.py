"""Service to close and reopen accounts, for keepers of the whole town.

The answer is the same (False or None) for an unknown account and for a person without the right. An
`AccountError` gives the reason why an account cannot be closed or reopened.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, select

from hub.alerts.moment import Moment
from hub.store import account_closing, account_sights, case_rows, grant_sights, invitations
from hub.store.account_faults import AccountError, AccountFault
from hub.store.account_state import CLOSED, is_closed, state_of
from hub.store.account_views import AccountPage
from hub.store.asker import Asker
from hub.store.audit import By
from hub.store.case_tables import cases
from hub.store.door_base import DoorBase
from hub.store.invitations import Made, NewPerson
from hub.store.signin_tables import people
from hub.store.staff import person_by_login


class AccountDoor(DoorBase):
    """Thread-safe."""

    _closings: tuple[int, int] | None = None

    def account(self, asker: Asker, person_id: UUID) -> AccountPage | None:
        """One account, and what ends when it is closed."""
        now = self._clock.now()
        page = None
        with self._db.reading() as conn:
            if grant_sights.keeps_everything(conn, asker, now):
                page = account_sights.account_page(conn, asker, person_id, now)
        act = "grants.open" if page else "grants.open.refused"
        self._note(asker, act, "person", person_id)
        return page

    def close_account(self, asker: Asker, person_id: UUID, reason: str) -> bool:
        """Close it with all consequences; open pages and streams of the person end at once."""
        now, act = self._clock.now(), account_closing.CLOSING
        with self._noting_refusal(asker, act, "person", person_id), self._db.writing() as conn:
            if not self._may(conn, asker, act, person_id, now):
                return False
            account_closing.close(conn, person_id, reason=reason, by=asker.by, now=now)
        self._bell.ring()
        return True

    def reopen_account(self, asker: Asker, person_id: UUID, reason: str) -> Made | None:
        """Reopen it and invite the person; the link is known only at this moment."""
        now, act = self._clock.now(), account_closing.REOPENING
        with self._noting_refusal(asker, act, "person", person_id), self._db.writing() as conn:
            if not self._may(conn, asker, act, person_id, now):
                return None
            return reopen(conn, person_id, reason=reason, by=asker.by, now=now)

    def give_case(self, asker: Asker, person_id: UUID, case_id: UUID, login: str) -> bool:
        """Give a case of a closed account to somebody else."""
        now, act = self._clock.now(), "case.hand_over"
        with self._noting_refusal(asker, act, "case", case_id), self._db.writing() as conn:
            owner_id = conn.scalar(select(cases.c.owner_id).where(cases.c.id == case_id))
            is_orphan = owner_id == person_id and is_closed(conn, person_id)
            if not is_orphan or not grant_sights.keeps_everything(conn, asker, now):
                self._note_in(conn, asker, f"{act}.refused", "case", case_id)
                return False
            new_id = person_by_login(conn, login.strip())
            if new_id is None or state_of(conn, new_id) == CLOSED:
                raise AccountError(AccountFault.OWNER)
            case_rows.give(conn, case_id, new_id, now)
            self._note_in(conn, asker, act, "case", case_id, detail=f"person {new_id}")
        return True

    def hear_closings(self) -> None:
        """Ring the change signal if any program closed an account since the last call.

        The shell's command is a separate program: its signal does not reach open pages of the hub.
        """
        with self._db.reading() as conn:
            found = account_sights.closings(conn)
        before, self._closings = self._closings, found
        if before is not None and before != found:
            self._bell.ring()

    @contextmanager
    def _noting_refusal(
        self, asker: Asker, act: str, object_kind: str, object_id: UUID
    ) -> Iterator[None]:
        """Log an AccountError in a transaction of its own: that of the act is rolled back."""
        try:
            yield
        except AccountError as error:
            self._note(asker, act, object_kind, object_id, detail=str(error), is_done=False)
            raise

    def _may(self, conn: Connection, asker: Asker, act: str, person_id: UUID, now: Moment) -> bool:
        if grant_sights.keeps_everything(conn, asker, now):
            return True
        self._note_in(conn, asker, f"{act}.refused", "person", person_id)
        return False


def reopen(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> Made:
    """Reopen an account and invite the person; raises AccountError."""
    account_closing.reopen(conn, person_id, reason=reason, by=by, now=now)
    row = conn.execute(select(people).where(people.c.id == person_id)).one()
    known = NewPerson(row.login, row.name, row.language, row.role)
    return invitations.make(conn, known, by=by, now=now)
