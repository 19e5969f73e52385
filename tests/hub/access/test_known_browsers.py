"""Guessing from outside keeps out nobody who is known: they have counts of their own."""

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from hub.access.account_state import CLOSED
from hub.access.signin.cookies import HOLDS_S, MOST_MARKS, SignedCookies
from hub.access.tables import people
from hub.base.moment import Moment
from tests.hub.helpers.access.web_account import time_passes
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

pytestmark = pytest.mark.promise(
    "Sign-in: Strangers who guess lock out no session and no browser that signed in before."
)

NEW = "một mật khẩu khác"
COOKIE = "matthan-browser"
NOW = Moment(1_795_000_000_000_000, 5)
AN, BINH = UUID(int=1), UUID(int=2)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def app(town: Town) -> FastAPI:
    """Each request comes a second after the one before, so that only passwords are counted."""
    app = town.app()
    seconds = iter(range(10**6))
    app.state.limits.now_s = lambda: float(next(seconds))
    return app


def visitor(app: FastAPI, address: str = "10.0.0.2") -> Visitor:
    """Somebody in a browser at a network address, which can move."""
    who = Visitor(app)
    move(who, app, address)
    return who


def move(who: Visitor, app: FastAPI, address: str) -> None:
    transport = httpx.ASGITransport(app, client=(address, 1234))
    cookies = who._client.cookies
    who._client = httpx.AsyncClient(
        transport=transport, base_url="http://testserver", cookies=cookies
    )


def code(who: Visitor, login: str = "an", password: str = PASSWORD) -> int:
    return who.post("/login", login=login, password=password).status_code


def guess(app: FastAPI, login: str, *, networks: int = 3, times: int = 10) -> list[int]:
    """Wrong passwords of strangers in several networks."""
    return [
        code(visitor(app, f"203.0.{network}.{n}"), login, "wrong")
        for network in range(networks)
        for n in range(times)
    ]


def test_strangers_lock_a_login_for_strangers_alone(town: Town, app: FastAPI) -> None:
    known = visitor(app).sign_in("an", PASSWORD)
    known.post("/logout")
    live = visitor(app).sign_in("an", PASSWORD)
    assert guess(app, "an") == [401] * 30
    assert code(visitor(app, "198.51.100.1")) == 429
    move(known, app, "198.51.100.2")
    assert code(known) == 303
    time_passes(town, 601)
    assert live.post("/proof", proof_password=PASSWORD).status_code == 303
    assert guess(app, "an", networks=1, times=1) == [429], "who is known clears no stranger's count"


@pytest.mark.parametrize("login", ["an", "nobody"])
def test_one_network_gets_ten_tries_at_a_login_and_another_does_not_wait_for_it(
    app: FastAPI, login: str
) -> None:
    assert guess(app, login, networks=1, times=11) == [401] * 10 + [429]
    assert code(visitor(app, "2001:db8:0:1::1"), login, "wrong") == 401
    for n in range(9):
        assert code(visitor(app, f"2001:db8:0:{n}::1"), login, "wrong") == 401
    assert code(visitor(app, "2001:db8:0:ff::1"), login, "wrong") == 429
    assert code(visitor(app, "2001:db8:0:100::1"), login, "wrong") == 401


def test_behind_a_carriers_address_known_officers_get_in_and_strangers_wait(
    app: FastAPI,
) -> None:
    carrier = "203.0.113.7"
    known = visitor(app, carrier).sign_in("an", PASSWORD)
    known.post("/logout")
    codes = [code(visitor(app, carrier), f"x{n}", "wrong") for n in range(61)]
    assert codes == [401] * 60 + [429]
    assert code(visitor(app, carrier), "binh") == 429
    assert code(visitor(app, "198.51.100.1"), "binh") == 303
    assert code(known) == 303


def test_known_browsers_pass_the_limit_of_requests_of_their_network_too(
    app: FastAPI,
) -> None:
    carrier = "203.0.113.7"
    known = visitor(app, carrier).sign_in("an", PASSWORD)
    app.state.limits.now_s = lambda: 1e9
    for n in range(60):
        visitor(app, carrier).get(f"/invited/{n}")
    assert visitor(app, carrier).get("/invited/x").status_code == 429
    known.post("/logout")
    assert code(known) == 303


