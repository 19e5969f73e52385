"""The first sign-in of an invited person, by the link of an invitation."""

from hub.access import people as access_people
from hub.access.account_state import REOPENED
from hub.access.passwords import Passwords
from hub.access.signin.invitation_rows import come_in, invited_person, refuse, use
from hub.access.signin.views import Invited, SessionLimits, SignedIn
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.db.rows import from_row


class InvitationLinks:
    """First sign-in by the link of an invitation. For any thread. Invitations are made in
    `hub.access.invitations`."""

    def __init__(
        self, db: Database, *, clock: Clock, passwords: Passwords, limits: SessionLimits
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._limits = limits

    def read(self, token: str, *, came_from: str) -> Invited | None:
        """The person invited by the link; None, and counted, for an invalid link."""
        now = self._clock.now()
        with self._db.reading() as conn:
            row = invited_person(conn, token, now=now)
        if row is None:
            with self._db.writing() as conn:
                refuse(conn, token, came_from=came_from, now=now)
            return None
        return from_row(Invited, row, person_id=row.id, is_by_provider=row.state != REOPENED)

    def accept(
        self, token: str, *, password: str, came_from: str, agent: str = ""
    ) -> SignedIn | None:
        """Set this password and sign the person in; None, and counted, for an invalid link. Raises
        RegistryError for a password too short or too long: then the link stays valid."""
        if self.read(token, came_from=came_from) is None:
            return None
        hashed = access_people.checked_password(password, self._passwords)
        now = self._clock.now()
        with self._db.writing() as conn:
            person = use(conn, token, now=now)
            if person is None:
                refuse(conn, token, came_from=came_from, now=now)
                return None
            return come_in(
                conn,
                person,
                came_from,
                password_hash=hashed,
                agent=agent,
                limits=self._limits,
                now=now,
            )
