"""Invitations: a link lets its person in once, and nobody else."""

import re
import threading
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from hub.access import people as access_people
from hub.access.grants import rows
from hub.access.invitations.service import HOLDS_S
from hub.access.rules.grants import ALL, Grant, Right
from hub.access.tables import invitations, people, sessions
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.columns import columns
from hub.base.db.database import Database
from hub.console.accounts import closing
from hub.registry.tables import areas
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise("Sign-in: An invitation works once."),
    pytest.mark.promise("Sign-in: Expired, replayed and foreign tokens are refused."),
]

NEW = "cây bàng 1986"


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    town.add_keeper_of_all()
    return town


@pytest.fixture
def app(town: Town) -> FastAPI:
    return town.app()


@pytest.fixture
def keeper(app: FastAPI) -> Visitor:
    return Visitor(app).sign_in("quan", PASSWORD)


def link(keeper: Visitor, login: str = "dung", **form: str) -> str:
    """The path of a new link."""
    answer = keeper.post("/invitations", login=login, **form)
    assert answer.status_code == 200, answer.text
    found = re.search(r"http://testserver(/invited/[\w-]+)", answer.text)
    assert found is not None
    return found[1]


def come(app: FastAPI, path: str, password: str = NEW) -> tuple[Visitor, int]:
    visitor = Visitor(app)
    return visitor, visitor.post(path, new=password, again=password).status_code


def refused(town: Town) -> list[int]:
    with town.db.reading() as conn:
        return list(conn.scalars(select(invitations.c.refused).order_by(invitations.c.id)))


def test_a_keeper_lets_somebody_in_who_sets_a_password_and_sees_nothing_yet(
    keeper: Visitor, app: FastAPI, town: Town
) -> None:
    town.somebody()
    path = link(keeper, "Dung", name="Võ Thị Dung", role="leader")
    assert "Võ Thị Dung" in text_of(Visitor(app).get(path))
    dung, status_code = come(app, path)
    assert status_code == 303
    assert "Bạn đã vào" in text_of(dung.get("/account?done=welcome"))
    assert 'data-alert="' not in dung.get("/").text
    Visitor(app).sign_in("dung", NEW)
    with town.db.reading() as conn:
        row = conn.execute(select(people).where(people.c.login == "dung")).one()
    assert (row.name, row.role, row.language) == ("Võ Thị Dung", "leader", "vi")
    assert row.password_hash.startswith("$argon2id$")


def test_the_link_is_shown_once_with_a_code_for_the_camera_and_kept_nowhere(
    keeper: Visitor, town: Town
) -> None:
    answer = keeper.post("/invitations", login="dung")
    assert 'role="img" aria-label="Liên kết dưới dạng mã QR"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = link(keeper).rpartition("/")[2]
    assert token not in keeper.get("/invitations").text
    with town.db.reading() as conn:
        assert token not in str(list(conn.execute(select(invitations))))
        assert token not in str(list(conn.execute(select(audit))))


def test_reading_a_link_as_messengers_do_uses_nothing_up(keeper: Visitor, app: FastAPI) -> None:
    path = link(keeper)
    assert [Visitor(app).get(path).status_code for _ in range(3)] == [200] * 3
    assert come(app, path)[1] == 303


def test_a_link_that_was_used_is_refused_and_counted(
    keeper: Visitor, app: FastAPI, town: Town
) -> None:
    path = link(keeper)
    assert come(app, path)[1] == 303
    assert come(app, path, "another one 42")[1] == 410
    assert Visitor(app).get(path).status_code == 410
    assert refused(town) == [2]
    assert town.acts()[-2:] == ["invitation.refused"] * 2
    assert Visitor(app).post("/login", login="dung", password="another one 42").status_code == 401


def test_of_many_who_use_a_link_at_once_one_comes_in(
    keeper: Visitor, town: Town, app: FastAPI
) -> None:
    token = link(keeper).rpartition("/")[2]
    answers: list[object] = []

    def accept(number: int) -> None:
        password = f"password number {number}"
        answers.append(town.accounts.invited.accept(token, password=password, came_from=""))

    threads = [threading.Thread(target=accept, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in answers if one is not None]) == 1
    assert refused(town) == [7]
    with town.db.reading() as conn:
        dung = select(people.c.id).where(people.c.login == "dung").scalar_subquery()
        assert len(list(conn.execute(select(sessions).where(sessions.c.person_id == dung)))) == 1


def test_an_old_link_and_a_withdrawn_one_hold_no_more(
    keeper: Visitor, app: FastAPI, town: Town
) -> None:
    path = link(keeper)
    past = town.clock.now().plus_s(-HOLDS_S)
    with town.db.writing() as conn:
        conn.execute(update(invitations).values(columns("ends", past)))
    assert come(app, path)[1] == 410
    path = link(keeper)
    assert "Võ" not in keeper.get("/invitations").text
    [withdraw] = re.findall(r"/invitations/[0-9a-f-]+/withdraw", keeper.get("/invitations").text)
    assert keeper.post(withdraw).status_code == 303
    assert keeper.post(withdraw).status_code == 404
    assert come(app, path)[1] == 410
    assert refused(town) == [1, 1]


