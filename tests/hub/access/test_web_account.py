"""The page of one's own account: new password, sessions, re-authentication."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.responses import PlainTextResponse

from hub.access.passwords import Passwords
from hub.access.signin.reauth_pages import Proved, ProvedForm
from hub.access.tables import people, sessions
from tests.hub.helpers.access.web_account import time_passes
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

NEW = "cây bàng 1986"
ANDROID = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def app(town: Town) -> FastAPI:
    """The site, with two routes that want a second proof."""
    app = town.app()

    @app.post("/grave")
    def do_grave(visit: ProvedForm) -> PlainTextResponse:
        return PlainTextResponse("done")

    @app.get("/grave")
    def show_grave(visit: Proved) -> PlainTextResponse:
        return PlainTextResponse("shown")

    return app


@pytest.fixture
def an(app: FastAPI) -> Visitor:
    return Visitor(app).sign_in("an", PASSWORD)


@pytest.mark.promise("Sign-in: Passwords are stored as argon2id.")
def test_passwords_are_kept_as_argon2id_at_its_authors_price(town: Town) -> None:
    with town.db.reading() as conn:
        stored = set(conn.scalars(select(people.c.password_hash)))
    assert stored
    assert all(one.startswith("$argon2id$v=19$") for one in stored)
    assert Passwords().hash("một mật khẩu").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_who_has_no_password_cannot_be_guessed_at() -> None:
    passwords = Passwords()
    assert not passwords.is_right("nobody has this password", "")
    assert not passwords.is_right("", "")


def test_within_ten_minutes_of_signing_in_nothing_more_is_asked(an: Visitor) -> None:
    assert an.post("/grave", what="grant").text == "done"
    assert an.get("/grave").text == "shown"
    assert an.get("/proof?next=/settings").headers["location"] == "/settings"


@pytest.mark.promise("Sign-in: Export and grants need a second proof.")
def test_later_the_form_comes_back_whole_and_is_done_with_the_password(
    an: Visitor, town: Town
) -> None:
    time_passes(town, 601)
    asked = an.post("/grave", what="<grant>", proof_password="")
    assert asked.status_code == 403
    assert 'action="/grave"' in asked.text
    assert '<input type="hidden" name="what" value="&lt;grant&gt;">' in asked.text
    wrong = an.post("/grave", what="<grant>", proof_password="not it at all")
    assert (wrong.status_code, "Sai mật khẩu" in text_of(wrong)) == (403, True)
    assert "not it at all" not in wrong.text
    assert an.post("/grave", what="<grant>", proof_password=PASSWORD).text == "done"
    assert an.post("/grave", what="again").text == "done"
    assert town.acts()[-2:] == ["proof.refused", "proof.password"]


def test_a_page_leads_to_the_proof_and_back(an: Visitor, town: Town) -> None:
    time_passes(town, 601)
    asked = an.get("/grave?of=an")
    assert (asked.status_code, 'value="/grave?of=an"' in asked.text) == (403, True)
    answer = an.post("/proof", next="/grave?of=an", proof_password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/grave?of=an")
    assert an.get("/grave?of=an").text == "shown"
    outside = an.post("/proof", next="https://elsewhere.example", proof_password=PASSWORD)
    assert outside.headers["location"] == "/"


def test_a_script_hears_what_is_wanted(an: Visitor, town: Town) -> None:
    time_passes(town, 601)
    answer = an.send("GET", "/grave")
    assert (answer.status_code, answer.json()) == (403, {"reason": "proof_wanted"})


def test_an_open_session_opens_no_way_to_guess_the_password(
    an: Visitor, town: Town, app: FastAPI
) -> None:
    time_passes(town, 601)
    for _ in range(10):
        assert an.post("/grave", proof_password="guess").status_code == 403
    assert an.post("/grave", proof_password=PASSWORD).status_code == 429
    assert town.acts()[-1] == "proof.blocked"
    Visitor(app).sign_in("an", PASSWORD)


def test_another_password_ends_all_other_sessions(an: Visitor, app: FastAPI) -> None:
    other = Visitor(app).sign_in("an", PASSWORD)
    answer = an.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
    assert answer.headers["location"] == "/account?done=password"
    assert "Mật khẩu mới" in text_of(an.get("/account?done=password"))
    assert other.get("/").status_code == 303
    assert Visitor(app).post("/login", login="an", password=PASSWORD).status_code == 401
    Visitor(app).sign_in("an", NEW)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "Mật khẩu hiện tại không đúng"),
        ({"old": PASSWORD, "new": NEW, "again": f"{NEW}!"}, "không giống nhau"),
        ({"old": PASSWORD, "new": "ngắn", "again": "ngắn"}, "ít nhất 10 ký tự"),
    ],
)
def test_a_password_that_is_not_changed_is_said_with_the_reason(
    an: Visitor, app: FastAPI, form: dict[str, str], said: str
) -> None:
    answer = an.post("/account/password", **form)
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    Visitor(app).sign_in("an", PASSWORD)


@pytest.mark.promise("Sign-in: A session ends when idle and after its longest time.")
def test_one_sees_where_one_is_signed_in_and_ends_it(an: Visitor, app: FastAPI) -> None:
    phone = Visitor(app)
    phone._client.headers["user-agent"] = ANDROID
    phone.sign_in("an", PASSWORD)
    words = text_of(an.get("/account"))
    assert "Android · Chrome" in words
    assert "thiết bị này" in words
    session = phone.get("/account").text
    assert session.count("/account/sessions/") == 2  # one other, and all others
    [ended] = [
        line.split('"')[3] for line in an.get("/account").text.splitlines() if "/end" in line
    ][:1]
    assert an.post(ended).status_code == 303
    assert phone.get("/").status_code == 303
    assert an.get("/").status_code == 200


def test_signing_out_everywhere_else_leaves_this_one(an: Visitor, app: FastAPI) -> None:
    others = [Visitor(app).sign_in("an", PASSWORD) for _ in range(2)]
    binh = Visitor(app).sign_in("binh", PASSWORD)
    assert an.post("/account/sessions/others/end").status_code == 303
    assert [one.get("/").status_code for one in others] == [303, 303]
    assert (an.get("/").status_code, binh.get("/").status_code) == (200, 200)


def test_nobody_ends_another_persons_session(an: Visitor, app: FastAPI, town: Town) -> None:
    binh = Visitor(app).sign_in("binh", PASSWORD)
    with town.db.reading() as conn:
        ids = list(conn.scalars(select(sessions.c.id)))
    answers = {an.post(f"/account/sessions/{one}/end").status_code for one in ids[1:]}
    assert answers == {404}
    assert an.post(f"/account/sessions/{uuid4()}/end").status_code == 404
    assert binh.get("/").status_code == 200


@pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused.")
def test_a_cookie_that_was_copied_opens_nothing_after_signing_out(
    an: Visitor, app: FastAPI
) -> None:
    copied = dict(an._client.cookies)
    thief = Visitor(app)
    thief._client.cookies.update(copied)
    assert thief.get("/").status_code == 200
    csrf = an.csrf
    assert an.post("/logout").status_code == 303
    assert thief.get("/").status_code == 303
    thief.csrf = csrf
    assert thief.post("/settings/language", language="en").headers["location"] == "/login"
