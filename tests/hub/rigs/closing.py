"""A town with two keepers and an officer who has every way to sign in, for tests of closing."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access.grants import rows
from hub.access.invitations.service import Invitations, NewPerson
from hub.access.rules.grants import ALL
from hub.access.rules.oidc import ProviderPerson
from hub.access.rules.roles import Role
from hub.access.signin.accounts import Accounts, Session, SignedIn
from hub.base.audit.asker import Asker
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.database import Database
from hub.console.accounts import closing
from hub.console.accounts.service import AccountService
from hub.web.origin import Party
from tests.hub.helpers.oversight.log_details import detail_of
from tests.hub.rigs.soft_passkey import SoftPasskey
from tests.hub.rigs.streets import CHEAP, Streets

SHELL = By(came_from="shell")
WHERE = "10.0.0.9"
PARTY = Party("hub.example", "https://hub.example")
AT_THE_OFFICE = ProviderPerson("https://office.example", "s-1", "an@office", None)


@dataclass
class Office:
    """`an` is an officer; `kim` and `lan` are keepers of the whole town."""

    streets: Streets
    accounts: Accounts
    an: Asker
    kim: Asker
    lan: Asker
    passkey: SoftPasskey = field(default_factory=lambda: SoftPasskey(PARTY.origin, PARTY.rp_id))

    @classmethod
    def on(cls, db: Database, folder: Path) -> "Office":
        streets = Streets(db, folder / "media")
        accounts = Accounts(db, clock=streets.clock, passwords=CHEAP)
        an = streets.officer("an")
        kim, lan = streets.officer("kim", rights=ALL), streets.officer("lan", rights=ALL)
        with db.writing() as conn:
            for one in (kim, lan):
                rows.set_role(conn, one.person_id, Role.KEEPER, by=SHELL, now=streets.clock.now())
        kim, lan = (replace(one, role=Role.KEEPER) for one in (kim, lan))
        return cls(streets, accounts, an, kim, lan)

    def close(self, who: Asker, *, by: By = SHELL) -> None:
        with self.streets.db.writing() as conn:
            now = self.streets.clock.now()
            closing.close(conn, who.person_id, reason="nghỉ việc", by=by, now=now)

    @property
    def people(self) -> AccountService:
        return self.streets.services.use(AccountService)

    def reopen(self, who: Asker) -> str:
        """The last part of the link by which they come in."""
        made = self.people.reopen_account(self.kim, who.person_id, "trở lại")
        assert made is not None
        return made.token

    def session(self, who: Asker) -> Session:
        signed = self.accounts.sign_in(who.login, f"password of {who.login}", came_from=WHERE)
        assert isinstance(signed, SignedIn)
        session = self.accounts.session_by_token(signed.token, came_from=WHERE)
        assert session is not None
        return session

    def invite(self, login: str, by: Asker) -> str:
        made = self.streets.services.use(Invitations).make(
            by, NewPerson(login, login, "vi", "officer")
        )
        assert made is not None
        return made.token

    def ways(self) -> dict[str, Callable[[], bool]]:
        """Every way for `an` to be let in, made now; each says whether it lets in."""
        accounts, session = self.accounts, self.session(self.an)
        options = accounts.passkeys.begin_registration(session, PARTY)
        assert accounts.passkeys.register(session, PARTY, self.passkey.make(options), "phone")
        assert accounts.identities.link(session, AT_THE_OFFICE)
        token, tab = (
            self.invite("an", self.kim),
            accounts.sign_in("an", "password of an", came_from=WHERE),
        )
        assert isinstance(tab, SignedIn)
        return {
            "session": lambda: accounts.session_by_token(tab.token, came_from=WHERE) is not None,
            "password": lambda: isinstance(
                accounts.sign_in("an", "password of an", came_from=WHERE), SignedIn
            ),
            "passkey": self._by_passkey,
            "provider": lambda: (
                accounts.identities.sign_in(AT_THE_OFFICE, came_from=WHERE) is not None
            ),
            "invitation": lambda: self._accepts(token),
            "invitation by passkey": lambda: self._accepts_by_passkey(token),
            "invitation by provider": lambda: (
                accounts.identities.accept(token, AT_THE_OFFICE, came_from=WHERE) is not None
            ),
        }

    def _by_passkey(self) -> bool:
        passkeys = self.accounts.passkeys
        signed = self.passkey.sign(passkeys.begin_sign_in(PARTY))
        return passkeys.sign_in(PARTY, signed, came_from=WHERE) is not None

    def _accepts(self, token: str) -> bool:
        links = self.accounts.invited
        return links.accept(token, password="another password", came_from=WHERE) is not None

    def _accepts_by_passkey(self, token: str) -> bool:
        invited = self.accounts.invited.read(token, came_from=WHERE)
        if invited is None:
            return False
        passkeys = self.accounts.passkeys
        made = SoftPasskey(PARTY.origin, PARTY.rp_id).make(
            passkeys.begin_by_invitation(PARTY, invited)
        )
        answer = passkeys.accept(PARTY, token, made, label="phone", came_from=WHERE)
        return answer is not None

    def lines(self, act: str) -> list[tuple[UUID | None, UUID | None, str]]:
        """Lines of the log: actor, object and reason."""
        query = select(audit)
        with self.streets.db.reading() as conn:
            found = conn.execute(query.where(audit.c.act == act).order_by(audit.c.seq))
            return [(row.person_id, row.object_id, detail_of(row)) for row in found]


def at_the_same_moment(*acts: Callable[[], Any]) -> list[Any]:
    """What each returned, or the error that it raised; every one begins when all are ready."""
    ready = threading.Barrier(len(acts))
    found: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        ready.wait()
        try:
            found[number] = act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[number] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
