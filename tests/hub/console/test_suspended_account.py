"""A keeper suspends an account, signs out a lost phone, renames a person, corrects a typo."""

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import OPEN, SUSPENDED
from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.access.tables import people
from hub.base.db.database import Database
from hub.console.accounts import suspending
from hub.notify.phones.service import PhoneService
from tests.hub.helpers.alerting.on_the_way import asker
from tests.hub.helpers.console.closed_account import state
from tests.hub.helpers.console.closing_pages import person, place, visit
from tests.hub.helpers.nodes.aim import SUBSCRIPTION
from tests.hub.helpers.oversight.log_details import details_of
from tests.hub.rigs.closing import SHELL, Office
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

WAYS = ("session", "password", "passkey", "provider", "invitation", "invitation by passkey")


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office.on(db, tmp_path)


@pytest.fixture
def town(db: Database, tmp_path: Path) -> Town:
    town = Town(db, tmp_path)
    town.add_keeper_of_all("en")
    return town


def sees(office: Office, person_id: UUID) -> bool:
    now = office.streets.clock.now()
    with office.streets.db.reading() as conn:
        query = visible_cameras(person_id, Right.SEE, now).limit(1)
        return conn.execute(query).first() is not None


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_into_a_suspended_account_and_all_but_sessions_after_it(
    office: Office, way: str
) -> None:
    ways = office.ways()
    assert office.people.suspend(office.kim, office.an.person_id, "đình chỉ")
    assert state(office, office.an) == SUSPENDED
    assert not ways[way]()
    assert office.people.resume(office.kim, office.an.person_id, "")
    assert state(office, office.an) == OPEN
    if way != "invitation by passkey":  # the passkey of these tests is known already
        assert ways[way]() is (way != "session")


def test_grants_count_again_after_a_suspension_and_not_during_it(office: Office) -> None:
    an = office.an.person_id
    office.streets.file(office.streets.node.opened())
    assert sees(office, an)
    assert office.people.suspend(office.kim, an, "đình chỉ")
    assert not sees(office, an)
    assert office.people.resume(office.kim, an, "xong")
    assert sees(office, an)


def test_who_cannot_be_suspended_and_when_is_said(office: Office) -> None:
    def fault(who: UUID, reason: str = "vì") -> AccountFault:
        with pytest.raises(AccountError) as caught:
            office.people.suspend(office.kim, who, reason)
        return caught.value.fault

    assert fault(uuid4()) is AccountFault.NOBODY
    assert fault(office.kim.person_id) is AccountFault.SELF
    assert fault(office.an.person_id, " ") is AccountFault.REASON
    with pytest.raises(AccountError) as caught:
        office.people.resume(office.kim, office.an.person_id, "")
    assert caught.value.fault is AccountFault.NOT_SUSPENDED
    office.close(office.an)
    assert fault(office.an.person_id) is AccountFault.NOT_OPEN
    assert not office.people.suspend(office.an, office.kim.person_id, "vì")
    # Somebody must be left who can lift it: kim cannot sign in any more.
    assert office.people.suspend(office.lan, office.kim.person_id, "vì")
    with pytest.raises(AccountError) as caught, office.streets.db.writing() as conn:
        from_shell(office, conn)
    assert caught.value.fault is AccountFault.LAST


def from_shell(office: Office, conn: Connection) -> None:
    now = office.streets.clock.now()
    suspending.suspend(conn, office.lan.person_id, reason="vì", by=SHELL, now=now)


def test_a_suspended_person_can_be_closed_and_is_reopened_as_others_are(office: Office) -> None:
    assert office.people.suspend(office.kim, office.an.person_id, "đình chỉ")
    assert office.people.close_account(office.kim, office.an.person_id, "nghỉ việc")
    assert office.reopen(office.an)


