"""The pages of people and grants: who sees them, what a form accepts, and what ends at once."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access import people
from hub.access.grants import rows as grants_rows
from hub.access.rules.grants import ALL, Grant, Right
from hub.access.tables import grants, sessions
from hub.alerting.notifications import leasing
from hub.base.audit.log import By
from hub.base.audit.tables import audit
from hub.base.db.columns import columns
from hub.notify.phones.service import PhoneService
from hub.notify.tables import notifications
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise("Rights: A grant has person, place, rights, dates, purpose and giver."),
    pytest.mark.promise("Rights: A person passes on only rights of their own."),
]

SHELL = By(came_from="shell")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


def person(town: Town, login: str, *, role: str = "officer", **grant: Any) -> UUID:
    """Somebody new, with one grant if it is given."""
    person_id = town.add_person(login, f"Ông {login}", role)
    if grant:
        now = town.clock.now()
        terms = replace(Grant(town.area_id, None, ALL, now.utc_us - 1), **grant)
        with town.db.writing() as conn:
            grants_rows.add_grant(conn, person_id=person_id, grant=terms, reason="duty", now=now)
    return person_id


def visit(town: Town, login: str) -> Visitor:
    return Visitor(town.app()).sign_in(login, PASSWORD)


def rows(town: Town, person_id: UUID) -> list[Any]:
    with town.db.reading() as conn:
        return list(conn.execute(select(grants).where(grants.c.person_id == person_id)))


def form(town: Town, person_id: UUID, **changed: str) -> dict[str, str]:
    return {
        "person": str(person_id),
        "place": f"area:{town.area_id}",
        "until": "2199-12-31",
        "reason": "vụ 17",
    } | changed


def test_who_looks_after_a_place_sees_who_may_see_it_and_nobody_else_does(town: Town) -> None:
    words = text_of(visit(town, "kim").get("/grants"))
    for said in ("Ngã tư Chợ Cũ", "Nguyễn Văn An", "xem đoạn ghi hình", "đến khi thu hồi", "duty"):
        assert said in words
    assert "Tân Khai commune" not in words  # above kim's own
    assert visit(town, "an").get("/grants").status_code == 404
    assert visit(town, "guest").get("/grants/new").status_code == 404


def test_a_manager_gives_within_their_own_rights_with_an_end_and_the_grant_counts_at_once(
    town: Town,
) -> None:
    kim, tam = visit(town, "kim"), person(town, "tam")
    seen = town.somebody()
    officer = visit(town, "tam")
    assert officer.get(f"/alerts/{seen.alert_id}").status_code == 404
    answer = kim.post("/grants", **form(town, tam), right="see")
    assert answer.headers["location"] == "/grants?saved=1"
    assert officer.get(f"/alerts/{seen.alert_id}").status_code == 200
    (row,) = rows(town, tam)
    assert row.from_grant_id == town.grants["kim"]
    assert row.reason == "vụ 17"
    assert "Ông tam" in text_of(kim.get("/grants"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"right": "clips"}, "quyền mà chính bạn không có"),
        ({"until": ""}, "Cần có ngày hết hạn"),
        ({"until": "2020-01-01"}, "trước ngày bắt đầu"),
        ({"until": "31/12/2199"}, "Ngày được viết là"),
        ({"until": "9999-12-31"}, "Ngày được viết là"),
        ({"history": "0001-01-01"}, "Ngày được viết là"),
        ({"reason": " "}, "lý do"),
        ({"place": "area:nowhere"}, "khu vực hoặc camera"),
        ({"place": ""}, "khu vực hoặc camera"),
        ({"person": "nobody"}, "người có tài khoản"),
        ({"person": "00000000-0000-0000-0000-000000000000"}, "người có tài khoản"),
        ({"right": "king"}, "quyền mà chính bạn không có"),
    ],
)
def test_what_cannot_be_granted_is_said_and_changes_nothing(
    town: Town, changed: dict[str, str], said: str
) -> None:
    tam = person(town, "tam")
    answer = visit(town, "kim").post("/grants", **({"right": "see"} | form(town, tam) | changed))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert rows(town, tam) == []


def test_a_manager_of_a_junction_grants_nothing_of_the_commune(town: Town) -> None:
    tam = person(town, "tam")
    kim = visit(town, "kim")
    place = f"area:{town.top}"
    assert kim.post("/grants", **form(town, tam, place=place, right="see")).status_code == 404
    assert rows(town, tam) == []


def test_without_a_right_chosen_they_get_what_their_role_usually_has(town: Town) -> None:
    member = person(town, "khu-pho", role="board_member")
    person(town, "chu", role="keeper", area_id=town.top)
    keeper = visit(town, "chu")
    assert keeper.post("/grants", **form(town, member)).status_code == 303
    (row,) = rows(town, member)
    assert Right(row.rights) == Right.ALERTED


def test_what_a_keeper_gives_stands_by_itself_and_what_a_manager_gives_ends_with_theirs(
    town: Town,
) -> None:
    tam, nam = person(town, "tam"), person(town, "nam")
    keeper_id = person(town, "chu", role="keeper", area_id=town.top)
    assert visit(town, "chu").post("/grants", **form(town, tam, until="")).status_code == 303
    assert visit(town, "kim").post("/grants", **form(town, nam, right="see")).status_code == 303
    now = town.clock.now()
    with town.db.writing() as conn:
        for grant_id in (town.grants["kim"], rows(town, keeper_id)[0].id):
            grants_rows.end(conn, grant_id, by=SHELL, now=now)
    seen = town.somebody()
    assert visit(town, "tam").get(f"/alerts/{seen.alert_id}").status_code == 200
    assert visit(town, "nam").get(f"/alerts/{seen.alert_id}").status_code == 404


def test_a_manager_revokes_what_they_gave_a_keeper_what_anybody_gave_and_nobody_their_own(
    town: Town,
) -> None:
    tam = person(town, "tam")
    person(town, "chu", role="keeper", area_id=town.top)
    kim, keeper = visit(town, "kim"), visit(town, "chu")
    kim.post("/grants", **form(town, tam, right="see"))
    (given,) = rows(town, tam)
    assert kim.post(f"/grants/{town.grants['an']}/revoke").status_code == 404
    assert kim.post(f"/grants/{town.grants['kim']}/revoke").status_code == 404
    assert kim.post(f"/grants/{given.id}/revoke").status_code == 303
    assert keeper.post(f"/grants/{town.grants['an']}/revoke").status_code == 303
    assert keeper.post(f"/grants/{town.grants['an']}/revoke").status_code == 404
    with town.db.reading() as conn:
        acts = list(conn.scalars(select(audit.c.act)))
    assert acts.count("grant.end.refused") == 3
    assert acts.count("grant.end") == 2


@pytest.mark.promise("Rights: An ended grant stops queued notifications.")
def test_revoking_drops_what_still_waits_for_their_phone(town: Town) -> None:
    person(town, "chu", role="keeper", area_id=town.top)
    signed_in = town.accounts.sign_in("an", PASSWORD, came_from="")
    assert hasattr(signed_in, "asker")
    town.services.use(PhoneService).add_phone(
        signed_in.asker, channel="webpush", address="https://p.example/an", secrets="{}", label=""
    )
    town.somebody()
    visit(town, "chu").post(f"/grants/{town.grants['an']}/revoke")
    now = town.clock.now()
    with town.db.writing() as conn:
        claimed = leasing.claim(conn, worker="w", now=now, lease_s=60, limit=9)
        states = list(conn.scalars(select(notifications.c.state)))
    assert claimed == []
    assert states == ["dropped"]


def test_only_a_keeper_of_everything_says_what_somebody_is_and_not_of_themselves(
    town: Town,
) -> None:
    chu = person(town, "chu", role="keeper", area_id=town.top)
    ward = person(town, "ap", role="keeper", area_id=town.area_id)
    keeper, other = visit(town, "chu"), visit(town, "ap")
    address = f"/grants/people/{ward}/role"
    assert other.post(f"/grants/people/{chu}/role", role="officer").status_code == 404
    assert keeper.post(f"/grants/people/{chu}/role", role="officer").status_code == 422
    assert keeper.post(address, role="king").status_code == 422
    answer = keeper.post(address, role="oversight")
    assert answer.status_code == 303
    assert "Đã lưu." in text_of(keeper.get(answer.headers["location"]))  # the person's page
    assert other.get("/grants").status_code == 404  # its grant is behind the fence
    assert other.get("/log").status_code == 200


@pytest.mark.promise("Rights: A role limits the rights of its people.")
@pytest.mark.promise("Audit and data protection: A monthly digest shows who looked at what.")
def test_the_log_says_who_looked_at_what_when_and_for_what_and_shows_no_footage(
    town: Town,
) -> None:
    picture = b"picture of somebody"
    seen = town.somebody(picture)
    town.bring(picture)
    officer = visit(town, "an")
    officer.get(f"/alerts/{seen.alert_id}")
    watch = visit_new(town, "giam-sat", "oversight")
    answer = watch.get("/log")
    words = text_of(answer)
    assert "Nguyễn Văn An" in words
    assert "mở cảnh báo" in words
    assert "dòng lệnh của quản trị" in words and "shell" not in words
    assert town.voice.birth().cameras[0].label in words
    assert "/media/" not in answer.text
    assert watch.get(f"/alerts/{seen.alert_id}").status_code == 404
    an = str(signed_id(town, "an"))
    looks = text_of(watch.get(f"/log?person={an}&looks=1"))
    assert "duty" in looks  # for what he may look
    assert "đăng nhập" not in looks
    with town.db.reading() as conn:
        assert "log.open" in set(conn.scalars(select(audit.c.act)))


def visit_new(town: Town, login: str, role: str) -> Visitor:
    person(town, login, role=role)
    return visit(town, login)


def signed_id(town: Town, login: str) -> UUID:
    with town.db.reading() as conn:
        found = people.person_by_login(conn, login)
    assert found is not None
    return found


def test_the_log_goes_on_page_after_page_and_nobody_else_reads_it(town: Town) -> None:
    officer = visit(town, "an")
    for _ in range(110):
        officer.get("/")
    watch = visit_new(town, "giam-sat", "oversight")
    first = watch.get("/log").text
    before = first.rpartition("before=")[2].partition('"')[0]
    second = watch.get(f"/log?before={before}").text
    assert first.count("<tr") >= 100
    assert second.count("<tr") >= 10
    assert watch.get("/log?before=x").status_code == 404
    assert officer.get("/log").status_code == 404
    assert visit(town, "kim").get("/log").status_code == 404


def test_a_grant_asks_for_a_second_proof_and_no_ticked_right_is_lost_by_that(town: Town) -> None:
    tam = person(town, "tam")
    person(town, "chu", role="keeper", area_id=town.top)
    keeper = visit(town, "chu")
    with town.db.writing() as conn:
        past = town.clock.now().plus_s(-3600)
        conn.execute(update(sessions).values(columns("proved", past)))
    sent = form(town, tam) | {"csrf": keeper.csrf}
    ticked = {"right": ["see", "clips"]}
    headers = {"Accept": "text/html", **keeper.origin}
    asked = keeper.send("POST", "/grants", data=sent | ticked, headers=headers)
    assert asked.status_code == 403
    assert asked.text.count('name="right"') == 2
    assert rows(town, tam) == []
    again = sent | ticked | {"proof_password": PASSWORD}
    assert keeper.send("POST", "/grants", data=again, headers=headers).status_code == 303
    assert [Right(row.rights) for row in rows(town, tam)] == [Right.SEE | Right.CLIPS]
