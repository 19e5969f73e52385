"""Passkeys: registration, sign-in without a password, removal."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from hub.access.account_state import MAY_SIGN_IN
from hub.access.signin import invitation_rows, session_rows, webauthn
from hub.access.signin.challenges import Challenges, spend
from hub.access.signin.views import Invited, SessionLimits, SignedIn
from hub.access.signin.webauthn import Credential, Registered
from hub.access.tables import passkeys, people
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.clock.clock import Clock
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.database import Database
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.web.origin import Party
from hub.web.session import Session

LABEL_CHARS: Final = 80
MOST: Final = 20
"""Maximum per person."""
SIGN_IN: Final = "sign-in"


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as its owner sees it; times are UTC microseconds."""

    passkey_id: UUID
    label: str
    created_utc_us: int
    used_utc_us: int | None


class Passkeys:
    """Registration of passkeys and sign-in by them. For any thread. Each challenge is valid for
    one answer, within five minutes."""

    def __init__(
        self, db: Database, *, clock: Clock, limits: SessionLimits, key: bytes | None = None
    ) -> None:
        """`key`: of the challenges, the same in every process of a hub; None: a random one."""
        self._db = db
        self._clock = clock
        self._limits = limits
        self._challenges = Challenges(key)

    def of(self, session: Session) -> list[PasskeyRow]:
        """The person's own passkeys, newest first."""
        mine = passkeys.c.person_id == session.asker.person_id
        query = select(passkeys).where(mine).order_by(passkeys.c.id.desc())
        with self._db.reading() as conn:
            return [from_row(PasskeyRow, row, passkey_id=row.id) for row in conn.execute(query)]

    def begin_registration(self, session: Session, party: Party) -> dict[str, Any]:
        """Options for the browser to create another passkey."""
        asker = session.asker
        with self._db.reading() as conn:
            known = _ids(conn, asker.person_id)
        return webauthn.registration_options(
            party,
            person_id=asker.person_id,
            login=asker.login,
            name=asker.name,
            challenge=self._challenges.make(_making(asker.person_id), self._clock.now()),
            known=known,
        )

    def register(self, session: Session, party: Party, credential: Credential, label: str) -> bool:
        """Store the new passkey; False, and logged, if the answer is invalid or there are
        `MOST`."""
        asker, now = session.asker, self._clock.now()
        found = self._registered(party, credential, asker.person_id, now)
        with self._db.writing() as conn:
            is_new = found is not None and _add(conn, asker.person_id, found, label, now=now)
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            log.note(conn, by, act="passkey.add" if is_new else "passkey.add.refused", now=now)
        return is_new

    def remove(self, session: Session, passkey_id: UUID) -> bool:
        """Remove the passkey; False if it is not the person's own."""
        asker = session.asker
        which = (passkeys.c.id == passkey_id, passkeys.c.person_id == asker.person_id)
        with self._db.writing() as conn:
            is_gone = conn.execute(delete(passkeys).where(*which)).rowcount > 0
            log.note(
                conn,
                By(person_id=asker.person_id, came_from=asker.came_from),
                act="passkey.remove" if is_gone else "passkey.remove.refused",
                object_kind="passkey",
                object_id=passkey_id,
                now=self._clock.now(),
            )
        return is_gone

    def begin_sign_in(self, party: Party) -> dict[str, Any]:
        """Options for any browser to sign in; they do not reveal whether a person has a passkey."""
        challenge = self._challenges.make(SIGN_IN, self._clock.now())
        return webauthn.signing_options(party, challenge=challenge, known=())

    def sign_in(
        self, party: Party, credential: Credential, *, came_from: str, agent: str = ""
    ) -> SignedIn | None:
        """A session; None, and logged, if the answer is invalid."""
        now = self._clock.now()
        with self._db.writing() as conn:
            person_id = self._signed(conn, party, credential, purpose=SIGN_IN, now=now)
            who = (people.c.id == person_id, MAY_SIGN_IN)
            person = conn.execute(select(people).where(*who)).first()
            if person_id is None or person is None:
                by = By(came_from=came_from)
                log.note(conn, by, act="session.refused", detail=Detail("session.passkey"), now=now)
                return None
            asker = session_rows.as_asker(person, came_from)
            return session_rows.begin(conn, asker, agent=agent, limits=self._limits, now=now)

    def begin_proof(self, session: Session, party: Party) -> dict[str, Any]:
        """Options for the browser to re-authenticate with one of the person's own passkeys."""
        who = session.asker.person_id
        with self._db.reading() as conn:
            known = _ids(conn, who)
        challenge = self._challenges.make(_proving(session), self._clock.now())
        return webauthn.signing_options(party, challenge=challenge, known=known)

    def prove(self, session: Session, party: Party, credential: Credential) -> bool:
        """True if the answer is of the person's own passkey; then the session counts as
        re-authenticated for `proof_s`."""
        asker, now = session.asker, self._clock.now()
        with self._db.writing() as conn:
            purpose = _proving(session)
            person_id = self._signed(conn, party, credential, purpose=purpose, now=now)
            is_theirs = person_id == asker.person_id
            if is_theirs:
                session_rows.prove(conn, session.session_id, now)
            by = By(person_id=asker.person_id, came_from=asker.came_from)
            log.note(conn, by, act="proof.passkey" if is_theirs else "proof.refused", now=now)
        return is_theirs

    def begin_by_invitation(self, party: Party, invited: Invited) -> dict[str, Any]:
        """Options for the browser of an invited person to create their first passkey."""
        challenge = self._challenges.make(_making(invited.person_id), self._clock.now())
        return webauthn.registration_options(
            party,
            person_id=invited.person_id,
            login=invited.login,
            name=invited.name,
            challenge=challenge,
            known=(),
        )

    def accept(
        self,
        party: Party,
        token: str,
        credential: Credential,
        *,
        label: str,
        came_from: str,
        agent: str = "",
    ) -> SignedIn | None:
        """Accept an invitation with a passkey and no password. None, and counted, if the link is no
        longer valid. An invalid passkey answer also returns None and leaves the link valid."""
        now = self._clock.now()
        with self._db.writing() as conn:
            person = invitation_rows.invited_person(conn, token, now=now)
            if person is None:
                invitation_rows.refuse(conn, token, came_from=came_from, now=now)
                return None
        found = self._registered(party, credential, person.id, now)
        if found is None:
            return None
        with self._db.writing() as conn:
            if invitation_rows.use(conn, token, now=now) is None:
                invitation_rows.refuse(conn, token, came_from=came_from, now=now)
                return None
            new = invitation_rows.come_in(
                conn, person, came_from, password_hash="", agent=agent, limits=self._limits, now=now
            )
            _add(conn, person.id, found, label, now=now)
            by = By(person_id=person.id, came_from=came_from)
            log.note(conn, by, act="passkey.add", now=now)
            return new

    def _registered(
        self, party: Party, credential: Credential, person_id: UUID, now: Moment
    ) -> Registered | None:
        challenge = webauthn.challenge_in(credential)
        if not self._challenges.holds(challenge, _making(person_id), now):
            return None
        found = webauthn.check_registration(party, credential, challenge=challenge)
        if found is None:
            return None
        with self._db.writing() as conn:
            return found if spend(conn, challenge, now) else None

    def _signed(
        self, conn: Connection, party: Party, credential: Credential, *, purpose: str, now: Moment
    ) -> UUID | None:
        """Owner of the passkey that gave the first valid answer to a challenge of this purpose."""
        challenge = webauthn.challenge_in(credential)
        if not self._challenges.holds(challenge, purpose, now):
            return None
        row = _by_credential(conn, webauthn.credential_id_in(credential))
        if row is None:
            return None
        sign_count = webauthn.check_signature(
            party,
            credential,
            challenge=challenge,
            public_key=row.public_key,
            sign_count=row.sign_count,
        )
        if sign_count is None or not spend(conn, challenge, now):
            return None
        used = {"sign_count": sign_count, **columns("used", now)}
        conn.execute(update(passkeys).where(passkeys.c.id == row.id).values(used))
        person_id: UUID = row.person_id
        return person_id