def test_alerts_in_hand_of_a_suspended_person_have_nobody_again(town: Town) -> None:
    seen = town.somebody()
    an, keeper = visit(town, "an"), visit(town, "quan")
    assert an.post(f"/alerts/{seen.alert_id}/take").status_code == 303
    answer = keeper.post(f"{place(town, 'an')}/suspend", reason="đình chỉ")
    assert answer.headers["location"].endswith("?done=suspended")
    assert an.get("/").status_code == 303
    page = text_of(keeper.get(answer.headers["location"]))
    assert "This account is suspended" in page and "Hồ Quân · đình chỉ" in page
    assert 'data-closed="Nguyễn Văn An"' in keeper.get("/grants").text
    history = text_of(visit(town, "binh").get(f"/alerts/{seen.alert_id}"))
    assert "nobody has it" in history or "chưa ai" in history
    assert keeper.post(f"{place(town, 'an')}/resume").status_code == 303
    assert visit(town, "an").get("/").status_code == 200
    assert 'data-person="Nguyễn Văn An"' in keeper.get("/grants").text


@pytest.mark.promise("Rules and duty: A gap in a roster is reported when it is saved.")
def test_the_duty_of_a_suspended_person_is_a_gap_until_they_are_back(town: Town) -> None:
    keeper, an, binh = visit(town, "quan"), str(person(town, "an")), str(person(town, "binh"))
    desk, team = (
        keeper.post("/duty/teams", area=str(town.area_id), name=name).headers["location"]
        for name in ("Trực ban", "Đội 1")
    )
    assert keeper.post(f"{desk}/people", name="Trực ban", member=an).status_code == 303
    hours = {"shift": "", "name": "Cả ngày", "starts": "06:00", "ends": "06:00"}
    week: dict[str, str | list[str]] = {"every": [an, binh], "day6": an}
    assert keeper.post(f"{team}/shift", **hours, **week).status_code == 303
    first = f"on_duty:{team.rpartition('/')[2]}:1"
    steps: dict[str, str | list[str]] = {"whom": [first, f"{first[:-1]}2"], "wait": ["60", "60"]}
    assert keeper.post(f"/duty/plans/{town.area_id}", **steps).status_code == 303
    before = text_of(keeper.get("/duty"))
    gaps = (
        "Nobody is on duty now",
        "Nobody from Sunday 06:00 to Monday 06:00",
        "Đội 1 has no number 1 on duty: that step is passed over.",
    )
    assert not any(gap in before for gap in gaps)
    assert keeper.post(f"{place(town, 'an')}/suspend", reason="đình chỉ").status_code == 303
    during = text_of(keeper.get("/duty"))
    assert all(gap in during for gap in gaps)
    assert "number 2" in during and "no number 2" not in during, "Bình keeps his place"
    assert "Nguyễn Văn An (suspended)" in text_of(keeper.get(team))
    assert keeper.post(f"{desk}/people", name="Trực ban", member=binh).status_code == 303
    assert keeper.post(f"{place(town, 'an')}/resume").status_code == 303
    after = text_of(keeper.get("/duty"))
    assert not any(gap in after for gap in gaps)
    assert "Always on duty: Nguyễn Văn An, Trần Thị Bình" in after, "An is still a member"


def test_a_lost_phone_is_signed_out_and_gets_nothing_more(town: Town) -> None:
    keeper, lost, kept = visit(town, "quan"), visit(town, "an"), visit(town, "an")
    lost.call("/api/phones", SUBSCRIPTION)
    page = keeper.get(place(town, "an")).text
    sessions = re.findall(r'name="session" value="([0-9a-f-]+)"', page)
    [phone] = re.findall(r"/phones/([0-9a-f-]+)/remove", page)
    assert len(sessions) == 2 and "Android" in page
    for session in sessions[-1:]:  # the one that was used first
        answer = keeper.post(f"{place(town, 'an')}/sessions/end", session=session)
        assert answer.status_code == 303
    assert sorted(one.get("/settings").status_code for one in (lost, kept)) == [200, 303]
    assert keeper.post(f"{place(town, 'an')}/phones/{phone}/remove").status_code == 303
    phones = town.services.use(PhoneService).phones(asker(town, "an"))
    assert [one.gone_reason for one in phones] == ["removed by a keeper, as a lost phone is"]
    assert keeper.post(f"{place(town, 'an')}/sessions/end").status_code == 303
    assert kept.get("/settings").status_code == 303
    assert keeper.post(f"{place(town, 'an')}/sessions/end").status_code == 404, "none is left"
    assert keeper.post(f"{place(town, 'an')}/sessions/end", session="x").status_code == 404
    assert keeper.post(f"{place(town, 'binh')}/phones/{phone}/remove").status_code == 404