@pytest.mark.parametrize("token", ["made-up", "x" * 201, "x" * 5000, "%00", "..%2f..%2flogin", "é"])
def test_a_link_that_nobody_made_lets_nobody_in(app: FastAPI, town: Town, token: str) -> None:
    answer, status_code = Visitor(app).get(f"/invited/{token}"), come(app, f"/invited/{token}")[1]
    assert {answer.status_code, status_code} <= {404, 410}
    with town.db.reading() as conn:
        assert list(conn.scalars(select(sessions.c.id))) == []


def test_a_second_link_ends_the_first_and_takes_no_password_before_it_is_used(
    keeper: Visitor, app: FastAPI
) -> None:
    an = Visitor(app).sign_in("an", PASSWORD)
    first, second = link(keeper, "an"), link(keeper, "AN")
    assert come(app, first)[1] == 410
    assert an.get("/").status_code == 200
    Visitor(app).sign_in("an", PASSWORD)
    assert come(app, second)[1] == 303
    assert an.get("/").status_code == 303  # signed out everywhere
    assert Visitor(app).post("/login", login="an", password=PASSWORD).status_code == 401


def test_a_password_that_cannot_be_leaves_the_link_as_it_was(keeper: Visitor, app: FastAPI) -> None:
    path = link(keeper)
    answer = Visitor(app).post(path, new="ngắn", again="ngắn")
    assert (answer.status_code, "ít nhất 10 ký tự" in text_of(answer)) == (422, True)
    assert Visitor(app).post(path, new=NEW, again=f"{NEW}?").status_code == 422
    assert come(app, path)[1] == 303


def test_who_was_disabled_meanwhile_stays_out(keeper: Visitor, app: FastAPI, town: Town) -> None:
    path = link(keeper, "an")
    with town.db.writing() as conn:
        an = access_people.person_by_login(conn, "an")
        assert an is not None
        by, now = By(came_from="shell"), town.clock.now()
        closing.close(conn, an, reason="left", by=by, now=now)
    assert come(app, path)[1] == 410


def test_nobody_but_a_keeper_invites(app: FastAPI, town: Town) -> None:
    kim = Visitor(app).sign_in("kim", PASSWORD)  # looks after cameras, and is no keeper
    assert kim.get("/invitations").status_code == 404
    assert kim.post("/invitations", login="quan").status_code == 404
    assert "/invitations" not in kim.get("/more").text
    assert refused(town) == []


@pytest.mark.promise("Sign-in: Export and grants need a second proof.")
def test_a_keeper_whose_proof_is_old_gives_it_again(keeper: Visitor, town: Town) -> None:
    past = town.clock.now().plus_s(-601)
    with town.db.writing() as conn:
        conn.execute(update(sessions).values(columns("proved", past)))
    asked = keeper.post("/invitations", login="dung")
    assert (asked.status_code, 'name="login" value="dung"' in asked.text) == (403, True)
    assert "/invited/" not in asked.text
    assert "/invited/" in link(keeper, "dung", proof_password=PASSWORD)


@pytest.mark.parametrize("form", [{"login": " "}, {"login": "x", "role": "king"}])
def test_a_person_who_cannot_be_is_not_made(keeper: Visitor, form: dict[str, str]) -> None:
    answer = keeper.post("/invitations", **form)
    assert (answer.status_code, "Cần có tên đăng nhập" in text_of(answer)) == (422, True)


def test_a_keeper_of_one_place_takes_over_no_account_that_sees_more(
    app: FastAPI, town: Town
) -> None:
    now = town.clock.now()
    town.add_person("ap", "Keeper of a junction", "keeper", ALL)
    with town.db.writing() as conn:
        binh = access_people.person_by_login(conn, "binh")
        assert binh is not None
        top = conn.scalar(select(areas.c.id).where(areas.c.parent_id.is_(None)))
        wide = Grant(top, None, ALL, now.utc_us - 1)
        wide_id = rows.add_grant(conn, person_id=binh, grant=wide, reason="x", now=now)
    keeper = Visitor(app).sign_in("ap", PASSWORD)
    assert keeper.post("/invitations", login="an").status_code == 200
    assert keeper.post("/invitations", login="moi", role="officer").status_code == 200
    assert keeper.post("/invitations", login="quan").status_code == 404
    assert keeper.post("/invitations", login="binh").status_code == 404
    assert keeper.post("/invitations", login="nhat-ky", role="oversight").status_code == 404
    with town.db.writing() as conn:
        rows.end(conn, wide_id, by=By(), now=town.clock.now())
    assert keeper.post("/invitations", login="binh").status_code == 200


@pytest.mark.parametrize(
    ("rights", "reaches_back", "status_code"),
    [
        ([Right.MANAGE], True, 404),
        ([ALL], False, 404),
        ([Right.MANAGE | Right.SEE, Right.CLIPS | Right.ALERTED], True, 200),
    ],
)
def test_a_keeper_takes_over_no_account_with_more_rights_or_older_footage_there(
    app: FastAPI, town: Town, rights: list[Right], reaches_back: bool, status_code: int
) -> None:
    ap, now_us = town.add_person("ap", "Keeper of a junction", "keeper"), town.clock.now().utc_us
    since = None if reaches_back else now_us
    with town.db.writing() as conn:
        for one in rights:
            grant = Grant(town.area_id, None, one, now_us - 1, history_from_utc_us=since)
            rows.add_grant(conn, person_id=ap, grant=grant, reason="x", now=town.clock.now())
    keeper = Visitor(app).sign_in("ap", PASSWORD)
    assert keeper.post("/invitations", login="an").status_code == status_code
    assert keeper.post("/invitations", login="moi", role="officer").status_code == 200