def _making(person_id: UUID) -> str:
    return f"register {person_id}"


def _proving(session: Session) -> str:
    return f"prove {session.session_id}"


def _ids(conn: Connection, person_id: UUID) -> list[bytes]:
    query = select(passkeys.c.credential_id).where(passkeys.c.person_id == person_id)
    return list(conn.scalars(query))


def _by_credential(conn: Connection, credential_id: bytes) -> AnyRow | None:
    if not credential_id:
        return None
    which = passkeys.c.credential_id == credential_id
    return conn.execute(select(passkeys).where(which)).first()


def _add(conn: Connection, person_id: UUID, found: Registered, label: str, *, now: Moment) -> bool:
    """False if the passkey already exists, or the person has `MOST`."""
    mine = passkeys.c.person_id == person_id
    number = conn.scalar(select(func.count()).select_from(passkeys).where(mine)) or 0
    if number >= MOST or _by_credential(conn, found.credential_id) is not None:
        return False
    conn.execute(
        insert(passkeys).values(
            id=new_id(now),
            person_id=person_id,
            credential_id=found.credential_id,
            public_key=found.public_key,
            sign_count=found.sign_count,
            label=text(label.strip(), LABEL_CHARS),
            transports=text(found.transports, 200),
            **columns("created", now),
        )
    )
    return True