def test_a_person_is_renamed_and_not_without_a_name(town: Town) -> None:
    keeper = visit(town, "quan")
    answer = keeper.post(f"{place(town, 'an')}/name", name="  Nguyễn   An ")
    assert answer.status_code == 303
    assert "Nguyễn An" in text_of(keeper.get("/grants"))
    assert keeper.post(f"{place(town, 'an')}/name", name="  ").status_code == 422
    with town.db.reading() as conn:
        lines = details_of(conn, "person.rename")
    assert lines == ["Nguyễn Văn An to Nguyễn An"]


def test_nobody_but_a_keeper_of_the_whole_town_does_any_of_it(town: Town) -> None:
    for login in ("an", "kim", "guest"):
        who = visit(town, login)
        for act in ("suspend", "resume", "name", "sessions/end", f"phones/{uuid4()}/remove"):
            answer = who.post(f"{place(town, 'binh')}/{act}", reason="x", name="x")
            assert answer.status_code == 404
    with town.db.reading() as conn:
        row = conn.execute(select(people).where(people.c.id == person(town, "binh"))).one()
    assert (row.state, row.name) == (OPEN, "Trần Thị Bình")


def invite(keeper: Visitor, login: str, name: str) -> tuple[str, str]:
    """The invitation's id and the secret part of its link."""
    page = keeper.post("/invitations", login=login, name=name, role="officer").text
    [token] = re.findall(r"/invited/([\w-]+)", page)[:1]
    [invitation] = re.findall(r"/invitations/([0-9a-f-]+)/withdraw", page)[:1]
    return invitation, token


def test_a_typo_in_an_invitation_is_corrected_and_its_link_stays_valid(town: Town) -> None:
    keeper = visit(town, "quan")
    invitation, token = invite(keeper, "thahn", "Lê Thahn")
    place_of_it = f"/invitations/{invitation}/correct"
    for login in ("an", "AN", "", "  "):
        assert keeper.post(place_of_it, login=login, name="x").status_code == 422
    assert keeper.post(place_of_it, login="thanh", name="Lê Thanh").status_code == 303
    assert "Lê Thanh (thanh)" in text_of(keeper.get("/invitations"))
    stranger = Visitor(town.app())
    assert "thanh" in stranger.get(f"/invited/{token}").text
    new = {"new": "mật khẩu mới", "again": "mật khẩu mới"}
    assert stranger.post(f"/invited/{token}", **new).status_code == 303
    assert Visitor(town.app()).sign_in("thanh", "mật khẩu mới").get("/").status_code == 200
    assert keeper.post(place_of_it, login="khac", name="x").status_code == 404, "it is used"


def test_an_invitation_says_whether_the_account_is_suspended_or_closed(town: Town) -> None:
    keeper = visit(town, "quan")
    assert keeper.post(f"{place(town, 'an')}/suspend", reason="đình chỉ").status_code == 303
    again = {"login": "an", "name": "", "role": "officer"}
    answer = keeper.post("/invitations", **again)
    assert answer.status_code == 422 and "This account is suspended." in text_of(answer)
    assert keeper.post(f"{place(town, 'an')}/close", reason="nghỉ việc").status_code == 303
    answer = keeper.post("/invitations", **again)
    assert answer.status_code == 422 and "This account is closed." in text_of(answer)


def test_who_has_come_in_before_keeps_their_login_when_invited_again(town: Town) -> None:
    keeper = visit(town, "quan")
    invitation, _ = invite(keeper, "binh", "")
    assert "Correct a typo" not in text_of(keeper.get("/invitations"))
    answer = keeper.post(f"/invitations/{invitation}/correct", login="bin", name="x")
    assert answer.status_code == 404
    officer = visit(town, "an").post(f"/invitations/{invitation}/correct", login="bin", name="x")
    assert officer.status_code == 404
    assert Visitor(town.app()).sign_in("binh", PASSWORD).get("/").status_code == 200
