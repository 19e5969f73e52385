"""Cookies that the hub signs: of a session, and of a browser that has signed in before.

By the signature a rate limit tells a cookie of ours from a made-up one without asking the
database. It opens nothing: a session is valid by its row alone.

A known browser is counted by itself when somebody tries a password there, so that strangers cannot
use up its place. Its cookie has a random id and a mark for each of the last accounts that signed in
there. A mark is a MAC over account, password, browser and end. So it names nobody, holds for one
account in one browser only, and ends with the password.
"""

import hmac
import secrets
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from itsdangerous import BadData, Signer, URLSafeSerializer

from hub.base.moment import Moment

HOLDS_S: Final = 180 * 86_400
"""Length of a mark, from the last sign-in of the account in this browser."""
MOST_MARKS: Final = 8
"""Accounts remembered in one browser, as at a desk that several people use."""

_NOBODY: Final = (UUID(int=0), "")


class SignedCookies:
    """Makes and reads cookies. Every process of a hub has the same key."""

    def __init__(self, key: bytes | None = None) -> None:
        """`key`: None for a random one."""
        self._key = key or secrets.token_bytes(32)
        self._sessions = Signer(self._key, salt="matthan session", key_derivation="hmac")
        self._browsers = URLSafeSerializer(self._key, salt="matthan browser")

    def of_session(self, token: str) -> str:
        """Value of the cookie for a session's token."""
        return self._sessions.sign(token).decode()

    def is_session(self, carried: str) -> bool:
        """True if the hub made this cookie of a session, which may have ended since."""
        return self._sessions.validate(carried.encode(errors="replace"))

    def browser_in(self, carried: str) -> str:
        """Id of the browser with this cookie; empty if the hub did not make it."""
        return self._browser(carried)[0]

    def knows(
        self, carried: str, person_id: UUID | None, password_hash: str, now: Moment
    ) -> str | None:
        """Id of the browser if this person signed in there lately, with the password of now.

        None: it is a stranger's; also for `person_id` None, an account that does not exist, at the
        same cost.
        """
        browser, marks = self._browser(carried)
        whose = _NOBODY if person_id is None else (person_id, password_hash)
        is_known = any(list(self._of(whose, browser, marks, now)))
        return browser if is_known and person_id is not None else None

    def remember(self, carried: str, person_id: UUID, password_hash: str, now: Moment) -> str:
        """The browser's next cookie, after this person has signed in there."""
        browser, marks = self._browser(carried)
        browser = browser or secrets.token_urlsafe(12)
        whose = (person_id, password_hash)
        theirs = self._of(whose, browser, marks, now)
        others = [mark for mark, is_theirs in zip(marks, theirs, strict=True) if not is_theirs]
        ends_utc_s = now.plus_s(HOLDS_S).utc_us // 1_000_000
        mark = [ends_utc_s, self._mac(whose, browser, ends_utc_s)]
        return str(self._browsers.dumps([browser, [mark, *others][:MOST_MARKS]]))

    def _browser(self, carried: str) -> tuple[str, list[Any]]:
        try:
            browser, marks = self._browsers.loads(carried.encode(errors="replace"))
        except BadData:
            return "", []
        return browser, marks

    def _of(
        self, whose: tuple[UUID, str], browser: str, marks: list[Any], now: Moment
    ) -> Iterator[bool]:
        for ends_utc_s, mac in marks:
            is_theirs = hmac.compare_digest(mac, self._mac(whose, browser, ends_utc_s))
            yield is_theirs and now.utc_us < ends_utc_s * 1_000_000

    def _mac(self, whose: tuple[UUID, str], browser: str, ends_utc_s: int) -> str:
        person_id, password_hash = whose
        said = "\0".join(("known", str(person_id), password_hash, browser, str(ends_utc_s)))
        return hmac.digest(self._key, said.encode(), "sha256")[:16].hex()
