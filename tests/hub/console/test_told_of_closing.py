"""Who has the old cookie or the right password is told that their account is closed or suspended,
and whom to ask; a stranger learns of no account."""

import pytest
from sqlalchemy import select, update

from hub.access.tables import people, sessions
from tests.hub.helpers.console.closing_pages import place, town, visit
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = pytest.mark.promise("Rights: The page of a closed account says so, to nobody else.")

__all__ = ["town"]

CLOSED = "Tài khoản của bạn ở đây đã đóng. Hãy hỏi Hồ Quân."
SUSPENDED = "Tài khoản của bạn ở đây đang bị tạm khóa. Hãy hỏi Hồ Quân."


def sign_in(town: Town, login: str, password: str) -> str:
    data = {"login": login, "password": password, "next": "/"}
    stranger = Visitor(town.app())
    answer = stranger.send("POST", "/login", data=data, headers=stranger.origin)
    return f"{answer.status_code} {text_of(answer)}"


@pytest.mark.parametrize(("act", "told"), [("close", CLOSED), ("suspend", SUSPENDED)])
def test_an_open_page_and_the_right_password_say_so(town: Town, act: str, told: str) -> None:
    an = visit(town, "an")
    keeper = visit(town, "quan")
    assert keeper.post(f"{place(town, 'an')}/{act}", reason="nghỉ việc").status_code == 303
    page = an.get("/")
    assert page.status_code == 303 and page.headers["location"] == "/login"
    assert told in text_of(an.get("/login"))
    assert told in sign_in(town, "an", PASSWORD)
    assert town.acts()[-1] == "session.refused"
    wrong = sign_in(town, "an", "sai mật khẩu")
    assert wrong == sign_in(town, "nobody", "sai mật khẩu").replace("nobody", "an")
    assert told not in wrong
    assert told not in text_of(Visitor(town.app()).get("/login"))
    assert not text_of(keeper.get(place(town, "an"))).count("Chrome"), "no session is left"


def test_afterwards_the_old_password_and_cookie_are_unknown(town: Town) -> None:
    an, keeper = visit(town, "an"), visit(town, "quan")
    keeper.post(f"{place(town, 'an')}/close", reason="nghỉ việc")
    keeper.post(f"{place(town, 'an')}/reopen", reason="")
    assert CLOSED not in text_of(an.get("/login"))
    assert sign_in(town, "an", PASSWORD).startswith("401 ")
    with town.db.reading() as conn:
        assert conn.scalar(select(people.c.password_hash).where(people.c.login == "an")) == ""


def test_no_state_alone_lets_the_old_password_or_cookie_in(town: Town) -> None:
    an, keeper = visit(town, "an"), visit(town, "quan")
    keeper.post(f"{place(town, 'an')}/close", reason="nghỉ việc")
    with town.db.writing() as conn:
        conn.execute(update(people).where(people.c.login == "an").values(state="open"))
    assert an.get("/").status_code == 303
    with town.db.reading() as conn:
        marked = conn.scalars(
            select(sessions.c.token_hash).where(sessions.c.token_hash != "")
        ).all()
        hashed = conn.scalar(select(people.c.password_hash).where(people.c.login == "an"))
    assert sum(one.startswith("shut:") for one in marked) == 1
    assert hashed is not None and hashed.startswith("shut:$argon2")
    assert sign_in(town, "an", PASSWORD).startswith("401 ")
