"""Service to look after accounts, for keepers of the whole town: close, suspend, rename, sign out.

The answer is the same (False or None) for an unknown account and for a person without the right. An
`AccountError` gives the reason why a change is refused.
"""

from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import CLOSED, is_closed, state_of
from hub.access.grants import queries as grants_queries
from hub.access.invitations import service
from hub.access.invitations.service import Made, NewPerson
from hub.access.people import person_by_login
from hub.access.signin import session_rows
from hub.access.tables import people
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.db.bounds import text
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.cases import rows
from hub.cases.tables import cases
from hub.console.accounts import closing, suspending
from hub.console.accounts import queries as accounts_queries
from hub.console.accounts.views import AccountPage
from hub.notify.phones import rows as phones_rows


class AccountService:
    """Acts of keepers on accounts. For any thread."""

    def __init__(self, acting: Acting, *, db: Database, change_signal: ChangeSignal) -> None:
        self._acting = acting
        self._db = db
        self._change_signal = change_signal
        self._closings: tuple[int, int] | None = None

    def account(self, asker: Asker, person_id: UUID) -> AccountPage | None:
        """One account, and what ends when it is closed."""
        page = None
        with self._acting.reading(asker, "grants.open", On("person", person_id)) as look:
            if grants_queries.keeps_everything(look.conn, asker, look.now):
                page = accounts_queries.account_page(look.conn, asker, person_id, look.now)
            look.answer(page)
        return page

    def close_account(self, asker: Asker, person_id: UUID, reason: str) -> bool:
        """Close the account with all consequences; open pages and streams of the person end at
        once."""
        act, whose = closing.CLOSING, On("person", person_id)
        with self._acting.changing(asker, act, whose, rings=True) as change:
            if not grants_queries.keeps_everything(change.conn, asker, change.now):
                change.refuse()
                return False
            closing.close(change.conn, person_id, reason=reason, by=change.by, now=change.now)
        return True

    def reopen_account(self, asker: Asker, person_id: UUID, reason: str) -> Made | None:
        """Reopen the account and invite the person; the link is known only at this moment."""
        act, whose = closing.REOPENING, On("person", person_id)
        with self._acting.changing(asker, act, whose) as change:
            if not grants_queries.keeps_everything(change.conn, asker, change.now):
                change.refuse()
                return None
            return reopen(change.conn, person_id, reason=reason, by=change.by, now=change.now)

    def suspend(self, asker: Asker, person_id: UUID, reason: str) -> bool:
        """Suspend the account until that is lifted; open pages and streams of the person end."""
        act, whose = suspending.SUSPENDING, On("person", person_id)
        with self._acting.changing(asker, act, whose, rings=True) as change:
            if not grants_queries.keeps_everything(change.conn, asker, change.now):
                change.refuse()
                return False
            suspending.suspend(change.conn, person_id, reason=reason, by=change.by, now=change.now)
        return True

    def resume(self, asker: Asker, person_id: UUID, reason: str) -> bool:
        """Lift a suspension: everything of the account counts again."""
        act, whose = suspending.RESUMING, On("person", person_id)
        with self._acting.changing(asker, act, whose) as change:
            if not grants_queries.keeps_everything(change.conn, asker, change.now):
                change.refuse()
                return False
            suspending.resume(change.conn, person_id, reason=reason, by=change.by, now=change.now)
        return True

    def rename(self, asker: Asker, person_id: UUID, name: str) -> bool:
        """Set the name that colleagues see; AccountError for an empty one."""
        with self._acting.changing(asker, "person.rename", On("person", person_id)) as change:
            this = people.c.id == person_id
            before = change.conn.scalar(select(people.c.name).where(this))
            if before is None or not grants_queries.keeps_everything(
                change.conn, asker, change.now
            ):
                change.refuse()
                return False
            after = text(" ".join(name.split()), service.NAME_CHARS)
            if not after:
                raise AccountError(AccountFault.NAME)
            change.conn.execute(update(people).where(this).values(name=after))
            change.done(Detail("person.renamed", name=before, name2=after))
        return True

    def sign_out(self, asker: Asker, person_id: UUID, session_id: UUID | None) -> bool:
        """End one session of a person, such as that of a lost phone, or all of them (None)."""
        act, whose = "person.sign_out", On("person", person_id)
        with self._acting.changing(asker, act, whose, rings=True) as change:
            conn = change.conn
            may = grants_queries.keeps_everything(conn, asker, change.now)
            ended = session_rows.end_of_person(conn, person_id, only=session_id) if may else 0
            if not ended:
                change.refuse()
                return False
            change.done(Detail("person.sessions", n=ended))
        return True

    def drop_phone(self, asker: Asker, person_id: UUID, phone_id: UUID) -> bool:
        """Send no more messages to a person's phone, such as a lost one."""
        with self._acting.changing(asker, "person.drop_phone", On("person", person_id)) as change:
            may = grants_queries.keeps_everything(change.conn, asker, change.now)
            is_done = may and phones_rows.drop_phone(
                change.conn, person_id, phone_id, now=change.now, reason=phones_rows.BY_KEEPER
            )
            change.answer(is_done, Detail("person.phone", id=phone_id) if is_done else None)
        return is_done

    def give_case(self, asker: Asker, person_id: UUID, case_id: UUID, login: str) -> bool:
        """Give a case of a closed account to somebody else."""
        with self._acting.changing(asker, "case.hand_over", On("case", case_id)) as change:
            conn = change.conn
            owner_id = conn.scalar(select(cases.c.owner_id).where(cases.c.id == case_id))
            is_orphan = owner_id == person_id and state_of(conn, person_id) == CLOSED
            if not is_orphan or not grants_queries.keeps_everything(conn, asker, change.now):
                change.refuse()
                return False
            new_id = person_by_login(conn, login.strip())
            if new_id is None or is_closed(conn, new_id):
                raise AccountError(AccountFault.OWNER)
            rows.give(conn, case_id, new_id, change.now)
            change.done(Detail("case.person", id=new_id))
        return True

    def hear_closings(self) -> None:
        """Ring the change signal if any program closed an account since the last call.

        The command at the shell is a separate program: its signal does not reach open pages of the
        hub. On PostgreSQL `hub.base.processes.change_listener` brings it, so this method does
        nothing there.
        """
        if self._db.is_shared:
            return
        with self._db.reading() as conn:
            found = accounts_queries.closings(conn)
        before, self._closings = self._closings, found
        if before is not None and before != found:
            self._change_signal.ring()


def reopen(conn: Connection, person_id: UUID, *, reason: str, by: By, now: Moment) -> Made:
    """Reopen an account and invite the person; raises AccountError."""
    closing.reopen(conn, person_id, reason=reason, by=by, now=now)
    row = conn.execute(select(people).where(people.c.id == person_id)).one()
    known = NewPerson(row.login, row.name, row.language, row.role)
    return service.make(conn, known, by=by, now=now)
