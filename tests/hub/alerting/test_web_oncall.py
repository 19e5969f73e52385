"""The forms of rosters and plans: what they accept, and that none can break anything."""

from uuid import UUID, uuid4

import pytest

from hub.access.people import person_by_login
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no query is tried here."""
    return sqlite_url


@pytest.fixture
def keeper(town: Town) -> Visitor:
    return Visitor(town.app()).sign_in("kim", PASSWORD)


def team(keeper: Visitor, town: Town) -> str:
    answer = keeper.post("/duty/teams", area=str(town.area_id), name="Đội 1")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def person(town: Town, login: str) -> str:
    with town.db.reading() as conn:
        found = person_by_login(conn, login)
    assert found is not None
    return str(found)


def test_a_shift_of_every_day_but_sunday_is_entered_and_the_hole_is_said(
    keeper: Visitor, town: Town
) -> None:
    place = team(keeper, town)
    an = person(town, "an")
    form = {"shift": "", "name": "Cả ngày", "starts": "06:00", "ends": "06:00"}
    answer = keeper.post(f"{place}/shift", **form, every=an, day6="-")
    assert answer.headers["location"] == f"{place}?saved=1"
    words = text_of(keeper.get(f"{place}?saved=1"))
    assert "Không có ai từ Chủ nhật 06:00 đến Thứ Hai 06:00" in words
    assert "Nguyễn Văn An" in words


@pytest.mark.promise(
    "Rules and duty: Escalation goes to the next officer, the desk and the leader."
)
def test_a_plan_is_entered_shown_in_sentences_and_ended(keeper: Visitor, town: Town) -> None:
    place = team(keeper, town)
    team_id = place.rpartition("/")[2]
    address = f"/duty/plans/{town.area_id}"
    steps = {"whom": [f"on_duty:{team_id}:1", "", "everybody"], "wait": ["60", "60", "90"]}
    assert keeper.post(address, **steps, repeats="2").status_code == 303
    words = text_of(keeper.get("/duty"))
    assert "Đội 1: người trực ưu tiên 1; có 60 giây để tiếp nhận" in words
    assert "Tất cả người được quyền nhận cảnh báo; có 90 giây để tiếp nhận" in words
    assert "Sau đó báo lại từ đầu 2 lần" in words
    answer = keeper.post(f"{place}/end")
    assert (answer.status_code, "đang có trong một thứ tự gọi" in answer.text) == (422, True)
    assert keeper.post(address, end="1").status_code == 303
    assert keeper.post(f"{place}/end").headers["location"] == "/duty"


ODD = ("", "x", "-1", "\0", "99:99", "on_duty::", "team:x", "9" * 400, "đ" * 300)


@pytest.mark.parametrize("what", ["people", "shift", "drop-shift", "day", "drop-day", "swap"])
@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_form_brings_the_answer_is_a_page_that_says_so(
    keeper: Visitor, town: Town, what: str, odd: str
) -> None:
    place = team(keeper, town)
    names = ("name", "starts", "ends", "shift", "day", "every", "member", "reason", "person")
    answer = keeper.post(f"{place}/{what}", **dict.fromkeys(names, odd), instead_of=odd)
    assert answer.status_code in (303, 404, 422)


@pytest.mark.parametrize("odd", ODD)
def test_no_plan_is_made_of_nonsense(keeper: Visitor, town: Town, odd: str) -> None:
    address = f"/duty/plans/{town.area_id}"
    answers = [
        keeper.post(address, whom=odd, wait="60"),
        keeper.post(address, whom="everybody", wait=odd or "x"),
        keeper.post(address, whom="everybody", wait="60", repeats=odd or "x"),
        keeper.post(address, whom=f"team:{uuid4()}", wait="60"),
    ]
    assert {answer.status_code for answer in answers} <= {404, 422}
    assert "có 60 giây" not in keeper.get("/duty").text


@pytest.mark.parametrize(
    "path", ["/duty", f"/duty/teams/{UUID(int=7)}", f"/duty/plans/{UUID(int=7)}"]
)
def test_an_officer_finds_none_of_these_pages(town: Town, path: str) -> None:
    officer = Visitor(town.app()).sign_in("an", PASSWORD)
    assert officer.get(path).status_code == 404


def test_an_unknown_change_of_a_team_is_not_found(keeper: Visitor, town: Town) -> None:
    place = team(keeper, town)
    assert keeper.post(f"{place}/burn").status_code == 404
    assert keeper.post(f"/duty/teams/{UUID(int=7)}/people", name="X").status_code == 404
