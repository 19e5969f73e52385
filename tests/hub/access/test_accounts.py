"""Signing in: one answer for every wrong guess, a limit on guessing, sessions that end."""

import hashlib
import time
import unicodedata
from collections.abc import Callable

import pytest

from hub.access.grants import people_rows, rows
from hub.access.passwords import Passwords
from hub.access.rules.grants import Grant, Right
from hub.access.signin.accounts import Accounts, SessionLimits, SignedIn, TooManyTries
from hub.access.signin.own_account import OwnAccountService
from hub.access.tables import people, sessions
from hub.base.db.database import Database
from hub.base.errors import RegistryError
from hub.registry.registry import add_area, area_by_name
from tests.hub.rigs.streets import CHEAP, NIGHT, Streets

WHERE = "10.0.0.9"
LIMITS = SessionLimits(idle_s=3600, absolute_s=86_400, failures=10, window_s=900)


@pytest.fixture
def accounts(streets: Streets) -> Accounts:
    streets.officer("an")
    return Accounts(streets.db, clock=streets.clock, passwords=CHEAP, limits=LIMITS)


def sign_in(accounts: Accounts, login: str = "an") -> SignedIn:
    answer = accounts.sign_in(login, "password of an", came_from=WHERE)
    assert isinstance(answer, SignedIn)
    return answer


def test_the_right_password_opens_a_session(streets: Streets, accounts: Accounts) -> None:
    signed = sign_in(accounts, login=" AN ")
    session = accounts.session_by_token(signed.token, came_from="10.0.0.10")
    assert session is not None
    assert (session.asker.login, session.asker.language, session.csrf) == ("an", "vi", signed.csrf)
    assert session.asker.came_from == "10.0.0.10"
    [row] = streets.rows(sessions)
    assert row.token_hash == hashlib.sha256(signed.token.encode()).hexdigest()
    assert signed.token not in str(row)
    assert streets.acts()[-1] == "session.begin"