def test_strangers_are_slowed_in_all(app: FastAPI) -> None:
    known = visitor(app).sign_in("an", PASSWORD)
    known.post("/logout")
    codes = [code(visitor(app, f"203.{n}.0.1"), f"x{n % 20}", "wrong") for n in range(301)]
    assert codes.count(429) == 1 and codes[-1] == 429
    assert code(visitor(app, "198.51.100.1"), "binh") == 429
    assert code(known) == 303


def test_a_known_browser_and_a_session_are_no_way_to_guess(town: Town, app: FastAPI) -> None:
    known = visitor(app).sign_in("an", PASSWORD)
    time_passes(town, 601)
    answers = [known.post("/proof", proof_password="guess").status_code for _ in range(11)]
    assert answers == [403] * 10 + [429]
    known.post("/logout")
    answers = [code(known, "an", "guess") for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert code(visitor(app)) == 303, "who guessed there has not used up the others' attempts"


def test_a_browser_is_known_for_its_own_accounts_alone(app: FastAPI) -> None:
    known = visitor(app).sign_in("an", PASSWORD)
    known.post("/logout")
    guess(app, "binh")
    assert code(known, "binh") == 429
    assert code(known, "an") == 303


def test_a_new_password_ends_what_other_browsers_kept_and_this_one_stays_known(
    app: FastAPI,
) -> None:
    here, there = (visitor(app).sign_in("an", PASSWORD) for _ in range(2))
    assert here.post("/account/password", old=PASSWORD, new=NEW, again=NEW).status_code == 303
    here.post("/logout")
    guess(app, "an")
    assert code(there, password=NEW) == 429
    assert code(here, password=NEW) == 303


def test_a_closed_account_has_no_known_browsers(town: Town, app: FastAPI) -> None:
    known = visitor(app).sign_in("an", PASSWORD)
    known.post("/logout")
    with town.db.writing() as conn:
        conn.execute(update(people).where(people.c.login == "an").values(state=CLOSED))
    guess(app, "an")
    assert code(known) == 429


def test_the_cookie_names_nobody_and_scripts_do_not_see_it(town: Town, app: FastAPI) -> None:
    answer = visitor(app).post("/login", login="an", password=PASSWORD)
    [said] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert "HttpOnly" in said and "SameSite=lax" in said and f"Max-Age={HOLDS_S}" in said
    with town.db.reading() as conn:
        an = conn.execute(people.select().where(people.c.login == "an")).one()
    cookies = town.accounts.cookies
    _, marks = cookies._browsers.loads(said.partition("=")[2].partition(";")[0])
    assert len(marks) == 1
    assert str(an.id) not in str(marks) and an.id.hex not in str(marks)
    refused = visitor(app).post("/login", login="an", password="wrong")
    assert COOKIE not in str(refused.headers)


def test_a_cookie_of_another_key_or_a_changed_one_knows_nobody() -> None:
    cookies = SignedCookies()
    carried = cookies.remember("", AN, "hash", NOW)
    assert cookies.knows(carried, AN, "hash", NOW) == cookies.browser_in(carried) != ""
    for made_up in (
        "",
        "x",
        carried[:-1],
        f"{carried}x",
        SignedCookies().remember("", AN, "h", NOW),
    ):
        assert cookies.knows(made_up, AN, "hash", NOW) is None
        assert cookies.browser_in(made_up) == ""
    assert cookies.knows(carried, BINH, "hash", NOW) is None
    assert cookies.knows(carried, AN, "other", NOW) is None
    assert cookies.knows(carried, None, "", NOW) is None
    assert cookies.knows(carried, AN, "hash", NOW.plus_s(HOLDS_S + 1)) is None
    session = cookies.of_session("token")
    assert session.partition(".")[0] == "token" and cookies.is_session(session)
    assert not any(map(cookies.is_session, ("", "token", "token.x", f"{session}x", "\udcff.x")))


def test_a_desk_keeps_the_place_of_the_last_people_who_signed_in_there() -> None:
    cookies, carried = SignedCookies(), ""
    everybody = [UUID(int=n) for n in range(1, MOST_MARKS + 2)]
    for person_id in [*everybody, everybody[-1]]:
        carried = cookies.remember(carried, person_id, "hash", NOW)
    known = [cookies.knows(carried, one, "hash", NOW) for one in everybody]
    assert known == [None] + [cookies.browser_in(carried)] * MOST_MARKS
    assert len(carried) < 1000