class Meanwhile(Passwords):
    """Something else happens while a password is checked."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens = happens

    def is_right(self, password: str, stored: str | None) -> bool:
        self.happens()
        return CHEAP.is_right(password, stored)


def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(
    streets: Streets, accounts: Accounts
) -> None:
    session = accounts.session_by_token(sign_in(accounts).token, came_from=WHERE)
    assert session is not None
    meanwhile = Meanwhile(
        lambda: streets.services.use(OwnAccountService).change_password(
            session, old="password of an", new="another password"
        )
    )
    late = Accounts(streets.db, clock=streets.clock, passwords=meanwhile, limits=LIMITS)
    assert late.sign_in("an", "password of an", came_from="10.6.6.6") is None
    [row] = streets.rows(sessions)
    assert row.id == session.session_id
    assert isinstance(accounts.sign_in("an", "another password", came_from=WHERE), SignedIn)


def test_a_password_is_the_same_whether_a_keyboard_sends_its_accents_apart_or_not() -> None:
    whole, apart = (unicodedata.normalize(form, "cây bàng 1986") for form in ("NFC", "NFD"))
    for stored in map(CHEAP.hash, (whole, apart)):
        assert CHEAP.is_right(whole, stored)
        assert CHEAP.is_right(apart, stored)
        assert not CHEAP.is_right("cay bang 1986", stored)
    older = CHEAP._hasher.hash(apart)  # stored by a hub that took it as it came
    assert CHEAP.is_right(apart, older)


def test_wrong_password_and_unknown_login_are_one_answer(
    streets: Streets, accounts: Accounts
) -> None:
    assert accounts.sign_in("an", "wrong", came_from=WHERE) is None
    assert accounts.sign_in("nobody", "wrong", came_from=WHERE) is None
    assert accounts.sign_in("an", "x" * 100_000, came_from=WHERE) is None
    assert streets.acts()[-3:] == ["session.refused"] * 3
    assert accounts.session_by_token("", came_from=WHERE) is None
    assert accounts.session_by_token("made up \udcff", came_from=WHERE) is None


def test_an_unknown_login_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords()
    stored = passwords.hash("password of an")

    def cpu_s(known: str | None) -> float:
        began = time.thread_time()
        assert not passwords.is_right("wrong password", known)
        return time.thread_time() - began

    # In turn, and the best of several: another program on the same core doubles one of them.
    tries = [(cpu_s(stored), cpu_s(None)) for _ in range(4)]

    def ratio() -> float:
        known, unknown = (min(times) for times in zip(*tries, strict=True))
        return unknown / known

    while not 0.5 < ratio() < 2 and len(tries) < 16:
        tries.append((cpu_s(stored), cpu_s(None)))
    assert 0.5 < ratio() < 2


@pytest.mark.promise("Sign-in: Sign-in attempts and requests have rate limits.")
def test_the_eleventh_guess_in_a_quarter_of_an_hour_waits(
    streets: Streets, accounts: Accounts
) -> None:
    for _ in range(10):
        assert accounts.sign_in("an", "wrong", came_from=WHERE) is None
        streets.clock.pass_s(30)
    blocked = accounts.sign_in("an", "password of an", came_from=WHERE)
    assert blocked == TooManyTries(wait_s=600)
    assert streets.acts()[-1] == "session.blocked"
    streets.clock.pass_s(601)
    sign_in(accounts)


@pytest.mark.promise("Security: Pages, uploads, enrolment and messages have rate limits.")
def test_a_login_that_does_not_exist_is_bounded_alike(accounts: Accounts) -> None:
    answers = [accounts.sign_in("nobody", "wrong", came_from=WHERE) for _ in range(11)]
    assert answers[:10] == [None] * 10
    assert isinstance(answers[10], TooManyTries)


def test_signing_in_forgets_earlier_failures(accounts: Accounts) -> None:
    for _ in range(3):
        for _ in range(9):
            accounts.sign_in("an", "wrong", came_from=WHERE)
        sign_in(accounts)


@pytest.mark.promise("Sign-in: A session ends when idle and after its longest time.")
def test_a_session_ends_when_idle_and_at_the_latest_after_its_span(
    streets: Streets, accounts: Accounts
) -> None:
    idle, busy = sign_in(accounts).token, sign_in(accounts).token
    for _ in range(24):
        assert accounts.session_by_token(busy, came_from=WHERE) is not None
        streets.clock.pass_s(3590)
    assert accounts.session_by_token(idle, came_from=WHERE) is None
    assert accounts.session_by_token(busy, came_from=WHERE) is not None
    streets.clock.pass_s(300)
    assert accounts.session_by_token(busy, came_from=WHERE) is None
    sign_in(accounts)
    assert len(streets.rows(sessions)) == 1


def test_a_session_can_be_ended_twice(accounts: Accounts) -> None:
    signed = sign_in(accounts)
    accounts.sign_out(signed.token, came_from=WHERE)
    accounts.sign_out(signed.token, came_from=WHERE)
    assert accounts.session_by_token(signed.token, came_from=WHERE) is None


def test_a_language_is_kept(streets: Streets, accounts: Accounts) -> None:
    signed = sign_in(accounts)
    streets.services.use(OwnAccountService).set_language(signed.asker, "en")
    session = accounts.session_by_token(signed.token, came_from=WHERE)
    assert session is not None and session.asker.language == "en"
    with pytest.raises(ValueError, match="vi, en"):
        streets.services.use(OwnAccountService).set_language(signed.asker, "xx")


@pytest.mark.promise("Sign-in: There is no default account and no default password.")
def test_there_is_no_account_until_somebody_makes_one(db: Database) -> None:
    with db.reading() as conn:
        assert conn.execute(people.select()).all() == []


def test_people_are_noted_with_care(streets: Streets) -> None:
    an = streets.officer("an")
    good = {"name": "An", "language": "vi", "role": "officer", "password": "long enough"}
    for change, complaint in (
        ({"login": "AN "}, "taken"),
        ({"login": " "}, "needs a login"),
        ({"login": "b", "language": "fr"}, "not one of vi, en"),
        ({"login": "b", "password": "short"}, "at least 10"),
    ):
        with pytest.raises(RegistryError, match=complaint), streets.db.writing() as conn:
            people_rows.add_person(conn, passwords=CHEAP, now=NIGHT, **{**good, **change})
    for grant, reason, complaint in (
        (Grant(None, None, Right.SEE, 0), "duty", "an area or a camera"),
        (Grant(streets.commune, None, Right.SEE, 0), " ", "needs a reason"),
    ):
        with pytest.raises(RegistryError, match=complaint), streets.db.writing() as conn:
            rows.add_grant(conn, person_id=an.person_id, grant=grant, reason=reason, now=NIGHT)


def test_areas_are_found_without_diacritics_and_told_apart(streets: Streets) -> None:
    with streets.db.writing() as conn:
        assert area_by_name(conn, "tan  khai") == streets.commune
        assert area_by_name(conn, "NGÃ TƯ CHỢ") == streets.junction
        with pytest.raises(RegistryError, match="no area is called"):
            area_by_name(conn, "Đồng Nơ")
        twin = add_area(conn, name="Cau moi", level="junction", now=NIGHT)
        other = add_area(conn, name="Đồng Nơ", level="commune", now=NIGHT)
        assert area_by_name(conn, "dong no") == other
        with pytest.raises(RegistryError, match="2 areas"):
            area_by_name(conn, "Cầu Mới")
        assert area_by_name(conn, "Cầu Mới / Tân Khai") == streets.bridge != twin
